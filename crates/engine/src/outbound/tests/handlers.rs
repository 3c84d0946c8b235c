//! A handler actor as destination, behind a pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix::prelude::*;
use bytes::Bytes;
use tokio::sync::watch;
use wardline_config::{DestinationKind, HandlerDestination, HandlerLimits};
use wardline_flow::{DestinationId, HandlerName, Route, RouteId, Routing, Source, Transform};
use wardline_store::DeliveryState;

use super::site::{DEADLINE, Site, destination, max_attempts, until};
use crate::charsets::Charsets;
use crate::handler::{Decision, HandlerCaller, HandlerSupervisor, Handlers, Received};
use crate::outbound::testing::message;
use crate::ways::{CurrentWays, Ways};

type Script = Arc<dyn Fn(&Received, usize) -> Decision + Send + Sync>;

/// Decides as a test wants it to.
struct Scripted {
    script: Script,
    calls: Arc<AtomicUsize>,
}

impl Actor for Scripted {
    type Context = Context<Self>;
}

impl Handler<Received> for Scripted {
    type Result = Decision;

    fn handle(&mut self, received: Received, _: &mut Self::Context) -> Decision {
        (self.script)(&received, self.calls.fetch_add(1, Ordering::Relaxed))
    }
}

/// A site whose destination is a handler that follows `script`, told how often it was called before.
fn site(script: impl Fn(&Received, usize) -> Decision + Send + Sync + 'static) -> Site {
    let name = HandlerName::from("scripted");
    let mut handlers = Handlers::default();
    let (script, calls): (Script, _) = (Arc::new(script), Arc::new(AtomicUsize::new(0)));
    handlers.add(name.as_str(), move || Scripted {
        script: Arc::clone(&script),
        calls: Arc::clone(&calls),
    });
    let factory = handlers.factory(name.as_str()).expect("added");
    let (supervisor, caller) = HandlerSupervisor::new(HandlerLimits::new(name.clone()), factory);
    supervisor.start();
    let handler = HandlerDestination { handler: name, timeout: Duration::from_millis(300) };
    let mut site = Site::new(destination(DestinationKind::Handler(handler)));
    let routing = Routing {
        routes: vec![Route {
            id: RouteId::from("onwards"),
            from: Some(vec![Source::Handler(DestinationId::from("lis"))]),
            matcher: None,
            to: vec![DestinationId::from("lis")],
            handlers: Vec::new(),
            when: None,
            transform: Transform::default(),
        }],
        ..Routing::default()
    };
    site.delivering.ways = ways(routing, Some(caller));
    site
}

fn ways(routing: Routing, caller: Option<HandlerCaller>) -> CurrentWays {
    let callers = caller.map(|caller| (HandlerName::from("scripted"), caller));
    let callers = callers.into_iter().collect();
    let (ways, _unused) =
        Ways::new(Arc::new(routing), Charsets::default(), Arc::default(), callers);
    watch::channel(ways).1
}

fn caller_of(site: &Site) -> HandlerCaller {
    let ways = site.delivering.ways.borrow();
    ways.callers.values().next().cloned().expect("a handler")
}

#[actix::test]
async fn accept_delivers_and_the_handler_sees_what_was_stored() {
    let site = site(|received, _| {
        assert_eq!(received.bytes(), &message("M1"));
        assert!(received.id.is_some());
        Decision::Accept
    });
    site.start();
    site.accept(1).await;
    site.delivered(1).await;
}

#[actix::test]
async fn a_failure_is_retried_and_a_panic_costs_one_call() {
    let site = site(|_, before| match before {
        0 => Decision::fail("not now"),
        1 => panic!("a bug in a handler"),
        _ => Decision::Accept,
    });
    site.start();
    site.accept(2).await;
    site.delivered(2).await;
    assert_eq!(site.counters.retried.get(), 2);
}

#[actix::test]
async fn a_handler_that_takes_too_long_is_retried() {
    let site = site(|_, before| match before {
        0 => Decision::later(std::future::pending()),
        _ => Decision::Accept,
    });
    site.start();
    site.accept(1).await;
    site.delivered(1).await;
    assert_eq!(site.counters.retried.get(), 1);
}

#[actix::test]
async fn a_rejection_is_a_dead_letter_and_the_lane_goes_on() {
    let site = site(|_, before| match before {
        0 => Decision::reject("never"),
        _ => Decision::Accept,
    });
    site.start();
    site.accept(2).await;
    site.delivered(1).await;
    let dead = site.rows(DeliveryState::Dead).await;
    assert_eq!(dead[0].cause.as_deref(), Some("handler-rejected"));
    assert_eq!(site.reply(dead[0].message).await.as_deref(), Some(&b"never"[..]));
}

