use std::path::PathBuf;

use proptest::prelude::*;

use super::*;

const MERGE: &str = "MSH|^~\\&|RIS^1.2.3^ISO|ST-E|LIS|HOSP|20260229101500||ADT^A40^ADT_A39|A0001|P|2.5.1\r\
    EVN|A40|20260229101500\r\
    PID|1||00714417^^^ST-E^MR~99 88^^^SSA^SS~00714417^^^OLD^MR||DOE^JANE\r\
    MRG|00700001^^^ST-E^MR~\r\
    PV1|1|I|W1^101^1||||||||||||||||V20261120-0331^^^ST-E\r\
    ORC|NW|RIS-88120^RIS|LIS-1^LIS\r\
    OBR|1|RIS-88120^RIS|LIS-1^LIS|24331-1^LIPID PANEL^LN||||||||||||||ACC-7\r\
    ORC|NW|RIS-88121^RIS\r\
    OBR|2|RIS-88121^RIS||24331-1^LIPID PANEL^LN||||||||||||||ACC-8\r";

fn taken(keys: &SearchKeys, body: &[u8]) -> Vec<(KeyKind, String)> {
    let message = Message::parse(body.to_vec().into()).expect("a message");
    keys.of(&message).into_iter().map(|found| (found.kind, found.text.into_owned())).collect()
}

fn of_kind(found: &[(KeyKind, String)], kind: KeyKind) -> Vec<&str> {
    found.iter().filter(|(is, _)| *is == kind).map(|(_, text)| text.as_str()).collect()
}

fn custom(name: &str, path: &str) -> CustomKey {
    CustomKey { name: name.to_owned(), path: path.parse().expect("a path") }
}

#[test]
fn a_message_is_found_by_all_that_names_it() {
    let found = taken(&SearchKeys::default(), MERGE.as_bytes());
    for (kind, expected) in [
        (KeyKind::ControlId, vec!["A0001"]),
        (KeyKind::MessageType, vec!["ADT^A40"]),
        (KeyKind::Sender, vec!["RIS|ST-E"]),
        (KeyKind::Receiver, vec!["LIS|HOSP"]),
        (KeyKind::Patient, vec!["00714417", "99 88", "00700001"]),
        (KeyKind::Visit, vec!["V20261120-0331"]),
        (KeyKind::Order, vec!["RIS-88120", "LIS-1", "RIS-88121"]),
    ] {
        assert_eq!(of_kind(&found, kind), expected, "{kind:?}");
    }
}

#[test]
fn an_operators_own_keys_are_taken_from_their_places() {
    let keys = SearchKeys::new(vec![
        custom("accession", "OBR[*]-18"),
        custom("ward", "PV1-3.1"),
        custom("nowhere", "ZZZ-1"),
    ]);
    let found = taken(&keys, MERGE.as_bytes());
    assert_eq!(of_kind(&found, KeyKind::Custom(0)), ["ACC-7", "ACC-8"]);
    assert_eq!(of_kind(&found, KeyKind::Custom(1)), ["W1"]);
    assert_eq!(of_kind(&found, KeyKind::Custom(2)), [""; 0]);
}

#[test]
fn what_takes_other_keys_has_another_fingerprint() {
    let of = |keys: &[CustomKey]| SearchKeys::new(keys.to_vec()).fingerprint();
    let (accession, ward) = (custom("accession", "OBR-18"), custom("ward", "PV1-3.1"));
    assert_ne!(of(&[]), of(std::slice::from_ref(&accession)));
    assert_ne!(of(&[accession.clone(), ward.clone()]), of(&[ward, accession.clone()]));
    let renamed = CustomKey { name: "order".to_owned(), ..accession.clone() };
    assert_eq!(of(&[renamed]), of(&[accession]), "a name is how it is asked for, not what is kept");
}

#[test]
fn a_key_is_the_text_that_a_person_types() {
    let body = b"MSH|^~\\&|A|B|C|D|||ADT^A01|  X\\T\\7  |P|2.5||||||8859/1\rPID|1||M\xfcller\r";
    let found = taken(&SearchKeys::default(), body);
    assert_eq!(of_kind(&found, KeyKind::ControlId), ["X&7"]);
    assert_eq!(of_kind(&found, KeyKind::Patient), ["Müller"]);
    assert_eq!(normal("  X&7 "), "X&7");
}

