use super::super::testing::{one, says, skips};
use super::super::{Format, Kind};

const ADDRESSES: Format = Format::Addresses;

#[test]
fn addresses_nets_and_ranges_are_blocked() {
    for (line, rules) in [
        ("203.0.113.7", "block 203.0.113.7/32"),
        ("  2001:DB8::1 ", "block 2001:db8::1/128"),
        ("203.0.113.7/24", "block 203.0.113.0/24"),
        ("203.0.113.0/255.255.255.0", "block 203.0.113.0/24"),
        ("::ffff:203.0.113.7", "block 203.0.113.7/32"),
        ("10.0.0.0-10.0.1.255", "block 10.0.0.0/23"),
        ("10.0.0.1 - 10.0.0.2", "block 10.0.0.1/32, block 10.0.0.2/32"),
        ("10.0.0.0- 10.0.0.1", "block 10.0.0.0/31"),
        ("203.0.113.0\t203.0.113.255\t24\t123\tNAME", "block 203.0.113.0/24"),
        ("2001:db8::-2001:db8::ffff", "block 2001:db8::/112"),
    ] {
        says(ADDRESSES, line, rules);
    }
}

#[test]
fn what_follows_an_address_is_a_comment() {
    for line in [
        "203.0.113.7 # x",
        "203.0.113.7#x",
        "203.0.113.7 ; SBL1",
        "203.0.113.7\t8",
        "203.0.113.7 DE",
        "203.0.113.7,2024-01-01,x",
        "203.0.113.7 # 203.0.113.9",
    ] {
        says(ADDRESSES, line, "block 203.0.113.7/32");
    }
    for line in ["", "# 1.2.3.4", "; 1.2.3.4", "! x", "// x"] {
        says(ADDRESSES, line, "");
    }
}

#[test]
fn what_is_no_address_is_skipped_by_kind() {
    for (line, kind) in [
        ("a.example", Kind::Name),
        ("a-b.example", Kind::Name),
        ("203.0.113.7:80", Kind::Port),
        ("203.0.113", Kind::Address),
        ("203.0.113.256", Kind::Address),
        ("203.0.113.7/33", Kind::Address),
        ("10.0.0.2-10.0.0.1", Kind::Address),
        ("10.0.0.2-", Kind::Address),
        ("10.0.0.2-::1", Kind::Address),
        ("0.0.0.0/0", Kind::Everything),
        ("::/0", Kind::Everything),
        ("0.0.0.0-255.255.255.255", Kind::Everything),
    ] {
        skips(ADDRESSES, line, kind);
    }
    assert_eq!(one(ADDRESSES, b"1.2.3.\xff").1, Some(Kind::Encoding));
}
