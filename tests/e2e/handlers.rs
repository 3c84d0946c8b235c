//! Handlers that do what handlers should not: each is answered, and harms nobody else.

use libtest_mimic::Trial;
use wardline_tests::message::{adt, field, message};
use wardline_tests::peer::Peer;
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_panic_is_answered_ae_and_the_next_message_is_handled,
        a_panic_in_a_later_decision_costs_no_instance,
        a_panic_is_logged_with_its_place_and_without_its_text,
        an_error_is_answered_ae_with_its_text,
        a_rejection_is_answered_ar_with_its_text,
        a_decision_that_comes_too_late_is_answered_ae,
        a_blocked_thread_is_left_behind_counted_and_replaced,
        a_neighbour_is_answered_while_a_handler_blocks,
        a_handler_that_blocks_too_many_threads_is_down_and_answers_at_once,
        a_handler_that_panics_too_often_is_down_until_its_window_has_room,
        what_a_handler_emits_replaces_the_message,
        a_message_of_which_nothing_is_emitted_ends_there,
        a_handler_behind_the_queue_is_retried_on_fail_and_dead_on_reject,
        what_a_handler_behind_the_queue_emits_is_routed_on,
        handlers_of_a_route_see_only_its_messages,
    ]
}

const FOLDER: &str = r#"
[[routes]]
id = "all"
from = ["gated", "open"]
to = ["folder"]

[[destinations]]
id = "folder"
kind = "file"
path = "out/{control_id}.hl7"
"#;

/// A listener behind the misbehaving handler, and one without it.
fn gated(handler_keys: &str) -> (Site, Engine) {
    let site = Site::new(
        PROGRAM,
        &format!(
            r#"
[handlers.misbehaving]
{handler_keys}

[[listeners]]
id = "gated"
bind = "127.0.0.1:0"
handlers = ["misbehaving"]
handler_timeout = "500ms"

[[listeners]]
id = "open"
bind = "127.0.0.1:0"
{FOLDER}"#
        ),
    );
    let engine = site.start();
    (site, engine)
}

fn handler(engine: &Engine) -> wardline_engine::control::protocol::HandlerRow {
    engine.status().handlers.into_iter().next().expect("one handler")
}

fn a_panic_is_answered_ae_and_the_next_message_is_handled() {
    let (_site, engine) = gated("");
    let mut peer = Peer::connect(engine.address("gated"));
    assert_eq!(peer.send(&adt("PANIC-1")), "AE");
    assert_eq!(peer.send(&adt("FINE-1")), "AA", "the connection's next message");
    let row = handler(&engine);
    assert_eq!((row.counts.panicked, row.counts.accepted, row.counts.restarts), (1, 1, 1));
    assert_eq!(engine.counts("gated").handler_faults, 1);
}

fn a_panic_in_a_later_decision_costs_no_instance() {
    let (_site, engine) = gated("");
    let mut peer = Peer::connect(engine.address("gated"));
    assert_eq!(peer.send(&adt("PANICLATER-1")), "AE");
    assert_eq!(peer.send(&adt("FINE-1")), "AA");
    let row = handler(&engine);
    assert_eq!((row.counts.panicked, row.counts.restarts), (1, 0));
}

fn a_panic_is_logged_with_its_place_and_without_its_text() {
    for format in ["human", "json"] {
        let (site, engine) = gated("");
        assert_eq!(engine.stop().code(), Some(0));
        let configuration = std::fs::read_to_string(site.folder().join("wardline.toml"));
        let configuration = configuration.expect("the one just used");
        site.configure(&format!("{configuration}\n[log]\nformat = \"{format}\"\n"));
        let engine = site.start();
        let mut peer = Peer::connect(engine.address("gated"));
        assert_eq!(peer.send(&adt("PANIC-1")), "AE");
        assert_eq!(peer.send(&adt("PANICLATER-1")), "AE");
        let log = engine.log();
        let told = log.lines().filter(|line| line.contains("panicked") && line.contains("main.rs"));
        assert_eq!(told.count(), 2, "{log}");
        assert!(!log.contains("asked to panic"), "PHI-1: {log}");
        if format == "json" {
            let restarted = log.lines().skip_while(|line| !line.starts_with('{'));
            assert!(restarted.into_iter().all(|line| line.starts_with('{')), "{log}");
        }
    }
}

