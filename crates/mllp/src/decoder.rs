//! The incremental decoder: what a socket gave, cut anywhere, to frames.
//!
//! It stands between a connection's read and its session, at both ends: a listener's frames and a destination's replies
//! come through here. It owns no bytes. The caller's buffer holds what is not consumed yet, and the decoder remembers
//! how far into it the search has come:
//!
//! ```text
//!              VT                       FS CR: frame
//!   Between ────────▶ Inside ─────────────────────────────────▶ Between
//!      │ CR LF NUL SP FS: dropped          │ FS, no more yet: AfterBlockEnd, still Inside here
//!      │ other: Lost                       │ VT MSH: Abandoned, Inside of the new frame
//!      ▼                                   │ payload > limit: TooLarge ─▶ Failed
//!   Between                                │ end of stream: UnexpectedEnd ─▶ Failed
//! ```
//!
//! The cost of a frame that lies whole in the buffer is one vectorised pass over its payload and a split of the buffer;
//! nothing is copied (RAW-1). A frame that comes in pieces is searched once as well, whatever the pieces, and refused
//! as soon as more than the limit of it has been seen (BOUND-1).

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};

use crate::boundary::Boundary;
use crate::gap::Gap;
use crate::{DecodeError, Decoded, END_BLOCK, Ended, Frame, FrameEnd, MAX_HEAD, START_BLOCK};

/// How large a payload may be unless told otherwise, in bytes: scanned documents travel in OBX segments.
pub const MAX_PAYLOAD: usize = 64 * 1024 * 1024;

/// The most bytes one [`Decoded::Lost`] holds: what is read at once, so that junk is never gathered up.
pub const MAX_LOST_PIECE: usize = 64 * 1024;

/// How long a peer must be silent after FS for the frame to count as ended without CR. Long enough for a CR that got
/// into a packet of its own and was resent, short enough for a sender that waits for its answer.
pub const FS_SILENCE: Duration = Duration::from_secs(1);

/// What a [`Decoder`] accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecoderOptions {
    /// The largest payload, in bytes. [`MAX_PAYLOAD`] by default.
    pub max_payload: usize,
    /// What ends a frame.
    pub frame_end: FrameEnd,
}

impl Default for DecoderOptions {
    fn default() -> Self {
        Self { max_payload: MAX_PAYLOAD, frame_end: FrameEnd::default() }
    }
}

/// Where in the stream the decoder stands, for the clocks that a connection runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Outside of any frame. No clock of a frame runs.
    Between,
    /// Inside a frame.
    Inside {
        /// How much of the payload has come, in bytes.
        bytes: usize,
    },
    /// Behind an FS that ends the frame unless a byte comes that makes it payload: [`FS_SILENCE`] runs, and at its end
    /// [`Decoder::silence`] gives the frame. Only under [`FrameEnd::Auto`].
    AfterBlockEnd {
        /// The payload before the FS, in bytes.
        bytes: usize,
    },
}

/// Finds frames in a stream of bytes.
///
/// The buffer given to [`decode`](Self::decode) begins with whatever the previous call left in its own, followed by
/// what came since; it need not be the same buffer.
#[derive(Clone, Debug)]
pub struct Decoder {
    options: DecoderOptions,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Between {
        /// Junk came since the last frame.
        after_junk: bool,
    },
    /// The VT is consumed; the payload begins at the start of the buffer.
    Inside(Inside),
    /// A frame was refused or cut off; nothing that follows can be trusted.
    Failed,
}

#[derive(Clone, Copy, Debug, Default)]
struct Inside {
    /// No undecided FS or VT lies before this offset.
    searched: usize,
    /// The length of the buffer when it was last searched.
    seen: usize,
    inner_vt: usize,
    /// The last byte seen is an FS at `searched`, and under [`FrameEnd::Auto`] silence ends the frame there.
    awaits_silence: bool,
}

impl Decoder {
    /// A decoder at the start of a stream.
    pub fn new(options: DecoderOptions) -> Self {
        Self { options, state: State::Between { after_junk: false } }
    }

    /// Accepts by other options from here on. A frame that is coming in is held against them too.
    pub fn set_options(&mut self, options: DecoderOptions) {
        self.options = options;
    }

    /// Takes the next thing out of `buffer`; to be called until it gives `None`, which means that more bytes are needed.
    ///
    /// # Errors
    ///
    /// [`DecodeError::TooLarge`], once; from then on everything is dropped and `None` returned.
    pub fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Decoded>, DecodeError> {
        match self.state {
            State::Between { after_junk } => match Gap::cross(buffer, after_junk) {
                Gap::Empty => Ok(None),
                Gap::Lost(lost) => {
                    self.state = State::Between { after_junk: true };
                    Ok(Some(Decoded::Lost(lost)))
                }
                Gap::Start => self.search(Inside::default(), buffer),
            },
            State::Inside(inside) => self.search(inside, buffer),
            State::Failed => {
                buffer.clear();
                Ok(None)
            }
        }
    }

