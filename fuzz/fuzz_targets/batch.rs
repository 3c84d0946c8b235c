//! Whatever claims to be a batch is split into messages that stood in it, byte for byte, or refused; and each kind of
//! answer to it can be read, by us too.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use wardline_hl7::ack::{self, AckRequest, BatchAnswer, Original, Reply};
use wardline_hl7::batch::{Batch, MAX_MESSAGES};
use wardline_hl7::{AckCode, Message, ParseOptions, SegmentEnds};

const TIME: &str = "20260403120000";
/// What `Debug` may show of one batch within a payload, in bytes, its id included: 64 characters, each escaped in ten.
const MOST_SHOWN: usize = 1024;

fuzz_target!(|payload: &[u8]| {
    let payload = Bytes::copy_from_slice(payload);
    for segments in [SegmentEnds::Auto, SegmentEnds::Cr, SegmentEnds::Lf] {
        let Ok(batch) = Batch::split(&payload, segments) else { continue };
        assert!(format!("{batch:?}").len() <= MOST_SHOWN * (batch.groups.len() + 1), "PHI-1");
        stands_in(&batch, &payload);
        answered_as_a_whole(&batch);
        answered_for_each(&batch, segments);
    }
});

/// The messages are pieces of the payload, in its order, and no byte is in two of them (RAW-1).
fn stands_in(batch: &Batch, payload: &Bytes) {
    assert!(batch.messages().count() <= MAX_MESSAGES);
    let mut behind = payload.as_ptr() as usize;
    for message in batch.messages() {
        let start = message.as_ptr() as usize;
        assert!(start >= behind, "messages in order, no byte in two");
        behind = start + message.len();
        assert!(message.starts_with(b"MSH"), "a message begins with its header");
    }
    assert!(behind <= payload.as_ptr() as usize + payload.len());
}

fn answered_as_a_whole(batch: &Batch) {
    let answer = answer(Original::Batch(batch));
    let reply = Reply::read(&answer).expect("an answer of ours is an answer");
    assert_eq!(reply.code(), Some(AckCode::AA));
}

/// An answer for each message that can be read, in a batch that is split into as many.
fn answered_for_each(batch: &Batch, segments: SegmentEnds) {
    let options = ParseOptions { segments, ..ParseOptions::default() };
    let answers: Vec<Vec<Bytes>> = batch
        .messages()
        .map(|message| match Message::parse_with(message.clone(), options) {
            Ok(message) => vec![answer(Original::Message(&message))],
            Err(_) => Vec::new(),
        })
        .collect();
    if batch.file.is_none() && batch.groups.is_empty() {
        return; // FTS alone: an answer for each of nothing is nothing.
    }
    let expected = answers.iter().flatten().count();
    let built =
        ack::build_batch(&BatchAnswer { batch, answers: &answers, time: TIME }, || "W1".into());
    let read = Batch::split(&built, SegmentEnds::Auto).expect("a batch of ours is a batch");
    assert_eq!(read.messages().count(), expected);
    assert_eq!(read.groups.len(), batch.groups.len());
}

fn answer(original: Original<'_>) -> Bytes {
    ack::build(&AckRequest {
        original,
        code: AckCode::AA,
        control_id: "W1",
        time: TIME,
        text: None,
        error: None,
        acknowledgement_type: None,
        err_before_2_5: false,
    })
}
