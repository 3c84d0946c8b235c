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
        when: None,
        to: to.iter().map(|id| id.as_str().into()).collect(),
        handlers: Vec::new(),
        transform: Transform::default(),
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
        let plan = routing.plan(&listener(), &message()).expect("a plan");

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
    assert!(routing.plan(&listener(), &message()).expect("a plan").is_unrouted());
    assert!(
        !routing.plan(&Source::Listener("there".into()), &message()).expect("a plan").is_unrouted()
    );
}

#[test]
fn what_a_handler_emits_goes_only_where_a_route_names_it() {
    let emitted = Source::Handler("gate".into());
    let every_listener = route("all", &["lis".to_owned()]);
    let named =
        Route { from: Some(vec![emitted.clone()]), ..route("from-gate", &["archive".to_owned()]) };
    let routing = Routing { routes: vec![every_listener, named], ..Routing::default() };

    let plan = routing.plan(&emitted, &message()).expect("a plan");
    assert_eq!(
        plan.deliveries,
        [Planned { destination: "archive".into(), route: "from-gate".into(), changed: None }]
    );
    assert_eq!(routing.plan(&listener(), &message()).expect("a plan").deliveries.len(), 1);
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
    let ids: Vec<_> = routing
        .matching(&listener(), &routing.subject(&message()))
        .expect("no condition")
        .iter()
        .map(|route| route.id.as_str())
        .collect();
    assert_eq!(ids, ["all"]);
}

#[test]
fn a_test_reaches_no_destination_that_is_for_production() {
    let everywhere = route("all", &["lis".to_owned(), "archive".to_owned()]);
    let routing = Routing {
        routes: vec![everywhere],
        production: BTreeSet::from(["lis".into()]),
        ..Routing::default()
    };
    for (processing_id, withheld) in [("P", false), ("", false), ("T", true), ("D", true)] {
        let text = format!("MSH|^~\\&|A|B|C|D|||ADT^A01|M1|{processing_id}|2.5\r");
        let message = Message::parse(text.into()).expect("a message");
        let plan = routing.plan(&listener(), &message).expect("a plan");
        assert_eq!(plan.deliveries.len(), if withheld { 1 } else { 2 }, "{processing_id}");
        assert_eq!(plan.withheld.iter().any(|id| id.as_str() == "lis"), withheld);
    }
}

#[test]
fn what_is_withheld_from_its_only_destination_is_not_unrouted() {
    let production = BTreeSet::from(["lis".into()]);
    let routing = Routing {
        routes: vec![route("lis", &["lis".to_owned()])],
        production,
        ..Routing::default()
    };
    let test = Message::parse("MSH|^~\\&|A|B|C|D|||ADT^A01|M1|T|2.5\r".into()).expect("a message");
    let plan = routing.plan(&listener(), &test).expect("a plan");
    assert!(plan.deliveries.is_empty() && !plan.is_unrouted());
}

fn condition(text: &str) -> Arc<Expression> {
    Arc::new(Expression::compile(text).expect("an expression"))
}

fn set(path: &str, value: &str) -> Transform {
    use crate::transform::{Change, Content, Step};
    let path = path.parse().expect("a path");
    let value = Content::Text(value.to_owned());
    Transform { steps: vec![Step { when: None, change: Change::Set { path, value } }] }
}

#[test]
fn a_condition_is_asked_of_what_matches_and_a_fault_is_no_plan() {
    let adt = crate::Matcher {
        messages: vec!["ADT".parse().expect("a pattern")],
        ..crate::Matcher::default()
    };
    let with = |matcher: Option<crate::Matcher>, when: &str| Routing {
        routes: vec![Route {
            matcher,
            when: Some(condition(when)),
            ..route("r", &["lis".to_owned()])
        }],
        ..Routing::default()
    };
    let plan = |routing: &Routing| routing.plan(&listener(), &message());
    assert_eq!(
        plan(&with(None, "msh.sending_app == 'A'")).map(|plan| plan.is_unrouted()),
        Ok(false)
    );
    assert_eq!(
        plan(&with(None, "msh.sending_app == 'B'")).map(|plan| plan.is_unrouted()),
        Ok(true)
    );
    let fault = plan(&with(Some(adt), "pid.id == ''")).expect_err("PID is missing");
    assert_eq!(fault.to_string(), "route r: there is no `id` in the message");
    let oru = crate::Matcher {
        messages: vec!["ORU".parse().expect("a pattern")],
        ..crate::Matcher::default()
    };
    assert!(plan(&with(Some(oru), "pid.id == ''")).is_ok(), "it is not asked");
}

