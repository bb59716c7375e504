//! What Grafana would not say, but show wrong: of the file as it ships.

use std::collections::BTreeSet;
use std::fs;

use super::*;

/// Metrics that Prometheus itself makes of every target.
const OF_PROMETHEUS: [&str; 3] = ["up", "scrape_duration_seconds", "scrape_samples_scraped"];

/// What Grafana gives a value to.
const OF_GRAFANA: [&str; 2] = ["__range", "__rate_interval"];

fn dashboard() -> Dashboard {
    Dashboard::read().expect("a dashboard")
}

fn panels(dashboard: &Dashboard) -> impl Iterator<Item = &Panel> {
    dashboard.panels.iter().filter(|panel| panel.kind != "row")
}

fn file(name: &str) -> String {
    let file = paths::workspace().join(name);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The gateway's metrics that a text names.
fn metrics(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("gateway_")).collect()
}

/// The metrics that README promises.
fn promised(readme: &str) -> BTreeSet<&str> {
    let section = readme.split_once("\n## Metrics\n").expect("a section about metrics").1;
    metrics(section.split_once("\n## ").expect("a section behind it").0)
}

#[test]
fn every_panel_has_a_number_of_its_own_and_a_place_of_its_own() {
    let dashboard = dashboard();
    let ids: BTreeSet<u32> = dashboard.panels.iter().map(|panel| panel.id).collect();
    assert_eq!(ids.len(), dashboard.panels.len(), "numbers twice");
    for (index, panel) in dashboard.panels.iter().enumerate() {
        let a = panel.grid_pos;
        assert!(panel.id > 0 && a.w > 0 && a.h > 0 && a.x + a.w <= 24, "{}: {a:?}", panel.title);
        for other in dashboard.panels.iter().skip(index + 1) {
            let b = other.grid_pos;
            let apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
            assert!(apart, "{:?} is over {:?}", panel.title, other.title);
        }
    }
}

#[test]
fn every_panel_says_what_it_means_and_in_which_unit() {
    for panel in panels(&dashboard()) {
        let about = panel.description.as_deref().unwrap_or_default();
        assert!(about.len() > 15 && about.ends_with('.'), "{}: {about}", panel.title);
        let unit = panel.field_config.pointer("/defaults/unit").and_then(Value::as_str);
        assert!(unit.is_some_and(|unit| !unit.is_empty()), "{} has no unit", panel.title);
        let steps = panel.field_config.pointer("/defaults/thresholds/steps").and_then(Value::as_array);
        let first = steps.and_then(|steps| steps.first()).expect("a first threshold");
        assert_eq!(first.get("value"), Some(&Value::Null), "{}", panel.title);
    }
}

#[test]
fn every_query_has_a_letter_an_expression_and_names_for_its_series() {
    for panel in panels(&dashboard()) {
        assert!(!panel.targets.is_empty(), "{} asks for nothing", panel.title);
        let letters: BTreeSet<&str> = panel.targets.iter().map(|target| target.ref_id.as_str()).collect();
        assert_eq!(letters.len(), panel.targets.len(), "letters twice in {}", panel.title);
        for target in &panel.targets {
            assert!(!target.ref_id.is_empty() && !target.expr.is_empty(), "{}", panel.title);
            let is_table = target.format == "table";
            assert_eq!(is_table, panel.kind == "table", "{}", panel.title);
            let legend = target.legend_format.as_deref().unwrap_or_default();
            assert!(is_table || !legend.is_empty(), "{} has a series without a name", panel.title);
            for label in legend.split("{{").skip(1).filter_map(|part| part.split("}}").next()) {
                let kept = target.expr.contains(&format!("{label},"))
                    || target.expr.contains(&format!("{label})"))
                    || (label == "instance" && !target.expr.contains(" by "));
                assert!(kept, "{}: {label} is not in {}", panel.title, target.expr);
            }
        }
    }
}

