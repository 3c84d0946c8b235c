//! The flow drawn: the listeners, routes and destinations that one interface is joined with, as links; only the wires are a
//! drawing.

use maud::{Markup, html};
use wardline_engine::control::protocol::RouteWiring;

use crate::pages::links;
use crate::sprite;
use crate::watch::condition::Condition;
use crate::watch::interface::Interface;
use crate::watch::snapshot::Snapshot;
use crate::words;

/// Boxes of one column; what is beyond them is counted.
const MOST_BOXES: usize = 12;
/// The height of a box and the gap below it, as the style sheet has them.
const STEP: usize = 72;
/// Half the height of a box.
const MIDDLE: usize = 30;
/// Beyond so many messages a minute a wire is drawn broad, and broader.
const BROAD: [u64; 2] = [1, 30];

/// What stands in the three columns.
struct Flow<'a> {
    listeners: Vec<&'a str>,
    routes: Vec<&'a RouteWiring>,
    destinations: Vec<&'a str>,
}

impl<'a> Flow<'a> {
    /// What messages of this interface go through.
    fn around(id: &str, snapshot: &'a Snapshot) -> Self {
        let wiring = &snapshot.wiring;
        let touches = |route: &&RouteWiring| {
            let names = |ids: &[String]| ids.iter().any(|one| one == id);
            names(&route.from) || names(&route.to)
        };
        let routes: Vec<&RouteWiring> =
            wiring.routes.iter().filter(touches).take(MOST_BOXES).collect();
        let has = |side: fn(&RouteWiring) -> &[String], id: &str| {
            routes.iter().any(|route| side(route).iter().any(|one| one == id))
        };
        // Handler destinations send on: they stand among the listeners of what they emit.
        let senders = wiring.listeners.iter().map(|one| one.id.as_str());
        let senders = senders.chain(wiring.destinations.iter().map(|one| one.id.as_str()));
        let listeners =
            senders.filter(|one| has(|route| &route.from, one)).take(MOST_BOXES).collect();
        let destinations = wiring.destinations.iter().map(|one| one.id.as_str());
        let destinations =
            destinations.filter(|one| has(|route| &route.to, one)).take(MOST_BOXES).collect();
        Self { listeners, routes, destinations }
    }
}

