use wardline_engine::control::protocol::PausedRow;

use super::*;
use crate::watch::testing::{delivery, listener, queue, seen};

const NOW: &str = "2026-11-21T03:12:08Z";

fn body(snapshot: &Snapshot, id: &str, hand: &Hand) -> Option<String> {
    let first = [delivery(4711, "lis", "RIS0049217")];
    let page = OneInterface { id, first: &first, hand };
    page.body(snapshot, &TimeZone::UTC).map(maud::Markup::into_string)
}

fn operator() -> Hand {
    Hand { csrf: "token".to_owned(), may_operate: true, may_read: false }
}

#[test]
fn an_interface_that_does_not_exist_has_no_page() {
    assert_eq!(body(&seen(NOW, vec![], vec![]), "lis", &operator()), None);
}

#[test]
fn a_listener_is_paused_with_a_reason_and_let_go_at_once() {
    let mut row = listener("adt-in");
    let running = body(&seen(NOW, vec![row.clone()], vec![]), "adt-in", &operator()).expect("it");
    assert!(running.contains("action=\"/interfaces/adt-in/pause\""), "{running}");
    assert!(running.contains("Pause intake…"), "{running}");
    row.paused = Some(PausedRow {
        since: "2026-11-21T02:12:08Z".to_owned(),
        by: "m.ruiz".to_owned(),
        reason: "<i>test</i>".to_owned(),
    });
    let paused = body(&seen(NOW, vec![row], vec![]), "adt-in", &operator()).expect("it");
    assert!(paused.contains("action=\"/interfaces/adt-in/go\""), "{paused}");
    assert!(paused.contains("&lt;i&gt;test") && paused.contains("since 02:12 (1 h)"), "{paused}");
}

#[test]
fn a_destination_that_is_well_shows_no_reason_and_one_that_is_not_shows_its_head() {
    let well = body(&seen(NOW, vec![], vec![queue("lis", "up")]), "lis", &operator()).expect("it");
    assert!(!well.contains("Why nothing moves"), "{well}");
    let mut down = queue("lis", "down");
    (down.reason, down.pending) = (Some("refused".to_owned()), 3);
    let down = body(&seen(NOW, vec![], vec![down]), "lis", &operator()).expect("it");
    assert!(down.contains("Why nothing moves") && down.contains("RIS0049217"), "{down}");
}

#[test]
fn who_may_not_operate_is_shown_no_form_at_all() {
    let mut down = queue("lis", "down");
    down.pending = 3;
    let snapshot = seen(NOW, vec![listener("adt-in")], vec![down]);
    for id in ["lis", "adt-in"] {
        let shown = body(&snapshot, id, &Hand::default()).expect("it");
        assert!(!shown.contains("<form"), "{shown}");
    }
}
