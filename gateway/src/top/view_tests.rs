//! Pictures of the household on screens of several sizes, and what hostile texts do to them.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::{Color, Modifier};
use serde_json::{Value, json};

use super::*;
use crate::policy::DeviceAddress;
use crate::top::feed::{Failure, Poll};
use crate::top::keys::press;
use crate::top::testing::{devices_json, event_json, events_json, hosts_json, household, now, status_json};
use crate::top::wire::Interface;

fn drawn(model: &Model, width: u16, height: u16, colour: bool) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, model, &now(), colour)).unwrap();
    terminal
}

/// The text of the screen, without blanks at the ends of lines.
fn lines(model: &Model, width: u16, height: u16) -> Vec<String> {
    let terminal = drawn(model, width, height, true);
    let buffer = terminal.backend().buffer();
    let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..height).map(line).collect()
}

/// The whole screen is this picture, which begins in the line behind the quote.
fn assert_picture(model: &Model, width: u16, height: u16, picture: &str) {
    let picture: Vec<&str> = picture.trim_start_matches('\n').lines().collect();
    let lines = lines(model, width, height);
    assert_eq!(lines.len(), usize::from(height));
    assert!(lines == picture, "\n{}\nis not\n{}", lines.join("\n"), picture.join("\n"));
}

fn keys(model: &mut Model, text: &str) {
    for letter in text.chars() {
        let code = match letter {
            '\n' => KeyCode::Enter,
            letter => KeyCode::Char(letter),
        };
        press(model, KeyEvent::new(code, KeyModifiers::NONE));
    }
}

#[test]
fn at_80_by_24_everything_is_there() {
    let mut model = household();
    keys(&mut model, "2");
    let picture = "
filter ON  wlan0 generic, drops for rejects  lan1 native                18:31:07
generation 3  flows 12  events lost 0                              gateway 0.1.0
devices 3 and 1 unlisted, 1 paused  sorted by DOWN/s
 DEVICE            UP/s▼DOWN/s  PPS FLW/s BLK/s FLOWS BLOCKED POLICIES
 total             1.4k   1.3M  180   2.0   1.5    28      43
 television         100   1.0M    0   0.5     0     4       0 paused until 18:40
>anna-phone        1.2k   340k  180   1.0   1.5    22      43 xiaomi-telemetry,…
 other                0      0    0     0     0     1       0
 toys                30      0  0.5   0.5     0     1       0 -
 da:a1:19:00:11:22    0      0    0     0     0     0       0
 1 hosts  [2 events]  3 flows of anna-phone
TIME     VERDICT HOST                         DEVICE            BY
18:31:06 reject  api.account.xiaomi.com       anna-phone        xiaomi-telemetry
18:31:04 observe 161.117.94.131               da:a1:19:00:11:22 xiaomi-telemetry
18:30:06 pass    www.example.org              television








q quit  ? help  s/S sort  r reverse  / filter  p pause  u resume  Tab lower list";
    assert_picture(&model, 80, 24, picture);
}

#[test]
fn hosts_and_connections_take_the_place_of_events() {
    let mut model = household();
    let hosts = lines(&model, 80, 24);
    let expected = [
        "[1 hosts]  2 events   3 flows of anna-phone",
        "HOST                                  SEEN BLOCKED LAST     DEVICES",
        "api.account.xiaomi.com                  44      43 18:31:00 anna-phone",
        "www.example.org                       1.2M       0 11-24    television,toys",
        "",
    ];
    assert_eq!(hosts[10..15], expected);
    keys(&mut model, "3");
    let since = now().timestamp().as_second() - 7;
    let flow = |name: Value, from: Value, state: &str| {
        json!({"device": "anna-phone", "mac": "8c:be:be:12:34:56", "proto": "udp", "src": "192.168.1.5", "sport": 1,
            "dst": "2001:db8::5", "dport": 443, "name": name, "name_from": from, "verdict": "reject",
            "policy": "xiaomi-telemetry", "reason": "quic_sni", "state": state, "since": since})
    };
    let flows = json!([
        flow(json!("api.io.mi.com"), json!("quic_sni"), "decided"),
        flow(json!("io.mi.com"), json!("asked"), "decided"),
        flow(Value::Null, Value::Null, "reading"),
    ]);
    model.take_flows(model.flows_wanted().unwrap(), Ok(serde_json::from_value(flows).unwrap()));
    let expected = [
        " 1 hosts   2 events  [3 flows of anna-phone]",
        "SINCE    VERDICT  HOST                     PORT      BY               WHY",
        "18:31:00 reject   api.io.mi.com            udp/443   xiaomi-telemetry quic_sni",
        "18:31:00 reject   io.mi.com (asked for)    udp/443   xiaomi-telemetry quic_sni",
        "18:31:00 reading  2001:db8::5              udp/443   xiaomi-telemetry quic_sni",
    ];
    assert_eq!(lines(&model, 80, 24)[10..15], expected);
    model.take_flows(model.flows_wanted().unwrap(), Err(Failure::Unknown(String::from("/v1/flows"))));
    assert!(lines(&model, 80, 24)[11].starts_with("the running daemon does not know /v1/flows"));
}