#[test]
fn a_filter_keeps_the_message_from_its_destination_alone() {
    let routing = Routing {
        routes: vec![route("all", &["lis".to_owned(), "archive".to_owned()])],
        filters: BTreeMap::from([("lis".into(), condition("msh.trigger == 'A08'"))]),
        ..Routing::default()
    };
    let plan = routing.plan(&listener(), &message()).expect("a plan");
    assert_eq!(plan.filtered, ["lis".into()]);
    assert_eq!(plan.deliveries.len(), 1);
    let only = Routing { routes: vec![route("one", &["lis".to_owned()])], ..routing };
    let plan = only.plan(&listener(), &message()).expect("a plan");
    assert!(plan.deliveries.is_empty() && !plan.is_unrouted());
}

#[test]
fn a_destination_gets_what_its_first_route_and_then_itself_make_of_the_message() {
    let to = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    let routing = Routing {
        routes: vec![
            Route { transform: set("MSH-5", "FIRST"), ..route("first", &to(&["lis", "archive"])) },
            Route {
                transform: set("MSH-5", "SECOND"),
                ..route("second", &to(&["lis", "billing"]))
            },
            route("third", &to(&["plain"])),
        ],
        transforms: BTreeMap::from([("archive".into(), set("MSH-6", "OWN"))]),
        ..Routing::default()
    };
    let plan = routing.plan(&listener(), &message()).expect("a plan");
    let ends = |planned: &Planned| {
        let made = planned.changed.as_ref()?;
        let header = made.header();
        let texts = [header.receiving_application(), header.receiving_facility()];
        Some(texts.map(|text| String::from_utf8_lossy(text).into_owned()))
    };
    let made: BTreeMap<&str, _> = plan
        .deliveries
        .iter()
        .map(|planned| (planned.destination.as_str(), ends(planned)))
        .collect();
    let pair = |one: &str, other: &str| Some([one.to_owned(), other.to_owned()]);
    assert_eq!(made["lis"], pair("FIRST", "D"));
    assert_eq!(made["archive"], pair("FIRST", "OWN"));
    assert_eq!(made["billing"], pair("SECOND", "D"));
    assert_eq!(made["plain"], None);
}

#[test]
fn a_step_that_cannot_be_taken_is_no_plan() {
    let failing = Route { transform: set("PID-3", "x"), ..route("r", &["lis".to_owned()]) };
    let routing = Routing { routes: vec![failing], ..Routing::default() };
    let fault = routing.plan(&listener(), &message()).expect_err("PID is missing");
    assert!(fault.to_string().starts_with("route r: transform step 1: "), "{fault}");
}

#[test]
fn a_verdict_agrees_with_what_a_route_wants_and_says_why() {
    let adt = crate::Matcher {
        messages: vec!["ADT".parse().expect("a pattern")],
        ..crate::Matcher::default()
    };
    let oru = crate::Matcher {
        messages: vec!["ORU".parse().expect("a pattern")],
        ..crate::Matcher::default()
    };
    let base = || route("r", &["lis".to_owned()]);
    let there = vec![Source::Listener("there".into())];
    let cases = [
        (base(), RouteVerdict::Wants),
        (Route { from: Some(there), ..base() }, RouteVerdict::OtherSource),
        (Route { matcher: Some(oru), ..base() }, RouteVerdict::Mismatch("message".into())),
        (Route { matcher: Some(adt), ..base() }, RouteVerdict::Wants),
        (Route { when: Some(condition("false")), ..base() }, RouteVerdict::WhenFalse),
        (
            Route { when: Some(condition("pid.id == ''")), ..base() },
            RouteVerdict::Fault(Fault::Missing("id".into())),
        ),
    ];
    for (route, verdict) in cases {
        let routing = Routing::default();
        let message = message();
        let subject = routing.subject(&message);
        assert_eq!(route.verdict(&listener(), &subject), verdict);
        let wants = route.wants(&listener(), &subject);
        match verdict {
            RouteVerdict::Wants => assert_eq!(wants, Ok(true)),
            RouteVerdict::Fault(_) => assert!(wants.is_err()),
            _ => assert_eq!(wants, Ok(false)),
        }
    }
}
