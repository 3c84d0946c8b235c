//! The lives and deaths of the engine, and what is held against what the sinks got.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use libtest_mimic::Trial;
use wardline_engine::control::protocol::{QueueRow, Request, Which};
use wardline_tests::peer::Peer;
use wardline_tests::sink::{Arrived, Reply, Sink};
use wardline_tests::site::{Engine, Site};
use wardline_tests::trials;

use crate::aim::{Aim, Score};
use crate::ambush::Ambush;
use crate::folder::{Folder, Happened, WatchFlags};
use crate::journal::{Walk, groups, is_prepared, is_there, oldest_and_newest, segment_of};
use crate::load::{Arrivals, Load, payload, recognise};
use crate::received::Received;

/// Connections that send at the same time.
const SENDERS: usize = 16;
/// The sender, beside these, of messages that their destination rejects.
const REJECTED: usize = SENDERS;
/// So many of its messages in each life: dead letters that have to be copied forward as long as the test runs.
const REJECTED_IN_A_LIFE: u64 = 2;
/// Kills in a plain test run, two of each aim; `just crash 100` does more.
const KILLS: usize = 12;
/// More kills at an aim that was missed so far: a machine with other work to do may be late each time.
const MORE_KILLS: usize = 5;
/// An engine lives so long under load before its kill is aimed, at most, in milliseconds.
const LONGEST_LIFE: u64 = 400;
/// From a frame's last byte to the kill at intake, at most, in microseconds: about as long as an answer takes.
const LONGEST_INTAKE: u64 = 2_000;
/// How long a kill waits for its moment. Retention looks around twice a second.
const PATIENCE: Duration = Duration::from_secs(5);
/// The slower sink's pause before each answer: its queue grows, so that kills find deliveries under way.
const SLOW: Duration = Duration::from_micros(200);

pub(crate) fn trials() -> Vec<Trial> {
    trials![what_was_acknowledged_is_delivered_whatever_is_killed_when]
}

