//! `gateway lists` and `gateway lists update`.

use std::io::Write as _;

use anyhow::{Context as _, bail};
use hyper::Method;
use serde::de::DeserializeOwned;

use super::client::request;
use super::places::{ConfigArg, Places};
use super::table::{print_json, print_table};
use crate::serve::lists::{LISTS, UPDATE};
use crate::subscriptions::row::{Outcome, Row};

/// Options of `gateway lists`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    config: ConfigArg,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Also show why lines were skipped, and the first ten of each list
    #[arg(long)]
    skipped: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Fetch every list now, and say what came of it
    Update(UpdateArgs),
}

#[derive(Debug, clap::Args)]
struct UpdateArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Take a list even if it has become much shorter
    #[arg(long)]
    force: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// Prints the lists as the daemon knows them, or makes it fetch them.
pub fn run(args: &Args) -> anyhow::Result<()> {
    if let Some(Command::Update(args)) = &args.command {
        return update(args);
    }
    let rows: Vec<Row> = ask(&args.config, Method::GET, LISTS)?;
    if args.json {
        return print_json(&rows);
    }
    let header = ["POLICY", "LIST", "FORMAT", "ENTRIES", "SKIPPED", "AGE", "NEXT"];
    print_table(&header, 3, rows.iter().map(cells).collect())?;
    let mut out = std::io::stdout().lock();
    for Row { policy, list, last_error, .. } in &rows {
        if let Some(error) = last_error {
            writeln!(out, "{policy}: {list}: {error}")?;
        }
    }
    if args.skipped {
        rows.iter().try_for_each(|row| print_skipped(&mut out, row))?;
    }
    Ok(())
}

fn update(args: &UpdateArgs) -> anyhow::Result<()> {
    let path = format!("{UPDATE}?force={}", args.force);
    let outcomes: Vec<Outcome> = ask(&args.config, Method::POST, &path)?;
    if args.json {
        print_json(&outcomes)?;
    } else {
        let mut out = std::io::stdout().lock();
        for outcome in &outcomes {
            writeln!(out, "{}: {}", outcome.list, describe(outcome))?;
        }
    }
    match outcomes.iter().filter(|outcome| outcome.error.is_some()).count() {
        0 => Ok(()),
        failed => bail!("{failed} of {} lists failed; their last good copies stay", outcomes.len()),
    }
}

fn ask<T: DeserializeOwned>(config: &ConfigArg, method: Method, path: &str) -> anyhow::Result<Vec<T>> {
    let places = Places::read(&config.config)?;
    let mut answer = Vec::new();
    request(&places.socket, method, path, |piece| Ok(answer.write_all(piece)?))?;
    let rows = serde_json::Deserializer::from_slice(&answer).into_iter().collect::<Result<_, _>>();
    rows.context("the daemon is of another version; restart it")
}

fn describe(outcome: &Outcome) -> String {
    let entries = outcome.entries.map_or_else(String::new, |entries| format!(", {entries} entries"));
    match &outcome.error {
        Some(error) => format!("failed: {error}"),
        None if outcome.changed => format!("new{entries}"),
        None => format!("unchanged{entries}"),
    }
}

fn cells(row: &Row) -> Vec<String> {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    vec![
        row.policy.clone(),
        row.list.clone(),
        or_dash(row.format.clone()),
        row.entries.to_string(),
        row.skipped_lines.to_string(),
        row.age_seconds.map_or_else(|| "never".to_owned(), span),
        or_dash(row.next_seconds.map(span)),
    ]
}

fn print_skipped(out: &mut impl std::io::Write, row: &Row) -> std::io::Result<()> {
    if row.skipped_lines == 0 {
        return Ok(());
    }
    writeln!(out, "\n{}: {} lines skipped of {}", row.policy, row.skipped_lines, row.list)?;
    for (kind, count) in &row.skipped {
        writeln!(out, "  {count} {kind}")?;
    }
    for skip in &row.examples {
        writeln!(out, "  line {}: {} ({})", skip.line, skip.text, skip.why)?;
    }
    Ok(())
}

/// Seconds in the two largest units.
fn span(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{minutes}m"),
        3600..86_400 => format!("{hours}h {}m", minutes % 60),
        _ => format!("{days}d {}h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_of_time_has_two_units_at_most() {
        let spans = [0, 59, 60, 3599, 3600, 86_399, 86_400, 10 * 86_400 + 3600].map(span);
        assert_eq!(spans, ["0s", "59s", "1m", "59m", "1h 0m", "23h 59m", "1d 0h", "10d 1h"]);
    }

    #[test]
    fn what_came_of_an_update_is_told_in_a_line() {
        let outcome = Outcome { list: "x".into(), changed: true, entries: Some(3), error: None };
        assert_eq!(describe(&outcome), "new, 3 entries");
        assert_eq!(describe(&Outcome { changed: false, ..outcome.clone() }), "unchanged, 3 entries");
        let failed = Outcome { error: Some("it broke".into()), entries: None, ..outcome };
        assert_eq!(describe(&failed), "failed: it broke");
    }
}
