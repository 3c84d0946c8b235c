//! Trying a message against the running configuration: by the page, by the API, by the command line. Nothing is sent,
//! stored or logged.

use libtest_mimic::Trial;
use wardline_tests::browser::{Answer, Browser};
use wardline_tests::peer::Peer;
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::admin_access::{PASSWORD, add_user};
use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_pasted_message_is_accounted_for_and_leaves_nothing_behind,
        what_runs_is_asked_and_not_what_lies_on_the_disk,
        a_message_of_the_past_is_tried_by_those_who_may_see_it,
        the_listener_is_known_by_the_sender_or_has_to_be_said,
        a_slow_script_harms_nobody,
        what_cannot_be_tried_is_told_with_what_was_pasted,
    ]
}

const CONFIGURATION: &str = r#"
[admin]
bind = "127.0.0.1:0"

[lookups.units]
file = "units.csv"
on_miss = "keep"

[handlers.triage]
kind = "lua"
file = "triage.lua"

[[listeners]]
id = "in"
bind = "127.0.0.1:0"
handlers = ["triage"]

  [[listeners.rules]]
  name = "patient-id"
  expression = "pid.id.matches('^[0-9]+$')"
  message = "PID-3 is a number here"

[[listeners]]
id = "other"
bind = "127.0.0.1:0"

[[routes]]
id = "to-lab"
match = { message = ["ADT"] }
to = ["lis"]

  [[routes.transform]]
  map = "OBX[*]-6"
  table = "units"

  [[routes.transform]]
  script = "names.lua"

[[routes]]
id = "results"
match = { message = ["ORU"] }
to = ["lis"]

[[destinations]]
id = "lis"
kind = "file"
path = "{control_id}.hl7"
"#;

const TRIAGE: &str = r#"
function handle(message)
    log.error("triage of " .. message["PID-5.1"])
end
"#;

const NAMES: &str = r#"
function transform(message)
    log.error("names of " .. message["PID-5.1"])
    message["PID-5.1"] = "X"
end
"#;

const PASTED: &str = "MSH|^~\\&|RIS|ST-E|LIS|HOSP|20260403120000||ADT^A01|T0001|P|2.5\n\
    PID|1||4417||SECRETNAME^JANE\nOBX|1|NM|718-7||13.5|pounds|||||F\n";

/// A site with a page, a user of each kind, and its engine.
fn start() -> (Site, Engine) {
    let site = Site::new(PROGRAM, CONFIGURATION);
    for (name, text) in
        [("units.csv", "theirs,ours\ng/dL,g/l\n"), ("triage.lua", TRIAGE), ("names.lua", NAMES)]
    {
        std::fs::write(site.folder().join(name), text).expect("a file");
    }
    add_user(&site, "operator", &["operator"]);
    add_user(&site, "reader", &["viewer", "--content"]);
    let engine = site.start();
    (site, engine)
}

fn signed_in(engine: &Engine, name: &str) -> Browser {
    let mut browser = Browser::at(engine.page());
    assert_eq!(browser.sign_in(name, PASSWORD).status, 303);
    browser
}

/// Asks the API as the session does.
fn api(browser: &mut Browser, body: &serde_json::Value) -> Answer {
    let csrf = browser.get("/account").csrf().expect("a form");
    let headers = [("content-type", "application/json"), ("x-csrf-token", csrf.as_str())];
    browser.send("POST", "/api/v1/try", &headers, body.to_string().into_bytes())
}

fn log(site: &Site) -> String {
    let log = site.command(["--config", "wardline.toml", "logs", "--level", "trace"]);
    String::from_utf8_lossy(&log.stdout).into_owned()
}

