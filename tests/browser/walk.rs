//! A night on call, walked through in a real browser; and what somebody sees who may not see content.
//!
//! Each step waits for what it expects to see. Nothing is slept for.

use std::collections::{BTreeSet, VecDeque};

use libtest_mimic::Trial;
use wardline_engine::control::protocol::{MessageId, Request, Response};
use wardline_tests::browser::{Answer, Browser};
use wardline_tests::chromium::{BROWSER, Chromium, DRIVER, Screen};
use wardline_tests::peer::Peer;
use wardline_tests::requirement::Need;
use wardline_tests::sink::Sink;
use wardline_tests::{trials, wait};

use crate::demo::{ADMIN, Demo, PASSWORD, PATIENT};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_night_on_call_from_the_first_start_to_signing_out => [Need::Tool(DRIVER), Need::Tool(BROWSER)],
        who_may_not_see_content_meets_none_anywhere => [Need::Tool(DRIVER), Need::Tool(BROWSER)],
    ]
}

/// Somebody who looks, and no more.
const VIEWER: &str = "v.lind";

/// What names a patient, or tells about one, in the messages of this test.
const SECRETS: [&str; 8] = [
    PATIENT.0,
    PATIENT.1,
    "GARBO",
    "19420207",
    "VISIT-88123",
    "QORDER-7714",
    "LYMPHOMA-SUSPECTED",
    "0049-555-0172",
];

/// A message with something of everything that is content.
fn result(control_id: &str) -> Vec<u8> {
    let (id, name) = PATIENT;
    format!(
        "MSH|^~\\&|HIS|ST-E|WARDLINE|ST-E|20260403120000||ORU^R01|{control_id}|P|2.5\r\
         PID|1||{id}^^^ST-E^MR||{name}^GARBO||19420207|F|||||0049-555-0172\r\
         PV1|1|I|W3^12^2||||||||||||||||VISIT-88123\r\
         ORC|RE|QORDER-7714\rOBR|1|QORDER-7714||PATH^Pathology\r\
         OBX|1|TX|PATH^Pathology||LYMPHOMA-SUSPECTED||||||F\rNTE|1||ask {name} again\r"
    )
    .into_bytes()
}

fn a_night_on_call_from_the_first_start_to_signing_out() {
    let demo = Demo::start();
    let browser = Chromium::start(Screen::WIDE);
    // The first start: only the set-up opens, with the token that the start wrote.
    browser.open(&demo.at("/"));
    assert!(browser.address().ends_with("/setup"), "{}", browser.address());
    demo.set_up(&browser);
    demo.grant_content(ADMIN);
    sign_out(&browser);
    sign_in(&browser, &demo, ADMIN);
    watch_messages_flow(&browser, &demo);
    find_the_patient(&browser, &demo);
    let _radiology = retry_what_was_down(&browser, &demo);
    replay_three(&browser, &demo);
    reload(&browser, &demo);
    sign_out(&browser);
    browser.open(&demo.at("/messages"));
    assert!(browser.address().contains("/signin"), "{}", browser.address());
}

fn sign_in(browser: &Chromium, demo: &Demo, name: &str) {
    browser.open(&demo.at("/signin"));
    browser.write("[name=name]", name);
    browser.write("[name=password]", PASSWORD);
    browser.click("main form button");
    browser.wait_for("#main");
}

fn sign_out(browser: &Chromium) {
    browser.click("form[action='/signout'] button");
    browser.wait_for("[name=password]");
}

/// The overview keeps itself fresh: a figure changes, and the page was never loaded again.
fn watch_messages_flow(browser: &Chromium, demo: &Demo) {
    browser.open(&demo.at("/"));
    let queued = "a.fig[href='/queues'] .v";
    let before = browser.text(queued);
    browser.evaluate("window.isTheSamePage = true");
    demo.receive_as("adt-in", "ADT^A01", "night", 5);
    wait::until_so("a figure of the overview to change", || browser.text(queued) != before);
    let same = browser.evaluate("return window.isTheSamePage === true");
    assert_eq!(same.as_bool(), Some(true), "it was loaded again");
    browser.wait_for(".live:not(.stale)");
}