fn what_was_acknowledged_is_delivered_whatever_is_killed_when() {
    let kills = number_from("WARDLINE_CRASH_KILLS").unwrap_or(KILLS);
    let seed = number_from("WARDLINE_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("{kills} kills, WARDLINE_SEED={seed}");
    let mut chance = Rng::with_seed(seed);
    let mut scene = Scene::new();
    let mut score = Score::default();
    for aim in Aim::ALL.into_iter().cycle().take(kills) {
        score.add(aim, scene.live_and_die(aim, &mut chance));
    }
    for _ in 0..MORE_KILLS {
        for aim in score.missed() {
            score.add(aim, scene.live_and_die(aim, &mut chance));
        }
    }
    println!("kills that hit: {score}");
    scene.hold_to_account();
    assert!(
        score.missed().is_empty(),
        "never hit: {:?}; run it again with less load",
        score.missed()
    );
}

/// An engine's surroundings, which outlive it.
struct Scene {
    site: Site,
    load: Load,
    ambush: Arc<Ambush>,
    fast: Aimed,
    slow: Aimed,
    rejecting: Sink,
    /// It accepts from now on.
    relents: Arc<AtomicBool>,
    rejected: u64,
}

impl Scene {
    fn new() -> Self {
        let ambush = Arc::new(Ambush::default());
        let arrivals = Arc::new(Arrivals::of(SENDERS));
        let last = Arc::clone(&arrivals);
        let fast = Aimed::start("fast", &ambush, |_| Reply::Code("AA"));
        let slow = Aimed::start("slow", &ambush, move |arrived| {
            last.note(&arrived.control_id);
            Reply::After(SLOW, Box::new(Reply::Code("AA")))
        });
        let relents = Arc::new(AtomicBool::new(false));
        let accepts = Arc::clone(&relents);
        let rejecting = Sink::start(move |_| {
            Reply::Code(if accepts.load(Ordering::Acquire) { "AA" } else { "AR" })
        });
        let site = site(&fast.sink, &slow.sink, &rejecting);
        let load = Load::start(&arrivals, &ambush);
        Self { site, load, ambush, fast, slow, rejecting, relents, rejected: 0 }
    }

    /// Starts the engine, under load.
    fn start(&self) -> Engine {
        let engine = self.site.start();
        self.load.engine_at(engine.address("in"));
        self.load.wait_for(1);
        engine
    }

    /// One life of the engine, ended at this moment; tells whether it was that moment.
    fn live_and_die(&mut self, aim: Aim, chance: &mut Rng) -> bool {
        let engine = self.start();
        let mut peer = Peer::connect(engine.address("rejected"));
        for _ in 0..REJECTED_IN_A_LIFE {
            assert_eq!(peer.send(&payload(REJECTED, self.rejected)), "AA");
            self.rejected += 1;
        }
        self.fast.collect();
        self.slow.collect();
        std::thread::sleep(Duration::from_millis(chance.u64(..LONGEST_LIFE)));
        match aim {
            Aim::AnyMoment => {
                engine.kill();
                true
            }
            Aim::Intake => {
                let after = Duration::from_micros(chance.u64(..LONGEST_INTAKE));
                self.kill_from_ambush(engine, aim, after)
            }
            Aim::Delivery => self.kill_from_ambush(engine, aim, Duration::ZERO),
            Aim::SegmentChange => self.kill_at_a_segment_change(engine, chance.bool()),
            Aim::CopyForward => self.kill_during_copy_forward(engine),
            Aim::Deletion => self.kill_at_a_deletion(engine),
        }
    }

    fn kill_from_ambush(&self, engine: Engine, aim: Aim, after: Duration) -> bool {
        let was_hit = self.ambush.lay(aim, engine.process(), after);
        let was_hit = was_hit.recv_timeout(PATIENCE);
        self.ambush.withdraw();
        engine.kill();
        was_hit.unwrap_or(false)
    }

    fn kill_at_a_segment_change(&self, engine: Engine, named: bool) -> bool {
        let store = self.site.store();
        let folder = Folder::watch(&store, WatchFlags::MODIFY | WatchFlags::MOVED_TO);
        let (_, newest) = oldest_and_newest(&store);
        let begun = folder.wait(PATIENCE, |happened, name| {
            let is_named = happened.contains(Happened::MOVED_TO) && segment_of(name).is_some();
            let has_header = happened.contains(Happened::MODIFY) && is_prepared(name);
            if named { is_named } else { has_header }.then_some(())
        });
        engine.kill();
        let next = newest + 1;
        begun.is_some() && !is_there(&store, next + 1) && groups(&store, next) <= 1
    }

    fn kill_during_copy_forward(&self, engine: Engine) -> bool {
        let store = self.site.store();
        let folder = Folder::watch(&store, WatchFlags::MODIFY);
        let (mut oldest, newest) = oldest_and_newest(&store);
        let mut walk = Walk::from(&store, newest);
        let copied_from = folder.wait(PATIENCE, |_, name| {
            // The oldest segment of before what was copied: if it is there in the end, it is what was copied from.
            let before = oldest;
            oldest = oldest_and_newest(&store).0;
            (segment_of(name).is_some() && walk.meets_carried()).then_some(before)
        });
        engine.kill();
        copied_from.is_some_and(|segment| is_there(&store, segment))
    }

    fn kill_at_a_deletion(&self, engine: Engine) -> bool {
        let folder = Folder::watch(&self.site.store(), WatchFlags::DELETE);
        let deleted = folder.wait(PATIENCE, |_, name| segment_of(name));
        engine.kill();
        deleted.is_some()
    }

    /// Lets everything arrive, and compares.
    fn hold_to_account(self) {
        let engine = self.start();
        let Self { site, load, fast, slow, rejecting, relents, rejected, .. } = self;
        let acknowledged = load.stop();
        for queue in ["fast", "slow", "rejecting"] {
            let row = drained(&engine, queue);
            let dead = if queue == "rejecting" { rejected } else { 0 };
            assert_eq!((row.dead, row.held), (dead, 0), "END-1: {queue}");
        }
        rejecting.take();
        relents.store(true, Ordering::Release);
        engine.ask(&Request::Revive {
            destination: "rejecting".into(),
            which: Which::All,
            by: "test".into(),
            dry_run: false,
        });
        engine.wait_for_queue("rejecting", "revived", |row| row.dead == 0);
        drained(&engine, "rejecting");
        let (oldest, newest) = oldest_and_newest(&site.store());
        println!(
            "{} messages acknowledged, {rejected} of others dead; {newest} segments, {} of them deleted",
            acknowledged.iter().sum::<u64>(),
            oldest - 1,
        );
        let [fast, slow] = [fast, slow].map(|sink| sink.hold_to(&acknowledged));
        assert!(fast.firsts == slow.firsts, "ORDER-1: one journal, one lane each, and two orders");
        let mut revived = Received::by("rejecting");
        revived.add(&rejecting.take());
        revived.has_all(REJECTED, rejected);
    }
}

/// Waits until a queue is empty, however long, if only it goes on.
pub(crate) fn drained(engine: &Engine, queue: &str) -> QueueRow {
    let mut row = engine.queue(queue);
    while row.pending > 0 {
        let before = row.pending;
        row = engine.wait_for_queue(queue, "going on", |row| row.pending < before);
    }
    row
}

/// A sink from which a kill in delivery is sent.
struct Aimed {
    sink: Sink,
    received: Received,
    killed_over: Arc<Mutex<HashSet<(usize, u64)>>>,
}

impl Aimed {
    fn start(
        name: &'static str,
        ambush: &Arc<Ambush>,
        reply: impl Fn(&Arrived) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let killed_over = Arc::new(Mutex::new(HashSet::new()));
        let (ambush, over) = (Arc::clone(ambush), Arc::clone(&killed_over));
        let sink = Sink::start(move |arrived: &Arrived| {
            if let Some(was_hit) = ambush.spring(Aim::Delivery) {
                let message = recognise(&arrived.payload).expect("RAW-1: a whole message");
                over.lock().unwrap_or_else(PoisonError::into_inner).insert(message);
                let _nobody_waits_any_more = was_hit.send(true);
            }
            reply(arrived)
        });
        Self { sink, received: Received::by(name), killed_over }
    }

    /// Looks at what came since the last time, and forgets the bytes.
    fn collect(&mut self) {
        self.received.add(&self.sink.take());
    }

    /// What it got, when nothing more comes: every acknowledged message, in order, and each over which it killed again.
    fn hold_to(mut self, acknowledged: &[u64]) -> Received {
        self.collect();
        for (sender, &count) in acknowledged.iter().enumerate() {
            self.received.has_all(sender, count);
        }
        self.received.is_in_order();
        self.received.has_twice(&self.killed_over.lock().unwrap_or_else(PoisonError::into_inner));
        println!("{}", self.received);
        self.received
    }
}

/// A listener before two destinations and one before a third, on a store so small that segments change and go, and what
/// is live in them is copied forward, all the time.
fn site(fast: &Sink, slow: &Sink, rejecting: &Sink) -> Site {
    let destination = |id: &str, sink: &Sink| {
        format!(
            r#"
[[destinations]]
id = "{id}"
kind = "mllp"
address = "{}"
retry = {{ first = "20ms", max = "100ms" }}
max_consecutive_dead = 1000000
"#,
            sink.address()
        )
    };
    let destinations = [("fast", fast), ("slow", slow), ("rejecting", rejecting)]
        .map(|(id, sink)| destination(id, sink));
    Site::new(
        PathBuf::from(env!("CARGO_BIN_EXE_wardline-under-test")),
        &format!(
            r#"
[store]
min_free = "1MiB"
segment_size = "1MiB"
retain_bytes = "4MiB"
retain_for = "1s"

[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[listeners]]
id = "rejected"
bind = "127.0.0.1:0"

[[routes]]
id = "both"
from = ["in"]
to = ["fast", "slow"]

[[routes]]
id = "one"
from = ["rejected"]
to = ["rejecting"]
{}"#,
            destinations.concat()
        ),
    )
}

/// What a variable of the environment says.
pub(crate) fn number_from<N: std::str::FromStr>(variable: &str) -> Option<N> {
    std::env::var(variable).ok()?.parse().ok()
}
