//! Messages are found again: by what names them, across listeners, with what became of each; their bytes only where they
//! are asked for by name.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use libtest_mimic::Trial;
use wardline_engine::control::protocol::{
    DeliveryFate, KeyQuery, MessageContent, MessageEvent, MessageHistory, MessageRow,
    MessageSearch, RefusedReason, Request, Response, StateWanted,
};
use wardline_store::MessageId;
use wardline_tests::message::adt;
use wardline_tests::nobody::Nobody;
use wardline_tests::peer::Peer;
use wardline_tests::sink::{Reply, Sink};
use wardline_tests::site::{Engine, Site};
use wardline_tests::trials;
use wardline_tests::wait::until;

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_patient_is_found_across_listeners_newest_first,
        a_page_goes_on_where_the_one_before_ended,
        one_word_finds_whatever_it_names,
        a_key_of_the_operators_own_is_found,
        a_message_is_found_by_how_its_deliveries_stand,
        a_retry_and_its_success_stand_in_the_timeline,
        what_was_rejected_is_found_with_its_reason,
        a_document_in_a_message_is_a_document,
        what_lists_show_is_no_content,
        content_is_the_bytes_as_received_as_sent_and_as_answered,
        messages_of_one_order_are_related,
        without_content_a_message_is_structure_and_ids,
        a_stopped_engines_messages_are_found_too,
        the_command_line_finds_shows_and_exports,
        without_a_history_nothing_is_searched_and_everything_flows,
    ]
}

const SECRET: &str = "SECRETNAME";

/// Two listeners before one destination, with more keys of it and of the file.
fn site(address: std::net::SocketAddr, destination: &str, more: &str) -> Site {
    Site::new(
        PROGRAM,
        &format!(
            r#"
{more}

[[listeners]]
id = "adt-in"
bind = "127.0.0.1:0"

[[listeners]]
id = "orders-in"
bind = "127.0.0.1:0"

[[routes]]
id = "all"
to = ["lis"]

[[destinations]]
id = "lis"
kind = "mllp"
address = "{address}"
{destination}
"#
        ),
    )
}

/// The same, running.
fn running(address: std::net::SocketAddr, destination: &str, more: &str) -> (Site, Engine) {
    let site = site(address, destination, more);
    let engine = site.start();
    (site, engine)
}

fn order(control_id: &str, patient: &str, accession: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|RIS|ST-E|LIS|HOSP|20260403120000||ORM^O01|{control_id}|P|2.5\r\
         PID|1||{patient}^^^H^MR~X{patient}^^^NAT||{SECRET}^JANE\r\
         PV1|1|I|W1||||||||||||||||V-{patient}\r\
         ORC|NW|P-{accession}|F-{accession}\r\
         OBR|1|P-{accession}|F-{accession}|GLU||||||||||||||{accession}\r"
    )
    .into_bytes()
}

fn send(engine: &Engine, listener: &str, payload: &[u8]) {
    let mut peer = Peer::connect(engine.address(listener));
    assert_eq!(peer.send(payload), "AA");
}

fn by(name: &str, value: &str) -> MessageSearch {
    let query = KeyQuery { names: vec![name.to_owned()], value: value.to_owned(), prefix: false };
    MessageSearch { keys: vec![query], limit: 50, ..MessageSearch::default() }
}

/// What is found once all that is durable can be.
fn found(engine: &Engine, search: MessageSearch) -> (Vec<MessageRow>, Option<MessageId>) {
    let request = Request::Search(search);
    until("the history has come as far as the journal", || match engine.ask(&request) {
        Response::Messages { messages, next, behind: 0, .. } => Some((messages, next)),
        Response::Messages { .. } => None,
        other => unreachable!("{other:?}"),
    })
}

fn control_ids(engine: &Engine, search: MessageSearch) -> Vec<String> {
    found(engine, search).0.into_iter().map(|row| row.control_id).collect()
}

fn only(engine: &Engine, search: MessageSearch) -> MessageRow {
    let (mut rows, _) = found(engine, search);
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}

fn history(engine: &Engine, message: MessageId) -> MessageHistory {
    match engine.ask(&Request::History { message }) {
        Response::History(history) => *history,
        other => unreachable!("{other:?}"),
    }
}

