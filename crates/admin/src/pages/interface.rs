//! One interface: why nothing moves, the flow it stands in, its connections, its queue, how long answers take, and the
//! settings it goes by.

mod flow;
pub(crate) mod head;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use wardline_engine::control::protocol::{DeliveryRow, ListenerRow, QueueRow};

use super::hand::{Asked, Hand};
use super::queues::release;
use super::{deliveries, fragment, interfaces, links};
use crate::chart;
use crate::sprite;
use crate::watch::condition::Condition;
use crate::watch::interface::{Interface, LATENCY_EVERY};
use crate::watch::snapshot::{Snapshot, moment};
use crate::words;

/// Deliveries of the queue that are shown here; the page of the queue has all.
pub(crate) const FIRST: usize = 5;

/// The page of one interface.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OneInterface<'a> {
    pub(crate) id: &'a str,
    /// The first of its queue: what an operator has to decide on, then what waits.
    pub(crate) first: &'a [DeliveryRow],
    pub(crate) hand: &'a Hand,
}

impl OneInterface<'_> {
    /// The parts that are replaced as they change; none where there is no such interface.
    pub(crate) fn fragments(
        &self,
        snapshot: &Snapshot,
        zone: &TimeZone,
    ) -> Option<Vec<(&'static str, Markup)>> {
        let interface = snapshot.interface(self.id)?;
        let now = snapshot.at;
        Some(if let Some(row) = snapshot.queue(self.id) {
            let head = head::of(interface, row, self.first.first(), self.hand, snapshot);
            vec![
                (
                    "title",
                    self.title(
                        interface,
                        &destination_line(row, snapshot),
                        "destination",
                        snapshot,
                        zone,
                    ),
                ),
                ("head", head::card(&head, zone)),
                ("flow", flow::card(self.id, snapshot)),
                ("queue", self.queue(row, now, zone)),
                ("connections", destination_connections(row, now, zone)),
                ("latency", latencies(interface)),
                ("settings", settings(&destination_settings(row, snapshot))),
            ]
        } else {
            let row = snapshot.listener(self.id)?;
            vec![
                (
                    "title",
                    self.title(
                        interface,
                        &listener_line(row, snapshot),
                        "listener",
                        snapshot,
                        zone,
                    ),
                ),
                ("head", paused(row, now, zone)),
                ("flow", flow::card(self.id, snapshot)),
                ("queue", came(interface, row)),
                ("connections", listener_connections(row, now, zone)),
                ("latency", latencies(interface)),
                ("settings", settings(&listener_settings(row, snapshot))),
            ]
        })
    }

    /// The body of the page.
    pub(crate) fn body(&self, snapshot: &Snapshot, zone: &TimeZone) -> Option<Markup> {
        let mut parts = self.fragments(snapshot, zone)?.into_iter();
        let mut next = || parts.next().map(|(name, part)| fragment(name, &part));
        Some(html! {
            @for _ in 0..3 { @if let Some(part) = next() { (part) } }
            @for _ in 0..2 { div.cols { @for _ in 0..2 { @if let Some(part) = next() { (part) } } } }
        })
    }

    fn title(
        &self,
        interface: &Interface,
        line: &Markup,
        kind: &str,
        snapshot: &Snapshot,
        zone: &TimeZone,
    ) -> Markup {
        let condition = interface.condition;
        html! {
            div.head {
                div {
                    p.crumb { a href=(links::INTERFACES) { "Interfaces" } " / " (kind) }
                    div.titleline {
                        h1 { (self.id) }
                        span class={ (condition.class()) " st-lg" } {
                            (sprite::shape(condition.shape())) (condition.word())
                            @if !condition.is_well() { " since " (words::clock(interface.since, snapshot.at, zone)) }
                        }
                    }
                    p.sub { (line) }
                }
                @if self.hand.may_operate { div class="acts scroll" { (self.actions(interface, snapshot)) } }
            }
        }
    }

    fn actions(&self, interface: &Interface, snapshot: &Snapshot) -> Markup {
        let (id, hand) = (self.id, self.hand);
        html! {
            @match interface.condition {
                Condition::Orphaned => {},
                Condition::Paused => (hand.at_once(&format!("{}/go", links::interface(id)), "Let messages in", "btn-pri")),
                Condition::Held => @if let Some(row) = snapshot.queue(id) { (release(hand, row)) },
                _ if interface.side == crate::watch::interface::Side::Listener => (hand.with_reason(&Asked {
                    name: "pause",
                    label: "Pause intake",
                    action: &format!("{}/pause", links::interface(id)),
                    question: format!("Let nothing in through {id}?"),
                    consequence: "Connections stay. Who sends gets no answer and sends again, or AE where the listener says so. It ends when you let messages in, and when Wardline is started anew.".to_owned(),
                    does: "Pause intake".to_owned(),
                    fixed: &[],
                })),
                _ => (hand.with_reason(&Asked {
                    name: "hold",
                    label: "Pause delivery",
                    action: &format!("{}/hold", links::queue(id)),
                    question: format!("Send nothing to {id}?"),
                    consequence: "What comes for it waits in order and is kept over a restart. It ends when you release it.".to_owned(),
                    does: "Pause delivery".to_owned(),
                    fixed: &[],
                })),
            }
        }
    }

    fn queue(&self, row: &QueueRow, now: Timestamp, zone: &TimeZone) -> Markup {
        let waiting = row.pending + row.held;
        let oldest = moment(row.oldest.as_deref());
        html! {
            section.card aria-labelledby="qu" {
                header {
                    h2 #qu {
                        "Queue"
                        small {
                            (words::count(waiting))
                            @if let Some(oldest) = oldest { ", oldest " (words::span(words::since(oldest, now))) }
                        }
                    }
                    div.acts {
                        @if waiting > 0 { a class="btn btn-plain" href=(links::queue(self.id)) { "All " (words::count(waiting)) } }
                        @if row.dead > 0 { a class="btn btn-plain" href=(links::dead(self.id)) { (words::counted(row.dead, "dead letter", "dead letters")) } }
                    }
                }
                @if self.first.is_empty() {
                    div.empty { b { "The queue is empty" } p { "Everything that came for " (self.id) " has gone, or none has come." } }
                } @else {
                    (deliveries::table(self.first, now, zone, &deliveries::Shown::QUEUE))
                }
            }
        }
    }
}

