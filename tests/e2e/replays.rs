//! Messages of the past sent in once more: exactly those that were meant, as they were or as they would be now.

use std::fs;
use std::path::PathBuf;

use libtest_mimic::Trial;
use wardline_engine::control::protocol::{
    DEFAULT_RATE, EditedBody, MessageRange, RefusedReason, ReplayMode, ReplayOrder, ReplayPreview,
    ReplayRow, ReplayState, Request, Response,
};
use wardline_store::MessageId;
use wardline_tests::message::{adt, control_id, large, message};
use wardline_tests::peer::Peer;
use wardline_tests::sink::Sink;
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        what_is_resent_is_what_was_sent_byte_for_byte_and_in_its_order,
        what_is_resent_goes_to_chosen_destinations,
        what_is_resent_goes_to_all_of_its_destinations_or_is_left_out,
        what_is_reprocessed_goes_by_the_routes_of_today,
        what_was_refused_is_reprocessed_once_its_listener_takes_it,
        what_was_too_large_is_never_sent_in_as_its_beginning,
        what_a_handler_does_not_decide_is_not_left_out,
        what_a_replay_has_in_hand_when_its_destination_leaves_is_delivered,
        an_edited_copy_takes_the_place_of_the_message,
        what_cannot_be_replayed_is_left_out_with_its_cause,
        a_replay_that_is_paused_sends_nothing_and_goes_on_where_it_was,
        a_pause_that_cannot_be_written_down_is_refused_until_it_can,
        a_replay_that_is_cancelled_ends_where_it_stands,
        a_replay_goes_on_after_a_restart,
        no_replay_begins_where_those_of_before_cannot_be_read,
        an_order_that_cannot_be_met_is_refused_before_anything_happens,
        the_command_line_shows_the_count_before_it_replays,
    ]
}

const ALL: &str =
    "match = {}\nto = [\"lis\"]\n[[routes.transform]]\nset = \"MSH-5\"\nvalue = \"LAB\"\n";

/// A listener behind the misbehaving handler.
const GATED: &str = "handlers = [\"misbehaving\"]\nhandler_timeout = \"60s\"";

/// A listener with these keys, a route `one`, and two destinations.
struct Lab {
    site: Site,
    lis: Sink,
    archive: Sink,
}

impl Lab {
    fn new(listener: &str, route: &str) -> Self {
        let (lis, archive) = (Sink::accepting(), Sink::accepting());
        let text = configuration(listener, route, &lis, &archive);
        Self { site: Site::new(PROGRAM, &text), lis, archive }
    }

    /// Goes by another listener and route from now on.
    fn reload(&self, engine: &Engine, listener: &str, route: &str) {
        self.reload_with(engine, &configuration(listener, route, &self.lis, &self.archive));
    }

    fn reload_with(&self, engine: &Engine, configuration: &str) {
        self.site.configure(configuration);
        let (moves, park) = (Vec::new(), Vec::new());
        let reload =
            Request::Reload { dry_run: false, moves, park, expected: None, by: "test".into() };
        let answer = engine.ask(&reload);
        assert!(matches!(answer, Response::Reloaded(_)), "{answer:?}");
    }

    /// What came to the laboratory beyond so many.
    fn behind(&self, first: usize, count: usize) -> Vec<Vec<u8>> {
        let arrived = self.lis.wait_for(first + count);
        assert_eq!(arrived.len(), first + count, "none comes twice");
        arrived.into_iter().skip(first).map(|one| one.payload.clone()).collect()
    }
}

fn configuration(listener: &str, route: &str, lis: &Sink, archive: &Sink) -> String {
    let (lis, archive) = (lis.address(), archive.address());
    format!(
        r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"
{listener}

[handlers.misbehaving]

[[routes]]
id = "one"
{route}

[[destinations]]
id = "lis"
kind = "mllp"
address = "{lis}"

[[destinations]]
id = "archive"
kind = "mllp"
address = "{archive}"
"#
    )
}

