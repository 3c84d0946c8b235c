//! What machines ask at the page's address: metrics, and whether the engine lives and takes messages.

use libtest_mimic::Trial;
use rustix::process::Signal;
use wardline_tests::browser::{Answer, Browser};
use wardline_tests::message::adt;
use wardline_tests::peer::Peer;
use wardline_tests::sink::{Reply, Sink};
use wardline_tests::site::Site;
use wardline_tests::{trials, wait};

use crate::admin_access::{PASSWORD, add_user, with_ann};
use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_scrape_needs_a_token_and_moves_with_what_comes_in,
        health_is_open_to_everybody_and_says_nothing_of_the_site,
        an_engine_that_drains_lives_and_is_not_ready,
        the_configuration_on_the_disk_is_compared_and_applied_by_an_administrator_alone,
        the_log_and_the_store_are_on_their_pages,
    ]
}

const AUTHORITY: &str = "authorization";

/// Asks with a token that ann makes for it.
fn with_token(ann: &mut Browser, path: &str, token: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    ann.twin().send("GET", path, &[(AUTHORITY, bearer.as_str())], Vec::new())
}

fn token(ann: &mut Browser, name: &str, right: &str) -> String {
    let made = ann.submit("/tokens", "/tokens", &[("name", name), (right, "on")]);
    assert_eq!(made.status, 200, "{}", made.body);
    let (_, behind) = made.body.split_once("<pre>").expect("the token is shown once");
    behind.split_once("</pre>").expect("to its end").0.to_owned()
}

fn value(scrape: &Answer, sample: &str) -> f64 {
    let line = scrape.body.lines().find(|line| line.starts_with(&format!("{sample} ")));
    let line = line.unwrap_or_else(|| panic!("{sample} is not in {}", scrape.body));
    line.rsplit_once(' ').and_then(|(_, value)| value.parse().ok()).expect("a number")
}

fn a_scrape_needs_a_token_and_moves_with_what_comes_in() {
    let (_site, engine, mut ann) = with_ann("");
    let nobody = Browser::at(engine.page()).get("/metrics");
    assert_eq!(nobody.status, 401, "no way to a page: it is a program that asks");
    assert!(!nobody.body.contains("wardline_"), "{}", nobody.body);
    let auditor = token(&mut ann, "auditing", "audit");
    assert_eq!(with_token(&mut ann, "/metrics", &auditor).status, 403);
    let scraper = token(&mut ann, "prometheus", "see");
    let before = with_token(&mut ann, "/metrics", &scraper);
    assert_eq!(before.status, 200);
    let kind = before.header("content-type").unwrap_or_default().to_owned();
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    assert!(before.body.ends_with("# EOF\n"));
    assert_eq!(Peer::connect(engine.address("in")).send(&adt("SCRAPED")), "AA");
    engine.wait_for_queue("folder", "delivered", |row| {
        row.counts.is_some_and(|counts| counts.delivered == 1)
    });
    let after = with_token(&mut ann, "/metrics", &scraper);
    for sample in [
        "wardline_answers_total{listener=\"in\",code=\"AA\"}",
        "wardline_deliveries_total{destination=\"folder\",outcome=\"delivered\"}",
        "wardline_answer_duration_seconds_count{listener=\"in\"}",
    ] {
        let moved = value(&after, sample) - value(&before, sample);
        assert!((moved - 1.0).abs() < f64::EPSILON, "{sample} moved by {moved}");
    }
    assert!(!after.body.contains("SCRAPED"), "nothing that a peer sends is a label");
}

fn health_is_open_to_everybody_and_says_nothing_of_the_site() {
    let (_site, engine, _ann) = with_ann("");
    let mut nobody = Browser::at(engine.page());
    let (live, ready) = (nobody.get("/livez"), nobody.get("/readyz"));
    assert_eq!((live.status, live.body.as_str()), (200, "live\n"));
    assert_eq!((ready.status, ready.body.as_str()), (200, "ready\n"));
    assert_eq!(nobody.cookie(), None);
}

fn an_engine_that_drains_lives_and_is_not_ready() {
    let sink = Sink::start(|_| Reply::Silence);
    let site = Site::new(
        PROGRAM,
        &format!(
            "[admin]\nbind = \"127.0.0.1:0\"\n\
             [[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\n\
             [[routes]]\nid = \"all\"\nmatch = {{}}\nto = [\"lis\"]\n\
             [[destinations]]\nid = \"lis\"\nkind = \"mllp\"\naddress = \"{}\"\n\
             ack_timeout = \"60s\"\n",
            sink.address()
        ),
    );
    let engine = site.start();
    let mut nobody = Browser::at(engine.page());
    assert_eq!(nobody.get("/readyz").status, 200, "also before there is a user");
    assert_eq!(Peer::connect(engine.address("in")).send(&adt("M1")), "AA");
    wait::until_so("the message to arrive", || !sink.arrived().is_empty());
    engine.signal(Signal::TERM);
    wait::until_so("the drain to begin", || nobody.get("/readyz").status == 503);
    assert_eq!(nobody.get("/readyz").body, "not ready\ndraining\n");
    assert_eq!(nobody.get("/livez").status, 200);
    engine.signal(Signal::TERM);
}

