//! What is handed to the writer: a record encoded but for its place in the journal.
//!
//! The thread that hands it over encodes it and computes the checksums of its bodies; the writer adds group, number and
//! the header's checksum, and writes the bodies from where they are.

use std::sync::mpsc;

use bytes::Bytes;
use jiff::Timestamp;

use crate::api::{Accept, Change, NotStored, RefusedMessage, Ticket};
use crate::format::accept::{self, write_accept};
use crate::format::carried::{self, Carried, write_carried};
use crate::format::change::write_change;
use crate::format::fields::{Fields, nanoseconds};
use crate::format::record::{Kind, RECORD_HEADER, RecordHeader, Seal};
use crate::format::refused::{kept_body, write_refused};
use crate::retention::Epoch;

/// The meta of most records fits.
const USUAL_HEAD: usize = 160;

/// A record on its way.
pub(crate) struct Submission {
    /// Room for the record header, then the meta.
    head: Vec<u8>,
    bodies_length: u32,
    at_nanoseconds: i64,
    /// The reply behind the meta, before all other bodies.
    reply: Option<Bytes>,
    pub(crate) matter: Matter,
    pub(crate) waiter: Waiter,
    /// What the writer made of it.
    pub(crate) fate: Fate,
}

/// What a record is made of.
pub(crate) enum Matter {
    Accept(Accept),
    Change(Change),
    /// What was not taken, as much of it as is kept.
    Refused(RefusedMessage),
    /// By retention, out of the oldest segment.
    Carried(Carried, Epoch),
    /// By retention: a destination's hold, said again.
    CarriedHold(Change, Epoch),
    /// By retention: the end of a dead letter.
    Expired(Change, Epoch),
}

/// Who waits for it.
pub(crate) enum Waiter {
    Nobody,
    Ticket(Ticket),
    /// Retention; told whether it was written.
    Retention(mpsc::Sender<Carriage>),
}

/// What became of something carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carriage {
    Written,
    /// Something happened to it since it was read: it is not written.
    Touched,
    NoSpace,
}

/// What the writer made of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Waiting,
    /// It stands in the journal under this number.
    Numbered(u64),
    Refused(NotStored),
    Touched,
}

impl Submission {
    pub(crate) fn accept(accept: Accept, ticket: Ticket) -> Self {
        let mut head = empty_head();
        let reply = write_accept(&mut Fields(&mut head), &accept);
        let at = accept.received_at;
        Self::new(head, at, reply, Matter::Accept(accept), Waiter::Ticket(ticket))
    }

    pub(crate) fn change(change: Change, ticket: Option<Ticket>) -> Self {
        let waiter = ticket.map_or(Waiter::Nobody, Waiter::Ticket);
        let (head, reply) = change_head(&change);
        Self::new(head, change.at(), reply, Matter::Change(change), waiter)
    }

    pub(crate) fn refused(refused: RefusedMessage) -> Self {
        let mut head = empty_head();
        let kept = RefusedMessage { body: kept_body(&refused.body), ..refused };
        write_refused(&mut Fields(&mut head), &kept);
        Self::new(head, kept.at, None, Matter::Refused(kept), Waiter::Nobody)
    }

    /// What retention hands over: dropped if something happened to it in this round, or the round is over.
    pub(crate) fn carried(
        carried: Carried,
        at: Timestamp,
        epoch: Epoch,
        done: mpsc::Sender<Carriage>,
    ) -> Self {
        let mut head = empty_head();
        write_carried(&mut Fields(&mut head), &carried);
        Self::new(head, at, None, Matter::Carried(carried, epoch), Waiter::Retention(done))
    }

    /// As [`carried`](Self::carried).
    pub(crate) fn carried_hold(hold: Change, epoch: Epoch, done: mpsc::Sender<Carriage>) -> Self {
        let (head, reply) = change_head(&hold);
        Self::new(head, hold.at(), reply, Matter::CarriedHold(hold, epoch), Waiter::Retention(done))
    }

