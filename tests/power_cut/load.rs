//! Senders that keep on until their engine is gone, and tell what it acknowledged.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use wardline_tests::message::{control_id, field, framed, message};
use wardline_tests::peer::Peer;
use wardline_tests::wait;

/// Connections that send at the same time.
const SENDERS: u64 = 8;
/// As large as most messages are.
const USUAL_SIZE: usize = 700;
/// Large enough to take many blocks, and most of a segment.
const LARGE_SIZE: usize = 200 * 1024;
/// Every so many messages of a sender one is large.
const LARGE_EVERY: u64 = 20;
/// Every so many messages of a sender one goes to both destinations; the others leave segments that can be let go.
const BOTH_EVERY: u64 = 3;

/// Which message: of which life of an engine, which sender, and its how manyth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Sent {
    life: u64,
    sender: u64,
    number: u64,
}

impl Sent {
    /// The message, byte for byte.
    pub(crate) fn payload(self) -> Vec<u8> {
        let Self { life, sender, number } = self;
        let message_type = if self.goes_to_both() { "ADT^A01" } else { "ORU^R01" };
        let mut payload = message(message_type, &format!("{life}-{sender}-{number}"));
        payload.extend_from_slice(b"OBX|1|TX|NOTE||");
        let size = if number % LARGE_EVERY == LARGE_EVERY - 1 { LARGE_SIZE } else { USUAL_SIZE };
        let filling = (b'a'..=b'z').cycle().skip(usize::try_from(number % 26).unwrap_or(0));
        let missing = size.saturating_sub(payload.len());
        payload.extend(filling.take(missing));
        payload.push(b'\r');
        payload
    }

    /// Which message this is. Panics if it is none of ours, byte for byte.
    pub(crate) fn recognise(payload: &[u8]) -> Self {
        let control_id = control_id(payload);
        let mut numbers = control_id.split('-').map(str::parse);
        let mut next = || numbers.next().and_then(Result::ok).unwrap_or(u64::MAX);
        let sent = Self { life: next(), sender: next(), number: next() };
        assert!(sent.payload() == payload, "RAW-1: half a message arrived: {control_id}");
        sent
    }

    /// Whether the routes send it to both destinations.
    pub(crate) fn goes_to_both(self) -> bool {
        self.number.is_multiple_of(BOTH_EVERY)
    }
}

/// The senders of one life of an engine.
pub(crate) struct Load {
    life: u64,
    acknowledged: Arc<AtomicU64>,
    senders: Vec<JoinHandle<u64>>,
}

impl Load {
    /// Starts them; returns when the first messages are acknowledged.
    pub(crate) fn start(life: u64, engine: SocketAddr) -> Self {
        let acknowledged = Arc::new(AtomicU64::new(0));
        let start = |sender| {
            let acknowledged = Arc::clone(&acknowledged);
            thread::spawn(move || send(life, sender, engine, &acknowledged))
        };
        let senders = (0..SENDERS).map(start).collect();
        let load = Self { life, acknowledged, senders };
        let goal = SENDERS;
        wait::until_so("messages to be acknowledged", || load.acknowledged() >= goal);
        load
    }

    /// How many messages were acknowledged so far.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Acquire)
    }

    /// Everything that was acknowledged. The engine must be gone, or it never ends.
    pub(crate) fn end(self) -> Vec<Sent> {
        let life = self.life;
        let counts = self.senders.into_iter().map(|sender| sender.join().expect("a sender"));
        let of_sender =
            |(sender, count)| (0..count).map(move |number| Sent { life, sender, number });
        (0..).zip(counts).flat_map(of_sender).collect()
    }
}

/// Sends one message after the other until the connection ends; gives how many were acknowledged.
fn send(life: u64, sender: u64, engine: SocketAddr, acknowledged: &AtomicU64) -> u64 {
    let Ok(mut peer) = Peer::try_connect(engine) else { return 0 };
    let mut number = 0;
    loop {
        let payload = Sent { life, sender, number }.payload();
        let sent = peer.try_write(&framed(&payload));
        match sent.and_then(|()| peer.try_read()) {
            Ok(Some(answer)) => {
                assert_eq!(field(&answer, "MSA", 2), control_id(&payload), "MSA-2");
                assert_eq!(field(&answer, "MSA", 1), "AA", "{}", String::from_utf8_lossy(&answer));
                number += 1;
                acknowledged.fetch_add(1, Ordering::Release);
            }
            Ok(None) | Err(_) => return number,
        }
    }
}
