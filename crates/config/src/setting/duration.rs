//! Durations: `"500ms"`, `"30s"`, `"10min"`, `"1h"`, `"30d"`.

use std::time::Duration;

use super::{Setting, Shape, Wrong};

/// Units, each with its milliseconds.
const UNITS: &[(&str, u64)] = &[
    ("ms", 1),
    ("s", 1_000),
    ("min", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
    ("w", 604_800_000),
];

/// The longest duration any key takes: ten years.
const MAX_MILLISECONDS: u64 = 3_650 * 86_400_000;

impl Setting for Duration {
    const EXPECTED: &'static str = "a duration such as \"30s\"";
    const SHAPE: Shape = Shape::Form("[0-9]+ *(ms|s|min|h|d|w)");

    /// A whole number and a unit, longer than nothing.
    fn from_text(text: &str) -> Result<Self, Wrong> {
        let wrong =
            || Wrong::text::<Self>(text).hint("write a whole number with ms, s, min, h, d or w");
        let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(unit_at);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let (_, factor) =
            UNITS.iter().find(|(name, _)| *name == unit.trim_start()).ok_or_else(wrong)?;
        match number.checked_mul(*factor) {
            Some(0) => Err(Wrong::new("a duration must be longer than nothing")),
            Some(milliseconds @ 1..=MAX_MILLISECONDS) => Ok(Self::from_millis(milliseconds)),
            Some(_) | None => Err(Wrong::new("a duration can be ten years at most")),
        }
    }

    fn from_integer(value: i64) -> Result<Self, Wrong> {
        Err(Wrong::type_of::<Self>()
            .hint(format!("a unit is missing: \"{value}s\" is {value} seconds")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_means_what_it_says() {
        for (text, seconds) in [
            ("1s", 1),
            ("10min", 600),
            ("1h", 3_600),
            ("30d", 2_592_000),
            ("2w", 1_209_600),
            ("30 s", 30),
            ("1000ms", 1),
        ] {
            assert_eq!(Duration::from_text(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn nothing_else_is_a_duration() {
        for text in [
            "",
            "s",
            "30",
            "-1s",
            "1.5s",
            "30 seconds",
            "0s",
            "11000d",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert!(Duration::from_text(text).is_err(), "{text}");
        }
    }
}