#[test]
fn columns_that_are_named_or_coloured_are_there() {
    for panel in panels(&dashboard()).filter(|panel| panel.kind == "table") {
        let organize = panel.transformations.last().and_then(|last| last.pointer("/options/renameByName"));
        let names = organize.and_then(Value::as_object).expect("names of columns");
        let shown: BTreeSet<&str> = names.values().filter_map(Value::as_str).collect();
        assert_eq!(shown.len(), names.len(), "{}: a name twice", panel.title);
        for raw in names.keys() {
            let there = match raw.strip_prefix("Value #") {
                Some(letter) => panel.target(letter).is_ok(),
                None => panel.targets.iter().any(|target| target.expr.contains(raw)),
            };
            assert!(there, "{}: no column {raw}", panel.title);
        }
        let overrides = panel.field_config.get("overrides").and_then(Value::as_array).expect("overrides");
        for name in overrides.iter().filter_map(|one| one.pointer("/matcher/options")?.as_str()) {
            assert!(shown.contains(name), "{}: no column {name}", panel.title);
        }
    }
}

#[test]
fn the_data_source_is_the_one_that_was_chosen_wherever_one_is_asked() {
    let dashboard = dashboard();
    let chosen = Source { kind: "prometheus".to_owned(), uid: "${datasource}".to_owned() };
    for panel in panels(&dashboard) {
        assert_eq!(panel.datasource.as_ref(), Some(&chosen), "{}", panel.title);
        assert!(panel.targets.iter().all(|target| target.datasource == chosen), "{}", panel.title);
    }
    for variable in dashboard.templating.list.iter().filter(|variable| variable.kind == "query") {
        assert_eq!(variable.datasource.as_ref(), Some(&chosen), "{}", variable.name);
    }
}

#[test]
fn variables_use_those_before_them_and_every_query_uses_no_others() {
    let dashboard = dashboard();
    let variables = &dashboard.templating.list;
    let names: Vec<&str> = variables.iter().map(|variable| variable.name.as_str()).collect();
    assert_eq!(names, ["datasource", "job", "instance", "device"]);
    let mut values: Vec<(&str, String)> = Vec::new();
    for variable in variables {
        if let Some(definition) = &variable.definition {
            fill(definition, &values).expect("a variable before it");
            let (selector, label) = label_values(definition).expect("values of a label");
            assert!(selector.starts_with("gateway_") && label == variable.name, "{definition}");
            assert!(variable.all_value.is_some(), "thousands of devices do not fit into one expression");
        }
        values.push((&variable.name, ".*".to_owned()));
    }
    values.extend(OF_GRAFANA.map(|name| (name, "5m".to_owned())));
    for panel in panels(&dashboard) {
        for target in &panel.targets {
            fill(&target.expr, &values).expect("known variables");
            let selectors = target.expr.matches('{').count();
            for variable in ["job=~\"$job\"", "instance=~\"$instance\""] {
                assert_eq!(target.expr.matches(variable).count(), selectors, "{}", target.expr);
            }
            let of_device = target.expr.contains("gateway_device_");
            assert_eq!(of_device, target.expr.contains("device=~\"$device\""), "{}", target.expr);
        }
    }
}

#[test]
fn every_metric_of_dashboard_and_alerts_is_one_that_readme_promises() {
    let (readme, alerts) = (file("README.md"), file("grafana/alerts.yml"));
    let dashboard = dashboard();
    let mut asked = metrics(&alerts);
    for target in panels(&dashboard).flat_map(|panel| &panel.targets) {
        let found = metrics(&target.expr);
        let other = OF_PROMETHEUS.iter().any(|name| target.expr.contains(&format!("{name}{{")));
        assert!(!found.is_empty() || other, "{}", target.expr);
        asked.extend(found);
    }
    let promised = promised(&readme);
    for name in asked {
        assert!(promised.contains(name), "README does not know {name}");
    }
}

#[test]
fn every_alert_is_tested() {
    let (alerts, tests) = (file("grafana/alerts.yml"), file("grafana/alerts_test.yml"));
    let names: Vec<&str> = alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(names.len() >= 10, "{names:?}");
    for name in names {
        let fires = tests.contains(&format!("alertname=\"{name}\""));
        assert!(fires || tests.contains(&format!("- alertname: {name}\n")), "{name} never fires in a test");
    }
}

#[test]
fn variables_are_filled_with_and_without_braces_and_unknown_ones_are_told() {
    let values = [("job", "gateway".to_owned()), ("__range", "60s".to_owned())];
    let filled = fill("x{job=~\"$job\"}[$__range] + ${job}", &values).expect("known variables");
    assert_eq!(filled, "x{job=~\"gateway\"}[60s] + gateway");
    assert!(fill("$other", &values).is_err());
}
