//! What tests of this room share.

use super::wire::Device;

/// A listed device with these totals: packets and bytes up, packets and bytes down, flows, blocked packets.
pub fn device(name: &str, totals: [u64; 6]) -> Device {
    let [packets, bytes, packets_down, bytes_down, flows, blocked_packets] = totals;
    Device {
        device: Some(name.to_owned()),
        mac: Some(format!("8c:be:be:00:00:{:02x}", name.len())),
        listed: true,
        packets,
        bytes,
        packets_down,
        bytes_down,
        flows,
        blocked_packets,
        blocked_flows: blocked_packets / 2,
        ..Device::default()
    }
}