fn id(number: u64) -> MessageId {
    MessageId::from_number(number).expect("not 0")
}

fn order(mode: ReplayMode) -> ReplayOrder {
    ReplayOrder {
        messages: Vec::new(),
        ranges: vec![MessageRange { first: id(1), last: id(1_000_000) }],
        search: None,
        list: None,
        mode,
        destinations: Vec::new(),
        edited: None,
        rate: DEFAULT_RATE,
    }
}

fn preview(engine: &Engine, order: &ReplayOrder) -> ReplayPreview {
    match engine.ask(&Request::ReplayPreview { order: order.clone(), by: "ann".to_owned() }) {
        Response::ReplayPreviewed(preview) => *preview,
        other => panic!("no preview: {other:?}"),
    }
}

fn start(engine: &Engine, order: &ReplayOrder) -> ReplayRow {
    let count = preview(engine, order).count;
    let (by, reason) = ("ann".to_owned(), "a lost day".to_owned());
    row(engine.ask(&Request::ReplayStart { order: order.clone(), count, by, reason }))
}

fn row(answer: Response) -> ReplayRow {
    match answer {
        Response::Replay(row) => *row,
        other => panic!("no replay: {other:?}"),
    }
}

fn job(engine: &Engine, job: u64) -> ReplayRow {
    match engine.ask(&Request::Replays { job: Some(job) }) {
        Response::Replays { mut replays } => replays.pop().expect("there"),
        other => panic!("no replay: {other:?}"),
    }
}

/// Waits until it is through.
fn done(engine: &Engine, replay: &ReplayRow) -> ReplayRow {
    wait::until("the replay to be through", || {
        let row = job(engine, replay.job);
        (row.state == ReplayState::Done).then_some(row)
    })
}

fn replay(engine: &Engine, order: &ReplayOrder) -> ReplayRow {
    done(engine, &start(engine, order))
}

fn send(engine: &Engine, messages: impl IntoIterator<Item = Vec<u8>>) {
    let mut peer = Peer::connect(engine.address("in"));
    for message in messages {
        assert_eq!(peer.send(&message), "AA");
    }
}

fn many(count: u64) -> impl Iterator<Item = Vec<u8>> {
    (0..count).map(|number| adt(&format!("M{number}")))
}

fn what_is_resent_is_what_was_sent_byte_for_byte_and_in_its_order() {
    let lab = Lab::new("", ALL);
    let engine = lab.site.start();
    send(&engine, many(30));
    let before = lab.behind(0, 30);
    let looked = preview(&engine, &order(ReplayMode::Resend));
    assert_eq!((looked.count, looked.looked_at, looked.sample.len()), (30, 30, 20));
    assert_eq!(
        (&*looked.sample[0].control_id, &looked.sample[0].destinations[..]),
        ("M0", &["lis".to_owned()][..])
    );
    let row = replay(&engine, &order(ReplayMode::Resend));
    assert_eq!(
        (row.sent, row.left_out.len(), &*row.by, &*row.reason),
        (30, 0, "ann", "a lost day")
    );
    assert_eq!(lab.behind(30, 30), before, "transformed then, and not again");
    lab.reload(&engine, "", "match = {}\nto = [\"archive\"]");
    let first =
        ReplayOrder { messages: vec![id(1)], ranges: Vec::new(), ..order(ReplayMode::Resend) };
    replay(&engine, &first);
    assert_eq!(lab.behind(60, 1), before[..1], "whatever the routes say today");
}

fn what_is_resent_goes_to_chosen_destinations() {
    let lab = Lab::new("", ALL);
    let engine = lab.site.start();
    send(&engine, many(3));
    let sent = lab.behind(0, 3);
    let destinations = vec!["archive".to_owned(), "lis".to_owned()];
    replay(&engine, &ReplayOrder { destinations, ..order(ReplayMode::Resend) });
    assert_eq!(lab.behind(3, 3), sent, "what it was sent then");
    let as_it_came: Vec<_> = many(3).collect();
    let archived: Vec<_> =
        lab.archive.wait_for(3).into_iter().map(|one| one.payload.clone()).collect();
    assert_eq!(archived, as_it_came, "as it came, where it did not go then");
}

