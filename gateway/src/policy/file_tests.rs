//! What a policy file may say, and what is said of one that may not.

use std::path::Path;

use proptest::prelude::*;

use super::*;

fn check(text: &str) -> (PolicyFile, Vec<String>) {
    let mut mistakes = Vec::new();
    let file = PolicyFile::check(&SourceFile::new(Path::new("p.toml"), text), &mut mistakes);
    assert_eq!(file.policy.is_some(), mistakes.is_empty());
    (file, mistakes.iter().map(Mistake::one_line).collect())
}

fn policy(text: &str) -> Policy {
    let (file, told) = check(text);
    assert_eq!(told, [""; 0]);
    file.policy.unwrap()
}

/// The one thing that is told.
fn refusal(text: &str) -> String {
    let (_, told) = check(text);
    assert_eq!(told.len(), 1, "{told:#?}");
    told.first().unwrap().clone()
}

#[test]
fn a_policy_says_what_it_blocks_and_allows_and_where_that_is_written() {
    let policy = policy(
        "name = \"xiaomi-telemetry\"\nabout = \"MIUI analytics\"\naction = \"observe\"\n\
         [block]\ndomains = [\n  \"Tracking.MIUI.com.\",\n  \"bücher.example\",\n]\nhosts = [\"data.mistat.xiaomi.com\"]\n\
         addresses = [\"203.0.113.0/24\", \"2001:db8::1\"]\nports = [\"tcp/853\", \"udp/853\"]\n\
         [allow]\nhosts = [\"update.miui.com\"]\n\
         [inspect]\nnameless = \"block\"\nmalformed = \"pass\"\nfragments = \"pass\"\nip_literal = \"block\"\nech = \"block\"\nquic = \"block\"\n",
    );
    let written = |entries: &[Entry<HostName>]| -> Vec<(String, usize)> {
        entries.iter().map(|entry| (entry.value.to_string(), entry.line)).collect()
    };
    assert_eq!(policy.name, "xiaomi-telemetry");
    assert_eq!(policy.about, "MIUI analytics");
    assert_eq!(policy.action, PolicyAction::Observe);
    assert_eq!(
        written(&policy.block.domains),
        [(String::from("tracking.miui.com"), 6), (String::from("xn--bcher-kva.example"), 7)]
    );
    assert_eq!(written(&policy.block.hosts), [(String::from("data.mistat.xiaomi.com"), 9)]);
    let nets: Vec<String> = policy.block.addresses.iter().map(|entry| entry.value.to_string()).collect();
    assert_eq!(nets, ["203.0.113.0/24", "2001:db8::1/128"]);
    let ports: Vec<u8> = policy.block.ports.iter().map(|entry| entry.value.protocol).collect();
    assert_eq!(ports, [6, 17]);
    assert_eq!(written(&policy.allow.hosts), [(String::from("update.miui.com"), 13)]);
    assert_eq!(
        [policy.nameless, policy.malformed, policy.fragments, policy.ip_literal],
        [Treatment::Block, Treatment::Pass, Treatment::Pass, Treatment::Block]
    );
    assert_eq!((policy.ech, policy.quic), (Ech::Block, Quic::Block));
}

#[test]
fn a_policy_with_a_name_only_drops_nothing_but_what_cannot_be_parsed_and_fragments() {
    let policy = policy("name = \"empty\"");
    assert_eq!(policy.action, PolicyAction::Drop);
    assert_eq!((&policy.block, &policy.allow), (&Entries::default(), &Entries::default()));
    assert_eq!(
        [policy.nameless, policy.malformed, policy.fragments, policy.ip_literal],
        [Treatment::Pass, Treatment::Block, Treatment::Block, Treatment::Pass]
    );
    assert_eq!((policy.ech, policy.quic), (Ech::Pass, Quic::Inspect));
}

#[test]
fn a_policy_without_a_name_is_refused() {
    assert_eq!(refusal(""), "p.toml:1:1: the policy has no name (write name = \"…\" at the top of the file)");
    assert!(refusal("nmae = \"x\"").contains("did you mean `name`?"));
    assert!(refusal("name = 3").contains("integer `3` stands where text belongs"));
}

#[test]
fn a_name_with_other_characters_or_of_another_length_is_refused() {
    let cure = "(write 1 to 64 letters (a-z, A-Z), digits, `.`, `_` or `-`)";
    for name in ["", "a b", "käse", "a/b", &"a".repeat(65)] {
        let told = refusal(&format!("name = \"{name}\""));
        assert_eq!(told, format!("p.toml:1:8: `{name}` cannot be the name of a policy {cure}"));
    }
    policy(&format!("name = \"{}\"", "a".repeat(64)));
}

#[test]
fn a_policy_rejects_drops_or_observes() {
    for (word, action) in
        [("reject", PolicyAction::Reject), ("drop", PolicyAction::Drop), ("observe", PolicyAction::Observe)]
    {
        assert_eq!(policy(&format!("name = \"x\"\naction = \"{word}\"")).action, action);
    }
}