#[test]
fn on_a_large_screen_there_is_more_of_everything() {
    let lines = lines(&household(), 200, 60);
    let expected = [
        " DEVICE                   MAC               HOST           VENDOR               ADDRESS         UP/s▼DOWN/s  PPS FLW/s BLK/s FLOWS BLOCKED OBSERVED SENT RECVD SEEN     POLICIES",
        " total                                                                                          1.4k   1.3M  180   2.0   1.5    28      43        0  14k  3.0M",
        " television               a4:77:33:00:00:01                                                      100   1.0M    0   0.5     0     4       0        0 1200  2.0M          paused until 18:40",
        ">anna-phone               8c:be:be:12:34:56 Redmi-1S       Xiaomi Communicatio… 192.168.1.5     1.2k   340k  180   1.0   1.5    22      43        0  12k  980k          xiaomi-telemetry,doh-bypass",
        " other                                                                                             0      0    0     0     0     1       0        0  500   700",
        " toys                     02:*                                                                    30      0  0.5   0.5     0     1       0        0   60     0          -",
        " da:a1:19:00:11:22        da:a1:19:00:11:22                (random address)                        0      0    0     0     0     0       0        0    0     0 18:30:07",
        "[1 hosts] [2 events]  3 flows of anna-phone",
        "HOST                         SEEN BLOCKED LAST     DEVICES              POLICIES            TIME     VERDICT HOST                                          DEVICE            BY               WHY",
        "api.account.xiaomi.com         44      43 18:31:00 anna-phone           xiaomi-telemetry    18:31:06 reject  api.account.xiaomi.com                        anna-phone        xiaomi-telemetry tls_sni",
        "www.example.org              1.2M       0 11-24    television,toys                          18:31:04 observe 161.117.94.131                                da:a1:19:00:11:22 xiaomi-telemetry tls_sni",
        "                                                                                            18:30:06 pass    www.example.org                               television                         tls_sni",
    ];
    assert_eq!(lines[3..15], expected);
    assert_eq!(lines[15..59], [""; 44]);
}

#[test]
fn on_the_smallest_screens_the_filter_and_the_busiest_devices_are_left() {
    let picture = "
filter ON  wlan0 ge…
 DEVICE      ▼DOWN/s
 television     1.0M
>anna-phone     340k
q quit  ? help  s/S…";
    assert_picture(&household(), 20, 5, picture);
    let picture = "
filter ON  wlan0 generic, drops for rej…
generation 3  flows 12  events lost 0
 DEVICE     UP/s▼DOWN/s BLK/s POLICIES
 total      1.4k   1.3M   1.5
 television  100   1.0M     0 paused un…
>anna-phone 1.2k   340k   1.5 xiaomi-te…
 other         0      0     0
 toys         30      0     0 -
 da:a1:19:…    0      0     0


q quit  ? help  s/S sort  r reverse  / …";
    assert_picture(&household(), 40, 12, picture);
}

#[test]
fn no_size_of_a_screen_in_no_mode_is_too_small_or_large() {
    for typed in ["", "?", "/to", "p", "pnonsense\n", "3"] {
        let mut model = household();
        keys(&mut model, typed);
        for width in [0, 1, 2, 5, 11, 20, 37, 80, 149, 150, 261] {
            for height in [0, 1, 2, 3, 4, 5, 8, 9, 13, 14, 24] {
                drawn(&model, width, height, true);
            }
        }
        drawn(&model, 1000, 60, true);
    }
    drawn(&Model::default(), 80, 24, true);
}

