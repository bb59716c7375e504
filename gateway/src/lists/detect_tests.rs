use super::super::testing::read_as;
use super::*;

/// The beginnings of lists as they are published, and names beneath.
const PUBLISHED: [(Format, &str); 15] = [
    (
        Format::Hosts,
        "# Title: StevenBlack/hosts\n#\n# This hosts file is a merged collection of hosts from reputable sources,\n\
         127.0.0.1 localhost\n127.0.0.1 localhost.localdomain\n127.0.0.1 local\n255.255.255.255 broadcasthost\n\
         ::1 localhost\nfe80::1%lo0 localhost\nff00::0 ip6-localnet\n0.0.0.0 0.0.0.0\n\n# Custom host records\n\
         0.0.0.0 a.example\n",
    ),
    (Format::Hosts, "# [example.org]\n127.0.0.1\ta.example\n127.0.0.1\tb.example #[c]\n"),
    (Format::Domains, "# Title: HaGeZi's\n# Syntax: Domains (without subdomains)\n#\na.example\nb.example\n"),
    (
        Format::Domains,
        "#   1 | 46210 | adblock | https://a.example/filter.txt\n# Syntax: Wildcard\n#\n*.a.example\n*.b.example\n",
    ),
    (Format::Domains, "a.example\nb.example\n203.0.113.7\n"),
    (Format::Adblock, "[Adblock Plus]\n! Title: HaGeZi's\n! Syntax: AdBlock\n!\n||actor^\n||africa^\n"),
    (
        Format::Adblock,
        "! Title: AdGuard DNS filter\n! Last modified: 2024\n||a.example^\n@@||b.example^|\n|c.example^\n",
    ),
    (Format::Adblock, "||1.0.0.1^\n||10.0.10.246^\n"),
    (Format::Dnsmasq, "# Title: x\n# Syntax: DNSMasq\nlocal=/a.example/\nlocal=/b.example/\n"),
    (Format::Dnsmasq, "address=/a.example/#\nserver=/b.example/\n"),
    (
        Format::Rpz,
        "$TTL 3600\n@ SOA localhost. root.localhost. 1772016660 14400 3600 86400 3600\n  NS  localhost.\n;\n; Title: x\n\
         *.actor CNAME .\n",
    ),
    (Format::Rpz, "a.example CNAME .\n*.a.example CNAME .\n"),
    (Format::Addresses, "; Spamhaus DROP List\n1.10.16.0/20 ; SBL256894\n1.19.0.0/16 ; SBL434604\n"),
    (
        Format::Addresses,
        "# primary URL: x\n#\tStart\tEnd\n203.0.113.0\t203.0.113.255\t24\t99\tNAME\tDE\n10.0.0.1\t8\n",
    ),
    (Format::Addresses, "10.0.0.0-10.0.0.255\n192.0.2.1,2024,x\n2001:db8::/32\n192.0.2.2 # Malicious Host\n"),
];

#[test]
fn published_lists_are_known_by_their_beginning() {
    for (format, text) in PUBLISHED {
        assert_eq!(detect(text.as_bytes()), format, "{text}");
        let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
        assert_eq!(detect(windows.as_bytes()), format, "{text}");
        let (_, report) = read_as(None, windows.as_bytes());
        assert_eq!((report.format, report.skipped.total()), (format, 0), "{:?}", report.skipped);
        assert!(report.rules > 0);
    }
}

#[test]
fn a_list_that_says_nothing_is_one_of_names() {
    for text in ["", "\n\n", "# only\n; comments\n! here\n"] {
        assert_eq!(detect(text.as_bytes()), Format::Domains);
    }
}

#[test]
fn a_long_header_of_comments_does_not_hide_the_format() {
    let header = "# a line of comment that says: 0.0.0.0 a.example and ||b.example^\n".repeat(1500);
    assert!(header.len() > 90_000);
    assert_eq!(read_as(None, format!("{header}||a.example^\n").as_bytes()).1.format, Format::Adblock);
    assert_eq!(read_as(None, format!("{header}local=/a.example/\n").as_bytes()).1.format, Format::Dnsmasq);
}

#[test]
fn names_and_lines_of_hosts_files_may_be_mixed_and_count_together() {
    let mixed = b"a.example\n0.0.0.0 b.example\n203.0.113.7\n203.0.113.8\n203.0.113.9\nc.example\n0.0.0.0 d.example\n";
    let (_, report) = read_as(None, mixed);
    assert_eq!((report.format, report.rules, report.skipped.total()), (Format::Domains, 7, 0));
    assert_eq!(detect(b"a.example\n0.0.0.0 b.example\n0.0.0.0 c.example\n"), Format::Hosts);
}

#[test]
fn most_lines_decide_over_a_few_that_do_not_belong() {
    let names = "a.example\n".repeat(20);
    assert_eq!(detect(format!("||x.example^\n{names}").as_bytes()), Format::Domains);
    assert_eq!(detect(format!("1.2.3.4\nlocal=/x.example/\n{names}").as_bytes()), Format::Domains);
    let filters = "||a.example^\n".repeat(20);
    assert_eq!(detect(format!("x.example\n0.0.0.0 y.example\n{filters}").as_bytes()), Format::Adblock);
}
