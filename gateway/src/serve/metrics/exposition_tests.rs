use proptest::prelude::*;

use super::*;
use crate::serve::metrics::catalogue as metric;
use crate::serve::metrics::family::Family;

fn some() -> Vec<MetricFamily> {
    let mut bytes = Family::new(&metric::DEVICE_BYTES);
    bytes.add(["anna \"phone\"", "down", "8c:be:be:*"], 12_345_678_901_234_u64);
    bytes.add(["back\\slash\nline", "up", ""], 0_u64);
    vec![
        bytes.into(),
        Family::single(&metric::EVENTS_LOST, [], 3_u64),
        Family::single(&metric::LIST_AGE, ["ünï", "a"], 86_400_u64),
        Family::single(&metric::POLICY_LOADED, [], 1_764_059_639.25),
    ]
}

#[test]
fn the_text_format() {
    let expected = r#"# HELP gateway_device_bytes_total Bytes of the frames from a device (up) and towards it (down), Ethernet header included.
# TYPE gateway_device_bytes_total counter
gateway_device_bytes_total{device="anna \"phone\"",direction="down",mac="8c:be:be:*"} 12345678901234
gateway_device_bytes_total{device="back\\slash\nline",direction="up",mac=""} 0
# HELP gateway_events_lost_total Events that found no room in the ring buffer.
# TYPE gateway_events_lost_total counter
gateway_events_lost_total 3
# HELP gateway_list_age_seconds Seconds since the server last said that the copy of a list is the newest, or since the file was written.
# TYPE gateway_list_age_seconds gauge
gateway_list_age_seconds{list="ünï",policy="a"} 86400
# HELP gateway_policy_loaded_timestamp_seconds When the policies in force were loaded, in seconds since 1970.
# TYPE gateway_policy_loaded_timestamp_seconds gauge
gateway_policy_loaded_timestamp_seconds 1764059639.25
"#;
    assert_eq!(write(&some(), Format::Text), expected);
}

#[test]
fn the_text_of_open_metrics() {
    let expected = r#"# HELP gateway_device_bytes Bytes of the frames from a device (up) and towards it (down), Ethernet header included.
# TYPE gateway_device_bytes counter
# UNIT gateway_device_bytes bytes
gateway_device_bytes_total{device="anna \"phone\"",direction="down",mac="8c:be:be:*"} 12345678901234
gateway_device_bytes_total{device="back\\slash\nline",direction="up",mac=""} 0
# HELP gateway_events_lost Events that found no room in the ring buffer.
# TYPE gateway_events_lost counter
gateway_events_lost_total 3
# HELP gateway_list_age_seconds Seconds since the server last said that the copy of a list is the newest, or since the file was written.
# TYPE gateway_list_age_seconds gauge
# UNIT gateway_list_age_seconds seconds
gateway_list_age_seconds{list="ünï",policy="a"} 86400
# HELP gateway_policy_loaded_timestamp_seconds When the policies in force were loaded, in seconds since 1970.
# TYPE gateway_policy_loaded_timestamp_seconds gauge
# UNIT gateway_policy_loaded_timestamp_seconds seconds
gateway_policy_loaded_timestamp_seconds 1764059639.25
# EOF
"#;
    assert_eq!(write(&some(), Format::OpenMetrics), expected);
}

#[test]
fn the_text_format_is_what_the_crate_itself_writes() {
    let theirs = prometheus::TextEncoder::new().encode_to_string(&some()).unwrap();
    assert_eq!(write(&some(), Format::Text), theirs);
}

/// The values of the labels of a sample, read as a scraper reads them: a quote ends a value, a backslash stands before a quote, a
/// backslash or an n.
fn read_labels(sample: &str) -> Option<Vec<String>> {
    let mut rest = sample.split_once('{')?.1;
    let mut values = Vec::new();
    loop {
        let (name, after) = rest.split_once("=\"")?;
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase()), "{name:?} is not a label");
        let mut value = String::new();
        let mut chars = after.chars();
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => value.push(match chars.next()? {
                    'n' => '\n',
                    c @ ('\\' | '"') => c,
                    other => panic!("\\{other} is no escape"),
                }),
                c => value.push(c),
            }
        }
        values.push(value);
        match chars.next()? {
            ',' => rest = chars.as_str(),
            '}' => {
                assert_eq!(chars.as_str(), " 7");
                return Some(values);
            }
            other => panic!("{other:?} behind a value"),
        }
    }
}

/// Anything, and often what has a meaning in one of the formats.
fn label() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[\"\\\\\n\r{}=, #a\u{2028}é]{0,12}"]
}

proptest! {
    #[test]
    fn no_label_breaks_a_line_or_changes_on_the_way(a in label(), b in label(), c in label()) {
        let family = Family::single(&metric::DEVICE_PACKETS, [&a, &b, &c], 7_u64);
        for (format, lines) in [(Format::Text, 3), (Format::OpenMetrics, 4)] {
            let text = write(std::slice::from_ref(&family), format);
            prop_assert_eq!(text.matches('\n').count(), lines);
            let sample = text.split('\n').nth(2).unwrap();
            prop_assert_eq!(read_labels(sample), Some(vec![a.clone(), b.clone(), c.clone()]));
        }
    }
}

#[test]
fn a_page_that_is_written_in_halves_is_the_same() {
    let family = |samples: usize| -> MetricFamily {
        let mut family = Family::new(&metric::LIST_AGE);
        (0..samples).for_each(|n| family.add(["l", n.to_string().as_str()], 1_u64));
        family.into()
    };
    for sizes in [&[LARGE / 2; 4][..], &[3 * LARGE, 1, 1], &[1, 1, 3 * LARGE], &[3 * LARGE], &[1, 2, 3]] {
        let families: Vec<MetricFamily> = sizes.iter().map(|size| family(*size)).collect();
        assert_eq!(
            write(&families, Format::OpenMetrics),
            write_some(&families, Format::OpenMetrics) + "# EOF\n"
        );
    }
}
