//! What the rest of Wardline sees of the store: one trait and the words it is spoken in.
//!
//! ```text
//!  connection ── accept ──▶ ┌───────┐ ── completed ──▶ Port       after the sync (ACK-1)
//!  pool ──────── record ──▶ │ Store │ ── wake ───────▶ pool ── take ──▶ Outbox
//!  operator ──── query  ──▶ └───────┘
//! ```
//!
//! The store blocks and knows no actor, no HL7 and no configuration: a destination is a name, a message is bytes. What
//! it promises: a completion leaves only after the sync that covers its record (ACK-1), a body is kept byte for byte
//! (RAW-1), a record is there with all its deliveries or not at all (ROUTE-1), a delivery that ended does not come
//! again (END-1).

mod accept;
mod change;
mod fault;
mod intake;
mod marks;
mod names;
mod options;
mod outlook;
mod port;
mod query;
mod refused;
mod stats;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

pub use accept::{Accept, Concluded, NewDelivery, NewMessage, Origin, StoredAnswer};
pub use change::{Change, Outcome};
pub use fault::{Corruption, CorruptionKind, Fault, OpenError, ReadError};
pub use intake::{Intake, Refusal, Refused};
pub use marks::{Digest, Marks, Recent};
pub use names::{DeliveryRef, Lane, MessageId, Name, NotAMessageId};
pub use options::StoreOptions;
pub use outlook::{NotEnded, Outlook, PrunedListener, PrunedSegment, Pruning};
pub use port::{Completion, NotStored, Port, PortId, Stored, Ticket};
pub use query::{
    DeliveryDetail, DeliveryRow, DeliveryState, DestinationHold, DestinationState, KeptMessage,
    KeptSent, Page, Query,
};
pub use refused::{KeptRefusal, RefusedMessage};
pub use stats::{Closed, OldestStays, Stats, Verified};

use crate::history::History;
use crate::outbox::Outbox;

