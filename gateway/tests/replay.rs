//! `gateway replay`, run as people run it: on captures of frames that are built here, against the real programs.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests may fail by a panic as the tests do")]

#[path = "replay/captures.rs"]
mod captures;
#[path = "replay/site.rs"]
mod site;

use gateway_common::checks::seal;
use pcap_file::DataLink;
use serde_json::json;

use crate::captures::{
    Tcp, ack, answer, cooked, datagram, fragment, hello, pcap, pcapng, question, server_hello, syn, tagged,
    udp, with_ech,
};
use crate::site::{Ran, Site};

/// What most captures here hold: a connection to a blocked name, one to another name, and what the server says.
fn connections() -> Vec<Vec<u8>> {
    let (mut bad, mut good) = (Tcp::from_port(50_000), Tcp::from_port(50_001));
    let hello_bad = hello("www.blocked.example");
    vec![
        syn(&mut bad),
        server_hello(),
        bad.send(&hello_bad),
        bad.send(b"more"),
        syn(&mut good),
        good.send(&hello("good.example")),
        good.send(b"more"),
    ]
}

const BLOCKED: &str = "[block]\ndomains = [\"blocked.example\"]\naddresses = [\"203.0.113.0/24\"]\n";

#[test]
fn each_name_and_each_frame_that_is_dropped_is_one_line_with_all_fields_in_order() {
    let site = Site::new(BLOCKED);
    let ran = site.replay_json(&pcap(DataLink::ETHERNET, &connections()));
    let lines = [
        r#"{"frame":3,"device":"phone","mac":"8c:be:be:12:34:56","vlan":[],"proto":"tcp","src":"192.168.1.5","sport":50000,"dst":"198.51.100.7","dport":443,"kind":"tls_sni","name":"www.blocked.example","verdict":"drop","policy":"p","reason":"tls_sni"}"#,
        r#"{"frame":4,"device":"phone","mac":"8c:be:be:12:34:56","vlan":[],"proto":"tcp","src":"192.168.1.5","sport":50000,"dst":"198.51.100.7","dport":443,"verdict":"drop","policy":"p","reason":"known_flow"}"#,
        r#"{"frame":6,"device":"phone","mac":"8c:be:be:12:34:56","vlan":[],"proto":"tcp","src":"192.168.1.5","sport":50001,"dst":"198.51.100.7","dport":443,"kind":"tls_sni","name":"good.example","verdict":"pass","reason":"tls_sni"}"#,
    ];
    assert_eq!(ran.out.lines().collect::<Vec<_>>(), lines);
    assert_eq!(ran.code, Some(0));
    assert!(ran.err.starts_with("7 frames, 0 of them skipped, 2 names learned\n"), "{}", ran.err);
}

#[test]
fn people_get_lines_and_a_summary() {
    let ran = Site::new(BLOCKED).replay(&pcap(DataLink::ETHERNET, &connections()), &[]);
    let expected = "      3  phone  drop by p  www.blocked.example  (198.51.100.7 tcp/443, tls_sni)
      4  phone  drop by p  198.51.100.7  (tcp/443, known_flow)
      6  phone  pass  good.example  (198.51.100.7 tcp/443, tls_sni)

7 frames, 0 of them skipped, 2 names learned

 DEVICE  MAC                POLICIES  FRAMES  NAMES
 other   (all others)                      1      0
 phone   8c:be:be:12:34:56  p              6      2

 DEVICE  POLICY  VERDICT  REASON   FLOWS  FRAMES
 phone   p       drop     tls_sni      1       2
";
    assert_eq!(ran, Ran { code: Some(0), out: expected.into(), err: String::new() });
}

#[test]
fn a_hello_in_two_segments_is_told_at_the_frame_that_completes_it() {
    let mut tcp = Tcp::from_port(50_000);
    let hello = hello("www.blocked.example");
    let (first, second) = hello.split_at(60);
    let frames = [syn(&mut tcp), tcp.send(first), tcp.send(second)];
    let told = Site::new(BLOCKED).records(&pcap(DataLink::ETHERNET, &frames));
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["frame"], &told[0]["verdict"]), (&json!(3), &json!("drop")));
}

