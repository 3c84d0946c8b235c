//! A reload under load: of three hundred interfaces one is changed, and the others notice nothing.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use libtest_mimic::Trial;
use wardline_engine::control::protocol::{Effect, QueueMove, Request, Response};
use wardline_tests::message::adt;
use wardline_tests::peer::Peer;
use wardline_tests::sink::{Arrived, Reply, Sink};
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::ours::PROGRAM;

/// Listeners, each with a sender connected.
const INTERFACES: usize = 300;
/// The one that is changed.
const CHANGED: usize = 150;
/// Threads that send.
const SENDERS: usize = 10;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        one_of_three_hundred_interfaces_is_changed_and_the_others_keep_their_sockets,
        a_queue_is_moved_under_load_and_every_sender_keeps_its_order,
    ]
}

fn configuration(sink: &Sink, changed: &str) -> String {
    let listeners: Vec<String> = (0..INTERFACES)
        .map(|number| {
            let bind = if number == CHANGED { changed } else { "bind = \"127.0.0.1:0\"" };
            format!("[[listeners]]\nid = \"in-{number}\"\n{bind}\n")
        })
        .collect();
    format!(
        "{}\n[[routes]]\nid = \"all\"\nto = [\"lis\"]\n\n[[destinations]]\nid = \"lis\"\n\
         kind = \"mllp\"\naddress = \"{}\"\norder = \"none\"\nconnections = 4\n",
        listeners.concat(),
        sink.address()
    )
}

/// What one sender has sent, over which connection of its own.
struct Sender {
    number: usize,
    peer: Peer,
    acknowledged: Vec<String>,
}

impl Sender {
    fn send(&mut self) {
        let control_id = format!("{}-{}", self.number, self.acknowledged.len());
        assert_eq!(self.peer.send(&adt(&control_id)), "AA", "interface {}", self.number);
        self.acknowledged.push(control_id);
    }
}

fn reload(engine: &Engine) -> (String, Effect) {
    let (moves, park, by) = (Vec::new(), Vec::new(), "test".to_owned());
    match engine.ask(&Request::Reload { dry_run: false, moves, park, expected: None, by }) {
        Response::Reloaded(reload) => {
            assert_eq!(reload.changes.len(), 1, "{reload:?}");
            (reload.changes[0].id.clone(), reload.changes[0].effect)
        }
        other => panic!("asked to reload, got {other:?}\n{}", engine.log()),
    }
}

fn one_of_three_hundred_interfaces_is_changed_and_the_others_keep_their_sockets() {
    let sink = Sink::accepting();
    let site = Site::new(PROGRAM, &configuration(&sink, "bind = \"127.0.0.1:0\""));
    let engine = site.start();
    let mut changed = None;
    let mut groups: Vec<Vec<Sender>> = (0..SENDERS).map(|_| Vec::new()).collect();
    for (number, row) in engine.status().listeners.iter().enumerate() {
        assert_eq!(row.id, format!("in-{number}"));
        let peer = Peer::connect(row.address.parse().expect("an address"));
        let sender = Sender { number, peer, acknowledged: Vec::new() };
        if number == CHANGED {
            changed = Some(sender);
        } else {
            groups[number % SENDERS].push(sender);
        }
    }
    let mut changed = changed.expect("the one that is changed");
    changed.send();
    let (done, rounds) = (AtomicBool::new(false), AtomicUsize::new(0));
    let go_on = |what: &str| {
        let before = rounds.load(Ordering::Acquire);
        wait::until_so(what, || rounds.load(Ordering::Acquire) >= before + 2 * SENDERS);
    };
    let (acknowledged, other) = thread::scope(|scope| {
        let sending: Vec<_> = groups
            .into_iter()
            .map(|mut group| {
                let (done, rounds) = (&done, &rounds);
                scope.spawn(move || {
                    while !done.load(Ordering::Acquire) {
                        group.iter_mut().for_each(Sender::send);
                        rounds.fetch_add(1, Ordering::AcqRel);
                    }
                    group
                })
            })
            .collect();
        go_on("all senders to send");
        site.configure(&configuration(&sink, "bind = \"127.0.0.1:0\"\nunrouted = \"reject\""));
        let soft = reload(&engine);
        assert_eq!(soft, (format!("in-{CHANGED}"), Effect::NextMessage));
        changed.send();
        go_on("all senders to send behind the first reload");
        site.configure(&configuration(&sink, "bind = \"127.0.0.2:0\"\nunrouted = \"reject\""));
        assert_eq!(reload(&engine), (format!("in-{CHANGED}"), Effect::Reopens));
        assert!(changed.peer.is_closed(), "what it was connected to is gone");
        changed.peer = Peer::connect(engine.address(&format!("in-{CHANGED}")));
        changed.send();
        go_on("all senders to send behind the second reload");
        done.store(true, Ordering::Release);
        let groups =
            sending.into_iter().map(|group| group.join().expect("every message is answered AA"));
        // Held to the end of the test: nobody closes but the engine.
        let senders: Vec<Sender> = groups.flatten().collect();
        let all = senders.iter().chain([&changed]).flat_map(|one| one.acknowledged.clone());
        (all.collect::<Vec<_>>(), senders)
    });
    for row in engine.status().listeners {
        let is_changed = row.id == format!("in-{CHANGED}");
        let expected = if is_changed { (2, 1) } else { (1, 0) };
        assert_eq!((row.counts.opened, row.counts.closed), expected, "{}", row.id);
    }
    assert_eq!(other.len(), INTERFACES - 1);
    let mut arrived = sink.wait_for(acknowledged.len()).into_iter().map(|one| one.control_id);
    let arrived: Vec<String> = arrived.by_ref().collect();
    assert_eq!(arrived.len(), acknowledged.len(), "each is delivered once");
    let set = |ids: &[String]| ids.iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(set(&arrived), set(&acknowledged), "what was acknowledged, and nothing else");
}

