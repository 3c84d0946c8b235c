use jiff::Timestamp;
use wardline_engine::control::protocol::{
    ElementPart, EventRow, MessageEvent, MessageRow, OriginRow, SegmentPart,
};

use super::*;

fn history() -> MessageHistory {
    let row = MessageRow {
        unreadable: false,
        message: "4711".parse().unwrap(),
        received: Timestamp::UNIX_EPOCH,
        listener: "adt-in".to_owned(),
        peer: "10.1.7.15:50122".to_owned(),
        size: 1_412,
        control_id: "A1".to_owned(),
        message_type: "ADT^A01".to_owned(),
        sender: "ADT|ST-E".to_owned(),
        receiver: "LIS|".to_owned(),
        marks: Vec::new(),
        hops: 0,
        answer: None,
        refusal: None,
        origin: None,
        destinations: Vec::new(),
    };
    let what = MessageEvent::Received {
        listener: "adt-in".to_owned(),
        peer: "10.1.7.15:50122".to_owned(),
        size: 1_412,
        marks: Vec::new(),
    };
    let events = vec![EventRow { at: Timestamp::UNIX_EPOCH, destination: None, what }];
    MessageHistory { row, events, behind: 0 }
}

fn anatomy(value: Option<&str>) -> MessageAnatomy {
    let element = ElementPart {
        path: "PID-5.1".to_owned(),
        title: Some("Family name".to_owned()),
        value: value.map(str::to_owned),
    };
    let segment = SegmentPart {
        name: "PID".to_owned(),
        title: Some("Patient".to_owned()),
        path: "PID".to_owned(),
        fields: 8,
        document: None,
        elements: vec![element],
    };
    let message = "4711".parse().unwrap();
    MessageAnatomy { message, segments: vec![segment], is_cut: false, sent: Vec::new() }
}

fn page(may_see_content: bool) -> MessagePage {
    MessagePage {
        history: history(),
        anatomy: Some(anatomy(None)),
        related: Vec::new(),
        revealed: None,
        hand: Hand { csrf: "token".to_owned(), may_operate: false, may_read: may_see_content },
    }
}

#[test]
fn a_masked_value_is_a_mark_and_its_place_a_link() {
    let html = page(true).body().into_string();
    assert!(html.contains("class=\"mask\"") && html.contains("href=\"#PID-5.1\""), "{html}");
    assert!(html.contains("action=\"/messages/4711/reveal\"") && html.contains("token"));
    assert!(html.contains("id=\"reveal-reason\" name=\"reason\" required"), "{html}");
}

#[test]
fn who_may_not_see_content_is_not_offered_it() {
    let html = page(false).body().into_string();
    assert!(!html.contains("/reveal") && html.contains("Content is hidden."), "{html}");
}

#[test]
fn what_was_revealed_says_by_whom_and_shows_the_bytes_as_text() {
    let mut page = page(true);
    page.anatomy = Some(anatomy(Some("<b>ABERNATHY</b>")));
    let content = MessageContent {
        message: "4711".parse().unwrap(),
        body: b"MSH|^~\\&|<script>\rPID|\r".to_vec(),
        sent: Vec::new(),
        replies: Vec::new(),
    };
    let (by, reason) = ("m.ruiz".to_owned(), "ticket 8841".to_owned());
    page.revealed = Some(Revealed { content, by, reason, until: Timestamp::UNIX_EPOCH });
    let html = page.body().into_string();
    assert!(
        html.contains("Recorded: m.ruiz, “ticket 8841”") && html.contains("Hide now"),
        "{html}"
    );
    assert!(html.contains("data-hides=\"300\" data-hidden=\"/messages/4711\""), "{html}");
    assert!(
        html.contains("&lt;b&gt;ABERNATHY") && html.contains("|&lt;script&gt;\nPID|"),
        "{html}"
    );
    assert!(!html.contains("<script>"));
}

#[test]
fn a_message_that_is_no_hl7_says_so() {
    let mut page = page(false);
    page.anatomy = Some(MessageAnatomy { segments: Vec::new(), ..anatomy(None) });
    assert!(page.body().into_string().contains("It is no HL7 message."));
}

#[test]
fn a_message_too_large_to_be_taken_apart_says_so() {
    let mut page = page(false);
    page.anatomy = Some(MessageAnatomy { segments: Vec::new(), is_cut: true, ..anatomy(None) });
    assert!(page.body().into_string().contains("It is too large to be taken apart here."));
}

#[test]
fn who_may_operate_sends_it_in_once_more_and_a_copy_only_who_may_read_it() {
    let mut page = page(false);
    assert!(!page.body().into_string().contains("/replay\""), "not a viewer");
    page.hand.may_operate = true;
    let html = page.body().into_string();
    assert!(
        html.contains("action=\"/messages/4711/replay\"") && html.contains("value=\"reprocess\"")
    );
    assert!(!html.contains("value=\"resend\""), "it went nowhere");
    assert!(!html.contains("/edit\""), "a copy is content");
    page.hand.may_read = true;
    assert!(page.body().into_string().contains("action=\"/messages/4711/edit\""));
}

#[test]
fn a_replay_and_its_original_name_each_other() {
    let mut page = page(false);
    let origin = |message: &str| OriginRow { job: 7, message: message.parse().unwrap() };
    let mut replayed = history().row;
    replayed.message = "4800".parse().unwrap();
    replayed.origin = Some(origin("4711"));
    page.related = vec![RelatedRow { same: "replay".to_owned(), row: replayed.clone() }];
    let html = page.body().into_string();
    assert!(html.contains("sent in of it by <a class=\"link\" href=\"/replays/7\">"), "{html}");
    let original = RelatedRow { same: "replay".to_owned(), row: history().row };
    page.history.row = replayed;
    page.related = vec![original];
    let html = page.body().into_string();
    assert!(html.contains("its original") && html.contains("href=\"/messages/4711\""), "{html}");
}
