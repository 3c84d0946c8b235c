//! The session of one outbound connection: which answer belongs to which message (MATCH-1).
//!
//! A plain struct: no socket, no actor, no clock. The connection tells it what was written and gives it what was read.
//!
//! ```text
//!            sent                 MSA-2 = MSH-10: Answer
//!   quiet ─────────▶ awaiting ───────────────────────────▶ quiet
//!     │                │  ▲ │
//!     │                │  └─┘ MSA-2 is one of the last 64 ids: Stale, goes on waiting, then spent
//!     │                │ anything else, and what says "taken" before all of it is written: Unclear
//!     ▼                ▼
//!   spent: no further message goes over this connection
//! ```
//!
//! Two messages with the same MSH-10, or without one, cannot be told apart by their answers, so the second never goes
//! over a connection that remembers the first. How near MSA-2 has to be to MSH-10 is the destination's `ack_match`; what it
//! then means is the code's to say, or `on_reply`'s.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use wardline_config::MllpDestination;
use wardline_flow::{Expected, Received, ReplyOutcome, Unclear};
use wardline_hl7::AckCode;
use wardline_hl7::ack::{Reply, ReplyError};
use wardline_mllp::{DecodeError, Decoded, Decoder, DecoderOptions, Frame, FrameEnd, Position};

use crate::observe::DestinationCounters;

/// How many ids a connection remembers, so that a late answer is known as one. An older answer than that on a
/// connection with one message in flight means a peer that has lost its place.
const REMEMBERED_IDS: usize = 64;

/// Commit and negative commit of MLLP release 2, which release 1 does not know.
const COMMIT_BLOCKS: [&[u8]; 2] = [&[0x06], &[0x15]];

/// Answers and ids of one connection.
pub(super) struct Session {
    decoder: Decoder,
    destination: Arc<MllpDestination>,
    awaited: Option<Awaited>,
    sent: SentIds,
    /// Those of them whose answers may still come, and change nothing.
    may_follow: SentIds,
    spent: bool,
    counters: Arc<DestinationCounters>,
}

/// The message whose answer is awaited.
struct Awaited {
    control_id: Bytes,
    expected: Expected,
    /// Its last byte has gone out.
    written: bool,
}

/// The last ids sent, as hashes: their length is the sender's choice, this memory is ours.
#[derive(Debug, Default)]
struct SentIds {
    hashes: VecDeque<u64>,
    /// A message without an id was sent.
    nameless: bool,
}

/// Why the session looks at its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// More of them came.
    Bytes,
    /// Nothing came for a second after an FS.
    Silence,
    /// The peer closed its side.
    End,
}

/// What an awaited answer turned out to be.
#[derive(PartialEq, Eq)]
pub(super) struct Heard {
    /// The answer, ready to be classified.
    pub(super) received: Received,
    /// Its bytes as they came, to be kept with a dead letter.
    pub(super) reply: Bytes,
}

/// The answer to one frame.
enum Judged {
    Heard(Received),
    Skipped,
}

impl Session {
    /// A session at the start of a connection.
    pub(super) fn new(
        destination: &Arc<MllpDestination>,
        counters: Arc<DestinationCounters>,
    ) -> Self {
        let max_payload = destination.max_reply_size;
        let options = DecoderOptions { max_payload, frame_end: FrameEnd::Auto };
        Self {
            decoder: Decoder::new(options),
            destination: Arc::clone(destination),
            awaited: None,
            sent: SentIds::default(),
            may_follow: SentIds::default(),
            spent: false,
            counters,
        }
    }

    /// Whether a message with this MSH-10 may be written now. If not, it needs a fresh connection.
    pub(super) fn may_send(&self, control_id: &[u8]) -> bool {
        self.awaited.is_none()
            && !self.spent
            && !self.sent.confusable(self.destination.ack_match.key(control_id))
    }

