//! Pausing the intake of a listener: nothing is let in, nothing is lost, and it is shown who said so.

use libtest_mimic::Trial;
use serde_json::Value;
use wardline_engine::control::protocol::{RefusedReason, Request, Response};
use wardline_tests::message::{adt, framed};
use wardline_tests::peer::Peer;
use wardline_tests::sink::Sink;
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_paused_listener_closes_unanswered_and_goes_on_with_what_comes_again,
        a_paused_listener_that_answers_says_ae_and_stores_nothing,
        a_message_that_waits_is_taken_when_the_listener_goes_on_in_time,
        a_paused_folder_leaves_its_files_where_they_are,
        the_command_line_pauses_and_shows_it,
        a_listener_that_does_not_exist_is_not_found,
    ]
}

fn site(sink: &Sink, keys: &str) -> Site {
    let address = sink.address();
    Site::new(
        PROGRAM,
        &format!(
            r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"
{keys}

[[routes]]
id = "all"
to = ["lis"]

[[destinations]]
id = "lis"
kind = "mllp"
address = "{address}"
"#
        ),
    )
}

fn pause(engine: &Engine) {
    let (listener, by) = ("in".to_owned(), "ruiz".to_owned());
    let request = Request::Pause { listener, by, reason: "analyzer serviced".to_owned() };
    let Response::Intake(intake) = engine.ask(&request) else { panic!("asked to pause") };
    assert!(intake.changed && intake.listener.paused.is_some());
}

fn go(engine: &Engine) {
    let request = Request::Go { listener: "in".to_owned(), by: "ruiz".to_owned() };
    let Response::Intake(intake) = engine.ask(&request) else { panic!("asked to go on") };
    assert!(intake.changed && intake.listener.paused.is_none());
}

fn a_paused_listener_closes_unanswered_and_goes_on_with_what_comes_again() {
    let sink = Sink::accepting();
    let site = site(&sink, "unavailable_wait = \"100ms\"");
    let engine = site.start();
    let mut before = Peer::connect(engine.address("in"));
    assert_eq!(before.send(&adt("A1")), "AA");
    pause(&engine);
    before.write(&framed(&adt("A2")));
    assert!(before.is_closed(), "no answer: its sender sends it again");
    assert_eq!(engine.counts("in").closed_unavailable, 1);
    let shown = engine.status().listeners.into_iter().next().and_then(|one| one.paused);
    let shown = shown.expect("it is shown that it is paused");
    assert_eq!((shown.by.as_str(), shown.reason.as_str()), ("ruiz", "analyzer serviced"));
    go(&engine);
    assert_eq!(Peer::connect(engine.address("in")).send(&adt("A2")), "AA");
    sink.wait_for(2);
    assert_eq!(sink.control_ids(), ["A1", "A2"], "nothing of the pause was stored");
}

fn a_paused_listener_that_answers_says_ae_and_stores_nothing() {
    let sink = Sink::accepting();
    let keys = "unavailable_wait = \"50ms\"\non_unavailable = \"answer\"";
    let site = site(&sink, keys);
    let engine = site.start();
    pause(&engine);
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&adt("A1")), "AE");
    go(&engine);
    assert_eq!(peer.send(&adt("A2")), "AA", "the connection stayed");
    sink.wait_for(1);
    assert_eq!(sink.control_ids(), ["A2"]);
    assert_eq!(engine.counts("in").stored, 1);
}

fn a_message_that_waits_is_taken_when_the_listener_goes_on_in_time() {
    let sink = Sink::accepting();
    let site = site(&sink, "unavailable_wait = \"60s\"");
    let engine = site.start();
    pause(&engine);
    let mut peer = Peer::connect(engine.address("in"));
    peer.write(&framed(&adt("A1")));
    wait::until_so("the message came", || engine.counts("in").frames == 1);
    assert_eq!(engine.counts("in").stored, 0);
    go(&engine);
    assert!(String::from_utf8_lossy(&peer.read()).contains("MSA|AA|A1"));
    sink.wait_for(1);
}

fn a_paused_folder_leaves_its_files_where_they_are() {
    let sink = Sink::accepting();
    let address = sink.address();
    let folder = |id: &str| {
        format!(
            r#"
[[listeners]]
id = "{id}"
kind = "file"
path = "{id}"
poll_every = "20ms"
stable_for = "20ms"
"#
        )
    };
    let (paused, beside) = (folder("in"), folder("beside"));
    let site = Site::new(
        PROGRAM,
        &format!(
            r#"
{paused}
{beside}

[[routes]]
id = "all"
to = ["lis"]

[[destinations]]
id = "lis"
kind = "mllp"
address = "{address}"
"#
        ),
    );
    for id in ["in", "beside"] {
        std::fs::create_dir_all(site.folder().join(id)).expect("a folder");
    }
    let engine = site.start();
    pause(&engine);
    std::fs::write(site.folder().join("in/one.hl7"), adt("A1")).expect("a file");
    // Two that come one after the other through a folder beside it: so many rounds the paused one had.
    for (place, control_id) in ["B1", "B2"].into_iter().enumerate() {
        let file = format!("beside/{control_id}.hl7");
        std::fs::write(site.folder().join(file), adt(control_id)).expect("a file");
        sink.wait_for(place + 1);
    }
    assert_eq!(engine.counts("in").files, 0);
    go(&engine);
    sink.wait_for(3);
}

fn the_command_line_pauses_and_shows_it() {
    let sink = Sink::accepting();
    let site = site(&sink, "");
    let engine = site.start();
    let said = site.command([
        "--config",
        "wardline.toml",
        "listener",
        "pause",
        "in",
        "--reason",
        "night shift",
    ]);
    assert!(said.status.success(), "{said:?}");
    assert!(String::from_utf8_lossy(&said.stdout).contains("in is paused"), "{said:?}");
    let shown = site.command(["--config", "wardline.toml", "status"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("paused: in:") && shown.contains("night shift"), "{shown}");
    let said = site.command(["--config", "wardline.toml", "listener", "go", "in", "--json"]);
    let json: Value = serde_json::from_slice(&said.stdout).expect("one value");
    assert_eq!(json["changed"], true, "{json}");
    assert_eq!(json["listener"]["paused"], Value::Null, "{json}");
    assert!(engine.status().listeners.iter().all(|one| one.paused.is_none()));
}

fn a_listener_that_does_not_exist_is_not_found() {
    let sink = Sink::accepting();
    let site = site(&sink, "");
    let engine = site.start();
    let request = Request::Go { listener: "elsewhere".to_owned(), by: "ruiz".to_owned() };
    let Response::Refused { reason, .. } = engine.ask(&request) else { panic!("no such listener") };
    assert_eq!(reason, RefusedReason::NotFound);
}
