//! python-hl7: its `mllp_send` to a listener, its asyncio server behind a destination.

use libtest_mimic::Trial;
use wardline_tests::message::{Unframed, adt, field, framed};
use wardline_tests::requirement::{Need, interop};
use wardline_tests::trials;

use crate::foreign::{
    Foreign, command, deliver, delivering_to, printed, receiving, script, stored,
};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        mllp_send_gets_an_answer_for_each_message => [Need::Interop("python/bin/mllp_send")],
        mllp_send_with_loose_line_ends_is_answered => [Need::Interop("python/bin/mllp_send")],
        its_server_takes_what_is_delivered => [Need::Interop("python/bin/python")],
    ]
}

/// MSA-1 and MSA-2 of the answers that `mllp_send` prints as they come, a line feed behind each.
fn answers(printed: &[u8]) -> Vec<(String, String)> {
    let mut unframed = Unframed::default();
    let frames: Vec<u8> = printed.iter().copied().filter(|byte| *byte != b'\n').collect();
    unframed.add(&frames);
    let payloads = std::iter::from_fn(|| unframed.take());
    payloads.map(|answer| (field(&answer, "MSA", 1), field(&answer, "MSA", 2))).collect()
}

fn sent(file: &[u8], flags: &[&str]) -> Vec<(String, String)> {
    let (site, engine) = receiving();
    let path = site.folder().join("messages");
    std::fs::write(&path, file).expect("a writable folder");
    let port = engine.address("in").port().to_string();
    let mut send = command(interop().join("python/bin/mllp_send"), flags);
    send.arg("--file").arg(&path).args(["--port", &port, "127.0.0.1"]);
    let answers = answers(&printed(&mut send));
    for control_id in ["P1", "P2"] {
        assert_eq!(field(&stored(&site, control_id), "MSH", 10), control_id);
    }
    answers
}

fn both_accepted() -> Vec<(String, String)> {
    ["P1", "P2"].map(|control_id| ("AA".to_owned(), control_id.to_owned())).into()
}

fn mllp_send_gets_an_answer_for_each_message() {
    let frames = [framed(&adt("P1")), framed(&adt("P2"))].concat();
    assert_eq!(sent(&frames, &[]), both_accepted());
}

fn mllp_send_with_loose_line_ends_is_answered() {
    let text = [adt("P1"), adt("P2")].concat();
    let text = String::from_utf8(text).expect("text").replace('\r', "\r\n");
    assert_eq!(sent(text.as_bytes(), &["--loose"]), both_accepted());
}

fn its_server_takes_what_is_delivered() {
    let mut python = command(interop().join("python/bin/python"), &[script("python/server.py")]);
    let mut server = Foreign::start(&mut python);
    let (_site, engine) = delivering_to(server.address());
    deliver(&engine, &["P1", "P2", "P3"]);
    assert_eq!([server.line(), server.line(), server.line()], ["P1", "P2", "P3"]);
}
