//! The page keeps to its own rules: small, from here alone, and nothing that the Content-Security-Policy refuses.

use std::collections::BTreeSet;

use super::*;

const LOGIN: &str = include_str!("assets/login.html");

/// Path and text of everything that a browser gets.
fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    ASSETS.iter().map(|asset| (asset.path, asset.text)).chain([("login.html", LOGIN)])
}

fn pages() -> [(&'static str, &'static str); 2] {
    [("/", ASSETS[0].text), ("login.html", LOGIN)]
}

/// The values of an attribute.
fn attributes<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    text.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn it_is_small() {
    let bytes: usize = all().map(|(_, text)| text.len()).sum();
    assert!((20_000..60_000).contains(&bytes), "{bytes}");
}

#[test]
fn nothing_comes_from_elsewhere() {
    // Names of XML, which nobody fetches.
    let names = ["\"http://www.w3.org/2000/svg\""];
    for (path, text) in all() {
        let text = names.iter().fold(text.to_owned(), |text, name| text.replace(name, ""));
        for word in
            ["http:", "https:", "ws://", "wss:", "data:", "blob:", "@import", "url(", "\"//", "import("]
        {
            assert!(!text.contains(word), "{path} has {word}");
        }
    }
}

#[test]
fn what_a_page_names_is_served() {
    let served: BTreeSet<&str> = ASSETS.iter().map(|asset| asset.path).collect();
    let mut named = BTreeSet::from(["/"]);
    for (path, text) in pages() {
        for value in [attributes(text, "src"), attributes(text, "href")].concat() {
            let anchor = value.strip_prefix('#');
            if let Some(id) = anchor {
                assert!(attributes(text, "id").contains(&id), "{path} has no {value}");
            } else {
                assert!(served.contains(value), "{path} names {value}");
                named.insert(value);
            }
        }
    }
    for (path, text) in all().filter(|(path, _)| path.ends_with(".js")) {
        for line in text.lines().filter(|line| line.starts_with("import ")) {
            let module = line.split('"').nth(1).unwrap().strip_prefix('.').unwrap();
            let module = served.get(module).unwrap_or_else(|| panic!("{path} imports {module}"));
            named.insert(module);
        }
    }
    assert_eq!(named, served, "and all that is served is named");
}

#[test]
fn pages_have_no_script_style_or_handler_in_them() {
    for (path, text) in pages() {
        assert!(
            !text.contains("<style") && !text.contains(" style=") && !text.contains("javascript:"),
            "{path}"
        );
        for script in text.split("<script").skip(1) {
            let body = script.split_once('>').unwrap().1.split_once("</script>").unwrap().0;
            assert!(body.is_empty() && script.starts_with(" type=\"module\" src=\"/"), "{path}: {script}");
        }
        for tag in text.split('<').skip(1).map(|tag| tag.split('>').next().unwrap()) {
            let handler =
                tag.split_whitespace().skip(1).find(|word| word.starts_with("on") && word.contains('='));
            assert_eq!(handler, None, "{path}: <{tag}>");
        }
        assert!(text.contains("<html lang=\"en\">") && text.contains("<title>gateway"), "{path}");
        assert!(text.contains("name=\"viewport\""), "{path}");
    }
}

#[test]
fn scripts_make_no_markup_of_text() {
    for (path, text) in all().filter(|(path, _)| path.ends_with(".js")) {
        for word in [
            "innerHTML",
            "outerHTML",
            "insertAdjacent",
            "document.write",
            "eval(",
            "Function(",
            "DOMParser",
            "createContextualFragment",
            "setHTML",
            "srcdoc",
            "setAttribute(\"on",
            "setAttribute(\"style",
            "setTimeout(\"",
            ".href =",
            ".src =",
            "location",
            "localStorage",
        ] {
            assert!(!text.contains(word), "{path} has {word}");
        }
    }
}

#[test]
fn every_place_that_a_script_fills_is_in_the_page() {
    let page = ASSETS[0].text;
    let ids: BTreeSet<&str> = attributes(page, "id").into_iter().collect();
    assert_eq!(ids.len(), attributes(page, "id").len(), "an id is there twice");
    for (path, text) in all().filter(|(path, _)| path.ends_with(".js")) {
        for id in text.split("byId(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(ids.contains(id), "{path} looks for #{id}");
        }
        let templates = text.split("-row\"").filter_map(|before| before.rsplit('"').next());
        for template in templates.filter(|name| name.len() < 20 && text.contains(&format!("\"{name}-row\"")))
        {
            assert!(ids.contains(format!("{template}-row").as_str()), "{path} clones {template}-row");
        }
    }
}
