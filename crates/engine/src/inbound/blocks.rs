//! Blocks of MLLP release 2 that are on stable storage, so that one whose commit got lost is not stored twice.
//!
//! A sender that has no commit sends the same block again before any other, on this connection or on its next one. So
//! the last block of each connection is remembered, with what was answered to it: the same block gets the same answer.
//!
//! ```text
//!             ┌── the same block ──▶ Again: its answers, once the first copy is kept
//!  block ─────┤
//!             └── another ─────────▶ New: in hand ──answered──▶ remembered until the connection's next block
//!                                      │   └─kept─▶ what was said at once ──answered──▶ and what another system said
//!                                      │                                    └─refused: said to copies that wait, then forgotten
//!                                      └──dropped: it was not kept, a copy is new
//! ```

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::watch;
use wardline_store::limits::MAX_REPLY;

use super::apart::{LARGE, apart};
use super::digest::digest_of_bytes;

/// How long the last block of a connection is known. A sender that waits for a commit asks again within its timeout,
/// a matter of seconds or minutes; what comes much later is meant.
const KNOWN_FOR: Duration = Duration::from_secs(60 * 60);
/// How many connections' last blocks are known.
const MOST_BLOCKS: usize = 1024;
/// The longest answer that is kept to be given again, in bytes: one that another system gave, and an accept answer before
/// it. Only a batch with an answer for each message has more; a copy of such a one is stored anew.
const MOST_ANSWER: usize = MAX_REPLY + 4096;

/// The last blocks of one listener's connections, the oldest first.
#[derive(Default)]
pub(crate) struct Blocks(Mutex<VecDeque<Known>>);

/// The last block of one connection, by its SHA-256.
#[derive(Debug, Default)]
pub(crate) struct LastBlock(Option<Digest>);

type Digest = [u8; 32];

struct Known {
    digest: Digest,
    since: Instant,
    stage: watch::Receiver<Stage>,
}

/// How far a block is.
#[derive(Clone)]
enum Stage {
    /// It is being decided.
    InHand,
    /// It is kept and these frames were said; what another system says of it comes behind them.
    Kept(Arc<[Bytes]>),
    /// All that is said of it.
    Answered(Arc<[Bytes]>),
    /// The same, and it is not to be known any more: who sends it again means it.
    Refused(Arc<[Bytes]>),
}

/// A block that came.
pub(crate) enum Block {
    /// For the first time, as far as is known.
    New(InHand),
    /// It was kept before.
    Again(Again),
}

/// What was said of the first copy of a block.
pub(crate) struct Again {
    stage: watch::Receiver<Stage>,
    /// How many of its frames were handed out.
    said: usize,
}

/// A block that is being decided. Dropped without a word, it was not kept.
pub(crate) struct InHand(watch::Sender<Stage>);

impl Blocks {
    /// Takes a block of the connection with this last one. A copy of a block that is in hand elsewhere waits until that
    /// is decided.
    pub(crate) async fn take(&self, payload: &Bytes, last: &mut LastBlock) -> Block {
        let found = if payload.len() > LARGE {
            let payload = payload.clone();
            apart(move || digest_of_bytes(&payload)).await
        } else {
            digest_of_bytes(payload)
        };
        if let Some(before) = last.0.replace(found).filter(|before| *before != found) {
            self.forget(&before);
        }
        loop {
            let mut stage = match self.enter(found, Instant::now()) {
                Ok(new) => return Block::New(new),
                Err(known) => known,
            };
            if stage.wait_for(|stage| !matches!(stage, Stage::InHand)).await.is_ok() {
                return Block::Again(Again { stage, said: 0 });
            }
        }
    }

    /// A place for a new block, or what is known of it.
    fn enter(&self, digest: Digest, now: Instant) -> Result<InHand, watch::Receiver<Stage>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|one| now.duration_since(one.since) < KNOWN_FOR && one.is_known());
        if let Some(same) = known.iter().find(|one| one.digest == digest) {
            return Err(same.stage.clone());
        }
        if known.len() == MOST_BLOCKS {
            known.pop_front();
        }
        let (deciding, stage) = watch::channel(Stage::InHand);
        known.push_back(Known { digest, since: now, stage });
        Ok(InHand(deciding))
    }

    /// Its connection sent another block, so it has the commit.
    fn forget(&self, digest: &Digest) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|one| one.digest != *digest);
    }
}

