//! Lease files as dnsmasq 2.90 and Kea 2.6 write them, and what comes over the wire into them.

use std::fs;

use super::*;

const NOW: u64 = 1_764_000_000;

const KEA4: &str = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id\n";
const KEA6: &str = "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,hostname,hwaddr,state,user_context,hwtype,hwaddr_source,pool_id\n";

/// The leases of a file, by address, and what was wrong with it.
fn read_text(text: impl AsRef<[u8]>) -> (Vec<Lease>, Option<String>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("leases");
    fs::write(&file, text).unwrap();
    let (mut leases, wrong) = read(&[file]);
    leases.sort_by_key(|lease| lease.address);
    (leases, wrong)
}

/// Of each lease that holds: the device, its address and its name.
fn held(text: impl AsRef<[u8]>) -> Vec<String> {
    let (leases, wrong) = read_text(text);
    assert_eq!(wrong, None);
    let shown = |lease: &Lease| {
        let host = lease.host.as_deref().unwrap_or("-");
        format!("{} {} {host}", lease.mac, lease.address)
    };
    leases.iter().filter(|lease| lease.holds(NOW)).map(shown).collect()
}

#[test]
fn leases_of_dnsmasq_are_read_for_both_families() {
    let text = "1764061234 8c:be:be:12:34:56 192.168.1.5 Redmi-1S 01:8c:be:be:12:34:56\n\
        0 8c:be:be:aa:bb:cc 192.168.1.6 * *\n\
        1764061234 06-02:00:00:00:00:07 192.168.1.7 seven ff:00\n\
        1764061234 20-80:00:02:08:fe:80:00:00 192.168.1.8 infiniband ff:00\n\
        1763999999 8c:be:be:00:00:09 192.168.1.9 expired *\n\
        43200 8c:be:be:00:00:0a 192.168.1.10 no-clock *\n\
        duid 00:01:00:01:2b:5a:5b:5c:02:00:00:00:00:01\n\
        1764061234 29553750 2001:db8::5 Redmi-1S 00:01:00:01:2a:11:22:33:8c:be:be:12:34:56\n\
        1764061234 T29553751 2001:db8::6 * 00:03:00:01:8c:be:be:aa:bb:cc\n\
        1764061234 29553752 2001:db8::7 opaque 00:04:12:34:56:78:9a:bc:de:f0\n";
    assert_eq!(
        held(text),
        [
            "8c:be:be:12:34:56 192.168.1.5 Redmi-1S",
            "8c:be:be:aa:bb:cc 192.168.1.6 -",
            "02:00:00:00:00:07 192.168.1.7 seven",
            "8c:be:be:00:00:0a 192.168.1.10 no-clock",
            "8c:be:be:12:34:56 2001:db8::5 Redmi-1S",
            "8c:be:be:aa:bb:cc 2001:db8::6 -",
        ]
    );
}

#[test]
fn leases_of_kea_are_read_and_a_later_line_takes_the_place_of_an_earlier_one() {
    let text = format!(
        "{KEA4}\
        192.168.1.5,8c:be:be:12:34:56,01:8c:be:be:12:34:56,3600,1763000000,1,0,0,old,0,,0\n\
        192.168.1.6,8c:be:be:aa:bb:cc,,3600,1764061234,1,0,0,given.back,0,,0\n\
        192.168.1.5,8c:be:be:12:34:56,01:8c:be:be:12:34:56,3600,1764061234,1,1,1,redmi-1s.example.org.,0,,0\n\
        192.168.1.6,8c:be:be:aa:bb:cc,,0,1763900000,1,0,0,given.back,2,,0\n\
        192.168.1.7,8c:be:be:00:00:07,,3600,1764061234,1,0,0,,0,,0\n\
        192.168.1.8,,01:02,3600,1764061234,1,0,0,no-card,0,,0\n\
        192.168.1.9,8c:be:be:00:00:09,,3600,1764061234,1,0,0,declined,1,,0\n"
    );
    assert_eq!(
        held(text),
        ["8c:be:be:12:34:56 192.168.1.5 redmi-1s.example.org", "8c:be:be:00:00:07 192.168.1.7 -"]
    );
    let text = format!(
        "{KEA6}\
        2001:db8::5,00:01:00:01:2a:11:22:33:02:02:02:02:02:02,3600,1764061234,1,1800,0,7,128,0,0,phone,8c:be:be:12:34:56,0,,1,2,0\n\
        2001:db8::6,00:03:00:01:8c:be:be:aa:bb:cc,3600,1764061234,1,1800,0,7,128,0,0,,,0,,,,0\n\
        2001:db8:1::,00:03:00:01:8c:be:be:aa:bb:cc,3600,1764061234,1,1800,2,7,56,0,0,router,,0,,,,0\n"
    );
    assert_eq!(held(text), ["8c:be:be:12:34:56 2001:db8::5 phone", "8c:be:be:aa:bb:cc 2001:db8::6 -"]);
}

#[test]
fn columns_of_kea_are_found_by_their_names() {
    let text = "address,hostname,expire,hwaddr\n192.168.1.5,phone,1764061234,8c:be:be:12:34:56\n";
    assert_eq!(held(text), ["8c:be:be:12:34:56 192.168.1.5 phone"]);
}