fn what_is_resent_goes_to_all_of_its_destinations_or_is_left_out() {
    let both = "to = [\"lis\", \"archive\"]";
    let lab = Lab::new("", both);
    let engine = lab.site.start();
    send(&engine, many(2));
    lab.behind(0, 2);
    lab.archive.wait_for(2);
    let without = configuration("", "to = [\"lis\"]", &lab.lis, &lab.archive);
    lab.reload_with(&engine, &without.replace("id = \"archive\"", "id = \"other\""));
    let row = replay(&engine, &order(ReplayMode::Resend));
    assert_eq!((row.sent, row.left_out["no-destination"]), (0, 2));
    lab.behind(2, 0);
}

fn what_is_reprocessed_goes_by_the_routes_of_today() {
    let lab = Lab::new("", "match = { message = [\"ORU\"] }\nto = [\"lis\"]");
    let engine = lab.site.start();
    send(&engine, many(3));
    assert_eq!(engine.counts("in").unrouted, 3);
    lab.reload(&engine, "", ALL);
    let row = replay(&engine, &order(ReplayMode::Reprocess));
    assert_eq!((row.sent, row.left_out.len()), (3, 0));
    let ids: Vec<_> = lab.behind(0, 3).iter().map(|one| control_id(one)).collect();
    assert_eq!(ids, ["M0", "M1", "M2"]);
}

fn what_was_refused_is_reprocessed_once_its_listener_takes_it() {
    let lab = Lab::new("accept = { message = [\"ORU\"] }", ALL);
    let engine = lab.site.start();
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&adt("M0")), "AR");
    assert_eq!(peer.send(&message("SIU^S12", "M1")), "AR");
    let reprocess = order(ReplayMode::Reprocess);
    wait::until("both are kept", || (preview(&engine, &reprocess).count == 2).then_some(()));
    assert_eq!(preview(&engine, &reprocess).sample[0].refused.as_deref(), Some("not-accepted"));
    lab.reload(&engine, "accept = { message = [\"ADT\"] }", ALL);
    let row = replay(&engine, &reprocess);
    assert_eq!((row.sent, row.left_out["not-accepted"]), (1, 1));
    assert_eq!(row.first_left_out.len(), 1);
    assert_eq!(control_id(&lab.behind(0, 1)[0]), "M0");
}

fn what_was_too_large_is_never_sent_in_as_its_beginning() {
    let lab = Lab::new("max_message_size = \"16KiB\"", ALL);
    let engine = lab.site.start();
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&large("M0", 100_000)), "AR");
    let reprocess = order(ReplayMode::Reprocess);
    wait::until("it is kept", || (preview(&engine, &reprocess).count == 1).then_some(()));
    let row = replay(&engine, &reprocess);
    assert_eq!((row.sent, row.left_out["not-whole"]), (0, 1));
    let destinations = vec!["lis".to_owned()];
    let row = replay(&engine, &ReplayOrder { destinations, ..order(ReplayMode::Resend) });
    assert_eq!((row.sent, row.left_out["not-whole"]), (0, 1));
    lab.behind(0, 0);
}

fn what_a_handler_does_not_decide_is_not_left_out() {
    let lab = Lab::new("", ALL);
    let engine = lab.site.start();
    send(&engine, [adt("FAIL-1"), adt("M1")]);
    lab.behind(0, 2);
    lab.reload(&engine, GATED, ALL);
    let replay = start(&engine, &order(ReplayMode::Reprocess));
    wait::until("it is undecided", || (engine.counts("in").handler_faults > 0).then_some(()));
    assert_eq!(job(&engine, replay.job).state, ReplayState::Running);
    lab.reload(&engine, "", ALL);
    let row = done(&engine, &replay);
    assert_eq!((row.sent, row.left_out.len()), (2, 0));
    let ids: Vec<_> = lab.behind(2, 2).iter().map(|one| control_id(one)).collect();
    assert_eq!(ids, ["FAIL-1", "M1"], "in their order");
}