fn a_pasted_message_is_accounted_for_and_leaves_nothing_behind() {
    let (site, engine) = start();
    let mut operator = signed_in(&engine, "operator");
    assert!(operator.get("/").body.contains("href=\"/try\""), "a way of the sidebar");
    let page = operator.submit("/try", "/try", &[("text", PASTED), ("listener", "in")]);
    assert_eq!(page.status, 200, "{}", page.body);
    for part in [
        "It would be taken, and go to 1 destination.",
        "patient-id",
        "to-lab",
        "`message` does not match",
        "map OBX[*]-6 by units",
        "script names.lua",
        "was SECRETNAME",
        "MSA|AA|T0001",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let told = api(&mut operator, &serde_json::json!({ "text": PASTED, "listener": "in" }));
    let told: serde_json::Value = serde_json::from_str(&told.body).expect("JSON");
    assert_eq!(told["accounts"][0]["destinations"][0]["id"], "lis");
    std::fs::write(site.folder().join("a.hl7"), PASTED).expect("a file");
    let arguments = ["--config", "wardline.toml", "try", "a.hl7", "--running", "--listener", "in"];
    let printed = site.command([&arguments[..], &["--json"]].concat());
    let printed: serde_json::Value = serde_json::from_slice(&printed.stdout).expect("JSON");
    assert_eq!(printed["rules"], told["accounts"][0]["rules"]);
    assert!(site.command(arguments).status.success());
    let status = engine.status();
    assert!(status.listeners.iter().all(|row| row.counts.frames == 0), "nothing came in");
    let lookups = site.command(["--config", "wardline.toml", "lookup", "list", "--json"]);
    let lookups = String::from_utf8_lossy(&lookups.stdout).into_owned();
    assert!(lookups.contains("\"misses\":0"), "what was tried is not missed: {lookups}");
    assert!(!log(&site).contains("SECRETNAME"), "{}", log(&site));
    assert!(!site.folder().join("T0001.hl7").exists());
}

fn what_runs_is_asked_and_not_what_lies_on_the_disk() {
    let (site, engine) = start();
    let text = std::fs::read_to_string(site.folder().join("wardline.toml")).expect("a file");
    let changed = text.replace("id = \"to-lab\"", "id = \"renamed\"");
    std::fs::write(site.folder().join("wardline.toml"), changed).expect("a file");
    let mut operator = signed_in(&engine, "operator");
    let body = serde_json::json!({ "text": PASTED, "listener": "in" });
    let routes = |answer: &Answer| {
        let told: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
        told["accounts"][0]["routes"][0]["id"].as_str().expect("a route").to_owned()
    };
    assert_eq!(routes(&api(&mut operator, &body)), "to-lab");
    assert!(site.command(["--config", "wardline.toml", "reload"]).status.success());
    assert_eq!(routes(&api(&mut operator, &body)), "renamed");
}

fn a_message_of_the_past_is_tried_by_those_who_may_see_it() {
    let (site, engine) = start();
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(PASTED.replace('\n', "\r").as_bytes()), "AA");
    let mut reader = signed_in(&engine, "reader");
    let page = wait::until("it is listed", || {
        let page = reader.get("/messages?control_id=T0001");
        page.body.contains("href=\"/messages/").then_some(page)
    });
    let (_, behind) = page.body.split_once("href=\"/messages/").expect("a link");
    let number = behind.split('"').next().expect("its end").to_owned();
    let message = format!("/messages/{number}");
    assert!(reader.get(&message).body.contains("action=\"/try\""), "a button of its page");
    let without = reader.submit(&message, "/try", &[("message", &number)]);
    assert_eq!(without.status, 400, "a reason is needed");
    let why = [("message", number.as_str()), ("reason", "ticket 8841")];
    let page = reader.submit(&message, "/try", &why);
    assert!(page.body.contains("It would be taken, and go to 1 destination."), "{}", page.body);
    assert!(page.body.contains("received by in"), "through the listener that it came through");
    let log = log(&site);
    let told = log.lines().find(|line| line.contains("content of a message was read"));
    assert!(told.is_some_and(|line| line.contains("reader") && line.contains("8841")), "{log}");
    let mut operator = signed_in(&engine, "operator");
    assert!(!operator.get(&message).body.contains("action=\"/try\""));
    let refused = operator.submit("/try", "/try", &why);
    assert_eq!(refused.status, 403);
    let asked = serde_json::json!({ "message": number.parse::<u64>().expect("a number") });
    assert_eq!(api(&mut operator, &asked).code(), "denied");
    assert_eq!(api(&mut reader, &asked).status, 200);
    let printed = site.command(["--config", "wardline.toml", "try", "--message", &number]);
    let printed = String::from_utf8_lossy(&printed.stdout).into_owned();
    assert!(printed.contains("listener      in\n"), "{printed}");
}

