//! For which messages the simulator misbehaves, counted over all its connections from 1.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

/// The messages chosen by `--when`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// All of them.
    Always,
    /// The first so many.
    First(NonZeroU64),
    /// Only this one.
    Nth(NonZeroU64),
    /// Every so many: the nth, the 2nth, …
    Every(NonZeroU64),
    /// All behind the first so many.
    After(NonZeroU64),
}

/// Why a choice was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum WhenError {
    /// None of the known words.
    #[error("expected always, first:N, nth:N, every:N or after:N")]
    UnknownWord,
    /// What follows the colon is not a number above 0.
    #[error("expected a whole number above 0 behind the colon")]
    NoNumber,
}

impl When {
    /// Whether the `number`th message is one of them.
    pub(super) fn chooses(self, number: u64) -> bool {
        match self {
            Self::Always => true,
            Self::First(first) => number <= first.get(),
            Self::Nth(nth) => number == nth.get(),
            Self::Every(every) => number.is_multiple_of(every.get()),
            Self::After(after) => number > after.get(),
        }
    }
}

impl FromStr for When {
    type Err = WhenError;

    fn from_str(text: &str) -> Result<Self, WhenError> {
        if text == "always" {
            return Ok(Self::Always);
        }
        let (word, number) = text.split_once(':').ok_or(WhenError::UnknownWord)?;
        let choice = match word {
            "first" => Self::First,
            "nth" => Self::Nth,
            "every" => Self::Every,
            "after" => Self::After,
            _ => return Err(WhenError::UnknownWord),
        };
        number.parse().map(choice).map_err(|_| WhenError::NoNumber)
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Always => f.write_str("always"),
            Self::First(number) => write!(f, "first:{number}"),
            Self::Nth(number) => write!(f, "nth:{number}"),
            Self::Every(number) => write!(f, "every:{number}"),
            Self::After(number) => write!(f, "after:{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(text: &str) -> Vec<u64> {
        let when: When = text.parse().unwrap();
        (1..=6).filter(|&number| when.chooses(number)).collect()
    }

    #[test]
    fn each_word_chooses_its_messages() {
        assert_eq!(chosen("always"), [1, 2, 3, 4, 5, 6]);
        assert_eq!(chosen("first:2"), [1, 2]);
        assert_eq!(chosen("nth:3"), [3]);
        assert_eq!(chosen("every:3"), [3, 6]);
        assert_eq!(chosen("after:4"), [5, 6]);
    }

    #[test]
    fn anything_else_is_refused() {
        assert_eq!("sometimes".parse::<When>(), Err(WhenError::UnknownWord));
        assert_eq!("last:2".parse::<When>(), Err(WhenError::UnknownWord));
        assert_eq!("every:0".parse::<When>(), Err(WhenError::NoNumber));
        assert_eq!("first:".parse::<When>(), Err(WhenError::NoNumber));
    }

    #[test]
    fn a_choice_is_shown_as_it_is_written() {
        for text in ["always", "first:3", "nth:1", "every:5", "after:10"] {
            assert_eq!(text.parse::<When>().unwrap().to_string(), text);
        }
    }
}
