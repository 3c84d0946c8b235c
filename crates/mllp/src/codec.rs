//! The framing as a tokio-util codec, for `Framed` and its relatives.
//!
//! For programs that want payloads and nothing else. The engine uses [`Decoder`](crate::Decoder) itself, because it
//! counts lints, hands on what was lost, and runs the clock of an FS without CR; a codec has no clock, so here such a
//! frame ends with the next byte or with the stream.

use std::io;

use bytes::{Bytes, BytesMut};

use crate::{DecodeError, Decoded, Decoder, DecoderOptions, encode};

/// Why a framed stream failed.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The peer's bytes are not what they should be.
    #[error("the peer broke the framing")]
    Framing(#[from] DecodeError),
    /// Reading or writing failed.
    #[error("the connection failed")]
    Connection(#[from] io::Error),
}

impl From<CodecError> for io::Error {
    fn from(error: CodecError) -> Self {
        match error {
            CodecError::Framing(error) => error.into(),
            CodecError::Connection(error) => error,
        }
    }
}

/// MLLP for `tokio_util::codec`: yields each payload, one at a time; takes payloads to send.
///
/// Any payload passes in either direction, empty ones included. Bytes outside of frames and frames that another start
/// block cut off are dropped and counted.
///
/// ```
/// use bytes::BytesMut;
/// use tokio_util::codec::{Decoder, Encoder};
/// use wardline_mllp::MllpCodec;
///
/// let mut codec = MllpCodec::new();
/// let mut wire = BytesMut::new();
/// codec.encode(&b"Hello World"[..], &mut wire)?;
/// assert_eq!(codec.decode(&mut wire)?.as_deref(), Some(&b"Hello World"[..]));
/// # Ok::<(), wardline_mllp::CodecError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MllpCodec {
    decoder: Decoder,
    lost_bytes: u64,
    abandoned_frames: u64,
}

impl MllpCodec {
    /// A codec that takes payloads of up to [`MAX_PAYLOAD`](crate::MAX_PAYLOAD) bytes and any known end of a frame.
    pub fn new() -> Self {
        Self::with_options(DecoderOptions::default())
    }

    /// A codec that decodes as `options` say.
    pub fn with_options(options: DecoderOptions) -> Self {
        Self { decoder: Decoder::new(options), lost_bytes: 0, abandoned_frames: 0 }
    }

    /// How many bytes came outside of any frame, not counting those that are silent there.
    pub fn lost_bytes(&self) -> u64 {
        self.lost_bytes
    }

    /// How many unfinished frames were dropped because a new one began inside them.
    pub fn abandoned_frames(&self) -> u64 {
        self.abandoned_frames
    }

    /// Goes through what `next` finds until that is a payload.
    fn next_payload(
        &mut self,
        buffer: &mut BytesMut,
        next: fn(&mut Decoder, &mut BytesMut) -> Result<Option<Decoded>, DecodeError>,
    ) -> Result<Option<BytesMut>, CodecError> {
        loop {
            match next(&mut self.decoder, buffer)? {
                Some(Decoded::Frame(frame)) => return Ok(Some(frame.payload)),
                Some(Decoded::Lost(lost)) => self.lost_bytes += lost.len() as u64,
                Some(Decoded::Abandoned { .. }) => self.abandoned_frames += 1,
                None => return Ok(None),
            }
        }
    }
}

impl Default for MllpCodec {
    fn default() -> Self {
        Self::new()
    }
}

impl tokio_util::codec::Decoder for MllpCodec {
    type Item = BytesMut;
    type Error = CodecError;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<BytesMut>, CodecError> {
        self.next_payload(buffer, Decoder::decode)
    }

    fn decode_eof(&mut self, buffer: &mut BytesMut) -> Result<Option<BytesMut>, CodecError> {
        self.next_payload(buffer, Decoder::end)
    }
}

impl tokio_util::codec::Encoder<&[u8]> for MllpCodec {
    type Error = CodecError;

    fn encode(&mut self, payload: &[u8], buffer: &mut BytesMut) -> Result<(), CodecError> {
        encode(payload, buffer);
        Ok(())
    }
}

impl tokio_util::codec::Encoder<Bytes> for MllpCodec {
    type Error = CodecError;

    fn encode(&mut self, payload: Bytes, buffer: &mut BytesMut) -> Result<(), CodecError> {
        encode(&payload, buffer);
        Ok(())
    }
}

impl tokio_util::codec::Encoder<BytesMut> for MllpCodec {
    type Error = CodecError;

    fn encode(&mut self, payload: BytesMut, buffer: &mut BytesMut) -> Result<(), CodecError> {
        encode(&payload, buffer);
        Ok(())
    }
}
