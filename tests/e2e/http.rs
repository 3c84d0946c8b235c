//! Web servers as destinations: what they are sent, and what their answers mean.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use libtest_mimic::Trial;
use wardline_engine::control::protocol::{DeliveryDetail, DeliveryState, Request, Response};
use wardline_tests::certificates::Authority;
use wardline_tests::http_server::{HttpRequest, HttpServer};
use wardline_tests::message::{adt, control_id};
use wardline_tests::peer::Peer;
use wardline_tests::requirement::Need;
use wardline_tests::site::{Engine, Site};
use wardline_tests::trials;

use crate::ours::PROGRAM;

const PYTHON: Need = Need::Tool("python3");

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        every_message_is_posted_in_order_with_its_bytes => [PYTHON],
        a_message_goes_as_json_or_as_chosen_values => [PYTHON],
        secrets_go_along_as_they_are_now_and_are_never_told => [PYTHON],
        a_server_that_fails_gets_the_same_request_again => [PYTHON],
        a_refusal_is_a_dead_letter_with_what_the_server_said => [PYTHON],
        a_rule_of_on_status_decides_otherwise => [PYTHON],
        a_server_that_asks_for_a_pause_gets_it => [PYTHON],
        a_redirect_is_not_followed_and_holds_the_queue => [PYTHON],
        a_request_without_an_answer_is_unclear_and_held => [PYTHON],
        a_server_that_is_killed_and_comes_back_misses_nothing => [PYTHON],
        an_engine_that_is_killed_sends_what_it_promised => [PYTHON],
        a_server_behind_a_certificate_is_trusted_by_its_issuer_alone => [PYTHON],
        check_tells_what_cannot_work_and_who_reads_the_secrets,
        a_trial_shows_the_request_without_its_secrets,
    ]
}

/// What every server does that is well.
const WELL: &str = r#"[{"status": 200}]"#;

fn configuration(url: &str, keys: &str) -> String {
    format!(
        r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[routes]]
id = "all"
match = {{}}
to = ["portal"]

[[destinations]]
id = "portal"
kind = "http"
url = "{url}"
{keys}
"#
    )
}

const QUICK: &str = "retry = { first = \"20ms\", max = \"100ms\", max_attempts = 3 }\n";

fn running(server: &HttpServer, keys: &str) -> (Site, Engine) {
    let url = format!("http://localhost:{}/hl7?site=1", server.port());
    let site = Site::new(PROGRAM, &configuration(&url, &format!("{QUICK}{keys}")));
    let engine = site.start();
    (site, engine)
}

fn send(engine: &Engine, control_ids: &[&str]) {
    let mut peer = Peer::connect(engine.address("in"));
    for control_id in control_ids {
        assert_eq!(peer.send(&adt(control_id)), "AA");
    }
}

fn arrived(requests: &[HttpRequest]) -> Vec<String> {
    requests.iter().map(|request| control_id(&request.body())).collect()
}

/// The only delivery in this state, with what was answered to it.
fn only(engine: &Engine, state: DeliveryState) -> DeliveryDetail {
    let destination = Some("portal".to_owned());
    let rows = match engine.ask(&Request::Deliveries { destination, state, after: None, limit: 10 })
    {
        Response::Deliveries { deliveries, .. } => deliveries,
        other => panic!("asked for deliveries, got {other:?}"),
    };
    let [row] = &rows[..] else { panic!("one delivery, not {rows:?}") };
    let (destination, message) = ("portal".to_owned(), row.message);
    match engine.ask(&Request::Delivery { destination, message, content: true }) {
        Response::Message(detail) => *detail,
        other => panic!("asked for a delivery, got {other:?}"),
    }
}

