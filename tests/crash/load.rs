//! Senders that keep on through crashes: each sends its messages in order, each until it is acknowledged.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wardline_tests::message::{control_id, field, large};
use wardline_tests::peer::Peer;
use wardline_tests::{message, wait};

use crate::aim::Aim;
use crate::ambush::Ambush;

/// How long a sender waits before it looks for the engine again.
const PAUSE: Duration = Duration::from_millis(2);
/// A sender is at most so many messages ahead of the destination that is last.
const AHEAD: u64 = 16;
/// Every so many messages of a sender one is large.
const LARGE_EVERY: u64 = 40;
/// Large enough to take many blocks, and a segment after few of them.
const LARGE_SIZE: usize = 200 * 1024;
/// As large as most messages are.
const USUAL_SIZE: usize = 700;

/// Senders, and where they find the engine.
pub(crate) struct Load {
    engine: Arc<Mutex<Option<SocketAddr>>>,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    senders: Vec<JoinHandle<u64>>,
}

/// The message that a sender sends as its `number`th: the same bytes whenever it is asked for.
pub(crate) fn payload(sender: usize, number: u64) -> Vec<u8> {
    let size = if number % LARGE_EVERY == LARGE_EVERY - 1 { LARGE_SIZE } else { USUAL_SIZE };
    large(&format!("S{sender}-{number}"), size)
}

/// Which message this is, if it is one of ours, byte for byte.
pub(crate) fn recognise(bytes: &[u8]) -> Option<(usize, u64)> {
    let (sender, number) = named(&control_id(bytes))?;
    (payload(sender, number) == bytes).then_some((sender, number))
}

/// The sender and the number that a control id tells.
fn named(control_id: &str) -> Option<(usize, u64)> {
    let (sender, number) = control_id.strip_prefix('S')?.split_once('-')?;
    Some((sender.parse().ok()?, number.parse().ok()?))
}

/// How many messages of each sender have arrived where they arrive last. Senders stay near it: with a growing queue
/// most of the oldest segment would be live, and then it stays, and nothing is copied forward.
pub(crate) struct Arrivals(Vec<AtomicU64>);

impl Arrivals {
    /// None yet.
    pub(crate) fn of(senders: usize) -> Self {
        Self((0..senders).map(|_| AtomicU64::new(0)).collect())
    }

    /// One more.
    pub(crate) fn note(&self, control_id: &str) {
        if let Some((sender, number)) = named(control_id) {
            self.0[sender].fetch_max(number + 1, Ordering::Relaxed);
        }
    }

    fn are_near(&self, sender: usize, number: u64) -> bool {
        number < self.0[sender].load(Ordering::Relaxed) + AHEAD
    }
}

impl Load {
    /// Starts one sender for each of whom `arrivals` tells; they wait for an engine. The one that has just written a
    /// frame springs the ambush.
    pub(crate) fn start(arrivals: &Arc<Arrivals>, ambush: &Arc<Ambush>) -> Self {
        let engine = Arc::new(Mutex::new(None));
        let stop = Arc::new(AtomicBool::new(false));
        let acknowledged = Arc::new(AtomicU64::new(0));
        let senders = (0..arrivals.0.len())
            .map(|number| {
                let sender = Sender {
                    number,
                    engine: Arc::clone(&engine),
                    stop: Arc::clone(&stop),
                    acknowledged: Arc::clone(&acknowledged),
                    arrivals: Arc::clone(arrivals),
                    ambush: Arc::clone(ambush),
                };
                thread::spawn(move || sender.send())
            })
            .collect();
        Self { engine, stop, acknowledged, senders }
    }

    /// Tells the senders where the engine is now.
    pub(crate) fn engine_at(&self, address: SocketAddr) {
        *self.engine.lock().unwrap_or_else(PoisonError::into_inner) = Some(address);
    }

    /// How many messages were acknowledged so far.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Waits until `more` messages have been acknowledged from now on.
    pub(crate) fn wait_for(&self, more: u64) {
        let goal = self.acknowledged() + more;
        wait::until_so("messages to be acknowledged", || self.acknowledged() >= goal);
    }

    /// Lets every sender end with the message in hand; for each, how many of its messages were acknowledged.
    pub(crate) fn stop(self) -> Vec<u64> {
        self.stop.store(true, Ordering::Release);
        self.senders.into_iter().map(|sender| sender.join().expect("a sender")).collect()
    }
}

struct Sender {
    number: usize,
    engine: Arc<Mutex<Option<SocketAddr>>>,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    arrivals: Arc<Arrivals>,
    ambush: Arc<Ambush>,
}

impl Sender {
    /// Sends until it is stopped; returns how many of its messages were acknowledged.
    fn send(&self) -> u64 {
        let mut sent = 0;
        let mut connection: Option<Peer> = None;
        while !self.stop.load(Ordering::Acquire) {
            match connection.as_mut() {
                Some(peer) if self.arrivals.are_near(self.number, sent) => {
                    if self.sends(peer, &payload(self.number, sent)) {
                        sent += 1;
                        self.acknowledged.fetch_add(1, Ordering::Relaxed);
                    } else {
                        connection = None;
                    }
                }
                Some(_) => thread::sleep(PAUSE),
                None => {
                    let address = *self.engine.lock().unwrap_or_else(PoisonError::into_inner);
                    connection = address.and_then(|address| Peer::try_connect(address).ok());
                    if connection.is_none() {
                        thread::sleep(PAUSE);
                    }
                }
            }
        }
        sent
    }

    /// Whether this message was acknowledged.
    fn sends(&self, peer: &mut Peer, message: &[u8]) -> bool {
        let sent = peer.try_write(&message::framed(message));
        let sprung = sent.is_ok().then(|| self.ambush.spring(Aim::Intake)).flatten();
        let answer = sent.and_then(|()| peer.try_read());
        if let Some(was_hit) = sprung {
            let _nobody_waits_any_more = was_hit.send(!matches!(answer, Ok(Some(_))));
        }
        let Ok(Some(answer)) = answer else { return false };
        assert_eq!(field(&answer, "MSA", 2), control_id(message), "MSA-2");
        assert_eq!(field(&answer, "MSA", 1), "AA", "{}", String::from_utf8_lossy(&answer));
        true
    }
}
