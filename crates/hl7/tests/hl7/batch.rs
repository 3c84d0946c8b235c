//! Batches: what is told of one as a whole, and what holds for any.

use bytes::Bytes;
use proptest::prelude::*;
use wardline_hl7::ack::{AckRequest, BatchAnswer, Original, build, build_batch, relayed};
use wardline_hl7::batch::Batch;
use wardline_hl7::{AckCode, Message, SegmentEnds};

const TIME: &str = "20260403120000";

fn batch(payload: &[u8]) -> Batch {
    Batch::split(&Bytes::copy_from_slice(payload), SegmentEnds::Auto).expect("a batch")
}

fn request(original: Original<'_>, code: AckCode) -> AckRequest<'_> {
    AckRequest {
        original,
        code,
        control_id: "W1",
        time: TIME,
        text: None,
        error: None,
        acknowledgement_type: None,
        err_before_2_5: false,
    }
}

fn single(payload: &[u8]) -> String {
    let batch = batch(payload);
    let answer = build(&request(Original::Batch(&batch), AckCode::AA));
    String::from_utf8_lossy(&answer).into_owned()
}

/// The answer to a batch whose second message is refused; ids count up from W1.
fn answered(payload: &[u8], errors_only: bool) -> String {
    let batch = batch(payload);
    let answers: Vec<Vec<Bytes>> = batch
        .messages()
        .zip([AckCode::AA, AckCode::AR, AckCode::AA])
        .filter_map(|(message, code)| {
            let message = Message::parse(message.clone()).ok()?;
            let wanted = !errors_only || !code.is_positive();
            let answer = wanted.then(|| build(&request(Original::Message(&message), code)));
            Some(answer.into_iter().collect())
        })
        .collect();
    let mut made = 1;
    let answer = BatchAnswer { batch: &batch, answers: &answers, time: TIME };
    let answer = build_batch(&answer, || {
        made += 1;
        format!("W{made}")
    });
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn one_answer_for_a_batch_names_its_id_and_its_ends() {
    assert_eq!(
        single(
            b"BHS|^~\\&|A^x|B|C|D|2026||||B1\rMSH|^~\\&|P|Q|R|S|2026||ADT^A01|M1|T|2.3\rBTS|1\r"
        ),
        "MSH|^~\\&|C|D|A^x|B|20260403120000||ACK|W1|T|2.3\rMSA|AA|B1\r"
    );
    assert_eq!(
        single(b"FHS|^~\\&|A|B|C|D|2026||||F1\rBHS|^~\\&\rBTS|0\rBHS|^~\\&\rBTS|0\rFTS|2\r"),
        "MSH|^~\\&|C|D|A|B|20260403120000||ACK|W1|P|2.5.1\rMSA|AA|F1\r"
    );
}

#[test]
fn a_bare_run_is_answered_as_its_first_message() {
    assert_eq!(
        single(
            b"MSH|^~\\&|A|B|C|D|2026||ADT^A01|M1|P|2.5\rMSH|^~\\&|A|B|C|D|2026||ADT^A01|M2|P|2.5\r"
        ),
        "MSH|^~\\&|C|D|A|B|20260403120000||ACK^A01^ACK|W1|P|2.5\rMSA|AA|M1\r"
    );
}

#[test]
fn an_answer_as_a_batch_refers_to_theirs_and_counts_its_own() {
    let payload = b"BHS|^~\\&|A|B|C|D|2026||||B1\rMSH|^~\\&|A|B|C|D|||ADT|M1|P|2.2\rMSH|^~\\&|A|B|C|D|||ADT|M2|P|2.2\rBTS|2\r";
    assert_eq!(
        answered(payload, false),
        "BHS|^~\\&|C|D|A|B|20260403120000||||W2|B1\r\
         MSH|^~\\&|C|D|A|B|20260403120000||ACK|W1|P|2.2\rMSA|AA|M1\r\
         MSH|^~\\&|C|D|A|B|20260403120000||ACK|W1|P|2.2\rMSA|AR|M2\r\
         BTS|2\r"
    );
    assert_eq!(
        answered(payload, true),
        "BHS|^~\\&|C|D|A|B|20260403120000||||W2|B1\r\
         MSH|^~\\&|C|D|A|B|20260403120000||ACK|W1|P|2.2\rMSA|AR|M2\r\
         BTS|1\r"
    );
}

#[test]
fn an_answer_to_a_file_is_a_file_with_as_many_batches() {
    let payload = b"FHS:^~\\&:A:B:C:D:2026::::F1\rBHS|^~\\&|A||||2026||||B1\rMSH|^~\\&|A|||||||M1|P|2.2\rMSH|^~\\&|A|||||||M2|P|2.2\r\
                    BHS|^~\\&|A||||2026||||B2\rMSH|^~\\&|A|||||||M3|P|2.2\rFTS|2\r";
    let answer = answered(payload, false);
    let lines: Vec<&str> = answer.split_terminator('\r').collect();
    assert_eq!(lines[0], "FHS:^~\\&:C:D:A:B:20260403120000::::W2:F1");
    assert_eq!(lines[1], "BHS|^~\\&|||A||20260403120000||||W3|B1");
    assert_eq!((lines[5], lines[6]), ("MSA|AR|M2", "BTS|2"));
    assert_eq!(lines[7], "BHS|^~\\&|||A||20260403120000||||W4|B2");
    assert_eq!((lines[10], lines[11]), ("BTS|1", "FTS:2"));
    assert!(Batch::split(&answer.clone().into(), SegmentEnds::Auto).is_ok(), "{answer}");
}

#[test]
fn a_relayed_reply_answers_the_original_and_keeps_the_rest() {
    let message = |payload: &[u8]| Message::parse(payload.to_vec().into()).expect("a message");
    let original = message(b"MSH|^~\\&|A^1.2^ISO|B|C|D|2026||ADT^A01|M1|P|2.5\r");
    let reply = message(
        b"MSH|^~\\&|LIS|LAB|ENGINE|X|2026||ACK^A01^ACK|77|P|2.5\rMSA|AE|E9|no bed\rERR|||207\rZAK|1\r",
    );
    assert_eq!(
        relayed(&reply, &original, AckCode::AE).as_deref(),
        Some(&b"MSH|^~\\&|C|D|A^1.2^ISO|B|2026||ACK^A01^ACK|77|P|2.5\rMSA|AE|M1|no bed\rERR|||207\rZAK|1\r"[..])
    );
    let other = message(b"MSH@*~\\&@LIS@LAB@@@2026@@ACK@77@P@2.5\rMSA@AA@E9\r");
    assert_eq!(
        relayed(&other, &original, AckCode::AA).as_deref(),
        Some(&b"MSH@*~\\&@C@D@A*1.2*ISO@B@2026@@ACK@77@P@2.5\rMSA@AA@M1\r"[..])
    );
    assert_eq!(relayed(&original, &original, AckCode::AA), None);
    let committed = message(b"MSH|^~\\&|LIS|LAB|||2026||ACK|77|P|2.5\rMSA|CA|E9\r");
    let answer = relayed(&committed, &original, AckCode::AA).expect("an answer");
    assert!(answer.ends_with(b"MSA|AA|M1\r"), "of the kind that the sender awaits");
}

fn telling_lines() -> impl Strategy<Value = Vec<u8>> {
    let line = proptest::sample::select(vec![
        &b"MSH|^~\\&|A"[..],
        b"PID|1",
        b"BHS|^~\\&|A",
        b"FHS|^~\\&|A",
        b"BTS|1",
        b"BTS|",
        b"FTS",
        b"",
        b"NTE|\n",
        b"\xef\xbb\xbfMSH|^~\\&|B",
        b"MSH",
        b"BHS|A",
    ]);
    let end = proptest::sample::select(vec![&b"\r"[..], b"\r\n", b"\n"]);
    (proptest::collection::vec(line, 0..10), end).prop_map(|(lines, end)| lines.join(end))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_but_envelopes_and_blank_lines_lies_between_the_messages(payload in telling_lines()) {
        let payload = Bytes::from(payload);
        if let Ok(batch) = Batch::split(&payload, SegmentEnds::Auto) {
            let mut at = 0;
            let between = |bytes: &[u8]| bytes.split(|byte| matches!(byte, b'\r' | b'\n')).all(|line| {
                let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
                line.is_empty() || matches!(&line[..3], b"FHS" | b"BHS" | b"BTS" | b"FTS")
            });
            for message in batch.messages() {
                let start = message.as_ptr() as usize - payload.as_ptr() as usize;
                prop_assert!(between(&payload[at..start]));
                prop_assert!(message.starts_with(b"MSH|"));
                at = start + message.len();
            }
            prop_assert!(between(&payload[at..]));
        }
    }
}
