//! Answers of applications that come after the accept answer has ended the delivery.

use libtest_mimic::Trial;
use wardline_engine::control::protocol::QueueRow;
use wardline_engine::observe::DestinationCounts;
use wardline_tests::message::{adt, answer, field, framed};
use wardline_tests::peer::Peer;
use wardline_tests::sink::{Reply, Sink};
use wardline_tests::trials;

use crate::expected::{running, send};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        an_application_that_answers_later_is_counted_apart_and_nothing_is_sent_again,
        an_application_may_answer_through_a_listener,
        an_answer_in_a_batch_is_heard_when_the_batch_is_taken_and_not_before,
        an_application_that_does_not_answer_is_told_of_once,
    ]
}

/// A sink that commits each message, and behind that says what its application says of the one before.
fn one_behind(code: &'static str) -> Sink {
    Sink::start(move |arrived| {
        let commit = framed(&answer("CA", &arrived.control_id));
        let before = format!("{}", arrived.nth);
        let application = framed(&answer(code, &before));
        Reply::Raw(if arrived.nth == 0 { commit } else { [application, commit].concat() })
    })
}

fn counts(row: &QueueRow) -> DestinationCounts {
    row.counts.expect("a running engine")
}

fn an_application_that_answers_later_is_counted_apart_and_nothing_is_sent_again() {
    for (code, positive, negative) in [("AA", 2, 0), ("AE", 0, 2), ("AR", 0, 2)] {
        let sink = one_behind(code);
        let (site, engine) = running(&sink, "");
        for control_id in ["1", "2", "3"] {
            send(&engine, control_id, "AL", "AL");
        }
        let row = engine.wait_for_queue("lis", "done", |row| counts(row).delivered == 3);
        assert_eq!(sink.control_ids(), ["1", "2", "3"], "{code}: each once");
        assert_eq!(sink.connections(), 1, "{code}");
        assert_eq!(row.application_awaited, 1, "{code}: what came of the third is not known yet");
        let found = counts(&row);
        assert_eq!((found.application_positive, found.application_negative), (positive, negative));
        assert_eq!((found.dead, found.replies_stale), (0, 0), "{code}");
        let told = format!("1 awaited, 0 overdue, {positive} positive, {negative} negative");
        for command in [["status"].as_slice(), &["queue", "list"]] {
            let shown = site.command([command, &["--config", "wardline.toml"]].concat());
            assert!(String::from_utf8_lossy(&shown.stdout).contains(&told), "{command:?}");
        }
        let refused = "the application refused a message that its system had accepted";
        assert_eq!(engine.log().matches(refused).count() as u64, negative);
    }
}

fn an_application_may_answer_through_a_listener() {
    let sink = Sink::start(|_| Reply::Code("CA"));
    let (_site, engine) = running(&sink, "");
    send(&engine, "1", "AL", "AL");
    send(&engine, "2", "AL", "ER");
    engine.wait_for_queue("lis", "both owed", |row| row.application_awaited == 2);
    let mut application = Peer::connect(engine.address("in"));
    application.write(&[framed(&answer("AA", "1")), framed(&answer("AE", "2"))].concat());
    application.write(&framed(&answer("AA", "1")));
    assert_eq!(application.send(&adt("BEHIND")), "AA", "the answers were not acknowledged");
    let row = engine.queue("lis");
    let found = counts(&row);
    assert_eq!((found.application_positive, found.application_negative), (1, 1));
    assert_eq!(row.application_awaited, 0);
    let listener = engine.counts("in");
    assert_eq!((listener.answers_matched, listener.answers_unmatched), (2, 1), "once each");
}

fn an_answer_in_a_batch_is_heard_when_the_batch_is_taken_and_not_before() {
    let sink = Sink::start(|_| Reply::Code("CA"));
    let (_site, engine) = running(&sink, "");
    send(&engine, "1", "AL", "AL");
    engine.wait_for_queue("lis", "owed", |row| row.application_awaited == 1);
    let mut application = Peer::connect(engine.address("in"));
    let batch = |other: &[u8]| {
        [b"BHS|^~\\&|C|D|A|B|2026||||B1\r".as_slice(), &answer("AA", "1"), other].concat()
    };
    let without_type = b"MSH|^~\\&|A|B|C|D|2026|||BAD|P|2.5\rPID|1\r";
    for _ in 0..2 {
        assert_eq!(field(&application.exchange(&batch(without_type)), "MSA", 1), "AR");
    }
    let matched = || engine.counts("in").answers_matched;
    assert_eq!((engine.queue("lis").application_awaited, matched()), (1, 0), "it is not taken");
    assert_eq!(field(&application.exchange(&batch(&adt("BEHIND"))), "MSA", 1), "AA");
    assert_eq!((engine.queue("lis").application_awaited, matched()), (0, 1));
    assert_eq!(counts(&engine.queue("lis")).application_positive, 1);
    assert_eq!(engine.counts("in").answers_unmatched, 0);
}

fn an_application_that_does_not_answer_is_told_of_once() {
    let sink = Sink::start(|_| Reply::Code("CA"));
    let (_site, engine) = running(&sink, "app_ack_within = \"200ms\"");
    send(&engine, "1", "AL", "AL");
    send(&engine, "2", "AL", "ER");
    let row = engine.wait_for_queue("lis", "overdue", |row| {
        counts(row).delivered == 2 && row.application_awaited == 0
    });
    assert_eq!(counts(&row).application_overdue, 1, "of the second only a no was asked for");
    assert_eq!(sink.control_ids(), ["1", "2"], "never sent again");
    let told = "application answers did not come within app_ack_within";
    assert_eq!(engine.log().matches(told).count(), 1);
}