#[test]
fn of_more_quic_initials_than_a_device_may_send_in_a_second_each_is_read() {
    let payload = seal::crypto(0, &seal::hello(b"www.blocked.example", &[], &[]));
    let initial = seal::Initial::new(seal::padded(payload)).seal();
    let frames: Vec<_> = (20_000..24_000).map(|port| datagram("198.51.100.7", port, 443, &initial)).collect();
    let told = Site::new(BLOCKED).records(&pcap(DataLink::ETHERNET, &frames));
    assert_eq!(told.len(), frames.len());
    assert!(told.iter().all(|record| record["kind"] == json!("quic_sni")), "{told:?}");
}

#[test]
fn a_segment_out_of_order_is_dropped_by_no_policy() {
    let mut tcp = Tcp::from_port(50_000);
    let hello = hello("www.blocked.example");
    let opening = syn(&mut tcp);
    let (first, second) = (tcp.send(&hello[..60]), tcp.send(&hello[60..]));
    let told =
        Site::new(BLOCKED).records(&pcap(DataLink::ETHERNET, &[opening, second.clone(), first, second]));
    assert_eq!(told.len(), 2, "{told:?}");
    let fields = ["frame", "verdict", "policy", "reason", "sport", "name"];
    let values = |n: usize| fields.map(|field| told[n].get(field).cloned());
    assert_eq!(
        values(0),
        [Some(json!(2)), Some(json!("drop")), None, Some(json!("out_of_order")), Some(json!(50_000)), None]
    );
    assert_eq!(told[1]["frame"], 4);
}

#[test]
fn what_a_rejecting_policy_blocks_is_rejected_however_many_answers_the_limit_lets_out() {
    let site = Site::new(&format!("action = \"reject\"\n{BLOCKED}"));
    let mut frames = connections();
    frames.extend((0..300).map(|_| udp("203.0.113.9", 4000, 1)));
    let told = site.records(&pcap(DataLink::ETHERNET, &frames));
    let rejected: Vec<_> = told.iter().filter(|record| record["verdict"] == "reject").collect();
    assert_eq!((told.len(), rejected.len()), (303, 302));
    assert!(rejected.iter().all(|record| record["policy"] == "p"));
    assert_eq!((&rejected[2]["kind"], &rejected[2]["reason"]), (&json!("address"), &json!("address")));
    assert_eq!((rejected[3].get("kind"), &rejected[3]["reason"]), (None, &json!("known_flow")));
}

#[test]
fn each_question_and_request_is_told_by_its_name() {
    let site = Site::new(&format!("action = \"reject\"\n{BLOCKED}"));
    let mut tcp = Tcp::from_port(50_000);
    let names = ["good.example", "www.blocked.example", "good.example", "blocked.example"];
    let mut frames: Vec<_> = names.iter().map(|name| question(4000, name)).collect();
    frames.extend([syn(&mut tcp), tcp.send(b"GET / HTTP/1.1\r\nHost: www.blocked.example\r\n\r\n")]);
    let told = site.records(&pcap(DataLink::ETHERNET, &frames));
    let fields = ["frame", "kind", "name", "verdict"];
    let told: Vec<_> = told.iter().map(|record| fields.map(|field| record[field].clone())).collect();
    let dns = |frame: u64, name, verdict| [json!(frame), json!("dns_qname"), json!(name), json!(verdict)];
    let expected = [
        dns(1, names[0], "pass"),
        dns(2, names[1], "reject"),
        dns(3, names[2], "pass"),
        dns(4, names[3], "reject"),
        [json!(6), json!("http_host"), json!(names[1]), json!("reject")],
    ];
    assert_eq!(told, expected);
}

#[test]
fn what_a_policy_only_observes_is_told_for_every_frame() {
    let site = Site::new(&format!("action = \"observe\"\n{BLOCKED}"));
    let mut frames = connections();
    frames.push(fragment("203.0.113.9"));
    let told = site.records(&pcap(DataLink::ETHERNET, &frames));
    let of = |record: &serde_json::Value| {
        (
            record["frame"].as_u64().unwrap(),
            record["verdict"].as_str().unwrap().to_owned(),
            record["reason"].as_str().unwrap().to_owned(),
        )
    };
    let expected = [
        (3, "observe", "tls_sni"),
        (4, "observe", "known_flow"),
        (6, "pass", "tls_sni"),
        (8, "observe", "address"),
    ];
    let expected = expected.map(|(frame, verdict, reason)| (frame, verdict.to_owned(), reason.to_owned()));
    assert_eq!(told.iter().map(of).collect::<Vec<_>>(), expected);
}

