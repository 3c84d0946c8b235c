//! MSH-12 as far as an answer depends on it: what MSH-9 and ERR look like.

/// A version of the standard, ordered by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(u16, u16, u16);

impl Version {
    /// MSH-9 gets a trigger event.
    pub(super) const V2_3: Self = Self(2, 3, 0);
    /// MSH-9 gets a structure.
    pub(super) const V2_3_1: Self = Self(2, 3, 1);
    /// ERR gets location, code, severity and text in fields of their own.
    pub(super) const V2_5: Self = Self(2, 5, 0);
    /// What we write where the message has no version, or one that we cannot read.
    pub(super) const V2_5_1: Self = Self(2, 5, 1);

    /// Reads MSH-12.1.
    pub(super) fn read(text: &[u8]) -> Self {
        Self::parse(text).unwrap_or(Self::V2_5_1)
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let mut numbers = text.trim_ascii().split(|byte| *byte == b'.').map(|number| {
            number.iter().try_fold(0_u16, |value, digit| {
                let digit =
                    char::from(*digit).to_digit(10).and_then(|digit| u16::try_from(digit).ok())?;
                value.checked_mul(10)?.checked_add(digit)
            })
        });
        let mut part = || numbers.next().unwrap_or(Some(0));
        let version = Self(part()?, part()?, part()?);
        (version.0 > 0).then_some(version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_order_by_their_parts() {
        assert!(Version::read(b"2.2") < Version::V2_3);
        assert!(Version::read(b"2.3") < Version::V2_3_1);
        assert!(Version::read(b"2.3.1") < Version::V2_5);
        assert!(Version::read(b"2.10") > Version::V2_5);
        assert_eq!(Version::read(b" 2.5 "), Version::V2_5);
    }

    #[test]
    fn what_cannot_be_read_counts_as_the_version_we_write() {
        for text in [&b""[..], b"x", b"2.x", b"0", b"99999999999"] {
            assert_eq!(Version::read(text), Version::V2_5_1);
        }
    }
}
