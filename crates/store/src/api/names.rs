//! Names and numbers by which the store is asked.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A name the configuration gave: of a destination, a listener, an operator. At most [`MAX_NAME`] bytes are kept.
///
/// [`MAX_NAME`]: crate::limits::MAX_NAME
pub type Name = Arc<str>;

/// The number of a stored message. Later messages have greater ones; none comes twice in the life of a store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(NonZeroU64);

impl MessageId {
    /// The message of this number.
    pub const fn new(number: NonZeroU64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// The message of this number; none has 0.
    pub const fn from_number(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// The text is no message id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message id is a number from 1 on")]
pub struct NotAMessageId;

impl FromStr for MessageId {
    type Err = NotAMessageId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| NotAMessageId)
    }
}

/// One message for one destination.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryRef {
    /// The message.
    pub message: MessageId,
    /// The destination.
    pub destination: Name,
}

/// What must keep its order inside one destination (ORDER-1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane(pub u64);

impl Lane {
    /// The lane of a destination that has only one: in order of receipt.
    pub const FIFO: Self = Self(0);

    /// The lane of a destination without any order.
    pub const FREE: Self = Self(1);

    /// Every lane: who is in it keeps its order towards all others.
    pub const ALL: Self = Self(u64::MAX);
}
