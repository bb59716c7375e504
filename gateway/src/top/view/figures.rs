//! Numbers in few cells.

/// A number that is not negative in at most four cells: `0`, `0.3`, `9.9`, `120`, `1.2k`, `34k`, `5.6M`. A thousand is 1000.
pub fn short(number: f64) -> String {
    const UNITS: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];
    if number < 0.05 {
        return String::from("0");
    }
    let mut scaled = number;
    for unit in UNITS {
        // 9.95 and 999.5 would be rounded to one digit more.
        if scaled < 9.95 {
            return format!("{scaled:.1}{unit}");
        }
        if scaled < 999.5 {
            return format!("{scaled:.0}{unit}");
        }
        scaled /= 1000.0;
    }
    String::from("lots")
}

/// A total, exact if it fits into so many cells.
pub fn count(number: u64, cells: u16) -> String {
    let exact = number.to_string();
    if exact.len() <= usize::from(cells) {
        return exact;
    }
    #[expect(clippy::cast_precision_loss, reason = "three digits of it are shown")]
    short(number as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_takes_four_cells_at_most_and_keeps_two_digits() {
        for (number, text) in [
            (0.0, "0"),
            (0.04, "0"),
            (0.05, "0.1"),
            (1.0, "1.0"),
            (9.94, "9.9"),
            (9.95, "10"),
            (999.4, "999"),
            (999.5, "1.0k"),
            (12_345.0, "12k"),
            (999_499.0, "999k"),
            (999_500.0, "1.0M"),
            (18_446_744_073_709_551_615.0, "18E"),
        ] {
            assert_eq!(short(number), text, "{number}");
        }
        assert_eq!(short(f64::MAX), "lots");
    }

    #[test]
    fn a_total_is_exact_as_long_as_it_fits() {
        assert_eq!(count(99_999, 5), "99999");
        assert_eq!(count(100_000, 5), "100k");
        assert_eq!(count(u64::MAX, 7), "18E");
    }
}
