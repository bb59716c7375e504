use super::super::testing::{one, says, skips};
use super::super::{Format, Kind};

const ADBLOCK: Format = Format::Adblock;

#[test]
fn a_host_between_two_signs_is_the_name_and_all_below_it() {
    for line in [
        "||a.example^",
        "||A.example.^",
        "||a.example^|",
        "||a.example|",
        "||a.example",
        " ||a.example^ ",
        "||a.example^ # why",
        "||a.example^ ! why",
    ] {
        says(ADBLOCK, line, "block below a.example");
    }
    says(ADBLOCK, "@@||a.example^", "allow below a.example");
    says(ADBLOCK, "||bücher.example^", "block below xn--bcher-kva.example");
}

#[test]
fn other_anchors_mean_more_or_less() {
    says(ADBLOCK, "||*.a.example^", "block under a.example");
    says(ADBLOCK, "*.a.example^", "block under a.example");
    says(ADBLOCK, ".a.example^", "block under a.example");
    says(ADBLOCK, "@@||*.a.example^", "allow under a.example");
    says(ADBLOCK, "|a.example^", "block a.example");
    says(ADBLOCK, "|a.example|", "block a.example");
    says(ADBLOCK, "://a.example^", "block a.example");
    says(ADBLOCK, "a.example^", "block below a.example");
    skips(ADBLOCK, "|a.example", Kind::Pattern);
    skips(ADBLOCK, "://a.example", Kind::Pattern);
    says(ADBLOCK, "*.a.example", "block under a.example");
    for line in
        ["-ads.example^", "||a.example.", "@@||a.example.", "||ads.", ".ads.", "ads.a.", "*.a.example."]
    {
        skips(ADBLOCK, line, Kind::Pattern);
    }
    skips(ADBLOCK, "_ads.", Kind::Pattern);
}

#[test]
fn a_top_level_domain_is_blocked_only_on_purpose() {
    says(ADBLOCK, "||zip^", "block below zip");
    says(ADBLOCK, "||*.zip^", "block under zip");
    for line in ["zip", "zip^", "||zip", "||*.zip", "*.zip", ".zip"] {
        skips(ADBLOCK, line, Kind::TopLevel);
    }
}

#[test]
fn an_address_is_blocked_as_such() {
    says(ADBLOCK, "||203.0.113.7^", "block 203.0.113.7/32");
    says(ADBLOCK, "@@||203.0.113.7^", "allow 203.0.113.7/32");
    says(ADBLOCK, "||2001:db8::1^", "block 2001:db8::1/128");
    says(ADBLOCK, "||203.0.113.0/24^", "block 203.0.113.0/24");
    skips(ADBLOCK, "||203.0.113.^", Kind::Address);
}

#[test]
fn plain_names_and_lines_of_hosts_files_are_read_as_in_those() {
    says(ADBLOCK, "a.example", "block a.example");
    says(ADBLOCK, "@@a.example", "allow a.example");
    says(ADBLOCK, "0.0.0.0 a.example b.example", "block a.example, block b.example");
    says(ADBLOCK, "a.example$important", "block a.example");
    skips(ADBLOCK, "some words", Kind::Words);
}

#[test]
fn comments_and_headers_say_nothing() {
    for line in [
        "",
        "!",
        "! ||a.example^",
        "[Adblock Plus 2.0]",
        "[uBlock Origin]",
        "#",
        "# a.example",
        "#### a",
        "#a",
    ] {
        says(ADBLOCK, line, "");
    }
}

#[test]
fn options_that_mean_the_host_all_the_same_are_taken() {
    for option in [
        "important",
        "third-party",
        "3p",
        "all",
        "document",
        "doc",
        "match-case",
        "third-party,important",
        "important, all",
    ] {
        says(ADBLOCK, &format!("||a.example^${option}"), "block below a.example");
    }
    says(ADBLOCK, "@@||a.example^$important", "allow below a.example");
}

#[test]
fn options_that_mean_less_or_something_else_are_skipped() {
    for option in [
        "script",
        "image",
        "popup",
        "~third-party",
        "1p",
        "domain=b.example",
        "badfilter",
        "third-party,script",
        "dnstype=A",
        "dnsrewrite=1.2.3.4",
        "client=x",
        "denyallow=b.example",
        "ctag=x",
        "",
        "important,",
    ] {
        skips(ADBLOCK, &format!("||a.example^${option}"), Kind::Option);
    }
    // An exception for some requests must not open the host for all.
    for option in ["third-party", "document", "script", "elemhide", "generichide"] {
        skips(ADBLOCK, &format!("@@||a.example^${option}"), Kind::Option);
    }
}

#[test]
fn what_a_network_filter_cannot_do_is_skipped_by_kind() {
    for (line, kind) in [
        ("##.ad", Kind::Cosmetic),
        ("###ad", Kind::Cosmetic),
        ("a.example##.ad", Kind::Cosmetic),
        ("a.example#@#.ad", Kind::Cosmetic),
        ("a.example#?#.ad:has(x)", Kind::Cosmetic),
        ("a.example#$#body { }", Kind::Cosmetic),
        ("a.example#@$#body { }", Kind::Cosmetic),
        ("a.example#%#//scriptlet('x')", Kind::Cosmetic),
        ("/^ads[0-9]+\\.example$/", Kind::Regex),
        ("/ads/", Kind::Regex),
        ("@@/ads/$important", Kind::Regex),
        ("/banner/*/ads.js", Kind::Url),
        ("||a.example/path", Kind::Url),
        ("||a.example/path^$script", Kind::Option),
        ("|https://a.example^", Kind::Url),
        ("||a.example:8080^", Kind::Port),
        ("||ads*.example^", Kind::Pattern),
        ("||a.example^*", Kind::Pattern),
        ("||^", Kind::EmptyLabel),
        ("||", Kind::EmptyLabel),
        ("|", Kind::EmptyLabel),
        ("@@", Kind::EmptyLabel),
        ("||a b.example^", Kind::Character),
    ] {
        skips(ADBLOCK, line, kind);
    }
    assert_eq!(one(ADBLOCK, b"||a\xff.example^").1, Some(Kind::Encoding));
}
