//! Replays on the page and in the API: what was looked at is what is sent in, by those who may.

use libtest_mimic::Trial;
use serde_json::{Value, json};
use wardline_tests::browser::{Answer, Browser};
use wardline_tests::message::{adt, control_id};
use wardline_tests::peer::Peer;
use wardline_tests::sink::Sink;
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::admin_access::{PASSWORD, add_user};
use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        chosen_messages_are_looked_at_then_sent_in,
        all_that_a_search_finds_is_what_was_counted,
        many_are_started_by_their_count_typed,
        a_job_is_paused_resumed_and_cancelled_on_its_page,
        one_message_is_resent_reprocessed_and_edited,
        the_api_replays_a_search_and_exactly_what_its_preview_counted,
        the_command_line_replays_what_a_search_finds,
        a_list_is_for_whoever_looked_at_it,
    ]
}

/// One listener, one route, one laboratory.
struct Lab {
    site: Site,
    engine: Engine,
    lis: Sink,
}

impl Lab {
    fn start() -> Self {
        let lis = Sink::accepting();
        let configuration = format!(
            "[admin]\nbind = \"127.0.0.1:0\"\n\
             [[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\n\
             [[routes]]\nid = \"all\"\nto = [\"lis\"]\n\
             [[destinations]]\nid = \"lis\"\nkind = \"mllp\"\naddress = \"{}\"\n",
            lis.address()
        );
        let site = Site::new(PROGRAM, &configuration);
        add_user(&site, "olga", &["operator"]);
        add_user(&site, "charge", &["operator", "--content"]);
        let engine = site.start();
        Self { site, engine, lis }
    }

    fn signed_in(&self, name: &str) -> Browser {
        let mut browser = Browser::at(self.engine.page());
        assert_eq!(browser.sign_in(name, PASSWORD).status, 303);
        browser
    }

    /// Sends these, and waits until they can be found.
    fn receive(&self, ids: &[String], browser: &mut Browser) {
        let before = self.lis.arrived().len();
        let mut peer = Peer::connect(self.engine.address("in"));
        for id in ids {
            assert_eq!(peer.send(&adt(id)), "AA");
        }
        self.lis.wait_for(before + ids.len());
        let last = ids.last().expect("some");
        wait::until("they can be found", || {
            let page = browser.get(&format!("/api/v1/messages?key=control-id:{last}"));
            (json_of(&page)["messages"].as_array()?.len() == 1).then_some(())
        });
    }

    /// The control ids of what came beyond so many, once there are so many more.
    fn behind(&self, first: usize, count: usize) -> Vec<String> {
        let arrived = self.lis.wait_for(first + count);
        assert_eq!(arrived.len(), first + count, "none comes twice");
        arrived.into_iter().skip(first).map(|one| control_id(&one.payload)).collect()
    }
}

fn ids(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|place| format!("{prefix}{place}")).collect()
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("JSON: {answer:?}"))
}

/// The number of a message, by its control id.
fn number(browser: &mut Browser, id: &str) -> String {
    let page = browser.get(&format!("/api/v1/messages?key=control-id:{id}"));
    json_of(&page)["messages"][0]["message"].to_string()
}

/// Asks the API with a body, as a page's script would.
fn api(browser: &mut Browser, path: &str, body: &Value) -> Answer {
    let csrf = browser.get("/account").csrf().expect("a form");
    let headers = [("content-type", "application/json"), ("x-csrf-token", csrf.as_str())];
    browser.send("POST", path, &headers, body.to_string().into_bytes())
}

/// Follows a form's answer to the page it leads to.
fn followed(browser: &mut Browser, answer: &Answer) -> (String, Answer) {
    assert_eq!(answer.status, 303, "{}", answer.body);
    let address = answer.location().to_owned();
    let page = browser.get(&address);
    assert_eq!(page.status, 200, "{address}: {}", page.body);
    (address, page)
}

/// A hidden field of a form on a page.
fn hidden(page: &Answer, name: &str) -> String {
    let marked = format!("name=\"{name}\" value=\"");
    let (_, behind) = page.body.split_once(&marked).expect("a hidden field");
    behind.split('"').next().expect("its end").to_owned()
}

fn is_done(browser: &mut Browser, job: &str) {
    wait::until("the replay to be through", || {
        (json_of(&browser.get(&format!("/api/v1{job}")))["state"] == "done").then_some(())
    });
}

