//! Another configuration for an engine that runs: what is changed takes effect, nothing else is touched, and what cannot be
//! applied changes nothing.

use std::fs;
use std::net::TcpListener;
use std::thread;

use libtest_mimic::Trial;
use rustix::process::Signal;
use wardline_engine::control::protocol::{
    ChangeKind, Effect, Part, QueueMove, RefusedReason, Reload, Request, Response,
};
use wardline_tests::message::{adt, field, framed};
use wardline_tests::nobody::Nobody;
use wardline_tests::peer::Peer;
use wardline_tests::sink::{Reply, Sink};
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        rules_change_from_the_next_message_on_and_the_connection_stays,
        sighup_reloads_and_deliveries_go_on,
        a_lookup_file_that_says_something_else_is_read_although_the_configuration_is_the_same,
        a_wrong_configuration_changes_nothing_and_every_fault_is_told_with_its_place,
        what_needs_a_restart_is_named_and_nothing_is_half_applied,
        an_address_that_is_taken_changes_nothing,
        a_dry_run_tells_the_difference_and_applies_nothing,
        a_listener_that_goes_is_drained_and_another_takes_its_address_over,
        a_changed_destination_takes_its_queue_along_in_order,
        a_destination_with_a_queue_goes_only_when_that_is_moved,
        a_parked_queue_is_held_until_its_destination_is_back_and_somebody_decides,
        a_handler_that_is_not_changed_remembers_and_a_changed_one_begins_anew,
        reloads_at_once_are_done_one_after_the_other,
        connections_that_would_have_to_speak_otherwise_are_closed_behind_their_message,
        where_peers_dial_in_stays_open_when_its_destination_changes,
        a_listener_may_begin_to_relay_what_a_destination_says,
    ]
}

/// Listeners, each a line of keys behind its id, before a route of all to destinations that are written out.
fn configuration(listeners: &[(&str, &str)], to: &str, destinations: &str) -> String {
    let listener = |(id, keys): &(&str, &str)| {
        format!("[[listeners]]\nid = \"{id}\"\nbind = \"127.0.0.1:0\"\n{keys}\n")
    };
    let listeners: String = listeners.iter().map(listener).collect();
    format!("{listeners}\n[[routes]]\nid = \"all\"\nto = [\"{to}\"]\n{destinations}")
}

fn mllp(id: &str, address: impl std::fmt::Display) -> String {
    format!(
        "\n[[destinations]]\nid = \"{id}\"\nkind = \"mllp\"\naddress = \"{address}\"\n\
         retry = {{ first = \"20ms\", max = \"100ms\" }}\n"
    )
}

const REFUSE_ALL: &str = r#"
  [[listeners.rules]]
  name = "closed"
  expression = "false"
  message = "closed for today"
"#;

fn asking(dry_run: bool) -> Request {
    Request::Reload {
        dry_run,
        moves: Vec::new(),
        park: Vec::new(),
        expected: None,
        by: "test".into(),
    }
}

fn reloaded(engine: &Engine, request: &Request) -> Reload {
    match engine.ask(request) {
        Response::Reloaded(reload) => *reload,
        other => panic!("asked to reload, got {other:?}\n{}", engine.log()),
    }
}

fn refused(engine: &Engine, request: &Request) -> (RefusedReason, String) {
    match engine.ask(request) {
        Response::Refused { reason, text } => (reason, text),
        other => panic!("asked to reload what cannot be, got {other:?}"),
    }
}

fn rules_change_from_the_next_message_on_and_the_connection_stays() {
    let sink = Sink::accepting();
    let lis = mllp("lis", sink.address());
    let site = Site::new(PROGRAM, &configuration(&[("in", ""), ("lab", "")], "lis", &lis));
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    let mut other = Peer::connect(engine.address("lab"));
    assert_eq!((peer.send(&adt("1")), other.send(&adt("2"))), ("AA".into(), "AA".into()));
    site.configure(&configuration(&[("in", REFUSE_ALL), ("lab", "")], "lis", &lis));
    let reload = reloaded(&engine, &asking(false));
    let changes: Vec<_> = reload.changes.iter().map(|row| (row.part, row.id.as_str())).collect();
    assert_eq!(changes, [(Part::Listener, "in")]);
    assert_eq!(
        (&reload.changes[0].keys[..], reload.changes[0].effect),
        (&["rules".to_owned()][..], Effect::NextMessage)
    );
    let refused = peer.exchange(&adt("3"));
    assert_eq!(field(&refused, "MSA", 1), "AR");
    assert_eq!(field(&refused, "MSA", 3), "closed for today");
    assert_eq!(other.send(&adt("4")), "AA", "the other listener is as it was");
    site.configure(&configuration(&[("in", ""), ("lab", "")], "lis", &lis));
    reloaded(&engine, &asking(false));
    assert_eq!(peer.send(&adt("5")), "AA", "over the same connection");
    sink.wait_for(4);
    assert_eq!(engine.counts("in").opened, 1);
    assert_eq!(sink.connections(), 1, "the destination is not touched");
}