#[actix::test]
async fn what_a_handler_said_when_it_failed_is_kept() {
    let mut site = site(|_, before| match before {
        0 => Decision::fail("the ward is closed"),
        _ => panic!("a bug in a handler"),
    });
    site.delivering.destination = max_attempts(site.delivering.destination.clone(), 2);
    let pool = site.start();
    let ids = site.accept(1).await;
    until(|| site.counters.retried.get() == 1).await;
    let said = Some(&b"the ward is closed"[..]);
    assert_eq!(pool.last_reply(ids[0]).await.as_deref(), said);
    until(|| site.counters.dead.get() == 1).await;
    assert_eq!(site.reply(ids[0]).await.as_deref(), said, "a panic says nothing newer");
}

#[actix::test]
async fn end_1_what_is_emitted_is_stored_with_the_outcome_and_goes_its_own_way() {
    let site = site(|received, _| match received.hops {
        0 => Decision::Emit(vec![message("E1"), message("E2")]),
        hops => {
            assert_eq!((hops, &*received.listener), (1, "lis"));
            Decision::Accept
        }
    });
    site.start();
    site.accept(1).await;
    site.delivered(3).await;
}

#[actix::test]
async fn what_is_emitted_and_no_route_takes_is_kept_and_counted() {
    let mut site = site(|_, _| Decision::Emit(vec![message("E1"), message("E2")]));
    site.delivering.ways = ways(Routing::default(), Some(caller_of(&site)));
    site.start();
    site.accept(1).await;
    until(|| site.counters.emitted_unrouted.get() == 2).await;
    site.delivered(1).await;
}

#[actix::test]
async fn what_mllp_cannot_carry_is_not_emitted() {
    let site = site(|_, before| match before {
        0 => Decision::Emit(vec![[&message("E1")[..], b"OBX|1|ED|||a\x1C\rb\r"].concat().into()]),
        _ => Decision::Accept,
    });
    site.start();
    site.accept(1).await;
    site.delivered(1).await;
    assert_eq!(site.counters.retried.get(), 1);
}

#[actix::test]
async fn waiting_for_an_instance_is_no_attempt() {
    let taken = Arc::new(tokio::sync::Semaphore::new(0));
    let release = Arc::clone(&taken);
    let mut site = site(move |received, _| {
        if received.id.is_some() {
            return Decision::Accept;
        }
        let taken = Arc::clone(&taken);
        Decision::later(async move {
            let _released = taken.acquire().await;
            Decision::Accept
        })
    });
    if let DestinationKind::Handler(handler) = &mut site.delivering.destination.kind {
        handler.timeout = Duration::from_millis(20);
    }
    let caller = caller_of(&site);
    let before_the_answer = Received {
        message: wardline_hl7::Message::parse(message("OTHER")).expect("a message"),
        listener: Arc::from("in"),
        peer: None,
        received_at: jiff::Timestamp::UNIX_EPOCH,
        id: None,
        hops: 0,
    };
    let other = actix::spawn(async move { caller.call(before_the_answer, DEADLINE).await });
    let calls = caller_of(&site);
    until(|| calls.shared().counters.calls.get() == 1).await;
    let pool = site.start();
    site.accept(1).await;
    until(|| site.counters.retried.get() >= 2).await;
    assert_eq!(pool.describe().await.reason.as_deref(), Some("handler-busy"));
    assert_eq!(site.rows(DeliveryState::Pending).await[0].attempts, 0);
    release.add_permits(1);
    site.delivered(1).await;
    other.await.expect("the other call");
}

#[actix::test]
async fn a_message_in_a_circle_is_a_dead_letter_after_eight_handlers() {
    let site = site(|_, _| Decision::Emit(vec![message("AGAIN")]));
    site.start();
    site.accept(1).await;
    until(|| site.counters.dead.get() == 1).await;
    assert_eq!(site.counters.delivered.get(), 8);
    assert_eq!(site.rows(DeliveryState::Dead).await[0].cause.as_deref(), Some("loop"));
}

#[actix::test]
async fn what_is_no_message_is_not_emitted() {
    let site = site(|_, before| match before {
        0 => Decision::Emit(vec![Bytes::from_static(b"no message")]),
        _ => Decision::Accept,
    });
    site.start();
    site.accept(1).await;
    site.delivered(1).await;
    assert_eq!(site.counters.retried.get(), 1);
}

#[actix::test]
async fn without_its_handler_a_destination_is_down_and_keeps_its_queue() {
    let mut site = site(|_, _| Decision::Accept);
    site.delivering.ways = ways(Routing::default(), None);
    let pool = site.start();
    site.accept(1).await;
    until(|| site.counters.retried.get() >= 2).await;
    let state = pool.describe().await;
    assert_eq!((state.state, state.reason.as_deref()), ("down", Some("handler-down")));
    assert_eq!(site.rows(DeliveryState::Pending).await[0].attempts, 0);
}
