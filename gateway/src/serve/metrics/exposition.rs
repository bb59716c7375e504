//! Families as text: in the format of Prometheus (0.0.4), and in OpenMetrics 1.0.
//!
//! * <https://prometheus.io/docs/instrumenting/exposition_formats/>
//! * <https://prometheus.io/docs/specs/om/open_metrics_spec/>

use std::fmt::Write as _;
use std::{panic, thread};

use prometheus::proto::{LabelPair, Metric, MetricFamily, MetricType};

use super::catalogue;

/// So many samples are worth a second thread.
const LARGE: usize = 10_000;

/// How families are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// The text format of Prometheus.
    Text,
    /// OpenMetrics.
    OpenMetrics,
}

impl Format {
    /// Its media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// The families as text, in the order in which they come.
pub fn write(families: &[MetricFamily], format: Format) -> String {
    let (first, second) = families.split_at(middle(families));
    let (mut text, rest) = thread::scope(|scope| {
        // Of a large page each half gets a processor, if there are two.
        let rest = (!second.is_empty()).then(|| scope.spawn(|| write_some(second, format)));
        let text = write_some(first, format);
        (text, rest.map(|rest| rest.join().unwrap_or_else(|panic| panic::resume_unwind(panic))))
    });
    text.push_str(&rest.unwrap_or_default());
    if format == Format::OpenMetrics {
        text.push_str("# EOF\n");
    }
    text
}

/// How many families, from the first on, have half of the samples; of a page that is not large, all.
fn middle(families: &[MetricFamily]) -> usize {
    let samples =
        |families: &[MetricFamily]| families.iter().map(|family| family.get_metric().len()).sum::<usize>();
    let all = samples(families);
    if all < LARGE {
        return families.len();
    }
    let mut before = 0;
    families
        .iter()
        .take_while(|family| {
            before += family.get_metric().len();
            before <= all / 2
        })
        .count()
}

fn write_some(families: &[MetricFamily], format: Format) -> String {
    let samples: usize = families.iter().map(|family| family.get_metric().len()).sum();
    // About what a sample takes here, so that a large page does not grow step by step.
    let mut text = String::with_capacity(4096 + samples * 128);
    for family in families {
        write_family(&mut text, family, format);
    }
    text
}

fn write_family(text: &mut String, family: &MetricFamily, format: Format) {
    let is_counter = family.get_field_type() == MetricType::COUNTER;
    let kind = if is_counter { "counter" } else { "gauge" };
    let name = family.name();
    // OpenMetrics has `_total` at the samples of a counter and not at its family.
    let title = match format {
        Format::OpenMetrics if is_counter => name.strip_suffix("_total").unwrap_or(name),
        _ => name,
    };
    line(text, &["# HELP ", title, " "]);
    escape(text, family.help(), format == Format::OpenMetrics);
    line(text, &["\n# TYPE ", title, " ", kind, "\n"]);
    if let (Format::OpenMetrics, Some(unit)) = (format, unit(name)) {
        line(text, &["# UNIT ", title, " ", unit, "\n"]);
    }
    for sample in family.get_metric() {
        text.push_str(name);
        write_labels(text, sample.get_label());
        write_value(text, value(sample, is_counter));
    }
}

fn line(text: &mut String, parts: &[&str]) {
    parts.iter().for_each(|part| text.push_str(part));
}

fn unit(name: &str) -> Option<&'static str> {
    catalogue::ALL.iter().find(|about| about.name == name)?.unit.label()
}

fn value(sample: &Metric, is_counter: bool) -> f64 {
    if is_counter { sample.get_counter().get_value() } else { sample.get_gauge().get_value() }
}

fn write_labels(text: &mut String, labels: &[LabelPair]) {
    let mut before = '{';
    for label in labels {
        text.push(before);
        line(text, &[label.name(), "=\""]);
        escape(text, label.value(), true);
        text.push('"');
        before = ',';
    }
    if !labels.is_empty() {
        text.push('}');
    }
}

fn write_value(text: &mut String, value: f64) {
    /// Up to here every whole number has its like in both types.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    // Writing to a String cannot fail.
    let _ = if (0.0..EXACT).contains(&value) && value.fract() == 0.0 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is whole, and in range"
        )]
        let whole = value as u64;
        writeln!(text, " {whole}")
    } else if value == f64::INFINITY {
        text.write_str(" +Inf\n")
    } else if value == f64::NEG_INFINITY {
        text.write_str(" -Inf\n")
    } else {
        writeln!(text, " {value}")
    };
}

/// Writes what would end the line or a quoted text as both formats want it. Quotes stay as they are in the help of the text
/// format, which has none around it.
fn escape(text: &mut String, raw: &str, is_quoted: bool) {
    let is_special = |byte: u8| matches!(byte, b'\\' | b'\n') || (is_quoted && byte == b'"');
    let mut rest = raw;
    // None of these bytes is part of a longer character.
    while let Some(at) = rest.bytes().position(is_special) {
        let (plain, special) = rest.split_at(at);
        text.push_str(plain);
        text.push_str(match special.as_bytes().first() {
            Some(b'\n') => "\\n",
            Some(b'"') => "\\\"",
            _ => "\\\\",
        });
        rest = special.get(1..).unwrap_or_default();
    }
    text.push_str(rest);
}

#[cfg(test)]
#[path = "exposition_tests.rs"]
mod tests;