fn chosen_messages_are_looked_at_then_sent_in() {
    let lab = Lab::start();
    let mut olga = lab.signed_in("olga");
    lab.receive(&ids("M", 5), &mut olga);
    let chosen: Vec<String> = ["M1", "M2", "M4"].map(|id| number(&mut olga, id)).into();
    let fields: Vec<_> = chosen.iter().map(|one| ("message", one.as_str())).collect();
    let none = olga.submit("/messages", "/replays/preview", &[]);
    assert_eq!(none.status, 400, "none is chosen: {}", none.body);
    let named = olga.submit("/messages", "/replays/preview", &fields);
    let (preview, page) = followed(&mut olga, &named);
    assert!(page.body.contains("Replay 3 messages?"), "{}", page.body);
    for id in ["M1", "M2", "M4"] {
        assert!(page.body.contains(id), "{id}: {}", page.body);
    }
    assert_eq!(lab.lis.arrived().len(), 5, "nothing is sent yet");
    let list = hidden(&page, "list");
    let start = [("list", list.as_str()), ("count", "3"), ("mode", "resend")];
    assert_eq!(olga.submit(&preview, "/replays", &start).status, 400, "a reason is needed");
    let start = [&start[..], &[("reason", "the lab lost them")]].concat();
    let started = olga.submit(&preview, "/replays", &start);
    let (job, page) = followed(&mut olga, &started);
    assert!(page.body.contains("the lab lost them") && page.body.contains("olga"), "{}", page.body);
    assert_eq!(lab.behind(5, 3), ["M1", "M2", "M4"]);
    is_done(&mut olga, &job);
    assert!(olga.get("/replays").body.contains("the lab lost them"));
    let log = lab.engine.log();
    let told = log.lines().find(|line| line.contains("a replay is started"));
    assert!(told.is_some_and(|line| line.contains("olga") && line.contains("lost them")), "{log}");
    let address = format!("/messages?replay={}", job.rsplit('/').next().expect("a number"));
    wait::until("what it sent in is found", || {
        let page = olga.get(&address);
        (page.body.matches("class=\"m id2\"").count() == 3).then_some(())
    });
}

fn all_that_a_search_finds_is_what_was_counted() {
    let lab = Lab::start();
    let mut olga = lab.signed_in("olga");
    lab.receive(&ids("M", 4), &mut olga);
    let all = [("all", "true"), ("type", "ADT^A01"), ("listener", "in")];
    let named = olga.submit("/messages", "/replays/preview", &all);
    let (preview, page) = followed(&mut olga, &named);
    assert!(page.body.contains("Replay 4 messages?"), "{}", page.body);
    lab.receive(&ids("LATER", 2), &mut olga);
    assert!(olga.get(&preview).body.contains("Replay 4 messages?"), "the list stays as it was");
    let list = hidden(&page, "list");
    let start = [("list", list.as_str()), ("count", "4"), ("mode", "resend"), ("reason", "lost")];
    let (job, _) = {
        let started = olga.submit(&preview, "/replays", &start);
        followed(&mut olga, &started)
    };
    assert_eq!(lab.behind(6, 4), ids("M", 4));
    is_done(&mut olga, &job);
    wait::until("what was replayed is told apart", || {
        let named = olga.submit("/messages", "/replays/preview", &[("all", "true")]);
        let (_, page) = followed(&mut olga, &named);
        let told = "4 of them were sent in by a replay already";
        (page.body.contains("Replay 10 messages?") && page.body.contains(told)).then_some(())
    });
    let wrong = [("all", "true"), ("state", "lost")];
    let refused = olga.submit("/messages", "/replays/preview", &wrong);
    assert_eq!(refused.status, 400, "what is not understood replays nothing");
    let nothing = [("all", "true"), ("listener", "nowhere")];
    let refused = olga.submit("/messages", "/replays/preview", &nothing);
    assert_eq!(refused.status, 409, "{}", refused.body);
}

fn many_are_started_by_their_count_typed() {
    let lab = Lab::start();
    let mut olga = lab.signed_in("olga");
    lab.receive(&ids("M", 12), &mut olga);
    let named = olga.submit("/messages", "/replays/preview", &[("all", "true")]);
    let (preview, page) = followed(&mut olga, &named);
    let list = hidden(&page, "list");
    let start = [("list", list.as_str()), ("count", "12"), ("mode", "resend"), ("reason", "lost")];
    for typed in [None, Some("11")] {
        let typed = typed.map(|typed| ("typed", typed));
        let fields: Vec<_> = start.into_iter().chain(typed).collect();
        assert_eq!(olga.submit(&preview, "/replays", &fields).status, 400);
    }
    let miscounted = [("list", list.as_str()), ("count", "11"), ("typed", "11"), ("reason", "x")];
    assert_eq!(olga.submit(&preview, "/replays", &miscounted).status, 409, "they are 12");
    assert_eq!(lab.lis.arrived().len(), 12);
    let fields = [&start[..], &[("typed", "12")]].concat();
    let started = olga.submit(&preview, "/replays", &fields);
    followed(&mut olga, &started);
    assert_eq!(lab.behind(12, 12).len(), 12);
}

