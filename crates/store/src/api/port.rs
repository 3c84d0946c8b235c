//! How those who wait learn that their record is durable.

use super::names::MessageId;

/// The way back to one thread that waits for completions.
pub trait Port: Send {
    /// The sync that covers these records has returned. Called once a group by the store's writer thread, which
    /// stands still meanwhile: must not block.
    fn completed(&self, group: Vec<Completion>);
}

/// Which port, in a [`Ticket`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PortId(pub(crate) usize);

/// Where the completion of a record goes, and by which number the waiter knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// To which port.
    pub port: PortId,
    /// Chosen by the caller, given back in the completion.
    pub number: u64,
}

/// The end of waiting for one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion {
    /// The ticket's number.
    pub number: u64,
    /// What was stored; ACK-1 hangs on the `Ok`.
    pub result: Result<Stored, NotStored>,
}

/// A record that is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The id of its first message; the others follow without a gap. Of a change, the record's own number.
    pub first: MessageId,
    /// How many messages; 0 for a change.
    pub count: u32,
}

/// A record that was handed over and not written. Nothing of it is in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotStored {
    /// The space ran out after it was handed over.
    #[error("no space is left for messages")]
    NoSpace,
}
