//! Queues: what waits for each destination, why, and what comes next; and one queue, page by page.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use wardline_engine::control::protocol::{After, DeliveryRow, QueueRow};

use super::deliveries::{self, Shown};
use super::hand::{Asked, Hand};
use super::interfaces::zero_grey;
use super::overview::attention::words_of;
use super::{fragment, links, moving};
use crate::sprite;
use crate::watch::condition::Condition;
use crate::watch::interface::Interface;
use crate::watch::snapshot::{Snapshot, moment};
use crate::words;

/// All queues.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Queues<'a> {
    pub(crate) hand: &'a Hand,
}

impl Queues<'_> {
    /// The parts that are replaced as they change.
    pub(crate) fn fragments(self, snapshot: &Snapshot) -> Vec<(&'static str, Markup)> {
        vec![("head", head(snapshot)), ("queues", self.table(snapshot))]
    }

    /// The body of the page.
    pub(crate) fn body(self, snapshot: &Snapshot) -> Markup {
        html! { @for (name, part) in self.fragments(snapshot) { (fragment(name, &part)) } }
    }

    fn table(self, snapshot: &Snapshot) -> Markup {
        let mut rows: Vec<_> = snapshot.destinations().collect();
        rows.sort_by_key(|(one, row)| (one.condition, std::cmp::Reverse(row.pending + row.held)));
        html! {
            section.card aria-label="Queues" {
                @if rows.is_empty() {
                    div.empty { b { "No destination is configured" } p { "A queue belongs to a destination." } }
                } @else {
                    div.tw {
                        table class="tb cards fixed qs" {
                            thead { tr {
                                th scope="col" { "State" } th scope="col" { "Destination" }
                                th.n scope="col" { "Waiting" } th.n scope="col" { "Stopped" } th.n scope="col" { "Dead" }
                                th.n scope="col" { "Oldest" } th.n scope="col" { "Tried" } th.n scope="col" { "Next" }
                                th.n scope="col" { "/min" } th scope="col" { "Why" }
                                @if self.hand.may_operate { th scope="col" { span.vh { "Actions" } } }
                            } }
                            tbody { @for (interface, row) in rows { (self.line(interface, row, snapshot.at)) } }
                        }
                    }
                }
            }
        }
    }

    fn line(self, interface: &Interface, row: &QueueRow, now: Timestamp) -> Markup {
        let id = &row.destination;
        let next = moment(row.next_retry.as_deref()).map(|due| words::until(due, now));
        let oldest = moment(row.oldest.as_deref()).map(|at| words::since(at, now));
        let waits = interface.condition.needs_somebody() && row.pending > 0;
        html! {
            tr data-key=(id) {
                td.st-cell { (sprite::state(interface.condition)) }
                td.id-cell { a.id href=(links::queue(id)) { (id) } span.two { (row.kind) " " (row.endpoint) } }
                td.n data-l="Waiting" { a href=(links::queue(id)) { @if waits { span.hot { (words::count(row.pending)) } } @else { (zero_grey(row.pending)) } } }
                td.n data-l="Stopped" { a href={ (links::queue(id)) "?state=held" } { (zero_grey(row.held)) } }
                td.n data-l="Dead" { a href=(links::dead(id)) { (zero_grey(row.dead)) } }
                td.n data-l="Oldest" { @match oldest { Some(age) => (words::span(age)), None => span.z { "–" } } }
                td.n data-l="Tried" { (zero_grey(row.head_attempts.into())) }
                td.n data-l="Next" { @match next { Some(0) => "now", Some(next) => { "in " (words::span(next)) }, None => span.z { "–" } } }
                td class="n hide" data-l="A minute" { (zero_grey(interface.a_minute)) }
                td.why-cell { (why(row)) }
                @if self.hand.may_operate {
                    td.act-cell { @if interface.condition.needs_somebody() {
                        (self.hand.at_once(&format!("{}/retry", links::queue(id)), "Retry now", "btn-row-s"))
                    } }
                }
            }
        }
    }
}

/// Whether a person holds it.
pub(super) fn is_held_on_purpose(row: &QueueRow) -> bool {
    Condition::of_destination(row, true, true) == Condition::Held
}

/// The field that says that a hold is meant to end.
pub(super) const RELEASE: &str = "release";

/// Ends a hold: a question that says whose it is and what goes out then.
pub(super) fn release(hand: &Hand, row: &QueueRow) -> Markup {
    let id = &row.destination;
    let held = match row.reason.as_deref().and_then(|reason| reason.split_once(": ")) {
        Some((by, reason)) => format!("{by} holds it: “{reason}”."),
        None => "An operator holds it.".to_owned(),
    };
    let waiting = words::counted(row.pending + row.held, "message", "messages");
    hand.asks(&Asked {
        name: "release",
        label: "Release",
        action: &format!("{}/retry", links::queue(id)),
        question: format!("Send to {id} again?"),
        consequence: format!("{held} The hold ends, and what waits goes out at once."),
        does: format!("Release {waiting}"),
        fixed: &[(RELEASE, "true".to_owned())],
    })
}

