//! A delivery on its way to another destination: it ends at the one and is there at the other in one record, so that a
//! crash leaves it at exactly one of them (END-1).

use wardline_flow::DestinationId;
use wardline_store::{
    Accept, Concluded, DeliveryDetail, DeliveryRef, MessageId, Name, NewMessage, Outcome,
};

use crate::charsets::Charsets;

/// Where deliveries go, and who says so.
#[derive(Debug, Clone)]
pub(crate) struct Relocation {
    /// Who gets them.
    pub(crate) to: DestinationId,
    /// Who asked for it.
    pub(crate) by: Name,
    /// What stands in the history of each.
    reason: Name,
}

/// What is stored of it does not match its checksum: an operator has to decide on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("message {0} is damaged and stays where it is: skip or discard it first")]
pub(crate) struct DamagedDelivery(pub(crate) MessageId);

impl Relocation {
    /// With the words of an operator; without any where the configuration says it.
    pub(crate) fn new(to: DestinationId, by: Name, why: &str) -> Self {
        let reason = match why {
            "" => format!("moved to {to}"),
            why => format!("moved to {to}: {why}"),
        };
        Self { to, by, reason: Name::from(reason) }
    }

    /// What stands in the history of what was moved.
    pub(crate) fn reason(&self) -> &Name {
        &self.reason
    }

    /// The record by which one delivery moves, in the lane that it has there.
    pub(crate) fn record(
        &self,
        detail: DeliveryDetail,
        charsets: &Charsets,
    ) -> Result<Accept, DamagedDelivery> {
        let DeliveryDetail { row, body, .. } = detail;
        let body = body.ok_or(DamagedDelivery(row.message))?;
        let delivery = DeliveryRef { message: row.message, destination: row.destination };
        let (by, reason) = (Name::clone(&self.by), Name::clone(&self.reason));
        let outcome = Outcome::Discarded { by, reason };
        let delivery_there = charsets.moved(&self.to, &row.listener, &body);
        let message = NewMessage {
            hops: row.hops,
            marks: row.marks,
            ..NewMessage::new(body, vec![delivery_there])
        };
        Ok(Accept {
            received_at: row.received_at,
            listener: row.listener,
            peer: row.peer,
            answer: None,
            messages: vec![message],
            concludes: Some(Concluded { delivery, outcome }),
        })
    }
}