fn a_job_is_paused_resumed_and_cancelled_on_its_page() {
    let lab = Lab::start();
    let mut olga = lab.signed_in("olga");
    lab.receive(&ids("M", 40), &mut olga);
    let slow = |search: Value| json!({ "order": { "search": search, "mode": "resend", "rate": 4 }, "count": 40, "reason": "lost" });
    let started = json_of(&api(&mut olga, "/api/v1/replays", &slow(json!({ "listener": "in" }))));
    let job = format!("/replays/{}", started["job"]);
    let page = olga.get(&job);
    assert!(page.body.contains("Running") && page.body.contains("4 a second"), "{}", page.body);
    let paused = olga.submit(&job, &format!("{job}/pause"), &[("reason", "the lab is slow")]);
    let (_, page) = followed(&mut olga, &paused);
    assert!(page.body.contains("Paused") && page.body.contains("the lab is slow"), "{}", page.body);
    let again = olga.submit(&job, &format!("{job}/resume"), &[]);
    let (_, page) = followed(&mut olga, &again);
    assert!(page.body.contains("Running"), "{}", page.body);
    let cancelled = olga.submit(&job, &format!("{job}/cancel"), &[("reason", "wrong day")]);
    let (_, page) = followed(&mut olga, &cancelled);
    assert!(page.body.contains("Cancelled") && page.body.contains("wrong day"), "{}", page.body);
    assert!(!page.body.contains("/resume\""), "nothing is left to do: {}", page.body);
    let row = json_of(&olga.get(&format!("/api/v1{job}")));
    let sent = row["sent"].as_u64().expect("a count");
    assert!(sent < 40, "{row}");
    lab.behind(40, usize::try_from(sent).expect("few"));
    let late = olga.submit(&job, &format!("{job}/resume"), &[]);
    assert_eq!(late.status, 409, "it has ended");
    assert_eq!(olga.get("/replays/99").status, 404);
}

fn one_message_is_resent_reprocessed_and_edited() {
    let lab = Lab::start();
    let mut olga = lab.signed_in("olga");
    lab.receive(&ids("M", 1), &mut olga);
    let one = number(&mut olga, "M0");
    let path = format!("/messages/{one}");
    for (place, mode) in (1..).zip(["resend", "reprocess"]) {
        let fields = [("mode", mode), ("reason", "lost")];
        let replayed = olga.submit(&path, &format!("{path}/replay"), &fields);
        let (job, _) = followed(&mut olga, &replayed);
        assert_eq!(lab.behind(place, 1), ["M0"]);
        is_done(&mut olga, &job);
    }
    wait::until("the original names its replays", || {
        olga.get(&path).body.contains("sent in of it by").then_some(())
    });
    let refused = olga.submit(&path, &format!("{path}/edit"), &[("reason", "a wrong ward")]);
    assert_eq!(refused.status, 403, "it is content");
    let mut charge = lab.signed_in("charge");
    let shown = charge.submit(&path, &format!("{path}/edit"), &[("reason", "a wrong ward")]);
    assert_eq!((shown.status, shown.header("cache-control")), (200, Some("no-store")));
    let (_, behind) = shown.body.split_once("<textarea").expect("a field");
    let text = behind.split_once('>').and_then(|(_, text)| text.split_once("</textarea>"));
    let text = text.expect("a text").0.replace("&amp;", "&").replace("M0", "EDITED");
    let text = text.replace('\n', "\r\n");
    let fields = [
        ("text", text.as_str()),
        ("charset", "utf-8"),
        ("mode", "reprocess"),
        ("reason", "a wrong ward"),
    ];
    let edited = charge.submit(&path, &format!("{path}/edited"), &fields);
    let (job, page) = followed(&mut charge, &edited);
    assert!(page.body.contains("An edited copy"), "{}", page.body);
    assert_eq!(lab.behind(3, 1), ["EDITED"]);
    let arrived = lab.lis.wait_for(4).pop().expect("the copy").payload.clone();
    assert_eq!(arrived, adt("EDITED"), "byte for byte but for what was written");
    is_done(&mut charge, &job);
    let refused = olga.submit(&path, &format!("{path}/edited"), &fields);
    assert_eq!(refused.status, 403);
    let copy = json!({ "messages": [one.parse::<u64>().expect("a number")], "mode": "reprocess", "edited": "MSH|" });
    let asked = json!({ "order": copy, "count": 1, "reason": "x" });
    assert_eq!(api(&mut olga, "/api/v1/replays", &asked).code(), "denied");
}

