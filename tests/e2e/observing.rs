//! What an operator sees of a running engine without its stderr: the newest lines of its log, whether it takes messages, how
//! long things take, and what its codes say.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpStream;

use libtest_mimic::Trial;
use rustix::process::Signal;
use wardline_engine::control::protocol::{NotReady, Request, Response};
use wardline_tests::message::{adt, framed, message};
use wardline_tests::peer::Peer;
use wardline_tests::sink::{Reply, Sink};
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::ours::{PROGRAM, running};
use crate::shipped::{command, printed};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        the_newest_lines_of_the_log_are_shown_and_hold_no_content,
        an_engine_that_drains_says_that_it_is_not_ready,
        an_engine_that_was_told_to_stop_takes_messages_for_its_delay_and_says_that_it_leaves,
        answers_and_deliveries_are_counted_by_how_long_they_took,
        metrics_move_with_what_comes_in_and_goes_out_and_no_label_is_a_peers,
        a_code_that_a_command_shows_is_explained_by_another,
    ]
}

fn json_lines(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn the_newest_lines_of_the_log_are_shown_and_hold_no_content() {
    let (site, engine) = running("");
    let mut peer = TcpStream::connect(engine.address("in")).expect("a connection");
    let whole = framed(&adt("LOGGED"));
    peer.write_all(&whole[..whole.len() - 2]).expect("half a message");
    drop(peer);
    wait::until_so("the broken frame to be counted", || {
        engine.counts("in").closed_inside_frame > 0
    });
    let warned = printed(&command(&site, &["--json", "logs", "--level", "warn"]));
    let warned = json_lines(&warned);
    let [line] = warned.as_slice() else { panic!("one warning, not {warned:?}") };
    assert_eq!(line["level"], "warn");
    let text = line["text"].as_str().expect("a text");
    assert!(text.contains("reason=\"closed-inside-frame\""), "{text}");
    let all = printed(&command(&site, &["logs", "-n", "1000"]));
    assert!(all.contains("listening"), "the line of the start is still there: {all}");
    assert!(!all.contains("EVERYMAN") && !all.contains("PID|"), "no content: {all}");
    let last = printed(&command(&site, &["--json", "logs", "-n", "1"]));
    assert_eq!(json_lines(&last).len(), 1);
}

/// A site whose destination takes messages and never answers: a drain waits for it.
fn silent() -> (Site, Engine, Sink) {
    let sink = Sink::start(|_| Reply::Silence);
    let configuration = format!(
        "[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\n\
         [[routes]]\nid = \"all\"\nmatch = {{}}\nto = [\"lis\"]\n\
         [[destinations]]\nid = \"lis\"\nkind = \"mllp\"\naddress = \"{}\"\nack_timeout = \"60s\"\n",
        sink.address()
    );
    let site = Site::new(PROGRAM, &configuration);
    let engine = site.start();
    (site, engine, sink)
}

fn readiness(engine: &Engine) -> (bool, Vec<NotReady>) {
    match engine.ask(&Request::Readiness) {
        Response::Readiness(readiness) => (readiness.ready, readiness.reasons),
        other => panic!("asked for the readiness, got {other:?}"),
    }
}

fn an_engine_that_drains_says_that_it_is_not_ready() {
    let (site, engine, sink) = silent();
    assert_eq!(readiness(&engine), (true, vec![]));
    assert_eq!(printed(&command(&site, &["status", "--ready"])), "ready\n");
    assert_eq!(Peer::connect(engine.address("in")).send(&adt("M1")), "AA");
    wait::until_so("the message to arrive", || !sink.arrived().is_empty());
    engine.signal(Signal::TERM);
    wait::until_so("the drain to begin", || readiness(&engine).1 == [NotReady::Draining]);
    let told = command(&site, &["status", "--ready"]);
    assert_eq!(told.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&told.stdout), "not ready\ndraining\n");
    engine.signal(Signal::TERM);
}

