//! What waits for one destination goes to another: by the command line, the API and a form of the page; and on its way
//! out in a file.

use std::process::Output;

use libtest_mimic::Trial;
use serde_json::Value;
use wardline_engine::control::protocol::{DiscardFrom, Request, Response, Which};
use wardline_tests::browser::Browser;
use wardline_tests::message::{adt, framed};
use wardline_tests::nobody::Nobody;
use wardline_tests::peer::Peer;
use wardline_tests::sink::{Reply, Sink};
use wardline_tests::site::{Engine, Site};
use wardline_tests::trials;

use crate::admin_access::{PASSWORD, add_user};
use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_queue_is_moved_by_the_command_line_in_its_order,
        a_queue_goes_only_to_another_of_its_kind,
        a_queue_is_moved_by_a_form_and_by_the_api_if_it_is_as_long_as_was_seen,
        a_queue_and_dead_letters_are_exported_as_what_can_be_sent,
    ]
}

fn site(first: &Nobody, second: &Sink) -> Site {
    let configuration = format!(
        r#"
[admin]
bind = "127.0.0.1:0"

[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[routes]]
id = "all"
to = ["lis"]

[[destinations]]
id = "lis"
kind = "mllp"
address = "{}"
retry = {{ first = "30s", max = "60s" }}

[[destinations]]
id = "lis-2"
kind = "mllp"
address = "{}"

[[destinations]]
id = "folder"
kind = "file"
path = "out/{{control_id}}.hl7"
"#,
        first.address(),
        second.address()
    );
    Site::new(PROGRAM, &configuration)
}

fn send(engine: &Engine, control_ids: &[&str]) {
    let mut peer = Peer::connect(engine.address("in"));
    for control_id in control_ids {
        assert_eq!(peer.send(&adt(control_id)), "AA");
    }
}

fn command(site: &Site, words: &[&str]) -> Output {
    let mut all = vec!["--config", "wardline.toml"];
    all.extend_from_slice(words);
    site.command(all)
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn a_queue_is_moved_by_the_command_line_in_its_order() {
    let (nobody, sink) = (Nobody::new(), Sink::accepting());
    let site = site(&nobody, &sink);
    let engine = site.start();
    send(&engine, &["1", "2", "3"]);
    let words = ["queue", "move", "lis", "lis-2", "--all", "--reason", "LIS ticket 8841"];
    let looked = said(&command(&site, &[&words[..], &["--dry-run"]].concat()));
    assert!(looked.contains("would move: 3 deliveries"), "{looked}");
    assert_eq!(engine.queue("lis").pending, 3, "only looked");
    let moved = said(&command(&site, &[&words[..], &["--yes"]].concat()));
    assert!(moved.contains("move: 3 deliveries"), "{moved}");
    sink.wait_for(3);
    assert_eq!(sink.control_ids(), ["1", "2", "3"]);
    let left = engine.queue("lis");
    assert_eq!((left.pending, left.held, left.dead), (0, 0, 0));
    assert_ne!(left.state, "held", "the hold of the move has ended");
    let history = said(&command(&site, &["message", "show", "1"]));
    assert!(history.contains("moved to lis-2: LIS ticket 8841"), "{history}");
    send(&engine, &["4"]);
    assert_eq!(engine.queue("lis").pending, 1, "what comes later stays its own");
}

fn a_queue_goes_only_to_another_of_its_kind() {
    let (nobody, sink) = (Nobody::new(), Sink::accepting());
    let site = site(&nobody, &sink);
    let engine = site.start();
    send(&engine, &["1"]);
    for (to, exit, word) in [
        ("folder", 1, "different kinds"),
        ("lis", 1, "to itself"),
        ("nowhere", 6, "no destination"),
    ] {
        let words = ["queue", "move", "lis", to, "--all", "--reason", "a slip", "--yes"];
        let refused = command(&site, &words);
        let text = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(exit), "{text}");
        assert!(text.contains(word), "{text}");
    }
    assert_eq!(engine.queue("lis").pending, 1);
}