    /// A message with this MSH-10 is being written; from now on this is awaited for it.
    pub(super) fn sent(&mut self, control_id: Bytes, expected: Expected) {
        self.sent.remember(self.destination.ack_match.key(&control_id));
        self.awaited = Some(Awaited { control_id, expected, written: false });
    }

    /// The awaited message is written to its last byte: from now on the peer can have it. Given is how it ended, where
    /// that is all that was awaited.
    pub(super) fn written(&mut self) -> Option<Received> {
        let awaited = self.awaited.as_mut()?;
        awaited.written = true;
        if awaited.expected != Expected::Nothing {
            return None;
        }
        self.may_follow.remember(self.destination.ack_match.key(&awaited.control_id));
        self.awaited = None;
        Some(Received::Written)
    }

    /// `ack_timeout` is over. Given is how the message ended, where that was awaited as well.
    pub(super) fn silent(&mut self) -> Option<Received> {
        let Expected::Silence { is_yes } = self.awaited.as_ref()?.expected else {
            return None;
        };
        self.awaited = None;
        self.spent |= !is_yes;
        Some(Received::Silent { is_yes })
    }

    /// Whether nothing further may be written.
    pub(super) fn is_spent(&self) -> bool {
        self.spent
    }

    /// Whether the peer may have ended a frame without its CR: silence would tell.
    pub(super) fn awaits_silence(&self) -> bool {
        matches!(self.decoder.position(), Position::AfterBlockEnd { .. })
    }

    /// Looks through what was read; to be called until it gives `None`.
    ///
    /// What comes while nothing is awaited is counted, spends the session, and is no one's answer.
    pub(super) fn hear(&mut self, came: Came, buffer: &mut BytesMut) -> Option<Heard> {
        loop {
            let decoded = match came {
                Came::Bytes => self.decoder.decode(buffer),
                Came::Silence => Ok(self.decoder.silence(buffer).map(Decoded::Frame)),
                Came::End => self.decoder.end(buffer),
            };
            let (judged, reply) = match decoded {
                // Of an answer that was cut, the end of the connection says all there is to say.
                Ok(None) | Err(DecodeError::UnexpectedEnd { .. }) => return None,
                Ok(Some(Decoded::Frame(frame))) => self.on_frame(frame),
                Ok(Some(Decoded::Lost(_) | Decoded::Abandoned { .. })) => {
                    self.counters.lint_reply.one();
                    (Judged::Skipped, Bytes::new())
                }
                Err(DecodeError::TooLarge { head, .. }) => {
                    self.spent = true;
                    (Judged::Heard(Received::Unclear(Unclear::Unreadable)), head)
                }
            };
            if let Judged::Heard(received) = judged
                && let Some(heard) = self.on_heard(received, reply)
            {
                return Some(heard);
            }
        }
    }

    fn on_frame(&mut self, frame: Frame) -> (Judged, Bytes) {
        if frame.ended.is_lint() || frame.inner_vt > 0 {
            self.counters.lint_reply.one();
        }
        let payload = frame.payload.freeze();
        if COMMIT_BLOCKS.contains(&&payload[..]) {
            self.counters.lint_reply.one();
            return (Judged::Skipped, payload);
        }
        (self.judge(&payload), payload)
    }

    /// Whose answer this is, and what it says.
    fn judge(&mut self, payload: &[u8]) -> Judged {
        let read = Reply::read(payload);
        if let Some(awaited) = &self.awaited
            && let Some(received) = self.matched(awaited, &read)
        {
            let is_commit = matches!(received, Received::Reply { code: AckCode::CA, .. });
            if is_commit && awaited.expected == Expected::Application {
                self.counters.lint_reply.one();
                return Judged::Skipped;
            }
            return Judged::Heard(match received {
                taken if taken.is_taken() && !awaited.written => Received::Unclear(Unclear::Early),
                received => received,
            });
        }
        let reply = match read {
            Ok(reply) => reply,
            Err(error) => return Judged::Heard(Received::Unclear(Unclear::from(&error))),
        };
        let acknowledged = self.destination.ack_match.key(reply.acknowledged());
        if self.sent.contains(acknowledged) {
            self.counters.replies_stale.one();
            self.spent |= !self.may_follow.contains(acknowledged);
            return Judged::Skipped;
        }
        Judged::Heard(Received::Unclear(Unclear::UnknownControlId))
    }