#[test]
fn fragments_and_what_cannot_be_read_are_told_with_what_can_be_read_of_them() {
    let mut tcp = Tcp::from_port(50_000);
    let mut cut = ack(&mut tcp, &[0x17; 400]);
    cut.truncate(100);
    let mut broken = ack(&mut tcp, b"x");
    broken[14] = 0x41;
    let frames = [fragment("198.51.100.7"), cut, broken];
    let told = Site::new(BLOCKED).records(&pcap(DataLink::ETHERNET, &frames));
    let reasons: Vec<_> =
        told.iter().map(|record| (&record["reason"], &record["verdict"], &record["policy"])).collect();
    let drop = |reason: &str| (json!(reason), json!("drop"), json!("p"));
    let expected = [drop("fragment"), drop("truncated"), drop("bad_header")];
    assert_eq!(reasons, expected.iter().map(|(a, b, c)| (a, b, c)).collect::<Vec<_>>());
    assert_eq!((&told[1]["dst"], &told[1]["sport"]), (&json!("198.51.100.7"), &json!(50_000)));
    assert_eq!((told[2].get("dst"), told[2].get("proto")), (None, None));
}

#[test]
fn vlan_tags_are_told_outermost_first() {
    let frames: Vec<_> =
        connections().iter().map(|frame| tagged(frame, &[(0x88a8, 200), (0x8100, 10)])).collect();
    let told = Site::new(BLOCKED).records(&pcap(DataLink::ETHERNET, &frames));
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|record| record["vlan"] == json!([200, 10])), "{told:?}");
}

#[test]
fn a_cooked_capture_is_of_the_devices_in_its_headers() {
    let frames: Vec<_> = connections().iter().map(|frame| cooked(frame)).collect();
    let told = Site::new(BLOCKED).records(&pcap(DataLink::LINUX_SLL, &frames));
    let numbers: Vec<_> = told.iter().map(|record| record["frame"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [3, 4, 6]);
    assert!(told.iter().all(|record| record["device"] == "phone"), "{told:?}");
}

#[test]
fn raw_ip_has_no_sender_and_is_judged_by_the_defaults() {
    let frames: Vec<_> = connections().iter().map(|frame| frame[14..].to_vec()).collect();
    let capture = pcap(DataLink::RAW, &frames);
    assert_eq!(Site::new(BLOCKED).records(&capture), Vec::<serde_json::Value>::new());
    let told = Site::with_defaults(BLOCKED).records(&capture);
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|record| record["device"] == "other" && record["mac"] == "00:00:00:00:00:00"));
}

#[test]
fn frames_of_pcapng_are_numbered_over_its_interfaces() {
    let frames = connections();
    let mixed: Vec<_> = frames
        .iter()
        .enumerate()
        .map(|(n, frame)| if n % 2 == 0 { (0, frame.clone()) } else { (1, cooked(frame)) })
        .collect();
    let told = Site::new(BLOCKED).records(&pcapng(&[DataLink::ETHERNET, DataLink::LINUX_SLL], &mixed));
    let numbers: Vec<_> = told.iter().map(|record| record["frame"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [3, 4, 6]);
}

#[test]
fn frames_of_64_kib_run_and_what_the_kernel_does_not_take_is_skipped_with_its_number() {
    let mut tcp = Tcp::from_port(50_000);
    let mut payload = hello("www.blocked.example");
    payload.resize(65_535 - 40, 0x17);
    let frames = [syn(&mut tcp), vec![0; 13], tcp.send(&payload), vec![0; 14], vec![0; 100_000]];
    let ran = Site::new(BLOCKED).replay_json(&pcap(DataLink::ETHERNET, &frames));
    assert_eq!(ran.code, Some(0));
    let told: Vec<serde_json::Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((told.len(), &told[0]["frame"], &told[0]["verdict"]), (1, &json!(3), &json!("drop")));
    let skipped = "5 frames, 2 of them skipped, 1 names learned
skipped 1: shorter than a link-layer header (frame 2)
skipped 1: longer than the kernel takes in a test run (frame 5)
";
    assert!(ran.err.starts_with(skipped), "{}", ran.err);
}

#[test]
fn frames_of_another_link_type_are_skipped() {
    let ran = Site::new(BLOCKED).replay_json(&pcap(DataLink::IEEE802_11, &connections()));
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""));
    assert!(ran.err.contains("skipped 7: link type 105 is not read (frame 1-7)\n"), "{}", ran.err);
}

