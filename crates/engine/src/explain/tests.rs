//! The page of codes against the enums that have them.

use std::collections::BTreeSet;

use wardline_flow::{Cause, RefusalCause};
use wardline_hl7::{AckCode, ErrorCode, Lint};

use super::*;

/// The codes of one place on the page.
fn on_the_page(place: &str) -> BTreeSet<String> {
    let rows = every_code().filter(|row| row.place == place);
    let rows: Vec<String> = rows.map(|row| row.code.to_owned()).collect();
    let codes: BTreeSet<String> = rows.iter().cloned().collect();
    assert_eq!(codes.len(), rows.len(), "a code stands twice under {place}");
    codes
}

fn assert_same(place: &str, ours: impl IntoIterator<Item = impl Into<String>>) {
    let ours: BTreeSet<String> = ours.into_iter().map(Into::into).collect();
    assert!(ours.len() > 2, "the codes of {place} were not found: the search is broken");
    assert_eq!(on_the_page(place), ours, "docs/codes.md, {place}, against the code");
}

/// What `fn code` of this source gives for each variant, whatever the variant holds: a new one cannot be forgotten here.
fn given_by(source: &str, function: &str) -> Vec<String> {
    let body = source.split_once(function).expect("the function is there").1;
    let body = body.split_once("\n    }\n").expect("it ends").0;
    body.lines()
        .filter_map(|line| Some(line.split_once("=> \"")?.1.split_once('"')?.0.to_owned()))
        .collect()
}

/// The variants of a plain enum of this source, as `kebab-case` names them.
fn variants(source: &str, name: &str) -> Vec<String> {
    let body = source.split_once(name).expect("the enum is there").1;
    let body = body.split_once("\n}\n").expect("it ends").0;
    let lines = body.lines().map(str::trim);
    let names =
        lines.filter_map(|line| line.strip_suffix(',')).filter(|line| !line.starts_with('/'));
    names.map(kebab).collect()
}

fn kebab(name: &str) -> String {
    let mut text = String::new();
    for (place, letter) in name.char_indices() {
        if place > 0 && letter.is_ascii_uppercase() {
            text.push('-');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[test]
fn every_cause_of_a_delivery_is_explained() {
    assert_same("Deliveries", Cause::ALL.iter().map(|cause| cause.code()));
}

#[test]
fn every_reason_why_a_connection_ends_is_explained() {
    let inbound = given_by(include_str!("../inbound/close.rs"), "fn code(self)");
    assert_same("Connections of listeners", inbound);
    let outbound = given_by(include_str!("../outbound/report.rs"), "fn code(self)");
    assert_same("Connections of destinations", outbound);
}

#[test]
fn every_fault_of_tls_is_explained() {
    let source = include_str!("../tls/fault.rs");
    let (handshakes, certificates) =
        source.split_once("impl Distrust").expect("handshakes stand before certificates");
    assert_same("TLS handshakes", given_by(handshakes, "fn code(&self)"));
    assert_same("Certificates", given_by(certificates, "fn code(&self)"));
}

#[test]
fn every_reason_to_set_a_file_aside_is_explained() {
    assert_same("Files", given_by(include_str!("../inbound/folder/reason.rs"), "fn code(&self)"));
}

#[test]
fn every_cause_of_a_refusal_and_of_what_replays_leave_out_is_explained() {
    assert_same("Refused messages", RefusalCause::ALL.map(RefusalCause::code));
    let left_out = given_by(include_str!("../replay/sending.rs"), "fn code(self)");
    assert_same("Left out of replays", left_out);
}

#[test]
fn every_code_of_an_answer_is_explained() {
    assert_same("Acknowledgement codes", AckCode::ALL.map(AckCode::as_str));
    assert_same("Error codes", ErrorCode::ALL.map(|code| code.number().to_string()));
    assert_same("Oddities", Lint::ALL.map(Lint::as_str));
}

#[test]
fn every_state_is_explained() {
    let pool = include_str!("../outbound/pool/state.rs");
    let quoted = |source: &str, from: &str| -> Vec<String> {
        let body = source.split_once(from).expect("the function is there").1;
        let body = body.split_once("\n    }\n").expect("it ends").0;
        body.split('"').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let mut states = quoted(pool, "fn state(&self)");
    states.extend(quoted(include_str!("../handler/caller.rs"), "fn state(&self"));
    states.push("orphaned".to_owned());
    assert_same("States", states);
}

#[test]
fn every_refusal_of_a_request_is_explained() {
    assert_same(
        "Refused requests",
        variants(include_str!("../control/protocol/response.rs"), "pub enum RefusedReason {"),
    );
}

#[test]
fn every_reason_to_take_no_messages_is_explained() {
    let source = include_str!("../control/protocol/readiness.rs");
    assert_same("Not ready", given_by(source, "fn code(self)"));
}

#[test]
fn every_row_says_what_its_code_means_and_all_but_exits_what_follows() {
    for row in every_code() {
        assert!(!row.means.is_empty(), "{row:?}");
        let is_exit = row.place == "Exit codes";
        assert!(is_exit || !(row.follows.is_empty() || row.remedy.is_empty()), "{row:?}");
        assert!(
            !row.means.contains('|') && !row.follows.contains('|') && !row.remedy.contains('|'),
            "{row:?}"
        );
    }
    let rows = PAGE.lines().filter(|line| line.starts_with('|') && !line.starts_with("|-")).count();
    let headings = PAGE.lines().filter(|line| line.starts_with("| code |")).count();
    assert_eq!(every_code().count(), rows - headings, "each row of the page was read");
}

#[test]
fn a_code_that_is_met_in_two_places_is_explained_for_both() {
    let places: Vec<_> = explain("WRITE-TIMEOUT").map(|row| row.place).collect();
    assert_eq!(places, ["Deliveries", "Connections of listeners"]);
    assert_eq!(explain("no-such-code").count(), 0);
}
