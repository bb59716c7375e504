//! How much a second, from totals of two moments.

use std::time::Duration;

use super::wire::Device;

/// Two polls that are closer together say little about a second.
pub const CLOSEST: Duration = Duration::from_millis(200);

/// What a device did a second between two polls. `None` where that cannot be told: before the second poll, and when a
/// total fell because it began anew.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Bytes from the device.
    pub up: Option<f64>,
    /// Bytes to the device.
    pub down: Option<f64>,
    /// Packets from and to it.
    pub packets: Option<f64>,
    /// Connections.
    pub flows: Option<f64>,
    /// Connections and questions of DNS that were dropped or rejected.
    pub blocked: Option<f64>,
}

impl Rates {
    /// The rates of a device, `elapsed` after it was as in `before`.
    pub fn between(before: &Device, now: &Device, elapsed: Duration) -> Self {
        let rate = |total: fn(&Device) -> u64| rate(total(before), total(now), elapsed);
        let (up, down) = (rate(|device| device.packets), rate(|device| device.packets_down));
        Self {
            up: rate(|device| device.bytes),
            down: rate(|device| device.bytes_down),
            packets: up.zip(down).map(|(up, down)| up + down),
            flows: rate(|device| device.flows),
            blocked: rate(|device| device.blocked_flows),
        }
    }

    /// Both together; what cannot be told of one is told of the other alone.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            up: sum(self.up, other.up),
            down: sum(self.down, other.down),
            packets: sum(self.packets, other.packets),
            flows: sum(self.flows, other.flows),
            blocked: sum(self.blocked, other.blocked),
        }
    }
}

fn rate(before: u64, now: u64, elapsed: Duration) -> Option<f64> {
    let grown = now.checked_sub(before)?;
    let seconds = elapsed.as_secs_f64();
    // A total above 2^53 loses its last digits; a rate is shown with three.
    (seconds > 0.0).then(|| grown as f64 / seconds)
}

fn sum(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
#[path = "rates_tests.rs"]
mod tests;