fn sighup_reloads_and_deliveries_go_on() {
    let sink = Sink::accepting();
    let lis = mllp("lis", sink.address());
    let site = Site::new(PROGRAM, &configuration(&[("in", "")], "lis", &lis));
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&adt("1")), "AA");
    site.configure(&configuration(&[("in", REFUSE_ALL)], "lis", &lis));
    engine.signal(Signal::HUP);
    wait::until_so("the reload", || engine.log().contains("configuration reloaded"));
    assert_eq!(peer.send(&adt("2")), "AR");
    assert_eq!(sink.wait_for(1).len(), 1);
}

fn a_lookup_file_that_says_something_else_is_read_although_the_configuration_is_the_same() {
    let sink = Sink::accepting();
    let transform = "  [[routes.transform]]\n  map = \"MSH-4\"\n  table = \"wards\"\n";
    let lookup = "[lookups.wards]\nfile = \"wards.csv\"\non_miss = \"keep\"\n";
    let rest = format!("{transform}{}", mllp("lis", sink.address()));
    let configuration = format!("{lookup}{}", configuration(&[("in", "")], "lis", &rest));
    let site = Site::new(PROGRAM, &configuration);
    let ward = field(&adt("1"), "MSH", 4);
    let says = |value: &str| {
        let text = format!("code,name\n{ward},{value}\n");
        fs::write(site.folder().join("wards.csv"), text).expect("a writable folder");
    };
    says("EAST");
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&adt("1")), "AA");
    says("WEST");
    let reload = reloaded(&engine, &asking(false));
    let changed: Vec<_> = reload.changes.iter().map(|row| (row.part, row.id.as_str())).collect();
    assert_eq!(changed, [(Part::Lookup, "wards")]);
    assert_eq!(peer.send(&adt("2")), "AA");
    let arrived = sink.wait_for(2);
    let wards: Vec<_> = arrived.iter().map(|one| field(&one.payload, "MSH", 4)).collect();
    assert_eq!(wards, ["EAST", "WEST"]);
    assert_eq!(reloaded(&engine, &asking(false)).changes, [], "nothing is changed now");
}

fn a_wrong_configuration_changes_nothing_and_every_fault_is_told_with_its_place() {
    let sink = Sink::accepting();
    let lis = mllp("lis", sink.address());
    let site = Site::new(PROGRAM, &configuration(&[("in", "")], "lis", &lis));
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    let wrong =
        configuration(&[("in", &format!("ack_mode = \"sometimes\"\n{REFUSE_ALL}"))], "lis2", &lis);
    site.configure(&wrong);
    let (reason, text) = refused(&engine, &asking(false));
    assert_eq!(reason, RefusedReason::ConfigurationInvalid);
    assert!(text.contains("ack_mode = \"sometimes\"") && text.contains("lis2"), "{text}");
    assert!(text.contains("2 faults") && text.contains("wardline.toml:"), "{text}");
    engine.signal(Signal::HUP);
    let lines = fs::read_to_string(site.folder().join("wardline.toml")).expect("a file");
    let line = 1 + lines.lines().position(|line| line.contains("sometimes")).expect("the line");
    let place = format!("wardline.toml:{line}:");
    wait::until_so("each fault in the log", || {
        let log = engine.log();
        log.matches(&place).count() == 2 && log.matches("everything stays as it was").count() == 2
    });
    assert!(engine.log().contains("lis2"), "{}", engine.log());
    assert_eq!(site.command(["reload", "--config", "wardline.toml"]).status.code(), Some(3));
    assert_eq!(peer.send(&adt("1")), "AA", "as before");
    sink.wait_for(1);
}

fn what_needs_a_restart_is_named_and_nothing_is_half_applied() {
    let nobody = Nobody::new();
    let lis = mllp("lis", nobody.address());
    let site = Site::new(PROGRAM, &configuration(&[("in", "")], "lis", &lis));
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    let other = "[engine]\ndata_dir = \"data\"\narbiters = 1\n[store]\nmin_free = \"2MiB\"\nsegment_size = \"4MiB\"\n";
    site.configure(&format!("{other}{}", configuration(&[("in", REFUSE_ALL)], "lis", &lis)));
    let (reason, text) = refused(&engine, &asking(false));
    assert_eq!(reason, RefusedReason::NeedsRestart);
    assert_eq!(text, "needs a restart: engine.arbiters, store.min_free");
    let told = site.command(["reload", "--config", "wardline.toml"]);
    assert_eq!(told.status.code(), Some(1), "{told:?}");
    assert_eq!(peer.send(&adt("1")), "AA", "the rule is not there");
}

