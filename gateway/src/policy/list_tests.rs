use std::path::PathBuf;

use super::super::file::{Policy, PolicyFile};
use super::super::mistake::SourceFile;
use super::*;

/// Checks a policy with these lines in its file `p.toml`, beside which lies `list.txt`.
fn check(text: &str) -> Result<Policy, Vec<String>> {
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(folder.path().join("list.txt"), "a.example\n").unwrap();
    let path = folder.path().join("p.toml");
    let mut mistakes = Vec::new();
    let file = PolicyFile::check(&SourceFile::new(&path, &format!("name = \"p\"\n{text}\n")), &mut mistakes);
    let folder = format!("{}/", folder.path().display());
    file.policy
        .ok_or_else(|| mistakes.iter().map(|mistake| mistake.one_line().replace(&folder, "")).collect())
}

fn list(text: &str) -> List {
    let mut lists = check(&format!("[[list]]\n{text}")).unwrap().lists;
    assert_eq!(lists.len(), 1);
    lists.remove(0)
}

fn refusals(text: &str) -> Vec<String> {
    check(text).unwrap_err()
}

fn refusal(text: &str) -> String {
    let mut all = refusals(&format!("[[list]]\n{text}"));
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[test]
fn a_list_of_a_url_is_fetched_daily_and_its_format_found_out_unless_it_says_otherwise() {
    let plain = list("url = \"https://example.org/hosts.txt\"\nmatch = \"hosts\"");
    assert_eq!(plain.source, Source::Url(String::from("https://example.org/hosts.txt")));
    assert_eq!(plain.label(), "https://example.org/hosts.txt");
    assert_eq!((plain.format, plain.bare, plain.line), (None, Scope::Exact, 2));
    assert_eq!(plain.refresh, Duration::from_secs(86_400));

    let full = list(
        "url = \"http://[2001:db8::1]:8080/a?b=c\"\nformat = \"rpz\"\nmatch = \"domains\"\nrefresh = \"6h\"",
    );
    assert_eq!((full.format, full.bare), (Some(Format::Rpz), Scope::Below));
    assert_eq!(full.refresh, Duration::from_secs(6 * 3600));
}

#[test]
fn a_list_of_a_path_lies_where_it_counts_from_the_folder_of_the_policy() {
    let beside = list("path = \"list.txt\"\nmatch = \"domains\"");
    let Source::Path(path) = &beside.source else { panic!("{:?}", beside.source) };
    assert!(path.is_absolute() && path.ends_with("list.txt"), "{path:?}");
    assert_eq!(beside.label(), "list.txt");

    let file = tempfile::NamedTempFile::new().unwrap();
    let elsewhere = list(&format!("path = \"{}\"\nmatch = \"hosts\"", file.path().display()));
    assert_eq!(elsewhere.source, Source::Path(PathBuf::from(file.path())));
}

#[test]
fn every_format_is_known_by_its_word() {
    for (word, format) in Format::ALL {
        let text = format!("path = \"list.txt\"\nmatch = \"hosts\"\nformat = \"{word}\"");
        assert_eq!(list(&text).format, Some(format));
        assert_eq!(format.as_str(), word);
    }
    assert_eq!(list("path = \"list.txt\"\nmatch = \"hosts\"\nformat = \"auto\"").format, None);
    assert_eq!(
        refusal("path = \"list.txt\"\nmatch = \"hosts\"\nformat = \"abp\""),
        "p.toml:5:10: `format` cannot be `abp` (write \"auto\", \"hosts\", \"domains\", \"adblock\", \"dnsmasq\", \
         \"rpz\" or \"addresses\")"
    );
}

#[test]
fn what_a_name_means_must_be_said_where_the_format_does_not_say_it() {
    for format in ["", "format = \"auto\"", "format = \"hosts\"", "format = \"domains\""] {
        let told = refusal(&format!("path = \"list.txt\"\n{format}"));
        assert!(
            told.starts_with("p.toml:2:1: the list does not say what a name in it means (write"),
            "{told}"
        );
    }
    for format in ["adblock", "dnsmasq", "rpz", "addresses"] {
        assert_eq!(list(&format!("path = \"list.txt\"\nformat = \"{format}\"")).bare, Scope::Exact);
    }
    assert_eq!(
        refusal("path = \"list.txt\"\nmatch = \"all\""),
        "p.toml:4:9: `match` cannot be `all` (write \"hosts\" or \"domains\")"
    );
}

#[test]
fn a_list_comes_from_exactly_one_place() {
    assert_eq!(
        refusal("match = \"hosts\""),
        "p.toml:2:1: the list does not say where it comes from (write url = \"https://…\", or path = \"…\" of a file \
         of this machine)"
    );
    assert_eq!(
        refusal("url = \"https://example.org/\"\npath = \"list.txt\"\nmatch = \"hosts\""),
        "p.toml:4:8: a list comes from a URL or from a path (take one of the two out)"
    );
}

#[test]
fn a_url_must_be_one_that_can_be_fetched_and_shown() {
    for (url, fault) in [
        ("", "is not a URL"),
        ("example.org/list.txt", "is not a URL"),
        ("ftp://example.org/x", "is not a URL that begins with `http://` or `https://`"),
        ("file:///etc/hosts", "is not a URL"),
        ("/lists/x.txt", "is not a URL that begins with `http://` or `https://`"),
        ("example.org", "is not a URL that begins with `http://` or `https://`"),
        ("https://", "is not a URL"),
        ("https://:443/x", "is a URL without a host"),
        ("https://exämple.org/", "holds letters beyond ASCII, which no URL on the wire has"),
        ("https://example.org/a b", "is not a URL"),
        ("https://me:secret@example.org/", "has a user in it, which metrics and logs would show"),
    ] {
        let told = refusal(&format!("url = \"{url}\"\nmatch = \"hosts\""));
        assert!(told.starts_with(&format!("p.toml:3:7: `{url}` {fault} (write it as")), "{told}");
    }
}

#[test]
fn a_path_must_be_that_of_a_file_that_is_there() {
    let told = refusal("path = \"lists/none.txt\"\nmatch = \"hosts\"");
    assert!(told.starts_with("p.toml:3:8: `lists/none.txt` cannot be read: No such file"), "{told}");
    assert!(
        told.ends_with("(create the file, or name another; the path counts from the folder of this policy)")
    );
    let told = refusal("path = \"/\"\nmatch = \"hosts\"");
    assert!(told.starts_with("p.toml:3:8: `/` is not a file (create"), "{told}");
}

#[test]
fn the_time_between_two_fetches_is_a_number_with_its_unit() {
    for (text, seconds) in
        [("10m", 600), ("90m", 5400), ("1h", 3600), ("1d", 86_400), ("1w", 604_800), ("52w", 31_449_600)]
    {
        assert_eq!(refresh(text), Ok(Duration::from_secs(seconds)), "{text}");
    }
    for text in ["", "d", "1", "1y", "1 d", "+1d", "-1d", "1.5d", "1d6h", "1D", "١d"] {
        assert_eq!(refresh(text), Err(BadRefresh::Unreadable(String::from(text))), "{text}");
    }
    for text in ["0m", "9m", "0w"] {
        assert_eq!(refresh(text), Err(BadRefresh::Often(String::from(text))));
    }
    for text in ["53w", "99999999999999999999999d", "18446744073709551615w"] {
        assert_eq!(refresh(text), Err(BadRefresh::Seldom(String::from(text))));
    }
    assert_eq!(
        refusal("path = \"list.txt\"\nmatch = \"hosts\"\nrefresh = \"5m\""),
        "p.toml:5:11: `5m` is too often for a list, of which each fetch costs its publisher (write \"10m\" or more; \
         most lists change once a day)"
    );
}

#[test]
fn an_unknown_key_or_a_value_of_another_type_is_told_once() {
    let told = refusal("url = \"https://example.org/\"\nmatch = \"hosts\"\nrefesh = \"1d\"");
    assert!(told.starts_with("p.toml:5:1: unknown key `refesh` (did you mean `refresh`?"), "{told}");
    let told = refusal("url = 3\nmatch = \"hosts\"");
    assert!(told.starts_with("p.toml:3:7: integer `3` stands where text belongs"), "{told}");
    let told = refusal("url = \"https://example.org/\"\nmacth = \"hosts\"");
    assert!(told.starts_with("p.toml:4:1: unknown key `macth` (did you mean `match`?"), "{told}");
    let told = refusals("[list]\nurl = \"https://example.org/\"\nmatch = \"hosts\"");
    assert!(told[0].contains("of tables, two brackets: [[…]]"), "{told:?}");
}

#[test]
fn a_list_is_named_once_in_a_policy() {
    let one = "[[list]]\npath = \"list.txt\"\nmatch = \"hosts\"\n";
    assert_eq!(
        refusals(&format!("{one}{one}")),
        ["p.toml:6:8: the list `list.txt` is named twice (take one of the two [[list]] out)"]
    );
    let other = "[[list]]\nurl = \"https://example.org/\"\nmatch = \"domains\"\n";
    let lists = check(&format!("{one}{other}")).unwrap().lists;
    assert_eq!(lists.iter().map(|list| list.line).collect::<Vec<_>>(), [2, 5]);
}
