//! Trials take nothing from what runs: no turn, no count, and their place only for as long as they last.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Condvar, Mutex};

use wardline_flow::transform::{Change, Program, Rewrite, RewriteFault, Step};
use wardline_flow::{
    DestinationId, LookupTable, Lookups, OnMiss, Route, RouteId, Routing, Transform,
};
use wardline_hl7::Message;

use super::*;

const MESSAGE: &[u8] = b"MSH|^~\\&|A|B|C|D|1||ADT^A01|7|P|2.5\rPID|1||7\r";

/// A program that makes nothing of a message before it may, and knows whether it is the one that runs.
#[derive(Default)]
struct Gated {
    gate: Arc<(Mutex<bool>, Condvar)>,
    is_apart: bool,
}

impl Gated {
    fn open(&self) {
        *self.gate.0.lock().expect("whole") = true;
        self.gate.1.notify_all();
    }
}

impl Rewrite for Gated {
    fn name(&self) -> &'static str {
        "gated"
    }

    fn text(&self) -> &'static str {
        ""
    }

    fn rewrite(&self, message: &Message, _: &Arc<Lookups>) -> Result<Message, RewriteFault> {
        assert!(self.is_apart, "a trial takes no turn of the script that runs");
        let open = self.gate.0.lock().expect("whole");
        let _open = self.gate.1.wait_while(open, |open| !*open).expect("whole");
        Ok(message.clone())
    }

    fn apart(&self) -> Arc<dyn Rewrite> {
        Arc::new(Self { gate: Arc::clone(&self.gate), is_apart: true })
    }
}

fn config(steps: Vec<Change>, lookups: Lookups) -> Arc<Config> {
    let steps = steps.into_iter().map(|change| Step { when: None, change }).collect();
    let route = Route {
        id: RouteId::from("all"),
        from: None,
        matcher: None,
        when: None,
        to: vec![DestinationId::from("lis")],
        handlers: Vec::new(),
        transform: Transform { steps },
    };
    let routing = Routing { routes: vec![route], lookups: Arc::new(lookups), ..Routing::default() };
    Arc::new(Config { routing, ..Config::default() })
}

fn listener() -> Listener {
    Listener::new("in".into(), ([127, 0, 0, 1], 0).into())
}

fn trials(places: usize, time: Duration) -> Trials {
    Trials { places: Arc::new(Semaphore::new(places)), time }
}

fn waited<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(future)
}

#[test]
fn what_a_trial_looks_up_is_not_counted_where_it_runs() {
    let table = LookupTable::new(HashMap::new(), OnMiss::Keep);
    let lookups = Lookups::new(BTreeMap::from([("units".to_owned(), table)]));
    let map = Change::Map { path: "PID-3".parse().expect("a path"), table: "units".to_owned() };
    let config = config(vec![map], lookups);
    let trials = Trials::default();
    let tried = waited(trials.try_out(Arc::clone(&config), listener(), MESSAGE.into()));
    let tried = tried.expect("an account");
    assert!(tried.accounts[0].destinations[0].is_reached());
    assert_eq!(config.routing.lookups.get("units").expect("a table").misses(), 0);
}

#[test]
fn whoever_finds_no_place_or_waits_too_long_is_told_and_the_place_is_free_afterwards() {
    let gated = Arc::new(Gated::default());
    let program = Change::Script(Program(Arc::clone(&gated) as Arc<dyn Rewrite>));
    let config = config(vec![program], Lookups::default());
    let trials = trials(1, Duration::from_millis(20));
    waited(async {
        let try_out = || trials.try_out(Arc::clone(&config), listener(), MESSAGE.into());
        assert!(matches!(try_out().await, Err(NotTried::TooLate)), "its script waits");
        assert!(matches!(try_out().await, Err(NotTried::Busy)), "and has the only place");
        gated.open();
        // The thread ends by itself: then there is a place again.
        let place = trials.places.acquire().await;
        assert!(place.is_ok());
    });
}

#[test]
fn what_is_too_long_is_not_tried() {
    let payload = Bytes::from(vec![b'A'; MAX_TRIED + 1]);
    let trials = Trials::default();
    let tried = trials.try_out(Arc::default(), listener(), payload);
    assert!(matches!(waited(tried), Err(NotTried::TooLong)));
}

#[test]
fn handlers_that_the_message_cannot_meet_are_not_started_for_it() {
    let mut config = Arc::unwrap_or_clone(config(Vec::new(), Lookups::default()));
    config.routing.routes[0].handlers = vec!["gate".into()];
    let of_others = Route {
        id: RouteId::from("others"),
        from: Some(vec![Source::Listener("other".into())]),
        ..config.routing.routes[0].clone()
    };
    config.routing.routes.push(of_others);
    config.listeners = vec![listener(), Listener::new("other".into(), ([127, 0, 0, 1], 0).into())];
    let apart = apart(&config, listener());
    let handlers: Vec<_> = apart.routing.routes.iter().map(|one| one.handlers.len()).collect();
    assert_eq!((handlers, apart.listeners.len()), (vec![1, 0], 1));
}
