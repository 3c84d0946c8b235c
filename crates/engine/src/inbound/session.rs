//! The session of one connection: which bytes are a message, and how long to wait for the next ones.
//!
//! A plain struct: no socket, no actor, no clock of its own. The connection gives it what was read and asks what is
//! [`Next`].
//!
//! ```text
//!             VT                      FS CR
//!  between ─────────▶ inside frame ───────────▶ Message ──▶ between
//!   │ idle_timeout     │ frame_idle_timeout,      FS alone: after 1 s of silence
//!   │ 64 KiB lost      │ frame_timeout
//!   ▼                  ▼
//!  Close              Close                  over max_message_size ──▶ TooLarge, then the connection lingers
//! ```
//!
//! The clocks of a frame run only while the connection reads: what waits here because an earlier message is in hand
//! grows no older.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use wardline_config::Listener;
use wardline_mllp::{
    Commit, DecodeError, Decoded, Decoder, DecoderOptions, FS_SILENCE, Frame, Position,
};

use super::budget::FREE;
use super::close::CloseReason;
use crate::observe::ListenerCounters;

/// A peer that sends this much without starting a frame does not speak MLLP.
pub(crate) const MAX_LOST: usize = 64 * 1024;

/// Frames and clocks of one connection.
pub(crate) struct Session {
    decoder: Decoder,
    buffer: BytesMut,
    clocks: Clocks,
    end_of_stream: bool,
    /// Bytes lost since the last frame.
    lost: usize,
    counters: Arc<ListenerCounters>,
}

/// The connection's next step.
#[derive(PartialEq, Eq)]
pub(crate) enum Next {
    /// Decide on this payload, answer it, ask again.
    Message(Bytes),
    /// Read; if nothing comes until `deadline`, say [`Session::waited`].
    Read {
        /// None: wait as long as it takes.
        deadline: Option<Instant>,
    },
    /// The payload is over the limit: refuse it by its first bytes and close.
    TooLarge {
        /// Enough of the payload to answer its header.
        head: Bytes,
    },
    /// Close the connection.
    Close(CloseReason),
}

/// What limits the waiting.
#[derive(Debug)]
struct Clocks {
    idle_timeout: Option<Duration>,
    frame_idle_timeout: Duration,
    frame_timeout: Duration,
    /// When the connection began to wait for bytes.
    waiting_since: Option<Instant>,
    /// Time spent waiting for bytes of the frame that is coming in.
    frame_waited: Duration,
    /// The first byte lost since the last frame.
    lost_since: Option<Instant>,
    /// Since when nothing came between frames.
    idle_since: Instant,
}

impl Session {
    /// A session for a connection of `listener`.
    pub(crate) fn new(listener: &Listener, counters: Arc<ListenerCounters>, now: Instant) -> Self {
        Self {
            decoder: Decoder::new(DecoderOptions {
                max_payload: listener.max_message_size,
                frame_end: listener.frame_end,
            }),
            buffer: BytesMut::new(),
            clocks: Clocks {
                idle_timeout: listener.idle_timeout,
                frame_idle_timeout: listener.frame_idle_timeout,
                frame_timeout: listener.frame_timeout,
                waiting_since: None,
                frame_waited: Duration::ZERO,
                lost_since: None,
                idle_since: now,
            },
            end_of_stream: false,
            lost: 0,
            counters,
        }
    }

    /// Goes by other limits from the next frame on. To be called between frames.
    pub(super) fn limit(&mut self, listener: &Listener) {
        self.decoder.set_options(DecoderOptions {
            max_payload: listener.max_message_size,
            frame_end: listener.frame_end,
        });
        self.clocks.idle_timeout = listener.idle_timeout;
        self.clocks.frame_idle_timeout = listener.frame_idle_timeout;
        self.clocks.frame_timeout = listener.frame_timeout;
    }

    /// Where the connection puts what it reads. Empty between frames, so that an idle connection holds no memory.
    pub(crate) fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// How much lies in the buffer.
    pub(crate) fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// Lets go of the memory of a large message that has left the buffer; a copy of the few bytes behind it stays. How
    /// much lies in the buffer.
    pub(super) fn let_go(&mut self) -> usize {
        if self.buffer.len() <= FREE {
            self.buffer = BytesMut::from(&self.buffer[..]);
        }
        self.buffer.len()
    }