fn the_api_replays_a_search_and_exactly_what_its_preview_counted() {
    let lab = Lab::start();
    let mut olga = lab.signed_in("olga");
    lab.receive(&ids("M", 3), &mut olga);
    let search = json!({ "keys": [{ "name": "type", "value": "ADT^A01" }] });
    let order = json!({ "search": search, "mode": "resend" });
    let preview = api(&mut olga, "/api/v1/replays/preview", &order);
    assert_eq!(preview.status, 200, "{}", preview.body);
    let preview = json_of(&preview);
    assert_eq!((&preview["count"], &preview["left_out"]), (&json!(3), &json!({})));
    lab.receive(&ids("LATER", 1), &mut olga);
    let start =
        |order: Value, count: u64| json!({ "order": order, "count": count, "reason": "lost" });
    let refused = api(&mut olga, "/api/v1/replays", &start(order.clone(), 3));
    assert_eq!((refused.status, refused.code().as_str()), (409, "not-replayed"), "they are 4");
    let listed = json!({ "list": preview["list"], "mode": "resend" });
    let row = json_of(&api(&mut olga, "/api/v1/replays", &start(listed, 3)));
    assert_eq!((&row["count"], &row["by"]), (&json!(3), &json!("olga")));
    assert_eq!(lab.behind(4, 3), ids("M", 3));
    is_done(&mut olga, &format!("/replays/{}", row["job"]));
    let all = json_of(&olga.get("/api/v1/replays"));
    assert_eq!(all["replays"].as_array().map(Vec::len), Some(1));
    let patient =
        json!({ "search": { "keys": [{ "name": "patient", "value": "1" }] }, "mode": "resend" });
    assert_eq!(api(&mut olga, "/api/v1/replays/preview", &patient).code(), "denied");
    let nowhere = json!({ "list": preview["list"], "mode": "resend", "destinations": ["nowhere"] });
    assert_eq!(api(&mut olga, "/api/v1/replays/preview", &nowhere).status, 404);
    for stop in ["pause", "resume", "cancel"] {
        let body = if stop == "resume" { json!(null) } else { json!({ "reason": "late" }) };
        let path = format!("/api/v1/replays/{}/{stop}", row["job"]);
        assert_eq!(api(&mut olga, &path, &body).status, 409, "{stop}: it is through");
    }
}

fn the_command_line_replays_what_a_search_finds() {
    let lab = Lab::start();
    let mut olga = lab.signed_in("olga");
    lab.receive(&ids("M", 3), &mut olga);
    let run = |arguments: &[&str]| {
        let all = [&["--config", "wardline.toml", "replay", "matching"], arguments].concat();
        let output = lab.site.command(all);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let ask = ["resend", "--control-id", "M", "--prefix", "--listener", "in", "--reason", "lost"];
    let (exit, told, said) = run(&[&ask[..], &["--dry-run"]].concat());
    assert_eq!(exit, Some(0), "{said}");
    assert!(told.contains("3 messages") && told.contains("M2"), "{told}");
    let (exit, _, said) = run(&[&ask[..], &["--count", "2"]].concat());
    assert_eq!(exit, Some(1));
    assert!(said.contains("3 messages are meant, and 2 were said"), "{said}");
    assert_eq!(lab.lis.arrived().len(), 3);
    let (exit, told, said) = run(&[&ask[..], &["--count", "3"]].concat());
    assert_eq!(exit, Some(0), "{said}");
    assert!(told.contains("resend") && told.contains("lost"), "{told}");
    assert_eq!(lab.behind(3, 3), ids("M", 3));
}

fn a_list_is_for_whoever_looked_at_it() {
    let lab = Lab::start();
    let mut charge = lab.signed_in("charge");
    lab.receive(&ids("M", 1), &mut charge);
    let one = number(&mut charge, "M0");
    let named = charge.submit("/messages", "/replays/preview", &[("message", one.as_str())]);
    let (preview, _) = followed(&mut charge, &named);
    let mut olga = lab.signed_in("olga");
    let refused = olga.get(&preview);
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert!(!refused.body.contains("M0"), "{}", refused.body);
}