#[test]
fn broken_lines_are_left_out_and_those_between_them_are_read() {
    let good = "1764061234 8c:be:be:12:34:56 192.168.1.5 phone *\n";
    for broken in [
        "\n",
        " \n",
        "1764061234\n",
        "1764061234 8c:be:be:12:34:57\n",
        "1764061234 8c:be:be:12:34:57 192.168.1.6\n",
        "x 8c:be:be:12:34:57 192.168.1.6 a *\n",
        "-1 8c:be:be:12:34:57 192.168.1.6 a *\n",
        "1764061234 8c:be:be:12:34 192.168.1.6 a *\n",
        "1764061234 01:00:5e:00:00:01 192.168.1.6 a *\n",
        "1764061234 8c:be:be:12:34:57 192.168.1.256 a *\n",
        "1764061234 7 2001:db8::1 a\n",
        "1764061234 7 2001:db8::1 a 00:01:00:01:2a\n",
        "\u{0} \u{0} \u{0}\n",
        "99999999999999999999999 8c:be:be:12:34:57 192.168.1.6 a *\n",
    ] {
        assert_eq!(
            held(format!("{broken}{good}{broken}")),
            ["8c:be:be:12:34:56 192.168.1.5 phone"],
            "{broken}"
        );
    }
    let good = "192.168.1.5,8c:be:be:12:34:56,,3600,1764061234,1,0,0,phone,0,,0\n";
    for broken in [
        "\n",
        ",,,\n",
        "192.168.1.6\n",
        "192.168.1.6,x,,,,,,,,0,,\n",
        "x,8c:be:be:12:34:57,,1,1764061234,1,0,0,a,0,,0\n",
    ] {
        assert_eq!(
            held(format!("{KEA4}{broken}{good}{broken}")),
            ["8c:be:be:12:34:56 192.168.1.5 phone"],
            "{broken}"
        );
    }
}

#[test]
fn a_name_that_wants_to_do_harm_is_printable_ascii_and_short() {
    let long = "x".repeat(3000);
    for (name, shown) in [
        (b"\x1b[31mred\x07".as_slice(), "\\x1b[31mred\\x07".to_owned()),
        (b"<script>alert(1)</script>", "<script>alert(1)</script>".to_owned()),
        (b"\"'`$(reboot)", "\"'`$(reboot)".to_owned()),
        (b"\xff\xfe\xc3", "\\xff\\xfe\\xc3".to_owned()),
        ("\u{202e}é".as_bytes(), "\\xe2\\x80\\xae\\xc3\\xa9".to_owned()),
        (long.as_bytes(), "x".repeat(64)),
    ] {
        let line = [b"1764061234 8c:be:be:12:34:56 192.168.1.5 ".as_slice(), name, b" *\n"].concat();
        assert_eq!(read_text(line).0[0].host.as_deref(), Some(shown.as_str()));
        let line = [KEA4.as_bytes(), b"192.168.1.5,8c:be:be:12:34:56,,1,1764061234,1,0,0,", name, b",0,,0\n"]
            .concat();
        assert_eq!(read_text(line).0[0].host.as_deref(), Some(shown.as_str()));
    }
    let line =
        format!("{KEA4}192.168.1.5,8c:be:be:12:34:56,,1,1764061234,1,0,0,a&#x2cb&#x0ac&#xzz&#x,0,,0\n");
    assert_eq!(read_text(line).0[0].host.as_deref(), Some("a,b\\x0ac&#xzz&#x"));
}

#[test]
fn a_name_of_ten_thousand_bytes_loses_its_line_and_no_other() {
    let text = format!(
        "1764061234 8c:be:be:12:34:57 192.168.1.6 {} *\n1764061234 8c:be:be:12:34:56 192.168.1.5 phone *\n",
        "x".repeat(10_000)
    );
    assert_eq!(held(text), ["8c:be:be:12:34:56 192.168.1.5 phone"]);
}

#[test]
fn of_a_file_with_too_many_leases_the_first_are_kept_and_that_is_told() {
    let line = |n: usize| {
        let [_, .., b, c, d] = n.to_be_bytes();
        format!("1764061234 8c:be:be:{b:02x}:{c:02x}:{d:02x} 10.{b}.{c}.{d} *\n")
    };
    let (leases, wrong) = read_text((0..=MAX_LEASES).map(line).collect::<String>());
    assert_eq!(leases.len(), MAX_LEASES);
    assert!(wrong.unwrap().contains("only 32768 are kept"));
    let again = (0..MAX_LEASES).chain(0..MAX_LEASES).map(line).collect::<String>();
    assert_eq!(read_text(again).1, None, "lines about the same addresses take no more room");
}

#[test]
fn a_file_that_is_not_there_is_told_and_the_others_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("leases");
    fs::write(&file, "0 8c:be:be:12:34:56 192.168.1.5 phone *\n").unwrap();
    let (leases, wrong) = read(&["/nonexistent/leases".into(), file]);
    assert_eq!(leases.len(), 1);
    assert!(wrong.unwrap().contains("/nonexistent/leases"));
}
