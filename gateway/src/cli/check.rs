//! `gateway check`.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use serde::Serialize;

use super::places::ConfigArg;
use super::table::print_json;
use crate::lists::store::Store;
use crate::policy::{
    Checks, Compiled, Config, DEFAULT_CACHE, Examined, Mistake, Numbers, Severity, warnings_of_config,
    warnings_of_lists, warnings_of_policies,
};

/// Options of `gateway check`.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Do not ask whether the interfaces exist: the configuration is for another machine
    #[arg(long)]
    skip_interfaces: bool,
    /// Exit code 1 for warnings, too
    #[arg(long)]
    deny_warnings: bool,
    /// One JSON object a line for each mistake and warning, on standard output; the summary goes to standard error
    #[arg(long)]
    json: bool,
}

/// A mistake or a warning for programs.
#[derive(Serialize)]
struct Row<'a> {
    level: Severity,
    file: &'a Path,
    line: Option<usize>,
    column: Option<usize>,
    title: &'a str,
    cure: &'a str,
    notes: &'a [String],
}

impl<'a> Row<'a> {
    fn of(mistake: &'a Mistake) -> Self {
        let (line, column) = mistake.at.line_column().unzip();
        Self {
            level: mistake.severity,
            file: mistake.at.file.path(),
            line,
            column,
            title: &mistake.title,
            cure: &mistake.cure,
            notes: &mistake.notes,
        }
    }
}

/// Tells every mistake in the configuration and the policies, and what is doubtful; exit code 1 if there is a mistake.
pub fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let checks = if args.skip_interfaces {
        Checks::without_interfaces()
    } else {
        Checks::of_this_machine().context("the kernel does not list the interfaces; try --skip-interfaces")?
    };
    let examined = Config::examine(&args.config.config, &checks);
    let mut warnings = warnings_of_policies(examined.policies());
    if let Some(config) = &examined.config {
        warnings.extend(warnings_of_config(config));
    }
    let cache = examined.config.as_ref().map_or(Path::new(DEFAULT_CACHE), |config| &config.cache);
    let store = Store::new(cache);
    let of_lists = warnings_of_lists(examined.policies(), &|source| store.open(source));
    let Examined { config, mut mistakes, .. } = examined;
    let (of_lists, unreadable): (Vec<_>, Vec<_>) =
        of_lists.into_iter().partition(|found| found.severity == Severity::Warning);
    warnings.extend(of_lists);
    mistakes.extend(unreadable);
    let config = config.filter(|_| mistakes.is_empty());
    tell(args, &mistakes, &warnings)?;
    let summary = match &config {
        Some(config) => summary(config, warnings.len())?,
        None => format!("{}, {}", count(mistakes.len(), "mistake"), count(warnings.len(), "warning")),
    };
    // A person who reads excerpts has counted them; for programs the exit code says it all.
    if args.json {
        writeln!(std::io::stderr().lock(), "{summary}")?;
    } else if config.is_some() {
        writeln!(std::io::stdout().lock(), "{summary}")?;
    }
    let refused = config.is_none() || args.deny_warnings && !warnings.is_empty();
    Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Mistakes last: nearest to where one looks when the command is done.
fn tell(args: &CheckArgs, mistakes: &[Mistake], warnings: &[Mistake]) -> anyhow::Result<()> {
    let all = warnings.iter().chain(mistakes);
    if args.json {
        return print_json(&all.map(Row::of).collect::<Vec<_>>());
    }
    let shown: Vec<String> = all.map(Mistake::render).collect();
    if !shown.is_empty() {
        writeln!(std::io::stderr().lock(), "{}", shown.join("\n\n"))?;
    }
    Ok(())
}

/// One line on what the files say.
fn summary(config: &Config, warnings: usize) -> anyhow::Result<String> {
    let numbers = Numbers::default().assign(config)?;
    let tables = Compiled::new(config, numbers, 0)?;
    let warnings = if warnings == 0 { String::new() } else { format!("; {}", count(warnings, "warning")) };
    Ok(format!(
        "OK: {} devices, {} policies, {} names, {} prefixes, {} ports{warnings}",
        tables.who.devices.len(),
        config.policies.len(),
        tables.names.names,
        tables.prefixes.nets,
        tables.ports.len(),
    ))
}

/// "1 warning", "2 warnings".
fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
