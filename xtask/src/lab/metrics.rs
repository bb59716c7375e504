//! What `/metrics` says: the Prometheus text format, read.

use std::collections::BTreeMap;
use std::str::FromStr;

use anyhow::{Context, Error, Result};

/// A metric's name and its labels.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Series {
    /// The metric's name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// The series of one look at `/metrics`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics(BTreeMap<Series, f64>);

impl Metrics {
    /// The sum of the series of a metric that have all these labels; 0 if there is none.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |series: &Series| {
            labels.iter().all(|(key, value)| series.labels.get(*key).is_some_and(|found| found == value))
        };
        self.0.iter().filter(|(series, _)| series.name == name && has(series)).map(|(_, value)| value).sum()
    }

    /// All series with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&Series, f64)> {
        self.0.iter().map(|(series, value)| (series, *value))
    }
}

impl FromStr for Metrics {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let parsed = lines.map(|line| parse_line(line).with_context(|| format!("no metric: `{line}`")));
        Ok(Self(parsed.collect::<Result<_>>()?))
    }
}

fn parse_line(line: &str) -> Result<(Series, f64)> {
    let end = line.find(['{', ' ']).context("no value")?;
    let (name, rest) = line.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => parse_labels(rest)?,
        None => (BTreeMap::new(), rest),
    };
    // A timestamp may follow.
    let value = rest.split_whitespace().next().context("no value")?;
    let value = value.parse().with_context(|| format!("`{value}` is no number"))?;
    Ok((Series { name: name.to_owned(), labels }, value))
}

/// Reads `key="value",…}`; returns the labels and what follows them.
fn parse_labels(mut rest: &str) -> Result<(BTreeMap<String, String>, &str)> {
    let mut labels = BTreeMap::new();
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(rest) = rest.strip_prefix('}') {
            return Ok((labels, rest));
        }
        let (key, after) = rest.split_once("=\"").context("a label without a value")?;
        let (value, after) = unquote(after)?;
        labels.insert(key.trim().to_owned(), value);
        rest = after;
    }
}

/// Reads a label's value up to its closing quote; returns it and what follows the quote.
fn unquote(text: &str) -> Result<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Ok((value, chars.as_str())),
            '\\' => match chars.next().context("a value that ends in the middle")? {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    Err(Error::msg("a value without an end"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
# HELP gateway_device_blocked_packets_total Packets dropped.
# TYPE gateway_device_blocked_packets_total counter
gateway_device_blocked_packets_total{device="anna-phone",mac="8c:be:be:12:34:56",policy="a",action="drop"} 12
gateway_device_blocked_packets_total{device="anna-phone",mac="8c:be:be:12:34:56",policy="b",action="drop"} 3
gateway_device_blocked_packets_total{device="bob-phone",mac="3c:5a:b4:65:43:21",policy="a",action="drop"} 0
gateway_events_lost_total 7 1395066363000
odd{text="a \"b\", {c} \\ =\n",} +Inf
"#;

    #[test]
    fn series_are_summed_by_the_labels_that_are_asked_for() {
        let metrics: Metrics = TEXT.parse().expect("metrics");
        let blocked = |labels: &[(&str, &str)]| metrics.sum("gateway_device_blocked_packets_total", labels);
        assert_eq!(blocked(&[("device", "anna-phone")]), 15.0);
        assert_eq!(blocked(&[("device", "anna-phone"), ("policy", "b")]), 3.0);
        assert_eq!(blocked(&[("device", "bob-phone")]), 0.0);
        assert_eq!(metrics.sum("gateway_events_lost_total", &[]), 7.0);
        assert_eq!(metrics.sum("no_such_metric", &[]), 0.0);
    }

    #[test]
    fn quotes_braces_and_backslashes_in_values_are_read() {
        let metrics: Metrics = TEXT.parse().expect("metrics");
        assert_eq!(metrics.sum("odd", &[("text", "a \"b\", {c} \\ =\n")]), f64::INFINITY);
    }

    #[test]
    fn what_is_no_metric_is_named() {
        for line in ["lonely", "a{b=\"c\"}", "a{b=\"c} 1", "a{b} 1", "a x"] {
            let error = line.parse::<Metrics>().expect_err("no metric");
            assert!(error.to_string().contains(line), "{error}");
        }
    }
}
