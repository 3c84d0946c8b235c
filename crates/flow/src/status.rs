//! What the status of an HTTP answer means (END-1).
//!
//! ```text
//!   2xx                     has it
//!   408 425 500 and above   failed with it: as AE
//!   429 502 503 504         cannot take anything now: as AE, and nothing else goes there meanwhile
//!   other 4xx               will never take it: as AR
//!   1xx 3xx                 says nothing about the message
//! ```
//!
//! A rule of `on_status` puts a status into another row; the first that fits decides.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::on_reply::ReplyOutcome;
use crate::received::{Received, Unclear};

/// The lowest and the highest status there is (RFC 9110, section 15).
const STATUSES: [u16; 2] = [100, 599];

/// One `[[destinations.on_status]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusRule {
    /// One of these is enough.
    pub statuses: Vec<StatusRange>,
    /// What such an answer means.
    pub then: ReplyOutcome,
}

/// Statuses beside each other: `409`, `4xx`, `500-504`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusRange {
    first: u16,
    last: u16,
}

/// What a status says about the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusMeaning {
    /// The server has it.
    Delivered,
    /// The server failed with it.
    Failed,
    /// The server takes nothing at this time.
    Busy,
    /// The server will not take it.
    Rejected,
    /// A rule of `on_status` says so.
    Ruled(ReplyOutcome),
}

/// A text that names no statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no status from {} to {}", STATUSES[0], STATUSES[1])]
pub struct NoStatus;

impl Received {
    /// What an answer with this status says. `wait` is what the server asks for before the next attempt.
    pub fn status(status: u16, wait: Option<Duration>, rules: &[StatusRule]) -> Self {
        let by_rule = rules.iter().find(|rule| rule.fits(status));
        let meaning = match (by_rule, status) {
            (Some(rule), _) => StatusMeaning::Ruled(rule.then),
            (None, 200..=299) => StatusMeaning::Delivered,
            (None, 429 | 502..=504) => StatusMeaning::Busy,
            (None, 408 | 425 | 500..) => StatusMeaning::Failed,
            (None, 400..=499) => StatusMeaning::Rejected,
            (None, _) => return Self::Unclear(Unclear::Status),
        };
        Self::Status { meaning, wait }
    }
}

impl StatusMeaning {
    /// Whether the server says that it has the message.
    pub fn is_taken(self) -> bool {
        match self {
            Self::Delivered | Self::Ruled(ReplyOutcome::Delivered) => true,
            Self::Failed | Self::Busy | Self::Rejected | Self::Ruled(_) => false,
        }
    }
}

impl StatusRule {
    fn fits(&self, status: u16) -> bool {
        self.statuses.iter().any(|range| (range.first..=range.last).contains(&status))
    }
}

impl FromStr for StatusRange {
    type Err = NoStatus;

    fn from_str(text: &str) -> Result<Self, NoStatus> {
        let status = |text: &str| {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            let status = is_number.then(|| text.parse().ok()).flatten().ok_or(NoStatus)?;
            let [least, most] = STATUSES;
            (least..=most).contains(&status).then_some(status).ok_or(NoStatus)
        };
        let (first, last) = if let Some(hundred) = text.strip_suffix("xx") {
            let first = status(&format!("{hundred}00"))?;
            (first, first + 99)
        } else if let Some((first, last)) = text.split_once('-') {
            (status(first)?, status(last)?)
        } else {
            (status(text)?, status(text)?)
        };
        if first <= last { Ok(Self { first, last }) } else { Err(NoStatus) }
    }
}

impl fmt::Display for StatusRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.first, self.last) {
            (first, last) if first == last => write!(f, "{first}"),
            (first, last) => write!(f, "{first}-{last}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(status: u16, rules: &[StatusRule]) -> Option<StatusMeaning> {
        match Received::status(status, None, rules) {
            Received::Status { meaning, .. } => Some(meaning),
            Received::Unclear(Unclear::Status) => None,
            other => unreachable!("{status}: {other:?}"),
        }
    }

    fn rule(ranges: &[&str], then: ReplyOutcome) -> StatusRule {
        let statuses = ranges.iter().map(|range| range.parse().expect("statuses")).collect();
        StatusRule { statuses, then }
    }

    #[test]
    fn every_status_has_a_meaning_without_a_rule() {
        for (statuses, expected) in [
            (&[200, 201, 202, 204, 299][..], Some(StatusMeaning::Delivered)),
            (&[408, 425, 500, 501, 505, 599], Some(StatusMeaning::Failed)),
            (&[429, 502, 503, 504], Some(StatusMeaning::Busy)),
            (&[400, 401, 403, 404, 409, 410, 413, 422, 499], Some(StatusMeaning::Rejected)),
            (&[100, 101, 301, 302, 304, 307, 308], None),
        ] {
            for &status in statuses {
                assert_eq!(meaning(status, &[]), expected, "{status}");
            }
        }
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let rules = [
            rule(&["409", "412"], ReplyOutcome::Delivered),
            rule(&["4xx"], ReplyOutcome::Retry),
            rule(&["301-308"], ReplyOutcome::Hold),
        ];
        for (status, expected) in [
            (409, Some(StatusMeaning::Ruled(ReplyOutcome::Delivered))),
            (412, Some(StatusMeaning::Ruled(ReplyOutcome::Delivered))),
            (404, Some(StatusMeaning::Ruled(ReplyOutcome::Retry))),
            (302, Some(StatusMeaning::Ruled(ReplyOutcome::Hold))),
            (300, None),
            (500, Some(StatusMeaning::Failed)),
        ] {
            assert_eq!(meaning(status, &rules), expected, "{status}");
        }
    }

    #[test]
    fn statuses_are_written_singly_by_the_hundred_or_from_to() {
        for (text, shown) in [("409", "409"), ("4xx", "400-499"), ("500-504", "500-504")] {
            assert_eq!(
                text.parse::<StatusRange>().map(|range| range.to_string()),
                Ok(shown.to_owned())
            );
        }
        for text in ["", "99", "600", "4x", "xx", "0xx", "6xx", "504-500", "+40", "40 4", "200-"] {
            assert_eq!(text.parse::<StatusRange>(), Err(NoStatus), "{text}");
        }
    }
}