impl Known {
    fn is_known(&self) -> bool {
        match &*self.stage.borrow() {
            Stage::InHand => self.stage.has_changed().is_ok(),
            Stage::Kept(_) | Stage::Answered(_) => true,
            Stage::Refused(_) => false,
        }
    }
}

impl Again {
    /// The frames that are to be said next, as soon as they are known; `None` when that is all.
    pub(crate) async fn next(&mut self) -> Option<Arc<[Bytes]>> {
        let is_ahead = |stage: &Stage| stage.frames().len() > self.said || stage.is_last();
        // Whoever had it in hand may have gone without the last word.
        let stage = self.stage.wait_for(is_ahead).await.ok()?;
        let frames: Arc<[Bytes]> = stage.frames().get(self.said..)?.into();
        self.said += frames.len();
        (!frames.is_empty()).then_some(frames)
    }
}

impl Stage {
    fn frames(&self) -> &[Bytes] {
        match self {
            Self::InHand => &[],
            Self::Kept(frames) | Self::Answered(frames) | Self::Refused(frames) => frames,
        }
    }

    fn is_last(&self) -> bool {
        match self {
            Self::InHand | Self::Kept(_) => false,
            Self::Answered(_) | Self::Refused(_) => true,
        }
    }
}

impl InHand {
    /// It is kept, and these frames were said of it; what another system says is still to come.
    pub(crate) fn kept<'f>(&self, frames: impl Iterator<Item = &'f Bytes> + Clone) {
        self.go_on(frames, Stage::Kept);
    }

    /// It is kept, and these frames are the last that are said of it.
    pub(crate) fn answered<'f>(&self, frames: impl Iterator<Item = &'f Bytes> + Clone) {
        self.go_on(frames, Stage::Answered);
    }

    /// It was kept, and these frames say last that it is to be sent again: then it is another one.
    pub(crate) fn refused<'f>(&self, frames: impl Iterator<Item = &'f Bytes> + Clone) {
        self.go_on(frames, Stage::Refused);
    }

    fn go_on<'f>(
        &self,
        frames: impl Iterator<Item = &'f Bytes> + Clone,
        stage: impl Fn(Arc<[Bytes]>) -> Stage,
    ) {
        let said = self.0.borrow().frames().to_vec();
        let all: Arc<[Bytes]> = said.into_iter().chain(frames.cloned()).collect();
        if all.iter().map(Bytes::len).sum::<usize>() <= MOST_ANSWER {
            self.0.send_replace(stage(all));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &'static str) -> Bytes {
        Bytes::from_static(text.as_bytes())
    }

    async fn new(blocks: &Blocks, payload: &'static [u8], last: &mut LastBlock) -> InHand {
        match blocks.take(&Bytes::from_static(payload), last).await {
            Block::New(in_hand) => in_hand,
            Block::Again(_) => panic!("a block that is known"),
        }
    }

    async fn again(blocks: &Blocks, payload: &'static [u8], last: &mut LastBlock) -> Vec<Bytes> {
        let Block::Again(mut again) = blocks.take(&Bytes::from_static(payload), last).await else {
            panic!("a block that is not known")
        };
        let mut said = Vec::new();
        while let Some(frames) = again.next().await {
            said.extend_from_slice(&frames);
        }
        said
    }

    #[tokio::test]
    async fn a_kept_block_gets_its_answer_again_on_any_connection() {
        let blocks = Blocks::default();
        let mut first = LastBlock::default();
        new(&blocks, b"M1", &mut first).await.answered([frame("AA")].iter());
        assert_eq!(again(&blocks, b"M1", &mut first).await, ["AA"]);
        assert_eq!(again(&blocks, b"M1", &mut LastBlock::default()).await, ["AA"]);
    }

    #[tokio::test]
    async fn the_next_block_of_a_connection_says_that_the_commit_arrived() {
        let blocks = Blocks::default();
        let mut last = LastBlock::default();
        new(&blocks, b"M1", &mut last).await.answered([frame("AA")].iter());
        new(&blocks, b"M2", &mut last).await.answered([].iter());
        new(&blocks, b"M1", &mut last).await.answered([].iter());
    }

    #[tokio::test]
    async fn a_block_that_was_not_kept_is_new_again() {
        let blocks = Blocks::default();
        let mut last = LastBlock::default();
        drop(new(&blocks, b"M1", &mut last).await);
        drop(new(&blocks, b"M1", &mut last).await);
        let long = Bytes::from(vec![b'A'; MOST_ANSWER + 1]);
        new(&blocks, b"M1", &mut last).await.answered([long].iter());
        drop(new(&blocks, b"M1", &mut last).await);
    }

    #[tokio::test]
    async fn a_copy_waits_for_the_block_that_is_in_hand() {
        let blocks = Blocks::default();
        let in_hand = new(&blocks, b"M1", &mut LastBlock::default()).await;
        let decided = async {
            tokio::task::yield_now().await;
            in_hand.answered([frame("AA")].iter());
        };
        let mut other = LastBlock::default();
        let (frames, ()) = tokio::join!(again(&blocks, b"M1", &mut other), decided);
        assert_eq!(frames, ["AA"]);
    }

    #[tokio::test]
    async fn a_copy_hears_at_once_what_was_said_at_once_and_then_what_another_system_said() {
        let blocks = Blocks::default();
        let in_hand = new(&blocks, b"M1", &mut LastBlock::default()).await;
        in_hand.kept([frame("CA")].iter());
        let mut other = LastBlock::default();
        let Block::Again(mut copy) = blocks.take(&frame("M1"), &mut other).await else {
            panic!("a block that is not known")
        };
        assert_eq!(copy.next().await.as_deref(), Some(&[frame("CA")][..]));
        in_hand.answered([frame("AA")].iter());
        drop(in_hand);
        assert_eq!(copy.next().await.as_deref(), Some(&[frame("AA")][..]));
        assert!(copy.next().await.is_none());
        assert_eq!(again(&blocks, b"M1", &mut other).await, ["CA", "AA"]);
    }

    #[tokio::test]
    async fn what_another_system_refused_is_told_to_copies_that_wait_and_is_new_again() {
        let blocks = Blocks::default();
        let in_hand = new(&blocks, b"M1", &mut LastBlock::default()).await;
        in_hand.kept([].iter());
        let Block::Again(mut copy) = blocks.take(&frame("M1"), &mut LastBlock::default()).await
        else {
            panic!("a block that is not known")
        };
        in_hand.refused([frame("AE")].iter());
        assert_eq!(copy.next().await.as_deref(), Some(&[frame("AE")][..]));
        assert!(copy.next().await.is_none());
        drop(new(&blocks, b"M1", &mut LastBlock::default()).await);
    }

    #[tokio::test]
    async fn a_copy_does_not_wait_for_the_last_word_of_a_connection_that_is_gone() {
        let blocks = Blocks::default();
        let mut last = LastBlock::default();
        new(&blocks, b"M1", &mut last).await.kept([frame("CA")].iter());
        assert_eq!(again(&blocks, b"M1", &mut last).await, ["CA"]);
    }

    #[tokio::test]
    async fn no_more_blocks_are_known_than_there_is_room_for() {
        let blocks = Blocks::default();
        for number in 0..=MOST_BLOCKS {
            let payload = Bytes::from(number.to_string());
            let Block::New(in_hand) = blocks.take(&payload, &mut LastBlock::default()).await else {
                panic!("a block that is known")
            };
            in_hand.answered([].iter());
        }
        assert_eq!(blocks.0.lock().unwrap().len(), MOST_BLOCKS);
        drop(new(&blocks, b"0", &mut LastBlock::default()).await);
    }

    #[test]
    fn what_comes_after_an_hour_is_meant() {
        let blocks = Blocks::default();
        let now = Instant::now();
        let Ok(in_hand) = blocks.enter(Digest::default(), now) else { panic!("a new block") };
        in_hand.answered([].iter());
        assert!(blocks.enter(Digest::default(), now + KNOWN_FOR / 2).is_err());
        assert!(blocks.enter(Digest::default(), now + KNOWN_FOR).is_ok());
    }
}
