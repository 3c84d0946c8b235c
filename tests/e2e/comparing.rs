//! `wardline diff`: what another configuration would do to the messages that an engine has received.

use libtest_mimic::Trial;
use serde_json::Value;
use wardline_tests::message::{adt, message};
use wardline_tests::peer::Peer;
use wardline_tests::site::Site;
use wardline_tests::trials;

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        messages_that_a_running_engine_received_are_held_against_another_configuration,
        an_engine_that_never_ran_has_no_history,
        a_script_that_is_changed_shows_by_what_it_does,
        a_listener_that_is_not_there_is_refused_for_history_as_for_files,
        another_request_to_a_web_server_is_another_outcome,
    ]
}

const CONFIGURATION: &str = r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"
dedup = "replay"

[[listeners]]
id = "other"
bind = "127.0.0.1:0"

[[routes]]
id = "admissions"
match = { message = ["ADT"] }
to = ["archive"]

[[destinations]]
id = "archive"
kind = "file"
path = "archive/{control_id}.hl7"
"#;

/// The configuration that runs, as the site has written it.
fn running(site: &Site) -> String {
    std::fs::read_to_string(site.folder().join("wardline.toml")).expect("the configuration")
}

fn diff(site: &Site, new: &str, arguments: &[&str]) -> (Value, Option<i32>) {
    std::fs::write(site.folder().join("new.toml"), new).expect("a file");
    let fixed = ["--json", "diff", "wardline.toml", "new.toml", "--against", "history"];
    let output = site.command(fixed.iter().chain(arguments));
    let told = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (told, output.status.code())
}

fn messages_that_a_running_engine_received_are_held_against_another_configuration() {
    let site = Site::new(PROGRAM, CONFIGURATION);
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    for number in 0..20 {
        assert_eq!(peer.send(&adt(&format!("A{number}"))), "AA");
    }
    assert_eq!(peer.send(&adt("A19")), "AA", "a copy");
    assert_eq!(peer.send(&message("ORM^O01", "O1")), "AA");
    assert_eq!(Peer::connect(engine.address("other")).send(&adt("B1")), "AA");

    let (told, exit) = diff(&site, &running(&site), &[]);
    assert_eq!(exit, Some(0), "{told}");
    assert_eq!((&told["messages"], &told["otherwise"]), (&22.into(), &0.into()), "{told}");
    assert_eq!(told["passed_over"]["copies"], 1);

    let new = running(&site)
        .replace("match = { message = [\"ADT\"] }", "match = { message = [\"ORM\"] }")
        .replace(
            "id = \"other\"\nbind = \"127.0.0.1:0\"",
            "id = \"other\"\nbind = \"127.0.0.1:0\"\nunrouted = \"reject\"",
        );
    let (told, exit) = diff(&site, &new, &["--examples", "1"]);
    assert_eq!(exit, Some(1));
    let groups = told["groups"].as_array().expect("groups");
    let group = |group: &Value| {
        let happens = &group["happens"];
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let [kind, listener] = ["kind", "listener"].map(|key| text(&happens[key]));
        let example = text(&group["to"]["examples"][0]["control_id"]);
        let count = group["to"]["messages"].as_u64().expect("a count");
        format!("{count} {kind} {listener} {} {example}", text(&happens["why"]))
    };
    assert_eq!(
        groups.iter().map(group).collect::<Vec<_>>(),
        [
            "1 refused other AR: No route takes this message B1",
            "20 nowhere in - A0",
            "20 no_longer in route admissions: `message` does not match A0",
            "1 also in by admissions O1",
        ]
    );
    let text = told.to_string();
    assert!(!text.contains("DOE"), "no content without --show: {text}");

    let (told, _) = diff(&site, &new, &["--last", "2"]);
    assert_eq!(told["messages"], 2, "the newest");
    let (told, _) = diff(&site, &new, &["--listener", "other"]);
    assert_eq!(told["messages"], 1);
    assert_eq!(peer.send(&adt("A20")), "AA", "the engine goes on");
}

fn an_engine_that_never_ran_has_no_history() {
    let site = Site::new(PROGRAM, CONFIGURATION);
    let (_, exit) = diff(&site, &running(&site), &[]);
    assert_eq!(exit, Some(6));
}

