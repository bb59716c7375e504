//! `xtask lab-client`: a TLS client that sends the server name exactly as it is given; curl makes it lower-case. Hidden.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::lab::{curl, tls_client};

/// Arguments of `xtask lab-client`.
#[derive(clap::Args)]
pub struct Args {
    /// The certificate of the authority that signed the server's
    #[arg(long)]
    ca: PathBuf,
    /// The server name to send
    #[arg(long)]
    name: String,
    /// The server's address and port
    #[arg(long)]
    to: SocketAddr,
    /// How many seconds to wait for an answer
    #[arg(long)]
    seconds: u64,
}

/// Runs the command; exit codes and output are those of curl where the lab looks at them.
pub fn run(args: &Args) -> ExitCode {
    match tls_client::get(&args.ca, &args.name, args.to, Duration::from_secs(args.seconds)) {
        Ok(body) => {
            print!("{body}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            let code = if tls_client::is_timeout(&error) { curl::TIMED_OUT } else { 1 };
            ExitCode::from(code)
        }
    }
}
