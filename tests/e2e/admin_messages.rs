//! The screens of messages: found by those who may, without a value of a patient until somebody who may asks for it.

use libtest_mimic::Trial;
use wardline_tests::browser::{Answer, Browser};
use wardline_tests::peer::Peer;
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::admin_access::{PASSWORD, add_user, site};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        without_the_right_no_page_and_no_answer_shows_content,
        with_the_right_content_is_hidden_until_it_is_asked_for_and_that_is_recorded,
        a_patient_is_found_by_those_who_may_see_content_alone,
        what_names_a_patient_stands_in_no_address_and_who_looked_is_recorded,
        a_filter_that_means_nothing_finds_nothing,
        whose_messages_belong_together_is_content,
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
        let page = viewer.get("/messages?control_id=A0001");
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
    let unasked = reader.submit(&path, &format!("{path}/reveal"), &[]);
    assert_eq!(unasked.status, 400, "a reason is needed");
    assert_no_content(&unasked.body, "the refusal");
    let reason = [("reason", "ticket 8841")];
    let shown = reader.submit(&path, &format!("{path}/reveal"), &reason);
    assert_eq!(shown.status, 200, "{}", shown.body);
    for secret in SECRETS {
        assert!(shown.body.contains(secret), "{secret}: {}", shown.body);
    }
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    let leaves = format!("300; url={path}");
    assert_eq!(shown.header("refresh"), Some(leaves.as_str()), "it hides by itself");
    let log = engine.log();
    let read = |line: &&str| line.contains("content of a message was read");
    let told = log.lines().filter(read).find(|line| line.contains("ticket 8841"));
    assert!(told.is_some_and(|line| line.contains("reader")), "{log}");
    assert_no_content(&log, "the log");
    let bytes = reader.get(&format!("/api/v1/messages/{number}/content"));
    assert_eq!(bytes.status, 200);
    assert!(bytes.body.contains("SECRETNAME^JANE"), "{}", bytes.body);
    assert_eq!(reader.get(&path).status, 200);
    assert_no_content(&reader.get(&path).body, "the page afterwards");
}

/// Writes into the box. The page that it leads to.
fn find(browser: &mut Browser, text: &str) -> (String, Answer) {
    let sent = browser.submit("/messages", "/messages/find", &[("q", text)]);
    assert_eq!(sent.status, 303, "{}", sent.body);
    let address = sent.location().to_owned();
    let page = browser.get(&address);
    (address, page)
}

/// Asks the API for messages with these keys.
fn search(browser: &mut Browser, keys: &str) -> Answer {
    let csrf = browser.get("/account").csrf().expect("a form");
    let headers = [("content-type", "application/json"), ("x-csrf-token", csrf.as_str())];
    let body = format!("{{\"keys\":[{keys}]}}");
    browser.send("POST", "/api/v1/messages/search", &headers, body.into_bytes())
}

fn a_patient_is_found_by_those_who_may_see_content_alone() {
    let (_site, engine) = start();
    let mut viewer = signed_in(&engine, "viewer");
    let number = send(&engine, &mut viewer);
    let link = format!("href=\"/messages/{number}\"");
    let (_, page) = find(&mut viewer, "00714417");
    assert!(!page.body.contains(&link), "a viewer finds by control ids");
    assert!(find(&mut viewer, "A0001").1.body.contains(&link), "and by these he does");
    let mut reader = signed_in(&engine, "reader");
    let (found, page) = find(&mut reader, "00714417");
    assert!(page.body.contains(&link), "{}", page.body);
    let of_another = viewer.get(&found);
    assert!(!of_another.body.contains("00714417"), "his address tells her nothing");
    assert!(!of_another.body.contains(&link), "{}", of_another.body);
    assert_eq!(find(&mut reader, &format!("#{number}")).0, format!("/messages/{number}"));
    let by_patient = "{\"name\":\"patient\",\"value\":\"00714417\"}";
    for keys in [by_patient, "{\"value\":\"00714417\"}"] {
        let refused = search(&mut viewer, keys);
        assert_eq!((refused.status, refused.code().as_str()), (403, "denied"));
        assert_no_content(&refused.body, "the refusal");
        let found = search(&mut reader, keys);
        assert!(found.body.contains("\"A0001\""), "{}", found.body);
    }
    let unknown = search(&mut reader, "{\"name\":\"color\",\"value\":\"red\"}");
    assert_eq!((unknown.status, unknown.code().as_str()), (422, "unknown-key"));
}

fn what_names_a_patient_stands_in_no_address_and_who_looked_is_recorded() {
    let (_site, engine) = start();
    let mut reader = signed_in(&engine, "reader");
    let number = send(&engine, &mut reader);
    assert!(!engine.log().contains("looked for by content"), "a control id is no content");
    let (address, page) = find(&mut reader, "00714417");
    assert!(page.body.contains(&format!("/messages/{number}")));
    assert!(address.starts_with("/messages?found="), "{address}");
    let links = page.body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    for link in links.chain([address.as_str()]) {
        assert_no_content(link, "an address");
    }
    let old = reader.get("/messages?q=00714417");
    assert!(old.body.contains("Nothing could be looked for."), "{}", old.body);
    let refused = reader.get("/api/v1/messages?key=patient:00714417");
    assert_eq!((refused.status, refused.code().as_str()), (400, "not-understood"));
    assert_no_content(&refused.body, "the refusal");
    search(&mut reader, "{\"name\":\"visit\",\"value\":\"V-4711\"}");
    let log = engine.log();
    let told: Vec<&str> =
        log.lines().filter(|line| line.contains("messages were looked for by content")).collect();
    assert!(told.len() == 2 && told.iter().all(|line| line.contains("reader")), "{log}");
    assert!(told[0].contains("any") && told[1].contains("visit"), "{log}");
    assert_no_content(&log, "the log");
}

fn a_filter_that_means_nothing_finds_nothing() {
    let (_site, engine) = start();
    let mut viewer = signed_in(&engine, "viewer");
    let number = send(&engine, &mut viewer);
    for wrong in ["state=lost", "until=2026-11-21+02:00", "min_size=big", "found=nobody"] {
        let page = viewer.get(&format!("/messages?{wrong}"));
        assert!(page.body.contains("Nothing could be looked for."), "{wrong}: {}", page.body);
        assert!(page.body.contains("is not understood"), "{wrong}: {}", page.body);
        assert!(!page.body.contains(&format!("/messages/{number}")), "{wrong}");
    }
}

fn whose_messages_belong_together_is_content() {
    let (_site, engine) = start();
    let mut viewer = signed_in(&engine, "viewer");
    let number = send(&engine, &mut viewer);
    let listener = engine.status().listeners.remove(0).id;
    let discharge = b"MSH|^~\\&|RIS|ST-E|LIS|HOSP|20260403130000||ADT^A03|B0002|P|2.5\r\
        PID|1||00714417^^^H^MR||SECRETNAME^JANE||19520314\r\
        PV1|1|I|W1||||||||||||||||V-4711\r";
    assert_eq!(Peer::connect(engine.address(&listener)).send(discharge), "AA");
    let mut reader = signed_in(&engine, "reader");
    let path = format!("/messages/{number}");
    wait::until("they are of one visit", || {
        reader.get(&path).body.contains("same visit").then_some(())
    });
    let page = viewer.get(&path);
    assert!(!page.body.contains("same visit") && !page.body.contains("B0002"), "{}", page.body);
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
