use super::super::testing::{read_as, says, skips};
use super::super::{Format, Kind, Report};

const RPZ: Format = Format::Rpz;

fn zone(text: &str) -> (String, Report) {
    read_as(Some(RPZ), text.as_bytes())
}

#[test]
fn the_action_is_coded_in_the_record() {
    for (line, rules) in [
        ("a.example CNAME .", "block a.example"),
        ("a.example CNAME *.", "block a.example"),
        ("a.example CNAME rpz-drop.", "block a.example"),
        ("a.example CNAME rpz-passthru.", "allow a.example"),
        ("a.example CNAME a.example.", "allow a.example"),
        ("*.a.example CNAME .", "block under a.example"),
        ("*.zip CNAME .", "block under zip"),
        ("*.a.example cname RPZ-PASSTHRU.", "allow under a.example"),
        ("a.example 300 IN CNAME . ; why", "block a.example"),
        ("a.example IN 1h CNAME .", "block a.example"),
        ("a.example\tA\t0.0.0.0", "block a.example"),
        ("a.example AAAA ::1", "block a.example"),
        ("A.Example CNAME .", "block a.example"),
    ] {
        says(RPZ, line, rules);
    }
}

#[test]
fn what_a_filter_cannot_do_is_skipped_by_kind() {
    for (line, kind) in [
        ("a.example CNAME rpz-tcp-only.", Kind::Record),
        ("a.example CNAME forcesafesearch.example.", Kind::Record),
        ("a.example CNAME", Kind::Record),
        ("a.example TXT \"a ; b\"", Kind::Record),
        ("a.example", Kind::Record),
        ("a.example A x", Kind::Address),
        ("* CNAME .", Kind::Everything),
        ("32.1.0.0.10.rpz-nsip CNAME .", Kind::Trigger),
        ("ns.example.rpz-nsdname CNAME .", Kind::Trigger),
        ("32.1.0.0.10.rpz-client-ip CNAME .", Kind::Trigger),
        ("33.1.0.0.10.rpz-ip CNAME .", Kind::Address),
        ("0.0.0.0.0.rpz-ip CNAME .", Kind::Everything),
        ("$INCLUDE other.zone", Kind::Directive),
        ("a..example CNAME .", Kind::EmptyLabel),
    ] {
        skips(RPZ, line, kind);
    }
}

#[test]
fn addresses_in_answers_are_nets() {
    for (owner, net) in [
        ("32.7.113.0.203.rpz-ip", "203.0.113.7/32"),
        ("24.0.113.0.203.rpz-ip", "203.0.113.0/24"),
        ("128.1.zz.db8.2001.rpz-ip", "2001:db8::1/128"),
        ("32.zz.db8.2001.rpz-ip", "2001:db8::/32"),
        ("127.2.zz.RPZ-IP", "::2/127"),
        ("128.8.7.6.5.4.3.2.1.rpz-ip", "1:2:3:4:5:6:7:8/128"),
    ] {
        says(RPZ, &format!("{owner} CNAME ."), &format!("block {net}"));
        says(RPZ, &format!("{owner} CNAME rpz-passthru."), &format!("allow {net}"));
    }
}

#[test]
fn the_head_of_a_zone_says_nothing_in_every_form() {
    let relative = "$TTL 30\n@ SOA rpz.example. host.example. 1 300 1800 604800 30\n NS localhost.\n;\na.example CNAME . ; x\n";
    let lines = "@ IN SOA rpz.example. host.example. (\n  1 ; serial\n  300\n  1800 604800\n  30 )\n  IN NS localhost.\na.example CNAME .\n";
    for text in [relative, lines] {
        let (told, report) = zone(text);
        assert!(told.ends_with(": block a.example\n") && report.rules == 1, "{told}");
        assert_eq!(report.skipped.total(), 0, "{:?}", report.skipped);
    }
}

#[test]
fn names_are_what_the_owner_is_less_the_zone() {
    for text in [
        "$ORIGIN rpz.example.\n@ SOA . . 1 1 1 1 1\na.test CNAME .\n",
        "$ORIGIN RPZ.example.\n@ SOA . . 1 1 1 1 1\na.test.rpz.EXAMPLE. CNAME .\n",
        "$ORIGIN test.rpz.example.\n$ORIGIN rpz.example.\n@ SOA . . 1 1 1 1 1\n$ORIGIN test.rpz.example.\na CNAME .\n",
        "rpz.example. SOA . . 1 1 1 1 1\nrpz.example. NS .\na.test.rpz.example. CNAME .\n",
        "rpz.example. SOA . . 1 1 1 1 1\n\na.test CNAME .\n",
        "$ORIGIN .\nrpz.example SOA . . 1 1 1 1 1\n NS .\na.test.rpz.example CNAME .\n",
        "$ORIGIN .\nrpz.example SOA . . 1 1 1 1 1\n$ORIGIN rpz.example.\na.test CNAME .\n",
        "@ SOA . . 1 1 1 1 1\na.test. CNAME .\n",
    ] {
        let (told, report) = zone(text);
        assert_eq!(told.split_once(": ").map(|(_, rule)| rule), Some("block a.test\n"), "{text}{told}");
        assert_eq!(report.skipped.total(), 0, "{text}{:?}", report.skipped);
    }
}

#[test]
fn what_lies_outside_the_zone_is_skipped() {
    let (told, report) =
        zone("$ORIGIN rpz.example.\na.test. CNAME .\nxrpz.example. CNAME .\nb.test CNAME .\n");
    assert_eq!(told, "4: block b.test\n");
    assert_eq!(report.skipped.by_kind().collect::<Vec<_>>(), [(Kind::OutOfZone, 2)]);
}

#[test]
fn a_record_without_an_owner_is_one_of_the_owner_before() {
    let (told, _) = zone("a.example A 0.0.0.0\n AAAA ::\n\tCNAME .\n");
    assert_eq!(told, "1: block a.example\n2: block a.example\n3: block a.example\n");
}

#[test]
fn an_answer_that_leads_elsewhere_blocks_too_and_is_counted() {
    let (told, report) = zone("a.example A 192.0.2.1\nb.example A 127.0.0.1\n");
    assert_eq!((told.lines().count(), report.redirects), (2, 1));
}

#[test]
fn a_parenthesis_that_is_never_closed_hides_only_a_few_lines() {
    let names: String = (0..40).map(|n| format!("n{n}.example CNAME .\n")).collect();
    let (_, report) = zone(&format!("@ SOA . . (\n{names}"));
    assert_eq!(report.rules, 24);
    let (_, report) = zone(&format!("a.example TXT ( \"x\n{names}"));
    assert_eq!(report.rules, 40);
}