fn what_a_replay_has_in_hand_when_its_destination_leaves_is_delivered() {
    let lab = Lab::new("", ALL);
    let engine = lab.site.start();
    send(&engine, [adt("AWAIT-1")]);
    lab.behind(0, 1);
    lab.reload(&engine, GATED, ALL);
    let replay = start(&engine, &order(ReplayMode::Reprocess));
    let begun = lab.site.folder().join("AWAIT-1.begun");
    wait::until_so("the message to be in hand", || begun.exists());
    let without = configuration(GATED, "to = [\"archive\"]", &lab.lis, &lab.archive);
    lab.reload_with(&engine, &without.replace("id = \"lis\"", "id = \"other\""));
    fs::write(lab.site.folder().join("AWAIT-1.go"), "").expect("a writable folder");
    assert_eq!(done(&engine, &replay).sent, 1);
    assert_eq!(control_id(&lab.behind(1, 1)[0]), "AWAIT-1", "by the routes that it began with");
}

fn an_edited_copy_takes_the_place_of_the_message() {
    let lab = Lab::new("", ALL);
    let engine = lab.site.start();
    send(&engine, many(1));
    lab.behind(0, 1);
    let edited = Some(EditedBody(adt("EDITED").into()));
    let reprocess = ReplayOrder { edited, ..order(ReplayMode::Reprocess) };
    let row = start(&engine, &reprocess);
    assert!(row.edited);
    done(&engine, &row);
    assert_eq!(control_id(&lab.behind(1, 1)[0]), "EDITED");
    let folder = lab.site.folder().join("data/replay");
    let left = std::fs::read_dir(folder).expect("there").flatten();
    let left: Vec<_> = left.map(|entry| entry.file_name().into_string().expect("text")).collect();
    assert!(!left.iter().any(|name| name.ends_with(".edited")), "no content outlives its job");
}

fn what_cannot_be_replayed_is_left_out_with_its_cause() {
    let lab = Lab::new("", "match = { message = [\"ORU\"] }\nto = [\"lis\"]");
    let engine = lab.site.start();
    send(&engine, many(1));
    send(&engine, [message("ORU^R01", "M1")]);
    lab.behind(0, 1);
    let resend = ReplayOrder { messages: vec![id(900_000)], ..order(ReplayMode::Resend) };
    let looked = preview(&engine, &resend);
    assert_eq!((looked.count, looked.left_out["gone"], looked.left_out["never-sent"]), (3, 1, 1));
    let row = replay(&engine, &resend);
    assert_eq!((row.sent, row.left_out["gone"], row.left_out["never-sent"]), (1, 1, 1));
    lab.behind(1, 1);
}

fn slowly(mode: ReplayMode) -> ReplayOrder {
    ReplayOrder { rate: 20.try_into().expect("not 0"), ..order(mode) }
}

/// A lab with so many messages, of which a slow replay has sent some and not all.
fn half_way(count: u64) -> (Lab, Engine, ReplayRow) {
    let lab = Lab::new("", ALL);
    let engine = lab.site.start();
    send(&engine, many(count));
    let before = usize::try_from(count).expect("small");
    lab.behind(0, before);
    let replay = start(&engine, &slowly(ReplayMode::Resend));
    wait::until("some are sent", || (job(&engine, replay.job).sent > 3).then_some(()));
    (lab, engine, replay)
}

