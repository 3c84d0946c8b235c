//! Sizes, durations and moments: how an operator writes them and how they are shown.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Each unit of time with its length in milliseconds, the longest first.
const TIME_UNITS: [(&str, u64); 6] =
    [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Each unit of size with its power of 1024.
const SIZE_UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];

/// Why a duration on the command line was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DurationError {
    /// No number in front.
    #[error("a duration is a whole number and a unit, such as 500ms, 30s, 10min, 1h")]
    NoNumber,
    /// No unit, or none that is known.
    #[error("the unit of a duration is one of ms, s, min, h, d")]
    NoUnit,
    /// Longer than can be counted.
    #[error("the duration is too long")]
    TooLong,
}

/// Reads `500ms`, `30s`, `10min`, `1h`, `30d`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    if number.is_empty() {
        return Err(DurationError::NoNumber);
    }
    let number: u64 = number.parse().map_err(|_| DurationError::TooLong)?;
    let &(_, milliseconds) =
        TIME_UNITS.iter().find(|(name, _)| *name == unit).ok_or(DurationError::NoUnit)?;
    number.checked_mul(milliseconds).map(Duration::from_millis).ok_or(DurationError::TooLong)
}

/// Why a size on the command line was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a size is a whole number and a unit: B, KiB, MiB, GiB, TiB")]
pub(crate) struct NotASize;

/// Reads `512B`, `64MiB`, `20GiB`.
pub(crate) fn parse_size(text: &str) -> Result<u64, NotASize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let power = SIZE_UNITS.iter().position(|name| *name == unit).ok_or(NotASize)?;
    let power = u32::try_from(power).map_err(|_| NotASize)?;
    let number: u64 = number.parse().map_err(|_| NotASize)?;
    number.checked_mul(1024_u64.pow(power)).ok_or(NotASize)
}

/// A duration in its two largest units: `3h 12min`, `45s`, `1.25ms`, `80µs`.
pub(crate) fn duration(duration: Duration) -> String {
    let micros = duration.as_micros();
    if micros < 1000 {
        return format!("{micros}µs");
    }
    if micros < 1_000_000 {
        return format!("{:.2}ms", duration.as_secs_f64() * 1000.0);
    }
    if micros < 60_000_000 {
        let seconds = duration.as_secs_f64();
        return if seconds.fract() < 0.05 {
            format!("{seconds:.0}s")
        } else {
            format!("{seconds:.1}s")
        };
    }
    let seconds = duration.as_secs();
    match seconds {
        0..3600 => two(seconds / 60, "min", seconds % 60, "s"),
        3600..86_400 => two(seconds / 3600, "h", seconds % 3600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3600, "h"),
    }
}

fn two(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 {
        format!("{large}{large_unit}")
    } else {
        format!("{large}{large_unit} {small}{small_unit}")
    }
}

/// A size in its largest unit: `512 B`, `1.5 MiB`.
#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
pub(crate) fn size(bytes: u64) -> String {
    let mut amount = bytes as f64;
    let mut unit = 0;
    while amount >= 1024.0 && unit + 1 < SIZE_UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    let name = SIZE_UNITS.get(unit).copied().unwrap_or_default();
    if unit == 0 { format!("{bytes} {name}") } else { format!("{amount:.1} {name}") }
}

/// A whole number with its thousands apart: `1 234 567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(' ');
        }
        shown.push(digit);
    }
    shown
}

/// A moment as a clock on the wall here shows it, with milliseconds: `2026-11-21 03:11:58.204`.
pub(crate) fn clock(moment: Timestamp) -> String {
    moment.to_zoned(TimeZone::system()).strftime("%F %T.%3f").to_string()
}

/// How long ago an RFC 3339 moment was, or the text itself where it is none; `-` for no moment.
pub(crate) fn ago(moment: Option<&str>, now: Timestamp) -> String {
    apart(moment, |at| now.duration_since(at))
}

/// How long until an RFC 3339 moment; `now` once it has passed.
pub(crate) fn until(moment: Option<&str>, now: Timestamp) -> String {
    apart(moment, |at| at.duration_since(now))
}

fn apart(moment: Option<&str>, between: impl Fn(Timestamp) -> jiff::SignedDuration) -> String {
    let Some(moment) = moment else { return "-".to_owned() };
    let Ok(at) = moment.parse::<Timestamp>() else { return moment.to_owned() };
    match Duration::try_from(between(at)) {
        Ok(time) if time >= Duration::from_secs(1) => duration(Duration::from_secs(time.as_secs())),
        _ => "now".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_number_and_a_unit() {
        assert_eq!(parse_size("20GiB"), Ok(20 << 30));
        assert_eq!(parse_size("512B"), Ok(512));
        for not_one in ["20", "GiB", "20GB", "-1MiB", "99999999999TiB"] {
            assert_eq!(parse_size(not_one), Err(NotASize), "{not_one}");
        }
    }

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse_duration("10min"), Ok(Duration::from_secs(600)));
        assert_eq!(parse_duration("2d"), Ok(Duration::from_secs(172_800)));
    }

    #[test]
    fn a_duration_without_number_or_unit_is_told_apart() {
        assert_eq!(parse_duration("s"), Err(DurationError::NoNumber));
        assert_eq!(parse_duration("-1s"), Err(DurationError::NoNumber));
        assert_eq!(parse_duration("30"), Err(DurationError::NoUnit));
        assert_eq!(parse_duration("30parsecs"), Err(DurationError::NoUnit));
        assert_eq!(parse_duration("99999999999999999999s"), Err(DurationError::TooLong));
        assert_eq!(parse_duration("999999999999999999d"), Err(DurationError::TooLong));
    }

    #[test]
    fn durations_are_shown_in_their_two_largest_units() {
        let shown: Vec<String> =
            [80, 1_250, 45_000_000, 192_000_000, 11_520_000_000, 90_000_000_000]
                .map(|micros| duration(Duration::from_micros(micros)))
                .into();
        assert_eq!(shown, ["80µs", "1.25ms", "45s", "3min 12s", "3h 12min", "1d 1h"]);
    }

    #[test]
    fn sizes_and_counts_are_shown_for_people() {
        assert_eq!([size(0), size(1536), size(3 << 30)], ["0 B", "1.5 KiB", "3.0 GiB"]);
        assert_eq!([count(7), count(1000), count(1_234_567)], ["7", "1 000", "1 234 567"]);
    }

    #[test]
    fn moments_are_shown_by_their_distance() {
        let now: Timestamp = "2026-04-03T12:00:00Z".parse().unwrap();
        assert_eq!(ago(Some("2026-04-03T11:58:30Z"), now), "1min 30s");
        assert_eq!(until(Some("2026-04-03T12:00:40Z"), now), "40s");
        assert_eq!(until(Some("2026-04-03T11:00:00Z"), now), "now");
        assert_eq!(ago(None, now), "-");
    }
}
