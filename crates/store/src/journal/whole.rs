//! Reading one message as it came, with where it went then: taken, refused or carried forward.

use super::position::Place;
use super::segments::Segments;
use super::stored::{Loaded, Unread};
use crate::api::{KeptMessage, KeptRefusal, KeptSent, Name, ReadError};
use crate::format::accept::AcceptMeta;
use crate::format::carried::CarriedMeta;
use crate::format::fields::{BodySpan, from_nanoseconds};
use crate::format::record::Kind;
use crate::format::refused::RefusedMeta;

/// Reads `message` of the record at `place`, with all its bytes.
pub(crate) fn read_whole(
    segments: &Segments,
    place: Place,
    message: u64,
) -> Result<KeptMessage, Unread> {
    let segment = segments.get(place.segment).ok_or(Unread::Moved)?;
    let record = Loaded::load(&segment, place).map_err(Unread::Failed)?;
    whole(&record, message).map_err(Unread::Failed)
}

fn whole(record: &Loaded<'_>, message: u64) -> Result<KeptMessage, ReadError> {
    let no_sense = || record.no_sense();
    match record.header.kind {
        Kind::Accept => {
            let accept = AcceptMeta::read(record.meta()).ok_or_else(no_sense)?;
            let place = message.checked_sub(record.header.number);
            let place = place.and_then(|place| usize::try_from(place).ok());
            let meta = place.and_then(|at| accept.messages.get(at)).ok_or_else(no_sense)?;
            let sent = meta.deliveries.iter().map(|one| (one.destination, one.own_body));
            Ok(KeptMessage {
                received_at: received_at(record)?,
                listener: accept.listener.into(),
                peer: accept.peer.into(),
                marks: meta.marks,
                hops: meta.hops,
                origin: meta.origin,
                refusal: None,
                was_carried: false,
                body: record.body(meta.body)?,
                sent: sent_to(record, sent)?,
            })
        }
        Kind::Carried => {
            let carried = CarriedMeta::read(record.meta()).ok_or_else(no_sense)?;
            let sent = carried.deliveries.iter().map(|one| (one.destination, one.own_body));
            Ok(KeptMessage {
                was_carried: true,
                received_at: carried.received_at,
                listener: carried.listener.into(),
                peer: carried.peer.into(),
                marks: carried.marks,
                hops: carried.hops,
                origin: carried.origin,
                refusal: None,
                body: record.body(carried.body)?,
                sent: sent_to(record, sent)?,
            })
        }
        Kind::Refused => {
            let refused = RefusedMeta::read(record.meta()).ok_or_else(no_sense)?;
            let (code, cause) = (refused.code, Name::from(refused.cause));
            Ok(KeptMessage {
                received_at: received_at(record)?,
                listener: refused.listener.into(),
                peer: refused.peer.into(),
                refusal: Some(KeptRefusal { code, cause, size: refused.size }),
                body: record.body(refused.body)?,
                ..KeptMessage::default()
            })
        }
        Kind::Change => Err(no_sense()),
    }
}

fn received_at(record: &Loaded<'_>) -> Result<jiff::Timestamp, ReadError> {
    let at = from_nanoseconds(record.header.at_nanoseconds);
    at.ok_or_else(|| record.no_sense())
}

fn sent_to<'a>(
    record: &Loaded<'_>,
    deliveries: impl Iterator<Item = (&'a str, Option<BodySpan>)>,
) -> Result<Vec<KeptSent>, ReadError> {
    let sent = deliveries.map(|(destination, own)| {
        let body = own.map(|span| record.body(span)).transpose()?;
        Ok(KeptSent { destination: destination.into(), body })
    });
    sent.collect()
}