fn a_replay_that_is_paused_sends_nothing_and_goes_on_where_it_was() {
    let (lab, engine, replay) = half_way(60);
    let pause = Request::ReplayPause { job: replay.job, by: "bob".into(), reason: "busy".into() };
    let paused = row(engine.ask(&pause));
    assert_eq!(paused.state, ReplayState::Paused);
    assert_eq!(
        (paused.stopped_by.as_deref(), paused.stopped_because.as_deref()),
        (Some("bob"), Some("busy"))
    );
    assert!((4..60).contains(&paused.sent), "{}", paused.sent);
    let sent = usize::try_from(paused.sent).expect("small");
    lab.behind(60, sent);
    assert_eq!(job(&engine, replay.job), paused);
    let resumed = row(engine.ask(&Request::ReplayResume { job: replay.job, by: "ann".into() }));
    assert_eq!(resumed.state, ReplayState::Running);
    assert_eq!(done(&engine, &replay).sent, 60);
    let ids: Vec<_> = lab.behind(60, 60).iter().map(|one| control_id(one)).collect();
    let expected: Vec<_> = many(60).map(|one| control_id(&one)).collect();
    assert_eq!(ids, expected, "each once, in order");
}

/// A folder where a job is to be drafted: nothing of it can be written down.
fn in_the_way(lab: &Lab, job: u64) -> PathBuf {
    let draft = lab.site.folder().join(format!("data/replay/{job}.part"));
    // Where a draft is being written at this moment, it is gone at the next.
    wait::until("a folder in the way", || fs::create_dir(&draft).ok());
    draft
}

fn a_pause_that_cannot_be_written_down_is_refused_until_it_can() {
    let (lab, engine, replay) = half_way(60);
    let draft = in_the_way(&lab, replay.job);
    let pause = Request::ReplayPause { job: replay.job, by: "bob".into(), reason: "busy".into() };
    let answer = engine.ask(&pause);
    let Response::Refused { reason, text } = answer else { panic!("it is told: {answer:?}") };
    assert_eq!(reason, RefusedReason::NotReplayed, "{text}");
    fs::remove_dir(draft).expect("removed");
    let paused = row(engine.ask(&pause));
    assert_eq!(paused.state, ReplayState::Paused);
    assert!(engine.stop().success());
    let engine = lab.site.start();
    assert_eq!(job(&engine, replay.job), paused, "it does not go on by itself");
    lab.behind(60, usize::try_from(paused.sent).expect("small"));
}

fn a_replay_that_is_cancelled_ends_where_it_stands() {
    let (lab, engine, replay) = half_way(60);
    let cancel =
        Request::ReplayCancel { job: replay.job, by: "bob".into(), reason: "wrong".into() };
    let cancelled = row(engine.ask(&cancel));
    assert_eq!(cancelled.state, ReplayState::Cancelled);
    let sent = usize::try_from(cancelled.sent).expect("small");
    lab.behind(60, sent);
    let resume = engine.ask(&Request::ReplayResume { job: replay.job, by: "ann".into() });
    assert!(matches!(resume, Response::Refused { reason: RefusedReason::NotReplayed, .. }));
    assert!(engine.stop().success());
    let engine = lab.site.start();
    assert_eq!(job(&engine, replay.job), cancelled);
    lab.behind(60, sent);
}

fn a_replay_goes_on_after_a_restart() {
    let (lab, engine, replay) = half_way(60);
    assert!(engine.stop().success());
    let engine = lab.site.start();
    assert_eq!(done(&engine, &replay).sent, 60);
    lab.behind(60, 60);
    let next = start(
        &engine,
        &ReplayOrder { messages: vec![id(1)], ranges: Vec::new(), ..order(ReplayMode::Resend) },
    );
    assert_eq!(next.job, replay.job + 1, "no number is given twice");
}