/// The card.
pub(super) fn card(id: &str, snapshot: &Snapshot) -> Markup {
    let flow = Flow::around(id, snapshot);
    html! {
        section.card aria-labelledby="fl" {
            header { h2 #fl { "Flow" small { "live, messages a minute" } } }
            @if flow.routes.is_empty() {
                div.empty { b { "No route names it" } p { "Messages come here, or go from here, by a route in the configuration." } }
            } @else {
                div.flow {
                    (column("Listeners", &html! { @for one in &flow.listeners { (interface_box(one, id, snapshot)) } }))
                    (wires(&flow, snapshot, true))
                    (column("Routes", &html! { @for route in &flow.routes { (route_box(route)) } }))
                    (wires(&flow, snapshot, false))
                    (column("Destinations", &html! { @for one in &flow.destinations { (interface_box(one, id, snapshot)) } }))
                }
            }
        }
    }
}

fn column(title: &str, boxes: &Markup) -> Markup {
    html! { div { h3 { (title) } ol { (boxes) } } }
}

fn interface_box(one: &str, me: &str, snapshot: &Snapshot) -> Markup {
    let interface = snapshot.interface(one);
    let (number, unit) = match snapshot.queue(one) {
        Some(row) => (row.pending + row.held, "queued"),
        None => (interface.map_or(0, |one| one.a_minute), "/min"),
    };
    html! {
        li {
            a.node.me[one == me] href=(links::interface(one)) aria-current=[(one == me).then_some("true")] {
                b { (one) }
                span.q { (words::count(number)) }
                span { @if let Some(interface) = interface { (sprite::state(interface.condition)) } }
                span.q2 { (unit) }
            }
        }
    }
}

fn route_box(route: &RouteWiring) -> Markup {
    let types = match &route.messages[..] {
        [] => "every type".to_owned(),
        some => some.join(" "),
    };
    let steps = match route.transforms {
        0 => String::new(),
        steps => format!(", {}", words::counted(steps, "step", "steps")),
    };
    html! {
        li {
            a.node href="/config" title=(types) {
                b { (route.id) }
                span.q {}
                span { (types) @if route.has_conditions { ", if" } (steps) }
                span.q2 {}
            }
        }
    }
}

/// The wires of one gap between two columns.
fn wires(flow: &Flow<'_>, snapshot: &Snapshot, is_left: bool) -> Markup {
    let sides = if is_left { &flow.listeners } else { &flow.destinations };
    let rows = sides.len().max(flow.routes.len()).max(1);
    let height = rows * STEP - (STEP - 2 * MIDDLE);
    let mut paths = Vec::new();
    for (route_place, route) in flow.routes.iter().enumerate() {
        let ends = if is_left { &route.from } else { &route.to };
        for (place, side) in sides.iter().enumerate() {
            if !ends.iter().any(|end| end == side) {
                continue;
            }
            let (side, middle) = (place * STEP + MIDDLE, route_place * STEP + MIDDLE);
            let (from, to) = if is_left { (side, middle) } else { (middle, side) };
            let class = wire(sides.get(place).and_then(|id| snapshot.interface(id)));
            paths.push((class, format!("M0 {from}C44 {from} 36 {to} 80 {to}")));
        }
    }
    html! {
        svg class={ "wires r" (rows) } viewBox={ "0 0 80 " (height) } height=(height) preserveAspectRatio="none" aria-hidden="true" {
            @for (class, path) in paths { path class=[class] d=(path) {} }
        }
    }
}

/// Its width is the rate of the end that is an interface; broken where that blocks, dotted where it is silent.
fn wire(interface: Option<&Interface>) -> Option<&'static str> {
    let interface = interface?;
    match interface.condition {
        state if state.blocks() => Some("block"),
        Condition::Quiet | Condition::Paused => Some("none"),
        _ if interface.a_minute >= BROAD[1] => Some("w3"),
        _ if interface.a_minute >= BROAD[0] => Some("w2"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use wardline_engine::control::protocol::{DestinationWiring, ListenerWiring, Wiring};

    use super::*;
    use crate::watch::testing::{listener, queue, seen};

    fn site() -> Snapshot {
        let mut snapshot = seen(
            "2026-11-21T03:12:08Z",
            vec![listener("adt-in"), listener("other-in")],
            vec![queue("lis", "down"), queue("archive", "up"), queue("elsewhere", "up")],
        );
        let listeners = ["adt-in", "other-in"]
            .map(|id| ListenerWiring { id: id.to_owned(), ..Default::default() });
        let destinations = ["lis", "archive", "elsewhere"]
            .map(|id| DestinationWiring { id: id.to_owned(), ..Default::default() });
        let route = |id: &str, from: &str, to: &[&str]| RouteWiring {
            id: id.to_owned(),
            from: vec![from.to_owned()],
            messages: vec!["ADT^A01".to_owned()],
            to: to.iter().map(|one| (*one).to_owned()).collect(),
            ..Default::default()
        };
        snapshot.wiring = Arc::new(Wiring {
            listeners: listeners.into(),
            routes: vec![
                route("admissions", "adt-in", &["lis", "archive"]),
                route("rest", "other-in", &["elsewhere"]),
            ],
            destinations: destinations.into(),
        });
        snapshot
    }

    #[test]
    fn only_what_is_joined_with_it_is_drawn_and_itself_has_the_strong_edge() {
        let card = card("lis", &site()).into_string();
        for there in ["adt-in", "admissions", "archive"] {
            assert!(card.contains(&format!("<b>{there}</b>")), "{there}: {card}");
        }
        for gone in ["other-in", "elsewhere", "<b>rest</b>"] {
            assert!(!card.contains(gone), "{gone}: {card}");
        }
        assert!(card.contains("class=\"node me\" href=\"/interfaces/lis\""), "{card}");
    }

    #[test]
    fn a_wire_to_who_is_down_is_broken() {
        let card = card("lis", &site()).into_string();
        assert_eq!(card.matches("class=\"block\"").count(), 1, "{card}");
        assert!(!card.contains("style="), "{card}");
    }
}