fn an_error_is_answered_ae_with_its_text() {
    let (_site, engine) = gated("");
    let answer = Peer::connect(engine.address("gated")).exchange(&adt("FAIL-1"));
    assert_eq!(
        (field(&answer, "MSA", 1), field(&answer, "MSA", 3)),
        ("AE".into(), "asked to fail".into())
    );
    assert!(field(&answer, "ERR", 3).starts_with("207^"));
    assert!(
        !engine.log().contains("asked to fail"),
        "a handler's text may quote the message: PHI-1"
    );
}

fn a_rejection_is_answered_ar_with_its_text() {
    let (_site, engine) = gated("");
    let answer = Peer::connect(engine.address("gated")).exchange(&adt("REJECT-1"));
    assert_eq!(
        (field(&answer, "MSA", 1), field(&answer, "MSA", 3)),
        ("AR".into(), "asked to reject".into())
    );
    assert_eq!(engine.counts("gated").stored, 0);
}

fn a_decision_that_comes_too_late_is_answered_ae() {
    let (_site, engine) = gated("");
    let mut peer = Peer::connect(engine.address("gated"));
    assert_eq!(peer.send(&adt("SLEEP-1")), "AE");
    assert_eq!(peer.send(&adt("FINE-1")), "AA");
    let row = handler(&engine);
    assert_eq!((row.counts.timed_out, row.counts.threads_stuck), (1, 0), "slow is not stuck");
}

fn a_blocked_thread_is_left_behind_counted_and_replaced() {
    let (_site, engine) = gated("");
    let mut peer = Peer::connect(engine.address("gated"));
    assert_eq!(peer.send(&adt("BLOCK-1")), "AE");
    let row = wait::until("the stuck thread to be counted", || {
        let row = handler(&engine);
        (row.stuck == 1 && row.instances == 1).then_some(row)
    });
    assert_eq!((row.counts.threads_stuck, row.state.as_str()), (1, "up"));
    assert_eq!(peer.send(&adt("FINE-1")), "AA");
}

fn a_neighbour_is_answered_while_a_handler_blocks() {
    let (_site, engine) = gated("");
    let mut peer = Peer::connect(engine.address("gated"));
    peer.write(&wardline_tests::message::framed(&adt("BLOCK-1")));
    let mut neighbours: Vec<Peer> = (0..8).map(|_| Peer::connect(engine.address("open"))).collect();
    for neighbour in &mut neighbours {
        assert_eq!(neighbour.send(&adt("CALM")), "AA");
    }
    assert_eq!(field(&peer.read(), "MSA", 1), "AE");
}

fn a_handler_that_blocks_too_many_threads_is_down_and_answers_at_once() {
    let (_site, engine) = gated("max_stuck = 1");
    let mut peer = Peer::connect(engine.address("gated"));
    wait::until("the handler to be down", || {
        let code = peer.send(&adt("BLOCK-1"));
        assert_eq!(code, "AE");
        (handler(&engine).state == "down").then_some(())
    });
    let before = handler(&engine).counts.timed_out;
    assert_eq!(peer.send(&adt("FINE-1")), "AE");
    let row = handler(&engine);
    assert_eq!((row.counts.timed_out, row.stuck), (before, 2), "refused at once, not by the clock");
    assert!(row.counts.refused_down >= 1);
    assert_eq!(Peer::connect(engine.address("open")).send(&adt("CALM")), "AA");
}

fn a_handler_that_panics_too_often_is_down_until_its_window_has_room() {
    let (_site, engine) = gated("max_restarts = 2\nrestart_window = \"3s\"");
    let mut peer = Peer::connect(engine.address("gated"));
    wait::until("the handler to be down", || {
        assert_eq!(peer.send(&adt("PANIC-1")), "AE");
        (handler(&engine).state == "down").then_some(())
    });
    wait::until_so("the handler to come back", || peer.send(&adt("FINE-1")) == "AA");
}