/// The store of one node.
///
/// Every method may be called from any thread. `accept`, `record`, `backlog`, `intake` and `outbox` return at once;
/// `query` and what follows it block on the disk and belong on a thread of their own.
pub trait Store: Send + Sync + 'static {
    /// Opens a way back for completions; one per thread that waits for them.
    fn open_port(&self, port: Box<dyn Port>) -> PortId;

    /// Hands over a message with all its deliveries as one atomic record (ROUTE-1). Returns at once; the ticket's port
    /// is told after the sync that covers the record.
    ///
    /// # Errors
    ///
    /// The store takes nothing at the moment, or never will take this; the record comes back untouched.
    #[expect(clippy::result_large_err, reason = "the record comes back to who must keep it")]
    fn accept(&self, accept: Accept, ticket: Ticket) -> Result<(), Refused>;

    /// Hands over what became of a delivery or a destination. Never refused, never waited for by a lane; with a ticket
    /// its port is told after the sync that covers the record. Records of one caller keep their order.
    fn record(&self, change: Change, ticket: Option<Ticket>);

    /// Keeps what a listener refused, as far as there is room for such: nothing waits for it, and it is never what fills
    /// the disk. Returns at once.
    fn keep_refused(&self, refused: RefusedMessage);

    /// Bytes of records handed over and not yet durable.
    fn backlog(&self) -> usize;

    /// Opens the memory end of a destination's queue, which starts with everything still on disk. A second call for
    /// the same destination replaces the first: what the first handed out comes again.
    ///
    /// `wake` is called, by threads of the store, when there may be more to take. It must not block.
    fn outbox(&self, destination: &str, wake: Box<dyn Fn() + Send + Sync>) -> Arc<Outbox>;

    /// Whether messages are taken in.
    fn intake(&self) -> Intake;

    /// Every destination that has or had deliveries, with its counts, by name. Blocks.
    ///
    /// Like all that is read, it reflects every record handed over before the call.
    fn destinations(&self) -> Result<Vec<DestinationState>, ReadError>;

    /// Deliveries of one destination that have not ended, or are dead letters, oldest first. Blocks.
    fn query(&self, query: &Query) -> Result<Page, ReadError>;

    /// The first of what [`query`](Self::query) gives, whole: as many as it asks for, or fewer where their bytes pass
    /// [`WINDOW_BYTES`](crate::limits::WINDOW_BYTES); none only where there are none. Blocks.
    fn query_whole(&self, query: &Query) -> Result<Vec<DeliveryDetail>, ReadError>;

    /// One delivery, whole; `None` when there is none or it has ended. Blocks.
    fn delivery(&self, delivery: &DeliveryRef) -> Result<Option<DeliveryDetail>, ReadError>;

    /// One delivery with no more than the first `most` bytes of what is sent, for whoever only asks what it is. Where
    /// there are more, these have not been held against their checksum. Blocks.
    fn delivery_head(
        &self,
        delivery: &DeliveryRef,
        most: usize,
    ) -> Result<Option<DeliveryDetail>, ReadError>;

    /// Shows what came since a time, newest first and at most so much: messages with a digest, and answers that
    /// applications owe. A message that retention has carried forward may be shown twice. Blocks.
    ///
    /// # Errors
    ///
    /// The journal cannot be read; what was shown before is right.
    fn recent(
        &self,
        since: Timestamp,
        most: usize,
        visit: &mut dyn FnMut(Recent<'_>),
    ) -> Result<(), ReadError>;

    /// One message as it came, taken or refused, whatever became of its deliveries; `None` = there is none of this number,
    /// or retention has let it go. Blocks.
    ///
    /// # Errors
    ///
    /// It cannot be read, or what is stored of it is damaged.
    fn message(&self, message: MessageId) -> Result<Option<KeptMessage>, ReadError>;

    /// Every message that is kept, and what became of it; `None` = the store was opened without a history.
    fn history(&self) -> Option<History>;

    /// Shows each of these messages, whose numbers must grow, as [`message`](Self::message) gives them, until `visit` says
    /// that it has enough. Quicker than one by one: what lies between them is read once. Blocks.
    ///
    /// # Errors
    ///
    /// One of them cannot be read; those before it were shown.
    fn messages(
        &self,
        messages: &[MessageId],
        visit: &mut dyn FnMut(MessageId, Option<KeptMessage>) -> bool,
    ) -> Result<(), ReadError>;

    /// Shows the numbers of all messages from the first to the last of these, taken and refused ones, until `visit` says
    /// that it has enough. Blocks.
    ///
    /// # Errors
    ///
    /// The journal cannot be read; what was shown before is right.
    fn numbers(
        &self,
        first: MessageId,
        last: MessageId,
        visit: &mut dyn FnMut(MessageId) -> bool,
    ) -> Result<(), ReadError>;

    /// Shows the originals of all that `job` sent in behind `after`, in the order of the journal; what was carried forward
    /// may be shown twice. `false` = retention has let go of something that came behind `after`, so that nobody knows all
    /// that the job has sent in. Blocks.
    ///
    /// # Errors
    ///
    /// The journal cannot be read; what was shown before is right.
    fn replayed(
        &self,
        job: u64,
        after: Option<MessageId>,
        visit: &mut dyn FnMut(MessageId),
    ) -> Result<bool, ReadError>;

    /// The last number that is durable: every message that is stored from now on has a greater one. `None` = the store is
    /// new.
    fn newest(&self) -> Option<MessageId>;

    /// How long the room lasts. Blocks shortly.
    fn outlook(&self) -> Outlook;

    /// From now on what came through these listeners, and has ended everywhere, is not found and not read any more when it
    /// is older than that. Its bytes go with their segment. Replaces what was said before.
    fn retain_each(&self, terms: BTreeMap<Name, Duration>);

    /// What retention would let go if it ran now with these limits; `None` = as it has them. Blocks for some seconds.
    ///
    /// # Errors
    ///
    /// It cannot be told what is live: the index is being rebuilt, or the store is closed.
    fn pruning(
        &self,
        retain_for: Option<Duration>,
        retain_bytes: Option<u64>,
    ) -> Result<Pruning, ReadError>;

    /// The store's figures. Blocks shortly.
    fn stats(&self) -> Stats;

    /// Reads the whole journal and compares the index with it. Blocks for as long as that takes; intake goes on.
    fn verify(&self) -> Result<Verified, ReadError>;

    /// The same beside a running engine: as long as `goes_on` says so, which is asked before each segment, and the disk has
    /// room for the next one, which retention may have to make. Blocks as long.
    fn verify_while(&self, goes_on: &dyn Fn() -> bool) -> Result<Verified, ReadError>;

    /// Ends intake, syncs what was handed over, and lets the index catch up for at most `index_deadline`.
    fn close(&self, index_deadline: Duration) -> Closed;
}
