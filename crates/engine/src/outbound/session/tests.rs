use std::time::Instant;

use wardline_config::{Destination, DestinationKind};
use wardline_flow::{AckMatch, ReplyRule, TransportFault};

use super::commits::RESENDS;
use super::ids::REMEMBERED_IDS;
use super::*;
use crate::outbound::testing::{framed, framed_reply};

const LIMIT: usize = 1024;

struct Line {
    session: Session,
    applications: Arc<Applications>,
    counters: Arc<DestinationCounters>,
    buffer: BytesMut,
}

impl Line {
    fn new() -> Self {
        Self::matching(AckMatch::Exact)
    }

    fn matching(ack_match: AckMatch) -> Self {
        Self::to(MllpDestination { ack_match, ..MllpDestination::new("lis:2575") })
    }

    fn to(destination: MllpDestination) -> Self {
        let destination = Box::new(MllpDestination { max_reply_size: LIMIT, ..destination });
        let counters = Arc::new(DestinationCounters::default());
        let kind = DestinationKind::Mllp(destination.clone());
        let applications =
            Applications::of(&Destination::new("lis".into(), kind), Arc::clone(&counters));
        let (shared, destination) = (Arc::clone(&applications), Arc::from(destination));
        Self {
            session: Session::new(&destination, shared, Arc::clone(&counters)),
            applications,
            counters,
            buffer: BytesMut::new(),
        }
    }

    fn awaiting(control_id: &'static str) -> Self {
        let mut line = Self::new();
        line.send(control_id);
        line
    }

    fn send(&mut self, control_id: &'static str) {
        assert!(self.session.may_send(control_id.as_bytes()), "{control_id} may be sent");
        self.session.sent(
            Bytes::from_static(control_id.as_bytes()),
            Expected::Answer,
            Later::Nothing,
        );
        assert_eq!(self.session.written(), None);
    }

    fn hears(&mut self, bytes: &[u8]) -> Option<Received> {
        self.heard(bytes).map(|heard| heard.received)
    }

    fn heard(&mut self, bytes: &[u8]) -> Option<Heard> {
        self.said(bytes).map(|said| match said {
            Said::Ended(heard) => heard,
            said => panic!("{said:?} is not how a message ends"),
        })
    }

    fn said(&mut self, bytes: &[u8]) -> Option<Said> {
        self.buffer.extend_from_slice(bytes);
        self.session.hear(Came::Bytes, &mut self.buffer)
    }

    fn answered(&mut self, control_id: &'static str) {
        self.send(control_id);
        assert_eq!(self.hears(&framed_reply("AA", control_id)), Some(reply(AckCode::AA)));
    }
}

fn reply(code: AckCode) -> Received {
    Received::Reply { code, record_locked: false }
}

#[test]
fn an_answer_counts_for_the_message_whose_id_it_names() {
    let mut line = Line::awaiting("M1");
    assert_eq!(line.hears(&framed_reply("AA", "M1")), Some(reply(AckCode::AA)));
    assert!(line.session.awaited.is_none());
    assert!(!line.session.is_spent());
    assert_eq!(line.counters.replies_positive.get(), 1);
}

#[test]
fn taken_is_believed_only_of_what_was_written_to_its_end() {
    for (code, expected) in [
        ("AA", Received::Unclear(Unclear::Early)),
        ("CA", Received::Unclear(Unclear::Early)),
        ("AE", reply(AckCode::AE)),
        ("AR", reply(AckCode::AR)),
    ] {
        let mut line = Line::new();
        line.session.sent(Bytes::from_static(b"M1"), Expected::Answer, Later::Nothing);
        assert_eq!(line.hears(&framed_reply(code, "M1")), Some(expected), "{code}");
        assert!(line.session.is_spent(), "{code}: the rest of its frame is still to be written");
        assert_eq!(line.counters.replies_positive.get(), 0, "{code}");
    }
}

#[test]
fn every_code_is_given_on_and_counted() {
    for (code, expected) in [
        ("CA", AckCode::CA),
        ("AE", AckCode::AE),
        ("CE", AckCode::CE),
        ("AR", AckCode::AR),
        ("CR", AckCode::CR),
    ] {
        let mut line = Line::awaiting("M1");
        assert_eq!(line.hears(&framed_reply(code, "M1")), Some(reply(expected)), "{code}");
        let counts = line.counters.read();
        let counted = counts.replies_positive + counts.replies_error + counts.replies_reject;
        assert_eq!(counted, 1, "{code}");
    }
}

