//! Numbers as people read them in a table.

/// A number in at most four characters: `999`, `1.2k`, `45k`, `1.2M`. Rounded down.
pub fn short(number: u64) -> String {
    let mut unit = 1;
    let mut name = None;
    for next in ["k", "M", "G", "T", "P", "E"] {
        if number / unit < 1000 {
            break;
        }
        unit *= 1000;
        name = Some(next);
    }
    match (number / unit, name) {
        (whole, None) => whole.to_string(),
        (whole @ 0..10, Some(name)) => format!("{whole}.{}{name}", number % unit / (unit / 10)),
        (whole, Some(name)) => format!("{whole}{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_never_more_than_what_was_counted() {
        for (number, shown) in [
            (0, "0"),
            (999, "999"),
            (1000, "1.0k"),
            (1299, "1.2k"),
            (9999, "9.9k"),
            (10_000, "10k"),
            (999_999, "999k"),
            (1_000_000, "1.0M"),
            (4_200_000_000, "4.2G"),
            (u64::MAX, "18E"),
        ] {
            assert_eq!(short(number), shown);
        }
    }
}
