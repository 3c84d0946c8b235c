//! The only door for whoever looks at the engine from outside: the command line now, the web page.
//!
//! [`protocol`] is what is said through the door; [`desk`] does it against the store and the live pools ([`face`]), and has
//! the engine itself do what is its own ([`reloading`]);
//! [`socket`] is the unix socket on which the command line reaches a running engine. On a stopped store the command
//! line opens a [`Desk`] without an engine and asks it the same requests.

mod anatomy;
mod desk;
pub mod exporting;
pub(crate) mod face;
pub mod protocol;
pub(crate) mod reloading;
pub(crate) mod socket;
mod verifying;

use std::path::{Path, PathBuf};

pub use desk::{Desk, SignedIn};

pub use crate::observe::LatencyCounts;

/// Where the engine with this data folder is reached.
pub fn socket_path(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

/// The cause of this code in words, without any content of a message; none of a code that this version does not know.
pub fn cause_in_words(code: &str) -> Option<&'static str> {
    code.parse::<wardline_flow::Cause>().ok().map(wardline_flow::Cause::text)
}