fn content(engine: &Engine, message: MessageId) -> MessageContent {
    match engine.ask(&Request::Content {
        message,
        by: "nurse".to_owned(),
        reason: String::new(),
        most: None,
    }) {
        Response::Content(content) => *content,
        other => unreachable!("{other:?}"),
    }
}

/// Waits until the delivery of this message stands so.
fn wait_for(engine: &Engine, control_id: &str, state: DeliveryFate) -> MessageRow {
    until(&format!("{control_id} is {state:?}"), || {
        let (rows, _) = found(engine, by("control-id", control_id));
        rows.into_iter().find(|row| row.destinations.iter().any(|fate| fate.state == state))
    })
}

fn a_patient_is_found_across_listeners_newest_first() {
    let sink = Sink::accepting();
    let (_site, engine) = running(sink.address(), "", "");
    send(&engine, "adt-in", &adt("A1"));
    send(&engine, "orders-in", &order("O1", "4417", "ACC-1"));
    send(&engine, "adt-in", &order("A2", "4417", "ACC-2"));
    send(&engine, "orders-in", &order("O2", "9999", "ACC-3"));
    assert_eq!(control_ids(&engine, by("patient", "4417")), ["A2", "O1"]);
    assert_eq!(control_ids(&engine, by("patient", "X4417")), ["A2", "O1"], "each repetition");
    assert_eq!(control_ids(&engine, by("patient", "441")), [""; 0]);
    let prefix = |mut search: MessageSearch| {
        search.keys[0].prefix = true;
        search
    };
    assert_eq!(control_ids(&engine, prefix(by("patient", "441"))), ["A2", "O1"]);
    assert_eq!(control_ids(&engine, by("sender", "RIS")), ["O2", "A2", "O1"]);
    assert_eq!(control_ids(&engine, by("type", "ORM^O01")), ["O2", "A2", "O1"]);
    let listener = Some("adt-in".to_owned());
    let at_one = MessageSearch { listener, ..by("patient", "4417") };
    assert_eq!(control_ids(&engine, at_one), ["A2"]);
}

fn a_page_goes_on_where_the_one_before_ended() {
    let sink = Sink::accepting();
    let (_site, engine) = running(sink.address(), "", "");
    for number in 1..=7 {
        send(&engine, "adt-in", &order(&format!("A{number}"), "4417", "ACC"));
    }
    let mut all = Vec::new();
    let mut before = None;
    loop {
        let search = MessageSearch { before, limit: 3, ..by("patient", "4417") };
        let (rows, next) = found(&engine, search);
        assert!(rows.len() <= 3);
        all.extend(rows.into_iter().map(|row| row.control_id));
        if next.is_none() {
            break;
        }
        before = next;
    }
    assert_eq!(all, ["A7", "A6", "A5", "A4", "A3", "A2", "A1"]);
}

fn one_word_finds_whatever_it_names() {
    let sink = Sink::accepting();
    let (_site, engine) = running(sink.address(), "", "");
    send(&engine, "adt-in", &order("4417", "1", "ACC-1"));
    send(&engine, "adt-in", &order("A2", "4417", "ACC-2"));
    send(&engine, "adt-in", &order("A3", "3", "ACC-3"));
    let any = |value: &str| {
        let mut search = by("", value);
        search.keys[0].names.clear();
        search
    };
    assert_eq!(control_ids(&engine, any("4417")), ["A2", "4417"]);
    assert_eq!(control_ids(&engine, any("V-3")), ["A3"]);
    assert_eq!(control_ids(&engine, any("F-ACC-1")), ["4417"]);
}

fn a_key_of_the_operators_own_is_found() {
    let sink = Sink::accepting();
    let own = "[[history.keys]]\nname = \"accession\"\npath = \"OBR[*]-18\"\n";
    let (_site, engine) = running(sink.address(), "", own);
    send(&engine, "adt-in", &order("A1", "1", "ACC-1"));
    send(&engine, "adt-in", &order("A2", "1", "ACC-2"));
    assert_eq!(control_ids(&engine, by("accession", "ACC-2")), ["A2"]);
    let unknown = engine.ask(&Request::Search(by("accesion", SECRET)));
    let Response::Refused { reason: RefusedReason::UnknownKey, text } = unknown else {
        unreachable!("{unknown:?}")
    };
    assert!(text.contains("accession") && !text.contains(SECRET), "{text}");
}

