//! The engine as a whole: built so that it may fail, run so that it may not, ended in phases.
//!
//! ```text
//! build: lock and recover the store ─▶ bind every listener ─▶ bind the control socket
//! run:   arbiters ─▶ handlers ─▶ outbound pools ─▶ control ─▶ listeners          downstream first
//! reload: read anew, compared, prepared, applied to what is changed; or nothing is touched
//! drain: listeners and idle connections close ─▶ messages in hand are answered, deliveries in flight get theirs
//!        ─▶ journal synced, index applied ─▶ the process exits                    upstream first
//! ```
//!
//! A drain that does not end within `drain_timeout` is cut: everything acknowledged is durable, what was in flight is
//! delivered again after the next start.

mod build;
mod descriptors;
mod destinations;
mod handlers;
mod harbour;
mod listeners;
mod relays;
mod reload;
mod run;
mod running;
mod signals;

pub(crate) use build::terms;
pub use build::{BuildError, EXIT_STORE_FAILED, Engine, Reread, store_folder, store_options};
pub use run::{Beside, Ended};
