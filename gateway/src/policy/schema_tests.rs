//! The schemas say the same as the readers of the files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::value::Error;
use serde::de::{Deserializer, Error as _, Visitor};
use serde_json::Value;

use super::*;
use crate::policy::file::PolicyFile;
use crate::policy::mistake::SourceFile;
use crate::policy::raw::{
    RawAllow, RawBlock, RawConfig, RawControl, RawDefaults, RawDevice, RawEvents, RawInspect, RawList,
    RawLists, RawMetrics, RawNames, RawPage, RawPolicy, RawResolve, RawSchedule,
};

fn schema(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// What the schema says about a TOML text.
fn is_valid(schema_text: &str, toml: &str) -> bool {
    let validator = jsonschema::draft202012::new(&schema(schema_text)).unwrap();
    let instance: Value = toml::from_str(toml).unwrap();
    validator.is_valid(&instance)
}

/// Takes down the keys of a raw form: what its derived reader says that it reads.
struct Keys<'a>(&'a mut BTreeSet<String>);

impl<'de> Deserializer<'de> for Keys<'_> {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        self.0.extend(fields.iter().map(|field| String::from(*field)));
        Err(Error::custom("the keys are all that is wanted"))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("not a table"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn keys_of<T: for<'de> Deserialize<'de>>() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    assert!(T::deserialize(Keys(&mut keys)).is_err() && !keys.is_empty());
    keys
}

/// The keys of each table that the schema describes, by the place of the table.
fn tables_of(at: &str, value: &Value, tables: &mut BTreeMap<String, BTreeSet<String>>) {
    if let Some(properties) = value.get("properties").and_then(Value::as_object) {
        assert_eq!(value["additionalProperties"], Value::Bool(false), "{at}");
        tables.insert(String::from(at), properties.keys().cloned().collect());
        for (key, property) in properties {
            tables_of(&format!("{at}/{key}"), property, tables);
        }
    }
    if let Some(items) = value.get("items") {
        tables_of(&format!("{at}/*"), items, tables);
    }
}

#[test]
fn the_schemas_are_schemas() {
    for text in [CONFIG_SCHEMA, POLICY_SCHEMA] {
        assert!(jsonschema::draft202012::meta::is_valid(&schema(text)));
    }
}

#[test]
fn the_schemas_have_the_keys_that_the_readers_know_and_no_others() {
    let mut tables = BTreeMap::new();
    tables_of("config", &schema(CONFIG_SCHEMA), &mut tables);
    tables_of("policy", &schema(POLICY_SCHEMA), &mut tables);
    let readers = [
        ("config", keys_of::<RawConfig>()),
        ("config/metrics", keys_of::<RawMetrics>()),
        ("config/control", keys_of::<RawControl>()),
        ("config/page", keys_of::<RawPage>()),
        ("config/resolve", keys_of::<RawResolve>()),
        ("config/lists", keys_of::<RawLists>()),
        ("config/events", keys_of::<RawEvents>()),
        ("config/names", keys_of::<RawNames>()),
        ("config/defaults", keys_of::<RawDefaults>()),
        ("config/device/*", keys_of::<RawDevice>()),
        ("policy", keys_of::<RawPolicy>()),
        ("policy/block", keys_of::<RawBlock>()),
        ("policy/allow", keys_of::<RawAllow>()),
        ("policy/inspect", keys_of::<RawInspect>()),
        ("policy/list/*", keys_of::<RawList>()),
        ("policy/schedule/*", keys_of::<RawSchedule>()),
    ];
    assert_eq!(tables, readers.map(|(at, keys)| (String::from(at), keys)).into());
}

/// What the reader of policies says about a text: the cures of its mistakes.
fn cures(policy: &str) -> Vec<String> {
    let mut mistakes = Vec::new();
    PolicyFile::check(&SourceFile::new(Path::new("p.toml"), policy), &mut mistakes);
    mistakes.into_iter().map(|mistake| mistake.cure).collect()
}

/// The lines of a policy in which the key at this place of the schema has that value.
fn with_value(at: &[&str], value: &str) -> String {
    match at {
        [key] => format!("name = \"p\"\n{key} = {value}\n"),
        ["list", key] => format!(
            "name = \"p\"\n[[list]]\nurl = \"https://x.example/\"\nmatch = \"hosts\"\n{key} = {value}\n"
        )
        .replace(if *key == "match" { "match = \"hosts\"\n" } else { "" }, ""),
        [table, key] => format!("name = \"p\"\n[{table}]\n{key} = {value}\n"),
        _ => panic!("{at:?}"),
    }
}

