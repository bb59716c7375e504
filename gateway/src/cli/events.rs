//! `gateway events`.

use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use clap::builder::PossibleValuesParser;
use hyper::Method;

use super::client::{BrokeOff, NoDaemon, request};
use super::places::{ConfigArg, Places};
use crate::observe::filter::{EventsQuery, kinds, verdicts};
use crate::serve::events::{EVENTS, Line};

/// How long to wait before the daemon is looked for again.
const AGAIN: Duration = Duration::from_secs(1);

/// Options of `gateway events`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// Go on with new events as they come, also when the daemon is started again
    #[arg(long, short)]
    follow: bool,
    /// Only those of this device: its name, its MAC address, or the beginning of addresses (8c:be:be:*)
    #[arg(long)]
    device: Option<String>,
    /// Only those with a name that has this in it
    #[arg(long, value_name = "PART")]
    name: Option<String>,
    /// Only those with this verdict, or with one of several (drop,reject)
    #[arg(long, value_delimiter = ',', value_parser = PossibleValuesParser::new(verdicts()))]
    verdict: Vec<String>,
    /// Only those whose verdict this policy made
    #[arg(long)]
    policy: Option<String>,
    /// Only those that were learned from this, or from one of several (tls_sni,quic_sni)
    #[arg(long, value_delimiter = ',', value_parser = PossibleValuesParser::new(kinds()))]
    kind: Vec<String>,
    /// Of those that the daemon has kept, at most so many: the newest
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

impl Args {
    fn query(&self) -> EventsQuery {
        let words = |words: &[String]| (!words.is_empty()).then(|| words.join(","));
        EventsQuery {
            follow: self.follow,
            device: self.device.clone(),
            name: self.name.clone(),
            verdict: words(&self.verdict),
            policy: self.policy.clone(),
            kind: words(&self.kind),
            limit: self.limit,
        }
    }
}

/// Prints the events that the daemon keeps, and new ones if asked.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let places = Places::read(&args.config.config)?;
    if args.follow {
        return follow(&places.socket, args.query(), args.json);
    }
    ask(&places.socket, &args.query(), args.json)
}

/// Prints events until the output is closed. If the daemon goes away, the next one is waited for.
fn follow(socket: &Path, mut query: EventsQuery, json: bool) -> anyhow::Result<()> {
    let mut was_there = false;
    loop {
        match ask(socket, &query, json) {
            Err(error) if error.is::<NoDaemon>() && was_there => {}
            Err(error) if !error.is::<BrokeOff>() => return Err(error),
            _ => {
                eprintln!("gateway: the daemon has ended; its events go on here when it runs again");
                was_there = true;
                // None of those that the next one has kept was shown.
                query.limit = None;
            }
        }
        thread::sleep(AGAIN);
    }
}

fn ask(socket: &Path, query: &EventsQuery, json: bool) -> anyhow::Result<()> {
    let path = format!("{EVENTS}?{}", serde_urlencoded::to_string(query)?);
    let mut pending = Vec::new();
    request(socket, Method::GET, &path, |piece| {
        pending.extend_from_slice(piece);
        let Some(end) = pending.iter().rposition(|byte| *byte == b'\n') else { return Ok(()) };
        let whole: Vec<u8> = pending.drain(..=end).collect();
        let mut out = std::io::stdout().lock();
        if json {
            out.write_all(&whole)?
        } else {
            print(&mut out, &whole)?
        }
        Ok(out.flush()?)
    })
}

/// Writes whole lines as people read them.
fn print(out: &mut impl Write, lines: &[u8]) -> anyhow::Result<()> {
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match serde_json::from_slice(line).context("the daemon is of another version; restart it")? {
            Line::Event(record) => writeln!(out, "{}", record.line())?,
            Line::Lost { lost } => {
                writeln!(out, "({lost} events are missing here: they came faster than they were read)")?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::event::escape;
    use crate::observe::testing::record;

    #[test]
    fn lines_for_people_hold_nothing_that_steers_a_terminal_and_tell_of_lost_events() {
        let name = escape(b"\x1b[2J\r\n\xff<b>\"\xe2\x80\xae.example");
        let event = crate::observe::event::Record { name: Some(name), ..record() };
        let lines = format!("{}\n{{\"lost\":3}}\n", serde_json::to_string(&event).unwrap());
        let mut out = Vec::new();
        print(&mut out, lines.as_bytes()).unwrap();
        let expected = "22:13:20  anna-phone  reject by xiaomi-telemetry  \
                        \\x1b[2J\\x0d\\x0a\\xff<b>\"\\xe2\\x80\\xae.example  (161.117.94.131 tcp/443, tls_sni)\n\
                        (3 events are missing here: they came faster than they were read)\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
