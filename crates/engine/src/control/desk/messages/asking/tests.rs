use jiff::Timestamp;
use wardline_flow::search::CustomKey;
use wardline_store::Marks;

use super::*;

fn keys() -> SearchKeys {
    let path = "OBR-18".parse().expect("a path");
    SearchKeys::new(vec![CustomKey { name: "accession".to_owned(), path }])
}

fn looking_for(queries: &[(&[&str], &str)]) -> MessageSearch {
    let query = |(names, value): &(&[&str], &str)| KeyQuery {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        value: (*value).to_owned(),
        prefix: false,
    };
    MessageSearch { keys: queries.iter().map(query).collect(), limit: 10, ..Default::default() }
}

fn asked(queries: &[(&[&str], &str)]) -> Vec<Vec<(wardline_store::history::KeyKind, String)>> {
    let questions = questions(&looking_for(queries), &keys()).expect("known keys");
    let shown = |key: &KeyMatch| (key.kind, String::from_utf8_lossy(&key.value).into_owned());
    questions.iter().map(|question| question.keys.iter().map(shown).collect()).collect()
}

#[test]
fn one_name_or_another_is_a_question_each() {
    use wardline_store::history::KeyKind::{ControlId, Custom, PatientId};
    let asked = asked(&[(&["control-id", "patient"], " 44 "), (&["accession"], "A-1")]);
    let own = (Custom(0), "A-1".to_owned());
    assert_eq!(
        asked,
        [vec![(ControlId, "44".to_owned()), own.clone()], vec![(PatientId, "44".to_owned()), own],]
    );
}

#[test]
fn an_application_alone_is_all_of_its_facilities() {
    let of = |value| questions(&looking_for(&[(&["sender"], value)]), &keys()).expect("known");
    let found = |value| of(value).remove(0).keys.remove(0);
    assert_eq!((found("RIS").value, found("RIS").how), ("RIS|".into(), Match::Prefix));
    assert_eq!((found("RIS|ST-E").value, found("RIS|ST-E").how), ("RIS|ST-E".into(), Match::Exact));
}

#[test]
fn a_name_that_is_no_key_is_told_with_those_that_are() {
    let error = questions(&looking_for(&[(&["patience"], "44")]), &keys()).expect_err("unknown");
    let text = error.to_string();
    assert!(text.contains("`patience`") && text.contains("patient, visit, order, accession"));
    assert!(!text.contains("44"), "what was looked for is content");
}

#[test]
fn a_search_becomes_no_more_questions_than_the_limit() {
    let three: &[&str] = &["control-id", "patient", "visit"];
    let error = questions(&looking_for(&[(three, "1"); 4]), &keys()).expect_err("too many");
    assert!(matches!(error, DeskError::TooManyKeys));
}

fn page(rows: &[u64], next: Option<u64>, whole: bool) -> SearchPage {
    let id = |number| MessageId::from_number(number).expect("from 1 on");
    let row = |number: &u64| HistoryRow {
        message: id(*number),
        received_at: Timestamp::UNIX_EPOCH,
        listener: "in".into(),
        peer: "".into(),
        bytes: 0,
        marks: Marks::default(),
        hops: 0,
        answer: None,
        origin: None,
        refusal: None,
        unreadable: false,
        keys: Vec::new(),
        destinations: Vec::new(),
    };
    SearchPage { rows: rows.iter().map(row).collect(), next: next.map(id), whole, behind: 0 }
}

fn shown(page: &SearchPage) -> (Vec<u64>, Option<u64>, bool) {
    let rows = page.rows.iter().map(|row| row.message.get()).collect();
    (rows, page.next.map(MessageId::get), page.whole)
}

#[test]
fn several_pages_are_one_without_a_gap() {
    let joined = union(vec![page(&[90, 71], Some(12), true), page(&[88], Some(40), false)], 10);
    assert_eq!(shown(&joined), (vec![90, 88, 71], Some(40), false));
    let joined = union(vec![page(&[90, 30], Some(30), true), page(&[88, 71], Some(71), true)], 10);
    assert_eq!(shown(&joined), (vec![90, 88, 71], Some(71), true), "30 is on the next page");
}

#[test]
fn what_two_questions_find_is_there_once_and_a_page_ends_at_its_limit() {
    let joined = union(vec![page(&[9, 5], None, true), page(&[9, 7, 5], None, true)], 2);
    assert_eq!(shown(&joined), (vec![9, 7], Some(7), true));
    let joined = union(vec![page(&[9, 5], None, true), page(&[5], None, true)], 2);
    assert_eq!(shown(&joined), (vec![9, 5], None, true));
}

#[test]
fn every_question_has_its_share_of_the_time_however_long_those_before_took() {
    let start = Instant::now();
    let until = start + SEARCH_TIME;
    assert_eq!(share(start, until, 4), start + SEARCH_TIME / 4);
    let late = start + SEARCH_TIME / 2;
    assert_eq!(share(late, until, 2), late + SEARCH_TIME / 4);
    assert_eq!(
        share(until + SEARCH_TIME, until, 1),
        until + SEARCH_TIME,
        "and looks once all the same"
    );
}
