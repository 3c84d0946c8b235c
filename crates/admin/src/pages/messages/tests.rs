use jiff::Timestamp;
use wardline_engine::control::protocol::{DeliveryFate, FateRow};

use super::*;

fn row() -> MessageRow {
    MessageRow {
        unreadable: false,
        message: "4711".parse().unwrap(),
        received: Timestamp::UNIX_EPOCH,
        listener: "adt-in".to_owned(),
        peer: "10.1.7.15:50122".to_owned(),
        size: 1_412,
        control_id: "A<1>".to_owned(),
        message_type: "ADT^A01".to_owned(),
        sender: "ADT|ST-E".to_owned(),
        receiver: String::new(),
        marks: Vec::new(),
        hops: 0,
        answer: None,
        refusal: None,
        origin: None,
        destinations: vec![FateRow {
            destination: "lis".to_owned(),
            state: DeliveryFate::Dead,
            attempts: 1,
            at: Timestamp::UNIX_EPOCH,
            cause: Some("ar".to_owned()),
            reply_code: None,
        }],
    }
}

fn page(rows: Vec<MessageRow>) -> MessagesPage {
    MessagesPage {
        query: MessagesQuery::default(),
        rows,
        next: None,
        looked_back: None,
        whole: true,
        behind: 0,
        milliseconds: 3,
        refused: None,
        listeners: vec!["adt-in".to_owned()],
        destinations: vec!["lis".to_owned()],
        hand: Hand::default(),
    }
}

#[test]
fn a_row_has_its_ids_its_way_and_a_badge_for_each_destination() {
    let html = page(vec![row()]).body().into_string();
    for part in ["/messages/4711", "ADT^A01", "ADT · ST-E", "1.4 kB", "bd-dead", "lis"] {
        assert!(html.contains(part), "{part} in {html}");
    }
    assert!(html.contains("A&lt;1&gt;") && !html.contains("A<1>"), "what a peer wrote is text");
}

#[test]
fn the_next_page_is_the_same_search_further_on() {
    let mut page = page(vec![row()]);
    page.query.destination = "lis".to_owned();
    page.next = Some("4000".parse().unwrap());
    let html = page.body().into_string();
    assert!(html.contains("/messages?destination=lis&amp;before=4000"), "{html}");
}

#[test]
fn a_page_of_many_says_that_there_are_more() {
    let mut page = page(vec![row()]);
    assert!(page.body().into_string().contains(">1 message<"));
    page.next = Some("4000".parse().unwrap());
    assert!(page.body().into_string().contains("1 message of more"));
}

#[test]
fn an_empty_page_says_what_was_looked_for_and_what_comes_next() {
    let html = page(Vec::new()).body().into_string();
    assert!(html.contains("No message is kept."), "{html}");
    let mut behind = page(Vec::new());
    behind.behind = 5000;
    let html = behind.body().into_string();
    assert!(html.contains("Nothing can be found yet.") && html.contains("5.0 kB"), "{html}");
    let mut filtered = page(Vec::new());
    filtered.query.control_id = "A1".to_owned();
    filtered.behind = 5000;
    let html = filtered.body().into_string();
    assert!(html.contains("No message matches.") && html.contains("5.0 kB"), "{html}");
}

#[test]
fn a_look_that_was_cut_short_never_says_that_there_is_none() {
    let mut page = page(Vec::new());
    page.query.control_id = "A1".to_owned();
    page.next = Some("4000".parse().unwrap());
    page.whole = false;
    let html = page.body().into_string();
    assert!(html.contains("None so far.") && html.contains("message 4000"), "{html}");
    assert!(html.contains("/messages?control_id=A1&amp;before=4000"), "{html}");
    assert!(!html.contains("No message matches"), "{html}");
    page.looked_back = Some(Timestamp::UNIX_EPOCH);
    assert!(page.body().into_string().contains("01 Jan"));
}

#[test]
fn only_who_may_operate_chooses_messages_to_be_replayed() {
    let mut page = page(vec![row()]);
    page.query.state = "dead".to_owned();
    assert!(!page.body().into_string().contains("/replays/preview"));
    page.hand.may_operate = true;
    let html = page.body().into_string();
    for part in [
        "action=\"/replays/preview\"",
        "name=\"message\" value=\"4711\" form=\"chosen\"",
        "name=\"state\" value=\"dead\"",
        "Replay all that match…",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
}

#[test]
fn what_the_box_held_is_posted_and_in_no_link() {
    let mut page = page(vec![row()]);
    page.query.found = "abc".to_owned();
    page.query.text = Some("00714417".to_owned());
    page.next = Some("4000".parse().unwrap());
    let html = page.body().into_string();
    assert!(html.contains("action=\"/messages/find\" method=\"post\""), "{html}");
    let links = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    assert!(links.into_iter().all(|link| !link.contains("00714417")), "{html}");
}
