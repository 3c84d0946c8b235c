//! The disk is full, by messages or by somebody else's file: intake stops before, deliveries go on, intake returns.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::path::PathBuf;

use libtest_mimic::Trial;
use wardline_engine::control::protocol::{Request, Response};
use wardline_store::limits::WINDOW_DELIVERIES;
use wardline_tests::message::{control_id, field, framed, large};
use wardline_tests::nobody::Nobody;
use wardline_tests::peer::Peer;
use wardline_tests::requirement::Need;
use wardline_tests::sink::{Reply, Sink};
use wardline_tests::site::{Engine, Site};
use wardline_tests::volume::Volume;
use wardline_tests::{trials, wait};

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        filled_by_messages_intake_stops_first_and_returns_when_they_are_delivered =>
            [Need::Root, Need::Tool("mount")],
        filled_by_messages_a_sender_is_answered_ae_where_told_so => [Need::Root, Need::Tool("mount")],
        filled_by_another_all_is_delivered_and_intake_returns_with_room =>
            [Need::Root, Need::Tool("mount")],
        filled_to_the_last_byte_by_another_nothing_is_lost_and_all_goes_on_with_room =>
            [Need::Root, Need::Tool("mount")],
    ]
}

/// The whole disk: some hundreds of messages.
const DISK: u64 = 32 * 1024 * 1024;
/// The least that the configuration allows.
const MIN_FREE: u64 = 1024 * 1024;
/// What stays free whatever is refused: `min_free` less the segment that was being filled and the index's growth.
const NEVER_TOUCHED: u64 = MIN_FREE / 4;
const MESSAGE_SIZE: usize = 20 * 1024;
/// Messages that are sent in vain while there is no room.
const IN_VAIN: u64 = 10;

/// A site on a tmpfs, with a destination that is down.
struct Tight {
    site: Site,
    nobody: Nobody,
    disk: Volume,
}

impl Tight {
    /// With messages that are removed as soon as they are delivered.
    fn new(listener_keys: &str) -> Self {
        Self::retaining("1s", listener_keys)
    }

    fn retaining(retain_for: &str, listener_keys: &str) -> Self {
        let disk = Volume::tmpfs(DISK);
        let tight = Self { site: Site::new(PROGRAM, ""), nobody: Nobody::new(), disk };
        tight.configure(retain_for, listener_keys);
        tight.disk.put_under(&tight.site);
        tight
    }

    fn configure(&self, retain_for: &str, listener_keys: &str) {
        let address = self.nobody.address();
        self.site.configure(&format!(
            r#"
[store]
min_free = "1MiB"
segment_size = "256KiB"
retain_for = "{retain_for}"

[[listeners]]
id = "in"
bind = "127.0.0.1:0"
unavailable_wait = "100ms"
{listener_keys}

[[routes]]
id = "all"
to = ["lis"]

[[destinations]]
id = "lis"
kind = "mllp"
address = "{address}"
retry = {{ first = "20ms", max = "200ms" }}
"#
        ));
    }

    /// The destination comes up.
    fn come_up(&self) -> Sink {
        Sink::in_place_of(&self.nobody, |_| Reply::Code("AA"))
    }
}

/// What became of a message.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Answered(String),
    ClosedUnanswered,
}

/// A sender that connects again whenever its connection is closed, and knows what was acknowledged.
struct Sender {
    address: SocketAddr,
    peer: Option<Peer>,
    tried: usize,
    acknowledged: Vec<Vec<u8>>,
}

impl Sender {
    fn new(engine: &Engine) -> Self {
        Self { address: engine.address("in"), peer: None, tried: 0, acknowledged: Vec::new() }
    }

    fn send(&mut self) -> Fate {
        let payload = large(&format!("M{}", self.tried), MESSAGE_SIZE);
        self.tried += 1;
        let peer = self.peer.get_or_insert_with(|| Peer::connect(self.address));
        let Ok(Some(answer)) = peer.try_write(&framed(&payload)).and_then(|()| peer.try_read())
        else {
            self.peer = None;
            return Fate::ClosedUnanswered;
        };
        assert_eq!(field(&answer, "MSA", 2), control_id(&payload), "MSA-2");
        let code = field(&answer, "MSA", 1);
        if code == "AA" {
            self.acknowledged.push(payload);
        }
        Fate::Answered(code)
    }

    /// Sends until a message is not taken; gives what became of that one.
    fn fill(&mut self) -> Fate {
        let most = usize::try_from(DISK).expect("a size") / MESSAGE_SIZE;
        let fates = std::iter::repeat_with(|| self.send()).take(most);
        let refused = fates.into_iter().find(|fate| *fate != Fate::Answered("AA".into()));
        refused.expect("the disk to be full before it holds more than it can")
    }

    /// Sends until a message is taken again.
    fn wait_until_taken(&mut self) {
        wait::until_so("a message to be taken again", || {
            self.send() == Fate::Answered("AA".into())
        });
    }

