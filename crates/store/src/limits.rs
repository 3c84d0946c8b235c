//! Every limit of the store (BOUND-1), each with its reason.

use std::time::Duration;

/// Kept of a name. A configuration's ids are shorter; operators' reasons may be cut.
pub const MAX_NAME: usize = 255;

/// Kept of a peer's answer with a dead letter, bytes: enough for an ACK with its ERR segments.
pub const MAX_REPLY: usize = 64 * 1024;

/// Kept of what was refused, bytes: nearly every message whole, and of the others what tells who sent them.
pub const MAX_REFUSED_BODY: usize = 1024 * 1024;

/// Bytes handed over and not yet durable from which on nothing that is refused is kept: the disk is then busy with what
/// was taken.
pub const REFUSED_BACKLOG: usize = MAX_BACKLOG / 4;

/// Rows a query gives at most: a screen or a script's page, read in well under a second.
pub const MAX_PAGE: usize = 1000;

/// Deliveries of one destination in memory, waiting or handed out.
pub const WINDOW_DELIVERIES: usize = 256;

/// Their bytes. One delivery may always be there, however large.
pub const WINDOW_BYTES: usize = 8 * 1024 * 1024;

/// How often the threads behind the writer look around. What is durable stays out of sled for so long, so that most
/// messages end before; one segment is sealed, or let go for want of space, each time, which paces that work.
pub const TICK: Duration = Duration::from_millis(500);

/// The smallest segment, bytes: any outcome fits with room to spare, so that outcomes never need a segment of their
/// own size.
pub const MIN_SEGMENT: u64 = 256 * 1024;

/// The largest record, bytes: 64 MiB messages with a transformed body for each of a few destinations fit well.
pub const MAX_RECORD: usize = 1024 * 1024 * 1024;

/// Bytes handed over and not yet durable from which on no message is taken: some groups' worth, so that the disk never
/// waits for producers. The record taken last may go beyond it, however large: so a large one has the same chance as
/// the small ones that come all the time.
pub const MAX_BACKLOG: usize = 64 * 1024 * 1024;

/// The most messages of one record: its count has two bytes.
pub const MAX_MESSAGES: usize = u16::MAX as usize;

/// The most deliveries of one message: their count has two bytes.
pub const MAX_DELIVERIES: usize = u16::MAX as usize;

/// The most lanes of a delivery beside its own: their count has one byte. What names more ids than this belongs to every
/// lane.
pub const MAX_ALSO: usize = u8::MAX as usize;

/// The longest meta of a record, bytes: 65,535 messages with a few destinations each fit. A longer one is not believed
/// when it is read, so it is not written either.
pub const MAX_META: usize = 64 * 1024 * 1024;

/// Bytes of a body that search keys are taken from: header, patient, visit and orders of all but freaks; what is larger
/// is an embedded document, which nobody is found by.
pub const KEYS_FROM: usize = 1024 * 1024;

/// Bytes of a body that the keys shown with a row are taken from: the segments before the results.
pub const ROW_KEYS_FROM: usize = 16 * 1024;

/// Events of a message that are shown, the newest: a page of retries.
pub const MAX_EVENTS: usize = 1000;
