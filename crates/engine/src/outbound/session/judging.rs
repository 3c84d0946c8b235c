//! Whose answer it is that came (MATCH-1), and what it says.

use wardline_flow::{Expected, Received, Unclear};
use wardline_hl7::AckCode;
use wardline_hl7::ack::{Reply, ReplyError};

use super::{Awaited, Session};

/// The answer to one frame.
pub(super) enum Judged {
    /// It says this of the awaited message.
    Heard(Received),
    /// Nobody waits for it.
    Skipped,
}

impl Session {
    /// Whose answer this is, and what it says.
    pub(super) fn judge(&mut self, payload: &[u8]) -> Judged {
        let read = Reply::read(payload);
        if read.as_ref().is_ok_and(|reply| self.was_owed(reply)) {
            return Judged::Skipped;
        }
        if let Some(awaited) = &self.awaited
            && let Some(received) = self.matched(awaited, &read)
        {
            let is_commit = matches!(received, Received::Reply { code: AckCode::CA, .. });
            if is_commit && awaited.expected == Expected::Application {
                self.counters.lint_reply.one();
                return Judged::Skipped;
            }
            return Judged::Heard(match received {
                taken if taken.is_taken() && self.mid_frame => Received::Unclear(Unclear::Early),
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

    /// Whether this is an application's answer to what was delivered before. One that names the awaited message is that
    /// message's.
    pub(super) fn was_owed(&self, reply: &Reply) -> bool {
        let ack_match = self.destination.ack_match;
        let is_awaited = (self.awaited.as_ref())
            .is_some_and(|awaited| ack_match.names(&awaited.control_id, reply.acknowledged()));
        !is_awaited
            && reply.code().is_some_and(|code| self.applications.hear(code, reply.acknowledged()))
    }
}
