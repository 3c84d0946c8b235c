//! How fast messages go: each has its moment, counted from the start.

use std::str::FromStr;
use std::time::Duration;

/// So many messages in so much time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rate {
    /// From one message to the next.
    interval: Duration,
}

/// Why a rate was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum RateError {
    /// No number above 0 in front.
    #[error("a rate is a number above 0, such as 50, 50/s or 30/min")]
    NoNumber,
    /// Another unit.
    #[error("the unit of a rate is /s or /min")]
    UnknownUnit,
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let (number, seconds) = match text.split_once('/') {
            None | Some((_, "s")) => (text.trim_end_matches("/s"), 1.0),
            Some((number, "min")) => (number, 60.0),
            Some(_) => return Err(RateError::UnknownUnit),
        };
        let number: f64 = number.parse().map_err(|_| RateError::NoNumber)?;
        if !(number.is_finite() && number > 0.0) {
            return Err(RateError::NoNumber);
        }
        let interval = Duration::try_from_secs_f64(seconds / number);
        interval.map(|interval| Self { interval }).map_err(|_| RateError::NoNumber)
    }
}

/// Tells each message its moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace(Option<Rate>);

impl Pace {
    /// Without a rate every message goes at once.
    pub(super) fn new(rate: Option<Rate>) -> Self {
        Self(rate)
    }

    /// When the `number`th message, counted from 1, is due after the start; nothing where it is due at once.
    pub(super) fn due(self, number: u64) -> Option<Duration> {
        let nanoseconds =
            self.0?.interval.as_nanos().saturating_mul(u128::from(number.saturating_sub(1)));
        Some(Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(rate: &str, number: u64) -> Option<Duration> {
        Pace::new(Some(rate.parse().unwrap())).due(number)
    }

    #[test]
    fn each_message_has_its_moment() {
        assert_eq!(due("50", 1), Some(Duration::ZERO));
        assert_eq!(due("50/s", 51), Some(Duration::from_secs(1)));
        assert_eq!(due("30/min", 2), Some(Duration::from_secs(2)));
        assert_eq!(due("0.5", 2), Some(Duration::from_secs(2)));
        assert_eq!(Pace::new(None).due(1000), None);
    }

    #[test]
    fn a_rate_that_means_nothing_is_refused() {
        for text in ["", "0", "-1", "fast", "inf", "NaN", "/s"] {
            assert_eq!(text.parse::<Rate>(), Err(RateError::NoNumber), "{text}");
        }
        assert_eq!("5/fortnight".parse::<Rate>(), Err(RateError::UnknownUnit));
    }
}
