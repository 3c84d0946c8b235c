//! Acknowledgements: built for what we receive, read from whom we send to (HL7 v2.5 chapter 2.9, MSA and ERR).
//!
//! ```text
//! received payload ─▶ Message ────┐
//!                 └─▶ unreadable ─┴▶ AckRequest ─▶ build ─▶ MSH MSA [ERR]          a promise or a refusal (ACK-1, ACK-2)
//! answered payload ─▶ Reply::read ─▶ code, control id, error codes                 what MATCH-1 and classify decide on
//! ```
//!
//! A batch is answered by [`build`] as a whole, or by [`build_batch`] with an answer for each of its messages;
//! [`relayed`] makes another system's answer ours. An answer holds nothing of the message except its ids.

mod build;
mod builder;
mod code;
mod error_code;
mod relay;
mod reply;
mod salvage;
mod version;

pub use build::{AckError, AckRequest, BatchAnswer, Original, build, build_batch};
pub use builder::AckBuilder;
pub use code::{AckCode, UnknownAckCode};
pub use error_code::ErrorCode;
pub use relay::relayed;
pub use reply::{Reply, ReplyError};
pub use salvage::{begins_like_hl7, salvaged_control_id};
