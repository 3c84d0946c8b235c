//! The journal that is the promise and the queue behind it.

mod api;
mod journal_store;
pub mod limits;
mod outbox;

pub use api::*;
pub use journal_store::JournalStore;
pub use outbox::{More, Outbox, Pending, Taken};
