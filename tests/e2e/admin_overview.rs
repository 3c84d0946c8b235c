//! What the person on call sees first: who needs somebody, why, since when, what comes next; and what is done about it, by
//! a form without script and by the API.

use libtest_mimic::Trial;
use serde_json::Value;
use wardline_tests::browser::{Answer, Browser};
use wardline_tests::message::adt;
use wardline_tests::nobody::Nobody;
use wardline_tests::peer::Peer;
use wardline_tests::sink::Sink;
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::admin_access::{PASSWORD, add_user};
use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_destination_that_goes_down_is_said_with_its_reason_and_what_comes_next,
        a_queue_is_retried_by_a_form_without_script,
        a_queue_is_held_and_retried_by_the_api,
        nothing_is_discarded_without_the_typed_id_and_a_reason,
        a_listener_is_paused_and_let_go_by_its_page,
        who_may_not_see_content_sees_none_of_it_anywhere,
        an_open_page_is_told_what_changes,
    ]
}

/// A site with a page, whose destination is at this address.
fn site(destination: std::net::SocketAddr) -> Site {
    let site = Site::new(
        PROGRAM,
        &format!(
            r#"
[admin]
bind = "127.0.0.1:0"

[[listeners]]
id = "adt-in"
bind = "127.0.0.1:0"

[[routes]]
id = "all"
to = ["lis"]

[[destinations]]
id = "lis"
kind = "mllp"
address = "{destination}"
retry = {{ first = "30s", max = "60s" }}
"#
        ),
    );
    add_user(&site, "olga", &["operator"]);
    add_user(&site, "vera", &["viewer"]);
    site
}

fn signed_in(engine: &Engine, name: &str) -> Browser {
    let mut browser = Browser::at(engine.page());
    assert_eq!(browser.sign_in(name, PASSWORD).status, 303, "{name}");
    browser
}

fn send(engine: &Engine, control_ids: &[&str]) {
    let mut peer = Peer::connect(engine.address("adt-in"));
    for control_id in control_ids {
        assert_eq!(peer.send(&adt(control_id)), "AA");
    }
}

fn json(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).expect("JSON")
}

/// Asks until the row of `lis` is there.
fn attention(browser: &mut Browser) -> Value {
    wait::until("lis needs somebody", || {
        let said = json(&browser.get("/api/v1/attention"));
        let rows = said["rows"].as_array().expect("rows");
        rows.iter().find(|row| row["id"] == "lis").cloned()
    })
}

fn post(browser: &mut Browser, path: &str, body: &str) -> Answer {
    let csrf = browser.get("/account").csrf().expect("a form");
    let headers = [("content-type", "application/json"), ("x-csrf-token", csrf.as_str())];
    browser.send("POST", path, &headers, body.as_bytes().to_vec())
}

