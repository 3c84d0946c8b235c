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
//! MLLP release 2 has a step before it: the message is awaited only once the peer has committed its block (06). Refused
//! (15), the same block is written again.
//!
//! Two messages with the same MSH-10, or without one, cannot be told apart by their answers, so the second never goes
//! over a connection that remembers the first. How near MSA-2 has to be to MSH-10 is the destination's `ack_match`; what it
//! then means is the code's to say, or `on_reply`'s.

mod commits;
mod heard;
mod ids;
mod judging;

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use wardline_config::MllpDestination;
use wardline_flow::{Expected, Later, Received, ReplyOutcome, Unclear};
use wardline_hl7::AckCode;
use wardline_hl7::ack::Reply;
use wardline_mllp::{
    Commit, DecodeError, Decoded, Decoder, DecoderOptions, Frame, FrameEnd, Position, Release,
};

use self::commits::Block;
pub(super) use self::heard::{Heard, Said};
use self::ids::SentIds;
use self::judging::Judged;
use crate::observe::DestinationCounters;
use crate::replies::Applications;

/// Answers and ids of one connection.
pub(super) struct Session {
    decoder: Decoder,
    destination: Arc<MllpDestination>,
    awaited: Option<Awaited>,
    sent: SentIds,
    /// Those of them whose answers may still come, and change nothing.
    may_follow: SentIds,
    spent: bool,
    proof: Proof,
    /// Not all of a frame of ours is written.
    mid_frame: bool,
    /// Blocks of the peer's that it is owed a commit for.
    uncommitted: usize,
    /// One of those commits is not written to its end.
    mid_commit: bool,
    applications: Arc<Applications>,
    counters: Arc<DestinationCounters>,
}

/// The message whose answer is awaited.
struct Awaited {
    control_id: Bytes,
    expected: Expected,
    later: Later,
    block: Block,
}

/// What speaks for it that the peer has what went out so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// The peer has answered the last that ended, or nothing has.
    Said,
    /// The last that ended counts as taken because it was written, and the peer was silent.
    Written,
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

impl Session {
    /// A session at the start of a connection.
    pub(super) fn new(
        destination: &Arc<MllpDestination>,
        applications: Arc<Applications>,
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
            proof: Proof::Said,
            mid_frame: false,
            uncommitted: 0,
            mid_commit: false,
            applications,
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
    pub(super) fn sent(&mut self, control_id: Bytes, expected: Expected, later: Later) {
        self.sent.remember(self.destination.ack_match.key(&control_id));
        self.awaited =
            Some(Awaited { control_id, expected, later, block: Block::Writing { refused: 0 } });
        self.mid_frame = true;
    }

    /// The awaited message is written to its last byte: from now on the peer can have it. Given is how it ended, where
    /// that is all that was awaited.
    pub(super) fn written(&mut self) -> Option<Heard> {
        self.mid_frame = false;
        let awaited = self.awaited.as_mut()?;
        awaited.block = match (self.destination.release, awaited.block) {
            (Release::Two, Block::Writing { refused }) => Block::Written { refused },
            _ => Block::Delivered,
        };
        self.conclude_unanswered()
    }

    /// The end of a message of which nothing is awaited, once the peer can have it.
    fn conclude_unanswered(&mut self) -> Option<Heard> {
        let awaited = self.awaited.as_ref()?;
        let is_over = awaited.block == Block::Delivered && awaited.expected == Expected::Nothing;
        if is_over { self.conclude(Received::Written, Bytes::new()) } else { None }
    }

    /// `ack_timeout` is over. Given is how the message ended, where that was awaited as well.
    pub(super) fn silent(&mut self) -> Option<Heard> {
        let awaited = self.awaited.as_ref()?;
        let (Block::Delivered, Expected::Silence { is_yes }) = (awaited.block, awaited.expected)
        else {
            return None;
        };
        self.spent |= !is_yes;
        self.conclude(Received::Silent { is_yes }, Bytes::new())
    }

    /// Whether the peer may not have read yet what counts as taken by it.
    pub(super) fn ends_on_trust(&self) -> bool {
        self.proof == Proof::Written
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
    pub(super) fn hear(&mut self, came: Came, buffer: &mut BytesMut) -> Option<Said> {
        loop {
            let decoded = match came {
                Came::Bytes => self.decoder.decode(buffer),
                Came::Silence => Ok(self.decoder.silence(buffer).map(Decoded::Frame)),
                Came::End => self.decoder.end(buffer),
            };
            let (judged, reply) = match decoded {
                // Of an answer that was cut, the end of the connection says all there is to say.
                Ok(None) | Err(DecodeError::UnexpectedEnd { .. }) => return None,
                Ok(Some(Decoded::Frame(frame))) => match self.on_frame(frame) {
                    Ok(judged) => judged,
                    Err(commit) => match self.on_commit(commit) {
                        Some(said) => return Some(said),
                        None => continue,
                    },
                },
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
                return Some(Said::Ended(heard));
            }
        }
    }

    /// An answer that came through a listener.
    pub(super) fn hear_elsewhere(&mut self, answer: Bytes) -> Option<Heard> {
        match self.judge(&answer) {
            Judged::Heard(received) => self.on_heard(received, answer),
            Judged::Skipped => None,
        }
    }

    /// An answer that came through a listener behind the one that ended the message: an application's, or nobody's.
    pub(super) fn hear_behind(&mut self, answer: &[u8]) {
        if !Reply::read(answer).is_ok_and(|reply| self.was_owed(&reply)) {
            self.counters.replies_stale.one();
        }
    }

    /// Content, judged; or a commit block.
    fn on_frame(&mut self, frame: Frame) -> Result<(Judged, Bytes), Commit> {
        if frame.ended.is_lint() || frame.inner_vt > 0 {
            self.counters.lint_reply.one();
        }
        let payload = frame.payload.freeze();
        if let Some(commit) = Commit::read(&payload) {
            return Err(commit);
        }
        if self.destination.release == Release::Two && !payload.is_empty() {
            self.uncommitted += 1;
        }
        Ok((self.judge(&payload), payload))
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
        self.conclude(received, reply)
    }

    /// Ends the wait for the awaited message. What may be said of it later costs nothing where it was to be expected.
    fn conclude(&mut self, received: Received, reply: Bytes) -> Option<Heard> {
        let Awaited { control_id, later, block, .. } = self.awaited.take()?;
        // What is left of a frame must not be taken for the beginning of the next, nor a commit for that of the next.
        self.spent |= block != Block::Delivered;
        let is_accepted = match received {
            Received::Reply { code, .. } => code == AckCode::CA,
            Received::Ruled { then, code } => {
                then == ReplyOutcome::Delivered && code == Some(AckCode::CA)
            }
            Received::Silent { is_yes } => is_yes,
            _ => false,
        };
        self.proof = match received {
            Received::Written | Received::Silent { is_yes: true } => Proof::Written,
            // Noise says nothing of what came before it.
            Received::Unclear(_) | Received::Transport(_) => self.proof,
            _ => Proof::Said,
        };
        if is_accepted || received == Received::Written {
            self.may_follow.remember(self.destination.ack_match.key(&control_id));
        }
        let later = if is_accepted { later } else { Later::Nothing };
        Some(Heard { received, reply, later, control_id })
    }
}

#[cfg(test)]
mod tests;
