//! How a listener answers.

use insta::assert_snapshot;
use wardline_config::{BatchAck, Listener, Multiple, Paint};
use wardline_mllp::Release;

use crate::{Site, site};

fn answering(keys: &str) -> Site {
    site(&format!(
        "[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\n{keys}\n\
         [[routes]]\nid = \"all\"\nmatch = {{}}\nto = [\"lis\"]\n\
         [[destinations]]\nid = \"lis\"\nkind = \"mllp\"\naddress = \"10.1.2.3:2575\"\n"
    ))
}

fn listener(keys: &str) -> Listener {
    let loaded = answering(keys).load(&[]).unwrap_or_else(|faults| unreachable!("{faults}"));
    loaded.config.listeners.into_iter().next().expect("a listener")
}

#[test]
fn every_word_about_batches_is_read() {
    for (word, expected) in [
        ("single", BatchAck::Single),
        ("batch", BatchAck::Batch),
        ("errors", BatchAck::Errors),
        ("each", BatchAck::Each),
    ] {
        assert_eq!(listener(&format!("batch_ack = \"{word}\"")).batch_ack, expected);
    }
    for (word, expected) in [("reject", Multiple::Reject), ("split", Multiple::Split)] {
        assert_eq!(listener(&format!("multiple = \"{word}\"")).multiple, expected);
    }
}

#[test]
fn mllp_has_two_releases() {
    assert_eq!(listener("mllp = 1").release, Release::One);
    assert_eq!(listener("mllp = 2").release, Release::Two);
    for wrong in ["0", "3", "\"R2\"", "true"] {
        let faults = answering(&format!("mllp = {wrong}")).load(&[]).expect_err("no release");
        assert!(faults.to_string().contains("1 or 2"), "{faults}");
    }
}

#[test]
fn the_applications_answers_go_by_a_destination_that_exists() {
    assert!(listener("").app_ack_to.is_none(), "the connection");
    let named = listener("app_ack_to = \"lis\"").app_ack_to;
    assert_eq!(named.as_ref().map(wardline_flow::DestinationId::as_str), Some("lis"));
    let site = answering("app_ack_to = \"lab\"");
    let faults = site.load(&[]).expect_err("an unknown destination");
    assert_snapshot!(site.portable(&faults.to_string()));
}

#[test]
fn where_no_application_answers_the_way_of_its_answers_is_warned_of() {
    for keys in ["ack_mode = \"original\"", "ack = \"none\""] {
        let site = answering(&format!("{keys}\napp_ack_to = \"lis\""));
        let loaded = site.load(&[]).expect("no fault");
        let warnings = loaded.render_warnings(Paint::Plain);
        assert!(warnings.contains("`app_ack_to` changes nothing here"), "{warnings}");
    }
    let loaded = answering("app_ack_to = \"lis\"").load(&[]).expect("no fault");
    assert_eq!(loaded.warnings, []);
}

#[test]
fn a_destination_for_answers_alone_is_used() {
    let site = site(
        "[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\napp_ack_to = \"lis\"\n\
         [[routes]]\nid = \"all\"\nmatch = {}\nto = [\"file\"]\n\
         [[destinations]]\nid = \"file\"\nkind = \"file\"\npath = \"out/{id}.hl7\"\n\
         [[destinations]]\nid = \"lis\"\nkind = \"mllp\"\naddress = \"10.1.2.3:2575\"\n",
    );
    assert_eq!(site.load(&[]).expect("no fault").warnings, []);
}

#[test]
fn what_is_committed_is_never_withdrawn_and_who_asks_for_it_is_warned() {
    for (keys, is_warned) in [
        ("mllp = 2\non_late = \"return\"", true),
        ("mllp = 2\non_late = \"accept\"", false),
        ("mllp = 1\non_late = \"return\"", false),
    ] {
        let site = answering(&format!("ack = \"after_delivery\"\nack_from = \"lis\"\n{keys}"));
        let warnings = site.load(&[]).expect("no fault").render_warnings(Paint::Plain);
        assert_eq!(warnings.contains("changes nothing with `mllp = 2`"), is_warned, "{warnings}");
    }
}
