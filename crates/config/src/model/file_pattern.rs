//! Names of files with `*` for any text: which files of a folder are meant.

use std::fmt;

/// A pattern for the name of a file. Letters of either case fit, as systems that write `ADT0001.HL7` ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePattern(String);

impl FilePattern {
    /// The pattern as it is written.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    /// Whether a name fits.
    pub fn fits(&self, name: &[u8]) -> bool {
        fits(&name.to_ascii_lowercase(), &self.0.as_bytes().to_ascii_lowercase())
    }
}

impl fmt::Display for FilePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a name fits a pattern in which each `*` stands for any text. Between two of them the first place that fits
/// will do, so that no name takes long.
pub(crate) fn fits(name: &[u8], pattern: &[u8]) -> bool {
    let mut parts = pattern.split(|byte| *byte == b'*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts.filter(|part| !part.is_empty()) {
        let Some(at) = rest.windows(part.len()).position(|window| window == part) else {
            return false;
        };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (name, pattern, expected) in [
            ("a.toml", "*.toml", true),
            ("a.toml.bak", "*.toml", false),
            ("adt-routes.toml", "adt*.toml", true),
            ("x-adt-1.toml", "*adt*", true),
            ("a.toml", "*", true),
            ("a.toml", "a.toml", true),
            ("b.toml", "a.toml", false),
            ("ab", "a*b*", true),
            ("ab", "a**b", true),
            ("aba", "ab*ba", false),
            ("äb", "*b", true),
        ] {
            assert_eq!(fits(name.as_bytes(), pattern.as_bytes()), expected, "{name} {pattern}");
        }
    }

    #[test]
    fn letters_of_either_case_fit() {
        assert!(FilePattern::new("*.hl7").fits(b"ADT0001.HL7"));
        assert!(FilePattern::new("ADT*").fits(b"adt0001.hl7"));
    }
}
