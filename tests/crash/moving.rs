//! A queue that is moved while the engine is killed again and again: each message stands at exactly one of the two
//! destinations, and in the end all at the other, in their order.

use std::time::Duration;

use libtest_mimic::Trial;
use wardline_engine::control::protocol::{Request, Response, Which};
use wardline_tests::message::adt;
use wardline_tests::nobody::Nobody;
use wardline_tests::peer::Peer;
use wardline_tests::sink::{Reply, Sink};
use wardline_tests::site::{Engine, Site};
use wardline_tests::trials;

use crate::kill::number_from;

/// Messages in the queue.
const MESSAGES: u64 = 3_000;
/// Kills, each during a move of all that is left.
const KILLS: usize = 5;
/// From the request to the kill, at most, in milliseconds: some of several stretches of it.
const LONGEST_LIFE: u64 = 120;

pub(crate) fn trials() -> Vec<Trial> {
    trials![a_queue_that_is_moved_is_at_exactly_one_place_whenever_the_engine_is_killed]
}

fn a_queue_that_is_moved_is_at_exactly_one_place_whenever_the_engine_is_killed() {
    let seed = number_from("WARDLINE_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("{MESSAGES} messages, {KILLS} kills, WARDLINE_SEED={seed}");
    let mut chance = fastrand::Rng::with_seed(seed);
    let (from, to) = (Nobody::new(), Nobody::new());
    let site = site(&from, &to);
    let mut engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    for number in 0..MESSAGES {
        assert_eq!(peer.send(&adt(&format!("M{number}"))), "AA");
    }
    drop(peer);
    let mut caught = 0;
    for _kill in 0..KILLS {
        let life = Duration::from_millis(chance.u64(..LONGEST_LIFE));
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| engine.try_ask(&move_all(Which::All)));
            std::thread::sleep(life);
            engine.signal(rustix::process::Signal::KILL);
            let _killed_in_the_middle = asked.join().expect("a caller");
        });
        engine.kill();
        engine = site.start();
        let (here, there) = (waiting(&engine, "lis"), waiting(&engine, "lis-2"));
        assert_eq!(here + there, MESSAGES, "each is at one of the two");
        caught += usize::from(here > 0 && there > 0);
    }
    println!("killed {caught} times with a part of it moved");
    let mut request = move_all(Which::All);
    loop {
        match engine.ask(&request) {
            Response::Done { rest: Some(rest), .. } => request = request.going_on(rest),
            Response::Done { rest: None, .. } => break,
            other => panic!("asked for a move, got {other:?}"),
        }
    }
    assert_eq!((waiting(&engine, "lis"), waiting(&engine, "lis-2")), (0, MESSAGES));
    engine.kill();
    let sink = Sink::in_place_of(&to, |_| Reply::Code("AA"));
    let engine = site.start();
    let all = usize::try_from(MESSAGES).expect("fits");
    sink.wait_for(all);
    let expected: Vec<String> = (0..MESSAGES).map(|number| format!("M{number}")).collect();
    assert_eq!(sink.control_ids(), expected, "each once and in order");
    drop(engine);
}

fn move_all(which: Which) -> Request {
    Request::Move {
        from: "lis".to_owned(),
        to: "lis-2".to_owned(),
        which,
        by: "ann".to_owned(),
        reason: "its machine burns".to_owned(),
        dry_run: false,
    }
}

fn waiting(engine: &Engine, destination: &str) -> u64 {
    let row = engine.queue(destination);
    row.pending + row.held
}

fn site(from: &Nobody, to: &Nobody) -> Site {
    let destination = |id: &str, nobody: &Nobody| {
        format!(
            "\n[[destinations]]\nid = \"{id}\"\nkind = \"mllp\"\naddress = \"{}\"\n",
            nobody.address()
        )
    };
    let destinations = destination("lis", from) + &destination("lis-2", to);
    Site::new(
        env!("CARGO_BIN_EXE_wardline-under-test"),
        &format!(
            "[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\n\n[[routes]]\nid = \"all\"\nto = [\"lis\"]\n{destinations}"
        ),
    )
}