    /// The frame that [`Position::AfterBlockEnd`] speaks of, when the peer has been silent for [`FS_SILENCE`].
    ///
    /// `None` at any other position, and where `buffer` holds bytes that have not been decoded: then the peer was not
    /// silent. A CR that comes later is dropped between frames.
    pub fn silence(&mut self, buffer: &mut BytesMut) -> Option<Frame> {
        self.finish_at_last_byte(Ended::FsSilence, buffer)
    }

    /// Takes what remains at the end of the stream; to be called until it gives `None` or an error.
    ///
    /// # Errors
    ///
    /// [`DecodeError::UnexpectedEnd`] where the stream ends inside a frame, [`DecodeError::TooLarge`] as in
    /// [`decode`](Self::decode).
    pub fn end(&mut self, buffer: &mut BytesMut) -> Result<Option<Decoded>, DecodeError> {
        if let Some(decoded) = self.decode(buffer)? {
            return Ok(Some(decoded));
        }
        if let Some(frame) = self.finish_at_last_byte(Ended::FsEndOfStream, buffer) {
            return Ok(Some(Decoded::Frame(frame)));
        }
        match self.state {
            State::Between { .. } | State::Failed => Ok(None),
            // A framing byte that was undecided until now is payload, and counts as such.
            State::Inside(_) if buffer.len() > self.options.max_payload => {
                Err(self.too_large(buffer))
            }
            State::Inside(_) => {
                let bytes = buffer.len();
                buffer.clear();
                self.state = State::Failed;
                Err(DecodeError::UnexpectedEnd { bytes })
            }
        }
    }

    /// Where the decoder stands after the last call.
    pub fn position(&self) -> Position {
        match self.state {
            State::Between { .. } | State::Failed => Position::Between,
            State::Inside(Inside { awaits_silence: true, searched, .. }) => {
                Position::AfterBlockEnd { bytes: searched }
            }
            State::Inside(Inside { seen, .. }) => Position::Inside { bytes: seen },
        }
    }

    /// Searches on for the end of the frame whose payload begins at the start of `buffer`.
    fn search(
        &mut self,
        mut inside: Inside,
        buffer: &mut BytesMut,
    ) -> Result<Option<Decoded>, DecodeError> {
        loop {
            let unsearched = buffer.get(inside.searched..).unwrap_or_default();
            inside.searched += find_mark(unsearched).unwrap_or(unsearched.len());
            if inside.searched > self.options.max_payload {
                return Err(self.too_large(buffer));
            }
            let found = buffer.get(inside.searched..).unwrap_or_default();
            let is_vt = found.first() == Some(&START_BLOCK);
            match Boundary::judge(found, self.options.frame_end) {
                Boundary::Payload => {
                    inside.searched += 1;
                    inside.inner_vt += usize::from(is_vt);
                }
                Boundary::End { ended, width } => {
                    return Ok(Some(Decoded::Frame(self.finish(inside, ended, width, buffer))));
                }
                Boundary::Restart => {
                    let bytes = inside.searched;
                    buffer.advance(bytes + 1);
                    self.state = State::Inside(Inside::default());
                    return Ok(Some(Decoded::Abandoned { bytes }));
                }
                Boundary::Unknown => {
                    inside.seen = buffer.len();
                    inside.awaits_silence =
                        !found.is_empty() && !is_vt && self.options.frame_end == FrameEnd::Auto;
                    self.state = State::Inside(inside);
                    return Ok(None);
                }
            }
        }
    }

    /// Takes the frame that ends at `inside.searched`, and the `width` bytes that end it, out of `buffer`.
    fn finish(
        &mut self,
        inside: Inside,
        ended: Ended,
        width: usize,
        buffer: &mut BytesMut,
    ) -> Frame {
        let payload = buffer.split_to(inside.searched);
        buffer.advance(width);
        self.state = State::Between { after_junk: false };
        Frame { payload, ended, inner_vt: inside.inner_vt }
    }

    /// The frame whose FS is the last byte that came, if [`FrameEnd::Auto`] lets it end so.
    fn finish_at_last_byte(&mut self, ended: Ended, buffer: &mut BytesMut) -> Option<Frame> {
        match self.state {
            State::Inside(inside) if inside.awaits_silence && inside.seen == buffer.len() => {
                Some(self.finish(inside, ended, 1, buffer))
            }
            State::Inside(_) | State::Between { .. } | State::Failed => None,
        }
    }

    fn too_large(&mut self, buffer: &mut BytesMut) -> DecodeError {
        let head = buffer.get(..MAX_HEAD.min(self.options.max_payload)).unwrap_or(buffer);
        // A copy, so that the answer does not hold on to the whole buffer.
        let head = Bytes::copy_from_slice(head);
        buffer.clear();
        self.state = State::Failed;
        DecodeError::TooLarge { limit: self.options.max_payload, head }
    }
}

/// The offset of the first FS or VT.
fn find_mark(bytes: &[u8]) -> Option<usize> {
    let mark = memchr::memchr2(END_BLOCK, START_BLOCK, bytes);
    #[cfg(test)]
    tests::count_searched(mark.map_or(bytes.len(), |offset| offset + 1));
    mark
}

#[cfg(test)]
mod tests;
