//! MLLP release 2: each block of content is answered by a commit block, below the answers of HL7.
//!
//! | what became of it | commit | answers |
//! |---|---|---|
//! | on stable storage | 06 | as the message asks for |
//! | refused, with the reason | 06: sent again it would be refused again | the negative one |
//! | cannot be stored now | 15: the same block is to be sent again | none |
//! | the same block as before | 06 | those it had, and nothing is stored |

use std::sync::Arc;

use bytes::Bytes;
use wardline_mllp::{Commit, Release};

use super::{Conversation, Goes};
use crate::inbound::blocks::Block;

impl Conversation {
    /// From a block to its commit and its answers.
    pub(super) async fn answer_block(&mut self, payload: Bytes) -> Goes {
        let around = Arc::clone(&self.around);
        match around.blocks.take(&payload, &mut self.last_block).await {
            Block::New(in_hand) => {
                self.uncommitted = Some(in_hand);
                self.answer(payload).await?;
                // Nothing may have been said: to an acknowledgement that came in.
                self.commit().await
            }
            Block::Again(mut again) => {
                self.deciding = None;
                around.counters.blocks_again.one();
                self.socket.write(Commit::Acknowledged.frame()).await?;
                while let Some(frames) = again.next().await {
                    for frame in frames.iter() {
                        self.socket.write(frame).await?;
                    }
                }
                Ok(())
            }
        }
    }

    /// Says that the block is dealt with for good, where that is still to be said. Whoever says it for something stored
    /// vouches for ACK-1.
    pub(super) async fn commit(&mut self) -> Goes {
        match self.uncommitted.take() {
            Some(_) => self.socket.write(Commit::Acknowledged.frame()).await,
            None => Ok(()),
        }
    }

    /// The same for a block that is refused unread.
    pub(super) async fn commit_unread(&mut self) -> Goes {
        match self.around.intake.listener().release {
            Release::One => Ok(()),
            Release::Two => self.socket.write(Commit::Acknowledged.frame()).await,
        }
    }

    /// Says that the block could not be stored. The connection goes on: the next block is this one again.
    pub(super) async fn refuse_block(&mut self) -> Goes {
        self.uncommitted = None;
        self.around.counters.blocks_refused.one();
        self.socket.write(Commit::Refused.frame()).await
    }
}