#[test]
fn a_locked_record_is_told_from_other_rejections() {
    let mut line = Line::awaiting("M1");
    let locked =
        framed("MSH|^~\\&|||||||ACK|R1|P|2.5\rMSA|AR|M1\rERR||PID^1|206^locked^HL70357|E\r");
    assert_eq!(
        line.hears(&locked),
        Some(Received::Reply { code: AckCode::AR, record_locked: true })
    );
}

#[test]
fn a_late_answer_is_skipped_and_ours_still_counts_but_the_connection_is_spent() {
    let mut line = Line::new();
    line.answered("M1");
    line.send("M2");
    assert_eq!(line.hears(&framed_reply("AE", "M1")), None);
    assert!(line.session.awaited.is_some());
    assert_eq!(line.hears(&framed_reply("AA", "M2")), Some(reply(AckCode::AA)));
    assert_eq!(line.counters.replies_stale.get(), 1);
    assert!(line.session.is_spent());
    assert!(!line.session.may_send(b"M3"));
}

#[test]
fn a_second_answer_while_nothing_is_awaited_spends_the_connection() {
    let mut line = Line::new();
    line.answered("M1");
    assert_eq!(line.hears(&framed_reply("AA", "M1")), None);
    assert_eq!(line.counters.replies_stale.get(), 1);
    assert!(line.session.is_spent());
}

#[test]
fn the_sixty_fourth_id_back_is_remembered_and_the_one_before_is_not() {
    let mut line = Line::new();
    for number in 0..=REMEMBERED_IDS {
        let id = format!("M{number}");
        line.session.sent(Bytes::from(id.clone()), Expected::Answer, Later::Nothing);
        assert_eq!(line.session.written(), None);
        assert!(line.hears(&framed_reply("AA", &id)).is_some());
    }
    line.send("now");
    assert_eq!(line.hears(&framed_reply("AA", "M2")), None);
    assert_eq!(line.counters.replies_stale.get(), 1);
    assert_eq!(
        line.hears(&framed_reply("AA", "M0")),
        Some(Received::Unclear(Unclear::UnknownControlId))
    );
}

#[test]
fn an_answer_that_says_nothing_is_unclear_and_spends_the_connection() {
    let headless = "PID|1\r";
    for (payload, unclear) in [
        ("", Unclear::Empty),
        ("\r\n", Unclear::Empty),
        (headless, Unclear::Unreadable),
        ("MSH|^~\\&|||||||ACK|R1|P|2.5\r", Unclear::NoMsa),
        ("MSH|^~\\&|||||||ACK|R1|P|2.5\rMSA|AA|M2\r", Unclear::UnknownControlId),
        ("MSH|^~\\&|||||||ACK|R1|P|2.5\rMSA|AA|M1 \r", Unclear::UnknownControlId),
        ("MSH|^~\\&|||||||ACK|R1|P|2.5\rMSA|OK|M1\r", Unclear::UnknownCode),
    ] {
        let mut line = Line::awaiting("M1");
        assert_eq!(line.hears(&framed(payload)), Some(Received::Unclear(unclear)), "{payload:?}");
        assert!(line.session.is_spent(), "{payload:?}");
        assert_eq!(line.counters.replies_unclear.get(), 1, "{payload:?}");
    }
}

#[test]
fn an_answer_over_the_limit_is_unclear_before_it_is_whole() {
    let mut line = Line::awaiting("M1");
    let endless = [b"\x0BMSH|".as_slice(), &[b'x'; LIMIT]].concat();
    assert_eq!(line.hears(&endless), Some(Received::Unclear(Unclear::Unreadable)));
    assert!(line.session.is_spent());
}

#[test]
fn junk_around_an_answer_is_counted_and_does_no_harm() {
    let mut line = Line::awaiting("M1");
    let bytes = [b"HELLO".as_slice(), &framed_reply("AA", "M1"), b"\r\n"].concat();
    assert_eq!(line.hears(&bytes), Some(reply(AckCode::AA)));
    assert_eq!(line.counters.lint_reply.get(), 1);
    line.answered("M2");
}

