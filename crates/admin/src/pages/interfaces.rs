//! Interfaces: every listener and every destination, one row each, with what is to be known of all of them at once.

use jiff::Timestamp;
use maud::{Markup, html};
use wardline_engine::control::protocol::{ListenerRow, QueueRow};

use super::{fragment, links};
use crate::chart;
use crate::sprite;
use crate::watch::condition::Condition;
use crate::watch::interface::Interface;
use crate::watch::snapshot::{Snapshot, moment};
use crate::words;

/// What the page shows: all, or those in one state.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Interfaces {
    /// The filter.
    pub(crate) state: Option<Condition>,
}

impl Interfaces {
    /// The parts that are replaced as they change.
    pub(crate) fn fragments(self, snapshot: &Snapshot) -> Vec<(&'static str, Markup)> {
        vec![
            ("head", head(snapshot)),
            ("filter", self.filter(snapshot)),
            ("listeners", self.listeners(snapshot)),
            ("destinations", self.destinations(snapshot)),
        ]
    }

    /// The body of the page.
    pub(crate) fn body(self, snapshot: &Snapshot) -> Markup {
        html! { @for (name, part) in self.fragments(snapshot) { (fragment(name, &part)) } }
    }

    fn shows(self, interface: &Interface) -> bool {
        self.state.is_none_or(|state| interface.condition == state)
    }

    fn filter(self, snapshot: &Snapshot) -> Markup {
        html! {
            div class="chips scroll" role="group" aria-label="Filter by state" {
                a.chip href=(links::INTERFACES) aria-current=[self.state.is_none().then_some("true")] {
                    b { "All" } span.n { (snapshot.interfaces.len()) }
                }
                @for state in Condition::ALL {
                    @let count = snapshot.count(|one| one == state);
                    @if count > 0 || self.state == Some(state) {
                        a.chip href=(links::interfaces_in(state.code())) aria-current=[(self.state == Some(state)).then_some("true")] {
                            (sprite::shape(state.shape())) (state.word()) span.n { (words::count(count)) }
                        }
                    }
                }
            }
        }
    }

    fn listeners(self, snapshot: &Snapshot) -> Markup {
        let mut rows: Vec<_> = snapshot.listeners().filter(|(one, _)| self.shows(one)).collect();
        rows.sort_by_key(|(one, _)| one.condition);
        card(
            "listeners",
            "Listeners",
            "messages come in",
            &LISTENER_COLUMNS,
            rows.is_empty(),
            &html! {
                @for (interface, row) in rows { (listener(interface, row, snapshot)) }
            },
        )
    }

    fn destinations(self, snapshot: &Snapshot) -> Markup {
        let mut rows: Vec<_> = snapshot.destinations().filter(|(one, _)| self.shows(one)).collect();
        rows.sort_by_key(|(one, _)| one.condition);
        card(
            "destinations",
            "Destinations",
            "messages go out",
            &DESTINATION_COLUMNS,
            rows.is_empty(),
            &html! {
                @for (interface, row) in rows { (destination(interface, row, snapshot)) }
            },
        )
    }
}