fn a_message_is_found_by_how_its_deliveries_stand() {
    let sink =
        Sink::start(|arrived| Reply::Code(if arrived.control_id == "BAD" { "AR" } else { "AA" }));
    let (_site, engine) = running(sink.address(), "", "");
    send(&engine, "adt-in", &adt("GOOD"));
    send(&engine, "adt-in", &adt("BAD"));
    wait_for(&engine, "GOOD", DeliveryFate::Delivered);
    let dead = wait_for(&engine, "BAD", DeliveryFate::Dead);
    assert_eq!(dead.destinations[0].attempts, 1);
    assert!(dead.destinations[0].cause.is_some(), "{dead:?}");
    let in_state =
        |state| MessageSearch { state: Some(state), limit: 50, ..MessageSearch::default() };
    assert_eq!(control_ids(&engine, in_state(StateWanted::Dead)), ["BAD"]);
    assert_eq!(control_ids(&engine, in_state(StateWanted::Delivered)), ["GOOD"]);
    assert_eq!(control_ids(&engine, in_state(StateWanted::Pending)), [""; 0]);
}

fn a_retry_and_its_success_stand_in_the_timeline() {
    let is_open = Arc::new(AtomicBool::new(false));
    let open = Arc::clone(&is_open);
    let sink =
        Sink::start(move |_| Reply::Code(if open.load(Ordering::Acquire) { "AA" } else { "AE" }));
    let (_site, engine) =
        running(sink.address(), "retry = { first = \"50ms\", max = \"50ms\" }", "");
    send(&engine, "adt-in", &adt("A1"));
    until("two attempts have failed", || (sink.arrived().len() >= 2).then_some(()));
    is_open.store(true, Ordering::Release);
    let row = wait_for(&engine, "A1", DeliveryFate::Delivered);
    let MessageHistory { events, .. } = history(&engine, row.message);
    assert!(matches!(events[0].what, MessageEvent::Received { .. }), "{events:?}");
    let answered = events
        .iter()
        .any(|event| matches!(&event.what, MessageEvent::Answered(answer) if answer.code == "AA"));
    assert!(answered, "{events:?}");
    let deferred: Vec<u32> = events
        .iter()
        .filter_map(|event| match &event.what {
            MessageEvent::Deferred { attempts, .. } => Some(*attempts),
            _ => None,
        })
        .collect();
    assert!(deferred.starts_with(&[1, 2]), "{events:?}");
    let last = events.last().expect("an end");
    assert_eq!(last.destination.as_deref(), Some("lis"));
    let MessageEvent::Delivered { attempts, reply_code, .. } = &last.what else {
        unreachable!("{events:?}")
    };
    assert_eq!((*attempts as usize, reply_code.as_deref()), (deferred.len() + 1, Some("AA")));
    assert!(events.is_sorted_by_key(|event| event.at), "the oldest first: {events:?}");
}

fn what_was_rejected_is_found_with_its_reason() {
    let sink = Sink::accepting();
    let (_site, engine) = running(sink.address(), "", "");
    let mut peer = Peer::connect(engine.address("adt-in"));
    let typeless = String::from_utf8(order("R1", "4417", "ACC-1")).expect("text");
    let typeless = typeless.replace("|ORM^O01|", "||");
    let code = peer.send(typeless.as_bytes());
    assert_eq!(code, "AR");
    send(&engine, "adt-in", &adt("A1"));
    let rejected =
        MessageSearch { state: Some(StateWanted::Rejected), limit: 50, ..MessageSearch::default() };
    let row = until("it is found", || found(&engine, rejected.clone()).0.into_iter().next());
    assert_eq!((row.control_id.as_str(), row.destinations.len()), ("R1", 0));
    let refusal = row.refusal.clone().expect("why");
    assert_eq!(refusal.code, code);
    assert!(!refusal.cause.is_empty());
    assert_eq!(control_ids(&engine, by("patient", "4417")), ["R1"]);
    let events = history(&engine, row.message).events;
    assert!(
        events.iter().any(|event| matches!(event.what, MessageEvent::Refused(_))),
        "{events:?}"
    );
    assert_eq!(content(&engine, row.message).body, typeless.as_bytes(), "as it came");
}