#[test]
fn an_answer_in_single_bytes_is_the_same_answer() {
    let mut line = Line::awaiting("M1");
    let bytes = framed_reply("AA", "M1");
    let (last, rest) = bytes.split_last().expect("not empty");
    for byte in rest {
        assert_eq!(line.hears(&[*byte]), None);
    }
    assert_eq!(line.hears(&[*last]), Some(reply(AckCode::AA)));
}

#[test]
fn segments_that_end_in_lf_are_read() {
    let mut line = Line::awaiting("M1");
    let bytes = framed("MSH|^~\\&|||||||ACK|R1|P|2.5\nMSA|AA|M1\n");
    assert_eq!(line.hears(&bytes), Some(reply(AckCode::AA)));
}

#[test]
fn an_answer_that_ends_in_fs_alone_comes_with_silence_or_with_the_end() {
    for came in [Came::Silence, Came::End] {
        let mut line = Line::awaiting("M1");
        let bytes = framed_reply("AA", "M1");
        assert_eq!(line.hears(&bytes[..bytes.len() - 1]), None);
        assert!(line.session.awaits_silence());
        let heard = line.session.hear(came, &mut line.buffer);
        let Some(Said::Ended(heard)) = heard else { panic!("an answer, {came:?}") };
        assert_eq!(heard.received, reply(AckCode::AA), "{came:?}");
        assert_eq!(line.counters.lint_reply.get(), 1, "{came:?}");
    }
}

#[test]
fn an_answer_cut_by_the_end_is_no_answer() {
    let mut line = Line::awaiting("M1");
    assert_eq!(line.hears(b"\x0BMSH|^~\\&|"), None);
    assert_eq!(line.session.hear(Came::End, &mut line.buffer), None);
    assert!(line.session.awaited.is_some());
}

#[test]
fn commit_blocks_of_the_second_release_are_passed_over() {
    let mut line = Line::awaiting("M1");
    assert_eq!(line.hears(b"\x0B\x06\x1C\r\x0B\x15\x1C\r"), None);
    assert_eq!(line.hears(&framed_reply("AA", "M1")), Some(reply(AckCode::AA)));
    assert_eq!(line.counters.lint_reply.get(), 2);
}

#[test]
fn a_greeting_before_anything_was_sent_confuses_nothing() {
    let mut line = Line::new();
    assert_eq!(line.hears(&framed("WELCOME")), None);
    line.answered("M1");
}

#[test]
fn the_same_id_never_goes_over_a_connection_that_remembers_it() {
    let mut line = Line::new();
    line.answered("M1");
    assert!(!line.session.may_send(b"M1"));
    line.answered("M2");
    assert!(!line.session.may_send(b"M1"));
    assert!(line.session.may_send(b"M3"));
}

#[test]
fn a_message_without_an_id_shares_its_connection_with_none() {
    let mut line = Line::new();
    line.answered("M1");
    assert!(!line.session.may_send(b""));

    let mut alone = Line::new();
    alone.send("");
    assert_eq!(alone.hears(&framed_reply("AA", "")), Some(reply(AckCode::AA)));
    assert!(!alone.session.may_send(b""));
    assert!(!alone.session.may_send(b"M1"));
}

#[test]
fn one_message_at_a_time_is_in_flight() {
    let line = Line::awaiting("M1");
    assert!(!line.session.may_send(b"M2"));
}

#[test]
fn what_was_heard_shows_no_content() {
    let heard = Heard {
        received: reply(AckCode::AA),
        reply: Bytes::from_static(b"SECRET"),
        later: Later::Nothing,
        control_id: Bytes::from_static(b"M1"),
    };
    assert!(!format!("{heard:?}").contains("SECRET"));
}

#[test]
fn what_another_ack_match_lets_count_is_given_on() {
    const CUT: &str = "12345678901234567890";
    const LONG: &str = "12345678901234567890-rest";
    for (ack_match, sent, payload, expected) in [
        (AckMatch::Trim, "M1", " M1", reply(AckCode::AA)),
        (AckMatch::Trim, "M1", "M2", Received::Unclear(Unclear::UnknownControlId)),
        (AckMatch::Prefix20, LONG, CUT, reply(AckCode::AA)),
        (AckMatch::Prefix20, LONG, "123", Received::Unclear(Unclear::UnknownControlId)),
        (AckMatch::AnyAck, "M1", "M2", reply(AckCode::AA)),
        (AckMatch::Any, "M1", "", reply(AckCode::AA)),
    ] {
        let mut line = Line::matching(ack_match);
        line.send(sent);
        assert_eq!(line.hears(&framed_reply("AA", payload)), Some(expected), "{ack_match:?}");
    }
}

