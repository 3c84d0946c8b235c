use std::collections::BTreeMap;

use wardline_engine::control::protocol::{DEFAULT_RATE, ReplayMode, ReplayPreview, ReplaySample};

use super::preview::{MANY, Preview};
use super::*;
use crate::pages::hand::Hand;

const NOW: &str = "2026-11-21T03:12:08Z";

fn now() -> Timestamp {
    NOW.parse().expect("a moment")
}

fn row(job: u64, state: ReplayState) -> ReplayRow {
    ReplayRow {
        job,
        state,
        mode: ReplayMode::Resend,
        destinations: vec!["lis".to_owned()],
        edited: false,
        rate: DEFAULT_RATE,
        count: 1284,
        sent: 312,
        left_out: BTreeMap::from([("gone".to_owned(), 2)]),
        first_left_out: vec![("4711".parse().expect("a number"), "gone".to_owned())],
        started: "2026-11-21T02:29:00Z".to_owned(),
        by: "ann".to_owned(),
        reason: "the <lab> lost them".to_owned(),
        ended: None,
        stopped_by: None,
        stopped_because: None,
    }
}

fn operator() -> Hand {
    Hand { csrf: "token".to_owned(), may_operate: true, may_read: false }
}

#[test]
fn the_list_says_how_many_run_and_how_far_each_is() {
    let rows = vec![row(7, ReplayState::Running), row(6, ReplayState::Paused)];
    let html = Replays { rows, before: None }.body(now(), &TimeZone::UTC).into_string();
    for part in [
        "One running, one paused.",
        "href=\"/replays/7\">Replay 7</a>",
        "1,284",
        "312",
        "as sent, to lis, 100 a second at most",
        "the &lt;lab&gt; lost them",
        "02:29",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
}

#[test]
fn of_many_jobs_a_page_is_shown_and_leads_to_the_older_ones() {
    let rows: Vec<_> = (1..=70).rev().map(|job| row(job, ReplayState::Done)).collect();
    let newest = Replays { rows: rows.clone(), before: None }.body(now(), &TimeZone::UTC);
    let newest = newest.into_string();
    assert!(newest.contains("Replay 70<") && !newest.contains("Replay 20<"), "{newest}");
    assert!(newest.contains("href=\"/replays?before=21\""), "{newest}");
    let older = Replays { rows, before: Some(21) }.body(now(), &TimeZone::UTC).into_string();
    assert!(older.contains("Replay 20<") && !older.contains("Older"), "{older}");
}

#[test]
fn a_job_offers_what_can_be_done_in_its_state_to_those_who_may() {
    let drawn = |state, hand: &Hand| {
        let row = row(7, state);
        OneReplay { row: &row, hand }.body(now(), &TimeZone::UTC).into_string()
    };
    let running = drawn(ReplayState::Running, &operator());
    for part in ["314 of 1,284", "/replays/7/pause", "/replays/7/cancel", "970 messages", "gone"] {
        assert!(running.contains(part), "{part}: {running}");
    }
    assert!(
        running.contains("There is no message of this number"),
        "a code is explained: {running}"
    );
    let paused = drawn(ReplayState::Paused, &operator());
    assert!(paused.contains("/replays/7/resume") && !paused.contains("/replays/7/pause"));
    assert!(!drawn(ReplayState::Done, &operator()).contains("<form"));
    assert!(!drawn(ReplayState::Running, &Hand::default()).contains("<form"));
}

#[test]
fn a_preview_says_what_would_happen_and_many_are_typed() {
    let sample = ReplaySample {
        message: "4711".parse().expect("a number"),
        received: "2026-11-21T02:29:00Z".to_owned(),
        listener: "adt-in".to_owned(),
        message_type: "ADT^A01".to_owned(),
        control_id: "A<1>".to_owned(),
        size: 1412,
        destinations: vec!["lis".to_owned()],
        refused: None,
    };
    let mut preview = ReplayPreview {
        count: MANY,
        looked_at: MANY,
        left_out: BTreeMap::from([("never-sent".to_owned(), 3)]),
        sample: vec![sample],
        list: 17,
        replays: 0,
        behind: 0,
    };
    let drawn = |preview: &ReplayPreview, mode| {
        let destinations = ["lis".to_owned(), "archive".to_owned()];
        let (to, hand) = (&destinations[1..], &operator());
        let destinations = &destinations;
        let page = Preview { seen: preview, mode, to, rate: DEFAULT_RATE, destinations, hand };
        page.body(now(), &TimeZone::UTC).into_string()
    };
    let few = drawn(&preview, ReplayMode::Resend);
    for part in [
        "Replay 10 messages?",
        "3 messages would be left out",
        "never-sent",
        "A&lt;1&gt;",
        "name=\"list\" value=\"17\"",
        "name=\"to\" value=\"archive\" checked",
        "as sent, to archive",
        "9 more",
    ] {
        assert!(few.contains(part), "{part}: {few}");
    }
    assert!(!few.contains("data-typed"), "few are started without typing");
    preview.count = MANY + 1;
    preview.behind = 5000;
    preview.replays = 4;
    assert!(!few.contains("by a replay already"), "{few}");
    let many = drawn(&preview, ReplayMode::Reprocess);
    assert!(many.contains("data-typed=\"11\"") && many.contains("5.0 kB"), "{many}");
    assert!(many.contains("through today's routes?"), "{many}");
    assert!(many.contains("4 of them were sent in by a replay already"), "{many}");
}
