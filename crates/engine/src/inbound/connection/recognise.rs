//! Whether a message came before: what is kept is not decided twice where the listener says so, and who repeats himself
//! without end is slowed down.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use wardline_hl7::Message;
use wardline_store::{Digest, Marks, NewMessage, StoredAnswer};

use super::say::Heard;
use super::{Conversation, Goes};
use crate::inbound::apart::{LARGE, apart};
use crate::inbound::duplicates::{Duplicates, Found, InHand, Seen, Several, digest_of};
use crate::inbound::intake::{Member, Settled, recognise_each};
use crate::inbound::storm::Weather;

/// A message that is to be processed, and what is known of it.
#[derive(Default)]
pub(super) struct Known {
    digest: Option<Digest>,
    marks: Marks,
    in_hand: Option<InHand>,
    /// The messages of a batch.
    several: Option<Several>,
}

/// What copies of a message get, once its sender has been told that it is taken.
pub(super) struct ForCopies {
    in_hand: Option<InHand>,
    several: Option<Several>,
    received_at: Timestamp,
    answer: Option<StoredAnswer>,
}

/// What is to be done with a message.
pub(super) enum Recognised {
    /// Process it.
    Process(Known),
    /// Answer as its first copy was answered, and deliver nothing.
    Copy(Digest, Option<StoredAnswer>),
}

impl Known {
    /// Marks what is stored of it, so that it is known after a start.
    pub(super) fn mark(&self, settled: &mut Settled) {
        settled.mark(self.marks, self.digest);
    }

    /// These messages of a batch are not kept: the same again are new.
    pub(super) fn forget(&mut self, digests: &HashSet<Digest>) {
        if let Some(several) = &mut self.several {
            several.forget(digests);
        }
    }

    /// It is answered positively and nothing of it is kept: the same again is new.
    pub(super) fn discarded(self) {
        if let Some(in_hand) = self.in_hand {
            in_hand.discarded();
        }
        if let Some(several) = self.several {
            several.discarded();
        }
    }

    /// What copies of it get when it is taken.
    pub(super) fn for_copies(
        self,
        received_at: Timestamp,
        answer: Option<StoredAnswer>,
    ) -> ForCopies {
        ForCopies { in_hand: self.in_hand, several: self.several, received_at, answer }
    }
}

impl ForCopies {
    /// The sender is told that it is taken.
    pub(super) fn taken(self) {
        if let Some(in_hand) = self.in_hand {
            in_hand.kept(self.received_at, self.answer);
        }
        if let Some(several) = self.several {
            several.kept(self.received_at);
        }
    }
}

impl Conversation {
    /// What is known of the message. Waits while another connection has a copy of it in hand.
    pub(super) async fn recognise(&mut self, message: &Message, at: Timestamp) -> Recognised {
        let around = Arc::clone(&self.around);
        let counters = &around.counters;
        let Some(duplicates) = &around.duplicates else {
            return Recognised::Process(Known::default());
        };
        let digest = if message.bytes().len() > LARGE {
            let message = message.clone();
            apart(move || digest_of(&message)).await
        } else {
            digest_of(message)
        };
        let Some(digest) = digest else {
            return Recognised::Process(Known::default());
        };
        let (in_hand, marks) = match duplicates.look(digest, at).await {
            Seen::New(in_hand) => {
                self.feel(message, duplicates.storms.came(digest, Instant::now()));
                (in_hand, Marks::default())
            }
            Seen::Again(in_hand) => {
                counters.duplicates.one();
                self.feel(message, duplicates.storms.repeated(digest, Instant::now()));
                (in_hand, Marks::DUPLICATE)
            }
            Seen::OtherBytes(in_hand) => {
                counters.duplicates_other_bytes.one();
                self.feel(message, duplicates.storms.came(digest, Instant::now()));
                self.tell_of_other_bytes(message, duplicates);
                (in_hand, Marks::OTHER_BYTES)
            }
            Seen::Copy(answer) => {
                counters.duplicates_suppressed.one();
                self.feel(message, duplicates.storms.repeated(digest, Instant::now()));
                return Recognised::Copy(digest, answer);
            }
        };
        let in_hand = Some(in_hand);
        Recognised::Process(Known { digest: Some(digest), marks, in_hand, several: None })
    }

    /// The same for the messages of a batch, each for itself; those that are copies are marked, to be kept and no more.
    pub(super) async fn recognise_each(&mut self, members: &mut [Member], at: Timestamp) -> Known {
        let around = Arc::clone(&self.around);
        let Some(duplicates) = &around.duplicates else { return Known::default() };
        let several = recognise_each(members, Some(duplicates), at, &around.counters).await;
        let message = |found: &Found| members.get(found.place)?.message.as_ref();
        if let Some((first, message)) = several.first().and_then(|one| Some((one, message(one)?))) {
            let comes_again = [Marks::DUPLICATE, Marks::SUPPRESSED].iter();
            let weather = if comes_again.into_iter().any(|mark| first.marks.has(*mark)) {
                duplicates.storms.repeated(first.digest, Instant::now())
            } else {
                duplicates.storms.came(first.digest, Instant::now())
            };
            self.feel(message, weather);
        }
        for found in several.found.iter().filter(|found| found.marks.has(Marks::OTHER_BYTES)) {
            if let Some(message) = message(found) {
                self.tell_of_other_bytes(message, duplicates);
            }
        }
        Known { several: Some(several), ..Known::default() }
    }

    /// Gives the answer of the first copy again. This one is kept without deliveries, and not waited for: the first is
    /// durable.
    pub(super) async fn answer_again(
        &mut self,
        message: &Message,
        heard: Heard<'_>,
        (digest, answer): (Digest, Option<StoredAnswer>),
        received_at: Timestamp,
    ) -> Goes {
        let around = Arc::clone(&self.around);
        let copy = NewMessage {
            marks: Marks::SUPPRESSED,
            digest: Some(digest),
            ..NewMessage::new(message.bytes().clone(), Vec::new())
        };
        let accept = self.record(vec![copy], answer.clone(), received_at);
        let (ticket, _not_awaited) = around.completions.ticket();
        if around.store.accept(accept, ticket).is_err() {
            around.completions.give_back(ticket);
        }
        let (control_id, at) = match answer {
            Some(StoredAnswer { control_id, at, .. }) => (control_id.to_string(), at),
            None => (around.control_ids.next(), received_at),
        };
        // The application's answer that goes by a destination is in its queue since the first copy.
        let answers = self.positive(self.staying(heard), control_id, at).await;
        self.say(answers).await
    }

    /// Where the message came too often, this connection rests before it reads on.
    fn feel(&mut self, message: &Message, weather: Weather) {
        let Weather::Storm { pause, begins } = weather else { return };
        self.rest = Some(pause);
        if begins {
            self.around.counters.storms.one();
            self.tell(
                message,
                "the sender sends the same message again and again: its connection is slowed down",
            );
        }
    }

    fn tell_of_other_bytes(&self, message: &Message, duplicates: &Duplicates) {
        let sender = [3, 4].map(|field| message.header().field(field));
        if duplicates.reusing.is_news(&String::from_utf8_lossy(&sender.join(&b'|'))) {
            self.tell(message, "other bytes under an id that came before: delivered");
        }
    }

    /// Tells of a sender, with the ids that PHI-1 allows.
    fn tell(&self, message: &Message, what: &'static str) {
        let identity = message.header().identity();
        tracing::warn!(
            listener = %self.around.intake.listener().id,
            peer = %self.peer,
            control_id = identity.control_id,
            sending_application = identity.sending_application,
            sending_facility = identity.sending_facility,
            "{what}"
        );
    }
}
