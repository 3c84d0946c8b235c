//! Answers of the application that go by a destination (`app_ack_to`): messages like any other from there on, stored in
//! the record of what they answer, delivered in order and retried.

use bytes::Bytes;
use wardline_flow::DestinationId;
use wardline_hl7::Message;
use wardline_store::{NewDelivery, NewMessage};

use super::{Intake, Settled};

impl Intake {
    /// Puts an answer beside what it is stored with. A test's answer is kept from a destination that is for production,
    /// like the test itself.
    pub(crate) fn owe(&self, answer: Bytes, destination: &DestinationId, settled: &mut Settled) {
        settled.owed += 1;
        let message = Message::parse(answer.clone());
        if let Ok(message) = &message
            && self.ways.routing.withholds(destination, message)
        {
            settled.withheld.push(destination.clone());
            return settled.messages.push(NewMessage::new(answer, Vec::new()));
        }
        // An answer of ours can be read, and has little but ids; should the destination's charset lack something, it
        // goes as it is: an answer is owed.
        let delivery =
            message.ok().and_then(|one| self.ways.charsets.delivery(destination, &one, &one).ok());
        let delivery = delivery.unwrap_or_else(|| NewDelivery::new(destination.arc()));
        settled.messages.push(NewMessage::new(answer, vec![delivery]));
    }
}
