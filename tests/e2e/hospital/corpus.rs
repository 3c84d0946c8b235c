//! Messages of other hospitals, each sent to the listener of its type: who is answered what, and what becomes of which
//! message on its way to whom, place by place.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use wardline_tests::message::field;
use wardline_tests::requirement::{Need, corpus};
use wardline_tests::{trials, wait};

use super::differences::places;
use super::site::{Hospital, told};
use crate::corpus::files;

pub(super) fn trials() -> Vec<Trial> {
    trials![what_other_hospitals_send_is_refused_or_delivered_as_listed => [Need::Corpus]]
}

/// For each file its listener, the answer, and each destination with the places that are other there. `=` is: as it came.
const LISTED: &str = include_str!("corpus.tsv");

/// The listener that a message of this type belongs to.
fn listener(payload: &[u8]) -> Option<&'static str> {
    let message_type = field(payload, "MSH", 9);
    match message_type.get(..3)? {
        "ADT" => Some("his"),
        "ORM" | "OML" | "OMG" | "OMP" | "RDE" => Some("orders"),
        "ORU" if ["TX", "FT", "ED"].contains(&field(payload, "OBX", 2).as_str()) => {
            Some("radiology")
        }
        "ORU" => Some("laboratory"),
        "MDM" => Some("radiology"),
        "SIU" => Some("scheduling"),
        "DFT" => Some("charges"),
        _ => None,
    }
}

fn what_other_hospitals_send_is_refused_or_delivered_as_listed() {
    let hospital = Hospital::open();
    let mut listed = String::new();
    for (name, payload) in files(&corpus().expect("the corpus, which this test needs")) {
        // One message, which says nothing of who answers what: that is another test's subject.
        let is_plain = payload.starts_with(b"MSH")
            && field(&payload, "MSH", 15).is_empty()
            && field(&payload, "MSH", 16).is_empty();
        let Some(listener) = listener(&payload).filter(|_| is_plain) else { continue };
        let (answer, filed) = if listener == "charges" {
            by_folder(&hospital, &name, &payload)
        } else {
            (told(&hospital.peer(listener).exchange(&payload)), Vec::new())
        };
        hospital.settle();
        let mut line = vec![name, listener.to_owned(), answer];
        let sinks = hospital.systems().flat_map(|(system, sink)| {
            sink.take().into_iter().map(move |one| (system, one.payload))
        });
        let ledger = filed.into_iter().map(|payload| ("ledger", payload));
        for (system, arrived) in sinks.chain(ledger) {
            let places = places(&payload, &arrived);
            let told = if arrived == payload { "=".to_owned() } else { places.join(" ") };
            line.push(format!("{system} {told}"));
        }
        listed.push_str(&line.join("\t"));
        listed.push('\n');
    }
    assert!(listed == LISTED, "what becomes of the corpus has changed; it is now:\n{listed}");
}

/// Puts a file where the theatres do; why it was put aside, or what reached the ledger.
fn by_folder(hospital: &Hospital, name: &str, payload: &[u8]) -> (String, Vec<Vec<u8>>) {
    let before = below(&hospital.folder("ledger"));
    hospital.put(name, payload);
    let reason = hospital.charges(&format!("failed/{name}.reason"));
    let done = hospital.charges(&format!("done/{name}"));
    let is_told = || fs::read_to_string(&reason).is_ok_and(|reason| reason.ends_with('\n'));
    wait::until_so("the file to be put away", || is_told() || done.is_file());
    if done.is_file() {
        hospital.settle();
        let new = &below(&hospital.folder("ledger")) - &before;
        let filed = new.into_iter().map(|path| fs::read(path).expect("a file of the ledger"));
        return ("taken".to_owned(), filed.collect());
    }
    let reason = fs::read_to_string(reason).expect("a reason");
    let text = reason.lines().find_map(|line| line.strip_prefix("text: "));
    (format!("aside: {}", text.unwrap_or_default()), Vec::new())
}

/// Every file below a folder.
fn below(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    folders.iter().flat_map(|folder| below(folder)).chain(files).collect()
}
