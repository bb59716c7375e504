//! What the lab's phones and hosts say beyond curl: TLS with a post-quantum key share, and HTTP/3 over QUIC.
//!
//! A package of its own, so that whoever builds the gateway alone need not build what is in here.

mod quic;
mod serve;
mod tls;
mod watched;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Error, Result};
use clap::Parser;

/// The exit code when the time is over, as curl has it.
const TIMED_OUT: u8 = 28;

/// A client and a server of the lab.
#[derive(Parser)]
enum Cli {
    /// Serve HTTP/3 until standard input is closed
    Serve(serve::Args),
    /// Ask a server for its page over TLS and HTTP/1.1
    Tls(Visit),
    /// Ask a server for its page over QUIC and HTTP/3
    Quic {
        #[command(flatten)]
        visit: Visit,
        /// After that page, wait for a line on standard input and ask again, the second time in early data
        #[arg(long)]
        again: bool,
    },
}

/// Whom to ask for what.
#[derive(clap::Args)]
struct Visit {
    /// The certificate of the authority that signed the server's
    #[arg(long)]
    ca: PathBuf,
    /// The server name to send, exactly as it is given
    #[arg(long)]
    name: String,
    /// The server's address and port
    #[arg(long)]
    to: SocketAddr,
    /// How many seconds to wait for an answer
    #[arg(long)]
    seconds: u64,
    /// Offer no post-quantum key share: the hello then takes one segment
    #[arg(long)]
    classic: bool,
}

impl Visit {
    fn patience(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(page) => {
            print!("{page}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("lab-peer: {error:#}");
            ExitCode::from(if is_timeout(&error) { TIMED_OUT } else { 1 })
        }
    }
}

fn run(cli: Cli) -> Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match cli {
        Cli::Serve(args) => runtime.block_on(serve::run(&args)).map(|()| String::new()),
        Cli::Tls(visit) => tls::get(&visit),
        Cli::Quic { visit, again } => runtime.block_on(quic::get(&visit, again)),
    }
}

/// Whether nobody answered in time.
fn is_timeout(error: &Error) -> bool {
    use std::io::ErrorKind;
    let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    // What a blocking socket's time limit is called, and what a connection's.
    let socket = matches!(kind, Some(ErrorKind::WouldBlock | ErrorKind::TimedOut));
    socket || error.is::<tokio::time::error::Elapsed>()
}