    /// What it says of the awaited message, if it is an answer to it.
    fn matched(&self, awaited: &Awaited, read: &Result<Reply, ReplyError>) -> Option<Received> {
        let matching = self.destination.ack_match;
        let received = match read {
            Ok(reply) if matching.accepts(&awaited.control_id, reply.acknowledged()) => {
                Received::ruled_reply(reply, &self.destination.on_reply)
            }
            Err(error) if matching.takes_anything() => Received::Unclear(Unclear::from(error)),
            Ok(_) | Err(_) => return None,
        };
        let says_nothing = matches!(received, Received::Unclear(_));
        Some(if says_nothing && matching.takes_anything() { Received::Anything } else { received })
    }

    /// Counts what was heard, and gives it on if somebody waits for it.
    fn on_heard(&mut self, received: Received, reply: Bytes) -> Option<Heard> {
        let counters = &self.counters;
        if self.sent.is_empty() {
            // A greeting: it can be confused with no answer.
            counters.lint_reply.one();
            return None;
        }
        match received {
            Received::Reply { code: AckCode::AA | AckCode::CA, .. }
            | Received::Ruled { code: Some(AckCode::AA | AckCode::CA), .. }
            | Received::Ruled { code: None, then: ReplyOutcome::Delivered }
            | Received::Anything => {
                counters.replies_positive.one();
            }
            Received::Reply { code: AckCode::AE | AckCode::CE, .. }
            | Received::Ruled { code: Some(AckCode::AE | AckCode::CE) | None, .. } => {
                counters.replies_error.one();
            }
            Received::Reply { code: AckCode::AR | AckCode::CR, .. }
            | Received::Ruled { code: Some(AckCode::AR | AckCode::CR), .. } => {
                counters.replies_reject.one();
            }
            _ => {
                counters.replies_unclear.one();
                self.spent = true;
            }
        }
        let awaited = self.awaited.take()?;
        if awaited.expected == (Expected::Accept { application_follows: true })
            && matches!(received, Received::Reply { code: AckCode::CA, .. })
        {
            self.may_follow.remember(self.destination.ack_match.key(&awaited.control_id));
        }
        // What is left of a frame must not be taken for the beginning of the next.
        self.spent |= !awaited.written;
        Some(Heard { received, reply })
    }
}

impl SentIds {
    fn remember(&mut self, control_id: &[u8]) {
        if control_id.is_empty() {
            self.nameless = true;
            return;
        }
        if self.hashes.len() == REMEMBERED_IDS {
            self.hashes.pop_front();
        }
        self.hashes.push_back(hash(control_id));
    }

    fn is_empty(&self) -> bool {
        self.hashes.is_empty() && !self.nameless
    }

    fn contains(&self, control_id: &[u8]) -> bool {
        if control_id.is_empty() { self.nameless } else { self.hashes.contains(&hash(control_id)) }
    }

    /// Whether an answer to what was sent could be taken for one to a message with this id.
    fn confusable(&self, control_id: &[u8]) -> bool {
        !self.is_empty() && (self.nameless || control_id.is_empty() || self.contains(control_id))
    }
}

fn hash(control_id: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    control_id.hash(&mut hasher);
    hasher.finish()
}

impl std::fmt::Debug for Heard {
    /// The answer may quote the message, so only its size is shown: PHI-1.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Heard")
            .field("received", &self.received)
            .field("reply_bytes", &self.reply.len())
            .finish()
    }
}

#[cfg(test)]
mod tests;
