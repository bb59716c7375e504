//! The command line: one binary, `gateway`.

use std::process::ExitCode;

fn main() -> ExitCode {
    gateway::cli::main()
}
