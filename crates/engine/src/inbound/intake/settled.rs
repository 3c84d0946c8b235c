//! What is decided about a payload and not yet done: kept together or not at all, and only then counted and told.

use std::collections::HashSet;

use wardline_flow::DestinationId;
use wardline_hl7::Message;
use wardline_store::{Digest, Marks, NewMessage};

use super::Intake;
use crate::observe::ListenerCounters;
use crate::replies::Replies;

/// Messages whose ways are planned.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// How many that came are kept, or others in their place.
    pub(crate) taken: u64,
    /// The messages with all their deliveries: one record.
    pub(crate) messages: Vec<NewMessage>,
    /// The types of those among them that no route takes.
    pub(crate) unrouted: Vec<String>,
    /// How many of the messages are answers that go by a destination.
    pub(crate) owed: u64,
    /// How many more no route takes, which are not kept: `unrouted = "discard"`.
    pub(crate) discarded: u64,
    /// By what those of a batch are known of which nothing is kept: they are new when they come again.
    pub(crate) forgotten: HashSet<Digest>,
    /// Destinations that do not get them, for tests are kept from production.
    pub(crate) withheld: Vec<DestinationId>,
    /// Those of a batch that acknowledge something. Who awaits one hears it when the batch is kept, and not before: it
    /// comes again where it is not.
    pub(crate) acknowledgements: Vec<Acknowledgement>,
}

/// A message of a batch that acknowledges another.
#[derive(Debug)]
pub(crate) struct Acknowledgement {
    pub(crate) message: Message,
    /// Whether it is for him who awaits it alone: it is not kept.
    pub(crate) is_passed_over: bool,
}

impl Settled {
    /// A copy that is kept and goes nowhere: its first is on its way.
    pub(crate) fn suppressed(copy: &Message, digest: Digest) -> Self {
        let mut settled = Self {
            messages: vec![NewMessage::new(copy.bytes().clone(), Vec::new())],
            ..Self::default()
        };
        settled.mark(Marks::SUPPRESSED, Some(digest));
        settled
    }

    /// Marks what is stored of one message, so that it is known after a start.
    pub(crate) fn mark(&mut self, marks: Marks, digest: Option<Digest>) {
        for message in &mut self.messages {
            message.marks = message.marks.with(marks);
        }
        if let Some(first) = self.messages.first_mut() {
            first.digest = digest;
        }
    }

    /// Another message of the same payload.
    pub(super) fn add(&mut self, other: Self) {
        let Self {
            taken,
            mut messages,
            unrouted,
            owed,
            discarded,
            forgotten,
            withheld,
            acknowledgements,
        } = other;
        self.taken += taken;
        for message in &mut messages {
            message.marks = message.marks.with(Marks::IN_BATCH);
        }
        self.messages.append(&mut messages);
        self.unrouted.extend(unrouted);
        self.owed += owed;
        self.discarded += discarded;
        self.forgotten.extend(forgotten);
        self.withheld.extend(withheld);
        self.acknowledgements.extend(acknowledgements);
    }
}

impl Intake {
    /// Counts what was stored and what of it has no way, with an alarm about each type; lets those hear who await
    /// something of it.
    pub(crate) fn stored(&self, settled: &Settled, replies: &Replies, counters: &ListenerCounters) {
        for one in &settled.acknowledgements {
            if replies.hear(&self.listener.id, &one.message) {
                counters.answers_matched.one();
            } else if one.is_passed_over {
                counters.answers_unmatched.one();
            }
        }
        counters.stored.add(settled.taken);
        counters.answered_elsewhere.add(settled.owed);
        self.ways.withheld.count(&self.source, &settled.withheld);
        counters.unrouted.add(settled.unrouted.len() as u64);
        counters.discarded.add(settled.discarded);
        for message_type in &settled.unrouted {
            self.told.tell(&self.source, message_type);
        }
    }
}
