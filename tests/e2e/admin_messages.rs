//! The screens of messages: found by those who may, without a value of a patient until somebody who may asks for it.

use libtest_mimic::Trial;
use wardline_tests::browser::Browser;
use wardline_tests::peer::Peer;
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::admin_access::{PASSWORD, add_user, site};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        without_the_right_no_page_and_no_answer_shows_content,
        with_the_right_content_is_hidden_until_it_is_asked_for_and_that_is_recorded,
        a_patient_is_found_by_those_who_may_see_content_alone,
        a_document_is_a_file_for_those_who_may,
    ]
}

/// What names the patient of the message.
const SECRETS: [&str; 4] = ["SECRETNAME", "00714417", "V-4711", "19520314"];

/// Users, by name.
fn start() -> (Site, Engine) {
    let site = site("");
    add_user(&site, "viewer", &["viewer"]);
    add_user(&site, "reader", &["viewer", "--content"]);
    let engine = site.start();
    (site, engine)
}

fn signed_in(engine: &Engine, name: &str) -> Browser {
    let mut browser = Browser::at(engine.page());
    assert_eq!(browser.sign_in(name, PASSWORD).status, 303);
    browser
}

/// Sends a message of a patient, with a document in it. Its number, once it is found.
fn send(engine: &Engine, viewer: &mut Browser) -> String {
    let listener = engine.status().listeners.remove(0).id;
    let mut peer = Peer::connect(engine.address(&listener));
    let message = b"MSH|^~\\&|RIS|ST-E|LIS|HOSP|20260403120000||ADT^A01|A0001|P|2.5\r\
        PID|1||00714417^^^H^MR||SECRETNAME^JANE||19520314\r\
        PV1|1|I|W1||||||||||||||||V-4711\r\
        OBX|1|ED|RPT||LAB^AP^PDF^Base64^JVBERi0x||||||F\r";
    assert_eq!(peer.send(message), "AA");
    let page = wait::until("it is listed", || {
        let page = viewer.get("/messages?q=A0001");
        assert_eq!(page.status, 200, "{}", page.body);
        page.body.contains("href=\"/messages/").then_some(page)
    });
    let (_, behind) = page.body.split_once("href=\"/messages/").expect("a link");
    behind.split('"').next().expect("its end").to_owned()
}

fn assert_no_content(page: &str, what: &str) {
    for secret in SECRETS {
        assert!(!page.contains(secret), "{secret} in {what}: {page}");
    }
}

fn without_the_right_no_page_and_no_answer_shows_content() {
    let (_site, engine) = start();
    let mut viewer = signed_in(&engine, "viewer");
    let number = send(&engine, &mut viewer);
    let of = |part: &str| format!("{part}/{number}");
    for path in [
        "/messages".to_owned(),
        of("/messages"),
        "/api/v1/messages".to_owned(),
        of("/api/v1/messages"),
    ] {
        let page = viewer.get(&path);
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        assert!(page.body.contains("A0001"), "{path}: {}", page.body);
        assert_no_content(&page.body, &path);
    }
    let revealed = viewer.submit(&of("/messages"), &format!("/messages/{number}/reveal"), &[]);
    assert_eq!(revealed.status, 403);
    assert_no_content(&revealed.body, "the refusal");
    let bytes = viewer.get(&format!("/api/v1/messages/{number}/content"));
    assert_eq!((bytes.status, bytes.code().as_str()), (403, "denied"));
    assert!(!engine.log().contains("content of a message was read"), "nobody has");
}

fn with_the_right_content_is_hidden_until_it_is_asked_for_and_that_is_recorded() {
    let (_site, engine) = start();
    let mut reader = signed_in(&engine, "reader");
    let number = send(&engine, &mut reader);
    let path = format!("/messages/{number}");
    let hidden = reader.get(&path);
    assert_no_content(&hidden.body, &path);
    assert!(hidden.body.contains("Content is hidden."), "{}", hidden.body);
    let shown = reader.submit(&path, &format!("{path}/reveal"), &[]);
    assert_eq!(shown.status, 200, "{}", shown.body);
    for secret in SECRETS {
        assert!(shown.body.contains(secret), "{secret}: {}", shown.body);
    }
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    let log = engine.log();
    let told = log.lines().find(|line| line.contains("content of a message was read"));
    assert!(told.is_some_and(|line| line.contains("reader")), "{log}");
    assert_no_content(&log, "the log");
    let bytes = reader.get(&format!("/api/v1/messages/{number}/content"));
    assert_eq!(bytes.status, 200);
    assert!(bytes.body.contains("SECRETNAME^JANE"), "{}", bytes.body);
    assert_eq!(reader.get(&path).status, 200);
    assert_no_content(&reader.get(&path).body, "the page afterwards");
}

fn a_patient_is_found_by_those_who_may_see_content_alone() {
    let (_site, engine) = start();
    let mut viewer = signed_in(&engine, "viewer");
    let number = send(&engine, &mut viewer);
    let link = format!("href=\"/messages/{number}\"");
    let by_patient = "/messages?q=00714417";
    assert!(!viewer.get(by_patient).body.contains(&link), "a viewer finds by control ids");
    let mut reader = signed_in(&engine, "reader");
    assert!(reader.get(by_patient).body.contains(&link));
    let asked = "/api/v1/messages?key=patient:00714417";
    let refused = viewer.get(asked);
    assert_eq!((refused.status, refused.code().as_str()), (403, "denied"));
    assert_no_content(&refused.body, "the refusal");
    let found = reader.get(asked);
    assert!(found.body.contains("\"A0001\""), "{}", found.body);
    let unknown = reader.get("/api/v1/messages?key=color:red");
    assert_eq!((unknown.status, unknown.code().as_str()), (422, "unknown-key"));
}

fn a_document_is_a_file_for_those_who_may() {
    let (_site, engine) = start();
    let mut reader = signed_in(&engine, "reader");
    let number = send(&engine, &mut reader);
    let path = format!("/messages/{number}");
    assert!(reader.get(&path).body.contains("application/pdf"), "told by its kind");
    let file = reader.submit(&path, &format!("{path}/document"), &[("path", "OBX")]);
    assert_eq!((file.status, file.body.as_str()), (200, "%PDF-1"));
    let name = format!("attachment; filename=\"{number}.pdf\"");
    assert_eq!(file.header("content-disposition"), Some(name.as_str()));
    let mut viewer = signed_in(&engine, "viewer");
    let refused = viewer.submit(&path, &format!("{path}/document"), &[("path", "OBX")]);
    assert_eq!(refused.status, 403);
}
