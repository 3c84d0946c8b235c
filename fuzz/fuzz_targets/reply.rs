//! Whatever a peer answers is read or refused, means one thing, and shows nothing of itself.
//!
//! The input is the payload of the answer's frame.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use wardline_flow::{Cause, DeliveryPolicy, Received, Situation, Verdict, classify};
use wardline_hl7::ack::Reply;
use wardline_hl7::{AckCode, ErrorCode};

/// The most error codes that are kept of one answer.
const MOST_ERRORS: usize = 16;
/// What `Debug` may show of an answer: a code, one id that is safe to show, and a number. In bytes.
const MOST_SHOWN: usize = 256;

fuzz_target!(|payload: &[u8]| {
    let read = Reply::read(payload);
    let behind_line_ends = Reply::read(&[b"\r\n \t", payload].concat());
    match (&read, &behind_line_ends) {
        (Ok(reply), Ok(same)) => {
            assert_eq!(reply.code(), same.code());
            assert_eq!(reply.acknowledged(), same.acknowledged());
            assert!(reply.errors().eq(same.errors()), "junk in front changes nothing");
        }
        (Err(error), Err(same)) => assert_eq!(error, same, "junk in front changes nothing"),
        _ => panic!("junk in front changes nothing"),
    }
    let Ok(reply) = read else { return };
    assert!(reply.errors().count() <= MOST_ERRORS);
    assert!(format!("{reply:?}").len() <= MOST_SHOWN, "PHI-1");
    let _ = reply.text();
    judge(&reply);
});

/// What the answer means, were it for our message: delivered exactly for AA and CA, and never anything final for what
/// cannot be understood.
fn judge(reply: &Reply) {
    let situation =
        Situation { attempts: 1, failures: 1, since_first_error: Duration::ZERO, random: 0 };
    let verdict = classify(&DeliveryPolicy::default(), &situation, Received::reply(reply));
    let locked = reply.reports(ErrorCode::ApplicationRecordLocked);
    match reply.code() {
        Some(AckCode::AA | AckCode::CA) => assert_eq!(verdict, Verdict::Delivered),
        Some(AckCode::AR | AckCode::CR) if !locked => {
            assert_eq!(verdict, Verdict::Dead { cause: Cause::Rejected });
        }
        Some(AckCode::AE | AckCode::CE | AckCode::AR | AckCode::CR) | None => {
            assert!(matches!(verdict, Verdict::RetryAfter { .. }));
        }
    }
}
