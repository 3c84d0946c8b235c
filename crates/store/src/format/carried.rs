//! The meta of a carried record: a live message copied out of the oldest segment.
//!
//! It tells the whole truth about the message at its place in the journal: what was said of it before is void, what is
//! said after it counts. So a replay needs nothing that was deleted.
//!
//! ```text
//!   u64    message
//!   time   received
//!   text   listener
//!   text   peer
//!   maybe  answer
//!   u8     hops
//!   u8     marks
//!   maybe  digest: u64 key · 16 bytes
//!   maybe  origin: u64 job · u64 message
//!   body   its bytes
//!   u16    live deliveries, each:
//!            text   destination
//!            u64    lane
//!            u8     other lanes, each: u64
//!            maybe  body, where what is sent differs
//!            state
//!            maybe  body, the last reply
//! ```
//!
//! Version 1 has no marks, no digest and no other lanes; version 2 no origin.

use bytes::Bytes;
use jiff::Timestamp;

use super::accept::{
    read_answer, read_lanes, read_marks, read_origin, write_answer, write_digest, write_lanes,
    write_origin,
};
use super::fields::{BodySpan, FieldReader, Fields, Meta};
use super::state::State;
use crate::api::{Digest, Lane, Marks, Name, Origin, StoredAnswer};

/// A live message with all that is known of it.
#[derive(Clone)]
pub(crate) struct Carried {
    pub(crate) message: u64,
    pub(crate) received_at: Timestamp,
    pub(crate) listener: Name,
    pub(crate) peer: Name,
    pub(crate) answer: Option<StoredAnswer>,
    pub(crate) hops: u8,
    pub(crate) marks: Marks,
    pub(crate) digest: Option<Digest>,
    pub(crate) origin: Option<Origin>,
    pub(crate) body: Bytes,
    pub(crate) deliveries: Vec<CarriedDelivery>,
}

/// One of its deliveries that has not ended.
#[derive(Clone)]
pub(crate) struct CarriedDelivery {
    pub(crate) destination: Name,
    pub(crate) lane: Lane,
    pub(crate) also: Vec<Lane>,
    pub(crate) own_body: Option<Bytes>,
    pub(crate) state: State,
    pub(crate) reply: Option<Bytes>,
}

/// A carried record as it is read.
#[derive(Debug)]
pub(crate) struct CarriedMeta<'a> {
    pub(crate) message: u64,
    pub(crate) received_at: Timestamp,
    pub(crate) listener: &'a str,
    pub(crate) peer: &'a str,
    pub(crate) answer: Option<StoredAnswer>,
    pub(crate) hops: u8,
    pub(crate) marks: Marks,
    pub(crate) digest: Option<Digest>,
    pub(crate) origin: Option<Origin>,
    pub(crate) body: BodySpan,
    pub(crate) deliveries: Vec<CarriedDeliveryMeta<'a>>,
}

/// One of its deliveries.
#[derive(Debug)]
pub(crate) struct CarriedDeliveryMeta<'a> {
    pub(crate) destination: &'a str,
    pub(crate) lane: Lane,
    pub(crate) also: Vec<Lane>,
    pub(crate) own_body: Option<BodySpan>,
    pub(crate) state: State,
    pub(crate) reply: Option<BodySpan>,
}

/// Writes the meta.
pub(crate) fn write_carried(fields: &mut Fields<'_>, carried: &Carried) {
    fields.u64(carried.message);
    fields.time(carried.received_at);
    fields.text(&carried.listener);
    fields.text(&carried.peer);
    fields.maybe(carried.answer.as_ref(), write_answer);
    fields.u8(carried.hops);
    fields.u8(carried.marks.bits());
    fields.maybe(carried.digest.as_ref(), write_digest);
    fields.maybe(carried.origin.as_ref(), write_origin);
    fields.body(&carried.body);
    fields.u16(u16::try_from(carried.deliveries.len()).unwrap_or(u16::MAX));
    for delivery in &carried.deliveries {
        fields.text(&delivery.destination);
        write_lanes(fields, delivery.lane, &delivery.also);
        fields.maybe(delivery.own_body.as_ref(), Fields::body);
        delivery.state.write(fields);
        fields.maybe(delivery.reply.as_ref(), Fields::body);
    }
}

