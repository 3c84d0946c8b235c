//! How a listener answers.

use wardline_config::{BatchAck, Listener, Multiple};
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
