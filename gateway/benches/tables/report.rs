//! What was measured, as a table and as JSON.

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, Table};
use serde_json::json;

/// What a case must reach.
#[derive(Clone, Copy)]
pub enum Target {
    AtMost(f64),
    AtLeast(f64),
}

/// A case, and what was measured of it.
struct Row {
    case: String,
    unit: &'static str,
    /// A quarter of the measurements is below the first, half below the second, three quarters below the third.
    quarters: [f64; 3],
    target: Option<Target>,
}

impl Row {
    fn missed(&self) -> bool {
        match self.target {
            Some(Target::AtMost(most)) => self.quarters[1] > most,
            Some(Target::AtLeast(least)) => self.quarters[1] < least,
            None => false,
        }
    }

    fn json(&self) -> String {
        let [low, median, high] = self.quarters.map(|value| (value * 1000.0).round() / 1000.0);
        let (at_most, at_least) = match self.target {
            Some(Target::AtMost(value)) => (Some(value), None),
            Some(Target::AtLeast(value)) => (None, Some(value)),
            None => (None, None),
        };
        json!({
            "case": self.case, "unit": self.unit, "median": median, "quartiles": [low, high],
            "at_most": at_most, "at_least": at_least, "missed": self.missed(),
        })
        .to_string()
    }

    fn cells(&self) -> [String; 6] {
        let [low, median, high] = self.quarters.map(short);
        let target = match self.target {
            Some(Target::AtMost(value)) => format!("at most {}", short(value)),
            Some(Target::AtLeast(value)) => format!("at least {}", short(value)),
            None => String::new(),
        };
        let judged = match (self.target.is_some(), self.missed()) {
            (false, _) => "",
            (true, false) => "ok",
            (true, true) => "missed",
        };
        [self.case.clone(), median, self.unit.into(), format!("{low} to {high}"), target, judged.into()]
    }
}

/// Three digits, more or less.
fn short(value: f64) -> String {
    if value < 10.0 {
        format!("{value:.2}")
    } else if value < 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

/// All that was measured.
pub struct Report {
    filter: Option<String>,
    json: bool,
    rows: Vec<Row>,
    /// What could not be measured, and why.
    notes: Vec<String>,
}

impl Report {
    /// With a `filter`, only cases whose name contains it are measured.
    pub fn new(filter: Option<String>, json: bool) -> Self {
        Self { filter, json, rows: Vec::new(), notes: Vec::new() }
    }

    /// Whether a case is to be measured.
    pub fn wants(&self, case: &str) -> bool {
        self.filter.as_ref().is_none_or(|part| case.contains(part.as_str()))
    }

    /// Whether any of these cases is to be measured.
    pub fn wants_any(&self, cases: &[&str]) -> bool {
        cases.iter().any(|case| self.wants(case))
    }

    /// Takes what was measured of a case, if that is wanted.
    pub fn take(&mut self, case: &str, unit: &'static str, samples: &[f64], target: Option<Target>) {
        if !self.wants(case) {
            return;
        }
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let quarters = [1, 2, 3].map(|quarter| sorted[sorted.len() * quarter / 4]);
        let row = Row { case: case.into(), unit, quarters, target };
        if self.json {
            println!("{}", row.json());
        }
        self.rows.push(row);
    }

    /// Tells that something could not be measured.
    pub fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Whether a case has missed its target.
    pub fn missed(&self) -> bool {
        self.rows.iter().any(Row::missed)
    }

    /// Prints what was not yet printed.
    pub fn end(&self) {
        for note in &self.notes {
            eprintln!("{note}");
        }
        if self.json {
            return;
        }
        let mut table = Table::new();
        table.load_preset(UTF8_HORIZONTAL_ONLY);
        table.set_header(["large policies", "median", "", "quartiles", "target", ""]);
        for row in &self.rows {
            table.add_row(row.cells());
        }
        if let Some(column) = table.column_mut(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        println!("{table}");
    }
}
