//! MLLP framing: bytes to frames and back, usable alone.
//!
//! The Minimal Lower Layer Protocol (HL7 v2, transport specification, appendix C) carries one message per frame:
//!
//! ```text
//!   0B  payload …  1C 0D
//!   VT             FS CR
//! ```
//!
//! This crate stands first and last on the way of a message: [`Decoder`] turns what a socket gave into frames, and
//! [`encode`] turns a message or an answer back into one contiguous frame. [`MllpCodec`] is the same as a tokio-util
//! codec. Nothing of that knows a socket, a clock, or what a payload means; the one thing looked at inside a payload is
//! whether `MSH`, `FHS` or `BHS` follows a VT, which tells a new frame from a stray byte.
//!
//! With the feature `client` there is also [`Client`], which sends and waits for the answer, and [`SimulatedClient`].
//!
//! Promises kept here:
//!
//! * RAW-1: the payload is handed out byte for byte, as a view into the buffer it arrived in.
//! * BOUND-1: a payload beyond its limit is refused as soon as the limit is passed, bytes outside of frames are handed
//!   out in bounded pieces, and each byte is searched once, whatever the sizes of the reads.
//! * PHI-1: no `Debug` and no error text here shows a byte of a payload.
//!
//! ```
//! use bytes::BytesMut;
//! use wardline_mllp::{Decoded, Decoder, DecoderOptions, encode};
//!
//! let mut wire = BytesMut::new();
//! encode(b"MSH|^~\\&|A|B", &mut wire);
//!
//! let mut decoder = Decoder::new(DecoderOptions::default());
//! let Some(Decoded::Frame(frame)) = decoder.decode(&mut wire)? else { unreachable!("the frame is whole") };
//! assert_eq!(&frame.payload[..], b"MSH|^~\\&|A|B");
//! # Ok::<(), wardline_mllp::DecodeError>(())
//! ```

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod boundary;
#[cfg(feature = "client")]
mod client;
mod codec;
mod decoder;
mod encoder;
mod error;
mod frame;
mod gap;
mod release;

#[cfg(feature = "client")]
pub use client::{
    Answer, Client, ClientError, ClientOptions, ConnectParameters, DEFAULT_TIMEOUT, Exchange,
    MAX_ANSWER, Operation, ParameterError, SimulatedClient, Timeouts, Verify,
};
pub use codec::{CodecError, MllpCodec};
pub use decoder::{Decoder, DecoderOptions, FS_SILENCE, MAX_LOST_PIECE, MAX_PAYLOAD, Position};
pub use encoder::{encode, encoded_len, survives_framing};
pub use error::{DecodeError, MAX_HEAD};
pub use frame::{Decoded, Ended, Frame, FrameEnd};
pub use release::{Commit, Release};

/// Begins a frame: the start block character, VT.
pub const START_BLOCK: u8 = 0x0B;

/// Ends the payload: the end block character, FS.
pub const END_BLOCK: u8 = 0x1C;

/// Ends the frame behind [`END_BLOCK`], CR.
pub const CARRIAGE_RETURN: u8 = 0x0D;

/// Not part of the protocol, but what some senders write where CR belongs, and between frames.
pub(crate) const LINE_FEED: u8 = 0x0A;