fn a_document_in_a_message_is_a_document() {
    let sink = Sink::accepting();
    let (_site, engine) = running(sink.address(), "", "");
    let mut report = order("D1", "4417", "ACC-1");
    report.extend_from_slice(b"OBX|1|ED|RPT||LAB^AP^PDF^Base64^JVBERi0x||||||F\r");
    send(&engine, "adt-in", &report);
    let message = only(&engine, by("control-id", "D1")).message;
    let request = Request::Anatomy { message, content: false, by: "nurse".to_owned() };
    let Response::Anatomy(anatomy) = engine.ask(&request) else { unreachable!("no anatomy") };
    let obx = anatomy.segments.last().expect("OBX");
    let part = obx.document.as_ref().expect("a document");
    assert_eq!((part.media.as_str(), part.size), ("application/pdf", 6));
    let (path, by) = (obx.path.clone(), "nurse".to_owned());
    let Response::Document(document) = engine.ask(&Request::Document { message, path, by }) else {
        unreachable!("no document")
    };
    assert_eq!(document.body, b"%PDF-1");
    assert!(engine.log().contains("a document in a message was read"));
}

fn what_lists_show_is_no_content() {
    let nobody = Nobody::new();
    let (_site, engine) = running(nobody.address(), "", "");
    send(&engine, "adt-in", &order("A1", "4417", "ACC-1"));
    let row = only(&engine, by("patient", "4417"));
    let list = engine.ask(&Request::Search(by("patient", "4417")));
    let one = engine.ask(&Request::History { message: row.message });
    for shown in [list, one] {
        let json = serde_json::to_string(&shown).expect("JSON");
        for value in [SECRET, "4417", "ACC-1"] {
            assert!(!json.contains(value), "{value} in {json}");
        }
    }
    assert!(!engine.log().contains("4417"), "no key in the log");
}

fn content_is_the_bytes_as_received_as_sent_and_as_answered() {
    let sink = Sink::start(|_| Reply::Code("AR"));
    let transform = "[[destinations.transform]]\nset = \"MSH-5\"\nvalue = \"CHANGED\"\n";
    let (_site, engine) = running(sink.address(), transform, "");
    let sent = order("A1", "4417", "ACC-1");
    send(&engine, "adt-in", &sent);
    let row = wait_for(&engine, "A1", DeliveryFate::Dead);
    let content = content(&engine, row.message);
    assert_eq!(content.body, sent, "RAW-1");
    assert_eq!(content.sent.len(), 1);
    let out = String::from_utf8_lossy(&content.sent[0].body).into_owned();
    assert!(out.contains("|CHANGED|"), "{out}");
    assert_eq!(content.replies.len(), 1);
    let reply = String::from_utf8_lossy(&content.replies[0].body).into_owned();
    assert!(reply.contains("MSA|AR|A1"), "{reply}");
    let log = engine.log();
    let told = log.lines().find(|line| line.contains("content of a message was read"));
    let told = told.unwrap_or_else(|| unreachable!("who read it is logged: {log}"));
    assert!(told.contains("nurse") && !log.contains(SECRET), "{told}");
}

fn messages_of_one_order_are_related() {
    let sink = Sink::accepting();
    let (_site, engine) = running(sink.address(), "", "");
    send(&engine, "orders-in", &order("O1", "4417", "ACC-1"));
    send(&engine, "adt-in", &order("O2", "4417", "ACC-1"));
    send(&engine, "adt-in", &order("O3", "4417", "ACC-2"));
    send(&engine, "adt-in", &order("O4", "1", "ACC-3"));
    let first = only(&engine, by("control-id", "O1"));
    let Response::Related { related } =
        engine.ask(&Request::Related { message: first.message, content: true })
    else {
        unreachable!("not related")
    };
    let shown: Vec<_> =
        related.iter().map(|one| (one.same.as_str(), one.row.control_id.as_str())).collect();
    assert_eq!(shown, [("visit", "O3"), ("order", "O2")]);
}