#[test]
fn another_word_for_a_choice_is_refused_with_the_words() {
    assert_eq!(
        refusal("name = \"x\"\naction = \"deny\""),
        "p.toml:2:10: `action` cannot be `deny` (write \"reject\", \"drop\" or \"observe\")"
    );
    for key in ["nameless", "malformed", "fragments", "ip_literal"] {
        assert_eq!(
            refusal(&format!("name = \"x\"\n[inspect]\n{key} = \"drop\"")),
            format!("p.toml:3:{}: `{key}` cannot be `drop` (write \"pass\" or \"block\")", key.len() + 4)
        );
    }
}

#[test]
fn an_encrypted_hello_is_passed_blocked_or_judged_by_what_was_asked_for() {
    for (word, ech) in [("pass", Ech::Pass), ("block", Ech::Block), ("judge", Ech::Judge)] {
        assert_eq!(policy(&format!("name = \"x\"\n[inspect]\nech = \"{word}\"")).ech, ech);
    }
    assert_eq!(
        refusal("name = \"x\"\n[inspect]\nech = \"drop\""),
        "p.toml:3:7: `ech` cannot be `drop` (write \"pass\", \"block\" or \"judge\")"
    );
}

#[test]
fn quic_is_inspected_blocked_or_passed() {
    for (word, quic) in [("inspect", Quic::Inspect), ("block", Quic::Block), ("pass", Quic::Pass)] {
        assert_eq!(policy(&format!("name = \"x\"\n[inspect]\nquic = \"{word}\"")).quic, quic);
    }
    assert_eq!(
        refusal("name = \"x\"\n[inspect]\nquic = \"drop\""),
        "p.toml:3:8: `quic` cannot be `drop` (write \"inspect\", \"block\" or \"pass\")"
    );
}

#[test]
fn the_addresses_of_hosts_are_found_out_where_a_policy_says_so() {
    let of = |line: &str| policy(&format!("name = \"x\"\n[block]\nhosts = [\"a.example\"]\n{line}")).resolve;
    assert_eq!((of("resolve = true"), of("resolve = false"), of("")), (true, false, false));
}

#[test]
fn entries_that_cannot_be_are_all_told_each_at_its_place() {
    let (file, told) = check(
        "name = \"x\"\n[block]\ndomains = [\"*.a.example\", \"ok.example\"]\nhosts = [\"https://b.example/x\",\n\
         \"c d\"]\naddresses = [\"10.0.0.1/8\", \"::ffff:10.0.0.1\"]\nports = [\"853\"]\n[allow]\nhosts = [\"1.2.3.4\"]\n\
         [inspect]\nquic = \"drop\"\n",
    );
    assert_eq!(file.name.unwrap().get_ref(), "x");
    let mut places: Vec<&str> = told.iter().map(|line| line.split(": ").next().unwrap()).collect();
    places.sort_unstable();
    assert_eq!(
        places,
        [
            "p.toml:11:8",
            "p.toml:3:12",
            "p.toml:4:10",
            "p.toml:5:1",
            "p.toml:6:14",
            "p.toml:6:28",
            "p.toml:7:10",
            "p.toml:9:10",
        ]
    );
}

#[test]
fn a_file_that_is_not_toml_still_has_its_name() {
    let (file, told) = check("name = \"x\"\n[block\n");
    assert_eq!(file.name.unwrap().get_ref(), "x");
    assert_eq!(told.len(), 1);
}

/// A good file, for proptest to spoil.
const GOOD: &str = "name = \"x\"\nabout = \"ü\"\naction = \"drop\"\n[block]\ndomains = [\"a.example\"]\nhosts = []\n\
                    addresses = [\"10.0.0.0/8\", \"::1\"]\nports = [\"tcp/853\"]\n[allow]\nhosts = [\"b.example\"]\n\
                    [inspect]\nnameless = \"pass\"\n[[list]]\nurl = \"x\"\n";

/// TOML-like text: the good file with pieces cut out and others put in.
fn spoilt() -> impl Strategy<Value = String> {
    let piece = "\\PC{0,3}|[\\[\\]{}=\",.#'\n\r\t\\\\]{1,4}|name|block|= 3|\\[block\\]\n|inspect.quic = 1\n|\"\"\"|[0-9:.-]{1,9}";
    let edit = (0..GOOD.len(), 0..12_usize, piece);
    prop::collection::vec(edit, 0..6).prop_map(|edits| {
        edits.into_iter().fold(String::from(GOOD), |mut text, (at, len, piece)| {
            let start = text.floor_char_boundary(at);
            let end = text.ceil_char_boundary((at + len).min(text.len())).max(start);
            text.replace_range(start..end, &piece);
            text
        })
    })
}

proptest! {
    #[test]
    fn any_text_is_checked_and_its_mistakes_can_be_shown(text in prop_oneof![spoilt(), any::<String>()]) {
        let mut mistakes = Vec::new();
        let file = PolicyFile::check(&SourceFile::new(Path::new("p.toml"), &text), &mut mistakes);
        prop_assert_eq!(file.policy.is_some(), mistakes.is_empty());
        for mistake in mistakes {
            prop_assert!(mistake.render().starts_with("p.toml:"));
            prop_assert!(!mistake.one_line().contains('\n'));
            prop_assert!(!mistake.cure.is_empty() && !mistake.title.is_empty());
        }
    }
}