#[test]
fn only_any_takes_what_is_no_acknowledgement_for_a_yes() {
    for payload in ["", "OK", "MSH|^~\\&|||||||ACK|R1|P|2.5\r", "MSH|^~\\&|\rMSA|OK|M1\r"] {
        let mut any = Line::matching(AckMatch::Any);
        any.send("M1");
        assert_eq!(any.hears(&framed(payload)), Some(Received::Anything), "{payload:?}");
        assert!(!any.session.is_spent(), "{payload:?}");
        assert_eq!(any.counters.replies_positive.get(), 1, "{payload:?}");

        let mut any_ack = Line::matching(AckMatch::AnyAck);
        any_ack.send("M1");
        let heard = any_ack.hears(&framed(payload));
        assert!(matches!(heard, Some(Received::Unclear(_))), "{payload:?}: {heard:?}");
    }
}

#[test]
fn any_keeps_a_no_a_no_and_believes_nothing_before_the_last_byte() {
    let mut line = Line::matching(AckMatch::Any);
    line.send("M1");
    assert_eq!(line.hears(&framed_reply("AE", "M9")), Some(reply(AckCode::AE)));

    let mut early = Line::matching(AckMatch::Any);
    early.session.sent(Bytes::from_static(b"M1"), Expected::Answer, Later::Nothing);
    assert_eq!(early.hears(&framed("OK")), Some(Received::Unclear(Unclear::Early)));
}

#[test]
fn under_any_a_second_answer_spends_the_connection_before_it_counts_for_the_next() {
    for ack_match in [AckMatch::AnyAck, AckMatch::Any] {
        let mut line = Line::matching(ack_match);
        line.answered("M1");
        assert_eq!(line.hears(&framed_reply("AA", "M1")), None);
        assert!(line.session.is_spent(), "{ack_match:?}");
    }
}

#[test]
fn ids_that_a_peer_cannot_tell_apart_never_share_a_connection() {
    for (ack_match, first, second) in [
        (AckMatch::Trim, "M1", "M1 "),
        (AckMatch::Prefix20, "12345678901234567890a", "12345678901234567890b"),
    ] {
        let mut line = Line::matching(ack_match);
        line.answered(first);
        assert!(!line.session.may_send(second.as_bytes()), "{ack_match:?}");
    }
}

#[test]
fn a_rule_speaks_of_an_answer_to_this_message_only_and_never_before_the_last_byte() {
    let rule = |codes: &[&str], then| ReplyRule {
        codes: codes.iter().map(|&code| code.to_owned()).collect(),
        errors: Vec::new(),
        text: None,
        then,
    };
    let rules = vec![rule(&["OK"], ReplyOutcome::Delivered), rule(&[], ReplyOutcome::Hold)];
    let line = || {
        Line::to(MllpDestination { on_reply: rules.clone(), ..MllpDestination::new("lis:2575") })
    };
    let decided = |then, code| Some(Received::Ruled { then, code });
    let unclear = |unclear| Some(Received::Unclear(unclear));
    for (code, id, expected, spent) in [
        ("OK", "M1", decided(ReplyOutcome::Delivered, None), false),
        ("AE", "M1", decided(ReplyOutcome::Hold, Some(AckCode::AE)), false),
        ("AA", "M1", Some(reply(AckCode::AA)), false),
        ("AE", "M2", unclear(Unclear::UnknownControlId), true),
    ] {
        let mut line = line();
        line.send("M1");
        assert_eq!(line.hears(&framed_reply(code, id)), expected, "{code} {id}");
        assert_eq!(line.session.is_spent(), spent, "{code} {id}");
    }
    let mut early = line();
    early.session.sent(Bytes::from_static(b"M1"), Expected::Answer, Later::Nothing);
    assert_eq!(early.hears(&framed_reply("OK", "M1")), unclear(Unclear::Early));
}

