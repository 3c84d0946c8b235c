//! The meta of an accept record: messages with all their deliveries.
//!
//! ```text
//!   text   listener
//!   text   peer
//!   maybe  answer: 2 bytes code · text control id · time
//!   maybe  what it concludes: as the meta of a change
//!   u16    messages, each:
//!            u8    hops
//!            u8    marks
//!            maybe digest: u64 key · 16 bytes
//!            maybe origin: u64 job · u64 message
//!            body  its bytes
//!            u16   deliveries, each:
//!                    text   destination
//!                    u64    lane
//!                    u8     other lanes, each: u64
//!                    maybe  body, where what is sent differs
//! ```
//!
//! The bodies behind it: the reply of what it concludes, if any; then of each message its own and those of its
//! deliveries.
//!
//! Version 1 has no marks, no digest and no other lanes; version 2 no origin.

use bytes::Bytes;

use super::change::{ChangeMeta, write_outcome};
use super::fields::{BodySpan, FieldReader, Fields, Meta};
use super::version::Version;
use crate::api::{Accept, Digest, Lane, Marks, MessageId, NewMessage, Origin, StoredAnswer};

/// An accept record as the index reads it.
#[derive(Debug)]
pub(crate) struct AcceptMeta<'a> {
    pub(crate) listener: &'a str,
    pub(crate) peer: &'a str,
    pub(crate) answer: Option<StoredAnswer>,
    pub(crate) concludes: Option<ChangeMeta<'a>>,
    pub(crate) messages: Vec<MessageMeta<'a>>,
}

/// One message of a record.
#[derive(Debug)]
pub(crate) struct MessageMeta<'a> {
    pub(crate) hops: u8,
    pub(crate) marks: Marks,
    pub(crate) digest: Option<Digest>,
    pub(crate) origin: Option<Origin>,
    pub(crate) body: BodySpan,
    pub(crate) deliveries: Vec<DeliveryMeta<'a>>,
}

/// One delivery of a message.
#[derive(Debug)]
pub(crate) struct DeliveryMeta<'a> {
    pub(crate) destination: &'a str,
    pub(crate) lane: Lane,
    pub(crate) also: Vec<Lane>,
    pub(crate) own_body: Option<BodySpan>,
}

/// Writes the meta; returns the reply of what it concludes, the first of its bodies.
pub(crate) fn write_accept(fields: &mut Fields<'_>, accept: &Accept) -> Option<Bytes> {
    fields.text(&accept.listener);
    fields.text(&accept.peer);
    fields.maybe(accept.answer.as_ref(), write_answer);
    let mut reply = None;
    fields.maybe(accept.concludes.as_ref(), |fields, concluded| {
        reply = write_outcome(fields, &concluded.delivery, &concluded.outcome);
    });
    fields.u16(u16::try_from(accept.messages.len()).unwrap_or(u16::MAX));
    for message in &accept.messages {
        write_message(fields, message);
    }
    reply
}

fn write_message(fields: &mut Fields<'_>, message: &NewMessage) {
    fields.u8(message.hops);
    fields.u8(message.marks.bits());
    fields.maybe(message.digest.as_ref(), write_digest);
    fields.maybe(message.origin.as_ref(), write_origin);
    fields.body(&message.body);
    fields.u16(u16::try_from(message.deliveries.len()).unwrap_or(u16::MAX));
    for delivery in &message.deliveries {
        fields.text(&delivery.destination);
        write_lanes(fields, delivery.lane, &delivery.also);
        fields.maybe(delivery.body.as_ref(), Fields::body);
    }
}

/// A lane and those beside it: at most [`MAX_ALSO`](crate::limits::MAX_ALSO), or the message is refused.
pub(crate) fn write_lanes(fields: &mut Fields<'_>, lane: Lane, also: &[Lane]) {
    fields.u64(lane.0);
    fields.u8(u8::try_from(also.len()).unwrap_or(u8::MAX));
    for lane in also {
        fields.u64(lane.0);
    }
}

pub(crate) fn read_lanes(reader: &mut FieldReader<'_>) -> Option<(Lane, Vec<Lane>)> {
    let lane = Lane(reader.u64()?);
    let also = reader.since(Version::Two, |reader| {
        let count = reader.u8()?;
        (0..count).map(|_| reader.u64().map(Lane)).collect()
    })?;
    Some((lane, also))
}

pub(crate) fn write_digest(fields: &mut Fields<'_>, digest: &Digest) {
    fields.u64(digest.key);
    fields.bytes(&digest.bytes);
}

/// What came with version 2: marks and digest.
pub(crate) fn read_marks(reader: &mut FieldReader<'_>) -> Option<(Marks, Option<Digest>)> {
    reader.since(Version::Two, |reader| {
        let marks = Marks::from_bits(reader.u8()?);
        let digest = reader
            .maybe(|reader| Some(Digest { key: reader.u64()?, bytes: reader.take::<16>()? }))?;
        Some((marks, digest))
    })
}

pub(crate) fn write_origin(fields: &mut Fields<'_>, origin: &Origin) {
    fields.u64(origin.job);
    fields.u64(origin.message.get());
}

/// What came with version 3: the message that one is a replay of.
#[expect(clippy::option_option, reason = "the outer one is the reader's way to fail")]
pub(crate) fn read_origin(reader: &mut FieldReader<'_>) -> Option<Option<Origin>> {
    reader.since(Version::Three, |reader| {
        reader.maybe(|reader| {
            let job = reader.u64()?;
            Some(Origin { job, message: MessageId::from_number(reader.u64()?)? })
        })
    })
}

