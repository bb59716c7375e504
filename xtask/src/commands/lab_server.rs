//! `xtask lab-server`: the web server of the lab. Hidden; the lab starts it in the server's namespace.

use std::path::PathBuf;

use anyhow::Result;

use crate::lab::tls_server;

/// Arguments of `xtask lab-server`.
#[derive(clap::Args)]
pub struct Args {
    /// Where to write the certificate of the authority that signed the server's
    #[arg(long)]
    ca: PathBuf,
    /// The names that the server's certificate is for
    names: Vec<String>,
}

/// Runs the command; it ends when standard input is closed, so that no server outlives its lab.
pub fn run(args: &Args) -> Result<()> {
    tls_server::serve(&args.ca, &args.names)
}
