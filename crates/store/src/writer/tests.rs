//! The writer by hand: which of what waits is written.

use std::path::Path;
use std::sync::mpsc;

use bytes::Bytes;
use jiff::Timestamp;

use super::*;
use crate::api::{
    Accept, Change, DeliveryRef, Marks, MessageId, Name, NewMessage, Outcome, PortId, StoreOptions,
    Ticket,
};
use crate::faults::FaultyDisk;
use crate::format::carried::Carried;
use crate::journal_store::open::assemble;
use crate::limits::MIN_SEGMENT;
use crate::retention::Epoch;

fn writer(folder: &Path) -> Writer {
    writer_on(FaultyDisk::new(), folder)
}

fn writer_on(disk: FaultyDisk, folder: &Path) -> Writer {
    let options = StoreOptions {
        segment_size: MIN_SEGMENT,
        min_free: MIN_FREE,
        ..StoreOptions::new(folder, |_| {})
    };
    let (core, active) = assemble(Arc::new(disk), options).expect("a store");
    Writer::new(Arc::new(core), active)
}

const MIN_FREE: u64 = 1024 * 1024;

fn of_message(number: u64, outcome: Outcome) -> Change {
    let message = MessageId::from_number(number).expect("not 0");
    let delivery = DeliveryRef { message, destination: "lis".into() };
    Change::Delivery { at: Timestamp::UNIX_EPOCH, delivery, outcome }
}

fn delivered(message: u64) -> Submission {
    let outcome = Outcome::Delivered { attempts: 1, reply_code: None, application_due: None };
    Submission::change(of_message(message, outcome), None)
}

fn carried(message: u64, epoch: Epoch) -> Submission {
    let carried = Carried {
        message,
        received_at: Timestamp::UNIX_EPOCH,
        listener: "adt-in".into(),
        peer: Name::from("127.0.0.1:4711"),
        answer: None,
        hops: 0,
        marks: Marks::default(),
        digest: None,
        origin: None,
        body: Bytes::from_static(b"m"),
        deliveries: Vec::new(),
    };
    Submission::carried(carried, Timestamp::UNIX_EPOCH, epoch, mpsc::channel().0)
}

fn gathered(writer: &mut Writer, mut waiting: Vec<Submission>) -> Vec<Fate> {
    let taken = writer.gather(&mut waiting).expect("gathered");
    assert_eq!(taken, waiting.len());
    waiting.iter().map(|submission| submission.fate).collect()
}

const WRITTEN: Fate = Fate::Numbered(0);

#[test]
fn what_an_outcome_overtook_is_not_carried() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut writer = writer(folder.path());
    let epoch = writer.core.watch.begin();
    let waiting = vec![delivered(1), carried(1, epoch), carried(2, epoch)];
    assert_eq!(gathered(&mut writer, waiting), [WRITTEN, Fate::Touched, WRITTEN]);
    let later = vec![carried(1, epoch)];
    assert_eq!(gathered(&mut writer, later), [Fate::Touched], "remembered beyond the group");
}

#[test]
fn what_an_abandoned_round_has_handed_over_is_not_written_in_the_next() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut writer = writer(folder.path());
    let abandoned = writer.core.watch.begin();
    writer.core.watch.end();
    let unnoticed = vec![delivered(1), carried(2, abandoned)];
    assert_eq!(gathered(&mut writer, unnoticed), [WRITTEN, Fate::Touched]);
    let next = writer.core.watch.begin();
    let waiting = vec![carried(1, abandoned), carried(3, next)];
    assert_eq!(gathered(&mut writer, waiting), [Fate::Touched, WRITTEN]);
}

#[test]
fn a_dead_letter_that_an_operator_has_just_revived_is_not_discarded() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut writer = writer(folder.path());
    let epoch = writer.core.watch.begin();
    let expired = |message, epoch| {
        let outcome = Outcome::Discarded { by: "retention".into(), reason: "old".into() };
        Submission::expired(of_message(message, outcome), epoch, mpsc::channel().0)
    };
    let revived = Submission::change(of_message(1, Outcome::Revived { by: "ann".into() }), None);
    let waiting = vec![revived, expired(1, epoch), expired(2, epoch)];
    assert_eq!(gathered(&mut writer, waiting), [WRITTEN, Fate::Touched, WRITTEN]);
    writer.core.watch.end();
    assert_eq!(gathered(&mut writer, vec![expired(3, epoch)]), [Fate::Touched]);
}

#[test]
fn a_record_larger_than_a_segment_leaves_free_what_is_kept_free() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = FaultyDisk::new();
    let mut writer = writer_on(disk.clone(), folder.path());
    let body = Bytes::from(vec![0; 512 * 1024]);
    let length = body.len() as u64;
    assert!(length > MIN_SEGMENT);
    let large = || {
        let accept = Accept {
            received_at: Timestamp::UNIX_EPOCH,
            listener: "adt-in".into(),
            peer: "127.0.0.1:4711".into(),
            answer: None,
            messages: vec![NewMessage::new(body.clone(), Vec::new())],
            concludes: None,
        };
        vec![Submission::accept(accept, Ticket { port: PortId(0), number: 1 })]
    };
    disk.limit_space(Some(MIN_FREE + length));
    assert_eq!(gathered(&mut writer, large()), [Fate::Refused(NotStored::NoSpace)]);
    disk.limit_space(Some(MIN_FREE + 2 * length));
    assert_eq!(gathered(&mut writer, large()), [WRITTEN]);
}
