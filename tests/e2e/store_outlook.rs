//! What retention would let go, before it does: on the command line, in the API and on the page alike.

use libtest_mimic::Trial;
use serde_json::Value;
use wardline_engine::control::protocol::{
    MessageSearch, RefusedReason, Request, Response, StorePreview,
};
use wardline_tests::browser::Browser;
use wardline_tests::message::large;
use wardline_tests::peer::Peer;
use wardline_tests::sink::Sink;
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::admin_access::{PASSWORD, add_user, with_ann};
use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        what_a_smaller_limit_would_cost_is_told_and_nothing_goes,
        what_is_older_than_its_listener_keeps_it_is_not_found_and_not_read,
        the_store_is_verified_beside_the_engine_and_what_was_found_is_kept,
    ]
}

/// Messages that are sent: some segments' worth.
const MESSAGES: usize = 12;
/// Most of a segment.
const SIZE: usize = 200 * 1024;

fn preview(engine: &Engine, retain_bytes: Option<u64>) -> StorePreview {
    let request = Request::StorePreview { retain_for_seconds: None, retain_bytes };
    match engine.ask(&request) {
        Response::StorePreviewed(preview) => *preview,
        other => panic!("asked what would go, got {other:?}"),
    }
}

fn what_a_smaller_limit_would_cost_is_told_and_nothing_goes() {
    let up = Sink::accepting();
    let site = Site::new(PROGRAM, "");
    site.configure(&format!(
        r#"
[admin]
bind = "127.0.0.1:0"

[store]
min_free = "1MiB"
segment_size = "256KiB"

[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[routes]]
id = "all"
to = ["up"]

[[destinations]]
id = "up"
kind = "mllp"
address = "{}"
"#,
        up.address()
    ));
    add_user(&site, "ann", &["admin"]);
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    for number in 0..MESSAGES {
        assert_eq!(peer.send(&large(&format!("M{number}"), SIZE)), "AA");
    }
    engine.wait_for_queue("up", "empty", |row| row.pending == 0);

    wait::until_so("the history has come so far", || match engine.ask(&Request::StoreStats) {
        Response::StoreStats(figures) => figures.history.is_some_and(|history| history.lag == 0),
        other => panic!("asked for figures, got {other:?}"),
    });
    let now = preview(&engine, None);
    assert_eq!((now.segments, now.retain_bytes), (0, 20 << 30), "the limits of the configuration");
    let all = preview(&engine, Some(0));
    assert!(all.segments > 1 && all.until.is_some(), "{all:?}");
    assert_eq!((all.each.len() as u64, all.carried.all()), (all.segments, 0), "{all:?}");
    let again = preview(&engine, Some(0));
    assert_eq!((again.segments, &again.until), (all.segments, &all.until), "nothing went");

    let told = told(&site, &["preview", "--retain-bytes", "0B"]);
    assert!(told.contains("would go") && told.contains("LISTENER"), "{told}");
    let told = self::told(&site, &["preview", "--retain-bytes", "1TiB"]);
    assert!(told.contains("nothing would go"), "{told}");
    let json = self::told(&site, &["preview", "--retain-bytes", "0B", "--json"]);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["segments"].as_u64(), Some(all.segments));
    let stats = self::told(&site, &["stats"]);
    assert!(stats.contains("too early to tell") && stats.contains("12 messages in"), "{stats}");

    let mut ann = Browser::at(engine.page());
    assert_eq!(ann.sign_in("ann", PASSWORD).status, 303);
    let api = ann.get("/api/v1/storage/preview?retain_bytes=0");
    let api: Value = serde_json::from_str(&api.body).expect("JSON");
    assert_eq!(api["listeners"][0]["listener"], "in");
    assert_eq!(api["segments"], json["segments"]);
    assert_eq!(ann.get("/api/v1/storage/preview?retain_bytes=much").status, 400);
    let page = ann.get("/storage?retain_days=&retain_gib=0");
    assert!(page.body.contains("What retention would let go now"), "{}", page.body);
    assert!(page.body.contains("href=\"/interfaces/in\""), "{}", page.body);
    assert_eq!(ann.get("/storage?retain_gib=all").status, 400);
}