fn an_address_that_is_taken_changes_nothing() {
    let nobody = Nobody::new();
    let lis = mllp("lis", nobody.address());
    let site = Site::new(PROGRAM, &configuration(&[("in", "")], "lis", &lis));
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("a bound socket");
    let more = format!("{REFUSE_ALL}[[listeners]]\nid = \"lab\"\nbind = \"{address}\"");
    site.configure(&configuration(&[("in", &more)], "lis", &lis));
    let (reason, text) = refused(&engine, &asking(false));
    assert_eq!(reason, RefusedReason::NotReloaded);
    assert!(text.contains("listener lab cannot bind"), "{text}");
    assert_eq!(peer.send(&adt("1")), "AA", "the rule is not there");
    drop(taken);
    reloaded(&engine, &asking(false));
    assert_eq!(engine.address("lab"), address);
    assert_eq!(peer.send(&adt("2")), "AR");
}

fn a_dry_run_tells_the_difference_and_applies_nothing() {
    let nobody = Nobody::new();
    let lis = mllp("lis", nobody.address());
    let site = Site::new(PROGRAM, &configuration(&[("in", "")], "lis", &lis));
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    let both = [("in", REFUSE_ALL), ("lab", "")];
    site.configure(&configuration(&both, "lis", &lis));
    let told = site.command(["reload", "--dry-run", "--config", "wardline.toml"]);
    let text = String::from_utf8_lossy(&told.stdout);
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    for word in ["changed", "rules", "added", "lab", "starts"] {
        assert!(text.contains(word), "{word} in {text}");
    }
    let told = site.command(["--json", "reload", "--dry-run", "--config", "wardline.toml"]);
    let reload: Reload = serde_json::from_slice(&told.stdout).expect("a difference as JSON");
    let kinds: Vec<_> = reload.changes.iter().map(|row| row.change).collect();
    assert_eq!((reload.dry_run, &kinds[..]), (true, &[ChangeKind::Changed, ChangeKind::Added][..]));
    assert_eq!(peer.send(&adt("1")), "AA");
    assert_eq!(engine.status().listeners.len(), 1);
}

fn a_listener_that_goes_is_drained_and_another_takes_its_address_over() {
    let nobody = Nobody::new();
    let address = nobody.address();
    let bind = |id: &str| format!("[[listeners]]\nid = \"{id}\"\nbind = \"{address}\"\n");
    let sink = Sink::accepting();
    let lis = mllp("lis", sink.address());
    let with = |id: &str| format!("{}[[routes]]\nid = \"all\"\nto = [\"lis\"]\n{lis}", bind(id));
    let site = Site::new(PROGRAM, &with("in"));
    drop(nobody);
    let engine = site.start();
    let mut peer = Peer::connect(address);
    assert_eq!(peer.send(&adt("1")), "AA");
    site.configure(&with("adt-in"));
    let reload = reloaded(&engine, &asking(false));
    let changes: Vec<_> = reload.changes.iter().map(|row| (row.id.as_str(), row.change)).collect();
    assert_eq!(changes, [("adt-in", ChangeKind::Added), ("in", ChangeKind::Removed)]);
    assert!(peer.is_closed(), "who was connected to what is gone is let go");
    assert_eq!(Peer::connect(address).send(&adt("2")), "AA");
    let listeners = engine.status().listeners;
    assert_eq!((listeners.len(), listeners[0].id.as_str()), (1, "adt-in"));
    sink.wait_for(2);
    assert_eq!(engine.stop().code(), Some(0));
}

/// Three messages that wait for a destination which nobody answers for, as long as that lives.
fn queue_of_three(destination: &str) -> (Site, Engine, Nobody) {
    let nobody = Nobody::new();
    let lis = mllp(destination, nobody.address());
    let site = Site::new(PROGRAM, &configuration(&[("in", "")], destination, &lis));
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    for control_id in ["1", "2", "3"] {
        assert_eq!(peer.send(&adt(control_id)), "AA");
    }
    engine.wait_for_queue(destination, "three wait", |row| row.pending == 3);
    (site, engine, nobody)
}