/// By the patient's id, which stands in no address; then what happened to one of his messages.
fn find_the_patient(browser: &Chromium, demo: &Demo) {
    browser.open(&demo.at("/messages"));
    wait::until_so("the patient's messages to be found", || {
        browser.write("#mq", PATIENT.0);
        browser.click("main form[action='/messages/find'] button");
        browser.wait_for("#mq");
        browser.text("body").contains("newest first")
    });
    assert!(!browser.address().contains(PATIENT.0), "{}", browser.address());
    browser.click(".msgs tbody tr:first-child .cid a");
    browser.wait_for_words("What happened");
    browser.wait_for_words("Stored and synced: Wardline owns it");
    browser.wait_for_words("Content is hidden.");
    assert!(!browser.source().contains(PATIENT.1), "nobody asked for it");
}

/// The destination is down and says why; it comes up, and is retried by hand: by itself it would be tried much later.
fn retry_what_was_down(browser: &Chromium, demo: &Demo) -> Sink {
    browser.open(&demo.at("/interfaces/radiology"));
    browser.wait_for_words("Why nothing moves");
    let waiting = usize::try_from(demo.engine.queue("radiology").pending).expect("a few");
    assert!(waiting > 0);
    let radiology = demo.radiology_comes_up();
    browser.click("form[action='/queues/radiology/retry'] button");
    radiology.wait_for(waiting);
    demo.engine.wait_for_queue("radiology", "to be empty", |row| row.pending == 0);
    browser.wait_for_words("Up");
    wait::until_so("the page to say so", || !browser.text("body").contains("Why nothing moves"));
    radiology
}

/// Three messages are chosen, looked at, sent in once more, and counted while that goes on.
fn replay_three(browser: &Chromium, demo: &Demo) {
    let before = demo.lis.arrived().len();
    browser.open(&demo.at("/messages?listener=lab-in&destination=lis"));
    for place in 1..=3 {
        browser.click(&format!(".msgs tbody tr:nth-child({place}) .choose input"));
    }
    browser.click("#chosen button:not([name])");
    browser.wait_for_words("Replay 3 messages?");
    assert_eq!(demo.lis.arrived().len(), before, "nothing is sent yet");
    browser.write("#why", "the laboratory lost them");
    browser.click("form[action='/replays'] button");
    browser.wait_for_words("3 of 3 done");
    browser.wait_for_words("Done");
    demo.lis.wait_for(before + 3);
    assert_eq!(demo.lis.arrived().len(), before + 3, "each once");
    browser.click("main a[href='/replays']");
    browser.wait_for_words("the laboratory lost them");
}

/// What lies on the disk is shown as a difference, applied, and runs.
fn reload(browser: &Chromium, demo: &Demo) {
    demo.configure_another_listener();
    browser.open(&demo.at("/config"));
    browser.wait_for_words("The file on the disk differs from what runs.");
    browser.wait_for_words("ward-in");
    browser.click("main details.opens summary");
    browser.click("form[action='/config/apply'] button");
    browser.wait_for_words("What runs is what is on the disk.");
    browser.open(&demo.at("/interfaces"));
    browser.wait_for_words("ward-in");
}

fn who_may_not_see_content_meets_none_anywhere() {
    let demo = Demo::start();
    let first = Chromium::start(Screen::WIDE);
    demo.set_up(&first);
    drop(first);
    demo.add_user(VIEWER, "viewer");
    let mut peer = Peer::connect(demo.engine.address("lab-in"));
    for place in 0..3 {
        assert_eq!(peer.send(&result(&format!("SECRET-{place}"))), "AA");
    }
    demo.lis.wait_for(23);
    // What is no message at all, what is broken, what is refused.
    let mut broken = Peer::connect(demo.engine.address("adt-in"));
    broken.send(&[b"PID|1||", PATIENT.0.as_bytes(), b"||", PATIENT.1.as_bytes(), b"\r"].concat());
    let mut viewer = Browser::at(demo.engine.page());
    assert_eq!(viewer.sign_in(VIEWER, PASSWORD).status, 303);
    let messages = wait::until("all messages to be found", || {
        Some(messages(&mut viewer)).filter(|messages| messages.len() >= 23)
    });
    let browser = demo.signed_in(Screen::WIDE, VIEWER);
    let crawled = crawl(&browser, &demo);
    for page in ["/messages", "/queues/registry", "/dead", "/interfaces/lab-in", "/system"] {
        assert!(crawled.contains(page), "{page} is not among {crawled:?}");
    }
    assert!(messages.iter().all(|one| crawled.contains(&format!("/messages/{one}"))));
    ask_every_route(&mut viewer, &messages);
    are_there(&demo, &messages);
    let found = viewer.submit("/messages", "/messages/find", &[("q", PATIENT.0)]);
    shows_nothing(found.location(), "where the box leads");
    let page = viewer.get(found.location());
    assert!(page.body.contains("No message matches."), "{}", page.body);
    shows_nothing(&demo.engine.log(), "the log");
}