fn the_listener_is_known_by_the_sender_or_has_to_be_said() {
    let (_site, engine) = start();
    let mut operator = signed_in(&engine, "operator");
    let asked = serde_json::json!({ "text": PASTED });
    let refused = api(&mut operator, &asked);
    assert_eq!((refused.status, refused.code().as_str()), (422, "which-listener"));
    assert!(refused.body.contains("in, other"), "{}", refused.body);
    let unknown = api(&mut operator, &serde_json::json!({ "text": PASTED, "listener": "none" }));
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "not-found"));
    let mut peer = Peer::connect(engine.address("other"));
    assert_eq!(peer.send(PASTED.replace('\n', "\r").as_bytes()), "AA");
    let told = wait::until("its sender is known", || {
        let answer = api(&mut operator, &asked);
        (answer.status == 200).then_some(answer)
    });
    let told: serde_json::Value = serde_json::from_str(&told.body).expect("JSON");
    assert_eq!(told["listener"], "other");
}

fn a_slow_script_harms_nobody() {
    let (site, engine) = start();
    let slow = "function transform(message)\n    if message[\"PID-3\"] == \"666\" then while true do end end\nend\n";
    std::fs::write(site.folder().join("names.lua"), slow).expect("a file");
    assert!(site.command(["--config", "wardline.toml", "reload"]).status.success());
    let mut operator = signed_in(&engine, "operator");
    let mut peer = Peer::connect(engine.address("in"));
    let stuck = PASTED.replace("4417", "666");
    let tried = std::thread::scope(|scope| {
        let trials: Vec<_> = (0..4)
            .map(|_| {
                let mut twin = operator.twin();
                let asked = serde_json::json!({ "text": &stuck, "listener": "in" });
                scope.spawn(move || api(&mut twin, &asked))
            })
            .collect();
        for number in 0..20 {
            let message = PASTED.replace("T0001", &format!("M{number}")).replace('\n', "\r");
            assert_eq!(peer.send(message.as_bytes()), "AA", "messages go on meanwhile");
        }
        trials.into_iter().map(|trial| trial.join().expect("an answer")).collect::<Vec<_>>()
    });
    for answer in tried {
        // Its script passes its own limit: the account says so, as a sender would be told.
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.body.contains("\"code\":\"AE\""), "{}", answer.body);
    }
    assert_eq!(operator.get("/try").status, 200);
}

fn what_cannot_be_tried_is_told_with_what_was_pasted() {
    let (_site, engine) = start();
    let mut operator = signed_in(&engine, "operator");
    let page = operator.submit("/try", "/try", &[("text", PASTED), ("listener", "none")]);
    assert_eq!(page.status, 404);
    assert!(page.body.contains("It was not tried.") && page.body.contains("SECRETNAME^JANE"));
    let no_hl7 = operator.submit("/try", "/try", &[("text", "hello"), ("listener", "in")]);
    assert_eq!(no_hl7.status, 200);
    assert!(no_hl7.body.contains("It would be refused: AR."), "{}", no_hl7.body);
    let long = format!("{PASTED}NTE|1||{}", "x".repeat(1024 * 1024));
    let refused = api(&mut operator, &serde_json::json!({ "text": long, "listener": "in" }));
    assert_eq!((refused.status, refused.code().as_str()), (422, "too-long"));
    for asked in [serde_json::json!({}), serde_json::json!({ "text": PASTED, "message": 7 })] {
        assert_eq!(api(&mut operator, &asked).status, 400);
    }
}
