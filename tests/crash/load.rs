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
    let control_id = control_id(bytes);
    let (sender, number) = control_id.strip_prefix('S')?.split_once('-')?;
    let (sender, number) = (sender.parse().ok()?, number.parse().ok()?);
    (payload(sender, number) == bytes).then_some((sender, number))
}

impl Load {
    /// Starts `senders` of them; they wait for an engine. The one that has just written a frame springs the ambush.
    pub(crate) fn start(senders: usize, ambush: &Arc<Ambush>) -> Self {
        let engine = Arc::new(Mutex::new(None));
        let stop = Arc::new(AtomicBool::new(false));
        let acknowledged = Arc::new(AtomicU64::new(0));
        let senders = (0..senders)
            .map(|sender| {
                let (engine, stop) = (Arc::clone(&engine), Arc::clone(&stop));
                let (acknowledged, ambush) = (Arc::clone(&acknowledged), Arc::clone(ambush));
                thread::spawn(move || send(sender, &engine, &stop, &acknowledged, &ambush))
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

fn send(
    sender: usize,
    engine: &Mutex<Option<SocketAddr>>,
    stop: &AtomicBool,
    acknowledged: &AtomicU64,
    ambush: &Ambush,
) -> u64 {
    let mut number = 0;
    let mut connection: Option<Peer> = None;
    while !stop.load(Ordering::Acquire) {
        let Some(peer) = connection.as_mut() else {
            let address = *engine.lock().unwrap_or_else(PoisonError::into_inner);
            connection = address.and_then(|address| Peer::try_connect(address).ok());
            if connection.is_none() {
                thread::sleep(PAUSE);
            }
            continue;
        };
        let message = payload(sender, number);
        let sent = peer.try_write(&message::framed(&message));
        let sprung = sent.is_ok().then(|| ambush.spring(Aim::Intake)).flatten();
        let answer = sent.and_then(|()| peer.try_read());
        if let Some(was_hit) = sprung {
            let _nobody_waits_any_more = was_hit.send(!matches!(answer, Ok(Some(_))));
        }
        match answer {
            Ok(Some(answer)) => {
                assert_eq!(field(&answer, "MSA", 2), control_id(&message), "MSA-2");
                assert_eq!(field(&answer, "MSA", 1), "AA", "{}", String::from_utf8_lossy(&answer));
                number += 1;
                acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Ok(None) | Err(_) => connection = None,
        }
    }
    number
}
