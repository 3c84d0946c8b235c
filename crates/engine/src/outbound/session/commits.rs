//! What MLLP release 2 adds to a session: a message's block is committed by the peer before its answer is awaited, and each
//! block of the peer's by us.

use bytes::Bytes;
use wardline_flow::{Received, TransportFault};
use wardline_mllp::{Commit, Release};

use super::{Said, Session};

/// How often a block that the peer did not commit is written again at once. A peer that could not store it by then will
/// not the next moment either: the connection is given up, and the message tried again with the pauses of any fault.
pub(super) const RESENDS: u8 = 3;

/// Where the block of the awaited message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    /// On its way, after so many refusals.
    Writing { refused: u8 },
    /// Written to its last byte; release 2 awaits the commit.
    Written { refused: u8 },
    /// The peer can have it: committed, or written where there is no commit.
    Delivered,
}

impl Session {
    /// Whether the peer is owed a commit for a block of its own, which may be written now. It is asked for once, and then
    /// on its way.
    pub(in crate::outbound) fn owes_commit(&mut self) -> bool {
        let owes = self.uncommitted > 0 && !self.mid_frame && !self.mid_commit;
        self.uncommitted -= usize::from(owes);
        self.mid_commit |= owes;
        owes
    }

    /// The commit is written to its end.
    pub(in crate::outbound) fn commit_written(&mut self) {
        self.mid_commit = false;
    }

    /// Whether a commit is on its way: what is written now would come to lie inside it.
    pub(in crate::outbound) fn is_mid_commit(&self) -> bool {
        self.mid_commit
    }

    /// Release 1 knows no commit; under release 2 one that nobody waits for leaves in doubt what the next is for.
    pub(super) fn on_commit(&mut self, commit: Commit) -> Option<Said> {
        let awaited = self.awaited.as_mut();
        let Some((awaited, refused)) = awaited.and_then(|awaited| match awaited.block {
            Block::Written { refused } => Some((awaited, refused)),
            Block::Writing { .. } | Block::Delivered => None,
        }) else {
            self.counters.lint_reply.one();
            self.spent |= self.destination.release == Release::Two;
            return None;
        };
        match commit {
            Commit::Acknowledged => {
                awaited.block = Block::Delivered;
                Some(self.conclude_unanswered().map_or(Said::Committed, Said::Ended))
            }
            Commit::Refused => {
                self.counters.commits_refused.one();
                if refused < RESENDS {
                    awaited.block = Block::Writing { refused: refused + 1 };
                    self.mid_frame = true;
                    return Some(Said::Refused);
                }
                self.spent = true;
                let fault = Received::Transport(TransportFault::NotCommitted);
                self.conclude(fault, Bytes::new()).map(Said::Ended)
            }
        }
    }
}