/// Its bodies but the first reply, in their order.
pub(crate) fn bodies(accept: &Accept) -> impl Iterator<Item = &Bytes> {
    accept.messages.iter().flat_map(|message| {
        let own = message.deliveries.iter().filter_map(|delivery| delivery.body.as_ref());
        std::iter::once(&message.body).chain(own)
    })
}

pub(crate) fn write_answer(fields: &mut Fields<'_>, answer: &StoredAnswer) {
    let [a, b] = answer.code;
    fields.u8(a);
    fields.u8(b);
    fields.text(&answer.control_id);
    fields.time(answer.at);
}

pub(crate) fn read_answer(reader: &mut FieldReader<'_>) -> Option<StoredAnswer> {
    Some(StoredAnswer {
        code: [reader.u8()?, reader.u8()?],
        control_id: reader.text()?.into(),
        at: reader.time()?,
    })
}

impl<'a> AcceptMeta<'a> {
    pub(crate) fn read(meta: Meta<'a>) -> Option<Self> {
        let mut reader = meta.fields();
        let listener = reader.text()?;
        let peer = reader.text()?;
        let answer = reader.maybe(read_answer)?;
        let concludes = reader.maybe(ChangeMeta::read)?;
        let count = reader.u16()?;
        let messages = (0..count).map(|_| MessageMeta::read(&mut reader)).collect::<Option<_>>()?;
        reader.is_empty().then_some(Self { listener, peer, answer, concludes, messages })
    }
}

impl<'a> MessageMeta<'a> {
    fn read(reader: &mut FieldReader<'a>) -> Option<Self> {
        let hops = reader.u8()?;
        let (marks, digest) = read_marks(reader)?;
        let origin = read_origin(reader)?;
        let body = reader.body()?;
        let count = reader.u16()?;
        let deliveries = (0..count)
            .map(|_| {
                let destination = reader.text()?;
                let (lane, also) = read_lanes(reader)?;
                let own_body = reader.maybe(FieldReader::body)?;
                Some(DeliveryMeta { destination, lane, also, own_body })
            })
            .collect::<Option<_>>()?;
        Some(Self { hops, marks, digest, origin, body, deliveries })
    }
}

impl DeliveryMeta<'_> {
    /// What is sent.
    pub(crate) fn body(&self, message: &MessageMeta<'_>) -> BodySpan {
        self.own_body.unwrap_or(message.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::NewDelivery;
    use jiff::Timestamp;

    fn written(bytes: &[u8]) -> Meta<'_> {
        Meta { bytes, version: Version::WRITTEN }
    }

    fn accept() -> Accept {
        let delivery = |destination: &str, body| NewDelivery {
            destination: destination.into(),
            lane: Lane(3),
            also: vec![Lane(4), Lane::ALL],
            body,
        };
        Accept {
            received_at: Timestamp::UNIX_EPOCH,
            listener: "adt-in".into(),
            peer: "10.0.0.1:4711".into(),
            answer: Some(StoredAnswer {
                code: *b"AA",
                control_id: "W1".into(),
                at: Timestamp::UNIX_EPOCH,
            }),
            messages: vec![
                NewMessage {
                    body: Bytes::from_static(b"MSH|1"),
                    hops: 1,
                    marks: Marks::DUPLICATE,
                    digest: Some(Digest { key: 9, bytes: [7; 16] }),
                    origin: Some(Origin {
                        job: 4,
                        message: MessageId::from_number(2).expect("not 0"),
                    }),
                    deliveries: vec![
                        delivery("lis", None),
                        delivery("archive", Some(Bytes::from_static(b"MSH|changed"))),
                    ],
                },
                NewMessage::new(Bytes::from_static(b"MSH|2"), Vec::new()),
            ],
            concludes: None,
        }
    }

    #[test]
    fn an_accept_reads_back_with_every_body_in_its_place() {
        let accept = accept();
        let mut meta = Vec::new();
        write_accept(&mut Fields(&mut meta), &accept);
        let read = AcceptMeta::read(written(&meta)).expect("readable");
        assert_eq!((read.listener, read.peer), ("adt-in", "10.0.0.1:4711"));
        assert_eq!(read.answer, accept.answer);
        let all: Vec<u8> = bodies(&accept).flatten().copied().collect();
        let bytes = |span: BodySpan| {
            let start = usize::try_from(span.start).expect("small");
            &all[start..start + span.length as usize]
        };
        let [first, second] = &read.messages[..] else { panic!("two messages") };
        assert_eq!(bytes(first.body), b"MSH|1");
        assert_eq!(bytes(first.deliveries[0].body(first)), b"MSH|1");
        assert_eq!(bytes(first.deliveries[1].body(first)), b"MSH|changed");
        assert_eq!(bytes(second.body), b"MSH|2");
        assert_eq!(
            (first.marks, first.digest),
            (accept.messages[0].marks, accept.messages[0].digest)
        );
        assert_eq!(first.deliveries[1].also, [Lane(4), Lane::ALL]);
        assert_eq!(first.origin, accept.messages[0].origin);
        assert_eq!((second.marks, second.digest, second.origin), (Marks::default(), None, None));
    }

    #[test]
    fn a_meta_cut_short_is_none() {
        let mut meta = Vec::new();
        write_accept(&mut Fields(&mut meta), &accept());
        for end in 0..meta.len() {
            assert!(AcceptMeta::read(written(&meta[..end])).is_none(), "cut at {end}");
        }
    }
}
