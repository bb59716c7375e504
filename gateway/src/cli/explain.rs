//! `gateway explain`.

use std::io::Write as _;
use std::net::IpAddr;
use std::process::ExitCode;

use anyhow::bail;
use gateway_common::abi::PortKey;
use jiff::Zoned;

use super::places::ConfigArg;
use super::table::print_json;
use crate::explain::matches::Asked;
use crate::explain::who::Who;
use crate::explain::{Question, explain};
use crate::lists::store::Store;
use crate::policy::{BadHost, HostName, Refusal, Shown, port};

/// Options of `gateway explain`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// Name of a device, or a MAC address; `other` for one that is not listed
    device: String,
    /// Name of a host, or an IPv4 or IPv6 address
    #[arg(value_name = "HOST-OR-ADDRESS")]
    host: String,
    /// Destination port, such as tcp/853
    #[arg(long, value_name = "PROTOCOL/PORT", value_parser = read_port)]
    port: Option<PortKey>,
    /// One JSON object on a line
    #[arg(long)]
    json: bool,
}

/// Says what would happen to the device's connections to the host, and because of what. Exit code 0 whatever the verdict.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Some(config) = args.config.load_for_any_machine()? else { return Ok(ExitCode::FAILURE) };
    let who = Who::find(&config, &args.device)?;
    let question = Question { host: read_host(&args.host)?, port: args.port, now: Zoned::now() };
    let store = Store::new(&config.cache);
    let explanation = explain(&config, who, question, &|source| store.open(source));
    if args.json {
        print_json(&[explanation.row()])?;
    } else {
        write!(std::io::stdout().lock(), "{explanation}")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn read_host(text: &str) -> anyhow::Result<Asked> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if let Ok(address) = bare.parse::<IpAddr>() {
        // No packet has an IPv4 address written as IPv6.
        return Ok(Asked::Address(address.to_canonical()));
    }
    match text.parse::<HostName>() {
        Ok(name) => Ok(Asked::Name(name)),
        Err(BadHost::Address(text)) => bail!("{} is a net; ask for one address in it", Shown(&text)),
        Err(error) => bail!("{error}; {}", error.cure()),
    }
}

fn read_port(text: &str) -> Result<PortKey, String> {
    port(text).map_err(|error| format!("{error}; {}", error.cure()))
}
