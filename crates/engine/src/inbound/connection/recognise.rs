//! Whether a message came before: what is kept is not decided twice where the listener says so, and who repeats himself
//! without end is slowed down.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use wardline_hl7::Message;
use wardline_store::{Digest, Marks, NewMessage, StoredAnswer};

use super::say::Heard;
use super::{Conversation, Goes};
use crate::inbound::duplicates::{InHand, Seen, digest_of};
use crate::inbound::intake::Settled;
use crate::inbound::storm::Weather;

/// A message that is to be processed, and what is known of it.
#[derive(Default)]
pub(super) struct Known {
    digest: Option<Digest>,
    marks: Marks,
    in_hand: Option<InHand>,
}

/// What copies of a message get, once its sender has been told that it is taken.
pub(super) struct ForCopies {
    in_hand: Option<InHand>,
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
        for message in &mut settled.messages {
            message.marks = message.marks.with(self.marks);
        }
        if let Some(first) = settled.messages.first_mut() {
            first.digest = self.digest;
        }
    }

    /// It is answered positively and nothing of it is kept: the same again is new.
    pub(super) fn discarded(self) {
        if let Some(in_hand) = self.in_hand {
            in_hand.discarded();
        }
    }

    /// What copies of it get when it is taken.
    pub(super) fn for_copies(
        self,
        received_at: Timestamp,
        answer: Option<StoredAnswer>,
    ) -> ForCopies {
        ForCopies { in_hand: self.in_hand, received_at, answer }
    }
}

impl ForCopies {
    /// The sender is told that it is taken.
    pub(super) fn taken(self) {
        if let Some(in_hand) = self.in_hand {
            in_hand.kept(self.received_at, self.answer);
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
        let Some(digest) = digest_of(message) else {
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
                let sender = [3, 4].map(|field| message.header().field(field));
                if duplicates.reusing.is_news(&String::from_utf8_lossy(&sender.join(&b'|'))) {
                    self.tell(message, "other bytes under an id that came before: delivered");
                }
                (in_hand, Marks::OTHER_BYTES)
            }
            Seen::Copy(answer) => {
                counters.duplicates_suppressed.one();
                self.feel(message, duplicates.storms.repeated(digest, Instant::now()));
                return Recognised::Copy(digest, answer);
            }
        };
        Recognised::Process(Known { digest: Some(digest), marks, in_hand: Some(in_hand) })
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
        let answers = self.positive(self.staying(heard), control_id, at);
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