/// A cause in its words, or who holds it and why.
fn why(row: &QueueRow) -> Markup {
    html! {
        @match row.reason.as_deref() {
            None => span.z { "–" },
            Some(reason) => @match reason.split_once(": ") {
                Some((by, reason)) => { (by) ": “" (reason) "”" },
                None => span title=(reason) { (words_of(reason)) },
            },
        }
    }
}

fn head(snapshot: &Snapshot) -> Markup {
    let waiting = snapshot.status.destinations.iter().filter(|row| row.pending + row.held > 0);
    let waiting = waiting.count() as u64;
    html! {
        div.head {
            div {
                h1 { "Queues" }
                p.sub {
                    @match snapshot.queued() {
                        0 => "Every queue is empty. What comes in goes out at once.",
                        1 => "1 message waits.",
                        many => { (words::count(many)) " messages wait for " (words::counted(waiting, "destination", "destinations")) ". Each stays until it is delivered, a dead letter, or discarded by somebody." },
                    }
                }
            }
            div.acts { a.btn href=(links::DEAD) { "Dead letters " (words::count(snapshot.dead())) } }
        }
    }
}

/// One queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OneQueue<'a> {
    pub(crate) row: &'a QueueRow,
    /// Those that stopped as unclear, instead of those that wait.
    pub(crate) is_held: bool,
    /// When the row was true: what comes later is not meant by what is said here of all.
    pub(crate) seen: Timestamp,
    pub(crate) page: &'a [DeliveryRow],
    pub(crate) next: Option<&'a After>,
    /// Who could have it instead.
    pub(crate) heirs: &'a [&'a str],
    pub(crate) hand: &'a Hand,
}

/// The form that the rows of a page belong to.
const SELECTION: &str = "selection";

