//! Every message of the corpus through the engine: what arrives is what was sent, and what is refused is listed.

use std::collections::BTreeMap;
use std::path::Path;

use libtest_mimic::Trial;
use wardline_tests::message::{field, framed};
use wardline_tests::peer::Peer;
use wardline_tests::requirement::{Need, corpus};
use wardline_tests::sink::Sink;
use wardline_tests::site::Site;
use wardline_tests::trials;

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![every_file_of_the_corpus_arrives_or_is_refused_with_its_reason => [Need::Corpus]]
}

/// The files that are neither a batch of messages nor one message, with MSH-9 and MSH-10 in each: and why.
const REFUSED: &str = include_str!("corpus_refused.tsv");

/// At least so many messages of the corpus have MSH-9 and MSH-10, and are in nobody's company that has not.
const SOUND_MESSAGES: usize = 532;

fn every_file_of_the_corpus_arrives_or_is_refused_with_its_reason() {
    let folder = corpus().expect("the corpus, which this test needs");
    let sink = Sink::accepting();
    let site = Site::new(
        PROGRAM,
        &format!(
            r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"
ack_mode = "original"
dedup = "off"

[[routes]]
id = "all"
to = ["lis"]

[[routes]]
id = "acks"
match = {{ message = ["ACK"] }}
to = ["lis"]

[[destinations]]
id = "lis"
kind = "mllp"
expect_ack = "always"
address = "{}"
"#,
            sink.address()
        ),
    );
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    let mut sent: Vec<(String, Vec<u8>)> = Vec::new();
    let mut refused = String::new();
    for (name, payload) in files(&folder) {
        if field(&payload, "MSH", 9).starts_with("ACK") && field(&payload, "MSH", 15).is_empty() {
            peer.write(&framed(&payload));
            sent.push((name, payload));
            continue; // Nobody acknowledges an acknowledgement.
        }
        let answer = peer.exchange(&payload);
        match field(&answer, "MSA", 1).as_str() {
            "AA" => {
                let messages = in_batch(&payload).unwrap_or_else(|| vec![payload]);
                sent.extend(messages.into_iter().map(|message| (name.clone(), message)));
            }
            "AR" => {
                let line = format!("{name}\t{}\n", field(&answer, "MSA", 3));
                refused.push_str(&line);
            }
            code => panic!("{name} was answered {code}"),
        }
    }
    assert!(refused == REFUSED, "what is refused has changed; it is now:\n{refused}");
    assert!(sent.len() >= SOUND_MESSAGES, "{} messages were taken", sent.len());
    let arrived = sink.wait_for(sent.len());
    let mut arrived: Vec<&[u8]> = arrived.iter().map(|one| one.payload.as_slice()).collect();
    for (name, payload) in &sent {
        let place = arrived.iter().position(|one| one == payload);
        let place = place.unwrap_or_else(|| panic!("RAW-1: {name} did not arrive as it was sent"));
        arrived.swap_remove(place);
    }
    engine.wait_for_queue("lis", "drained", |row| row.pending == 0 && row.dead == 0);
    println!(
        "{} messages arrived byte for byte, {} files refused",
        sent.len(),
        refused.lines().count()
    );
}

/// The messages of a payload with an envelope, each up to the end of its last segment; `None` where there is none.
fn in_batch(payload: &[u8]) -> Option<Vec<Vec<u8>>> {
    let text = payload.strip_prefix(b"\xef\xbb\xbf").unwrap_or(payload);
    let text = &text[text.iter().position(|byte| !b"\r\n".contains(byte))?..];
    if !text.starts_with(b"FHS") && !text.starts_with(b"BHS") {
        return None;
    }
    let end = if text.contains(&b'\r') { b'\r' } else { b'\n' };
    let mut messages: Vec<Vec<u8>> = Vec::new();
    for line in text.split_inclusive(|byte| *byte == end) {
        // The LF of CR LF stands in front of the next line, and belongs to the one before.
        let (behind, line) = match line.strip_prefix(b"\n") {
            Some(line) => (&b"\n"[..], line),
            None => (&b""[..], line),
        };
        if let Some(message) = messages.last_mut().filter(|message| message.ends_with(b"\r")) {
            message.extend_from_slice(behind);
        }
        match line {
            [b'M', b'S', b'H', ..] => messages.push(line.to_vec()),
            [b'F' | b'B', b'H' | b'T', b'S', ..] | [] | [b'\r' | b'\n'] => {}
            _ => messages.last_mut()?.extend_from_slice(line),
        }
    }
    Some(messages)
}

/// The messages of the corpus by name, as a sender would frame them: VT before and FS behind belong to the frame.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).expect("a readable corpus");
    entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "hl7"))
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let file = std::fs::read(&path).expect("a readable file");
            let payload = file.strip_prefix(b"\x0b").unwrap_or(&file);
            let payload =
                payload.strip_suffix(b"\r").filter(|cut| cut.ends_with(b"\x1c")).unwrap_or(payload);
            let payload = payload.strip_suffix(b"\x1c").unwrap_or(payload);
            (name, payload.to_vec())
        })
        .collect()
}
