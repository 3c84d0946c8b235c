//! What an operator asks about queues and gets to see.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;

use super::accept::{Origin, StoredAnswer};
use super::marks::Marks;
use super::names::{Lane, MessageId, Name};
use super::refused::KeptRefusal;

/// Where a delivery stands that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeliveryState {
    /// Waits for its turn or its retry.
    Pending,
    /// Stopped until an operator decides.
    Held,
    /// A dead letter.
    Dead,
}

/// Which deliveries of one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The destination.
    pub destination: Name,
    /// In which state; `None` = any.
    pub state: Option<DeliveryState>,
    /// Only those after this message: the `next` of the page before.
    pub after: Option<MessageId>,
    /// At most so many; never more than [`MAX_PAGE`](crate::limits::MAX_PAGE).
    pub limit: usize,
}

/// Some deliveries, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The deliveries.
    pub deliveries: Vec<DeliveryRow>,
    /// Where to go on; `None` = nothing follows.
    pub next: Option<MessageId>,
}

/// One delivery without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    /// The message.
    pub message: MessageId,
    /// The destination.
    pub destination: Name,
    /// Its lane there.
    pub lane: Lane,
    /// The lanes beside it that it keeps its order in as well.
    pub also: Vec<Lane>,
    /// Where it stands.
    pub state: DeliveryState,
    /// When the message was received.
    pub received_at: Timestamp,
    /// Through which listener.
    pub listener: Name,
    /// From where.
    pub peer: Name,
    /// How many handler destinations it has passed.
    pub hops: u8,
    /// What was found out about the message when it came.
    pub marks: Marks,
    /// Size of what is sent, bytes.
    pub body_bytes: u64,
    /// How often it was sent.
    pub attempts: u32,
    /// When it failed first.
    pub first_attempt: Option<Timestamp>,
    /// When it is tried again, as far as that was recorded.
    pub due: Option<Timestamp>,
    /// The stable code of its last cause.
    pub cause: Option<Name>,
    /// When it came into this state.
    pub since: Timestamp,
}

/// One delivery, whole.
#[derive(Clone, PartialEq, Eq)]
pub struct DeliveryDetail {
    /// Everything but the bytes.
    pub row: DeliveryRow,
    /// What is sent; `None` = it is damaged: what is stored does not match its checksum.
    pub body: Option<Bytes>,
    /// What the peer answered last, where that was kept and is not damaged.
    pub reply: Option<Bytes>,
    /// What the sender was answered.
    pub answer: Option<StoredAnswer>,
}

impl fmt::Debug for DeliveryDetail {
    /// Bytes show their sizes only (PHI-1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeliveryDetail")
            .field("row", &self.row)
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .field("reply_bytes", &self.reply.as_ref().map(Bytes::len))
            .field("answer", &self.answer)
            .finish()
    }
}

/// A message as it came.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct KeptMessage {
    /// When it was received.
    pub received_at: Timestamp,
    /// Through which listener.
    pub listener: Name,
    /// From where.
    pub peer: Name,
    /// What was found out about it when it came.
    pub marks: Marks,
    /// How many handler destinations it has passed.
    pub hops: u8,
    /// What it is a replay of.
    pub origin: Option<Origin>,
    /// Set where it was not taken.
    pub refusal: Option<KeptRefusal>,
    /// Its bytes; of one that was refused as many as are kept.
    pub body: Bytes,
    /// Where it went when it came; not where its deliveries were moved to.
    pub sent: Vec<KeptSent>,
    /// Retention has carried it forward: `sent` tells only of deliveries that had not ended.
    pub was_carried: bool,
}

/// What one destination was to be sent of a message.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptSent {
    /// The destination.
    pub destination: Name,
    /// What is sent, only where it differs from the message's own bytes.
    pub body: Option<Bytes>,
}

impl fmt::Debug for KeptSent {
    /// The body shows its size only (PHI-1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptSent")
            .field("destination", &self.destination)
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .finish()
    }
}

impl fmt::Debug for KeptMessage {
    /// The body shows its size only (PHI-1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptMessage")
            .field("received_at", &self.received_at)
            .field("listener", &self.listener)
            .field("peer", &self.peer)
            .field("marks", &self.marks)
            .field("hops", &self.hops)
            .field("origin", &self.origin)
            .field("refusal", &self.refusal)
            .field("body_bytes", &self.body.len())
            .field("sent", &self.sent)
            .field("was_carried", &self.was_carried)
            .finish()
    }
}

/// One destination's queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationState {
    /// Its name. The store does not know whether the configuration still has it.
    pub destination: Name,
    /// Deliveries waiting.
    pub pending: u64,
    /// Deliveries stopped.
    pub held: u64,
    /// Dead letters.
    pub dead: u64,
    /// When the oldest waiting message was received.
    pub oldest: Option<Timestamp>,
    /// Set while the whole destination is held.
    pub hold: Option<DestinationHold>,
}

/// Why a destination is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationHold {
    /// Since when.
    pub at: Timestamp,
    /// By whom.
    pub by: Name,
    /// Why.
    pub reason: Name,
}
