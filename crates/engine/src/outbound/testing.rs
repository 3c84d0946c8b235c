//! What the tests of the way out share.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use wardline_store::MessageId;

use super::delivery::{Delivery, Lease};

pub(super) fn id(number: u64) -> MessageId {
    number.to_string().parse().expect("a number above zero")
}

pub(super) fn message(control_id: &str) -> Bytes {
    format!("MSH|^~\\&|A|B|C|D|20260403120000||ADT^A01|{control_id}|P|2.5\rPID|1||{control_id}\r")
        .into()
}

/// A message that asks for these answers (MSH-15, MSH-16).
pub(super) fn asking(control_id: &str, accept: &str, application: &str) -> Bytes {
    let header = format!("A|B|C|D|2026||ADT^A01|{control_id}|P|2.5|||{accept}|{application}");
    format!("MSH|^~\\&|{header}\rPID|1||{control_id}\r").into()
}

pub(super) fn delivery(number: u64) -> Delivery {
    Delivery {
        id: id(number),
        body: message(&format!("M{number}")),
        received_at: Timestamp::UNIX_EPOCH,
        listener: Arc::from("adt-in"),
        hops: 0,
        sends: 0,
    }
}

pub(super) fn lease(number: u64) -> Lease {
    Lease { delivery: delivery(number), failures: 0, first_error: None, last_reply: Bytes::new() }
}

/// An answer as its frame.
pub(super) fn framed_reply(code: &str, acknowledged: &str) -> Vec<u8> {
    framed(&format!("MSH|^~\\&|C|D|A|B|||ACK|R1|P|2.5\rMSA|{code}|{acknowledged}\r"))
}

pub(super) fn framed(payload: &str) -> Vec<u8> {
    [b"\x0B", payload.as_bytes(), b"\x1C\r"].concat()
}
