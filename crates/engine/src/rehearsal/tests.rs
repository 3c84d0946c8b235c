//! A rehearsal decides as a listener does, without a store, a socket or a handler.

use wardline_config::{AckWhen, Listener, Relay, Unrouted};
use wardline_flow::{Route, RouteId, Transform};

use super::*;

const STAMP: Stamp<'_> = Stamp { control_id: "T", time: "20260102030405" };

fn route(to: &[&str]) -> Route {
    Route {
        id: RouteId::from("all"),
        from: None,
        matcher: None,
        when: None,
        to: to.iter().map(|id| DestinationId::from(*id)).collect(),
        handlers: vec![HandlerName::from("nobody")],
        transform: Transform::default(),
    }
}

fn config(change: impl FnOnce(&mut Listener, &mut Config)) -> Config {
    let mut config = Config::default();
    let mut listener = Listener::new("in".into(), ([127, 0, 0, 1], 0).into());
    change(&mut listener, &mut config);
    config.listeners.push(listener);
    config
}

fn rehearsal(config: &Config) -> Rehearsal {
    Rehearsal::of(config).expect("an event loop")
}

fn rehearsed(config: &Config, payload: &str) -> Rehearsed {
    let payload = Bytes::from(payload.to_owned());
    rehearsal(config).rehearse(&"in".into(), &payload, STAMP).expect("a listener")
}

const MESSAGE: &str = "MSH|^~\\&|A|B|C|D|1||ADT^A01|7|P|2.5\rPID|1\r";
const ENHANCED: &str = "MSH|^~\\&|A|B|C|D|1||ADT^A01|7|P|2.5|||AL|AL\rPID|1\r";

#[test]
fn what_is_taken_goes_where_its_routes_say_and_is_answered_with_the_stamp() {
    let config = config(|_, config| config.routing.routes.push(route(&["lis", "archive"])));
    let told = rehearsed(&config, MESSAGE);
    assert_eq!(told.fate, Fate::Taken);
    let sent: Vec<_> = told.kept.iter().flat_map(|kept| &kept.deliveries).collect();
    assert_eq!(sent.iter().map(|one| &*one.destination).collect::<Vec<_>>(), ["lis", "archive"]);
    assert!(sent.iter().all(|one| one.body == MESSAGE));
    let answer = "MSH|^~\\&|C|D|A|B|20260102030405||ACK^A01^ACK|T|P|2.5\rMSA|AA|7\r";
    assert_eq!(told.answers, [answer]);
}

#[test]
fn an_answer_that_no_route_names_is_passed_over() {
    let ack = "MSH|^~\\&|A|B|C|D|1||ACK|7|P|2.5\rMSA|AA|4711\r";
    let told = rehearsed(&config(|_, config| config.routing.routes.push(route(&["lis"]))), ack);
    assert_eq!((told.fate, told.kept.len(), told.answers.len()), (Fate::PassedOver, 0, 0));
}

#[test]
fn a_refusal_tells_how_far_the_message_came() {
    let at = |config: &Config, payload| match rehearsed(config, payload).fate {
        Fate::Refused { at, .. } => at,
        other => panic!("{other:?}"),
    };
    let reject = config(|listener, _| listener.unrouted = Unrouted::Reject);
    assert_eq!(at(&reject, "no HL7"), RefusedAt::Reading);
    assert_eq!(at(&reject, "MSH|^~\\&|A|B|C|D|1||ADT^A01||P|2.5\r"), RefusedAt::Header);
    assert_eq!(at(&reject, MESSAGE), RefusedAt::Deciding);
}

#[test]
fn the_answer_of_another_system_is_named_and_not_made_up() {
    let relaying = config(|listener, config| {
        listener.ack = AckWhen::AfterDelivery(Relay::new("lis".into()));
        config.routing.routes.push(route(&["lis"]));
    });
    let told = rehearsed(&relaying, ENHANCED);
    assert_eq!(told.answered_by, Some("lis".into()));
    assert_eq!(told.answers.len(), 1, "CA alone");
    let unrouted = config(|listener, _| {
        listener.ack = AckWhen::AfterDelivery(Relay::new("lis".into()));
    });
    let told = rehearsed(&unrouted, MESSAGE);
    assert_eq!((told.answered_by, told.answers.len()), (None, 1));
}

#[test]
fn an_applications_answer_that_goes_by_a_destination_is_kept_with_the_message() {
    let owing = config(|listener, config| {
        listener.app_ack_to = Some("back".into());
        config.routing.routes.push(route(&["lis"]));
    });
    let told = rehearsed(&owing, ENHANCED);
    let kept: Vec<_> = told.kept.iter().map(|kept| kept.is_answer).collect();
    assert_eq!((kept, told.answers.len()), (vec![false, true], 1));
    assert_eq!(&*told.kept[1].deliveries[0].destination, "back");
}

#[test]
fn several_messages_in_one_payload_are_told_apart_where_the_listener_would_do_so() {
    let splitting = config(|listener, _| listener.multiple = wardline_config::Multiple::Split);
    let payload = Bytes::from([MESSAGE, MESSAGE].concat());
    assert_eq!(rehearsal(&splitting).apart(&"in".into(), &payload).len(), 2);
    let rejecting = config(|_, _| {});
    assert_eq!(rehearsal(&rejecting).apart(&"in".into(), &payload).len(), 1);
}
