//! The commands: one file each.
//!
//! Exit codes: 0 done, 1 refused or failed with a message on standard error, 2 wrong usage.

mod amount;
mod check;
mod client;
mod detach;
mod devices;
mod events;
mod explain;
mod flows;
mod init;
mod lists;
mod pause;
mod places;
mod reload;
mod replay;
mod resolved;
mod run;
mod schema;
mod status;
mod table;
mod top;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Blocks telemetry hosts for chosen devices on a Linux router, in XDP.
#[derive(Debug, Parser)]
#[command(version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a first configuration: looks at the machine, and asks what it is to do, or takes options
    Init(init::Args),
    /// Check everything, then filter until told to stop. The filter outlives this command
    Run(run::Args),
    /// Read configuration and policies and tell every mistake in them
    Check(check::CheckArgs),
    /// Say what happens when a device connects to a host, and which entry of which policy decides that
    Explain(explain::Args),
    /// Say whether the filter is on, where, and what it knows
    Status(status::Args),
    /// List the devices with their policies and counters, and those that were seen and are not listed
    Devices(devices::Args),
    /// List the flows, newest first: who talks to whom, and what was decided
    Flows(flows::Args),
    /// Watch what every device does, live
    Top(top::Args),
    /// List the addresses that are blocked because hosts resolve to them, and those that are not and why
    Resolved(resolved::Args),
    /// Show names that were learned and what was blocked
    Events(events::Args),
    /// Show the subscribed lists: age, entries, skipped lines, last error; or fetch them now
    Lists(lists::Args),
    /// Run the frames of a capture through the real program, attached to nothing: what would the policies have done?
    Replay(replay::Args),
    /// Print the JSON Schema of the configuration and of a policy file, for editors
    Schema(schema::Args),
    /// Make the running daemon read configuration and policies again
    Reload(reload::Args),
    /// Let a device pass everything for a while; it is still counted
    Pause(pause::PauseArgs),
    /// End the pause of a device
    Resume(pause::ResumeArgs),
    /// Remove programs, links and maps: nothing is filtered afterwards, and all counters are gone
    Detach(detach::Args),
}

/// Parses the command line, does what it says, and returns the exit code.
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Init(args) => return check_code(init::run(&args)),
        Command::Run(args) => run::run(&args),
        Command::Check(args) => return check_code(check::run(&args)),
        Command::Explain(args) => return check_code(explain::run(&args)),
        Command::Replay(args) => return check_code(replay::run(&args)),
        Command::Status(args) => status::run(&args),
        Command::Devices(args) => devices::run(&args),
        Command::Flows(args) => flows::run(&args),
        Command::Top(args) => top::run(args),
        Command::Resolved(args) => resolved::run(&args),
        Command::Events(args) => events::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Lists(args) => lists::run(&args),
        Command::Reload(args) => reload::run(&args),
        Command::Pause(args) => pause::pause(&args),
        Command::Resume(args) => pause::resume(&args),
        Command::Detach(args) => detach::run(&args),
    };
    check_code(result.map(|()| ExitCode::SUCCESS))
}

fn check_code(result: anyhow::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        if !is_broken_pipe(&error) {
            eprintln!("gateway: {error:#}");
        }
        ExitCode::FAILURE
    })
}

/// Whether the reader of our output (`head`, say) has gone: nothing to complain about.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
