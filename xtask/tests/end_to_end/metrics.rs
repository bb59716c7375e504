//! What `/metrics` tells of phones that are not listed, and of what goes to phones.

use anyhow::{Result, ensure};
use xtask::lab::Lab;
use xtask::lab::gateway::Config;
use xtask::lab::metrics::Metrics;
use xtask::lab::network::{ANNA, BOB, Family, ORDINARY, Phone};
use xtask::wait::wait_until;

use super::{ACCOUNT_POLICY, SOON, config, in_lab, reaches, start_with};

/// Frames of a device.
const PACKETS: &str = "gateway_device_packets_total";
/// Bytes of its frames.
const BYTES: &str = "gateway_device_bytes_total";

/// Frames from a phone under its own address.
fn of_unlisted(metrics: &Metrics, phone: &Phone) -> f64 {
    metrics.sum(PACKETS, &[("device", phone.mac), ("mac", phone.mac), ("direction", "up")])
}

/// The configuration that lists anna's phone alone and tracks so many others.
fn tracking(lab: &Lab, track: u32) -> Result<Config> {
    lab.write_policy("account", ACCOUNT_POLICY)?;
    Ok(Config { track, ..config(lab) })
}

/// How many devices have frames counted under an address as their name.
fn tracked(metrics: &Metrics) -> usize {
    let is_tracked = |labels: &std::collections::BTreeMap<String, String>| {
        labels.get("direction").is_some_and(|direction| direction == "up")
            && labels.get("device") == labels.get("mac")
    };
    metrics.iter().filter(|(series, _)| series.name == PACKETS && is_tracked(&series.labels)).count()
}

#[test]
fn a_tracked_phone_goes_on_counting_while_the_daemon_is_gone() {
    in_lab(|lab| {
        let config = tracking(lab, 1)?;
        let gateway = lab.start_gateway(&config)?;
        // The series is there a little before frames are counted in it.
        wait_until("frames of bob's phone were counted under its address", SOON, || {
            reaches(lab, &BOB, &ORDINARY, Family::V4)?;
            Ok(of_unlisted(&lab.metrics()?, &BOB) > 0.0)
        })?;
        let metrics = lab.metrics()?;
        ensure!(tracked(&metrics) == 1, "{} phones are tracked", tracked(&metrics));
        let before = of_unlisted(&metrics, &BOB);
        gateway.kill()?;
        reaches(lab, &BOB, &ORDINARY, Family::V4)?;

        let gateway = lab.start_gateway(&config)?;
        let after = of_unlisted(&lab.metrics()?, &BOB);
        ensure!(after > before, "{before} frames before the kill, {after} since");
        gateway.terminate()?;
        let _gateway = lab.start_gateway(&tracking(lab, 0)?)?;
        let left = tracked(&lab.metrics()?);
        ensure!(left == 0, "{left} devices are tracked without being asked for");
        Ok(())
    });
}

#[test]
fn no_more_phones_are_tracked_than_the_configuration_says() {
    in_lab(|lab| {
        let mut config = tracking(lab, 1)?;
        config.devices.clear();
        let _gateway = lab.start_gateway(&config)?;
        for phone in [&BOB, &ANNA] {
            reaches(lab, phone, &ORDINARY, Family::V4)?;
        }
        wait_until("a phone had a series of its own", SOON, || Ok(tracked(&lab.metrics()?) > 0))?;
        for phone in [&BOB, &ANNA] {
            reaches(lab, phone, &ORDINARY, Family::V4)?;
        }
        let metrics = lab.metrics()?;
        ensure!(tracked(&metrics) == 1, "{} phones are tracked", tracked(&metrics));
        let others = metrics.sum(PACKETS, &[("device", "other"), ("direction", "up")]);
        ensure!(others > 0.0, "the other phone is not counted");
        Ok(())
    });
}

#[test]
fn what_goes_to_a_phone_is_counted_apart_from_what_it_sends() {
    in_lab(|lab| {
        let _gateway = start_with(lab, ACCOUNT_POLICY)?;
        reaches(lab, &ANNA, &ORDINARY, Family::V4)?;
        let metrics = lab.metrics()?;
        for direction in ["up", "down"] {
            let of_anna = [("device", ANNA.name), ("mac", ANNA.mac), ("direction", direction)];
            let (packets, bytes) = (metrics.sum(PACKETS, &of_anna), metrics.sum(BYTES, &of_anna));
            // A handshake and a page: several frames with a header each.
            ensure!(packets >= 5.0 && bytes > packets * 54.0, "{direction}: {packets} frames, {bytes} bytes");
        }
        Ok(())
    });
}
