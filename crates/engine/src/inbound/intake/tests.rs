//! What becomes of what handlers emit before the answer.

use std::collections::BTreeMap;
use std::time::Duration;

use actix::{Actor, Context, Handler};
use wardline_config::HandlerLimits;
use wardline_flow::{DestinationId, HandlerName, Matcher, RouteId, Routing, Transform};
use wardline_hl7::AckCode;

use super::*;
use crate::charsets::Charsets;
use crate::handler::{Decision, HandlerSupervisor, Handlers};

const ROUTED: &[u8] = b"MSH|^~\\&|A|B|C|D|20260403||ADT^A01|1|P|2.5\r";
const UNROUTED: &[u8] = b"MSH|^~\\&|A|B|C|D|20260403||MFN^M02|2|P|2.5\r";

/// Emits the same messages for whatever comes.
struct Emitting(Vec<&'static [u8]>);

impl Actor for Emitting {
    type Context = Context<Self>;
}

impl Handler<Received> for Emitting {
    type Result = Decision;

    fn handle(&mut self, _: Received, _: &mut Self::Context) -> Decision {
        Decision::Emit(self.0.iter().copied().map(Bytes::from_static).collect())
    }
}

/// What is decided about a message for which a handler emits `emitted`; a route takes ADT.
async fn decided(unrouted: Unrouted, emitted: Vec<&'static [u8]>) -> Decided {
    let name = HandlerName::from("emitting");
    let mut handlers = Handlers::default();
    handlers.add(name.as_str(), move || Emitting(emitted.clone()));
    let factory = handlers.factory(name.as_str()).expect("added");
    let (supervisor, caller) = HandlerSupervisor::new(HandlerLimits::new(name.clone()), factory);
    supervisor.start();
    let mut listener = Listener::new("in".into(), ([127, 0, 0, 1], 0).into());
    listener.handlers = vec![name.clone()];
    listener.handler_timeout = Duration::from_secs(60);
    listener.unrouted = unrouted;
    let adt = Matcher { messages: vec!["ADT".parse().expect("a pattern")], ..Matcher::default() };
    let routing = Routing {
        routes: vec![Route {
            id: RouteId::from("adt"),
            from: None,
            matcher: Some(adt),
            to: vec![DestinationId::from("lis")],
            handlers: Vec::new(),
            when: None,
            transform: Transform::default(),
        }],
        ..Routing::default()
    };
    let callers = BTreeMap::from([(name, caller)]);
    let (ways, _unused) =
        Ways::new(Arc::new(routing), Charsets::default(), Arc::default(), callers);
    let intake = Intake::new(listener, ways);
    let message = Message::parse(Bytes::from_static(ROUTED)).expect("a message");
    let peer = Some(([127, 0, 0, 1], 1).into());
    let counters = ListenerCounters::default();
    intake.decide(&message, peer, Timestamp::UNIX_EPOCH, &counters).await
}

fn stored(decided: Decided) -> Settled {
    match decided {
        Decided::Store(settled) => settled,
        Decided::Discard { messages } => panic!("discards {messages}"),
        Decided::Refuse(refusal) | Decided::Undecided { refusal, .. } => {
            panic!("refuses: {refusal:?}")
        }
    }
}

fn refused(decided: Decided) -> Refusal {
    match decided {
        Decided::Refuse(refusal) | Decided::Undecided { refusal, .. } => refusal,
        Decided::Discard { .. } | Decided::Store(_) => panic!("takes it"),
    }
}

#[actix::test]
async fn an_emitted_message_without_a_route_is_kept_and_told_of() {
    let settled = stored(decided(Unrouted::Accept, vec![ROUTED, UNROUTED]).await);
    let deliveries: Vec<_> = settled.messages.iter().map(|one| one.deliveries.len()).collect();
    assert_eq!(deliveries, [1, 0]);
    assert_eq!(settled.unrouted, ["MFN^M02"]);
}

#[actix::test]
async fn an_emitted_message_without_a_route_is_left_out_where_told_so() {
    let settled = stored(decided(Unrouted::Discard, vec![UNROUTED, ROUTED]).await);
    let bodies: Vec<_> = settled.messages.iter().map(|one| one.body.as_ref()).collect();
    assert_eq!((bodies, settled.discarded), (vec![ROUTED], 1));
    let nothing_left = decided(Unrouted::Discard, vec![UNROUTED, UNROUTED]).await;
    assert!(matches!(nothing_left, Decided::Discard { messages: 2 }));
}

#[actix::test]
async fn an_emitted_message_without_a_route_rejects_the_whole_where_told_so() {
    let refusal = refused(decided(Unrouted::Reject, vec![ROUTED, UNROUTED]).await);
    assert_eq!(refusal.code, AckCode::AR);
    assert_eq!(refusal.error, ErrorCode::UnsupportedMessageType);
}

#[actix::test]
async fn what_a_frame_cannot_carry_is_not_emitted() {
    let cut = b"MSH|^~\\&|A|B|C|D|20260403||ADT^A01|1|P|2.5\rOBX|1|ED|||a\x1C\rb\r";
    let refusal = refused(decided(Unrouted::Accept, vec![cut]).await);
    assert_eq!(refusal.code, AckCode::AE);
    assert_eq!(
        refusal.text,
        "handler emitting: what the handler emitted cannot be carried by MLLP"
    );
}

#[actix::test]
async fn what_is_emitted_before_the_answer_has_passed_no_handler_destination() {
    let settled = stored(decided(Unrouted::Accept, vec![ROUTED]).await);
    assert_eq!(settled.messages[0].hops, 0);
}