fn without_content_a_message_is_structure_and_ids() {
    let sink = Sink::accepting();
    let transform = "[[destinations.transform]]\nset = \"MSH-5\"\nvalue = \"CHANGED\"\n";
    let (_site, engine) = running(sink.address(), transform, "");
    send(&engine, "adt-in", &order("A1", "4417", "ACC-1"));
    let message = only(&engine, by("control-id", "A1")).message;
    let ask = |content| {
        let request = Request::Anatomy { message, content, by: "nurse".to_owned() };
        let Response::Anatomy(anatomy) = engine.ask(&request) else { unreachable!("no anatomy") };
        (serde_json::to_string(&anatomy).expect("JSON"), anatomy)
    };
    let (json, anatomy) = ask(false);
    for value in [SECRET, "4417", "ACC-1"] {
        assert!(!json.contains(value), "{value} in {json}");
    }
    let changes = &anatomy.sent[0].changes;
    assert_eq!((changes.len(), changes[0].path.as_str()), (1, "MSH-5"));
    assert_eq!(changes[0].after.as_deref(), Some("CHANGED"));
    assert!(!engine.log().contains("content of a message was read"), "nobody has");
    let (json, _) = ask(true);
    assert!(json.contains(SECRET), "{json}");
    assert!(engine.log().contains("content of a message was read"));
}

fn a_stopped_engines_messages_are_found_too() {
    let nobody = Nobody::new();
    let site = site(nobody.address(), "", "");
    let engine = site.start();
    send(&engine, "adt-in", &order("A1", "4417", "ACC-1"));
    engine.stop();
    let output = site.command([
        "--config",
        "wardline.toml",
        "message",
        "search",
        "--patient",
        "4417",
        "--json",
    ]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(text.contains("\"A1\"") && text.contains("\"pending\""), "{text}");
}

fn the_command_line_finds_shows_and_exports() {
    let sink = Sink::accepting();
    let site = site(sink.address(), "", "");
    let engine = site.start();
    let sent = order("A1", "4417", "ACC-1");
    send(&engine, "adt-in", &sent);
    let row = wait_for(&engine, "A1", DeliveryFate::Delivered);
    let number = row.message.to_string();
    let run = |arguments: &[&str]| {
        let output = site.command([["--config", "wardline.toml"].as_slice(), arguments].concat());
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), text)
    };
    let (code, text) = run(&["message", "search", "4417"]);
    assert_eq!(code, Some(0));
    assert!(text.contains("A1") && text.contains("lis delivered AA"), "{text}");
    assert!(!text.contains(SECRET));
    assert_eq!(run(&["message", "search", "--patient", "1"]).0, Some(6), "nothing was found");
    assert_eq!(run(&["message", "search", "--key", "color=red"]).0, Some(2), "no such key");
    assert_eq!(run(&["message", "show", "999999"]).0, Some(6));
    let (code, text) = run(&["message", "show", &number]);
    assert_eq!(code, Some(0));
    assert!(
        text.contains("stored, and answered AA") && text.contains("delivered with AA"),
        "{text}"
    );
    assert!(!text.contains(SECRET), "{text}");
    let (_, text) = run(&["message", "show", &number, "--content"]);
    assert!(text.contains(SECRET), "{text}");
    let folder = site.folder().join("exported");
    let to = folder.display().to_string();
    let (code, text) = run(&["message", "export", "--patient", "4417", "--to", &to, "--dry-run"]);
    assert_eq!((code, folder.exists()), (Some(0), false), "{text}");
    let (code, text) = run(&["message", "export", "--patient", "4417", "--to", &to, "--json"]);
    assert_eq!(code, Some(0));
    assert!(text.contains("\"exported\":1"), "{text}");
    let written = std::fs::read(folder.join(format!("{number}.hl7"))).expect("the file");
    assert_eq!(written, sent, "RAW-1");
}

fn without_a_history_nothing_is_searched_and_everything_flows() {
    let sink = Sink::accepting();
    let (_site, engine) = running(sink.address(), "", "[history]\nenabled = false\n");
    send(&engine, "adt-in", &adt("A1"));
    until("it is delivered", || (sink.control_ids() == ["A1"]).then_some(()));
    let answer = engine.ask(&Request::Search(by("control-id", "A1")));
    assert!(matches!(answer, Response::Refused { reason: RefusedReason::NoHistory, .. }));
}
