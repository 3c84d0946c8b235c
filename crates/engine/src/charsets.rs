//! The charsets of a site: in which a listener's messages are read, wherever that is, and in which a destination wants
//! them; with the lanes that each message goes in there.
//!
//! A delivery to a destination with a charset of its own, or behind a transform, gets a body of its own, made before it is
//! stored, so that what is sent is what was promised. Every other delivery shares the bytes that came (RAW-1).

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use wardline_config::Config;
use wardline_flow::{DestinationId, Plan};
use wardline_hl7::{Charset, Message, ParseError, ParseOptions, ReencodeError, Unmappable};
use wardline_store::{NewDelivery, NewMessage};

use crate::ordering::Orders;

/// What listeners and destinations say of charsets.
#[derive(Debug, Default)]
pub(crate) struct Charsets {
    readings: BTreeMap<Arc<str>, ParseOptions>,
    /// The destinations with a `charset` of their own.
    writings: BTreeMap<DestinationId, (Charset, Unmappable)>,
    orders: Orders,
}

/// A message that one of its destinations could not read.
#[derive(Debug, thiserror::Error)]
#[error("not for {destination}")]
pub(crate) struct Untranscodable {
    pub(crate) destination: DestinationId,
    pub(crate) source: ReencodeError,
}

impl Charsets {
    pub(crate) fn of(config: &Config) -> Self {
        let own = config.destinations.iter().filter_map(|destination| {
            Some((destination.id.clone(), (destination.charset?, destination.unmappable)))
        });
        let readings = config.listeners.iter().map(|one| (one.id.arc(), one.reading()));
        let orders = Orders::of(&config.destinations);
        Self { readings: readings.collect(), writings: own.collect(), orders }
    }

    /// A stored message, read as the listener read it that it came through; by the defaults where that is gone.
    pub(crate) fn read(&self, listener: &str, body: &Bytes) -> Result<Message, ParseError> {
        let options = self.readings.get(listener).copied().unwrap_or_default();
        Message::parse_with(body.clone(), options)
    }

    /// What was stored for a destination, read so; by its MSH-18 where it was written anew in a charset of its own.
    pub(crate) fn read_for(
        &self,
        destination: &DestinationId,
        listener: &str,
        body: &Bytes,
    ) -> Result<Message, ParseError> {
        let mut options = self.readings.get(listener).copied().unwrap_or_default();
        if self.writings.contains_key(destination) {
            options.charset.fixed = None;
        }
        Message::parse_with(body.clone(), options)
    }

    /// A message with its deliveries, each in the lane of its order and the charset of its destination.
    pub(crate) fn planned(
        &self,
        message: &Message,
        hops: u8,
        plan: &Plan,
    ) -> Result<NewMessage, Untranscodable> {
        let mut deliveries = Vec::with_capacity(plan.deliveries.len());
        for planned in &plan.deliveries {
            let made = planned.changed.as_ref().unwrap_or(message);
            deliveries.push(self.delivery(&planned.destination, message, made)?);
        }
        Ok(NewMessage { hops, ..NewMessage::new(message.bytes().clone(), deliveries) })
    }

    /// A delivery in the lane that the message has there, with what was made of it, in the charset of the destination.
    pub(crate) fn delivery(
        &self,
        destination: &DestinationId,
        message: &Message,
        made: &Message,
    ) -> Result<NewDelivery, Untranscodable> {
        let (lane, also) = self.orders.lanes(destination, message);
        let body = self.body(destination, made)?;
        let body = Some(body).filter(|body| body != message.bytes());
        Ok(NewDelivery { destination: destination.arc(), lane, also, body })
    }

    /// A delivery there of what was queued for another destination, in the bytes in which it was.
    pub(crate) fn moved(
        &self,
        destination: &DestinationId,
        listener: &str,
        body: &Bytes,
    ) -> NewDelivery {
        let delivery = NewDelivery::new(destination.arc());
        match self.read(listener, body) {
            Ok(message) => {
                let (lane, also) = self.orders.lanes(destination, &message);
                NewDelivery { lane, also, ..delivery }
            }
            Err(_kept_in_line) => delivery,
        }
    }

    /// What the destination is sent of this.
    fn body(
        &self,
        destination: &DestinationId,
        message: &Message,
    ) -> Result<Bytes, Untranscodable> {
        let Some((charset, unmappable)) = self.writings.get(destination) else {
            return Ok(message.bytes().clone());
        };
        message
            .reencode(*charset, *unmappable)
            .map_err(|source| Untranscodable { destination: destination.clone(), source })
    }
}
