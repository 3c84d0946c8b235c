//! The messages of a batch or a file: each is known for itself, and all are taken or none.
//!
//! Who has several in hand takes them in the order of their digests. So two batches with the same messages never wait for
//! each other, however they are sorted.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use wardline_hl7::Message;
use wardline_store::{Digest, Marks};

use super::{Duplicates, InHand, Seen, digest_of};
use crate::inbound::apart::take_turns;
use crate::observe::ListenerCounters;

/// Several messages that somebody has in hand. Dropped, none of them was taken.
#[derive(Default)]
pub(crate) struct Several {
    /// What is known of those that have an id.
    pub(crate) found: Vec<Found>,
    in_hand: Vec<InHand>,
    /// Those of them that nothing is kept of.
    forgotten: Vec<InHand>,
}

/// What is known of one of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    /// Where it stands among the others, from 0.
    pub(crate) place: usize,
    pub(crate) digest: Digest,
    /// [`Marks::SUPPRESSED`]: it is not to be processed.
    pub(crate) marks: Marks,
}

impl Several {
    /// The first of those that have an id: it stands for all where they come again and again.
    pub(crate) fn first(&self) -> Option<&Found> {
        self.found.iter().min_by_key(|found| found.place)
    }

    /// Of these nothing is to be kept, whatever becomes of the others.
    pub(crate) fn forget(&mut self, digests: &HashSet<Digest>) {
        let (forgotten, in_hand) = std::mem::take(&mut self.in_hand)
            .into_iter()
            .partition(|one| digests.contains(&one.digest));
        (self.forgotten, self.in_hand) = (forgotten, in_hand);
    }

    /// They are durable, but for those that are to be forgotten.
    pub(crate) fn kept(self, at: Timestamp) {
        for in_hand in self.in_hand {
            in_hand.kept(at, None);
        }
        self.forgotten.into_iter().for_each(InHand::discarded);
    }

    /// They are taken, and nothing of them is kept.
    pub(crate) fn discarded(self) {
        self.in_hand.into_iter().chain(self.forgotten).for_each(InHand::discarded);
    }
}

impl Duplicates {
    /// What is known of these messages, each with its place. Waits while a copy of one is in hand elsewhere.
    pub(crate) async fn look_each<'m>(
        self: &Arc<Self>,
        messages: impl Iterator<Item = (usize, &'m Message)>,
        now: Timestamp,
        counters: &ListenerCounters,
    ) -> Several {
        let mut digests = Vec::new();
        for (number, (place, message)) in (1..).zip(messages) {
            digests.extend(digest_of(message).map(|digest| (digest, place)));
            take_turns(number).await;
        }
        let first = digests.first().map(|(digest, _)| *digest);
        digests.sort_unstable_by_key(|(digest, place)| (digest.key, digest.bytes, *place));
        let mut several = Several::default();
        let mut before = None;
        for (digest, place) in digests {
            let marks = if before == Some(digest) {
                self.repeated()
            } else {
                let (marks, in_hand) = marked(self.look(digest, now).await);
                let in_hand = in_hand.map(|one| one.watched_if(first == Some(digest)));
                several.in_hand.extend(in_hand);
                marks
            };
            before = Some(digest);
            count(marks, counters);
            several.found.push(Found { place, digest, marks });
        }
        several
    }

    /// What a message is that stands twice in one batch, the second time.
    fn repeated(&self) -> Marks {
        if self.replays { Marks::SUPPRESSED } else { Marks::DUPLICATE }
    }
}

fn marked(seen: Seen) -> (Marks, Option<InHand>) {
    match seen {
        Seen::New(in_hand) => (Marks::default(), Some(in_hand)),
        Seen::Again(in_hand) => (Marks::DUPLICATE, Some(in_hand)),
        Seen::OtherBytes(in_hand) => (Marks::OTHER_BYTES, Some(in_hand)),
        Seen::Copy(_) => (Marks::SUPPRESSED, None),
    }
}

fn count(marks: Marks, counters: &ListenerCounters) {
    for (mark, counter) in [
        (Marks::DUPLICATE, &counters.duplicates),
        (Marks::SUPPRESSED, &counters.duplicates_suppressed),
        (Marks::OTHER_BYTES, &counters.duplicates_other_bytes),
    ] {
        if marks.has(mark) {
            counter.one();
        }
    }
}
