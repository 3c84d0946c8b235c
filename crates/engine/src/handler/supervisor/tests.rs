//! Constructors that fail: each attempt is counted, and they come to an end.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use bytes::Bytes;
use jiff::Timestamp;
use wardline_flow::HandlerName;
use wardline_hl7::Message;

use super::*;
use crate::handler::{Called, Decision, HandlerFault, Handlers, Received};

const MESSAGE: &[u8] = b"MSH|^~\\&|A|B|C|D|20260403||ADT^A01|1|P|2.5\r";

/// How long a test waits for what must come.
const DEADLINE: Duration = Duration::from_secs(60);

struct Made;

impl Actor for Made {
    type Context = Context<Self>;
}

impl Handler<Received> for Made {
    type Result = Decision;

    fn handle(&mut self, _: Received, _: &mut Self::Context) -> Decision {
        Decision::Accept
    }
}

/// A started supervisor whose handler is made by `make`, which may take so long.
fn started(
    limits: HandlerLimits,
    start_timeout: Duration,
    make: impl Fn() -> Made + Send + Sync + 'static,
) -> HandlerCaller {
    let mut handlers = Handlers::default();
    handlers.add(limits.name.as_str(), make);
    let factory = handlers.factory(limits.name.as_str()).expect("added");
    let (mut supervisor, caller) = HandlerSupervisor::new(limits, factory);
    supervisor.start_timeout = start_timeout;
    supervisor.start();
    caller
}

async fn until(condition: impl Fn() -> bool) {
    let waited = tokio::time::timeout(DEADLINE, async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    waited.await.expect("it comes true within the deadline");
}

#[actix::test]
async fn constructors_that_never_return_are_counted_and_come_to_an_end() {
    let limits = HandlerLimits { max_stuck: 2, ..HandlerLimits::new(HandlerName::from("hangs")) };
    let (release, held): (Sender<()>, Receiver<()>) = channel();
    let held = Mutex::new(held);
    let caller = started(limits, Duration::from_millis(20), move || {
        // One constructor holds the lock and waits for the word, the others wait for the lock.
        let _told = held.lock().map(|held| held.recv());
        Made
    });
    let shared = caller.shared();
    until(|| shared.state(1) == "down").await;
    let counts = shared.counters.read();
    assert_eq!((shared.stuck.load(Ordering::Acquire), counts.threads_stuck), (3, 3));
    drop(release);
    until(|| shared.state(1) == "up").await;
    assert_eq!(shared.instances.load(Ordering::Acquire), 1);
}

#[actix::test]
async fn a_constructor_that_panics_spends_the_budget_of_restarts() {
    let limits = HandlerLimits {
        max_restarts: std::num::NonZeroU32::MIN,
        ..HandlerLimits::new(HandlerName::from("panics"))
    };
    let caller = started(limits, DEADLINE, || panic!("no database"));
    let shared = caller.shared();
    until(|| shared.state(1) == "down").await;
    assert_eq!(shared.counters.read().restarts, 2);
    assert_eq!(shared.stuck.load(Ordering::Acquire), 0);
}

/// Tells when its instance has ended.
struct Mortal(Sender<()>);

impl Actor for Mortal {
    type Context = Context<Self>;
}

impl Handler<Received> for Mortal {
    type Result = Decision;

    fn handle(&mut self, _: Received, _: &mut Self::Context) -> Decision {
        Decision::Accept
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        let _told = self.0.send(());
    }
}

#[actix::test]
async fn a_handler_ends_with_the_last_door_to_it() {
    let (ended, told) = channel();
    let ended = Mutex::new(ended);
    let limits = HandlerLimits::new(HandlerName::from("mortal"));
    let mut handlers = Handlers::default();
    handlers.add("mortal", move || Mortal(ended.lock().expect("nobody panics").clone()));
    let factory = handlers.factory("mortal").expect("added");
    let (supervisor, caller) = HandlerSupervisor::new(limits, factory);
    let supervisor = supervisor.start();
    assert!(caller.comes_up(DEADLINE).await);
    let other = caller.clone();
    drop(caller);
    assert!(other.comes_up(DEADLINE).await, "somebody may call still");
    assert!(told.try_recv().is_err());
    drop(other);
    until(|| !supervisor.connected()).await;
    let waited = tokio::task::spawn_blocking(move || told.recv_timeout(DEADLINE));
    assert_eq!(waited.await.expect("no panic"), Ok(()));
}

/// Never decides.
struct Pondering {
    _mortal: Mortal,
}

impl Actor for Pondering {
    type Context = Context<Self>;
}

impl Handler<Received> for Pondering {
    type Result = Decision;

    fn handle(&mut self, _: Received, _: &mut Self::Context) -> Decision {
        Decision::later(std::future::pending())
    }
}

#[actix::test]
async fn a_handler_whose_call_was_given_up_ends_with_the_last_door_to_it() {
    let (ended, told) = channel();
    let ended = Mutex::new(ended);
    let limits = HandlerLimits::new(HandlerName::from("pondering"));
    let mut handlers = Handlers::default();
    handlers.add("pondering", move || Pondering {
        _mortal: Mortal(ended.lock().expect("nobody panics").clone()),
    });
    let factory = handlers.factory("pondering").expect("added");
    let (supervisor, caller) = HandlerSupervisor::new(limits, factory);
    let supervisor = supervisor.start();
    assert!(caller.comes_up(DEADLINE).await);
    let received = Received {
        message: Message::parse(Bytes::from_static(MESSAGE)).expect("a message"),
        listener: "in".into(),
        peer: None,
        received_at: Timestamp::UNIX_EPOCH,
        id: None,
        hops: 0,
    };
    let called = caller.call(received, Duration::from_millis(20)).await;
    assert!(matches!(called, Called::Fault(HandlerFault::TimedOut)));
    drop(caller);
    until(|| !supervisor.connected()).await;
    let waited = tokio::task::spawn_blocking(move || told.recv_timeout(DEADLINE));
    assert_eq!(waited.await.expect("no panic"), Ok(()), "its thread is not left behind");
}

#[actix::test]
async fn a_handler_that_cannot_start_does_not_come_up() {
    let limits = HandlerLimits {
        max_restarts: std::num::NonZeroU32::MIN,
        ..HandlerLimits::new(HandlerName::from("panics"))
    };
    let caller = started(limits, DEADLINE, || panic!("no database"));
    assert!(!caller.comes_up(DEADLINE).await);
}