fn a_script_that_is_changed_shows_by_what_it_does() {
    let gated = "[handlers.gate]\nkind = \"lua\"\nfile = \"gate.lua\"\n\n[[listeners]]\nid = \"in\"\n\
                 bind = \"127.0.0.1:0\"\nhandlers = [\"gate\"]\n";
    let site = Site::new(PROGRAM, gated);
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(site.folder().join(name), bytes).expect("a file");
    };
    let script = |id: &str| {
        format!(
            "function handle(message)\nif message['MSH-10'] == '{id}' then reject('no') end\nend\n"
        )
    };
    write("gate.lua", script("M1").as_bytes());
    write("stricter.lua", script("M2").as_bytes());
    write("new.toml", running(&site).replace("gate.lua", "stricter.lua").as_bytes());
    write("m1.hl7", &adt("M1"));
    write("m2.hl7", &adt("M2"));
    let tried = site.command(["--config", "wardline.toml", "try", "m1.hl7"]);
    assert!(String::from_utf8_lossy(&tried.stdout).contains("gate: asked"), "a script is asked");
    assert_eq!(tried.status.code(), Some(1));
    let fixed = ["--json", "diff", "wardline.toml", "new.toml", "--against", "m1.hl7", "m2.hl7"];
    let told = site.command(fixed);
    let told: Value = serde_json::from_slice(&told.stdout).expect("JSON");
    let kinds = told["groups"].as_array().expect("groups").iter();
    let kinds: Vec<&Value> = kinds.map(|group| &group["happens"]["kind"]).collect();
    assert_eq!(kinds, ["refused", "taken"], "{told}");
}

fn a_listener_that_is_not_there_is_refused_for_history_as_for_files() {
    let site = Site::new(PROGRAM, CONFIGURATION);
    let engine = site.start();
    assert_eq!(Peer::connect(engine.address("in")).send(&adt("A1")), "AA");
    let new = running(&site)
        .replace("match = { message = [\"ADT\"] }", "match = { message = [\"ORM\"] }");
    let (told, exit) = diff(&site, &new, &["--listener", "inn"]);
    assert_eq!((told, exit), (Value::Null, Some(6)));
    let (_, exit) = diff(&site, &new, &["--listener", "in"]);
    assert_eq!(exit, Some(1));
}

fn another_request_to_a_web_server_is_another_outcome() {
    let web = CONFIGURATION.replace(
        "kind = \"file\"\npath = \"archive/{control_id}.hl7\"",
        "kind = \"http\"\nurl = \"http://127.0.0.1:1/hl7\"\nbody = { id = \"MSH-10\" }",
    );
    let site = Site::new(PROGRAM, &web);
    std::fs::write(site.folder().join("one.hl7"), adt("A1")).expect("a file");
    let why = |from: &str, to: &str| {
        let new = running(&site).replace(from, to);
        std::fs::write(site.folder().join("new.toml"), new).expect("a file");
        let diff = ["--json", "diff", "wardline.toml", "new.toml"];
        let against = ["--against", "one.hl7", "--listener", "in"];
        let output = site.command(diff.iter().chain(&against));
        let told: Value = serde_json::from_slice(&output.stdout).expect("a report");
        let why = told["groups"][0]["happens"]["why"].as_str().unwrap_or("-").to_owned();
        (why, output.status.code())
    };
    for (from, to, expected, exit) in [
        ("MSH-10\" }", "MSH-9.1\" }", "its request: body", 1),
        ("{ id = \"MSH-10\" }", "\"hl7\"", "its request: content type, body", 1),
        ("/hl7\"", "/hl7?key=1\"\nmethod = \"PUT\"", "its request: method, path or query", 1),
        ("/hl7\"", "/hl7\"\nheaders = { X-Site = \"st-e\" }", "its request: headers", 1),
        ("127.0.0.1:1/", "127.0.0.1:2/", "-", 0),
        ("/hl7\"", "/hl7\"\ntimeout = \"5s\"", "-", 0),
    ] {
        assert_eq!(why(from, to), (expected.to_owned(), Some(exit)), "{to}");
    }
}
