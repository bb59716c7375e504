//! `xtask lab-server`: the hosts of the lab: web over TLS and in the clear, and DNS. Hidden; the lab starts it in the
//! server's namespace.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::lab::{LISTENING, dns_server, http_server, tls_server};

/// Arguments of `xtask lab-server`.
#[derive(clap::Args)]
pub struct Args {
    /// Where to write the certificate of the authority that signed the server's, the server's, and its key
    #[arg(long)]
    folder: PathBuf,
    /// The names that the server's certificate is for
    names: Vec<String>,
}

/// Runs the command; it ends when standard input is closed, so that no server outlives its lab.
pub fn run(args: &Args) -> Result<()> {
    tls_server::serve(&args.folder, &args.names)?;
    http_server::serve()?;
    dns_server::serve()?;
    println!("{LISTENING}");
    io::stdout().flush()?;
    io::copy(&mut io::stdin(), &mut io::sink()).context("cannot watch standard input")?;
    Ok(())
}
