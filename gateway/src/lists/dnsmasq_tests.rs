use super::super::testing::{one, read_as, says, skips};
use super::super::{Format, Kind};

const DNSMASQ: Format = Format::Dnsmasq;

#[test]
fn a_name_that_is_answered_or_kept_is_blocked_with_all_below_it() {
    for line in [
        "address=/a.example/",
        "address=/a.example/#",
        "address=/a.example/0.0.0.0",
        "address=/a.example/::",
        "address=/.a.example/",
        "server=/a.example/",
        "local=/a.example/",
        "local=/A.Example./ # why",
        "  address = /a.example/ ",
        "--address=/a.example/",
    ] {
        says(DNSMASQ, line, "block below a.example");
    }
    says(DNSMASQ, "local=/lan/", "block below lan");
    says(DNSMASQ, "address=/a.example/b.example/127.0.0.1", "block below a.example, block below b.example");
    says(DNSMASQ, "address=/*.a.example/", "block under a.example");
}

#[test]
fn a_name_that_is_asked_for_as_usual_is_allowed() {
    says(DNSMASQ, "server=/a.example/#", "allow below a.example");
    says(DNSMASQ, "local=/a.example/b.example/#", "allow below a.example, allow below b.example");
}

#[test]
fn an_address_that_leads_elsewhere_blocks_too_and_is_counted() {
    let (told, report) =
        read_as(Some(DNSMASQ), b"address=/a.example/192.0.2.1\naddress=/b.example/127.0.0.1\n");
    assert_eq!(told, "1: block below a.example\n2: block below b.example\n");
    assert_eq!(report.redirects, 1);
}

#[test]
fn what_blocks_nothing_is_skipped_by_kind() {
    for (line, kind) in [
        ("server=/a.example/8.8.8.8", Kind::Forward),
        ("server=/a.example/8.8.8.8#53@eth0", Kind::Forward),
        ("server=8.8.8.8", Kind::Forward),
        ("address=/#/1.2.3.4", Kind::Everything),
        ("server=//", Kind::Pattern),
        ("address=/*a.example/", Kind::Pattern),
        ("address=/a.example/b", Kind::Address),
        ("address=/1.2.3.4/", Kind::Address),
        ("address=/a.example", Kind::Directive),
        ("address=a.example", Kind::Directive),
        ("bogus-nxdomain=1.2.3.4", Kind::Directive),
        ("ipset=/a.example/set", Kind::Directive),
        ("no-resolv", Kind::Directive),
        ("a.example", Kind::Directive),
        ("address=/a..example/", Kind::EmptyLabel),
    ] {
        skips(DNSMASQ, line, kind);
    }
}

#[test]
fn comments_begin_at_the_line_or_behind_white_space() {
    for line in ["", "#address=/a.example/", "  # x", "\t"] {
        says(DNSMASQ, line, "");
    }
    says(DNSMASQ, "address=/a.example/\t#b", "block below a.example");
}

#[test]
fn a_broken_name_does_not_stop_the_names_behind_it() {
    let (told, skipped) = one(DNSMASQ, b"address=/a..b/c.example/");
    assert_eq!((told, skipped), (vec![String::from("block below c.example")], Some(Kind::EmptyLabel)));
}