    /// Whether no byte of a frame has come yet.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.decoder.position(), Position::Between)
    }

    /// Bytes were read into the buffer.
    pub(crate) fn received(&mut self, now: Instant) {
        if let Some(since) = self.clocks.waiting_since.take()
            && !self.is_idle()
        {
            self.clocks.frame_waited += now.duration_since(since);
        }
        self.clocks.idle_since = now;
    }

    /// The peer closed its side.
    pub(crate) fn ended(&mut self) {
        self.end_of_stream = true;
    }

    /// What to do now.
    pub(crate) fn next(&mut self, now: Instant) -> Next {
        loop {
            let decoded = if self.end_of_stream {
                self.decoder.end(&mut self.buffer)
            } else {
                self.decoder.decode(&mut self.buffer)
            };
            match decoded {
                Ok(Some(decoded)) => {
                    if let Some(next) = self.on_decoded(decoded, now) {
                        return next;
                    }
                }
                Ok(None) if self.end_of_stream => return Next::Close(CloseReason::ByPeer),
                Ok(None) => return self.read(now),
                Err(DecodeError::TooLarge { head, .. }) => return Next::TooLarge { head },
                Err(DecodeError::UnexpectedEnd { .. }) => {
                    return Next::Close(CloseReason::InsideFrame);
                }
            }
        }
    }

    /// Nothing came until the deadline of [`Next::Read`].
    pub(crate) fn waited(&mut self, now: Instant) -> Next {
        match self.decoder.position() {
            Position::Between if self.clocks.lost_since.is_some() => {
                Next::Close(CloseReason::NoFrame)
            }
            Position::Between => Next::Close(CloseReason::Idle),
            Position::Inside { .. } => Next::Close(CloseReason::FrameTimeout),
            Position::AfterBlockEnd { .. } => match self.decoder.silence(&mut self.buffer) {
                Some(frame) => match self.on_frame(frame, now) {
                    Some(next) => next,
                    None => self.next(now),
                },
                None => self.next(now),
            },
        }
    }

    fn on_decoded(&mut self, decoded: Decoded, now: Instant) -> Option<Next> {
        match decoded {
            Decoded::Frame(frame) => self.on_frame(frame, now),
            Decoded::Lost(bytes) => {
                tracing::debug!(bytes = bytes.len(), "lost bytes: they are in no frame");
                self.counters.lost_bytes.add(bytes.len() as u64);
                self.lost += bytes.len();
                self.clocks.lost_since.get_or_insert(now);
                (self.lost > MAX_LOST).then_some(Next::Close(CloseReason::NoFrame))
            }
            Decoded::Abandoned { .. } => {
                self.counters.frames_abandoned.one();
                self.clocks.frame_waited = Duration::ZERO;
                None
            }
        }
    }

    fn on_frame(&mut self, frame: Frame, now: Instant) -> Option<Next> {
        self.lost = 0;
        self.clocks.lost_since = None;
        self.clocks.frame_waited = Duration::ZERO;
        self.clocks.idle_since = now;
        if frame.ended.is_lint() {
            self.counters.lint_frame_end.one();
        }
        if frame.inner_vt > 0 {
            self.counters.lint_inner_vt.one();
        }
        if is_no_message(&frame.payload) {
            self.counters.frames_ignored.one();
            return None;
        }
        self.counters.frames.one();
        self.counters.bytes.add(frame.payload.len() as u64);
        Some(Next::Message(frame.payload.freeze()))
    }

    fn read(&mut self, now: Instant) -> Next {
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
        self.clocks.waiting_since = Some(now);
        let clocks = &self.clocks;
        let deadline = match self.decoder.position() {
            Position::Between => match clocks.lost_since {
                Some(since) => Some(since + clocks.frame_idle_timeout),
                None => clocks.idle_timeout.map(|timeout| clocks.idle_since + timeout),
            },
            Position::Inside { .. } => {
                let left = clocks.frame_timeout.saturating_sub(clocks.frame_waited);
                Some(now + left.min(clocks.frame_idle_timeout))
            }
            Position::AfterBlockEnd { .. } => Some(now + FS_SILENCE),
        };
        Next::Read { deadline }
    }
}

/// Empty frames, and commit blocks: release 1 does not know them, and under release 2 no content of ours waits for one.
fn is_no_message(payload: &[u8]) -> bool {
    payload.is_empty() || Commit::read(payload).is_some()
}

impl std::fmt::Debug for Next {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Message(payload) => write!(f, "Message({} bytes)", payload.len()),
            Self::Read { deadline } => write!(f, "Read(until {deadline:?})"),
            Self::TooLarge { head } => write!(f, "TooLarge({} bytes of head)", head.len()),
            Self::Close(reason) => write!(f, "Close({reason:?})"),
        }
    }
}

#[cfg(test)]
mod tests;
