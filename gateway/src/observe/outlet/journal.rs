//! Events into the journal of systemd, by its native protocol (<https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>): one datagram
//! for each, with a field on a line of its own.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::Writer;
use crate::observe::event::Record;

/// Where the journal listens.
pub const SOCKET: &str = "/run/systemd/journal/socket";

/// By what the events are told from what the daemon itself logs: `journalctl -t gateway-events`.
const IDENTIFIER: &str = "gateway-events";

/// Priorities of syslog: something worth noting was done, and mere information.
const NOTICE: &str = "5";
const INFORMATIONAL: &str = "6";

/// How long the journal may take for one event.
const PATIENCE: Duration = Duration::from_secs(1);

/// Writes to the journal.
pub struct Journal {
    path: PathBuf,
    socket: Option<UnixDatagram>,
}

impl Journal {
    /// One that listens at `path`.
    pub const fn new(path: PathBuf) -> Self {
        Self { path, socket: None }
    }

    fn socket(&mut self) -> io::Result<&UnixDatagram> {
        let socket = match self.socket.take() {
            Some(socket) => socket,
            None => UnixDatagram::unbound()?,
        };
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(self.socket.insert(socket))
    }
}

impl Writer for Journal {
    fn open(&mut self) -> io::Result<()> {
        // Says whether somebody listens, and sends nothing.
        UnixDatagram::unbound()?.connect(&self.path)
    }

    fn write(&mut self, record: &Record) -> io::Result<()> {
        let entry = entry(record)?;
        let path = self.path.clone();
        // To the path each time: a journal that was started again has another socket there.
        self.socket()?.send_to(&entry, path).map(drop)
    }
}

/// The datagram about an event: a message for people, and every field of the event's JSON under `GATEWAY_` and its name in
/// capitals.
fn entry(record: &Record) -> io::Result<Vec<u8>> {
    let mut entry = Vec::with_capacity(1024);
    let priority = if record.is_blocked() { NOTICE } else { INFORMATIONAL };
    put(&mut entry, "MESSAGE", &record.story());
    put(&mut entry, "PRIORITY", priority);
    put(&mut entry, "SYSLOG_IDENTIFIER", IDENTIFIER);
    let Value::Object(fields) = serde_json::to_value(record)? else { return Ok(entry) };
    for (name, value) in fields {
        let name = format!("GATEWAY_{}", name.to_uppercase());
        match value {
            // A field that has several values is there several times.
            Value::Array(values) => values.iter().for_each(|value| put(&mut entry, &name, &text(value))),
            value => put(&mut entry, &name, &text(&value)),
        }
    }
    Ok(entry)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Appends a field: `NAME=value`, or where the value has several lines `NAME`, its length as 64 bits in little endian, and
/// the value.
fn put(entry: &mut Vec<u8>, name: &str, value: &str) {
    entry.extend_from_slice(name.as_bytes());
    if value.contains('\n') {
        entry.push(b'\n');
        entry.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        entry.push(b'=');
    }
    entry.extend_from_slice(value.as_bytes());
    entry.push(b'\n');
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