fn a_destination_that_goes_down_is_said_with_its_reason_and_what_comes_next() {
    let nobody = Nobody::new();
    let site = site(nobody.address());
    let engine = site.start();
    let mut vera = signed_in(&engine, "vera");
    assert!(vera.get("/").body.contains("Nothing needs you."));
    send(&engine, &["A1", "A2"]);
    let row = attention(&mut vera);
    let why = row["why"].as_str().expect("words");
    assert_eq!(row["state"], "down", "{row}");
    assert!(why.starts_with(&format!("{} refuses the connection.", nobody.address())), "{why}");
    assert!(why.contains("ext in ") && why.ends_with("2 messages wait."), "{why}");
    assert!(row["since"].is_string() && row["needs_somebody"] == true, "{row}");
    let page = vera.get("/").body;
    for part in ["One interface needs you.", "Everything received is stored.", why, "See the queue"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    let one = vera.get("/interfaces/lis").body;
    assert!(one.contains("Why nothing moves") && one.contains("A1"), "{one}");
    assert!(!one.contains("Retry now"), "a viewer only looks: {one}");
}

fn a_queue_is_retried_by_a_form_without_script() {
    let nobody = Nobody::new();
    let site = site(nobody.address());
    let engine = site.start();
    let mut olga = signed_in(&engine, "olga");
    send(&engine, &["A1"]);
    attention(&mut olga);
    let sink = Sink::in_place_of(&nobody, |_| wardline_tests::sink::Reply::Code("AA"));
    let done = olga.submit("/interfaces/lis", "/queues/lis/retry", &[]);
    assert_eq!((done.status, done.location()), (303, "/interfaces/lis"), "{done:?}");
    sink.wait_for(1);
    wait::until_so("nothing needs anybody", || olga.get("/").body.contains("Nothing needs you."));
}

fn a_queue_is_held_and_retried_by_the_api() {
    let sink = Sink::accepting();
    let site = site(sink.address());
    let engine = site.start();
    let mut olga = signed_in(&engine, "olga");
    let held = post(&mut olga, "/api/v1/queues/lis/hold", r#"{"reason":"month-end close"}"#);
    assert_eq!(held.status, 200, "{held:?}");
    send(&engine, &["A1"]);
    let row = wait::until("it is counted", || {
        let row = attention(&mut olga);
        row["why"].as_str()?.contains("1 message waits").then_some(row)
    });
    assert_eq!((&row["state"], &row["needs_somebody"]), (&"held".into(), &false.into()), "{row}");
    assert!(row["why"].as_str().expect("words").starts_with("olga: “month-end close”."), "{row}");
    assert_eq!(sink.arrived().len(), 0);
    let queue = json(&olga.get("/api/v1/queues/lis"));
    assert_eq!((&queue["state"], &queue["pending"]), (&"held".into(), &1.into()));
    assert_eq!(post(&mut olga, "/api/v1/queues/lis/retry", "").status, 200);
    sink.wait_for(1);
    assert_eq!(post(&mut olga, "/api/v1/queues/nowhere/retry", "").status, 404);
    assert_eq!(post(&mut olga, "/api/v1/queues/lis/hold", "{}").status, 400, "a reason is needed");
}

fn nothing_is_discarded_without_the_typed_id_and_a_reason() {
    let nobody = Nobody::new();
    let site = site(nobody.address());
    let engine = site.start();
    let mut olga = signed_in(&engine, "olga");
    send(&engine, &["A1", "A2"]);
    attention(&mut olga);
    // What the page showed: as many as were there, and nothing that came later.
    let (until, count) = (("until", "2100-01-01T00:00:00Z"), ("count", "2"));
    for fields in [
        &[("all", "true"), until, count, ("reason", "test data")][..],
        &[("all", "true"), until, count, ("reason", "test data"), ("typed", "li")],
        &[("all", "true"), until, count, ("reason", " "), ("typed", "lis")],
        &[("all", "true"), ("reason", "test data"), ("typed", "lis")],
        &[("reason", "test data"), ("typed", "lis")],
    ] {
        let refused = olga.submit("/interfaces/lis", "/queues/lis/discard", fields);
        assert_eq!(refused.status, 400, "{fields:?}: {refused:?}");
    }
    assert_eq!(engine.queue("lis").pending, 2);
    let more = [("all", "true"), until, ("count", "1"), ("reason", "test data"), ("typed", "lis")];
    let refused = olga.submit("/interfaces/lis", "/queues/lis/discard", &more);
    assert_eq!(refused.status, 409, "more than were confirmed: {refused:?}");
    assert_eq!(engine.queue("lis").pending, 2);
    let whole = [("all", "true"), until, count, ("reason", "test data"), ("typed", "lis")];
    let done = olga.submit("/interfaces/lis", "/queues/lis/discard", &whole);
    assert_eq!(done.status, 303, "{done:?}");
    wait::until_so("the queue is empty", || engine.queue("lis").pending == 0);
}

fn a_listener_is_paused_and_let_go_by_its_page() {
    let sink = Sink::accepting();
    let site = site(sink.address());
    let engine = site.start();
    let mut olga = signed_in(&engine, "olga");
    let page = "/interfaces/adt-in";
    let reason = [("reason", "interface test")];
    let paused = olga.submit(page, "/interfaces/adt-in/pause", &reason);
    assert_eq!((paused.status, paused.location()), (303, page), "{paused:?}");
    let shown = olga.get(page).body;
    assert!(shown.contains("Paused on purpose") && shown.contains("interface test"), "{shown}");
    assert!(olga.get("/").body.contains("Nothing needs you."), "a person decided it");
    assert_eq!(olga.submit(page, "/interfaces/adt-in/go", &[]).status, 303);
    send(&engine, &["A1"]);
    sink.wait_for(1);
}

/// What only a message has: the name of its patient.
const NAME: &str = "JANE";

fn who_may_not_see_content_sees_none_of_it_anywhere() {
    let nobody = Nobody::new();
    let site = site(nobody.address());
    let engine = site.start();
    assert!(String::from_utf8_lossy(&adt("A1")).contains(NAME));
    send(&engine, &["A1"]);
    let mut vera = signed_in(&engine, "vera");
    attention(&mut vera);
    for path in [
        "/",
        "/interfaces",
        "/interfaces/lis",
        "/interfaces/adt-in",
        "/queues",
        "/queues/lis",
        "/dead",
        "/api/v1/attention",
        "/api/v1/interfaces",
        "/api/v1/flow",
        "/api/v1/queues",
        "/api/v1/queues/lis/deliveries",
        "/api/v1/dead",
    ] {
        let shown = vera.get(path);
        assert_eq!(shown.status, 200, "{path}");
        assert!(!shown.body.contains(NAME), "{path}: {}", shown.body);
    }
    let exported = vera.get("/api/v1/queues/lis/export");
    assert_eq!((exported.status, exported.code().as_str()), (403, "denied"));
    assert!(!exported.body.contains(NAME));
}

fn an_open_page_is_told_what_changes() {
    use std::io::{BufRead as _, BufReader, Write as _};
    let nobody = Nobody::new();
    let site = site(nobody.address());
    let engine = site.start();
    let vera = signed_in(&engine, "vera");
    let cookie = vera.cookie().expect("a session").to_owned();
    let mut stream = std::net::TcpStream::connect(engine.page()).expect("the page");
    let host = engine.page();
    write!(stream, "GET /live?at=%2F HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n")
        .expect("it reads");
    let mut lines = BufReader::new(stream).lines().map(|line| line.expect("a stream"));
    assert!(lines.next().expect("a status").contains("200"));
    assert!(lines.any(|line| line.contains("Nothing needs you.")));
    send(&engine, &["A1"]);
    assert!(lines.any(|line| line.contains("One interface needs you.")), "it is told of it");
}
