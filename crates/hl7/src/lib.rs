//! HL7 v2 messages: a lazy, lossless view over the bytes, edits and acknowledgements.
//!
//! This crate stands between the frame and the decisions. [`Message::parse`] reads the MSH segment of a payload and
//! nothing else; segments are found when somebody asks for them, and the bytes stay as they came (RAW-1). A [`Path`]
//! names an element of a message for reading and for editing; an edit copies every byte that it doesn't name.
//! [`ack::build`] answers a message, or what could be read of one, and [`ack::Reply`] reads the answer of a peer.
//!
//! Pure: no I/O, no clock, no randomness. Nothing here panics on what a peer sends, and nothing here that holds a body
//! shows it in `Debug` or in an error (PHI-1).
//!
//! ```
//! use wardline_hl7::{Message, Path};
//!
//! let message = Message::parse("MSH|^~\\&|A|B|C|D|20260403120000||ADT^A01|M1|P|2.5\rPID|1||7^^^H\r".into())?;
//! assert_eq!(message.header().control_id(), b"M1");
//!
//! let id: Path = "PID-3.1".parse()?;
//! assert_eq!(message.text(&id).as_deref(), Some("7"));
//! assert!(message.set(&id, "8")?.bytes().ends_with(b"PID|1||8^^^H\r"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod delimiters;
mod header;
mod identity;
mod locate;
mod message;
mod message_pattern;
mod path;
mod segment_ends;
mod value;

pub mod ack;
pub mod batch;
pub mod charset;
pub mod escape;
pub mod printable;
pub mod profile;

pub use ack::{AckCode, ErrorCode};
pub use charset::{Charset, CharsetRule};
pub use delimiters::Delimiters;
pub use header::Header;
pub use identity::{Identity, presentable};
pub use message::{
    EditError, Lint, Lints, Message, ParseError, ParseOptions, ReencodeError, Segment, Segments,
    Unmappable,
};
pub use message_pattern::{MessagePattern, PatternError};
pub use path::{Index, Path, PathError, PathFault, SegmentPath};
pub use segment_ends::SegmentEnds;
pub use value::Value;
