//! Both kinds of file as they are written, before any check of what the values mean.
//!
//! No key is required here (see [`super::reading`]).

use serde::Deserialize;
use toml::Spanned;

use super::reading::Table;

pub(super) type Text = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    pub interfaces: Option<Spanned<Vec<Text>>>,
    pub policies: Option<Text>,
    pub pin: Option<Text>,
    pub state: Option<Text>,
    pub metrics: Option<Table<RawMetrics>>,
    pub control: Option<Table<RawControl>>,
    pub page: Option<Spanned<Table<RawPage>>>,
    pub resolve: Option<Table<RawResolve>>,
    pub lists: Option<Table<RawLists>>,
    pub events: Option<Spanned<Table<RawEvents>>>,
    pub names: Option<Table<RawNames>>,
    pub defaults: Option<Table<RawDefaults>>,
    #[serde(default)]
    pub device: Vec<Spanned<Table<RawDevice>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMetrics {
    pub listen: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawControl {
    pub socket: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPage {
    pub listen: Option<Text>,
    pub token_file: Option<Text>,
    #[serde(default)]
    pub hosts: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawResolve {
    #[serde(default)]
    pub servers: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLists {
    pub cache: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEvents {
    pub journald: Option<bool>,
    pub file: Option<Text>,
    pub rotate_at: Option<Text>,
    pub keep: Option<Spanned<i64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNames {
    #[serde(default)]
    pub leases: Vec<Text>,
    pub vendors: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDefaults {
    #[serde(default)]
    pub policies: Vec<Text>,
    pub track: Option<Spanned<i64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDevice {
    pub name: Option<Text>,
    pub mac: Option<Text>,
    #[serde(default)]
    pub policies: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPolicy {
    pub name: Option<Text>,
    pub about: Option<String>,
    pub action: Option<Text>,
    pub block: Option<Table<RawBlock>>,
    pub allow: Option<Table<RawAllow>>,
    pub inspect: Option<Table<RawInspect>>,
    #[serde(default)]
    pub list: Vec<Spanned<Table<RawList>>>,
    #[serde(default)]
    pub schedule: Vec<Spanned<Table<RawSchedule>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSchedule {
    pub days: Option<Spanned<Vec<Text>>>,
    pub from: Option<Text>,
    pub to: Option<Text>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBlock {
    #[serde(default)]
    pub domains: Vec<Text>,
    #[serde(default)]
    pub hosts: Vec<Text>,
    #[serde(default)]
    pub addresses: Vec<Text>,
    #[serde(default)]
    pub ports: Vec<Text>,
    pub resolve: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAllow {
    #[serde(default)]
    pub domains: Vec<Text>,
    #[serde(default)]
    pub hosts: Vec<Text>,
    #[serde(default)]
    pub addresses: Vec<Text>,
    #[serde(default)]
    pub ports: Vec<Text>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawInspect {
    pub nameless: Option<Text>,
    pub malformed: Option<Text>,
    pub fragments: Option<Text>,
    pub ip_literal: Option<Text>,
    pub ech: Option<Text>,
    pub quic: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawList {
    pub url: Option<Text>,
    pub path: Option<Text>,
    pub format: Option<Text>,
    #[serde(rename = "match")]
    pub matches: Option<Text>,
    pub refresh: Option<Text>,
}