/// A site with one listener before one destination.
fn renamed(destination: &str, sink: &Sink) -> String {
    format!(
        "[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\n[[routes]]\nid = \"all\"\nto = [\"{destination}\"]\n\
         [[destinations]]\nid = \"{destination}\"\nkind = \"mllp\"\naddress = \"{}\"\n",
        sink.address()
    )
}

fn a_queue_is_moved_under_load_and_every_sender_keeps_its_order() {
    // Slower than its senders, so that there is a queue.
    let slow = |_: &Arrived| Reply::After(Duration::from_millis(5), Box::new(Reply::Code("AA")));
    let (before, after) = (Sink::start(slow), Sink::accepting());
    let site = Site::new(PROGRAM, &renamed("lis", &before));
    let engine = site.start();
    let address = engine.address("in");
    let (done, sent) = (AtomicBool::new(false), AtomicUsize::new(0));
    let senders: Vec<Sender> = thread::scope(|scope| {
        let sending: Vec<_> = (0..SENDERS)
            .map(|number| {
                let (done, sent) = (&done, &sent);
                scope.spawn(move || {
                    let peer = Peer::connect(address);
                    let mut sender = Sender { number, peer, acknowledged: Vec::new() };
                    while !done.load(Ordering::Acquire) {
                        sender.send();
                        sent.fetch_add(1, Ordering::AcqRel);
                    }
                    sender
                })
            })
            .collect();
        let go_on = |what: &str| {
            let so_far = sent.load(Ordering::Acquire);
            wait::until_so(what, || sent.load(Ordering::Acquire) >= so_far + 20 * SENDERS);
        };
        go_on("a queue to grow");
        site.configure(&renamed("laboratory", &after));
        let moves = vec![QueueMove { from: "lis".to_owned(), to: "laboratory".to_owned() }];
        let (park, by) = (Vec::new(), "test".to_owned());
        let queue = match engine.ask(&Request::Reload {
            dry_run: false,
            moves,
            park,
            expected: None,
            by,
        }) {
            Response::Reloaded(reload) => reload.queues[0].clone(),
            other => panic!("asked to reload, got {other:?}\n{}", engine.log()),
        };
        assert!(queue.deliveries > 0 && queue.left == 0, "{queue:?}");
        go_on("what follows the queue");
        done.store(true, Ordering::Release);
        sending.into_iter().map(|one| one.join().expect("every message is answered AA")).collect()
    });
    let all = senders.iter().map(|one| one.acknowledged.len()).sum::<usize>();
    wait::until_so("all to arrive", || before.arrived().len() + after.arrived().len() >= all);
    let arrived = [before.control_ids(), after.control_ids()].concat();
    assert_eq!(arrived.len(), all, "each is delivered once");
    for Sender { number, acknowledged, .. } in senders {
        let of_it = format!("{number}-");
        let in_order: Vec<_> =
            arrived.iter().filter(|id| id.starts_with(&of_it)).cloned().collect();
        assert_eq!(in_order, acknowledged, "ORDER-1 for sender {number}");
    }
}
