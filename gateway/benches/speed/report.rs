//! What was measured, as a table and as JSON.

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, Table};
use serde_json::json;

use super::cases::Case;

/// A case and its time.
pub struct Measured {
    name: &'static str,
    /// Nanoseconds above empty: the first quarter of the batches is quicker, half, three quarters.
    quarters: [f64; 3],
    target: Option<u64>,
}

impl Measured {
    /// `samples` are sorted.
    pub fn new(case: &Case, samples: Vec<f64>) -> Self {
        let quarters = [1, 2, 3].map(|quarter| samples[samples.len() * quarter / 4]);
        Self { name: case.name, quarters, target: case.target }
    }

    /// Whether it takes longer than its target.
    #[expect(clippy::cast_precision_loss, reason = "nanoseconds of a packet are few")]
    pub fn is_over(&self) -> bool {
        self.target.is_some_and(|target| self.quarters[1] > target as f64)
    }

    /// One line of JSON.
    pub fn json(&self) -> String {
        let [low, median, high] = self.quarters.map(|ns| (ns * 10.0).round() / 10.0);
        json!({
            "case": self.name, "median_ns": median, "quartiles_ns": [low, high],
            "target_ns": self.target, "over": self.is_over(),
        })
        .to_string()
    }
}

/// All of it for people.
pub fn table(all: &[Measured]) -> String {
    let mut table = Table::new();
    table.load_preset(UTF8_HORIZONTAL_ONLY);
    table.set_header(["nanoseconds above an empty program", "median", "quartiles", "target", ""]);
    for measured in all {
        let [low, median, high] = measured.quarters;
        let judged = match (measured.target, measured.is_over()) {
            (None, _) => "",
            (_, false) => "ok",
            (_, true) => "over",
        };
        table.add_row([
            String::from(measured.name),
            format!("{median:.0}"),
            format!("{low:.0} to {high:.0}"),
            measured.target.map_or_else(String::new, |target| target.to_string()),
            String::from(judged),
        ]);
    }
    for column in [1, 3] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}