fn a_queue_is_moved_by_a_form_and_by_the_api_if_it_is_as_long_as_was_seen() {
    let (nobody, sink) = (Nobody::new(), Sink::accepting());
    let site = site(&nobody, &sink);
    add_user(&site, "olga", &["operator"]);
    let engine = site.start();
    send(&engine, &["1", "2"]);
    let mut olga = Browser::at(engine.page());
    assert_eq!(olga.sign_in("olga", PASSWORD).status, 303);
    let csrf = olga.get("/account").csrf().expect("a form");
    let headers = [("content-type", "application/json"), ("x-csrf-token", csrf.as_str())];
    let mut ask = |body: &str| {
        olga.send("POST", "/api/v1/queues/lis/move", &headers, body.as_bytes().to_vec())
    };
    let other = ask(r#"{"to":"lis-2","all":true,"count":3,"reason":"LIS ticket 8841"}"#);
    assert_eq!((other.status, other.code().as_str()), (409, "another-count"), "{other:?}");
    let counted = ask(r#"{"to":"lis-2","all":true,"reason":"looked","dry_run":true}"#);
    assert_eq!(counted.body, r#"{"affected":2}"#);
    let first = ask(r#"{"to":"lis-2","messages":[1],"reason":"LIS ticket 8841"}"#);
    assert_eq!((first.status, first.body.as_str()), (200, r#"{"affected":1}"#));
    sink.wait_for(1);
    let page = wardline_tests::wait::until("the page to show the queue", || {
        let page = olga.get("/queues/lis");
        page.body.contains("Move 1 message").then_some(page.body)
    });
    let field = |name: &str| {
        let (_, behind) = page.split_once(&format!("name=\"{name}\" value=\"")).expect(name);
        behind.split_once('"').expect("a value").0.to_owned()
    };
    let until = field("until");
    let fields = [
        ("all", "true"),
        ("until", until.as_str()),
        ("count", "1"),
        ("to", "lis-2"),
        ("reason", "LIS ticket 8841"),
    ];
    let moved = olga.submit("/queues/lis", "/queues/lis/move", &fields);
    assert_eq!((moved.status, moved.location()), (303, "/queues/lis"), "{moved:?}");
    sink.wait_for(2);
    assert_eq!(sink.control_ids(), ["1", "2"]);
}

fn a_queue_and_dead_letters_are_exported_as_what_can_be_sent() {
    let (nobody, sink) = (Nobody::new(), Sink::start(|_| Reply::Code("AA")));
    let site = site(&nobody, &sink);
    let engine = site.start();
    send(&engine, &["1", "2", "3"]);
    let skipped = Request::Skip {
        destination: "lis".to_owned(),
        message: None,
        by: "test".to_owned(),
        reason: "they have it".to_owned(),
        dry_run: false,
    };
    wardline_tests::wait::until("the head to be skipped", || {
        matches!(engine.ask(&skipped), Response::Done { .. }).then_some(())
    });
    let counted =
        said(&command(&site, &["queue", "export", "lis", "--to", "lis.mllp", "--dry-run"]));
    assert!(counted.contains("would export 2 messages"), "{counted}");
    let file = site.folder().join("lis.mllp");
    assert!(!file.exists());
    said(&command(&site, &["queue", "export", "lis", "--to", "lis.mllp"]));
    let expected = [framed(&adt("2")), framed(&adt("3"))].concat();
    assert_eq!(std::fs::read(&file).expect("a file"), expected);
    let dead = command(&site, &["dead", "export", "lis", "--to", "-"]);
    assert_eq!(dead.stdout, framed(&adt("1")));
    let json = said(&command(&site, &["--json", "dead", "export", "lis", "--to", "dead.mllp"]));
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((json["exported"].as_u64(), json["dry_run"].as_bool()), (Some(1), Some(false)));
    let nowhere = command(&site, &["queue", "export", "nowhere", "--to", "-"]);
    assert_eq!(nowhere.status.code(), Some(6));
    let address = engine.address("in");
    let resent = command(&site, &["send", "--to", &address.to_string(), "lis.mllp"]);
    assert!(resent.status.success(), "{}", String::from_utf8_lossy(&resent.stderr));
    engine.wait_for_queue("lis", "two more", |row| row.pending == 4);
    let all = Request::Discard {
        destination: "lis".to_owned(),
        from: DiscardFrom::Queue,
        which: Which::All,
        by: "test".to_owned(),
        reason: "over".to_owned(),
        dry_run: true,
    };
    assert!(matches!(engine.ask(&all), Response::Done { affected: 4, .. }), "nothing was taken");
}
