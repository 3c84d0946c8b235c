//! One message taken apart, what belongs to it and what it carries: by the API and the command line as on its page.

use libtest_mimic::Trial;
use serde_json::Value;
use wardline_tests::browser::Browser;
use wardline_tests::peer::Peer;
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::admin_access::{PASSWORD, add_user, site};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        programs_see_the_parts_of_a_message_and_values_only_with_the_right,
        the_command_line_shows_the_parts_of_a_message,
    ]
}

/// Two messages of one patient's order with different control ids, the first with a document in it.
fn received() -> (Site, Engine) {
    let site = site("");
    add_user(&site, "viewer", &["viewer"]);
    add_user(&site, "reader", &["viewer", "--content"]);
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    for (control_id, last) in
        [("A0001", "ED|RPT||LAB^AP^PDF^Base64^JVBERi0x"), ("A0002", "ST|NOTE||none")]
    {
        let message = format!(
            "MSH|^~\\&|RIS|ST-E|LIS|HOSP|20260403120000||ORU^R01|{control_id}|P|2.5\r\
             PID|1||00714417^^^H^MR||SECRETNAME^JANE\r\
             ORC|RE|ORDER-4711|FILLER-4711\r\
             OBR|1|ORDER-4711|FILLER-4711|CODE\r\
             OBX|1|{last}||||||F\r"
        );
        assert_eq!(peer.send(message.as_bytes()), "AA");
    }
    wait::until("both are found", || {
        let found = json(&site, &["message", "search"]);
        found["messages"].as_array().is_some_and(|all| all.len() == 2).then_some(())
    });
    (site, engine)
}

fn json(site: &Site, words: &[&str]) -> Value {
    let output = site.command([&["--config", "wardline.toml", "--json"], words].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn signed_in(engine: &Engine, name: &str) -> Browser {
    let mut browser = Browser::at(engine.page());
    assert_eq!(browser.sign_in(name, PASSWORD).status, 303);
    browser
}

/// What the messages that belong to the first have in common with it.
fn same(answer: &str) -> Vec<String> {
    let answer: Value = serde_json::from_str(answer).expect("JSON");
    let related = answer["related"].as_array().expect("a list").iter();
    related.map(|one| one["same"].as_str().expect("a word").to_owned()).collect()
}

fn programs_see_the_parts_of_a_message_and_values_only_with_the_right() {
    let (_site, engine) = received();
    let (mut viewer, mut reader) = (signed_in(&engine, "viewer"), signed_in(&engine, "reader"));
    let hidden = viewer.get("/api/v1/messages/1/segments");
    assert!(hidden.status == 200 && hidden.body.contains("\"PID-3"), "{hidden:?}");
    assert!(!hidden.body.contains("00714417") && !hidden.body.contains("SECRETNAME"));
    for path in ["segments?content=true", "document?path=OBX[1]"] {
        let refused = viewer.get(&format!("/api/v1/messages/1/{path}"));
        assert_eq!((refused.status, refused.code().as_str()), (403, "denied"), "{path}");
    }
    let shown = reader.get("/api/v1/messages/1/segments?content=true");
    assert!(shown.status == 200 && shown.body.contains("SECRETNAME"), "{shown:?}");
    assert!(engine.log().contains("content of a message was read"));
    let segments: Value = serde_json::from_str(&shown.body).expect("JSON");
    let all = segments["segments"].as_array().expect("a list");
    let carries = all.iter().find(|one| one["document"].is_object()).expect("a document");
    let place = carries["path"].as_str().expect("a place").replace('[', "%5B").replace(']', "%5D");
    let document = reader.get(&format!("/api/v1/messages/1/document?path={place}"));
    assert_eq!((document.status, document.body.as_str()), (200, "%PDF-1"));
    assert_eq!(reader.get("/api/v1/messages/1/document?path=PID").status, 404);
    let related = "/api/v1/messages/1/related";
    assert_eq!(same(&reader.get(related).body), ["order"]);
    assert!(same(&viewer.get(related).body).is_empty(), "that is known by content alone");
    assert!(!viewer.get("/messages/1").body.contains("A0002"), "on the page as well");
    assert!(reader.get("/messages/1").body.contains("A0002"));
}

fn the_command_line_shows_the_parts_of_a_message() {
    let (site, _engine) = received();
    let said = |words: &[&str]| {
        let output = site.command([&["--config", "wardline.toml", "message"], words].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    let hidden = said(&["segments", "1"]);
    assert!(hidden.contains("PID-3") && !hidden.contains("00714417"), "{hidden}");
    assert!(said(&["segments", "1", "--content"]).contains("00714417"));
    let related = said(&["related", "1"]);
    assert!(related.contains("order") && related.contains("A0002"), "{related}");
    let segments = json(&site, &["message", "segments", "1"]);
    let all = segments["segments"].as_array().expect("a list");
    let carries = all.iter().find(|one| one["document"].is_object()).expect("a document");
    let place = carries["path"].as_str().expect("a place");
    assert_eq!(said(&["document", "1", place, "--to", "-"]), "%PDF-1");
    said(&["document", "1", place, "--to", "report.pdf"]);
    let written = std::fs::read(site.folder().join("report.pdf")).expect("a file");
    assert_eq!(written, b"%PDF-1");
}
