//! `gateway replay`.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};

use super::places::ConfigArg;
use crate::replay::Replay;
use crate::replay::capture::{Capture, Packet};
use crate::replay::record::Record;
use crate::replay::summary::Tally;

/// Captures from this size in bytes on get a progress bar: smaller ones are done before it could be read.
const LONG: u64 = 10_000_000;

/// Options of `gateway replay`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// A pcap or pcapng file: Ethernet, raw IP, Linux cooked or BSD loopback. Without a sender's address in it, the
    /// policies of [defaults] hold
    capture: PathBuf,
    /// One JSON object a line; the summary goes to standard error
    #[arg(long)]
    json: bool,
}

/// Tells every name learned and every frame that would not simply have passed, then a summary. Exit code 1 if the
/// configuration has mistakes or the capture cannot be read to its end.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Some(config) = args.config.load_for_any_machine()? else { return Ok(ExitCode::FAILURE) };
    let shown = || args.capture.display().to_string();
    let (source, progress) = open(&args.capture).with_context(shown)?;
    let mut capture = Capture::new(source).with_context(shown)?;
    let mut replay = Replay::new(&config)?;
    for lost in replay.lost() {
        eprintln!("gateway: this kernel does not run all of the filter: {lost}");
    }
    let mut out = Output::new(args.json, progress);
    let mut tally = Tally::default();
    let end = replay_all(&mut capture, &mut replay, &mut out, &mut tally)?;
    out.finish(&tally.summary(&replay.snapshot()?).to_string())?;
    end.with_context(shown)?;
    Ok(ExitCode::SUCCESS)
}

/// Replays frame by frame. The inner result says whether the capture could be read to its end: what comes before that
/// counts in any case.
fn replay_all(
    capture: &mut Capture,
    replay: &mut Replay,
    out: &mut Output,
    tally: &mut Tally,
) -> anyhow::Result<Result<(), crate::replay::capture::Error>> {
    let mut packet = Packet::default();
    let mut records = Vec::new();
    loop {
        match capture.next(&mut packet) {
            Ok(true) => {}
            Ok(false) => return Ok(Ok(())),
            Err(error) => return Ok(Err(error)),
        }
        let skip = replay.run(&packet, &mut records)?;
        tally.add(packet.number, skip, &records);
        out.write(&records)?;
        records.clear();
    }
}

/// Opens the capture, with a progress bar if it is long and someone looks.
fn open(path: &Path) -> io::Result<(Box<dyn Read>, Option<ProgressBar>)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if metadata.len() < LONG || !io::stderr().is_terminal() {
        return Ok((Box::new(file), None));
    }
    let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes}, {eta} to go");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let progress = ProgressBar::new(metadata.len()).with_style(style);
    Ok((Box::new(progress.wrap_read(file)), Some(progress)))
}

/// Where the records go.
struct Output {
    stdout: BufWriter<io::Stdout>,
    json: bool,
    /// Whether lines appear as they come, and where.
    live: bool,
    progress: Option<ProgressBar>,
}

impl Output {
    fn new(json: bool, progress: Option<ProgressBar>) -> Self {
        let stdout = io::stdout();
        let live = stdout.is_terminal();
        Self { stdout: BufWriter::with_capacity(1 << 16, stdout), json, live, progress }
    }

    fn write(&mut self, records: &[Record]) -> io::Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        for record in records {
            if self.json {
                serde_json::to_writer(&mut self.stdout, record)?;
                self.stdout.write_all(b"\n")?;
            } else {
                writeln!(self.stdout, "{}", record.line())?;
            }
        }
        match &self.progress {
            // Lines and the bar share a screen.
            Some(progress) if self.live => progress.suspend(|| self.stdout.flush()),
            _ if self.live => self.stdout.flush(),
            _ => Ok(()),
        }
    }

    fn finish(mut self, summary: &str) -> io::Result<()> {
        if let Some(progress) = self.progress {
            progress.finish_and_clear();
        }
        if self.json {
            self.stdout.flush()?;
            return io::stderr().lock().write_all(summary.as_bytes());
        }
        write!(self.stdout, "\n{summary}")?;
        self.stdout.flush()
    }
}
