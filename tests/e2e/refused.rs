//! What is refused is kept, with what was answered and why.

use std::fs;

use libtest_mimic::Trial;
use wardline_engine::control::protocol::{Request, Response, StoreFigures};
use wardline_store::{JournalStore, KeptMessage, MessageId, Store, StoreOptions};
use wardline_tests::message::{adt, message};
use wardline_tests::peer::Peer;
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::ours::{PROGRAM, running};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        what_a_listener_refuses_is_kept_with_its_answer_and_cause,
        a_batch_that_is_refused_is_kept_whole,
        a_file_that_is_set_aside_is_kept_too,
    ]
}

fn figures(engine: &Engine) -> StoreFigures {
    match engine.ask(&Request::StoreStats) {
        Response::StoreStats(figures) => *figures,
        other => panic!("asked for figures, got {other:?}"),
    }
}

/// Everything in the store of an engine that has ended, in its order.
fn kept(site: &Site) -> Vec<KeptMessage> {
    let options = StoreOptions::new(site.store(), |fault| panic!("{fault}"));
    let store = JournalStore::open(options).expect("the engine has let go of it");
    let ids: Vec<_> = (1..100).filter_map(MessageId::from_number).collect();
    let mut kept = Vec::new();
    let read = store.messages(&ids, &mut |_, message| {
        kept.extend(message);
        true
    });
    read.expect("readable");
    kept
}

/// What is told of each that was refused: answered code, cause, size.
fn refused(kept: &[KeptMessage]) -> Vec<(String, &str, u64)> {
    let refusals = kept.iter().filter_map(|one| one.refusal.as_ref());
    let code = |code: [u8; 2]| String::from_utf8(code.to_vec()).expect("letters");
    refusals.map(|one| (code(one.code), &*one.cause, one.size)).collect()
}

fn what_a_listener_refuses_is_kept_with_its_answer_and_cause() {
    let keys = "unrouted = \"reject\"\nmax_message_size = \"2KiB\"\naccept = { message = [\"ADT\", \"MFN\"] }";
    let (site, engine) = running(keys);
    let unwanted = message("SIU^S12", "1");
    let unrouted = message("MFN^M02", "2");
    let mut peer = Peer::connect(engine.address("in"));
    for payload in [&b"no message at all"[..], &unwanted, &unrouted] {
        assert_eq!(peer.send(payload), "AR");
    }
    assert_eq!(peer.send(&adt("3")), "AA");
    let large = wardline_tests::message::large("4", 5000);
    assert_eq!(peer.send(&large), "AR");
    wait::until("all is written", || (figures(&engine).refused_kept == 4).then_some(()));
    assert!(engine.stop().success());
    let kept = kept(&site);
    let told = refused(&kept);
    let ar = |cause, size: usize| ("AR".to_owned(), cause, size as u64);
    let expected =
        [ar("unreadable", 17), ar("not-accepted", unwanted.len()), ar("unrouted", unrouted.len())];
    assert_eq!(told[..3], expected);
    assert_eq!(told[3].1, "too-large");
    let of_refused: Vec<_> = kept.iter().filter(|one| one.refusal.is_some()).collect();
    assert_eq!(of_refused[1].body, unwanted, "RAW-1");
    assert_eq!((&*of_refused[1].listener, of_refused[1].sent.len()), ("in", 0));
    assert!(large.starts_with(&of_refused[3].body) && !of_refused[3].body.is_empty());
    assert!(told[3].2 > of_refused[3].body.len() as u64, "only its beginning is kept");
}

fn a_batch_that_is_refused_is_kept_whole() {
    let (site, engine) = running("batch_ack = \"each\"\naccept = { message = [\"ADT\"] }");
    let batch =
        [b"BHS|^~\\&|A|B|C|D\r".to_vec(), adt("1"), message("SIU^S12", "2"), b"BTS|2\r".to_vec()];
    let batch = batch.concat();
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&batch), "AR");
    wait::until("it is written", || (figures(&engine).refused_kept == 1).then_some(()));
    assert!(engine.stop().success());
    let kept = kept(&site);
    let told = refused(&kept);
    assert_eq!(told, [("AR".to_owned(), "not-accepted", batch.len() as u64)]);
    assert_eq!(kept[0].body, batch);
}

fn a_file_that_is_set_aside_is_kept_too() {
    let configuration = r#"
[[listeners]]
id = "in"
kind = "file"
path = "dropbox"
poll_every = "20ms"
stable_for = "1s"
"#;
    let site = Site::new(PROGRAM, configuration);
    let dropbox = site.folder().join("dropbox");
    fs::create_dir_all(&dropbox).expect("a folder");
    let engine = site.start();
    fs::write(dropbox.join("one.hl7"), b"no message at all").expect("written");
    wait::until("it is set aside", || (figures(&engine).refused_kept == 1).then_some(()));
    assert!(engine.stop().success());
    let kept = kept(&site);
    assert_eq!(refused(&kept), [("AR".to_owned(), "not-a-batch", 17)]);
    assert_eq!((&*kept[0].peer, &kept[0].body[..]), ("file", &b"no message at all"[..]));
}