#[test]
fn a_capture_that_is_cut_is_told_to_its_end_and_the_exit_code_is_1() {
    let mut capture = pcap(DataLink::ETHERNET, &connections());
    capture.truncate(capture.len() - 1);
    let ran = Site::new(BLOCKED).replay_json(&capture);
    assert_eq!((ran.code, ran.out.lines().count()), (Some(1), 3));
    assert!(ran.err.starts_with("6 frames, "), "{}", ran.err);
    let message = "gateway: capture: is cut: it ends in the middle of what follows frame 6\n";
    assert!(ran.err.ends_with(message), "{}", ran.err);
}

#[test]
fn a_capture_that_cannot_be_read_is_an_error() {
    let site = Site::new(BLOCKED);
    let ran = site.replay_json(b"no capture");
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    assert_eq!(ran.err, "gateway: capture: is neither a pcap nor a pcapng file\n");
    let ran = site.gateway(&["replay", "--config", "gateway.toml", "nowhere.pcap"]);
    assert_eq!(ran.err, "gateway: nowhere.pcap: No such file or directory (os error 2)\n");
    assert_eq!(ran.code, Some(1));
    assert_eq!(site.gateway(&["replay", "--config", "gateway.toml", "."]).code, Some(1));
}

#[test]
fn a_configuration_with_mistakes_is_told_and_an_interface_that_is_not_there_is_none() {
    let site = Site::new("[block]\nhosts = [\"https://x.example/\"]\n");
    let ran = site.replay_json(&pcap(DataLink::ETHERNET, &[]));
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    assert!(ran.err.starts_with("policies/p.toml:3:10: error: "), "{}", ran.err);
}

#[test]
fn wrong_usage_has_the_exit_code_2() {
    let site = Site::new(BLOCKED);
    assert_eq!(site.gateway(&["replay"]).code, Some(2));
    assert_eq!(site.gateway(&["replay", "a.pcap", "b.pcap"]).code, Some(2));
}

#[test]
fn an_empty_capture_is_told_as_one() {
    let ran = Site::new(BLOCKED).replay(&pcap(DataLink::ETHERNET, &[]), &[]);
    let expected = "\n0 frames, 0 of them skipped, 0 names learned\n";
    assert_eq!(ran, Ran { code: Some(0), out: expected.into(), err: String::new() });
}

#[test]
fn a_reader_that_has_gone_is_nothing_to_complain_about() {
    let mut frames = connections();
    frames.extend((0..20_000).map(|_| udp("203.0.113.9", 4000, 1)));
    let site = Site::new(BLOCKED);
    let err = site.replay_to_a_reader_that_goes(&pcap(DataLink::ETHERNET, &frames));
    assert_eq!(err, "");
}

#[test]
fn what_dns_answers_in_the_capture_judges_hidden_names() {
    let connection = |port| {
        let mut tcp = Tcp::from_port(port);
        [syn(&mut tcp), tcp.send(&with_ech(hello("public.example")))]
    };
    let frames: Vec<Vec<u8>> = connection(50_000)
        .into_iter()
        .chain([question(40_000, "www.blocked.example"), answer(40_000, "www.blocked.example")])
        .chain(connection(50_001))
        .collect();
    let verdicts = |inspect: &str| -> Vec<(u64, String, String)> {
        let site = Site::new(&format!("[block]\ndomains = [\"blocked.example\"]\n{inspect}"));
        let records = site.records(&pcap(DataLink::ETHERNET, &frames));
        let text = |record: &serde_json::Value, key: &str| record[key].as_str().unwrap().to_owned();
        let tls = records.iter().filter(|record| record["dport"] == 443);
        tls.map(|it| (it["frame"].as_u64().unwrap(), text(it, "verdict"), text(it, "reason"))).collect()
    };
    let told = |frame, verdict: &str, reason: &str| (frame, verdict.to_owned(), reason.to_owned());
    assert_eq!(verdicts(""), [told(2, "pass", "tls_sni"), told(6, "pass", "tls_sni")]);
    assert_eq!(
        verdicts("[inspect]\nech = \"judge\""),
        [told(2, "pass", "tls_sni"), told(6, "drop", "asked")]
    );
}
