//! `gateway events`.

use std::io::Write as _;

use hyper::Method;

use super::client::request;
use super::places::{ConfigArg, Places};
use crate::observe::event::Record;
use crate::serve::api::EVENTS;

/// Options of `gateway events`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// Go on with new events as they come
    #[arg(long, short)]
    follow: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// Prints the events that the daemon keeps, and new ones if asked.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let places = Places::read(&args.config.config)?;
    let path = format!("{EVENTS}?follow={}", args.follow);
    let mut pending = Vec::new();
    request(&places.socket, Method::GET, &path, |piece| {
        pending.extend_from_slice(piece);
        let Some(end) = pending.iter().rposition(|byte| *byte == b'\n') else { return Ok(()) };
        let whole: Vec<u8> = pending.drain(..=end).collect();
        print(&whole, args.json)
    })
}

fn print(lines: &[u8], json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        out.write_all(lines)?;
    } else {
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let record: Record = serde_json::from_slice(line)?;
            writeln!(out, "{}", record.line())?;
        }
    }
    Ok(out.flush()?)
}
