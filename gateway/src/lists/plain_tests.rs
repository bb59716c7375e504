use super::super::testing::{one, read_as, says, skips};
use super::super::{Format, Kind};

#[test]
fn names_behind_an_address_are_blocked_whatever_stands_between_them() {
    for line in [
        "0.0.0.0 a.example",
        "127.0.0.1\ta.example",
        "::\ta.example",
        "::1 a.example # a comment",
        "0 a.example",
        "  0.0.0.0 \t a.example  ",
        "0.0.0.0 A.EXAMPLE.#comment",
        "0.0.0.0 a.example ; why",
        "0.0.0.0 a.example ! why",
        "0.0.0.0 a.example // why",
    ] {
        says(Format::Hosts, line, "block a.example");
        says(Format::Domains, line, "block a.example");
    }
    says(
        Format::Hosts,
        "0.0.0.0 a.example b.example\tc.example # d.example",
        "block a.example, block b.example, block c.example",
    );
}

#[test]
fn names_of_the_machine_itself_are_in_every_hosts_file_and_say_nothing() {
    for line in [
        "127.0.0.1 localhost",
        "127.0.0.1 localhost.localdomain",
        "127.0.0.1 local",
        "255.255.255.255 broadcasthost",
        "::1 localhost ip6-localhost ip6-loopback",
        "fe80::1%lo0 localhost",
        "ff00::0 ip6-localnet",
        "ff00::0 ip6-mcastprefix",
        "ff02::1 ip6-allnodes",
        "ff02::3 ip6-allhosts",
        "0.0.0.0 0.0.0.0",
        "::1 localhost6 localhost6.localdomain6",
        "localhost",
        "127.0.0.1",
        "::1",
    ] {
        says(Format::Hosts, line, "");
    }
    says(Format::Hosts, "127.0.0.1 localhost a.example", "block a.example");
}

#[test]
fn comments_and_empty_lines_say_nothing() {
    for line in ["", " \t ", "# a", "#a.example", "; a", "! Title: x", "// a", "[Adblock Plus]", "  # a"] {
        says(Format::Hosts, line, "");
    }
}

#[test]
fn a_bare_name_means_what_the_list_says() {
    says(Format::Domains, "a.example", "block a.example");
    says(Format::Domains, "a.example #comment", "block a.example");
    says(Format::Domains, "a.example#comment", "block a.example");
    says(Format::Hosts, "a.example", "block a.example");
}

#[test]
fn a_wildcard_means_the_name_and_all_below_it() {
    says(Format::Domains, "*.a.example", "block below a.example");
    says(Format::Domains, ".a.example", "block below a.example");
    says(Format::Domains, "*.zip", "block below zip");
    says(Format::Hosts, "0.0.0.0 *.a.example b.example", "block below a.example, block b.example");
    skips(Format::Domains, "*.*.a.example", Kind::Pattern);
    skips(Format::Domains, "a.*.example", Kind::Pattern);
    skips(Format::Domains, "*a.example", Kind::Pattern);
    skips(Format::Domains, "*", Kind::Pattern);
    skips(Format::Domains, "*.1.2.3.4", Kind::Address);
}

#[test]
fn a_top_level_domain_alone_is_skipped() {
    skips(Format::Domains, "com", Kind::TopLevel);
    skips(Format::Domains, "com.", Kind::TopLevel);
    skips(Format::Hosts, "0.0.0.0 com", Kind::TopLevel);
}

#[test]
fn an_address_in_the_place_of_a_name_is_blocked_as_such() {
    says(Format::Domains, "203.0.113.7", "block 203.0.113.7/32");
    says(Format::Domains, "2001:db8::1", "block 2001:db8::1/128");
    says(Format::Domains, "203.0.113.0/24", "block 203.0.113.0/24");
    says(Format::Hosts, "0.0.0.0 203.0.113.7", "block 203.0.113.7/32");
    skips(Format::Domains, "0.0.0.0/0", Kind::Everything);
}

#[test]
fn an_address_that_leads_elsewhere_blocks_too_and_is_counted() {
    let (told, report) =
        read_as(Some(Format::Hosts), b"0.0.0.0 a.example\n192.0.2.1 b.example c.example\n::1 d.example\n");
    assert_eq!(told, "1: block a.example\n2: block b.example\n2: block c.example\n3: block d.example\n");
    assert_eq!((report.rules, report.redirects, report.skipped.total()), (4, 2, 0));
}

#[test]
fn a_broken_name_does_not_stop_the_names_behind_it() {
    let (told, skipped) = one(Format::Hosts, b"0.0.0.0 a..b http://c.example/ d.example");
    assert_eq!((told, skipped), (vec![String::from("block d.example")], Some(Kind::EmptyLabel)));
}

#[test]
fn what_is_no_name_is_skipped_by_kind() {
    for (line, kind) in [
        ("http://a.example/x", Kind::Url),
        ("a.example/x", Kind::Url),
        ("a.example:443", Kind::Port),
        ("a.example b.example", Kind::Words),
        ("this is text", Kind::Words),
        ("<!DOCTYPE html>", Kind::Words),
        ("a.example##.ad", Kind::Cosmetic),
        ("||a.example^", Kind::Character),
        ("a\0b.example", Kind::Character),
        ("1.2.3.256", Kind::Address),
        ("1.2.3 a.example", Kind::Words),
    ] {
        skips(Format::Domains, line, kind);
    }
}
