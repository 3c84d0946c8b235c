//! What is cut where, and what is refused.

use super::*;

fn split(payload: &[u8]) -> Result<Batch, BatchError> {
    Batch::split(&Bytes::copy_from_slice(payload), SegmentEnds::Auto)
}

/// The messages of each batch.
fn groups(payload: &[u8]) -> Vec<Vec<Bytes>> {
    let batch = split(payload).expect("a batch");
    batch.groups.into_iter().map(|group| group.messages).collect()
}

#[test]
fn a_file_of_batches_is_cut_at_every_header_and_trailer() {
    let batch = split(
        b"FHS|^~\\&|A||||2026||||F1\rBHS|^~\\&|A||||2026||||B1\rMSH|^~\\&|1\rPID|1\rMSH|^~\\&|2\rBTS|2\r\
          BHS|^~\\&|A||||2026||||B2\rMSH|^~\\&|3\rBTS|1|all\rFTS|2\r",
    )
    .expect("a batch");
    let ids: Vec<&[u8]> =
        batch.groups.iter().filter_map(|group| Some(group.header.as_ref()?.control_id())).collect();
    assert_eq!(ids, [b"B1", b"B2"]);
    assert_eq!(batch.groups[0].messages, [&b"MSH|^~\\&|1\rPID|1\r"[..], b"MSH|^~\\&|2\r"]);
    assert_eq!(batch.groups[1].messages, [&b"MSH|^~\\&|3\r"[..]]);
    assert_eq!(batch.identifying_header().map(Envelope::control_id), Some(&b"F1"[..]));
}

#[test]
fn every_envelope_segment_may_be_missing() {
    for payload in [
        &b"MSH|1\rMSH|2\r"[..],
        b"BHS|^~\\&|A\rMSH|1\rMSH|2\r",
        b"MSH|1\rMSH|2\rBTS|2\r",
        b"FHS|^~\\&|A\rMSH|1\rMSH|2\rFTS|1\r",
        b"FHS|^~\\&|A\rMSH|1\rMSH|2\rFTS|2\r",
        b"FHS|^~\\&|A\rBHS|^~\\&|A\rMSH|1\rMSH|2\rBTS\rFTS",
        b"BHS|^~\\&|A\rMSH|1\rMSH|2\rBTS|\rFTS||unknown\r",
        b"BHS|\rMSH|1\rMSH|2\rBTS| 2 \r",
    ] {
        assert_eq!(groups(payload), [[&b"MSH|1\r"[..], b"MSH|2\r"]], "{payload:?}");
    }
}

#[test]
fn an_empty_batch_has_no_messages() {
    for payload in [
        &b"BHS|^~\\&|A\rBTS|0\r"[..],
        b"BHS|^~\\&|A\r",
        b"FHS|^~\\&|A\rBHS|^~\\&|A\rBTS|0\rFTS|1\r",
        b"FHS|^~\\&|A\rFTS|0\r",
        b"BTS|0",
    ] {
        assert_eq!(split(payload).expect("a batch").messages().count(), 0, "{payload:?}");
    }
}

#[test]
fn a_count_that_differs_is_refused() {
    for (payload, expected) in [
        (&b"BHS|^~\\&|A\rMSH|1\rBTS|2\r"[..], BatchError::MessageCount { found: 1 }),
        (b"BHS|^~\\&|A\rMSH|1\rMSH|2\rBTS|1\r", BatchError::MessageCount { found: 2 }),
        (b"BHS|^~\\&|A\rMSH|1\rBTS|one\r", BatchError::MessageCount { found: 1 }),
        (
            b"FHS|^~\\&|A\rBHS|^~\\&|A\rMSH|1\rMSH|2\rBTS|2\rFTS|2\r",
            BatchError::BatchCount { found: 1 },
        ),
    ] {
        assert_eq!(split(payload).err(), Some(expected), "{payload:?}");
    }
}

#[test]
fn what_stands_where_nothing_may_is_refused_with_its_line() {
    for (payload, expected) in [
        (&b""[..], BatchError::NoHeader),
        (b"\r\n", BatchError::NoHeader),
        (b"PID|1\rMSH|1\r", BatchError::NoHeader),
        (b"BHS|^~\\&|A\rPID|1\r", BatchError::Misplaced { line: 2 }),
        (b"BHS|^~\\&|A\rMSH|1\rBTS|1\rPID|1\r", BatchError::Misplaced { line: 4 }),
        (b"FHS|^~\\&|A\rFTS|0\rMSH|1\r", BatchError::Misplaced { line: 3 }),
        (b"MSH|1\rFHS|^~\\&|A\r", BatchError::Misplaced { line: 2 }),
        (b"BHS|SENDER|A\r", BatchError::BadHeader { line: 1 }),
        (b"BHS^\rMSH|1\r", BatchError::BadHeader { line: 1 }),
    ] {
        assert_eq!(split(payload).err(), Some(expected), "{payload:?}");
    }
}

#[test]
fn lines_end_as_in_a_message() {
    assert_eq!(
        groups(b"\xef\xbb\xbfBHS|^~\\&|A\r\nMSH|1\r\nNTE|a\nMSH|b\r\n\r\n\xef\xbb\xbfMSH|2\r\nBTS|2\r\n"),
        [[&b"MSH|1\r\nNTE|a\nMSH|b\r\n"[..], b"MSH|2\r\n"]]
    );
    assert_eq!(groups(b"MSH|1\nPID|1\n\nMSH|2"), [[&b"MSH|1\nPID|1\n"[..], b"MSH|2"]]);
}

#[test]
fn messages_keep_their_own_delimiters() {
    let batch = split(b"BHS:-+?*:A::::2026::::B1\rMSH|^~\\&|1\rMSH@~&#\\@2\rBTS:2\r");
    let batch = batch.expect("a batch");
    assert_eq!(batch.messages().count(), 2);
    assert_eq!(batch.identifying_header().map(Envelope::control_id), Some(&b"B1"[..]));
}

#[test]
fn more_messages_than_one_record_holds_are_refused() {
    let payload = b"MSH|\r".repeat(MAX_MESSAGES + 1);
    assert_eq!(split(&payload).err(), Some(BatchError::TooMany));
}

#[test]
fn debug_shows_ids_and_no_content() {
    let batch = split(b"BHS|^~\\&|DOE||||2026||||B1\rMSH|^~\\&|DOE\r").expect("a batch");
    let shown = format!("{batch:?}");
    assert!(shown.contains("B1") && !shown.contains("DOE"), "{shown}");
}