impl OneQueue<'_> {
    /// The body of the page.
    pub(crate) fn body(&self, now: Timestamp, zone: &TimeZone) -> Markup {
        let (row, id) = (self.row, &self.row.destination);
        let count = if self.is_held { row.held } else { row.pending };
        let here = |held: bool| (self.is_held == held).then_some("page");
        html! {
            div.head {
                div {
                    p.crumb { a href=(links::QUEUES) { "Queues" } " / " a href=(links::interface(id)) { (id) } }
                    h1 { "Queue of " (id) }
                    p.sub {
                        (words::counted(count, "message", "messages")) (if self.is_held { " stopped: an operator decides. " } else { " waiting, oldest first. " })
                        (why(row))
                    }
                }
                @if self.hand.may_operate && row.pending + row.held > 0 { div.acts {
                    @if is_held_on_purpose(row) { (release(self.hand, row)) }
                    @else { (self.hand.at_once(&format!("{}/retry", links::queue(id)), "Retry now", "btn-pri")) }
                } }
            }
            nav.tabs aria-label="State" {
                a href=(links::queue(id)) aria-current=[here(false)] { "Waiting " (words::count(row.pending)) }
                a href={ (links::queue(id)) "?state=held" } aria-current=[here(true)] { "Stopped " (words::count(row.held)) }
                a href=(links::dead(id)) { "Dead letters " (words::count(row.dead)) }
            }
            section.card aria-label="Messages" {
                @if self.page.is_empty() {
                    div.empty { b { "Nothing here" } p { "No message of this queue is in this state." } }
                } @else {
                    @if self.hand.may_operate { (self.bulk()) }
                    (deliveries::table(self.page, now, zone, &Shown { choose: self.hand.may_operate.then_some(SELECTION), cause: true }))
                    footer.pager {
                        span.dim { (words::counted(self.page.len() as u64, "message", "messages")) " of " (words::count(count)) }
                        @if let Some(next) = self.next {
                            a.btn href={ (links::queue(id)) (if self.is_held { "?state=held&after=" } else { "?after=" }) (next.to_string().replace('/', "%2F")) } { "Later ones" }
                        }
                    }
                }
            }
            @if self.hand.may_operate && row.pending + row.held > 0 { (self.whole()) }
        }
    }

    /// What is done to the rows that are chosen.
    fn bulk(&self) -> Markup {
        let id = &self.row.destination;
        html! {
            div.bulk {
                b { "Chosen messages" }
                form.typed-line id=(SELECTION) method="post" action={ (links::queue(id)) "/discard" } data-typed=(id) aria-label="Discard the chosen messages" {
                    (self.hand.hidden())
                    label.vh for="bulk-reason" { "Reason" }
                    input.in id="bulk-reason" name="reason" placeholder="Reason" required maxlength=(super::hand::MAX_REASON) autocomplete="off";
                    label.vh for="bulk-typed" { "Type " (id) " to confirm" }
                    input class="in m" id="bulk-typed" name="typed" placeholder={ "Type " (id) } required autocomplete="off" spellcheck="false" autocapitalize="off";
                    button class="btn btn-danger" type="submit" { "Discard the chosen" }
                    @if !self.heirs.is_empty() {
                        label.vh for="bulk-to" { "To" }
                        (moving::to(self.heirs, "bulk-to"))
                        button.btn type="submit" formaction={ (links::queue(id)) "/move" } { "Move the chosen" }
                    }
                }
            }
        }
    }

    /// What is done to all of it.
    fn whole(&self) -> Markup {
        let (row, id, hand) = (self.row, &self.row.destination, self.hand);
        let all = row.pending + row.held;
        let as_drawn = [
            ("all", "true".to_owned()),
            ("until", self.seen.to_string()),
            ("count", all.to_string()),
        ];
        html! {
            section.card aria-labelledby="all" {
                header { h2 #all { "The whole queue" small { (words::counted(all, "message", "messages")) } } }
                div.body { div class="acts btn-row" {
                    @if hand.may_read {
                        a.btn href={ "/api/v1/queues/" (links::part(id)) "/export" } download { "Export" }
                    }
                    @if !self.heirs.is_empty() { (moving::form(hand, row, self.heirs, &as_drawn)) }
                    (hand.typed(&Asked {
                        name: "discard-all",
                        label: "Discard all",
                        action: &format!("{}/discard", links::queue(id)),
                        question: format!("Discard everything that waits for {id}?"),
                        consequence: format!("None of it will ever reach {id}. Other destinations are not touched; what came after this page was drawn stays."),
                        does: format!("Discard {}", words::counted(all, "message", "messages")),
                        fixed: &as_drawn,
                    }, id))
                } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::testing::{delivery, queue, seen};

    const NOW: &str = "2026-11-21T03:12:08Z";

    fn operator() -> Hand {
        Hand { csrf: "token".to_owned(), may_operate: true, may_read: false }
    }

    #[test]
    fn every_queue_says_what_waits_why_and_what_comes_next() {
        let mut lis = queue("lis", "retrying");
        (lis.pending, lis.head_attempts, lis.reason) = (1284, 14, Some("error".to_owned()));
        lis.next_retry = Some("2026-11-21T03:12:50Z".to_owned());
        let snapshot = seen(NOW, vec![], vec![queue("ehr", "up"), lis]);
        let hand = operator();
        let body = Queues { hand: &hand }.body(&snapshot).into_string();
        for part in [
            "1,284 messages wait",
            "in 42 s",
            "the peer answered with an error",
            "action=\"/queues/lis/retry\"",
        ] {
            assert!(body.contains(part), "{part}: {body}");
        }
        assert!(body.find("data-key=\"lis\"") < body.find("data-key=\"ehr\""), "the worst first");
        assert!(!body.contains("action=\"/queues/ehr/retry\""), "who is up is not retried");
    }

    #[test]
    fn a_hold_ends_by_a_question_that_names_its_owner_and_never_by_retry_now() {
        let mut billing = queue("billing", "held");
        billing.reason = Some("d.okafor: month-end close".to_owned());
        billing.pending = 4118;
        let hand = operator();
        let seen = NOW.parse().expect("a moment");
        let one = OneQueue {
            row: &billing,
            is_held: false,
            seen,
            page: &[],
            next: None,
            heirs: &[],
            hand: &hand,
        };
        let page = one.body(seen, &TimeZone::UTC).into_string();
        for part in [
            "Release…",
            "d.okafor holds it: “month-end close”.",
            "Release 4,118 messages",
            "name=\"release\"",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        let snapshot = crate::watch::testing::seen(NOW, vec![], vec![billing]);
        let list = Queues { hand: &hand }.body(&snapshot).into_string();
        assert!(!(page + &list).contains("Retry now"), "{list}");
        assert!(!list.contains("action=\"/queues/billing/retry\""), "{list}");
    }

    #[test]
    fn a_page_of_a_queue_leads_to_the_next_and_offers_only_what_one_may_do() {
        let mut row = queue("lis", "held");
        row.pending = 1284;
        let page = [delivery(4711, "lis", "RIS0049217")];
        let next = "4711/lis".parse().expect("a place");
        let drawn = |hand: &Hand| {
            let seen = NOW.parse().expect("a moment");
            let next = Some(&next);
            let heirs = &["lis-2"];
            let page = OneQueue { row: &row, is_held: false, seen, page: &page, next, heirs, hand };
            page.body(seen, &TimeZone::UTC).into_string()
        };
        let operator = drawn(&operator());
        for part in [
            "?after=4711%2Flis",
            "Discard 1,284 messages",
            "name=\"until\" value=\"2026-11-21T03:12:08Z\"",
            "name=\"count\" value=\"1284\"",
            "Move 1,284 messages",
            "formaction=\"/queues/lis/move\"",
            "<option value=\"lis-2\">",
        ] {
            assert!(operator.contains(part), "{part}: {operator}");
        }
        assert!(!operator.contains("/export"), "content is not for who may not read it");
        assert!(!drawn(&Hand::default()).contains("<form"));
    }
}
