//! What is awaited of a peer, and what its answers count as.

use insta::assert_snapshot;
use wardline_config::{DestinationKind, MllpDestination, Order, Paint};
use wardline_flow::{AckMatch, ExpectAck, KeyOrder, ReplyOutcome, ReplyRule, TextPattern};
use wardline_mllp::Release;

use crate::{Site, site};

/// One destination with these keys, which everything is routed to.
fn sending(keys: &str) -> Site {
    site(&format!(
        "[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\n\
         [[routes]]\nid = \"all\"\nmatch = {{}}\nto = [\"lis\"]\n\
         [[destinations]]\nid = \"lis\"\nkind = \"mllp\"\naddress = \"10.1.2.3:2575\"\n{keys}\n"
    ))
}

fn mllp(keys: &str) -> MllpDestination {
    let loaded = sending(keys).load(&[]).unwrap_or_else(|faults| unreachable!("{faults}"));
    let destination = loaded.config.destinations.into_iter().next().expect("a destination");
    match destination.kind {
        DestinationKind::Mllp(mllp) => *mllp,
        other => unreachable!("kind = \"mllp\", not {other:?}"),
    }
}

#[test]
fn every_word_of_ack_match_is_read() {
    for (word, expected) in [
        ("exact", AckMatch::Exact),
        ("trim", AckMatch::Trim),
        ("prefix20", AckMatch::Prefix20),
        ("any-ack", AckMatch::AnyAck),
        ("any", AckMatch::Any),
    ] {
        assert_eq!(mllp(&format!("ack_match = \"{word}\"")).ack_match, expected);
    }
}

#[test]
fn what_gives_up_proof_of_delivery_is_warned_of() {
    let exact = sending("ack_match = \"exact\"").load(&[]).expect("no fault");
    assert_eq!(exact.warnings, []);
    let site = sending("ack_match = \"any-ack\"");
    let loaded = site.load(&[]).expect("no fault");
    assert_snapshot!(site.portable(&loaded.render_warnings(Paint::Plain)));
    let told: Vec<_> = loaded.config.destinations[0].warnings().collect();
    assert_eq!(told, [loaded.warnings[0].message()]);
}

#[test]
fn every_word_of_expect_ack_is_read_and_one_of_them_warned_of() {
    for (word, expected) in [
        ("by-message", ExpectAck::ByMessage),
        ("always", ExpectAck::Always),
        ("never", ExpectAck::Never),
    ] {
        let keys = format!("expect_ack = \"{word}\"");
        assert_eq!(mllp(&keys).expect_ack, expected);
        let warnings = sending(&keys).load(&[]).expect("no fault").warnings;
        let told: Vec<_> = warnings.iter().map(wardline_config::Diagnostic::message).collect();
        assert_eq!(told, expected.warning().as_slice(), "{word}");
    }
    assert_eq!(mllp("").expect_ack, ExpectAck::ByMessage);
}

#[test]
fn a_destination_speaks_one_of_two_releases() {
    assert_eq!(mllp("").release, Release::One);
    assert_eq!(mllp("mllp = 2").release, Release::Two);
    let faults = sending("mllp = 3").load(&[]).expect_err("no release");
    assert!(faults.to_string().contains("1 or 2"), "{faults}");
}

#[test]
fn answers_may_come_through_a_listener_that_is_there() {
    assert_eq!(mllp("ack_connection = \"in\"").ack_connection, Some("in".into()));
    let faults = sending("ack_connection = \"im\"").load(&[]).expect_err("no listener");
    assert!(faults.to_string().contains("unknown listener `im`"), "{faults}");
}

#[test]
fn where_all_answers_come_one_way_they_name_their_message_or_one_is_awaited() {
    let keys = |matching: &str, more: &str| {
        let keys = format!("ack_connection = \"in\"\nack_match = \"{matching}\"\n{more}");
        sending(&keys)
    };
    for (matching, more) in [
        ("prefix20", "order = \"none\"\nconnections = 2"),
        ("any", "order = \"none\"\nconnections = 1"),
        ("any", "connections = 2"),
        ("any-ack", ""),
    ] {
        keys(matching, more).load(&[]).unwrap_or_else(|faults| unreachable!("{faults}"));
    }
    for (matching, order) in [("any", "order = \"none\""), ("any-ack", "order_by = \"PID-3\"")] {
        let site = keys(matching, &format!("{order}\nconnections = 2"));
        let faults = site.load(&[]).expect_err("one answer for two");
        assert_snapshot!(matching, site.portable(&faults.render(Paint::Plain)));
    }
}

#[test]
fn rules_are_read_in_the_order_of_the_file() {
    let mllp = mllp(
        "[[destinations.on_reply]]\ncode = [\"AE\", \"OK\"]\nerror = [\"207\"]\ntext = \"*locked*\"\nthen = \"retry\"\n\
         [[destinations.on_reply]]\nthen = \"hold\"",
    );
    let first = ReplyRule {
        codes: vec!["AE".into(), "OK".into()],
        errors: vec!["207".into()],
        text: Some(TextPattern::new("*locked*")),
        then: ReplyOutcome::Retry,
    };
    let second = ReplyRule { codes: vec![], errors: vec![], text: None, then: ReplyOutcome::Hold };
    assert_eq!(mllp.on_reply, [first, second]);
}

#[test]
fn a_rule_says_what_follows_and_names_what_it_knows() {
    let site = sending(
        "[[destinations.on_reply]]\ncode = [\"AE\"]\n\
         [[destinations.on_reply]]\ncodes = [\"AE\"]\nthen = \"retyr\"\n\
         [[destinations.on_reply]]\ncode = []\ntext = 7\nthen = \"dead\"",
    );
    let faults = site.load(&[]).expect_err("faults");
    assert_snapshot!(site.portable(&faults.render(Paint::Plain)));
}

fn order(keys: &str) -> Order {
    let loaded = sending(keys).load(&[]).unwrap_or_else(|faults| unreachable!("{faults}"));
    loaded.config.destinations.into_iter().next().expect("a destination").order
}

#[test]
fn a_destination_keeps_the_order_of_each_key_where_it_is_told_the_key() {
    let by =
        |path: &str, id_type| Order::ByKey(KeyOrder::new(path.parse().expect("a path"), id_type));
    assert_eq!(order(""), Order::Fifo);
    assert_eq!(order("order_by = \"PID-3\""), by("PID-3", "MR"));
    assert_eq!(order("order = \"fifo\"\norder_by = \"PID-3.1\""), by("PID-3.1", "MR"));
    assert_eq!(order("order_by = \"PID-3\"\norder_id_type = \"PI\""), by("PID-3", "PI"));
    assert_eq!(order("order_by = \"PV1-19.1\"\nconnections = 4"), by("PV1-19.1", "MR"));
}

#[test]
fn an_order_by_key_has_one_key_and_types_where_there_are_types() {
    let faults = |keys: &str| {
        let site = sending(keys);
        let faults = site.load(&[]).expect_err("faults");
        site.portable(&faults.to_string())
    };
    assert_snapshot!(
        [
            faults("order = \"none\"\norder_by = \"PID-3[*]\""),
            faults("order_by = \"PID-18\"\norder_id_type = \"PI\""),
            faults("order_id_type = \"PI\""),
            faults("order_by = \"patient\""),
        ]
        .join("\n")
    );
}