fn every_message_is_posted_in_order_with_its_bytes() {
    let server = HttpServer::start(WELL);
    let (_site, engine) = running(&server, "");
    send(&engine, &["1", "2", "3"]);
    let requests = server.wait_for(3);
    engine.wait_for_queue("portal", "delivered", |row| row.pending == 0);
    assert_eq!(arrived(&requests), ["1", "2", "3"], "ORDER-1");
    let first = &requests[0];
    assert_eq!((first.method(), first.path()), ("POST", "/hl7?site=1"));
    assert_eq!(first.body(), adt("1"), "RAW-1");
    assert_eq!(first.header("content-type"), Some("application/hl7-v2"));
    let host = format!("localhost:{}", server.port());
    assert_eq!(first.header("host"), Some(host.as_str()));
    let keys: Vec<_> = requests.iter().map(|one| one.header("idempotency-key")).collect();
    assert!(keys.iter().all(Option::is_some), "{keys:?}");
    assert!(keys[0] != keys[1] && keys[1] != keys[2], "{keys:?}");
    let row = engine.queue("portal");
    assert_eq!((row.kind.as_str(), row.dead, row.held), ("http", 0, 0));
    assert_eq!(row.endpoint, format!("http://localhost:{}/hl7?…", server.port()));
}

fn a_message_goes_as_json_or_as_chosen_values() {
    let server = HttpServer::start(WELL);
    let (site, engine) = running(&server, "body = \"json\"\nmethod = \"PUT\"");
    send(&engine, &["1"]);
    let request = server.wait_for(1).remove(0);
    assert_eq!(
        (request.method(), request.header("content-type")),
        ("PUT", Some("application/json"))
    );
    let json = request.json();
    assert_eq!((&json["control_id"], &json["listener"]), (&"1".into(), &"in".into()));
    assert_eq!(json["segments"][1]["fields"]["5"][0][0][1].as_str(), None);
    assert_eq!(json["segments"][1]["fields"]["5"][0][1][0], "JANE");
    engine.wait_for_queue("portal", "delivered", |row| row.pending == 0);
    engine.stop();

    let fields = "body = { mrn = \"PID-3.1\", name = \"PID-5.1\", ward = \"PV1-3.1\", ids = \"PID-3[*].1\", raw = \
                  \"{message}\" }\ncontent_type = \"application/vnd.site+json\"";
    let url = format!("http://127.0.0.1:{}/", server.port());
    site.configure(&configuration(&url, fields));
    let engine = site.start();
    send(&engine, &["2"]);
    let request = server.wait_for(2).remove(1);
    assert_eq!(request.header("content-type"), Some("application/vnd.site+json"));
    let raw = String::from_utf8(adt("2")).expect("ASCII");
    let expected =
        serde_json::json!({ "mrn": "1", "name": "DOE", "ward": null, "ids": ["1"], "raw": raw });
    assert_eq!(request.json(), expected);
}

fn secret(site: &Path, text: &str) {
    let path = site.join("portal.token");
    fs::write(&path, format!("{text}\n")).expect("a writable folder");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("our file");
}