fn paused(row: &ListenerRow, now: Timestamp, zone: &TimeZone) -> Markup {
    html! {
        @if let Some(pause) = &row.paused {
            section class="card held" aria-labelledby="hd" {
                header { h2 #hd { "Paused on purpose" } }
                div.body {
                    p.cause {
                        b { (pause.by) } " lets nothing in: “" (pause.reason) "”"
                        @if let Some(since) = moment(Some(&pause.since)) {
                            ", since " (words::clock(since, now, zone)) " (" (words::span(words::since(since, now))) ")"
                        }
                        ". Senders keep what they have and send again. A restart of Wardline ends the pause."
                    }
                }
            }
        }
    }
}

fn listener_line(row: &ListenerRow, snapshot: &Snapshot) -> Markup {
    let wiring = snapshot.wiring.listeners.iter().find(|one| one.id == row.id);
    html! {
        @match row.role.as_deref() {
            Some("client") => "dials ",
            Some(_) => "listens on ",
            None => "watches ",
        }
        span.m { (row.address) }
        @if let Some(wiring) = wiring {
            @match &wiring.tls { Some(version) => { ", TLS " (version) " or newer" }, None if wiring.kind == "mllp" => ", in the clear", None => {} }
        }
        ", " (row.connections) " of " (words::counted(row.max_connections, "connection", "connections")) "."
    }
}

fn destination_line(row: &QueueRow, snapshot: &Snapshot) -> Markup {
    let wiring = snapshot.wiring.destinations.iter().find(|one| one.id == row.destination);
    html! {
        (row.kind) " " (if row.role.as_deref() == Some("server") { "at " } else { "to " })
        span.m { (row.endpoint) }
        @if let Some(wiring) = wiring {
            @match &wiring.tls { Some(version) => { ", TLS " (version) " or newer" }, None if wiring.kind == "mllp" => ", in the clear", None => {} }
            @match wiring.order.as_str() {
                "fifo" => ". One lane, first in first out.",
                "by-key" => ". A lane for each key.",
                _ => ". No order is kept.",
            }
        }
        @for warning in &row.warnings { " " span.wrn { "Warning: " (warning) "." } }
    }
}

/// A line of a list of facts.
type Fact = (&'static str, Markup);

fn facts(facts: &[Fact]) -> Markup {
    html! { dl.kv { @for (name, value) in facts { dt { (name) } dd { (value) } } } }
}

fn at(moment: Option<Timestamp>, now: Timestamp, zone: &TimeZone) -> Markup {
    html! {
        @match moment {
            Some(at) => { (words::clock(at, now, zone)) ", " (words::ago(at, now)) @if words::since(at, now) > 0 { " ago" } },
            None => span.z { "none since the start" },
        }
    }
}

fn destination_connections(row: &QueueRow, now: Timestamp, zone: &TimeZone) -> Markup {
    let counts = row.counts.unwrap_or_default();
    let close = row.last_close.as_deref().map_or_else(
        || html! { span.z { "none since the start" } },
        |code| html! {
            @if let Some(explained) = wardline_engine::explain::explain(code).next() { (head::with_codes(explained.means)) " " }
            span.m { (code) }
        },
    );
    let rows = [
        ("Last delivery", at(moment(row.last_delivered.as_deref()), now, zone)),
        ("Last close", close),
        ("Opened", interfaces::zero_grey(counts.connects)),
        ("Could not be opened", interfaces::zero_grey(counts.connect_failures)),
        ("Lost", interfaces::zero_grey(counts.disconnects)),
        ("Delivered", interfaces::zero_grey(counts.delivered)),
        (
            "Answered AE · AR",
            html! { (interfaces::zero_grey(counts.replies_error)) " · " (interfaces::zero_grey(counts.replies_reject)) },
        ),
        ("Not answered in time", interfaces::zero_grey(counts.ack_timeouts)),
        ("Dead letters", interfaces::zero_grey(counts.dead)),
    ];
    html! {
        section.card aria-labelledby="cn" {
            header { h2 #cn { "Connections" small { "counted since the start" } } }
            div.body { (facts(&rows)) }
        }
    }
}

fn listener_connections(row: &ListenerRow, now: Timestamp, zone: &TimeZone) -> Markup {
    let counts = &row.counts;
    let closed = [
        ("by the peer", counts.closed_by_peer),
        ("inside a frame", counts.closed_inside_frame),
        ("idle", counts.closed_idle),
        ("frame timeout", counts.closed_frame_timeout),
        ("answer not taken", counts.closed_write_timeout),
        ("no frame", counts.closed_no_frame),
        ("too large", counts.closed_too_large),
        ("not stored", counts.closed_unavailable),
        ("TLS", counts.closed_tls),
        ("replaced", counts.closed_replaced),
        ("errors", counts.closed_error),
    ];
    let closed: Vec<String> = closed
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(why, count)| format!("{} {why}", words::count(*count)))
        .collect();
    let refused = counts.refused_full + counts.refused_not_allowed + counts.tls_refused;
    let rows = [
        ("Now", html! { (row.connections) " of " (row.max_connections) }),
        ("Last message", at(moment(row.last_received.as_deref()), now, zone)),
        ("Opened", interfaces::zero_grey(counts.opened)),
        (
            "Closed",
            html! {
                (interfaces::zero_grey(counts.closed))
                @if !closed.is_empty() { ": " (closed.join(", ")) }
            },
        ),
        ("Turned away", interfaces::zero_grey(refused)),
        ("Lost bytes", interfaces::zero_grey(counts.lost_bytes)),
    ];
    html! {
        section.card aria-labelledby="cn" {
            header { h2 #cn { "Connections" small { "counted since the start" } } }
            div.body { (facts(&rows)) }
        }
    }
}

/// What came in through a listener, and what it was answered.
fn came(interface: &Interface, row: &ListenerRow) -> Markup {
    let counts = &row.counts;
    let rows = [
        ("A minute", interfaces::zero_grey(interface.a_minute)),
        ("In 24 h", interfaces::zero_grey(interface.day)),
        ("Received", interfaces::zero_grey(counts.frames + counts.files)),
        ("Stored", interfaces::zero_grey(counts.stored)),
        (
            "Answered AA · CA",
            html! { (interfaces::zero_grey(counts.answered_aa)) " · " (interfaces::zero_grey(counts.answered_ca)) },
        ),
        (
            "Answered AE · AR",
            html! { (interfaces::zero_grey(counts.answered_ae)) " · " (interfaces::zero_grey(counts.answered_ar)) },
        ),
        ("No route", interfaces::zero_grey(counts.unrouted)),
        ("Came again", interfaces::zero_grey(counts.duplicates + counts.duplicates_suppressed)),
    ];
    html! {
        section.card aria-labelledby="qu" {
            header {
                h2 #qu { "Messages" small { "counted since the start" } }
                a class="btn btn-plain" href={ "/messages?listener=" (row.id) } { "Find messages" }
            }
            div.body { (facts(&rows)) }
        }
    }
}

fn latencies(interface: &Interface) -> Markup {
    #[expect(clippy::cast_precision_loss, reason = "a day of seconds is exact")]
    let (range, every) = (86_400.0, LATENCY_EVERY as f64);
    let count = interface.latencies.len();
    let points: chart::Points = interface
        .latencies
        .iter()
        .enumerate()
        .map(|(place, micros)| {
            let ago = u32::try_from(count - 1 - place).unwrap_or(u32::MAX);
            (f64::from(ago) * every, f64::from(*micros) / 1000.0)
        })
        .collect();
    let highest = points.iter().fold(0.0_f64, |most, (_, value)| most.max(*value));
    let top = chart::axis_top(highest);
    let drawn = chart::Chart {
        range,
        top,
        finding: "Time below which 95 of 100 answers stayed, over 24 hours, in milliseconds"
            .to_owned(),
        received: points,
        delivered: Vec::new(),
        before: Vec::new(),
        marks: Vec::new(),
    };
    html! {
        section.card aria-labelledby="la" {
            header {
                h2 #la { "Ack latency" small { "24 h" } }
                div.leg { span { i {} "p95 " (interfaces::latency(interface.latency)) } }
            }
            div.body {
                @if count < 2 {
                    div.empty { b { "Not enough answers yet" } p { "A point is drawn for every five minutes in which something was answered." } }
                } @else {
                    div.chart {
                        div.y { @for label in chart::axis_labels(top) { span { (label) } } }
                        div class="plot short" { (drawn.svg()) }
                        div.x { span { "24 h ago" } span { "12 h" } span { "now" } }
                    }
                    p.dim.sm { "milliseconds" }
                }
            }
        }
    }
}

fn destination_settings(row: &QueueRow, snapshot: &Snapshot) -> Vec<Fact> {
    let Some(wiring) = snapshot.wiring.destinations.iter().find(|one| one.id == row.destination)
    else {
        return Vec::new();
    };
    let mut facts = vec![
        ("Kind", html! { (wiring.kind) }),
        ("Endpoint", html! { span.m { (row.endpoint) } }),
        ("Connections", html! { (wiring.connections) }),
        ("Order", html! { (wiring.order) }),
        ("Errors repeated for", html! { (words::span(wiring.retry_for_ms / 1000)) }),
        ("Longest pause", html! { (words::span(wiring.retry_max_ms / 1000)) }),
    ];
    if let Some(timeout) = wiring.ack_timeout_ms {
        facts.push((
            "Answer within",
            html! { (words::setting(std::time::Duration::from_millis(timeout))) },
        ));
    }
    facts
}

fn listener_settings(row: &ListenerRow, snapshot: &Snapshot) -> Vec<Fact> {
    let Some(wiring) = snapshot.wiring.listeners.iter().find(|one| one.id == row.id) else {
        return Vec::new();
    };
    vec![
        ("Kind", html! { (wiring.kind) }),
        ("Address", html! { span.m { (row.address) } }),
        ("Answers", html! { span.m { (wiring.ack) } }),
        (
            "Client certificates",
            html! { (if wiring.client_certificates { "asked for" } else { "not asked for" }) },
        ),
        (
            "Handlers",
            html! { @if wiring.handlers.is_empty() { span.z { "none" } } @else { (wiring.handlers.join(", ")) } },
        ),
        ("Rules", interfaces::zero_grey(wiring.rules)),
    ]
}

fn settings(rows: &[Fact]) -> Markup {
    html! {
        section.card aria-labelledby="se" {
            header { h2 #se { "Settings" small { "as they run" } } a class="btn btn-plain" href="/config" { "Configuration" } }
            @if rows.is_empty() {
                div.empty { b { "Not configured" } p { "The configuration does not name it any more; its queue is kept." } }
            } @else {
                div.body { (facts(rows)) }
            }
        }
    }
}

#[cfg(test)]
mod tests;
