//! Plans: each destination once, in the order of the file, and nothing that no route named.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn message() -> Message {
    Message::parse("MSH|^~\\&|A|B|C|D|||ADT^A01|M1|P|2.5\r".into()).expect("a message")
}

fn route(id: &str, to: &[String]) -> Route {
    Route {
        id: id.into(),
        from: None,
        matcher: None,
        to: to.iter().map(|id| id.as_str().into()).collect(),
        handlers: Vec::new(),
    }
}

fn listener() -> Source {
    Source::Listener("in".into())
}

proptest! {
    #[test]
    fn a_plan_has_each_destination_once_in_the_order_of_the_file(
        routes in prop::collection::vec(prop::collection::vec("[a-e]", 1..5), 0..6),
    ) {
        let routing = Routing {
            routes: routes.iter().enumerate().map(|(number, to)| route(&number.to_string(), to)).collect(),
            ..Routing::default()
        };
        let plan = routing.plan(&listener(), &message());

        let mut seen = BTreeSet::new();
        let expected: Vec<(String, String)> = routes
            .iter()
            .enumerate()
            .flat_map(|(number, to)| to.iter().map(move |id| (id.clone(), number.to_string())))
            .filter(|(id, _)| seen.insert(id.clone()))
            .collect();
        let planned: Vec<(String, String)> =
            plan.deliveries.iter().map(|planned| (planned.destination.to_string(), planned.route.to_string())).collect();
        prop_assert_eq!(planned, expected);
        prop_assert_eq!(plan.is_unrouted(), routes.is_empty());
    }
}

#[test]
fn a_route_without_match_takes_every_message_of_its_listeners() {
    let only_there = Route {
        from: Some(vec![Source::Listener("there".into())]),
        ..route("r", &["lis".to_owned()])
    };
    let routing = Routing { routes: vec![only_there], ..Routing::default() };
    assert!(routing.plan(&listener(), &message()).is_unrouted());
    assert!(!routing.plan(&Source::Listener("there".into()), &message()).is_unrouted());
}

#[test]
fn what_a_handler_emits_goes_only_where_a_route_names_it() {
    let emitted = Source::Handler("gate".into());
    let every_listener = route("all", &["lis".to_owned()]);
    let named =
        Route { from: Some(vec![emitted.clone()]), ..route("from-gate", &["archive".to_owned()]) };
    let routing = Routing { routes: vec![every_listener, named], ..Routing::default() };

    let plan = routing.plan(&emitted, &message());
    assert_eq!(
        plan.deliveries,
        [Planned { destination: "archive".into(), route: "from-gate".into() }]
    );
    assert_eq!(routing.plan(&listener(), &message()).deliveries.len(), 1);
}

#[test]
fn a_route_whose_match_does_not_hold_adds_nothing() {
    let matcher = crate::Matcher {
        messages: vec!["ORU".parse().expect("a pattern")],
        ..crate::Matcher::default()
    };
    let results = Route { matcher: Some(matcher), ..route("results", &["lis".to_owned()]) };
    let routing = Routing {
        routes: vec![results, route("all", &["archive".to_owned()])],
        ..Routing::default()
    };
    let ids: Vec<_> =
        routing.matching(&listener(), &message()).iter().map(|route| route.id.as_str()).collect();
    assert_eq!(ids, ["all"]);
}

#[test]
fn a_test_reaches_no_destination_that_is_for_production() {
    let everywhere = route("all", &["lis".to_owned(), "archive".to_owned()]);
    let routing = Routing { routes: vec![everywhere], production: BTreeSet::from(["lis".into()]) };
    for (processing_id, withheld) in [("P", false), ("", false), ("T", true), ("D", true)] {
        let text = format!("MSH|^~\\&|A|B|C|D|||ADT^A01|M1|{processing_id}|2.5\r");
        let message = Message::parse(text.into()).expect("a message");
        let plan = routing.plan(&listener(), &message);
        assert_eq!(plan.deliveries.len(), if withheld { 1 } else { 2 }, "{processing_id}");
        assert_eq!(plan.withheld.iter().any(|id| id.as_str() == "lis"), withheld);
    }
}

#[test]
fn what_is_withheld_from_its_only_destination_is_not_unrouted() {
    let production = BTreeSet::from(["lis".into()]);
    let routing = Routing { routes: vec![route("lis", &["lis".to_owned()])], production };
    let test = Message::parse("MSH|^~\\&|A|B|C|D|||ADT^A01|M1|T|2.5\r".into()).expect("a message");
    let plan = routing.plan(&listener(), &test);
    assert!(plan.deliveries.is_empty() && !plan.is_unrouted());
}
