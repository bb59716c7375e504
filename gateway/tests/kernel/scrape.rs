//! What `/metrics` reads from the maps.

use std::sync::Arc;

use gateway::daemon::Health;
use gateway::lists::fetch::{Limits, Trust};
use gateway::policy::Standing;
use gateway::serve::metrics::Metrics;
use gateway::serve::metrics::exposition::{Format, write};
use gateway::subscriptions::keeper::Keeper;

use crate::engine::{Site, give};
use crate::harness::*;

/// The page, with all that is in the maps of the site.
fn page(site: &Site) -> String {
    let lists = Arc::new(Keeper::new(Limits::default(), Trust::System));
    let metrics = Metrics::new(site.maps(), Arc::new(Health::default()), lists, Arc::default()).unwrap();
    write(&metrics.gather().unwrap(), Format::Text)
}

#[track_caller]
fn says(page: &str, lines: &[&str]) {
    for line in lines {
        assert!(page.lines().any(|found| found == *line), "{line} is not in:\n{page}");
    }
}

#[test]
fn a_scrape_tells_what_was_counted_under_names_that_need_escapes() {
    let site = Site::new();
    let mut engine = site.start();
    let policy = "action = \"drop\"\n[block]\naddresses = [\"203.0.113.0/24\"]";
    let setup =
        Setup::new().policy("a", policy).device("anna's \"phone\" \\ 📱", PHONE, &["a"]).defaults(&[]);
    engine.apply(&setup.config(), &Standing::default()).unwrap();
    let blocked = Path::to("203.0.113.7").udp(b"x");
    let passed = Path::to("198.51.100.7").udp(b"x");
    for frame in [&blocked, &blocked, &passed, &passed.clone()] {
        give(&mut engine, frame);
    }
    give(&mut engine, &Path::to("203.0.113.7").from(STRANGER).udp(b"x"));
    let length = blocked.bytes.len();
    let labels = r#"device="anna's \"phone\" \\ 📱""#;
    let mac = format!("mac=\"{PHONE}\"");
    let page = page(&site);
    says(
        &page,
        &[
            &format!("gateway_device_packets_total{{{labels},direction=\"up\",{mac}}} 4"),
            &format!("gateway_device_packets_total{{{labels},direction=\"down\",{mac}}} 0"),
            &format!("gateway_device_bytes_total{{{labels},direction=\"up\",{mac}}} {}", 4 * length),
            &format!(
                "gateway_device_blocked_packets_total{{action=\"drop\",{labels},{mac},policy=\"a\",reason=\"address\"}} 2"
            ),
            "gateway_device_packets_total{device=\"other\",direction=\"up\",mac=\"\"} 1",
            "gateway_map_entries{map=\"device_labels\"} 1",
            "gateway_map_capacity{map=\"device_labels\"} 16383",
            "gateway_map_entries{map=\"blocked\"} 1",
            "gateway_map_entries{map=\"seen\"} 1",
            "gateway_map_capacity{map=\"seen\"} 4096",
            "gateway_events_limited_total 0",
        ],
    );
    let flows =
        page.lines().find_map(|line| line.strip_prefix("gateway_map_entries{map=\"flows\"} ")).unwrap();
    assert_eq!(flows.parse::<usize>().unwrap(), engine.maps.count_flows());
}
