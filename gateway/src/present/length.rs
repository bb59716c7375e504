//! How long a pause is: `10m`, `1h30m`, `2d`.

use jiff::{SignedDuration, Span, SpanRelativeTo};

/// The length of a pause if nothing else is said.
pub const DEFAULT: &str = "10m";

/// The longest pause: what is meant for longer belongs into the configuration.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The text is no length of a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLength {
    /// It is no length of time.
    #[error("write a length of time, such as 10m, 1h30m or 2d")]
    Shape,
    /// It is nothing, or less.
    #[error("a pause takes some time: write a length such as 10m")]
    Nothing,
    /// It is longer than [`LONGEST`].
    #[error("a pause takes at most 30d; for longer, take the policies from the device in the configuration")]
    TooLong,
}

/// Reads a length of time; a day has 24 hours, whatever the clock does meanwhile.
///
/// # Errors
/// If it is none, or too long.
pub fn length(text: &str) -> Result<SignedDuration, BadLength> {
    let span: Span = text.parse().map_err(|_| BadLength::Shape)?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| BadLength::Shape)?;
    within(length)
}

/// The length, if a pause may be so long.
///
/// # Errors
/// If it is too long, or nothing.
pub fn within(length: SignedDuration) -> Result<SignedDuration, BadLength> {
    if !length.is_positive() {
        return Err(BadLength::Nothing);
    }
    if length > LONGEST { Err(BadLength::TooLong) } else { Ok(length) }
}

/// The length in seconds, rounded up: whoever asks for a second or less gets one.
pub fn whole_seconds(length: SignedDuration) -> i64 {
    length.as_secs() + i64::from(length.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_hours_and_days_are_read() {
        for (text, minutes) in [
            ("10m", 10),
            ("1h30m", 90),
            ("1h 30m", 90),
            ("2d", 2 * 24 * 60),
            ("30d", 30 * 24 * 60),
            (DEFAULT, 10),
        ] {
            assert_eq!(length(text), Ok(SignedDuration::from_mins(minutes)), "{text}");
        }
        assert_eq!(length("90s"), Ok(SignedDuration::from_secs(90)));
    }

    #[test]
    fn what_is_no_length_of_a_pause_is_refused() {
        for (text, refusal) in [
            ("", BadLength::Shape),
            ("10", BadLength::Shape),
            ("soon", BadLength::Shape),
            ("1mo", BadLength::Shape),
            ("99999999999999999999h", BadLength::Shape),
            ("0m", BadLength::Nothing),
            ("-10m", BadLength::Nothing),
            ("30d1s", BadLength::TooLong),
            ("9999h", BadLength::TooLong),
        ] {
            assert_eq!(length(text), Err(refusal), "{text}");
        }
    }
}