/// Its bodies, in their order.
pub(crate) fn bodies(carried: &Carried) -> impl Iterator<Item = &Bytes> {
    let of_deliveries = carried
        .deliveries
        .iter()
        .flat_map(|delivery| delivery.own_body.iter().chain(&delivery.reply));
    std::iter::once(&carried.body).chain(of_deliveries)
}

impl<'a> CarriedMeta<'a> {
    pub(crate) fn read(meta: Meta<'a>) -> Option<Self> {
        let mut reader = meta.fields();
        let message = reader.u64()?;
        let received_at = reader.time()?;
        let (listener, peer) = (reader.text()?, reader.text()?);
        let answer = reader.maybe(read_answer)?;
        let hops = reader.u8()?;
        let (marks, digest) = read_marks(&mut reader)?;
        let origin = read_origin(&mut reader)?;
        let carried = Self {
            message,
            received_at,
            listener,
            peer,
            answer,
            hops,
            marks,
            digest,
            origin,
            body: reader.body()?,
            deliveries: {
                let count = reader.u16()?;
                (0..count).map(|_| CarriedDeliveryMeta::read(&mut reader)).collect::<Option<_>>()?
            },
        };
        reader.is_empty().then_some(carried)
    }
}

impl<'a> CarriedDeliveryMeta<'a> {
    fn read(reader: &mut FieldReader<'a>) -> Option<Self> {
        let destination = reader.text()?;
        let (lane, also) = read_lanes(reader)?;
        Some(Self {
            destination,
            lane,
            also,
            own_body: reader.maybe(FieldReader::body)?,
            state: State::read(reader)?,
            reply: reader.maybe(FieldReader::body)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::MessageId;
    use crate::format::version::Version;

    #[test]
    fn a_carried_message_reads_back_with_state_and_reply() {
        let state = State {
            attempts: 4,
            cause: Some("rejected".into()),
            due: Some(Timestamp::UNIX_EPOCH),
            ..State::fresh(Timestamp::UNIX_EPOCH)
        };
        let carried = Carried {
            message: 5,
            received_at: Timestamp::UNIX_EPOCH,
            listener: "adt-in".into(),
            peer: "".into(),
            answer: None,
            hops: 2,
            marks: Marks::SUPPRESSED,
            digest: Some(Digest { key: 3, bytes: [1; 16] }),
            origin: Some(Origin { job: 1, message: MessageId::from_number(2).expect("not 0") }),
            body: Bytes::from_static(b"MSH|"),
            deliveries: vec![CarriedDelivery {
                destination: "lis".into(),
                lane: Lane(5),
                also: vec![Lane(6)],
                own_body: None,
                state: state.clone(),
                reply: Some(Bytes::from_static(b"MSA|AR")),
            }],
        };
        let mut meta = Vec::new();
        write_carried(&mut Fields(&mut meta), &carried);
        let meta = Meta { bytes: &meta, version: Version::WRITTEN };
        let read = CarriedMeta::read(meta).expect("readable");
        assert_eq!((read.message, read.hops, read.body.length), (5, 2, 4));
        let delivery = &read.deliveries[0];
        assert_eq!((read.marks, read.digest), (carried.marks, carried.digest));
        assert_eq!(read.origin, carried.origin);
        assert_eq!((delivery.lane, &delivery.also[..]), (Lane(5), &[Lane(6)][..]));
        assert_eq!(delivery.state, state);
        let reply = delivery.reply.expect("a reply");
        assert_eq!((reply.start, reply.length), (4, 6));
        assert_eq!(bodies(&carried).map(Bytes::len).sum::<usize>(), 10);
    }
}