    /// Panics unless all that was acknowledged arrived, whole and in order.
    fn hold_against(&self, sink: &Sink) {
        let arrived = sink.arrived();
        let mut rest = arrived.iter();
        for payload in &self.acknowledged {
            let found = rest.any(|one| one.payload == *payload);
            assert!(found, "ACK-1, ORDER-1, RAW-1: {} is missing", control_id(payload));
        }
    }
}

fn filled_by_messages_intake_stops_first_and_returns_when_they_are_delivered() {
    let tight = Tight::new("");
    let engine = tight.site.start();
    let mut sender = Sender::new(&engine);

    assert_eq!(sender.fill(), Fate::ClosedUnanswered, "silence makes the sender retry");
    for _ in 0..IN_VAIN {
        assert_eq!(sender.send(), Fate::ClosedUnanswered, "ACK-1: no room, no answer");
    }
    let free = tight.disk.free();
    assert!(free >= NEVER_TOUCHED, "intake stopped before the disk was full, not after: {free}");
    let full = tight.disk.used();
    wait::until_so("the operator to be told", || engine.status().intake.contains("no space"));
    let counts = engine.counts("in");
    assert_eq!(counts.closed_unavailable, IN_VAIN + 1);
    assert_eq!(counts.stored, sender.acknowledged.len() as u64);

    let sink = tight.come_up();
    drained(&engine);
    sender.hold_against(&sink);
    wait::until_so("the disk to be used by half at most", || tight.disk.used() < full / 2);
    sender.wait_until_taken();
    drained(&engine);
    sender.hold_against(&sink);
    println!(
        "{} messages until {free} bytes were free; {full} bytes used then, {} after retention",
        sender.acknowledged.len(),
        tight.disk.used()
    );
    assert!(engine.stop().success(), "a drain");
}

fn filled_by_messages_a_sender_is_answered_ae_where_told_so() {
    let tight = Tight::new("on_unavailable = \"answer\"");
    let engine = tight.site.start();
    let mut sender = Sender::new(&engine);
    assert_eq!(sender.fill(), Fate::Answered("AE".into()));
    for _ in 0..IN_VAIN {
        assert_eq!(sender.send(), Fate::Answered("AE".into()));
    }
    let counts = engine.counts("in");
    assert_eq!(counts.answered_ae, IN_VAIN + 1);
    assert_eq!((counts.stored, counts.opened), (sender.acknowledged.len() as u64, 1));
    assert_eq!(engine.queue("lis").pending, counts.stored);
}

/// Waits until nothing is pending. The queue may be unreadable meanwhile: its index needs space, too.
fn drained(engine: &Engine) {
    wait::until_so("every message to be delivered", || match engine.ask(&Request::Queues) {
        Response::Queues { queues } => queues.iter().all(|row| row.pending == 0),
        _ => false,
    });
}

/// Takes what is free of a file system, but for so many bytes, from an engine that also writes.
fn take_all_but(left: u64, disk: &Volume) -> PathBuf {
    let path = disk.path().join("foreign");
    let mut file = File::create(&path).expect("room for a file");
    wait::until_so("a full disk", || {
        let wanted = disk.free().saturating_sub(left);
        let written = file.write(&vec![0; usize::try_from(wanted).expect("a size")]);
        let full = written.is_err_and(|error| error.kind() == ErrorKind::StorageFull);
        full || disk.free() <= left
    });
    path
}

fn filled_by_another_all_is_delivered_and_intake_returns_with_room() {
    // What is delivered stays: no room comes back but the one that the other gives back.
    let (tight, engine, mut sender) = with_a_queue("1h");
    let foreign = take_all_but(MIN_FREE / 2, &tight.disk);
    assert_eq!(sender.fill(), Fate::ClosedUnanswered);

    let sink = tight.come_up();
    drained(&engine);
    sender.hold_against(&sink);
    assert_eq!(sender.send(), Fate::ClosedUnanswered, "there is no room yet");
    std::fs::remove_file(foreign).expect("a file of this test");
    sender.wait_until_taken();
    assert!(engine.stop().success(), "a drain");
}

fn filled_to_the_last_byte_by_another_nothing_is_lost_and_all_goes_on_with_room() {
    let (tight, engine, mut sender) = with_a_queue("1s");
    let foreign = take_all_but(0, &tight.disk);
    assert_eq!(sender.fill(), Fate::ClosedUnanswered);

    // Without a single byte the index may be lost, and its rebuild has to wait: what is in memory is delivered.
    let sink = tight.come_up();
    sink.wait_for(WINDOW_DELIVERIES);
    std::fs::remove_file(foreign).expect("a file of this test");
    sender.wait_until_taken();
    drained(&engine);
    sender.hold_against(&sink);
    assert!(engine.stop().success(), "a drain");
}

/// More messages wait than the store keeps in memory of them.
fn with_a_queue(retain_for: &str) -> (Tight, Engine, Sender) {
    let tight = Tight::retaining(retain_for, "");
    let engine = tight.site.start();
    let mut sender = Sender::new(&engine);
    for _ in 0..WINDOW_DELIVERIES * 3 / 2 {
        assert_eq!(sender.send(), Fate::Answered("AA".into()));
    }
    (tight, engine, sender)
}