fn secrets_go_along_as_they_are_now_and_are_never_told() {
    let server = HttpServer::start(WELL);
    let keys = "headers = { X-Site = \"st-e\", X-Key = \"k-${PORTAL_KEY}\", Authorization = { file = \
                \"portal.token\", prefix = \"Bearer \" } }";
    let url = format!("http://127.0.0.1:{}/", server.port());
    let site = Site::new(PROGRAM, &configuration(&url, &format!("{QUICK}{keys}")));
    secret(site.folder(), "old-s3cret");
    let mut engine = site.spawn(&[("PORTAL_KEY", "env-s3cret")]);
    engine.wait_until_up();
    send(&engine, &["1"]);
    let first = server.wait_for(1).remove(0);
    assert_eq!(first.header("x-site"), Some("st-e"));
    assert_eq!(first.header("x-key"), Some("k-env-s3cret"));
    assert_eq!(first.header("authorization"), Some("Bearer old-s3cret"));

    secret(site.folder(), "new-s3cret");
    server.plan(r#"[{"authorization": "Bearer new-s3cret"}]"#);
    send(&engine, &["2"]);
    engine.wait_for_queue("portal", "delivered", |row| row.pending == 0);
    let row = engine.queue("portal");
    assert_eq!((row.dead, row.held), (0, 0), "a 401 for the old secret decides nothing");
    let last = server.requests().pop().expect("a request");
    assert_eq!(last.header("authorization"), Some("Bearer new-s3cret"));

    server.plan(r#"[{"authorization": "Bearer another"}]"#);
    send(&engine, &["3"]);
    engine.wait_for_queue("portal", "a dead letter", |row| row.dead == 1 && row.pending == 0);
    let shown = site.command(["--json", "status"]).stdout;
    let told = format!("{}{}", engine.log(), String::from_utf8_lossy(&shown));
    assert!(!told.contains("s3cret"), "{told}");
}

fn a_server_that_fails_gets_the_same_request_again() {
    let plan = r#"[{"status": 500}, {"status": 503}, {"do": "close"}, {"status": 200}]"#;
    let server = HttpServer::start(plan);
    let (_site, engine) = running(&server, "");
    engine.wait_for_queue("portal", "idle", |row| row.state == "idle");
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&adt("1")), "AA");
    assert_eq!(peer.send(&adt("2")), "AA");
    let requests = server.wait_for(5);
    assert_eq!(arrived(&requests), ["1", "1", "1", "1", "2"], "ORDER-1");
    let keys: Vec<_> = requests.iter().map(|one| one.header("idempotency-key")).collect();
    assert_eq!(keys[..4], [keys[0]; 4], "one message, one key");
    assert_ne!(keys[4], keys[0]);
    let row = engine.wait_for_queue("portal", "delivered", |row| row.pending == 0);
    assert_eq!((row.dead, row.held), (0, 0));
}