#[test]
fn the_selected_device_is_on_the_screen_wherever_it_is_in_the_table() {
    let mut model = household();
    for (key, mark) in [("G", ">da:a1:19:00:1"), ("k", ">toys"), ("g", ">television")] {
        keys(&mut model, key);
        assert!(lines(&model, 22, 5).iter().any(|line| line.starts_with(mark)), "{mark}");
    }
}

#[test]
fn what_is_wrong_with_an_interface_comes_first_and_is_not_cut() {
    let mut model = household();
    let status = model.status.as_mut().unwrap();
    let lan = status.interfaces[0].clone();
    status.interfaces =
        (1..20).map(|number| Interface { interface: format!("lan{number}"), ..lan.clone() }).collect();
    status.interfaces[17].exists = false;
    status.interfaces[18].downlink = None;
    let first = |model: &Model| lines(model, 80, 24)[0].clone();
    assert_eq!(
        first(&model),
        "filter ON  lan18 NOT THERE  lan1 native  lan2 native  and 16 more       18:31:07"
    );
    let status = model.status.as_mut().unwrap();
    status.interfaces.drain(..17);
    assert_eq!(
        first(&model),
        "filter ON  lan18 NOT THERE  lan19 native, up only                       18:31:07"
    );
    model.status.as_mut().unwrap().interfaces.pop();
    assert_eq!(
        first(&model),
        "filter OFF: on no interface  lan18 NOT THERE                            18:31:07"
    );
    let status = model.status.as_mut().unwrap();
    (status.events_lost, status.events_limited, status.reloads_failed) = (5, 6, Some(7));
    let second = lines(&model, 80, 24)[1].clone();
    let expected = "generation 3  flows 12  events lost 5, withheld 6  FAILED RELOADS 7  gateway 0.1.0";
    assert_eq!(second, expected[..expected.len() - 15]);
    assert!(lines(&model, 100, 24)[1].ends_with("gateway 0.1.0"));
}

#[test]
fn a_daemon_that_is_gone_is_told_in_the_head_and_its_last_words_are_grey() {
    let mut model = household();
    let before = lines(&model, 80, 24);
    let since: Timestamp = "2026-11-25T17:30:01Z".parse().unwrap();
    model.lose(&Failure::NotThere("/run/gateway/control.sock".into()), since);
    let after = lines(&model, 80, 24);
    assert_eq!(after[0], "DAEMON GONE since 18:30:01  the filter goes on                          18:31:07");
    assert_eq!(after[1..23], before[1..23]);
    assert_eq!(after[23], "trying again: no daemon answers on /run/gateway/control.sock; is `gateway run` …");
    let terminal = drawn(&model, 80, 24, true);
    for y in 1..23 {
        for x in 0..80 {
            let cell = &terminal.backend().buffer()[(x, y)];
            let grey = cell.symbol() == " " || cell.modifier.contains(Modifier::DIM);
            assert!(grey && cell.fg == Color::Reset, "{x} {y}: {cell:?}");
        }
    }
    model.lose(&Failure::Unknown(String::from("/v1/hosts")), since);
    assert!(lines(&model, 80, 24)[0].starts_with("NO NEW DATA since 18:30:01"));
}

#[test]
fn without_a_daemon_from_the_start_the_wait_is_told() {
    let mut model = Model::default();
    model.lose(&Failure::NotThere("/run/x".into()), now().timestamp());
    let lines = lines(&model, 80, 24);
    assert!(lines[0].starts_with("WAITING for the daemon"));
    assert!(lines[23].starts_with("trying again: no daemon answers on /run/x"));
}

#[test]
fn prompts_and_answers_are_in_the_last_line() {
    let mut model = household();
    let last = |model: &Model| lines(model, 80, 24)[23].clone();
    keys(&mut model, "p");
    assert_eq!(last(&model), "pause anna-phone for: 10m   Enter does it, Esc does not");
    let mut terminal = drawn(&model, 80, 24, true);
    terminal.backend_mut().assert_cursor_position((25, 23));
    keys(&mut model, "soon\n");
    assert_eq!(last(&model), "pause anna-phone for: soon   write a length of time, such as 10m, 1h30m or 2d");
    model.mode = Mode::Watch;
    model.take_answer(Ok(String::from("anna-phone is paused until 18:41: no policy applies to it")));
    assert_eq!(last(&model), "anna-phone is paused until 18:41: no policy applies to it");
    keys(&mut model, "/tv");
    assert_eq!(last(&model), "show only: tv   Enter keeps it, Esc ends it");
    let shown = lines(&model, 80, 24);
    assert_eq!(shown[2], "devices 3 and 1 unlisted, 1 paused  sorted by DOWN/s  filter \"tv\": 0 shown");
    assert_eq!(shown[5], " none has the text of the filter; Esc ends it");
}