/// What was looked for is in the messages: who may see content, sees it.
fn are_there(demo: &Demo, messages: &[u64]) {
    let message = MessageId::from_number(messages[1]).expect("not 0");
    let (by, reason) = (ADMIN.to_owned(), "to compare".to_owned());
    let Response::Content(content) =
        demo.engine.ask(&Request::Content { message, by, reason, most: None })
    else {
        panic!("no content");
    };
    let body = String::from_utf8(content.body).expect("text");
    assert!(SECRETS.iter().all(|secret| body.contains(secret)), "{body}");
}

fn shows_nothing(text: &str, place: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} in {place}: {text}");
    }
}

/// Follows every link from the overview on, and looks at each page: as it came, as it is seen, and its title.
fn crawl(browser: &Chromium, demo: &Demo) -> BTreeSet<String> {
    let mut known = BTreeSet::from(["/".to_owned()]);
    let mut ahead = VecDeque::from(["/".to_owned()]);
    while let Some(page) = ahead.pop_front() {
        browser.open(&demo.at(&page));
        browser.wait_for("body");
        shows_nothing(&browser.source(), &page);
        shows_nothing(&browser.text("body"), &page);
        let said = browser.evaluate(
            "return [document.title, ...[...document.querySelectorAll('a[href]')].map((a) => a.getAttribute('href'))]",
        );
        let said: Vec<String> = serde_json::from_value(said).expect("texts");
        for text in said {
            shows_nothing(&text, &format!("a link or the title of {page}"));
            let way = text.split('#').next().unwrap_or_default();
            let is_a_page = way.starts_with('/') && !way.starts_with("//");
            if is_a_page && known.insert(way.to_owned()) {
                ahead.push_back(way.to_owned());
            }
        }
    }
    known
}

/// The numbers of all messages.
fn messages(viewer: &mut Browser) -> Vec<u64> {
    let listed = viewer.get("/api/v1/messages?limit=1000");
    let listed: serde_json::Value = serde_json::from_str(&listed.body).expect("JSON");
    let rows = listed["messages"].as_array().expect("rows").iter();
    rows.map(|row| row["message"].as_u64().expect("a number")).collect()
}

/// Every route of the page and of the API, with something that is there in its place; whatever comes of it.
fn ask_every_route(viewer: &mut Browser, messages: &[u64]) {
    let csrf = viewer.get("/account").csrf().expect("a form");
    for (method, path, _) in wardline_admin::routes() {
        // What ends the session comes last of all, and what never ends is what open pages show.
        if path == "/signout" || path == "/live" {
            continue;
        }
        let parts: Vec<String> = match path.contains('{') {
            true if path.contains("/messages/") => {
                messages.iter().map(ToString::to_string).collect()
            }
            true => {
                ["lis", "registry", "radiology", "lab-in", "1", VIEWER].map(String::from).into()
            }
            false => vec![String::new()],
        };
        for part in parts {
            let path = filled(path, &part);
            for kind in ["application/json", "application/x-www-form-urlencoded"] {
                let headers = [("content-type", kind), ("x-csrf-token", csrf.as_str())];
                let body = if kind.ends_with("json") { "{}" } else { "reason=night" };
                let answer = viewer.send(&method, &path, &headers, body.into());
                let Answer { headers, body, .. } = &answer;
                shows_nothing(body, &format!("{method} {path}"));
                shows_nothing(&format!("{headers:?}"), &format!("a header of {method} {path}"));
            }
        }
    }
}

fn filled(path: &str, part: &str) -> String {
    let parts = path.split('/').map(|one| if one.starts_with('{') { part } else { one });
    parts.collect::<Vec<_>>().join("/")
}
