//! `gateway run`.

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

use super::places::ConfigArg;
use crate::daemon;

/// Options of `gateway run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// Log every packet of filtered devices from inside the kernel half. For debugging: it costs CPU for each packet
    #[arg(long)]
    kernel_log: bool,
}

/// Filters until SIGTERM or SIGINT.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let mut filter =
        EnvFilter::builder().with_default_directive(tracing::Level::INFO.into()).from_env_lossy();
    if args.kernel_log {
        // The kernel half logs each packet at this level, under the name of its crate.
        filter = filter.add_directive("gateway_ebpf=debug".parse()?);
    }
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).init();
    let config = daemon::read(&args.config.config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(daemon::run(config, args.kernel_log))
}