fn no_replay_begins_where_those_of_before_cannot_be_read() {
    let (lab, engine, replay) = half_way(60);
    let pause = Request::ReplayPause { job: replay.job, by: "bob".into(), reason: "busy".into() };
    let paused = row(engine.ask(&pause));
    assert!(engine.stop().success());
    let folder = in_the_way(&lab, 9);
    let engine = lab.site.start();
    let again = order(ReplayMode::Resend);
    let count = preview(&engine, &again).count;
    let (by, reason) = ("ann".to_owned(), "why".to_owned());
    let answer = engine.ask(&Request::ReplayStart { order: again, count, by, reason });
    assert!(matches!(answer, Response::Refused { .. }), "{answer:?}");
    assert!(engine.stop().success());
    fs::remove_dir(folder).expect("removed");
    let engine = lab.site.start();
    assert_eq!(job(&engine, replay.job), paused, "nothing took its place");
}

fn an_order_that_cannot_be_met_is_refused_before_anything_happens() {
    let lab = Lab::new("", ALL);
    let engine = lab.site.start();
    send(&engine, many(2));
    lab.behind(0, 2);
    let resend = order(ReplayMode::Resend);
    let (by, reason) = ("ann".to_owned(), "why".to_owned());
    let edited = Some(EditedBody(adt("E").into()));
    let nowhere = vec!["nowhere".to_owned()];
    let chosen = vec!["lis".to_owned()];
    let refused = [
        (ReplayOrder { ranges: Vec::new(), ..resend.clone() }, 0, RefusedReason::NotReplayed),
        (resend.clone(), 1, RefusedReason::NotReplayed),
        (ReplayOrder { edited, ..resend.clone() }, 2, RefusedReason::NotReplayed),
        (ReplayOrder { destinations: nowhere, ..resend }, 2, RefusedReason::NotFound),
        (
            ReplayOrder { destinations: chosen, ..order(ReplayMode::Reprocess) },
            2,
            RefusedReason::NotReplayed,
        ),
    ];
    for (order, count, expected) in refused {
        let (by, reason) = (by.clone(), reason.clone());
        let answer = engine.ask(&Request::ReplayStart { order, count, by, reason });
        let Response::Refused { reason, text } = answer else { panic!("it is begun: {answer:?}") };
        assert_eq!(reason, expected, "{text}");
    }
    let Response::Replays { replays } = engine.ask(&Request::Replays { job: None }) else {
        panic!("replays")
    };
    assert!(replays.is_empty());
    lab.behind(2, 0);
}

fn the_command_line_shows_the_count_before_it_replays() {
    let lab = Lab::new("", ALL);
    let engine = lab.site.start();
    send(&engine, many(3));
    lab.behind(0, 3);
    let run = |arguments: &[&str]| {
        let all = [&["--config", "wardline.toml", "replay"], arguments].concat();
        let output = lab.site.command(all);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let ask = ["start", "resend", "1-1000", "--reason", "lost"];
    let (exit, told, _) = run(&[&ask[..], &["--dry-run"]].concat());
    assert_eq!(exit, Some(0));
    assert!(
        told.contains("3 messages") && told.contains("M2") && told.contains("ADT^A01"),
        "{told}"
    );
    let (exit, _, said) = run(&ask);
    assert_eq!(exit, Some(2), "nobody is there to type it: {said}");
    assert!(said.contains("--count 3"), "{said}");
    let (exit, _, said) = run(&[&ask[..], &["--count", "2"]].concat());
    assert_eq!(exit, Some(1));
    assert!(said.contains("3 messages are meant, and 2 were said"), "{said}");
    let (exit, told, said) = run(&[&ask[..], &["--count", "3"]].concat());
    assert_eq!(exit, Some(0), "{said}");
    assert!(told.contains("resend") && told.contains("lost"), "{told}");
    lab.behind(3, 3);
    wait::until("it is through", || {
        let (_, told, _) = run(&["list"]);
        told.contains("done").then_some(())
    });
    let (_, told, _) = run(&["show", "1"]);
    assert!(told.contains("sent         3"), "{told}");
    assert_eq!(run(&["show", "9"]).0, Some(6));
    assert_eq!(run(&["pause", "1", "--reason", "late"]).0, Some(1), "it is through");
}
