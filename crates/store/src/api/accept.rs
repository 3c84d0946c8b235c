//! What a connection or a handler destination hands over: messages with all their deliveries.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;

use super::change::Outcome;
use super::marks::{Digest, Marks};
use super::names::{DeliveryRef, Lane, MessageId, Name};

/// One atomic record: all of it is there after a crash, or nothing (ROUTE-1).
#[derive(Debug, Clone)]
pub struct Accept {
    /// When the message was received.
    pub received_at: Timestamp,
    /// Through which listener, or from which handler destination.
    pub listener: Name,
    /// From where: `ip:port`; empty for what a handler emitted.
    pub peer: Name,
    /// The positive answer the sender gets once this is durable, so that the same can be given again.
    pub answer: Option<StoredAnswer>,
    /// The messages: one, or what a handler made of it.
    pub messages: Vec<NewMessage>,
    /// The delivery that ends with this record: what a handler destination emits and its outcome are one.
    pub concludes: Option<Concluded>,
}

/// The answer that goes with a stored message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// `AA` or `CA`.
    pub code: [u8; 2],
    /// MSH-10 of the answer.
    pub control_id: Name,
    /// MSH-7 of the answer.
    pub at: Timestamp,
}

/// A delivery that ends with a record of other messages. Its time is the record's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concluded {
    /// Which one.
    pub delivery: DeliveryRef,
    /// How it ended.
    pub outcome: Outcome,
}

/// One message to store.
#[derive(Clone)]
pub struct NewMessage {
    /// Its bytes as they came (RAW-1).
    pub body: Bytes,
    /// How many handler destinations it has passed.
    pub hops: u8,
    /// What was found out about it when it came.
    pub marks: Marks,
    /// By what a second copy of it is known.
    pub digest: Option<Digest>,
    /// What it is a replay of.
    pub origin: Option<Origin>,
    /// Where it goes; nowhere = unrouted.
    pub deliveries: Vec<NewDelivery>,
}

/// Where a replayed message comes from. It makes a replay exact: what a job has sent in is known by it for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The job that sent it in.
    pub job: u64,
    /// The message that it was made of.
    pub message: MessageId,
}

/// One destination of a message.
#[derive(Clone)]
pub struct NewDelivery {
    /// The destination.
    pub destination: Name,
    /// What must keep its order there.
    pub lane: Lane,
    /// Lanes beside it that it must keep its order in as well: what merges two patients belongs to both. At most
    /// [`MAX_ALSO`](crate::limits::MAX_ALSO).
    pub also: Vec<Lane>,
    /// What is sent, only where it differs from the message's own bytes.
    pub body: Option<Bytes>,
}

impl NewMessage {
    /// A message as it came in, without marks, digest and origin.
    pub fn new(body: Bytes, deliveries: Vec<NewDelivery>) -> Self {
        Self { body, hops: 0, marks: Marks::default(), digest: None, origin: None, deliveries }
    }
}

impl NewDelivery {
    /// A delivery of the message's own bytes, in the one lane of a destination that has only one.
    pub fn new(destination: Name) -> Self {
        Self { destination, lane: Lane::FIFO, also: Vec::new(), body: None }
    }
}

impl fmt::Debug for NewMessage {
    /// The body shows its size only (PHI-1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewMessage")
            .field("body_bytes", &self.body.len())
            .field("hops", &self.hops)
            .field("marks", &self.marks)
            .field("digest", &self.digest)
            .field("origin", &self.origin)
            .field("deliveries", &self.deliveries)
            .finish()
    }
}

impl fmt::Debug for NewDelivery {
    /// The body shows its size only (PHI-1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewDelivery")
            .field("destination", &self.destination)
            .field("lane", &self.lane)
            .field("also", &self.also)
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .finish()
    }
}