    /// As [`carried`](Self::carried).
    pub(crate) fn expired(change: Change, epoch: Epoch, done: mpsc::Sender<Carriage>) -> Self {
        let (head, reply) = change_head(&change);
        Self::new(head, change.at(), reply, Matter::Expired(change, epoch), Waiter::Retention(done))
    }

    fn new(
        head: Vec<u8>,
        at: Timestamp,
        reply: Option<Bytes>,
        matter: Matter,
        waiter: Waiter,
    ) -> Self {
        let mut submission = Self {
            head,
            bodies_length: 0,
            at_nanoseconds: nanoseconds(at),
            reply,
            matter,
            waiter,
            fate: Fate::Waiting,
        };
        let mut length = 0;
        submission.each_body(|body| length += body.len());
        submission.bodies_length = u32::try_from(length).unwrap_or(u32::MAX);
        submission
    }

    /// Bytes it takes in the journal.
    pub(crate) fn length(&self) -> u64 {
        self.head.len() as u64 + u64::from(self.bodies_length)
    }

    /// Bytes of its meta.
    pub(crate) fn meta_length(&self) -> usize {
        self.head.len() - RECORD_HEADER
    }

    /// Whether room is kept back for it.
    pub(crate) fn is_outcome(&self) -> bool {
        match self.matter {
            Matter::Change(_) | Matter::Expired(..) => true,
            Matter::Accept(_)
            | Matter::Refused(_)
            | Matter::Carried(..)
            | Matter::CarriedHold(..) => false,
        }
    }

    /// How many numbers it takes.
    pub(crate) fn numbers(&self) -> u16 {
        match &self.matter {
            Matter::Accept(accept) => {
                u16::try_from(accept.messages.len().max(1)).unwrap_or(u16::MAX)
            }
            Matter::Change(_)
            | Matter::Refused(_)
            | Matter::Carried(..)
            | Matter::CarriedHold(..)
            | Matter::Expired(..) => 1,
        }
    }

    /// Completes the record header for this place.
    pub(crate) fn place(&mut self, group: u64, number: u64, last_of_group: bool, seal: &Seal) {
        self.fate = Fate::Numbered(number);
        let kind = match self.matter {
            Matter::Accept(_) => Kind::Accept,
            Matter::Change(_) | Matter::CarriedHold(..) | Matter::Expired(..) => Kind::Change,
            Matter::Carried(..) => Kind::Carried,
            Matter::Refused(_) => Kind::Refused,
        };
        let meta_length = self.meta_length();
        let header = RecordHeader {
            meta_length: u32::try_from(meta_length).unwrap_or(u32::MAX),
            bodies_length: self.bodies_length,
            kind,
            last_of_group,
            numbers: self.numbers(),
            group,
            number,
            at_nanoseconds: self.at_nanoseconds,
        };
        header.write(&mut self.head, seal);
    }

    /// Header and meta.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Shows every body in its order.
    pub(crate) fn each_body<'s>(&'s self, mut each: impl FnMut(&'s Bytes)) {
        if let Some(reply) = &self.reply {
            each(reply);
        }
        match &self.matter {
            Matter::Accept(accept) => accept::bodies(accept).for_each(each),
            Matter::Carried(carried, _) => carried::bodies(carried).for_each(each),
            Matter::Refused(refused) => each(&refused.body),
            Matter::Change(_) | Matter::CarriedHold(..) | Matter::Expired(..) => {}
        }
    }
}

impl Change {
    /// When it happened.
    pub(crate) fn at(&self) -> Timestamp {
        match self {
            Self::Delivery { at, .. }
            | Self::DestinationHeld { at, .. }
            | Self::DestinationReleased { at, .. } => *at,
        }
    }
}

fn empty_head() -> Vec<u8> {
    let mut head = Vec::with_capacity(USUAL_HEAD);
    head.resize(RECORD_HEADER, 0);
    head
}

fn change_head(change: &Change) -> (Vec<u8>, Option<Bytes>) {
    let mut head = empty_head();
    let reply = write_change(&mut Fields(&mut head), change);
    (head, reply)
}