/// A heading, and whether numbers stand below it.
type Column = (&'static str, bool);

const LISTENER_COLUMNS: [Column; 12] = [
    ("State", false),
    ("Interface", false),
    ("Peers", true),
    ("Last in", true),
    ("/min", true),
    ("Last hour", false),
    ("In 24 h", true),
    ("Rejected", true),
    ("Longest gap", true),
    ("Quiet at", true),
    ("NAK 1 h", true),
    ("Ack p95", true),
];

const DESTINATION_COLUMNS: [Column; 12] = [
    ("State", false),
    ("Interface", false),
    ("Lanes", true),
    ("Last out", true),
    ("/min", true),
    ("Last hour", false),
    ("Out 24 h", true),
    ("Dead", true),
    ("Queued", true),
    ("Oldest", true),
    ("Errors 1 h", true),
    ("Ack p95", true),
];

fn head(snapshot: &Snapshot) -> Markup {
    let status = &snapshot.status;
    html! {
        div.head {
            div {
                h1 { "Interfaces" }
                p.sub {
                    (words::counted(status.listeners.len() as u64, "listener", "listeners")) ", "
                    (words::counted(status.destinations.len() as u64, "destination", "destinations")) ". "
                    a href="/config" { "Compare the running configuration with the disk" } "."
                }
            }
        }
    }
}

fn card(
    id: &str,
    title: &str,
    remark: &str,
    columns: &[Column],
    is_empty: bool,
    rows: &Markup,
) -> Markup {
    html! {
        section.card id=(id) aria-labelledby={ (id) "-title" } {
            header { h2 id={ (id) "-title" } { (title) small { (remark) } } }
            @if is_empty {
                div.empty { b { "None in this state" } p { a.link href=(links::INTERFACES) { "Show all" } } }
            } @else {
                div.tw {
                    table class="tb cards fixed ifs" {
                        thead { tr { @for (name, is_number) in columns { th.n[*is_number] scope="col" { (name) } } } }
                        tbody { (rows) }
                    }
                }
            }
        }
    }
}

fn listener(interface: &Interface, row: &ListenerRow, snapshot: &Snapshot) -> Markup {
    let now = snapshot.at;
    let last = moment(row.last_received.as_deref());
    let wiring = snapshot.wiring.listeners.iter().find(|one| one.id == row.id);
    let rejected = row.counts.answered_ar + row.counts.answered_cr;
    let is_quiet = interface.condition == Condition::Quiet;
    html! {
        tr data-key=(row.id) {
            td.st-cell { (sprite::state(interface.condition)) }
            td.id-cell {
                a.id href=(links::interface(&row.id)) { (row.id) }
                span.two {
                    @if row.role.as_deref() == Some("client") { "dials " }
                    (row.address)
                    @if let Some(wiring) = wiring {
                        @if wiring.kind == "mllp" { " · " (encryption(wiring.tls.as_deref())) }
                        @if wiring.client_certificates { ", client cert" }
                    }
                }
            }
            td class="n hide" data-l="Peers" { (row.connections) "/" (row.max_connections) }
            td.n data-l="Last" { (last_seen(last, now, is_quiet.then_some("wrn"))) }
            td.n data-l="A minute" { (zero_grey(interface.a_minute)) }
            td.hide { (spark(interface, now)) }
            td.n data-l="24 h" { (zero_grey(interface.day)) }
            td class="n hide" data-l="Rejected" { (zero_grey(rejected)) }
            td.n data-l="Longest gap" { (gap(interface.longest_gap)) }
            td.n data-l="Quiet at" { (span_or_dash(interface.quiet_at)) }
            td class="n hide" data-l="NAK 1 h" { (zero_grey(interface.faults_hour)) }
            td.n data-l="Ack p95" { (latency(interface.latency)) }
        }
    }
}

fn destination(interface: &Interface, row: &QueueRow, snapshot: &Snapshot) -> Markup {
    let now = snapshot.at;
    let last = moment(row.last_delivered.as_deref());
    let wiring = snapshot.wiring.destinations.iter().find(|one| one.id == row.destination);
    let blocks = interface.condition.blocks() && !interface.condition.is_on_purpose();
    let oldest = moment(row.oldest.as_deref()).map(|at| words::since(at, now));
    let waiting = row.pending + row.held;
    html! {
        tr data-key=(row.destination) {
            td.st-cell { (sprite::state(interface.condition)) }
            td.id-cell {
                a.id href=(links::interface(&row.destination)) { (row.destination) }
                span.two {
                    (row.kind) " " @if row.role.as_deref() == Some("server") { "at " } (row.endpoint)
                    @if let Some(wiring) = wiring && (wiring.tls.is_some() || row.kind == "mllp") {
                        " · " (encryption(wiring.tls.as_deref()))
                    }
                }
            }
            td class="n hide" data-l="Lanes" {
                @match wiring.map(|one| one.order.as_str()) {
                    Some("fifo") => "1",
                    Some("by-key") => "by key",
                    Some(_) => "free",
                    None => span.z { "–" },
                }
            }
            td.n data-l="Last" { (last_seen(last, now, blocks.then_some("hot"))) }
            td.n data-l="A minute" { (zero_grey(interface.a_minute)) }
            td.hide { (spark(interface, now)) }
            td.n data-l="24 h" { (zero_grey(interface.day)) }
            td class="n hide" data-l="Dead" {
                a href=(links::dead(&row.destination)) { (zero_grey(row.dead)) }
            }
            td.n data-l="Queued" {
                a href=(links::queue(&row.destination)) {
                    @if blocks && waiting > 0 { span.hot { (words::count(waiting)) } } @else { (zero_grey(waiting)) }
                }
            }
            td.n data-l="Oldest" { (span_or_dash(oldest)) }
            td class="n hide" data-l="Errors 1 h" { (zero_grey(interface.faults_hour)) }
            td.n data-l="Ack p95" { (latency(interface.latency)) }
        }
    }
}

fn encryption(version: Option<&str>) -> String {
    version.map_or_else(|| "no TLS".to_owned(), |version| format!("TLS {version}+"))
}

fn spark(interface: &Interface, now: Timestamp) -> Markup {
    let is_bad = !interface.condition.is_well() && !interface.condition.is_on_purpose();
    let since = is_bad.then_some(interface.since);
    let is_warning =
        matches!(interface.condition, Condition::Quiet | Condition::Degraded | Condition::Retrying);
    chart::spark(&interface.hour, since, now, is_warning)
}

fn last_seen(at: Option<Timestamp>, now: Timestamp, tint: Option<&str>) -> Markup {
    html! {
        @match at {
            None => span.z { "none yet" },
            Some(at) => span class=[tint] title=(at.to_string()) { (words::ago(at, now)) },
        }
    }
}

/// A number; a zero is grey.
pub(crate) fn zero_grey(number: u64) -> Markup {
    html! { @if number == 0 { span.z { "0" } } @else { (words::count(number)) } }
}

/// Of gaps below a minute nobody knows more than that.
fn gap(seconds: Option<u64>) -> Markup {
    html! { @match seconds { Some(0..=60) => "< 1 min", other => (span_or_dash(other)) } }
}

fn span_or_dash(seconds: Option<u64>) -> Markup {
    html! { @match seconds { Some(seconds) => (words::span(seconds)), None => span.z { "–" } } }
}

/// The time below which 95 of 100 stayed.
pub(crate) fn latency(within: Option<std::time::Duration>) -> Markup {
    html! {
        @match within {
            None => span.z { "–" },
            Some(time) if time.as_millis() == 0 => "< 1 ms",
            Some(time) if time.as_secs() >= 10 => { (time.as_secs()) " s" },
            Some(time) => { (words::count(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))) " ms" },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::testing::{listener, queue, seen};

    const NOW: &str = "2026-11-21T03:12:08Z";

    #[test]
    fn the_worst_stands_first_and_each_number_leads_to_its_list() {
        let mut pacs = queue("pacs", "down");
        (pacs.pending, pacs.dead) = (309, 12);
        let snapshot = seen(NOW, vec![listener("adt-in")], vec![queue("ehr", "up"), pacs]);
        let body = Interfaces::default().body(&snapshot).into_string();
        assert!(body.find("data-key=\"pacs\"") < body.find("data-key=\"ehr\""), "{body}");
        assert!(
            body.contains("<a href=\"/queues/pacs\"><span class=\"hot\">309</span></a>"),
            "{body}"
        );
        assert!(body.contains("<a href=\"/dead/pacs\">12</a>"), "{body}");
        assert!(body.contains("<a href=\"/queues/ehr\"><span class=\"z\">0</span></a>"), "{body}");
    }

    #[test]
    fn a_filter_shows_one_state_and_counts_the_others() {
        let snapshot =
            seen(NOW, vec![listener("adt-in")], vec![queue("ehr", "up"), queue("pacs", "down")]);
        let body = Interfaces { state: Some(Condition::Down) }.body(&snapshot).into_string();
        assert!(body.contains("data-key=\"pacs\"") && !body.contains("data-key=\"ehr\""), "{body}");
        assert!(body.contains("None in this state"), "there is no listener that is down: {body}");
        assert!(body.contains("Up<span class=\"n\">2</span>"), "{body}");
    }

    #[test]
    fn what_never_came_is_said_to_have_not_come_and_is_no_zero() {
        let mut never = listener("adt-in");
        never.last_received = None;
        let body = Interfaces::default().body(&seen(NOW, vec![never], vec![])).into_string();
        assert!(body.contains("<span class=\"z\">none yet</span>"), "{body}");
        assert!(body.contains("Idle") && !body.contains("st-up"), "{body}");
    }

    #[test]
    fn an_endpoint_is_escaped() {
        let mut odd = queue("odd", "up");
        odd.endpoint = "<img src=x>".to_owned();
        let body = Interfaces::default().body(&seen(NOW, vec![], vec![odd])).into_string();
        assert!(!body.contains("<img"), "{body}");
    }
}