/// A line on which a message is being written, of which this is awaited.
fn expecting(expected: Expected) -> Line {
    let mut line = Line::new();
    line.session.sent(Bytes::from_static(b"M1"), expected, Later::Nothing);
    line
}

#[test]
fn where_nothing_is_awaited_written_is_the_end_and_an_answer_costs_nothing() {
    let mut line = expecting(Expected::Nothing);
    assert_eq!(line.session.written().map(|heard| heard.received), Some(Received::Written));
    assert_eq!(line.hears(&framed_reply("AA", "M1")), None);
    assert!(!line.session.is_spent());
    line.answered("M2");
}

#[test]
fn a_commit_accept_ends_the_wait_and_the_application_s_answer_costs_nothing() {
    let mut line = expecting(Expected::Accept);
    assert_eq!(line.session.written(), None);
    assert_eq!(line.hears(&framed_reply("CA", "M1")), Some(reply(AckCode::CA)));
    line.send("M2");
    assert_eq!(line.hears(&framed_reply("AA", "M1")), None);
    assert_eq!(line.hears(&framed_reply("AA", "M2")), Some(reply(AckCode::AA)));
    assert!(!line.session.is_spent());
}

#[test]
fn a_commit_accept_is_passed_over_while_the_application_is_awaited() {
    let mut line = expecting(Expected::Application);
    assert_eq!(line.session.written(), None);
    assert_eq!(line.hears(&framed_reply("CA", "M1")), None);
    assert_eq!(line.hears(&framed_reply("AA", "M1")), Some(reply(AckCode::AA)));

    let mut refused = expecting(Expected::Application);
    assert_eq!(refused.session.written(), None);
    assert_eq!(refused.hears(&framed_reply("CR", "M1")), Some(reply(AckCode::CR)));
}

#[test]
fn silence_is_an_answer_where_the_message_says_so_and_only_there() {
    for is_yes in [true, false] {
        let mut line = expecting(Expected::Silence { is_yes });
        assert_eq!(line.session.written(), None);
        let ended = line.session.silent().map(|heard| heard.received);
        assert_eq!(ended, Some(Received::Silent { is_yes }));
        assert_eq!(line.session.is_spent(), !is_yes, "as behind any answer that did not come");
    }
    for expected in [Expected::Answer, Expected::Application] {
        let mut line = expecting(expected);
        assert_eq!(line.session.written(), None);
        assert_eq!(line.session.silent(), None, "{expected:?}");
    }
}

#[test]
fn what_an_application_owes_is_its_own_whatever_is_awaited_meanwhile() {
    for ack_match in [AckMatch::Exact, AckMatch::AnyAck] {
        let mut line = Line::matching(ack_match);
        line.session.sent(Bytes::from_static(b"M1"), Expected::Accept, Later::Due);
        assert_eq!(line.session.written(), None);
        let heard = line.heard(&framed_reply("CA", "M1")).expect("the accept answer");
        assert_eq!((heard.later, &heard.control_id[..]), (Later::Due, &b"M1"[..]));
        let number = "1".parse().expect("a number");
        line.applications.owe(number, &heard.control_id, heard.later, Instant::now());
        line.send("M2");
        assert_eq!(line.hears(&framed_reply("AE", "M1")), None, "{ack_match:?}");
        assert_eq!(line.hears(&framed_reply("AA", "M2")), Some(reply(AckCode::AA)));
        assert_eq!(line.counters.application_negative.get(), 1);
        assert_eq!((line.counters.replies_stale.get(), line.session.is_spent()), (0, false));
    }
}

#[test]
fn an_answer_names_the_awaited_message_as_near_as_ids_are_compared() {
    let mut line = Line::matching(AckMatch::Trim);
    let number = "1".parse().expect("a number");
    line.applications.owe(number, b"M1", Later::Due, Instant::now());
    line.send("M1 ");
    assert_eq!(line.hears(&framed_reply("AA", "M1")), Some(reply(AckCode::AA)));
    assert_eq!((line.applications.owed(), line.counters.application_positive.get()), (1, 0));
}

#[test]
fn only_what_was_accepted_is_owed_more() {
    for code in ["CE", "CR", "AA"] {
        let mut line = Line::new();
        line.session.sent(Bytes::from_static(b"M1"), Expected::Accept, Later::Due);
        assert_eq!(line.session.written(), None);
        let heard = line.heard(&framed_reply(code, "M1")).expect("an answer");
        assert_eq!(heard.later, Later::Nothing, "{code}");
    }
}