fn a_refusal_is_a_dead_letter_with_what_the_server_said() {
    let server = HttpServer::start(r#"[{"status": 422, "body": "no such ward"}, {"status": 201}]"#);
    let (_site, engine) = running(&server, "");
    send(&engine, &["1", "2"]);
    assert_eq!(arrived(&server.wait_for(2)), ["1", "2"], "the queue goes on");
    engine.wait_for_queue("portal", "a dead letter", |row| row.dead == 1 && row.pending == 0);
    let dead = only(&engine, DeliveryState::Dead);
    assert_eq!((dead.row.cause.as_deref(), dead.row.attempts), (Some("http-rejected"), 1));
    let reply = dead.reply.expect("what the server said");
    assert_eq!(String::from_utf8_lossy(&reply), "422 Unprocessable Entity\rno such ward");
    assert!(!engine.log().contains("no such ward"), "PHI-1");
}

fn a_rule_of_on_status_decides_otherwise() {
    let server = HttpServer::start(r#"[{"status": 409}, {"status": 404}, {"status": 200}]"#);
    let rules = "[[destinations.on_status]]\nstatus = [409]\nthen = \"delivered\"\n\
                 [[destinations.on_status]]\nstatus = [\"4xx\"]\nthen = \"retry\"";
    let (_site, engine) = running(&server, rules);
    send(&engine, &["1", "2"]);
    assert_eq!(arrived(&server.wait_for(3)), ["1", "2", "2"]);
    let row = engine.wait_for_queue("portal", "delivered", |row| row.pending == 0);
    assert_eq!((row.dead, row.held), (0, 0));
}

fn a_server_that_asks_for_a_pause_gets_it() {
    let plan = r#"[{"status": 429, "headers": {"Retry-After": "7200"}}, {"status": 200}]"#;
    let server = HttpServer::start(plan);
    let url = format!("http://127.0.0.1:{}/", server.port());
    let retry = "retry = { first = \"10ms\", max = \"1h\" }";
    let site = Site::new(PROGRAM, &configuration(&url, retry));
    let engine = site.start();
    send(&engine, &["1"]);
    let row = engine.wait_for_queue("portal", "waiting", |row| row.next_retry.is_some());
    assert_eq!((row.reason.as_deref(), row.state.as_str()), (Some("http-busy"), "retrying"));
    let pending = only(&engine, DeliveryState::Pending).row;
    let minutes = minutes_between(&pending.received, &row.next_retry.expect("a time"));
    assert!((50..=60).contains(&minutes), "an hour, which `retry.max` allows, not {minutes} min");
    assert!(
        site.command(["--config", "wardline.toml", "queue", "retry", "portal"]).status.success()
    );
    server.wait_for(2);
    engine.wait_for_queue("portal", "delivered", |row| row.pending == 0);
}

/// Whole minutes between two times of one day or two, as `…THH:MM…`.
fn minutes_between(earlier: &str, later: &str) -> i64 {
    let minute = |time: &str| {
        let (_, clock) = time.split_once('T').expect("a time");
        let mut parts = clock.split(':').map(|part| part.parse::<i64>().expect("a number"));
        parts.by_ref().take(2).fold(0, |minutes, part| minutes * 60 + part)
    };
    (minute(later) - minute(earlier)).rem_euclid(24 * 60)
}

fn a_redirect_is_not_followed_and_holds_the_queue() {
    let elsewhere = HttpServer::start(WELL);
    let to = format!("http://127.0.0.1:{}/", elsewhere.port());
    let server =
        HttpServer::start(&format!(r#"[{{"status": 307, "headers": {{"Location": "{to}"}}}}]"#));
    let (_site, engine) = running(&server, "");
    send(&engine, &["1"]);
    engine.wait_for_queue("portal", "held", |row| row.held == 1);
    assert_eq!(server.requests().len(), 3, "`max_attempts`");
    assert_eq!(only(&engine, DeliveryState::Held).row.cause.as_deref(), Some("unclear-status"));
    assert_eq!(elsewhere.requests().len(), 0, "patients' messages go nowhere else");
}

fn a_request_without_an_answer_is_unclear_and_held() {
    let server = HttpServer::start(r#"[{"do": "hang"}]"#);
    let (site, engine) = running(&server, "timeout = \"100ms\"");
    send(&engine, &["1", "2"]);
    let row = engine.wait_for_queue("portal", "held", |row| row.held == 1);
    assert_eq!((row.pending, row.state.as_str()), (1, "held"), "the next one waits");
    assert_eq!(only(&engine, DeliveryState::Held).row.cause.as_deref(), Some("unclear-no-answer"));
    assert_eq!(arrived(&server.requests()), ["1", "1", "1"]);
    server.plan(WELL);
    assert!(
        site.command(["--config", "wardline.toml", "queue", "retry", "portal"]).status.success()
    );
    engine.wait_for_queue("portal", "delivered", |row| row.pending + row.held == 0);
    assert_eq!(arrived(&server.requests())[3..], ["1", "2"]);
}

fn numbers(from: usize, to: usize) -> Vec<String> {
    (from..=to).map(|number| number.to_string()).collect()
}

/// All of them arrived, each behind the one before it whenever it came for the first time.
fn assert_whole(server: &HttpServer, expected: &[String]) {
    let mut first_times = arrived(&server.requests());
    let mut seen = std::collections::BTreeSet::new();
    first_times.retain(|one| seen.insert(one.clone()));
    assert_eq!(first_times, expected, "nothing is lost, and ORDER-1");
}

fn a_server_that_is_killed_and_comes_back_misses_nothing() {
    let mut server = HttpServer::start(WELL);
    let (_site, engine) = running(&server, "");
    let all = numbers(1, 60);
    let ids: Vec<&str> = all.iter().map(String::as_str).collect();
    send(&engine, &ids[..30]);
    server.wait_for(5);
    server.kill();
    send(&engine, &ids[30..]);
    engine.wait_for_queue("portal", "down", |row| row.state == "down" && row.pending > 0);
    server.restart();
    engine.wait_for_queue("portal", "delivered", |row| row.pending == 0);
    assert_whole(&server, &all);
    let row = engine.queue("portal");
    assert_eq!((row.dead, row.held), (0, 0));
}

fn an_engine_that_is_killed_sends_what_it_promised() {
    let server = HttpServer::start(WELL);
    let (site, engine) = running(&server, "");
    let all = numbers(1, 40);
    let ids: Vec<&str> = all.iter().map(String::as_str).collect();
    send(&engine, &ids);
    server.wait_for(3);
    engine.kill();
    let engine = site.start();
    engine.wait_for_queue("portal", "delivered", |row| row.pending == 0);
    assert_whole(&server, &all);
}

fn a_server_behind_a_certificate_is_trusted_by_its_issuer_alone() {
    let authority = Authority::new("Hospital CA");
    let server = HttpServer::start_with(WELL, Some(&authority.issue(&["localhost"])));
    let url = format!("https://localhost:{}/hl7", server.port());
    let keys = format!("{QUICK}tls = {{ ca = \"ca.pem\" }}");
    let site = Site::new(PROGRAM, &configuration(&url, &keys));
    let ca = site.folder().join("ca.pem");
    fs::write(&ca, Authority::new("Another CA").pem()).expect("a folder");
    let engine = site.start();
    send(&engine, &["1"]);
    let row = engine.wait_for_queue("portal", "down", |row| row.state == "down");
    assert_eq!((row.reason.as_deref(), row.pending), (Some("tls-certificate"), 1));
    assert_eq!(server.requests().len(), 0, "nothing goes to whom we do not trust");
    fs::write(&ca, authority.pem()).expect("a folder");
    assert!(site.command(["--config", "wardline.toml", "reload"]).status.success());
    engine.wait_for_queue("portal", "delivered", |row| row.pending == 0);
    assert_eq!(arrived(&server.requests()), ["1"]);
}

fn check(site: &Site) -> (bool, String) {
    let output = site.command(["--config", "wardline.toml", "check"]);
    let told = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&told).into_owned())
}

fn check_tells_what_cannot_work_and_who_reads_the_secrets() {
    let keys = "headers = { Host = \"x\", Authorization = { file = \"portal.token\" } }";
    let site = Site::new(PROGRAM, &configuration("portal.example/hl7", keys));
    let (is_sound, told) = check(&site);
    assert!(!is_sound, "{told}");
    for part in [
        "expected an address such as \"https://portal.example/hl7\"",
        "begin with `https://` or `http://`",
        "the header `Host` is not for you to set",
        "portal.token`: No such file",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }

    let keys = "headers = { Authorization = { file = \"portal.token\" } }";
    site.configure(&configuration("http://127.0.0.1:9/hl7", keys));
    secret(site.folder(), "s3cret");
    let (is_sound, told) = check(&site);
    assert!(is_sound && !told.contains("everybody on this machine"), "{told}");
    assert!(told.lines().any(|line| line.starts_with("reads ") && line.ends_with("portal.token")));
    let readable = fs::Permissions::from_mode(0o644);
    fs::set_permissions(site.folder().join("portal.token"), readable).expect("our file");
    let (is_sound, told) = check(&site);
    assert!(is_sound && told.contains("everybody on this machine can read"), "{told}");
}

fn a_trial_shows_the_request_without_its_secrets() {
    let keys = "body = { mrn = \"PID-3.1\" }\nheaders = { X-Key = \"s3cret\" }";
    let site = Site::new(PROGRAM, &configuration("http://127.0.0.1:9/hl7?key=s3cret", keys));
    fs::write(site.folder().join("adt.hl7"), adt("7")).expect("a folder");
    let output = site.command(["--config", "wardline.toml", "try", "adt.hl7"]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}");
    for part in [
        "POST http://127.0.0.1:9/hl7?…",
        "Content-Type: application/json",
        "X-Key: ***",
        "{\"mrn\":\"1\"}",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    assert!(!told.contains("s3cret"), "{told}");
    let output = site.command(["--config", "wardline.toml", "--json", "try", "adt.hl7"]);
    let account: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(account["destinations"][0]["sent"]["body"], "{\"mrn\":\"1\"}");
}