fn a_changed_destination_takes_its_queue_along_in_order() {
    let (site, engine, _nobody) = queue_of_three("lis");
    let sink = Sink::accepting();
    let lis = mllp("lis", sink.address());
    site.configure(&configuration(&[("in", "")], "lis", &lis));
    let reload = reloaded(&engine, &asking(false));
    assert_eq!(reload.changes[0].effect, Effect::RestartsPool);
    assert_eq!(Peer::connect(engine.address("in")).send(&adt("4")), "AA");
    sink.wait_for(4);
    assert_eq!(sink.control_ids(), ["1", "2", "3", "4"], "ORDER-1");
    engine.wait_for_queue("lis", "nothing waits", |row| row.pending == 0);
}

fn a_destination_with_a_queue_goes_only_when_that_is_moved() {
    let (site, engine, _nobody) = queue_of_three("lis");
    let sink = Sink::accepting();
    let lab = mllp("lab", sink.address());
    site.configure(&configuration(&[("in", "")], "lab", &lab));
    let (reason, text) = refused(&engine, &asking(false));
    assert_eq!(reason, RefusedReason::QueueNotEmpty);
    assert!(text.contains("3 pending") && text.contains("--move-queue lis=NEW"), "{text}");
    let dry = site.command(["reload", "--dry-run", "--config", "wardline.toml"]);
    assert_eq!(dry.status.code(), Some(1), "{dry:?}");
    assert!(String::from_utf8_lossy(&dry.stderr).contains("--park lis"), "{dry:?}");
    assert_eq!(engine.queue("lis").pending, 3, "nothing is changed");
    let slip = ["reload", "--move-queue", "lis=typo", "--config", "wardline.toml"];
    assert_eq!(site.command(slip).status.code(), Some(6));
    let moves = vec![QueueMove { from: "lis".into(), to: "lab".into() }];
    let (park, by) = (Vec::new(), "test".to_owned());
    let reload =
        reloaded(&engine, &Request::Reload { dry_run: false, moves, park, expected: None, by });
    assert_eq!((reload.queues[0].deliveries, reload.queues[0].left), (3, 0));
    assert_eq!(Peer::connect(engine.address("in")).send(&adt("4")), "AA");
    sink.wait_for(4);
    assert_eq!(sink.control_ids(), ["1", "2", "3", "4"], "ORDER-1");
    let queues: Vec<_> =
        engine.status().destinations.into_iter().map(|row| row.destination).collect();
    assert_eq!(queues, ["lab"], "nothing is left of the other");
}

fn a_parked_queue_is_held_until_its_destination_is_back_and_somebody_decides() {
    let (site, engine, _nobody) = queue_of_three("lis");
    let sink = Sink::accepting();
    let lab = mllp("lab", sink.address());
    site.configure(&configuration(&[("in", "")], "lab", &lab));
    let told = site.command(["reload", "--park", "lis", "--config", "wardline.toml"]);
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    let row = engine.wait_for_queue("lis", "parked", |row| row.state == "held");
    assert_eq!((row.kind.as_str(), row.pending), ("orphaned", 3));
    let back = Sink::start(|_| Reply::Code("AA"));
    let both = format!("{lab}{}", mllp("lis", back.address()));
    site.configure(&configuration(&[("in", "")], "lab", &both));
    reloaded(&engine, &asking(false));
    assert_eq!(Peer::connect(engine.address("in")).send(&adt("4")), "AA");
    sink.wait_for(1);
    assert_eq!(engine.queue("lis").state, "held", "nobody has decided yet");
    engine.ask(&Request::Retry { destination: "lis".into(), by: "test".into() });
    back.wait_for(3);
    assert_eq!(back.control_ids(), ["1", "2", "3"], "ORDER-1");
}

fn a_handler_that_is_not_changed_remembers_and_a_changed_one_begins_anew() {
    let nobody = Nobody::new();
    let lis = mllp("lis", nobody.address());
    let counting = "handlers = [\"counting\"]";
    let with = |keys: &str, limits: &str| {
        format!("{}{limits}", configuration(&[("in", &format!("{counting}\n{keys}"))], "lis", &lis))
    };
    let site = Site::new(PROGRAM, &with("", ""));
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    let mut calls = |control_id: &str| field(&peer.exchange(&adt(control_id)), "MSA", 3);
    assert_eq!((calls("1"), calls("2")), ("call 1".to_owned(), "call 2".to_owned()));
    site.configure(&with("ack_type = \"ACK\"", ""));
    reloaded(&engine, &asking(false));
    assert_eq!(calls("3"), "call 3", "it is not changed");
    site.configure(&with("ack_type = \"ACK\"", "\n[handlers.counting]\nmax_restarts = 9\n"));
    let reload = reloaded(&engine, &asking(false));
    assert_eq!(reload.changes[0].effect, Effect::Restarts);
    assert_eq!(calls("4"), "call 1", "it is another");
    wait::until_so("the instance before to end", || engine.log().contains("counting ends after 3"));
}

