//! The meta of a change record.
//!
//! ```text
//!   u8     what: 0 delivered, 1 deferred, 2 dead, 3 held, 4 returned, 5 discarded, 6 revived,
//!                16 destination held, 17 destination released
//!   text   destination
//!   u64    message (0 where the change is the destination's)
//!   0      u32 attempts · maybe 2 bytes, the reply's code · maybe time by which an application answer is due
//!   1      u32 attempts · maybe time of the first failure · time due · text cause
//!   2, 3   u32 attempts · text cause · maybe body, the reply
//!   5, 16  text by · text reason
//!   6, 17  text by
//! ```
//!
//! Version 1 knows no application answers.

use bytes::Bytes;
use jiff::Timestamp;

use super::fields::{BodySpan, FieldReader, Fields};
use super::version::Version;
use crate::api::{Change, DeliveryRef, Name, Outcome};
use crate::limits::MAX_REPLY;

const DELIVERED: u8 = 0;
const DEFERRED: u8 = 1;
const DEAD: u8 = 2;
const HELD: u8 = 3;
const RETURNED: u8 = 4;
const DISCARDED: u8 = 5;
const REVIVED: u8 = 6;
const DESTINATION_HELD: u8 = 16;
const DESTINATION_RELEASED: u8 = 17;

/// A change as the index reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChangeMeta<'a> {
    Delivery { destination: &'a str, message: u64, outcome: OutcomeMeta<'a> },
    DestinationHeld { destination: &'a str, by: &'a str, reason: &'a str },
    DestinationReleased { destination: &'a str },
}

/// What an outcome means for the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OutcomeMeta<'a> {
    Delivered { attempts: u32, reply_code: Option<[u8; 2]>, application_due: Option<Timestamp> },
    Returned,
    Discarded { by: &'a str, reason: &'a str },
    Deferred { attempts: u32, first_attempt: Option<Timestamp>, due: Timestamp, cause: &'a str },
    Dead { attempts: u32, cause: &'a str, reply: Option<BodySpan> },
    Held { attempts: u32, cause: &'a str, reply: Option<BodySpan> },
    Revived { by: &'a str },
}

/// Cuts a reply to what is kept of it.
pub(crate) fn kept_reply(reply: &Bytes) -> Bytes {
    reply.slice(..reply.len().min(MAX_REPLY))
}

/// Writes a change; returns the reply that stands behind its meta.
pub(crate) fn write_change(fields: &mut Fields<'_>, change: &Change) -> Option<Bytes> {
    match change {
        Change::Delivery { delivery, outcome, .. } => write_outcome(fields, delivery, outcome),
        Change::DestinationHeld { destination, by, reason, .. } => {
            write_subject(fields, DESTINATION_HELD, destination, 0);
            fields.text(by);
            fields.text(reason);
            None
        }
        Change::DestinationReleased { destination, by, .. } => {
            write_subject(fields, DESTINATION_RELEASED, destination, 0);
            fields.text(by);
            None
        }
    }
}

/// Writes what became of a delivery; returns the reply that stands behind the meta.
pub(crate) fn write_outcome(
    fields: &mut Fields<'_>,
    delivery: &DeliveryRef,
    outcome: &Outcome,
) -> Option<Bytes> {
    let DeliveryRef { message, destination } = delivery;
    let mut subject = |what| write_subject(fields, what, destination, message.get());
    match outcome {
        Outcome::Delivered { attempts, reply_code, application_due } => {
            subject(DELIVERED);
            fields.u32(*attempts);
            fields.maybe(*reply_code, |fields, [a, b]| {
                fields.u8(a);
                fields.u8(b);
            });
            fields.maybe(*application_due, Fields::time);
        }
        Outcome::Deferred { attempts, first_attempt, due, cause } => {
            subject(DEFERRED);
            fields.u32(*attempts);
            fields.maybe(*first_attempt, Fields::time);
            fields.time(*due);
            fields.text(cause);
        }
        Outcome::Dead { attempts, cause, reply } => {
            subject(DEAD);
            return write_stopped(fields, *attempts, cause, reply.as_ref());
        }
        Outcome::Held { attempts, cause, reply } => {
            subject(HELD);
            return write_stopped(fields, *attempts, cause, reply.as_ref());
        }
        Outcome::Returned => subject(RETURNED),
        Outcome::Discarded { by, reason } => {
            subject(DISCARDED);
            fields.text(by);
            fields.text(reason);
        }
        Outcome::Revived { by } => {
            subject(REVIVED);
            fields.text(by);
        }
    }
    None
}

fn write_subject(fields: &mut Fields<'_>, what: u8, destination: &str, message: u64) {
    fields.u8(what);
    fields.text(destination);
    fields.u64(message);
}

fn write_stopped(
    fields: &mut Fields<'_>,
    attempts: u32,
    cause: &Name,
    reply: Option<&Bytes>,
) -> Option<Bytes> {
    fields.u32(attempts);
    fields.text(cause);
    let kept = reply.map(kept_reply);
    fields.maybe(kept.as_ref(), Fields::body);
    kept
}

impl<'a> ChangeMeta<'a> {
    pub(crate) fn read(reader: &mut FieldReader<'a>) -> Option<Self> {
        let what = reader.u8()?;
        let destination = reader.text()?;
        let message = reader.u64()?;
        let outcome = match what {
            DELIVERED => {
                let due = |reader: &mut FieldReader<'a>| reader.maybe(FieldReader::time);
                OutcomeMeta::Delivered {
                    attempts: reader.u32()?,
                    reply_code: reader.maybe(FieldReader::take::<2>)?,
                    application_due: reader.since(Version::Two, due)?,
                }
            }
            DEFERRED => OutcomeMeta::Deferred {
                attempts: reader.u32()?,
                first_attempt: reader.maybe(FieldReader::time)?,
                due: reader.time()?,
                cause: reader.text()?,
            },
            DEAD => OutcomeMeta::Dead {
                attempts: reader.u32()?,
                cause: reader.text()?,
                reply: reader.maybe(FieldReader::body)?,
            },
            HELD => OutcomeMeta::Held {
                attempts: reader.u32()?,
                cause: reader.text()?,
                reply: reader.maybe(FieldReader::body)?,
            },
            RETURNED => OutcomeMeta::Returned,
            DISCARDED => OutcomeMeta::Discarded { by: reader.text()?, reason: reader.text()? },
            REVIVED => OutcomeMeta::Revived { by: reader.text()? },
            DESTINATION_HELD => {
                let (by, reason) = (reader.text()?, reader.text()?);
                return Some(Self::DestinationHeld { destination, by, reason });
            }
            DESTINATION_RELEASED => {
                reader.text()?;
                return Some(Self::DestinationReleased { destination });
            }
            _ => return None,
        };
        Some(Self::Delivery { destination, message, outcome })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::MessageId;

    fn delivery() -> DeliveryRef {
        DeliveryRef {
            message: MessageId::from_number(77).expect("not 0"),
            destination: "lis".into(),
        }
    }

    #[test]
    fn a_dead_letter_keeps_its_cause_and_at_most_so_much_of_the_reply() {
        let reply = Bytes::from(vec![b'r'; MAX_REPLY + 1]);
        let outcome = Outcome::Dead { attempts: 3, cause: "rejected".into(), reply: Some(reply) };
        let mut meta = Vec::new();
        let kept = write_outcome(&mut Fields(&mut meta), &delivery(), &outcome).expect("a reply");
        assert_eq!(kept.len(), MAX_REPLY);
        let read = ChangeMeta::read(&mut FieldReader::new(&meta)).expect("readable");
        let ChangeMeta::Delivery { destination: "lis", message: 77, outcome } = read else {
            panic!("another subject: {read:?}");
        };
        let OutcomeMeta::Dead { attempts: 3, cause: "rejected", reply: Some(span) } = outcome
        else {
            panic!("another outcome: {outcome:?}");
        };
        assert_eq!((span.start, span.length as usize), (0, MAX_REPLY));
        assert_eq!(span.crc, crc32fast::hash(&kept));
    }

    fn read_back(outcome: &Outcome) -> OutcomeMeta<'static> {
        let mut meta = Vec::new();
        write_outcome(&mut Fields(&mut meta), &delivery(), outcome);
        let mut reader = FieldReader::new(meta.leak());
        let read = ChangeMeta::read(&mut reader).expect("readable");
        assert!(reader.is_empty(), "{outcome:?} leaves bytes");
        let ChangeMeta::Delivery { destination: "lis", message: 77, outcome } = read else {
            panic!("another subject: {read:?}");
        };
        outcome
    }

    #[test]
    fn everything_that_ends_a_delivery_reads_back() {
        let (by, reason): (Name, Name) = ("ann".into(), "test message".into());
        assert!(Outcome::Returned.ends());
        assert_eq!(read_back(&Outcome::Returned), OutcomeMeta::Returned);
        let outcome = Outcome::Discarded { by, reason };
        assert!(outcome.ends());
        let expected = OutcomeMeta::Discarded { by: "ann", reason: "test message" };
        assert_eq!(read_back(&outcome), expected);
        for reply_code in [Some(*b"AA"), None] {
            for application_due in [None, Some(Timestamp::UNIX_EPOCH)] {
                let outcome = Outcome::Delivered { attempts: 1, reply_code, application_due };
                assert!(outcome.ends());
                let expected = OutcomeMeta::Delivered { attempts: 1, reply_code, application_due };
                assert_eq!(read_back(&outcome), expected);
            }
        }
    }
}
