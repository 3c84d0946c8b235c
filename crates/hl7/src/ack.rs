//! Acknowledgements: built for what we receive, read from whom we send to (HL7 v2.5 chapter 2.9, MSA and ERR).
//!
//! ```text
//! received payload ─▶ Message ────┐
//!                 └─▶ unreadable ─┴▶ AckRequest ─▶ build ─▶ MSH MSA [ERR]          a promise or a refusal (ACK-1, ACK-2)
//! answered payload ─▶ Reply::read ─▶ code, control id, error codes                 what MATCH-1 and classify decide on
//! ```
//!
//! An answer holds nothing of the message except its ids.

mod build;
mod code;
mod error_code;
mod reply;
mod salvage;
mod version;

pub use build::{AckError, AckRequest, Original, build};
pub use code::{AckCode, UnknownAckCode};
pub use error_code::ErrorCode;
pub use reply::{Reply, ReplyError};
pub use salvage::salvaged_control_id;
