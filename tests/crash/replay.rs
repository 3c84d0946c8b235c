//! A replay whose engine is killed again and again: each of its messages is sent in once, and none is forgotten.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use libtest_mimic::Trial;
use wardline_engine::control::protocol::{
    MessageRange, ReplayMode, ReplayOrder, ReplayRow, ReplayState, Request, Response,
};
use wardline_store::{JournalStore, MessageId, Store, StoreOptions};
use wardline_tests::message::{adt, control_id};
use wardline_tests::peer::Peer;
use wardline_tests::sink::Sink;
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::kill::{drained, number_from};

/// Messages in a plain test run; `WARDLINE_REPLAYED=100000` is for a machine with nothing else to do.
const MESSAGES: u64 = 4_000;
/// Kills, spread over the job.
const KILLS: u64 = 6;
/// Connections that bring the messages in.
const SENDERS: u64 = 8;
/// From the progress that is waited for to the kill, at most, in milliseconds: several windows of records.
const LONGEST_LIFE: u64 = 200;

pub(crate) fn trials() -> Vec<Trial> {
    trials![a_replay_sends_each_message_once_whenever_the_engine_is_killed]
}

fn a_replay_sends_each_message_once_whenever_the_engine_is_killed() {
    let messages = number_from("WARDLINE_REPLAYED").unwrap_or(MESSAGES);
    let seed = number_from("WARDLINE_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("{messages} messages, {KILLS} kills, WARDLINE_SEED={seed}");
    let mut chance = fastrand::Rng::with_seed(seed);
    let (taken, copied) = (Sink::accepting(), Sink::accepting());
    let site = site(&taken, &copied);
    let mut engine = site.start();
    bring(&engine, messages);
    let all = usize::try_from(messages).expect("fits");
    drained(&engine, "lis");
    let replay = start(&engine, messages);
    for kill in 1..=KILLS {
        let goal = messages * kill / (KILLS + 1);
        wait::until("the replay to come so far", || {
            (job(&engine, replay.job).sent >= goal).then_some(())
        });
        std::thread::sleep(Duration::from_millis(chance.u64(..LONGEST_LIFE)));
        engine.kill();
        engine = site.start();
    }
    let through = wait::until("the replay to be through", || {
        let row = job(&engine, replay.job);
        (row.state == ReplayState::Done).then_some(row)
    });
    assert_eq!((through.sent, through.left_out.len()), (messages, 0));
    drained(&engine, "copy");
    let arrived: BTreeMap<String, usize> =
        copied.take().iter().fold(BTreeMap::new(), |mut counts, one| {
            *counts.entry(control_id(&one.payload)).or_default() += 1;
            counts
        });
    assert_eq!(arrived.len(), all, "each has arrived");
    assert!(engine.stop().success());
    assert_each_was_sent_in_once(&site, replay.job, messages);
}

/// By what the journal says: what arrives twice is what was in flight when the engine was killed.
fn assert_each_was_sent_in_once(site: &Site, job: u64, messages: u64) {
    let options = StoreOptions::new(site.store(), |fault| panic!("{fault}"));
    let store = JournalStore::open(options).expect("the engine has let go of it");
    let mut originals: BTreeMap<MessageId, usize> = BTreeMap::new();
    let whole = store.replayed(job, None, &mut |original| {
        *originals.entry(original).or_default() += 1;
    });
    assert!(whole.expect("readable"), "nothing was let go of");
    let twice: Vec<_> = originals.iter().filter(|(_, times)| **times != 1).collect();
    assert!(twice.is_empty(), "sent in more than once: {twice:?}");
    assert_eq!(originals.len() as u64, messages);
}

fn bring(engine: &Engine, messages: u64) {
    let address = engine.address("in");
    std::thread::scope(|scope| {
        for sender in 0..SENDERS {
            scope.spawn(move || {
                let mut peer = Peer::connect(address);
                for number in (sender..messages).step_by(usize::try_from(SENDERS).expect("fits")) {
                    assert_eq!(peer.send(&adt(&format!("M{number}"))), "AA");
                }
            });
        }
    });
}

fn start(engine: &Engine, messages: u64) -> ReplayRow {
    let id = |number| MessageId::from_number(number).expect("not 0");
    let order = ReplayOrder {
        messages: Vec::new(),
        ranges: vec![MessageRange { first: id(1), last: id(u64::MAX) }],
        search: None,
        list: None,
        mode: ReplayMode::Resend,
        destinations: vec!["copy".to_owned()],
        edited: None,
        rate: 2_000.try_into().expect("not 0"),
    };
    let (by, reason) = ("ann".to_owned(), "the archive lost them".to_owned());
    match engine.ask(&Request::ReplayStart { order, count: messages, by, reason }) {
        Response::Replay(row) => *row,
        other => panic!("no replay: {other:?}"),
    }
}

fn job(engine: &Engine, job: u64) -> ReplayRow {
    match engine.ask(&Request::Replays { job: Some(job) }) {
        Response::Replays { mut replays } => replays.pop().expect("it survives"),
        other => panic!("no replay: {other:?}"),
    }
}

fn site(taken: &Sink, copied: &Sink) -> Site {
    let (taken, copied) = (taken.address(), copied.address());
    Site::new(
        PathBuf::from(env!("CARGO_BIN_EXE_wardline-under-test")),
        &format!(
            r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[routes]]
id = "all"
to = ["lis"]

[[destinations]]
id = "lis"
kind = "mllp"
address = "{taken}"

[[destinations]]
id = "copy"
kind = "mllp"
address = "{copied}"
"#
        ),
    )
}