fn reloads_at_once_are_done_one_after_the_other() {
    let sink = Sink::accepting();
    let lis = mllp("lis", sink.address());
    let site = Site::new(PROGRAM, &configuration(&[("in", "")], "lis", &lis));
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    site.configure(&configuration(&[("in", REFUSE_ALL), ("lab", "")], "lis", &lis));
    let changes: usize = thread::scope(|scope| {
        let asking = || scope.spawn(|| reloaded(&engine, &asking(false)).changes.len());
        let all: Vec<_> = (0..8).map(|_| asking()).collect();
        all.into_iter().map(|one| one.join().expect("an answer")).sum()
    });
    assert_eq!(changes, 2, "the first applied it, the others found nothing to do");
    assert_eq!(peer.send(&adt("1")), "AR");
    assert_eq!(Peer::connect(engine.address("lab")).send(&adt("2")), "AA");
}

fn connections_that_would_have_to_speak_otherwise_are_closed_behind_their_message() {
    let sink = Sink::accepting();
    let lis = mllp("lis", sink.address());
    let nobody = Nobody::new();
    let with = |keys: &str| {
        let route = "[[routes]]\nid = \"all\"\nto = [\"lis\"]\n";
        let bind = nobody.address();
        format!("[[listeners]]\nid = \"in\"\nbind = \"{bind}\"\n{keys}\n{route}{lis}")
    };
    let (before, after) = (with(""), with("mllp = 2"));
    let address = nobody.address();
    let site = Site::new(PROGRAM, &before);
    drop(nobody);
    let engine = site.start();
    let mut peer = Peer::connect(address);
    assert_eq!(peer.send(&adt("1")), "AA");
    site.configure(&after);
    assert_eq!(reloaded(&engine, &asking(false)).changes[0].effect, Effect::Reconnects);
    assert!(peer.is_closed());
    let mut peer = Peer::connect(address);
    peer.write(&framed(&adt("2")));
    assert_eq!(peer.read(), [0x06], "it is committed");
    assert_eq!(field(&peer.read(), "MSA", 1), "AA");
    let counts = engine.counts("in");
    assert_eq!((counts.stored, counts.closed_draining), (2, 1), "it counts on");
}

fn where_peers_dial_in_stays_open_when_its_destination_changes() {
    let waiting = |keys: &str| {
        format!(
            "\n[[destinations]]\nid = \"lis\"\nkind = \"mllp\"\nrole = \"server\"\nbind = \"127.0.0.1:0\"\n\
             retry = {{ first = \"1h\", max = \"1h\" }}\n{keys}\n"
        )
    };
    let site = Site::new(PROGRAM, &configuration(&[("in", "")], "lis", &waiting("")));
    let engine = site.start();
    let door = engine.queue("lis").endpoint;
    let changed = waiting("ack_timeout = \"29s\"");
    site.configure(&configuration(&[("in", "")], "lis", &changed));
    assert_eq!(reloaded(&engine, &asking(false)).changes[0].keys, ["ack_timeout"]);
    assert_eq!(engine.queue("lis").endpoint, door);
    let mut lis = Peer::connect(door.parse().expect("an address"));
    assert_eq!(Peer::connect(engine.address("in")).send(&adt("1")), "AA");
    assert_eq!(lis.read(), adt("1"));
    site.configure(&configuration(&[("in", "")], "lis", &waiting("allow = [\"127.0.0.0/8\"]")));
    let reload = reloaded(&engine, &asking(false));
    assert_eq!(reload.changes[0].keys, ["allow", "ack_timeout"]);
    assert_ne!(engine.queue("lis").endpoint, door, "a free port is another");
}

fn a_listener_may_begin_to_relay_what_a_destination_says() {
    let sink = Sink::start(|_| Reply::Code("AR"));
    let lis = mllp("lis", sink.address());
    let site = Site::new(PROGRAM, &configuration(&[("in", "")], "lis", &lis));
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&adt("1")), "AA", "it is stored");
    let relaying = "ack = \"after_delivery\"\nack_from = \"lis\"\nanswer_within = \"60s\"";
    site.configure(&configuration(&[("in", relaying)], "lis", &lis));
    reloaded(&engine, &asking(false));
    assert_eq!(peer.send(&adt("2")), "AR", "as the destination says");
}
