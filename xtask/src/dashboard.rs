//! The dashboard that ships (`grafana/gateway.json`), read as far as Grafana needs it to show something.

use std::fs;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::paths;

#[cfg(test)]
#[path = "dashboard_tests.rs"]
mod tests;

/// The whole of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dashboard {
    /// By which links know it.
    pub uid: String,
    /// How Grafana is to read it.
    pub schema_version: u32,
    /// Rows and panels, in their order.
    pub panels: Vec<Panel>,
    /// Where the variables are.
    pub templating: Templating,
}

/// The variables.
#[derive(Debug, Deserialize)]
pub struct Templating {
    /// In their order: each may use those before it.
    pub list: Vec<Variable>,
}

/// What a person chooses at the top.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Variable {
    /// Its name, as in `$name`.
    pub name: String,
    /// `datasource` or `query`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whose values it takes: `label_values(SELECTOR, LABEL)`.
    pub definition: Option<String>,
    /// What it stands for when all are chosen.
    pub all_value: Option<String>,
    /// Where its values come from.
    pub datasource: Option<Source>,
}

/// A data source.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub struct Source {
    /// `prometheus`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Which one of that type.
    pub uid: String,
}

/// A panel, or a row that stands above some.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Panel {
    /// Its number.
    pub id: u32,
    /// How it shows: `timeseries`, `stat`, `table`, `bargauge`, or `row`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its title.
    pub title: String,
    /// What it means and what to do.
    pub description: Option<String>,
    /// Where it stands.
    pub grid_pos: Place,
    /// Where its series come from.
    pub datasource: Option<Source>,
    /// Its queries.
    #[serde(default)]
    pub targets: Vec<Target>,
    /// Units, colours and names of its fields.
    #[serde(default)]
    pub field_config: Value,
    /// What becomes of a table's columns.
    #[serde(default)]
    pub transformations: Vec<Value>,
}

/// Where a panel stands, in a grid 24 wide.
#[derive(Debug, Deserialize, Clone, Copy)]
pub struct Place {
    /// From the left.
    pub x: u32,
    /// From the top.
    pub y: u32,
    /// Its width.
    pub w: u32,
    /// Its height.
    pub h: u32,
}

/// A query.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Its letter.
    pub ref_id: String,
    /// In Prometheus' language, with variables.
    pub expr: String,
    /// Where it is asked.
    pub datasource: Source,
    /// How its series are called; nothing in a table.
    pub legend_format: Option<String>,
    /// `table` or `time_series`.
    pub format: String,
}

impl Dashboard {
    /// Reads the file.
    pub fn read() -> Result<Self> {
        let file = paths::grafana().join("gateway.json");
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is no dashboard", file.display()))
    }

    /// The panel of this title.
    pub fn panel(&self, title: &str) -> Result<&Panel> {
        let found = self.panels.iter().find(|panel| panel.kind != "row" && panel.title == title);
        found.with_context(|| format!("there is no panel {title:?}"))
    }
}

impl Panel {
    /// The query of this letter.
    pub fn target(&self, letter: &str) -> Result<&Target> {
        let found = self.targets.iter().find(|target| target.ref_id == letter);
        found.with_context(|| format!("the panel {:?} has no query {letter}", self.title))
    }
}

/// What `label_values(SELECTOR, LABEL)` asks for: selector and label.
pub fn label_values(definition: &str) -> Option<(&str, &str)> {
    let (selector, label) = definition.strip_prefix("label_values(")?.strip_suffix(')')?.rsplit_once(',')?;
    Some((selector.trim(), label.trim()))
}

/// Puts values in the place of `$name` and `${name}`; fails at a variable that has none.
pub fn fill(text: &str, values: &[(&str, String)]) -> Result<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        filled.push_str(before);
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (name, behind) = match after.strip_prefix('{').and_then(|after| after.split_once('}')) {
            Some(braced) => braced,
            None => after.split_at(after.find(|c| !is_part(c)).unwrap_or(after.len())),
        };
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => filled.push_str(value),
            None => bail!("no value for the variable ${name} in {text}"),
        }
        rest = behind;
    }
    Ok(filled + rest)
}