fn the_store_is_verified_beside_the_engine_and_what_was_found_is_kept() {
    let (site, engine, mut ann) = with_ann("");
    let page = ann.get("/storage");
    assert!(page.body.contains("Not done since the start."), "{}", page.body);
    assert!(told(&site, &["verify", "--last"]).contains("not verified since the start"));
    let begun = ann.submit("/storage", "/storage/verify", &[]);
    assert_eq!((begun.status, begun.location()), (303, "/storage#verify"), "{}", begun.body);
    let last = |engine: &Engine| match engine.ask(&Request::Verification) {
        Response::Verification(state) => state.last,
        other => panic!("asked how it stands, got {other:?}"),
    };
    let found = wait::until("it has ended", || last(&engine));
    assert!(found.whole && found.failed.is_none(), "{found:?}");
    assert_eq!((&*found.by, found.figures.expect("figures").faults), ("ann", Vec::new()));
    let page = ann.get("/storage");
    assert!(page.body.contains("all of it is sound"), "{}", page.body);
    let api: Value = serde_json::from_str(&ann.get("/api/v1/storage/verify").body).expect("JSON");
    assert_eq!((&api["last"]["by"], &api["last"]["whole"]), (&Value::from("ann"), &true.into()));
    assert!(told(&site, &["verify", "--last"]).contains("sound"));
    let begun = told(&site, &["verify", "--background"]);
    assert!(begun.contains("reading since"), "{begun}");
    assert!(told(&site, &["verify"]).contains("sound"), "and at once, as ever");
}

fn what_is_older_than_its_listener_keeps_it_is_not_found_and_not_read() {
    let up = Sink::accepting();
    let site = Site::new(PROGRAM, "");
    let configuration = |term: &str| {
        format!(
            r#"
[[listeners]]
id = "lab-in"
bind = "127.0.0.1:0"
{term}

[[listeners]]
id = "adt-in"
bind = "127.0.0.1:0"

[[routes]]
id = "all"
to = ["up"]

[[destinations]]
id = "up"
kind = "mllp"
address = "{}"
"#,
            up.address()
        )
    };
    site.configure(&configuration(""));
    let engine = site.start();
    for listener in ["lab-in", "adt-in"] {
        let mut peer = Peer::connect(engine.address(listener));
        assert_eq!(peer.send(&large(&format!("OF-{listener}"), 200)), "AA");
    }
    engine.wait_for_queue("up", "empty", |row| row.pending == 0);
    let found = |engine: &Engine| match engine
        .ask(&Request::Search(MessageSearch { limit: 10, ..Default::default() }))
    {
        Response::Messages { messages, .. } => messages,
        other => panic!("asked for messages, got {other:?}"),
    };
    let both = found(&engine);
    assert_eq!(both.len(), 2, "{both:?}");
    let of_lab = both.iter().find(|row| row.listener == "lab-in").expect("one of them").message;
    site.configure(&configuration("retain_for = \"1ms\""));
    let (moves, park) = (Vec::new(), Vec::new());
    let reload = Request::Reload { dry_run: false, moves, park, expected: None, by: "test".into() };
    assert!(matches!(engine.ask(&reload), Response::Reloaded(_)));
    let left = found(&engine);
    assert_eq!(left.iter().map(|row| &*row.listener).collect::<Vec<_>>(), ["adt-in"]);
    for asked in [
        Request::History { message: of_lab },
        Request::Content { message: of_lab, by: "test".into(), reason: String::new(), most: None },
    ] {
        let answer = engine.ask(&asked);
        let reason = RefusedReason::NotFound;
        assert!(matches!(answer, Response::Refused { reason: r, .. } if r == reason), "{answer:?}");
    }
    engine.stop();
    let show = ["message", "show", &of_lab.to_string(), "--config", "wardline.toml"];
    let output = site.command(show);
    assert!(!output.status.success(), "nor in the store of a stopped engine");
}

/// What `wardline store` prints.
fn told(site: &Site, arguments: &[&str]) -> String {
    let command = ["store"].iter().chain(arguments).chain(&["--config", "wardline.toml"]);
    let output = site.command(command);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