const COMMITTED: &[u8] = b"\x0B\x06\x1C\r";
const REFUSED: &[u8] = b"\x0B\x15\x1C\r";

/// A line of release 2 on which M1 is written, of which this is awaited.
fn committing(expected: Expected) -> Line {
    let release = Release::Two;
    let mut line = Line::to(MllpDestination { release, ..MllpDestination::new("lis:2575") });
    line.session.sent(Bytes::from_static(b"M1"), expected, Later::Nothing);
    assert_eq!(line.session.written(), None);
    line
}

#[test]
fn release_2_awaits_the_answer_once_the_block_is_committed() {
    let mut line = committing(Expected::Silence { is_yes: true });
    assert_eq!(line.session.silent(), None, "a commit is never silence");
    assert_eq!(line.said(COMMITTED), Some(Said::Committed));
    assert!(line.session.silent().is_some());

    let mut line = committing(Expected::Answer);
    assert_eq!(line.said(COMMITTED), Some(Said::Committed));
    assert!(!line.session.may_send(b"M2"));
    assert_eq!(line.hears(&framed_reply("AA", "M1")), Some(reply(AckCode::AA)));
    assert!(line.session.may_send(b"M2"));
}

#[test]
fn release_2_ends_with_the_commit_where_no_answer_is_due() {
    let mut line = committing(Expected::Nothing);
    assert_eq!(line.hears(COMMITTED), Some(Received::Written));
    assert!(line.session.may_send(b"M2"));
}

#[test]
fn release_2_writes_a_refused_block_again_and_not_without_end() {
    let mut line = committing(Expected::Answer);
    for _ in 0..RESENDS {
        assert_eq!(line.said(REFUSED), Some(Said::Refused));
        assert!(!line.session.may_send(b"M2"), "nothing goes out before the commit");
        assert_eq!(line.session.written(), None);
    }
    let given_up = Received::Transport(TransportFault::NotCommitted);
    assert_eq!(line.hears(REFUSED), Some(given_up));
    assert!(line.session.is_spent());
    assert_eq!(line.counters.commits_refused.get(), u64::from(RESENDS) + 1);
}

#[test]
fn release_2_doubts_a_commit_that_nobody_waits_for() {
    for bytes in [COMMITTED, REFUSED] {
        let mut line = committing(Expected::Answer);
        assert_eq!(line.said(COMMITTED), Some(Said::Committed));
        assert_eq!(line.said(bytes), None);
        assert!(line.session.is_spent());
    }
    let mut early = committing(Expected::Answer);
    assert_eq!(early.hears(&framed_reply("AA", "M1")), Some(reply(AckCode::AA)));
    assert!(early.session.is_spent(), "the commit may still come");
}

#[test]
fn nothing_begins_inside_a_commit() {
    let mut line = committing(Expected::Application);
    assert_eq!(line.said(COMMITTED), Some(Said::Committed));
    for code in ["CA", "AA"] {
        let _heard = line.said(&framed_reply(code, "M1"));
    }
    for _ in 0..2 {
        assert!(!line.session.is_mid_commit());
        assert!(line.session.owes_commit());
        assert!(line.session.is_mid_commit(), "until it is written to its end");
        assert!(!line.session.owes_commit(), "not even the next commit");
        line.session.commit_written();
    }
    assert!(!line.session.owes_commit(), "once each");
}

#[test]
fn release_2_owes_a_commit_for_each_answer_but_never_inside_a_frame() {
    let mut line = committing(Expected::Answer);
    assert_eq!(line.said(COMMITTED), Some(Said::Committed));
    assert!(!line.session.owes_commit(), "a commit is not committed");
    assert!(line.hears(&framed_reply("AA", "M1")).is_some());
    line.session.sent(Bytes::from_static(b"M2"), Expected::Answer, Later::Nothing);
    assert!(!line.session.owes_commit());
    assert_eq!(line.session.written(), None);
    assert!(line.session.owes_commit());
    line.session.commit_written();
    assert!(!line.session.owes_commit(), "once");

    let mut one = Line::awaiting("M1");
    assert!(one.hears(&framed_reply("AA", "M1")).is_some());
    assert!(!one.session.owes_commit(), "release 1 has no commits");
}
