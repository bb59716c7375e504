//! `gateway resolved`.

use std::io::Write as _;

use hyper::Method;
use jiff::Zoned;

use super::client::request;
use super::places::{ConfigArg, Places};
use super::table::{print_json, print_table};
use crate::daemon::ResolvedRow;
use crate::present::pauses::shown;
use crate::serve::api::RESOLVED;

/// Options of `gateway resolved`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// Prints the addresses of hosts that the running daemon knows.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let places = Places::read(&args.config.config)?;
    let mut body = Vec::new();
    request(&places.socket, Method::GET, RESOLVED, |piece| Ok(body.write_all(piece)?))?;
    let rows: Vec<ResolvedRow> = serde_json::from_slice(&body)?;
    if args.json {
        return print_json(&rows);
    }
    let now = Zoned::now();
    print_table(
        &["POLICY", "HOST", "ADDRESS", "UNTIL", "STATE"],
        5,
        rows.iter().map(|row| cells(row, &now)).collect(),
    )
}

fn cells(row: &ResolvedRow, now: &Zoned) -> Vec<String> {
    let ResolvedRow { policy, host, address, until, state, with } = row;
    let state = with.as_ref().map_or_else(|| state.clone(), |with| format!("{state} with {with}"));
    let state = state.replacen("allowed with", "allowed by", 1);
    vec![policy.clone(), host.clone(), address.to_string(), shown(*until, now), state]
}
