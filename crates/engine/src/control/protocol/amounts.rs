//! How much of a queue: where a page begins, and which deliveries a word is for.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use wardline_store::{MessageId, NotAMessageId};

use super::DeliveryState;

/// Where a page begins: behind this delivery. Lists go by message, then by destination.
///
/// As text `4711`, or `4711/lis`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct After {
    /// The message.
    pub message: MessageId,
    /// Which of its deliveries; absent = behind them all.
    pub destination: Option<String>,
}

/// Which deliveries an action is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// All of the destination at the moment of the request.
    All,
    /// What an earlier request for all of them had not come to.
    Rest(Rest),
    /// These.
    Messages(Vec<MessageId>),
}

/// What a request for all deliveries has left when its time was over: ask again for it. The engine never keeps a caller
/// waiting for a whole queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rest {
    /// When the first request came: what was received later is not meant.
    pub began: Timestamp,
    /// The state it was at.
    pub state: DeliveryState,
    /// What it had come to.
    pub after: Option<MessageId>,
}

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message.fmt(f)?;
        match &self.destination {
            Some(destination) => write!(f, "/{destination}"),
            None => Ok(()),
        }
    }
}

impl FromStr for After {
    type Err = NotAMessageId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (message, destination) = match text.split_once('/') {
            Some((message, destination)) => (message, Some(destination.to_owned())),
            None => (text, None),
        };
        Ok(Self { message: message.parse()?, destination })
    }
}

impl TryFrom<String> for After {
    type Error = NotAMessageId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<After> for String {
    fn from(after: After) -> Self {
        after.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_page_begins_is_read_as_it_is_written() {
        for text in ["4711", "4711/lis"] {
            assert_eq!(text.parse::<After>().expect("it is one").to_string(), text);
        }
        assert_eq!("lis/4711".parse::<After>(), Err(NotAMessageId));
    }
}
