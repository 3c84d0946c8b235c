//! The journal that is the promise and the queue behind it.
//!
//! ```text
//!   accept, record ─▶ queue ─▶ writer ─▶ journal (bytes, the truth) ─▶ index (sled, behind it) ─▶ refill, query
//!                                │ after the sync
//!                                └─▶ completions (ACK-1) · outboxes · index
//! ```
//!
//! `DESIGN.md` of this crate draws every byte and says what survives what. Promises kept here: ACK-1, RAW-1, ROUTE-1,
//! END-1, BOUND-1, PHI-1.

mod allowance;
mod api;
pub mod ceiling;
mod core;
pub mod disk;
pub mod faults;
mod filler;
mod format;
mod gate;
pub mod history;
mod index;
mod journal;
mod journal_store;
pub mod limits;
mod lock;
mod outbox;
mod progress;
mod queue;
mod recovery;
mod retention;
mod submission;
mod terms;
mod verify;
mod writer;

pub use api::*;
pub use journal_store::JournalStore;
pub use outbox::{Damaged, More, Outbox, Pending, Taken};