#[test]
fn the_help_fits_at_80_by_24() {
    let mut model = household();
    keys(&mut model, "?");
    let lines = lines(&model, 80, 24);
    assert!(lines.iter().all(|line| !line.contains('…')), "{}", lines.join("\n"));
    assert_eq!(lines[21], " k M G         thousands, millions, billions");
    assert_eq!(lines[23], "any key goes back");
}

#[test]
fn verdicts_have_colours_where_there_are_any_and_words_everywhere() {
    let mut model = household();
    keys(&mut model, "2");
    let with = drawn(&model, 80, 24, true);
    let colour = |y| with.backend().buffer()[(9, y)].fg;
    assert_eq!([12, 13, 14].map(colour), [Color::Red, Color::Yellow, Color::Green]);
    let without = drawn(&model, 80, 24, false);
    for (with, without) in with.backend().buffer().content().iter().zip(without.backend().buffer().content())
    {
        assert_eq!((without.fg, without.bg, without.symbol()), (Color::Reset, Color::Reset, with.symbol()));
    }
}

/// Puts the text into every text of what the daemon says, but not into what must be read: times and addresses.
fn spoil(value: &mut Value, text: &str) {
    let read = |word: &str| {
        word.parse::<IpAddr>().is_ok()
            || word.parse::<DeviceAddress>().is_ok()
            || word.parse::<Timestamp>().is_ok()
    };
    match value {
        Value::String(word) if !read(word) => {
            word.insert_str(word.len() / 2, text);
        }
        Value::Array(values) => values.iter_mut().for_each(|value| spoil(value, text)),
        Value::Object(fields) => fields.values_mut().for_each(|value| spoil(value, text)),
        _ => {}
    }
}

fn spoilt(text: &str) -> Model {
    let read = |value: &Value| {
        let mut value = value.clone();
        spoil(&mut value, text);
        value
    };
    let events = events_json().into_iter().chain([event_json("other", "x", 0.0, "drop", Some("x"))]);
    let mut model = household();
    model.take(Poll {
        taken: Instant::now() + Duration::from_secs(60),
        status: serde_json::from_value(read(&status_json())).unwrap(),
        devices: serde_json::from_value(read(&devices_json([[1; 6]; 4]))).unwrap(),
        hosts: serde_json::from_value(read(&hosts_json())).unwrap(),
        events: events.map(|event| serde_json::from_value(read(&event)).unwrap()).collect(),
    });
    model
}

#[test]
fn no_field_of_what_the_daemon_says_steers_the_terminal_or_moves_a_column() {
    for hostile in [
        "\u{1b}[2J\u{7}",
        "\u{9b}31m\r\n\t\u{8}",
        "\u{202e}\u{2066}",
        "\u{0}",
        "電話\u{200b}",
        "שלום عربي",
        "e\u{301}",
    ] {
        let mut model = spoilt(hostile);
        for typed in ["1", "2", "3", "p", "\n/", hostile, "\n"] {
            keys(&mut model, typed);
            model.take_answer(Err(Failure::Refused(format!("no {hostile}"))));
            for width in [80, 200] {
                let terminal = drawn(&model, width, 24, true);
                let cells = terminal.backend().buffer().content();
                let steers = |c: char| {
                    c.is_control()
                        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
                };
                assert!(!cells.iter().any(|cell| cell.symbol().contains(steers)), "{hostile:?}");
            }
        }
        // The numbers stand below their titles, whatever is before them.
        model.filter.clear();
        let lines = drawn(&model, 80, 24, true);
        let buffer = lines.backend().buffer();
        let column = |y: u16| (19..61).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        assert_eq!(column(3), "UP/s▼DOWN/s  PPS FLW/s BLK/s FLOWS BLOCKED", "{hostile:?}");
        for y in 4..10 {
            assert!(column(y).chars().all(|c| " 0123456789.-kM".contains(c)), "{hostile:?} {:?}", column(y));
        }
    }
}