fn the_configuration_on_the_disk_is_compared_and_applied_by_an_administrator_alone() {
    let (site, engine, mut ann) = with_ann("");
    add_user(&site, "otto", &["operator"]);
    let mut otto = Browser::at(engine.page());
    otto.sign_in("otto", PASSWORD);
    assert_eq!(otto.get("/config").status, 403);
    assert_eq!(otto.get("/api/v1/config/difference").status, 403);
    let same = ann.get("/config");
    assert!(same.body.contains("What runs is what is on the disk."), "{}", same.body);
    let path = site.folder().join("wardline.toml");
    let written = std::fs::read_to_string(&path).expect("a configuration");
    let more = "\n[[listeners]]\nid = \"second\"\nbind = \"127.0.0.1:0\"\n";
    std::fs::write(&path, format!("{written}{more}")).expect("a writable folder");
    let differs = ann.get("/config");
    assert!(differs.body.contains("Apply 1 change"), "{}", differs.body);
    let refused = otto.submit("/account", "/config/apply", &[]);
    assert_eq!(refused.status, 403);
    let seen = field_of(&differs.body, "digest");
    let even_more = more.replace("second", "third");
    std::fs::write(&path, format!("{written}{more}{even_more}")).expect("a writable folder");
    let other = ann.submit("/config", "/config/apply", &[("digest", &seen)]);
    assert_eq!(other.status, 409, "what was not looked at is not applied");
    assert!(other.body.contains("look again") && other.body.contains("Apply 2 changes"));
    let headers = [("content-type", "application/json"), ("x-csrf-token", &other.csrf().unwrap())];
    let body = format!("{{\"digest\":\"{seen}\"}}").into_bytes();
    let other = ann.send("POST", "/api/v1/config/apply", &headers, body);
    assert_eq!((other.status, other.code().as_str()), (409, "another-difference"));
    let arguments = ["--config", "wardline.toml", "reload", "--expect", seen.as_str()];
    assert_eq!(site.command(arguments).status.code(), Some(1));
    assert_eq!(engine.status().listeners.len(), 1);
    std::fs::write(&path, format!("{written}{more}")).expect("a writable folder");
    let applied = ann.submit("/config", "/config/apply", &[("queues", ""), ("digest", &seen)]);
    assert_eq!((applied.status, applied.location()), (303, "/config"), "{}", applied.body);
    assert_eq!(engine.status().listeners.len(), 2);
    std::fs::write(&path, format!("{written}{more}no_such_key = 1\n")).expect("a writable folder");
    let faulty = ann.get("/config");
    assert!(faulty.body.contains("The file on the disk has faults."), "{}", faulty.body);
    assert!(faulty.body.contains("no_such_key"), "with the place: {}", faulty.body);
    assert!(!faulty.body.contains("Apply"), "{}", faulty.body);
    let errors = ann.get("/api/v1/logs?level=error").body;
    assert!(!errors.contains("the configuration has a fault"), "looking is no error: {errors}");
}

/// The value of a hidden field.
fn field_of(page: &str, name: &str) -> String {
    let (_, behind) = page.split_once(&format!("name=\"{name}\" value=\"")).expect("a field");
    behind.split('"').next().expect("its end").to_owned()
}

fn the_log_and_the_store_are_on_their_pages() {
    let (_site, _engine, mut ann) = with_ann("");
    let system = ann.get("/system");
    assert!(system.body.contains("listening listener=in"), "{}", system.body);
    let warnings = ann.get("/system?level=error");
    assert!(!warnings.body.contains("listening listener=in"), "{}", warnings.body);
    let storage = ann.get("/storage");
    assert!(storage.body.contains("Everything received is stored."), "{}", storage.body);
    let lines = ann.get("/api/v1/logs?level=info&limit=2");
    let lines: serde_json::Value = serde_json::from_str(&lines.body).expect("JSON");
    assert_eq!(lines["lines"].as_array().map(Vec::len), Some(2), "{lines}");
    assert_eq!(ann.get("/api/v1/logs?level=loud").status, 400);
    let store = ann.get("/api/v1/store");
    let store: serde_json::Value = serde_json::from_str(&store.body).expect("JSON");
    assert!(store["segments"].as_u64() > Some(0), "{store}");
}