#[test]
fn where_a_policy_takes_one_of_a_few_words_the_schema_has_the_same_words() {
    let schema = schema(POLICY_SCHEMA);
    let inspect = schema["properties"]["inspect"]["properties"].as_object().unwrap();
    let of_inspect = inspect.iter().map(|(key, property)| (vec!["inspect", key], property));
    let of_list = &schema["properties"]["list"]["items"]["properties"];
    let others = [
        (vec!["action"], &schema["properties"]["action"]),
        (vec!["list", "format"], &of_list["format"]),
        (vec!["list", "match"], &of_list["match"]),
    ];
    let mut count = 0;
    for (at, property) in of_inspect.chain(others) {
        let words: BTreeSet<&str> =
            property["enum"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let told = cures(&with_value(&at, "\"nonsense\"")).concat();
        let known: BTreeSet<&str> = told.split('"').skip(1).step_by(2).collect();
        assert_eq!(words, known, "{at:?}");
        assert!(property.get("default").is_none_or(|word| words.contains(word.as_str().unwrap())), "{at:?}");
        count += 1;
    }
    assert_eq!(count, 9);
}

#[test]
fn a_value_of_another_type_is_refused_by_the_schema_as_by_the_reader() {
    for at in [
        &["name"][..],
        &["about"],
        &["action"],
        &["block"],
        &["block", "domains"],
        &["allow", "ports"],
        &["block", "resolve"],
        &["inspect", "ech"],
    ] {
        let policy = with_value(at, "1");
        let policy = if at == ["name"] { String::from("name = 1") } else { policy };
        assert!(!cures(&policy).is_empty() && !is_valid(POLICY_SCHEMA, &policy), "{policy}");
    }
    let text_for_list = with_value(&["block", "hosts"], "\"x.example\"");
    assert!(!cures(&text_for_list).is_empty() && !is_valid(POLICY_SCHEMA, &text_for_list));
}

#[test]
fn an_entry_that_the_reader_takes_is_valid_and_one_of_another_kind_is_not() {
    for (key, good, bad) in [
        ("domains", "x.example.", "https://x.example/"),
        ("domains", "Bücher.example", "*.x.example"),
        ("hosts", "_dns.x-1.example", "||x.example^"),
        ("hosts", "X", ""),
        ("addresses", "203.0.113.0/24", "x.example"),
        ("addresses", "2001:db8::/32", "2001:db8::/"),
        ("ports", "tcp/853", "853"),
        ("ports", "udp/1", "sctp/1"),
    ] {
        for side in ["block", "allow"] {
            let entry = |value: &str| with_value(&[side, key], &format!("[\"{value}\"]"));
            assert_eq!(cures(&entry(good)), Vec::<String>::new());
            assert!(is_valid(POLICY_SCHEMA, &entry(good)), "{good}");
            assert!(!cures(&entry(bad)).is_empty() && !is_valid(POLICY_SCHEMA, &entry(bad)), "{bad}");
        }
    }
}

#[test]
fn a_schedule_that_the_reader_takes_is_valid_and_another_is_not() {
    let window = |lines: &str| format!("name = \"p\"\n[[schedule]]\n{lines}\n");
    for lines in
        ["days = [\"mon\", \"sun\"]\nfrom = \"21:00\"\nto = \"07:00\"", "to = \"24:00\"", "from = \"00:00\""]
    {
        let policy = window(lines);
        assert!(cures(&policy).is_empty() && is_valid(POLICY_SCHEMA, &policy), "{lines}");
    }
    for lines in [
        "",
        "days = []",
        "days = [\"monday\"]",
        "from = \"24:00\"",
        "to = \"9:00\"",
        "to = \"23:60\"",
        "to = 7",
    ] {
        let policy = window(lines);
        assert!(!cures(&policy).is_empty() && !is_valid(POLICY_SCHEMA, &policy), "{lines}");
    }
}

#[test]
fn a_list_that_the_reader_takes_is_valid_and_another_is_not() {
    let list = |lines: &str| format!("name = \"p\"\n[[list]]\n{lines}\n");
    let url = "url = \"https://x.example/l.txt\"";
    for lines in
        ["match = \"hosts\"", "format = \"rpz\"", "format = \"auto\"\nmatch = \"domains\"\nrefresh = \"6h\""]
    {
        let policy = list(&format!("{url}\n{lines}"));
        assert_eq!(cures(&policy), Vec::<String>::new(), "{lines}");
        assert!(is_valid(POLICY_SCHEMA, &policy), "{lines}");
    }
    for lines in [
        "match = \"hosts\"",
        url,
        &format!("{url}\nformat = \"auto\""),
        &format!("{url}\npath = \"/dev/null\"\nmatch = \"hosts\""),
        &format!("{url}\nmatch = \"names\""),
        &format!("{url}\nmatch = \"hosts\"\nrefresh = \"daily\""),
        &format!("{url}\nmatch = \"hosts\"\nevery = \"1d\""),
        "url = \"ftp://x.example/\"\nmatch = \"hosts\"",
    ] {
        let policy = list(lines);
        assert!(!cures(&policy).is_empty() && !is_valid(POLICY_SCHEMA, &policy), "{lines}");
    }
}

#[test]
fn a_configuration_that_cannot_be_right_is_not_valid() {
    let with = |text: &str| format!("interfaces = [\"lan1\"]\npolicies = \"policies\"\n{text}");
    let device = |mac: &str| with(&format!("[[device]]\nname = \"x\"\nmac = \"{mac}\""));
    assert!(is_valid(CONFIG_SCHEMA, &with("")));
    assert!(is_valid(CONFIG_SCHEMA, &with("[metrics]\nlisten = \"[::1]:9469\"")));
    assert!(is_valid(CONFIG_SCHEMA, &with("[defaults]\ntrack = 1024")));
    for listen in ["off", "127.0.0.1:9470", "[fd00::1]:80", "/run/gateway/page.sock"] {
        let page = format!("[page]\nlisten = \"{listen}\"\ntoken_file = \"/t\"\nhosts = [\"gateway.lan\"]");
        assert!(is_valid(CONFIG_SCHEMA, &with(&page)), "{page}");
    }
    for lines in ["", "journald = true", "file = \"/e\"\nrotate_at = \"1MiB\"\nkeep = 0"] {
        assert!(is_valid(CONFIG_SCHEMA, &with(&format!("[events]\n{lines}"))), "{lines}");
    }
    let names =
        "[names]\nleases = [\"/var/lib/misc/dnsmasq.leases\"]\nvendors = \"/usr/share/ieee-data/oui.txt\"";
    assert!(is_valid(CONFIG_SCHEMA, &with(names)));
    for mac in ["8c:be:be:12:34:56", "8C-BE-BE-12-34-56", "8c:be:be:*", "8c:*"] {
        assert!(is_valid(CONFIG_SCHEMA, &device(mac)), "{mac}");
    }
    for text in [
        String::new(),
        String::from("interfaces = []\npolicies = \"policies\""),
        with("interface = \"lan2\""),
        with("pin = \"gateway\""),
        with("[metrics]\nlisten = 9469"),
        with("[metrics]\nlisten = \"localhost\""),
        with("[page]\nlisten = \"localhost\""),
        with("[page]\nlisten = false"),
        with("[page]\ntoken_file = \"page.token\""),
        with("[page]\nhosts = \"gateway.lan\""),
        with("[page]\nhosts = [\"gateway.lan:9470\"]"),
        with("[names]\nleases = \"/var/lib/misc/dnsmasq.leases\""),
        with("[names]\nleases = [\"dnsmasq.leases\"]"),
        with("[names]\nvendors = \"oui.txt\""),
        with("[device]\nname = \"x\""),
        with("[[device]]\nname = \"x\""),
        with("[[device]]\nname = \"other\"\nmac = \"8c:be:be:12:34:56\""),
        with("[defaults]\npolicies = \"a\""),
        with("[defaults]\ntrack = -1"),
        with("[defaults]\ntrack = 1025"),
        with("[defaults]\ntrack = \"20\""),
        with("[events]\njournald = \"yes\""),
        with("[events]\nfile = \"events.jsonl\""),
        with("[events]\nfile = \"/var/log/\""),
        with("[events]\nkeep = 5"),
        with("[events]\nfile = \"/e\"\nkeep = -1"),
        with("[events]\nfile = \"/e\"\nrotate_at = \"10\""),
        device("8c:be:be:12:34"),
        device("8c:be:b*"),
        device("*"),
        device("8c:be:be:12:34:5g"),
    ] {
        assert!(!is_valid(CONFIG_SCHEMA, &text), "{text}");
    }
}

#[test]
fn what_ships_and_what_the_readme_shows_is_valid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    assert!(is_valid(CONFIG_SCHEMA, &read("packaging/gateway.toml")));
    let mut policies = 0;
    for entry in fs::read_dir(root.join("policies")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            assert!(is_valid(POLICY_SCHEMA, &fs::read_to_string(&path).unwrap()), "{}", path.display());
            policies += 1;
        }
    }
    assert!(policies >= 3, "{policies}");
    let readme = read("README.md");
    let shown: Vec<&str> =
        readme.split("```toml\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0)).collect();
    assert!(shown.len() >= 2, "{shown:?}");
    for text in shown {
        let schema = if text.contains("interfaces = ") { CONFIG_SCHEMA } else { POLICY_SCHEMA };
        assert!(is_valid(schema, text), "{text}");
    }
}
