//! Blocks of MLLP release 2 that are on stable storage, so that one whose commit got lost is not stored twice.
//!
//! A sender that has no commit sends the same block again before any other, on this connection or on its next one. So
//! the last block of each connection is remembered, with what was answered to it: the same block gets the same answer.
//!
//! ```text
//!             ┌── the same block ──▶ Again(answers), once the first copy is kept
//!  block ─────┤
//!             └── another ─────────▶ New: in hand ──kept(answers)──▶ remembered until the connection's next block
//!                                        └──dropped: it was not kept, a copy is new
//! ```

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use tokio::sync::watch;

/// How long the last block of a connection is known. A sender that waits for a commit asks again within its timeout,
/// a matter of seconds or minutes; what comes much later is meant.
const KNOWN_FOR: Duration = Duration::from_secs(60 * 60);
/// How many connections' last blocks are known.
const MOST_BLOCKS: usize = 1024;
/// The longest answer that is kept to be given again, in bytes. Only a batch with an answer for each message has more; a
/// copy of such a one is stored anew.
const MOST_ANSWER: usize = 64 * 1024;

/// The last blocks of one listener's connections, the oldest first.
#[derive(Default)]
pub(crate) struct Blocks(Mutex<VecDeque<Known>>);

/// The last block of one connection, by its SHA-256.
#[derive(Debug, Default)]
pub(crate) struct LastBlock(Option<Digest>);

type Digest = [u8; SHA256_OUTPUT_LEN];
/// The frames that were answered once the block was kept; `None` before.
type Answered = Option<Arc<[Bytes]>>;

struct Known {
    digest: Digest,
    since: Instant,
    answered: watch::Receiver<Answered>,
}

/// A block that came.
pub(crate) enum Block {
    /// For the first time, as far as is known.
    New(InHand),
    /// It was kept before, and answered with these frames.
    Again(Arc<[Bytes]>),
}

/// A block that is being decided. Dropped without a word, it was not kept.
pub(crate) struct InHand(watch::Sender<Answered>);

impl Blocks {
    /// Takes a block of the connection with this last one. A copy of a block that is in hand elsewhere waits until that
    /// is decided.
    pub(crate) async fn take(&self, payload: &[u8], last: &mut LastBlock) -> Block {
        let mut found = Digest::default();
        found.copy_from_slice(digest(&SHA256, payload).as_ref());
        if let Some(before) = last.0.replace(found).filter(|before| *before != found) {
            self.forget(&before);
        }
        loop {
            let mut in_hand = match self.enter(found, Instant::now()) {
                Ok(new) => return Block::New(new),
                Err(known) => known,
            };
            if let Ok(answered) = in_hand.wait_for(Option::is_some).await
                && let Some(frames) = &*answered
            {
                return Block::Again(Arc::clone(frames));
            }
        }
    }

    /// A place for a new block, or what is known of it.
    fn enter(&self, digest: Digest, now: Instant) -> Result<InHand, watch::Receiver<Answered>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|one| now.duration_since(one.since) < KNOWN_FOR && !one.was_given_up());
        if let Some(same) = known.iter().find(|one| one.digest == digest) {
            return Err(same.answered.clone());
        }
        if known.len() == MOST_BLOCKS {
            known.pop_front();
        }
        let (answering, answered) = watch::channel(None);
        known.push_back(Known { digest, since: now, answered });
        Ok(InHand(answering))
    }

    /// Its connection sent another block, so it has the commit.
    fn forget(&self, digest: &Digest) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|one| one.digest != *digest);
    }
}

impl Known {
    fn was_given_up(&self) -> bool {
        self.answered.has_changed().is_err() && self.answered.borrow().is_none()
    }
}

impl InHand {
    /// It is kept, and answered with these frames.
    pub(crate) fn kept<'f>(&self, frames: impl Iterator<Item = &'f Bytes> + Clone) {
        if frames.clone().map(Bytes::len).sum::<usize>() <= MOST_ANSWER {
            self.0.send_replace(Some(frames.cloned().collect()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &'static str) -> Bytes {
        Bytes::from_static(text.as_bytes())
    }

    async fn new(blocks: &Blocks, payload: &[u8], last: &mut LastBlock) -> InHand {
        match blocks.take(payload, last).await {
            Block::New(in_hand) => in_hand,
            Block::Again(_) => panic!("a block that is known"),
        }
    }

    async fn again(blocks: &Blocks, payload: &[u8], last: &mut LastBlock) -> Vec<Bytes> {
        match blocks.take(payload, last).await {
            Block::New(_) => panic!("a block that is not known"),
            Block::Again(frames) => frames.to_vec(),
        }
    }

    #[tokio::test]
    async fn a_kept_block_gets_its_answer_again_on_any_connection() {
        let blocks = Blocks::default();
        let mut first = LastBlock::default();
        new(&blocks, b"M1", &mut first).await.kept([frame("AA")].iter());
        assert_eq!(again(&blocks, b"M1", &mut first).await, ["AA"]);
        assert_eq!(again(&blocks, b"M1", &mut LastBlock::default()).await, ["AA"]);
    }

    #[tokio::test]
    async fn the_next_block_of_a_connection_says_that_the_commit_arrived() {
        let blocks = Blocks::default();
        let mut last = LastBlock::default();
        new(&blocks, b"M1", &mut last).await.kept([frame("AA")].iter());
        new(&blocks, b"M2", &mut last).await.kept([].iter());
        new(&blocks, b"M1", &mut last).await.kept([].iter());
    }

    #[tokio::test]
    async fn a_block_that_was_not_kept_is_new_again() {
        let blocks = Blocks::default();
        let mut last = LastBlock::default();
        drop(new(&blocks, b"M1", &mut last).await);
        drop(new(&blocks, b"M1", &mut last).await);
        let long = Bytes::from(vec![b'A'; MOST_ANSWER + 1]);
        new(&blocks, b"M1", &mut last).await.kept([long].iter());
        drop(new(&blocks, b"M1", &mut last).await);
    }

    #[tokio::test]
    async fn a_copy_waits_for_the_block_that_is_in_hand() {
        let blocks = Blocks::default();
        let in_hand = new(&blocks, b"M1", &mut LastBlock::default()).await;
        let decided = async {
            tokio::task::yield_now().await;
            in_hand.kept([frame("AA")].iter());
        };
        let mut other = LastBlock::default();
        let (frames, ()) = tokio::join!(again(&blocks, b"M1", &mut other), decided);
        assert_eq!(frames, ["AA"]);
    }

    #[tokio::test]
    async fn no_more_blocks_are_known_than_there_is_room_for() {
        let blocks = Blocks::default();
        for number in 0..=MOST_BLOCKS {
            let payload = number.to_string();
            new(&blocks, payload.as_bytes(), &mut LastBlock::default()).await.kept([].iter());
        }
        assert_eq!(blocks.0.lock().unwrap().len(), MOST_BLOCKS);
        drop(new(&blocks, b"0", &mut LastBlock::default()).await);
    }

    #[test]
    fn what_comes_after_an_hour_is_meant() {
        let blocks = Blocks::default();
        let now = Instant::now();
        let Ok(in_hand) = blocks.enter(Digest::default(), now) else { panic!("a new block") };
        in_hand.kept([].iter());
        assert!(blocks.enter(Digest::default(), now + KNOWN_FOR / 2).is_err());
        assert!(blocks.enter(Digest::default(), now + KNOWN_FOR).is_ok());
    }
}