fn what_a_handler_emits_replaces_the_message() {
    let (site, engine) = gated("");
    assert_eq!(Peer::connect(engine.address("gated")).send(&adt("TWICE-1")), "AA");
    let file = |name: &str| site.folder().join(format!("out/{name}.hl7"));
    let original = wait::until("the message", || std::fs::read(file("TWICE-1")).ok());
    assert_eq!(original, adt("TWICE-1"));
    let copy = wait::until("the copy", || std::fs::read(file("TWICE-1-COPY")).ok());
    assert_eq!(copy, adt("TWICE-1-COPY"));
    assert_eq!(engine.counts("gated").stored, 1, "one record");
}

fn a_message_of_which_nothing_is_emitted_ends_there() {
    let (site, engine) = gated("");
    let mut peer = Peer::connect(engine.address("gated"));
    assert_eq!(peer.send(&adt("NOTHING-1")), "AA");
    assert_eq!(peer.send(&adt("FINE-1")), "AA");
    wait::until("the next message", || site.folder().join("out/FINE-1.hl7").exists().then_some(()));
    assert!(!site.folder().join("out/NOTHING-1.hl7").exists());
    assert_eq!((engine.counts("gated").stored, engine.counts("gated").unrouted), (2, 0));
}

/// A handler behind the queue.
fn behind_the_queue() -> (Site, Engine) {
    let site = Site::new(
        PROGRAM,
        r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[routes]]
id = "to-the-handler"
from = ["in"]
to = ["worker"]

[[routes]]
id = "on-from-the-handler"
from = ["worker"]
to = ["folder"]

[[destinations]]
id = "worker"
kind = "handler"
handler = "misbehaving"
timeout = "500ms"
retry = { first = "50ms", max = "100ms" }

[[destinations]]
id = "folder"
kind = "file"
path = "out/{control_id}.hl7"
"#,
    );
    let engine = site.start();
    (site, engine)
}

fn a_handler_behind_the_queue_is_retried_on_fail_and_dead_on_reject() {
    let (_site, engine) = behind_the_queue();
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&adt("REJECT-1")), "AA", "the sender has been answered before");
    engine.wait_for_queue("worker", "a dead letter", |row| row.dead == 1);
    assert_eq!(peer.send(&adt("FAIL-1")), "AA");
    let row = engine.wait_for_queue("worker", "retries", |row| row.head_attempts >= 3);
    assert_eq!((row.pending, row.reason.as_deref()), (1, Some("handler-failed")));
}

fn what_a_handler_behind_the_queue_emits_is_routed_on() {
    let (site, engine) = behind_the_queue();
    assert_eq!(Peer::connect(engine.address("in")).send(&message("ORU^R01", "TWICE-1")), "AA");
    for name in ["TWICE-1", "TWICE-1-COPY"] {
        let file = site.folder().join(format!("out/{name}.hl7"));
        let written = wait::until("the emitted message", || std::fs::read(&file).ok());
        assert_eq!(written, message("ORU^R01", name));
    }
    engine.wait_for_queue("worker", "the delivery to have ended", |row| row.pending == 0);
}

fn handlers_of_a_route_see_only_its_messages() {
    let site = Site::new(
        PROGRAM,
        &format!(
            r#"
[[listeners]]
id = "gated"
bind = "127.0.0.1:0"

[[listeners]]
id = "open"
bind = "127.0.0.1:0"

[[routes]]
id = "orders"
match = {{ message = ["ORM"] }}
handlers = ["misbehaving"]
to = ["folder"]
{FOLDER}"#
        ),
    );
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("gated"));
    assert_eq!(peer.send(&adt("REJECT-1")), "AA", "not a message of that route");
    assert_eq!(peer.send(&message("ORM^O01", "REJECT-2")), "AR");
}