#[test]
fn a_key_that_is_too_long_is_found_by_its_beginning() {
    let long = "7".repeat(MAX_KEY_BYTES * 2);
    let body =
        format!("MSH|^~\\&|A|B|C|D|||ADT^A01|{long}|P|2.5\rPID|1||{}ü\r", &long[1..MAX_KEY_BYTES]);
    let found = taken(&SearchKeys::default(), body.as_bytes());
    assert_eq!(of_kind(&found, KeyKind::ControlId), [&long[..MAX_KEY_BYTES]]);
    assert_eq!(of_kind(&found, KeyKind::Patient), [&long[1..MAX_KEY_BYTES]], "no half a character");
    assert_eq!(normal(&long), long[..MAX_KEY_BYTES]);
}

#[test]
fn a_message_has_no_more_keys_than_the_limit() {
    let orders: Vec<String> = (0..MAX_KEYS * 2).map(|n| format!("OBR|{n}|P{n}|F{n}\r")).collect();
    let orders = orders.concat();
    let body = format!("MSH|^~\\&|A|B|C|D|||ORU^R01|1|P|2.5\r{orders}");
    assert_eq!(taken(&SearchKeys::default(), body.as_bytes()).len(), MAX_KEYS);
}

#[test]
fn an_empty_and_a_null_place_are_no_keys() {
    let body = b"MSH|^~\\&||||||||1|P|2.5\rPID|1||\"\"~ ~^^^X\rPV1||||||||||||||||||||\r";
    let found = taken(&SearchKeys::default(), body);
    assert_eq!(found, [(KeyKind::ControlId, "1".to_owned())]);
}

#[test]
fn what_is_shown_of_a_key_is_no_content() {
    let found = Found { kind: KeyKind::Patient, text: "00714417".into() };
    assert_eq!(format!("{found:?}"), "Found(Patient, 8 bytes)");
}

/// The folder of synthetic messages, where it is there.
fn corpus() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("WARDLINE_CORPUS").map_or_else(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}

#[test]
fn every_message_of_the_corpus_is_found_by_its_control_id_and_patients() {
    let Some(folder) = corpus() else { return };
    let keys = SearchKeys::new(vec![custom("anything", "OBX[*]-5")]);
    let patient: Path = "PID[*]-3[*].1".parse().expect("a path");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).expect("the corpus").flatten() {
        let Ok(body) = std::fs::read(entry.path()) else { continue };
        let Ok(message) = Message::parse(body.into()) else { continue };
        let found = keys.of(&message);
        let has = |kind, raw: &[u8]| {
            let text = message.text_of(Value::Present(raw)).unwrap_or_default();
            let text = normal(&text);
            text.is_empty() || found.iter().any(|key| key.kind == kind && key.text == text)
        };
        let name = entry.file_name();
        assert!(has(KeyKind::ControlId, message.header().control_id()), "{name:?}: control id");
        assert!(found.len() <= MAX_KEYS);
        if found.len() < MAX_KEYS {
            for id in message.all(&patient).filter(Value::is_present) {
                assert!(has(KeyKind::Patient, id.raw()), "{name:?}: patient");
            }
        }
        read += 1;
    }
    assert!(read > 0, "the corpus has messages");
}

proptest! {
    #[test]
    fn whatever_a_message_holds_its_keys_are_short_and_not_empty(
        rest in prop::collection::vec(any::<u8>(), 0..400),
        path in "(PID|MSH|OBX)(\\[\\*\\])?-[1-9](\\[\\*\\])?(\\.[1-3])?",
    ) {
        let mut body = b"MSH|^~\\&|".to_vec();
        body.extend_from_slice(&rest);
        let keys = SearchKeys::new(vec![custom("own", &path)]);
        if let Ok(message) = Message::parse(body.into()) {
            let found = keys.of(&message);
            prop_assert!(found.len() <= MAX_KEYS);
            for key in &found {
                prop_assert!(!key.text.is_empty() && key.text.len() <= MAX_KEY_BYTES);
                prop_assert_eq!(key.text.trim(), &*key.text);
            }
        }
    }
}
