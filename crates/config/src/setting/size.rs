//! Sizes: `"64MiB"`, `"64KiB"`, `"500MB"`, or a number of bytes.

use super::{Setting, Shape, Wrong};

/// Units, each with its bytes.
const UNITS: &[(&str, u64)] = &[
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size(pub(crate) u64);

impl Setting for Size {
    const EXPECTED: &'static str = "a size such as \"16MiB\"";
    const SHAPE: Shape = Shape::Size;

    fn from_text(text: &str) -> Result<Self, Wrong> {
        let wrong = || {
            Wrong::text::<Self>(text)
                .hint("write a whole number with KiB, MiB, GiB or TiB, or plain bytes")
        };
        let (number, unit) =
            text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let unit = if unit.is_empty() { "B" } else { unit.trim_start() };
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        number.checked_mul(*factor).map(Self).ok_or_else(wrong)
    }

    fn from_integer(value: i64) -> Result<Self, Wrong> {
        u64::try_from(value).map(Self).map_err(|_| Wrong::text::<Self>(&value.to_string()))
    }
}

impl std::fmt::Display for Size {
    /// In the largest unit that leaves a whole number.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let binary = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
        match binary.iter().find(|(_, shift)| self.0 > 0 && self.0.trailing_zeros() >= *shift) {
            Some((unit, shift)) => write!(f, "{}{unit}", self.0 >> shift),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_means_what_it_says() {
        for (text, bytes) in [
            ("64KiB", 65_536),
            ("1MiB", 1_048_576),
            ("2GiB", 2_147_483_648),
            ("1MB", 1_000_000),
            ("7", 7),
            ("1 KiB", 1024),
        ] {
            assert_eq!(Size::from_text(text), Ok(Size(bytes)), "{text}");
        }
    }

    #[test]
    fn nothing_else_is_a_size() {
        for text in ["", "MiB", "64Mib", "64 M", "1.5GiB", "-1", "99999999TiB"] {
            assert!(Size::from_text(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_size_is_shown_in_its_largest_whole_unit() {
        for (bytes, text) in
            [(65_536, "64KiB"), (1 << 30, "1GiB"), (1025, "1025 bytes"), (0, "0 bytes")]
        {
            assert_eq!(Size(bytes).to_string(), text);
        }
    }
}
