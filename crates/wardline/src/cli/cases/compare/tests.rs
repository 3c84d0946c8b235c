//! What counts as expected, and what does not.

use super::*;

const CAME: &str = "MSH|^~\\&|A|B|C|D|1||ADT^A01|7|P|2.5\rPID|1||77\rOBX|1||a\rNTE|1\r";

fn effect(answers: &[&str], sent: &[(&str, &str)]) -> Effect {
    let mut effect = Effect {
        answers: answers.iter().map(|answer| Bytes::from((*answer).to_owned())).collect(),
        ..Effect::default()
    };
    for (destination, body) in sent {
        let bodies = effect.sent.entry((*destination).to_owned()).or_default();
        bodies.push(Bytes::from((*body).to_owned()));
    }
    effect
}

fn expected(answers: &[&str], sent: &[(&str, &str)]) -> Expected {
    let Effect { answers, sent, .. } = effect(answers, sent);
    Expected { answers: Some(answers), sent }
}

fn told(settings: &str, expected: &Expected, effect: &Effect) -> Vec<String> {
    let settings = toml::from_str(settings).expect("settings");
    mismatches(&settings, expected, effect).iter().map(|m| format!("{}: {}", m.of, m.why)).collect()
}

const AA: &str = "MSH|^~\\&|C|D|A|B|||ACK|9|P|2.5\rMSA|AA|7\r";
const AA_LATER: &str = "MSH|^~\\&|C|D|A|B|20260101||ACK|10|P|2.5\rMSA|AA|7\r";
const AR: &str = "MSH|^~\\&|C|D|A|B|||ACK|9|P|2.5\rMSA|AR|7|no such ward\r";

#[test]
fn line_ends_and_what_is_new_with_each_answer_do_not_count() {
    let in_lines = CAME.replace('\r', "\n");
    let found =
        told("", &expected(&[AA], &[("lis", &in_lines)]), &effect(&[AA_LATER], &[("lis", CAME)]));
    assert_eq!(found, <[String; 0]>::default());
}

#[test]
fn what_is_ignored_is_ignored_and_nothing_else() {
    let other = CAME.replace("77", "78");
    let (expected, effect) = (expected(&[AA], &[("lis", CAME)]), effect(&[AA], &[("lis", &other)]));
    assert_eq!(told("", &expected, &effect), ["lis: differs (expected → now)"]);
    assert_eq!(told("ignore = ['PID-3']", &expected, &effect).len(), 0);
    assert_eq!(told("ignore = ['PID-5', 'OBX[*]-3']", &expected, &effect).len(), 1);
}

#[test]
fn a_destination_too_few_or_too_many_is_told() {
    let both = [("lis", CAME), ("lis", CAME)];
    assert_eq!(
        told("", &expected(&[AA], &[("archive", CAME)]), &effect(&[AA], &both)),
        ["archive: expected: 1 message, now: nothing", "lis: expected: nothing, now: 2 messages"]
    );
    assert_eq!(
        told("", &expected(&[AA], &[("lis", CAME)]), &effect(&[AA], &both)),
        ["lis: expected: 1 message, now: 2 messages"]
    );
}

#[test]
fn segments_in_another_order_are_no_match() {
    let swapped = "MSH|^~\\&|A|B|C|D|1||ADT^A01|7|P|2.5\rPID|1||77\rNTE|1\rOBX|1||a\r";
    assert_eq!(
        told("", &expected(&[AA], &[("lis", CAME)]), &effect(&[AA], &[("lis", swapped)])),
        ["lis: the segments stand in another order: MSH PID OBX NTE  →  MSH PID NTE OBX"]
    );
}

#[test]
fn a_case_may_say_in_its_own_words_what_the_answer_is() {
    let nothing = Expected::default();
    let refused = effect(&[AR], &[]);
    assert_eq!(told("answer = 'AR'\ntext = 'no such ward'", &nothing, &refused).len(), 0);
    assert_eq!(told("answer = 'none'", &nothing, &effect(&[], &[])).len(), 0);
    assert_eq!(
        told("answer = 'AA'\ntext = 'welcome'", &nothing, &refused),
        ["answer: expected: AA, now: AR", "answer: its text is another: no such ward"]
    );
    assert_eq!(
        told("answer = 'AA'", &nothing, &effect(&[], &[])),
        ["answer: expected: AA, now: none is due"]
    );
    assert_eq!(told("", &nothing, &refused).len(), 1, "a case that expects nothing shows nothing");
}