fn an_engine_that_was_told_to_stop_takes_messages_for_its_delay_and_says_that_it_leaves() {
    let site = Site::new(
        PROGRAM,
        "[engine]\ndata_dir = \"data\"\nshutdown_delay = \"1h\"\n\
         [[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\nunrouted = \"accept\"\n",
    );
    let mut engine = site.start();
    engine.signal(Signal::TERM);
    wait::until_so("the delay to begin", || readiness(&engine).1 == [NotReady::Leaving]);
    assert_eq!(engine.status().phase, "leaving");
    assert_eq!(Peer::connect(engine.address("in")).send(&adt("M1")), "AA");
    engine.signal(Signal::TERM);
    assert_eq!(engine.wait().code(), Some(1), "a second signal ends it at once");
}

fn answers_and_deliveries_are_counted_by_how_long_they_took() {
    let (_site, engine) = running("");
    let mut peer = Peer::connect(engine.address("in"));
    for number in 0..3 {
        assert_eq!(peer.send(&adt(&format!("M{number}"))), "AA");
    }
    wait::until_so("three answers counted", || engine.counts("in").answer_latency.count() == 3);
    let row = engine.wait_for_queue("folder", "delivered", |row| {
        row.counts.is_some_and(|counts| counts.delivered == 3)
    });
    let deliveries = row.counts.expect("a running engine").delivery_latency;
    assert_eq!(deliveries.count(), 3);
    assert!(deliveries.micros > 0, "three files took some time: {deliveries:?}");
}

/// The samples of a text as Prometheus reads it.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').expect("a sample has a value");
        (name.to_owned(), value.parse().expect("a number"))
    };
    lines.map(sample).collect()
}

fn metrics_move_with_what_comes_in_and_goes_out_and_no_label_is_a_peers() {
    let (site, engine) = running("");
    let scrape = || samples(&printed(&command(&site, &["metrics"])));
    let before = scrape();
    let mut peer = Peer::connect(engine.address("in"));
    for number in 0..3 {
        assert_eq!(peer.send(&adt(&format!("METRIC{number}"))), "AA");
    }
    assert_eq!(peer.send(&message("ZZZ^Z99", "METRIC3")), "AA", "stored without a route");
    engine.wait_for_queue("folder", "delivered", |row| {
        row.counts.is_some_and(|counts| counts.delivered == 3)
    });
    let after = scrape();
    for (name, more) in [
        ("wardline_frames_received_total{listener=\"in\"}", 4.0),
        ("wardline_answers_total{listener=\"in\",code=\"AA\"}", 4.0),
        ("wardline_messages_without_route_total{listener=\"in\",outcome=\"stored\"}", 1.0),
        ("wardline_deliveries_total{destination=\"folder\",outcome=\"delivered\"}", 3.0),
        ("wardline_delivery_duration_seconds_count{destination=\"folder\"}", 3.0),
        ("wardline_answers_total{listener=\"in\",code=\"AR\"}", 0.0),
    ] {
        let moved = [&after, &before].map(|scrape| scrape.get(name).copied());
        assert!(moved.iter().all(Option::is_some), "{name} is not there: {after:?}");
        let [now, then] = moved.map(Option::unwrap_or_default);
        assert!((now - then - more).abs() < f64::EPSILON, "{name} moved from {then} to {now}");
    }
    assert_eq!(after.len(), before.len() + 2, "traffic adds the two moments, and nothing else");
    assert_eq!(after.get("wardline_ready"), Some(&1.0));
    let told = after.keys().find(|name| name.contains("METRIC") || name.contains("Z99"));
    assert_eq!(told, None, "nothing that a peer sends is a label");
}

fn a_code_that_a_command_shows_is_explained_by_another() {
    let site = Site::new(PROGRAM, "");
    let told = printed(&site.command(["explain", "ack-timeout"]));
    assert!(told.starts_with("ack-timeout  (Deliveries)\n  means       No answer"), "{told}");
    assert!(told.contains("\n  what to do  "), "{told}");
    let both = printed(&site.command(["--json", "explain", "write-timeout"]));
    assert_eq!(json_lines(&both).len(), 2, "of a delivery, and of a listener's connection");
    let unknown = site.command(["explain", "ack-timout"]);
    assert_eq!(unknown.status.code(), Some(6));
    let every = printed(&site.command(["--json", "explain"]));
    assert!(json_lines(&every).len() > 150, "{every}");
}
