//! Who needs somebody: one row each, the worst first, with what is wrong, since when, and what comes next.

mod things;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use wardline_engine::control::protocol::{CertificateState, ListenerRow, QueueRow};

pub(super) use self::things::DAYS_OF_ROOM;
pub(crate) use self::things::closed;
use crate::pages::links;
use crate::sprite;
use crate::watch::condition::Condition;
use crate::watch::interface::{Interface, Side};
use crate::watch::snapshot::{Snapshot, moment};
use crate::words;

/// Rows that are shown; what is beyond them is one line that leads to the list.
const MOST_ROWS: usize = 12;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) condition: Condition,
    /// Class, shape and word where it is no state of an interface.
    pub(crate) mark: Option<Mark>,
    pub(crate) who: String,
    pub(crate) why: String,
    pub(crate) since: Option<Timestamp>,
    pub(crate) action: &'static str,
    pub(crate) href: String,
}

/// Class, shape and word.
type Mark = (&'static str, &'static str, &'static str);

/// How many of them somebody has to look at.
pub(crate) fn needing(rows: &[Row]) -> u64 {
    rows.iter().filter(|row| row.condition.needs_somebody()).count() as u64
}

/// Every row there is, the worst first; what a person decided comes last.
pub(crate) fn rows(snapshot: &Snapshot) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for interface in snapshot.worst_first() {
        let condition = interface.condition;
        let is_listed = condition.needs_somebody()
            || condition.is_on_purpose()
            || condition == Condition::Starting;
        if !is_listed {
            continue;
        }
        rows.extend(match interface.side {
            Side::Listener => {
                snapshot.listener(&interface.id).map(|row| of_listener(interface, row, snapshot.at))
            }
            Side::Destination => {
                snapshot.queue(&interface.id).map(|row| of_destination(interface, row, snapshot.at))
            }
        });
    }
    rows.extend(handlers(snapshot));
    rows.extend(certificates(snapshot));
    rows.extend(things::rows(snapshot));
    rows.sort_by_key(|row| (!row.condition.needs_somebody(), row.condition));
    rows
}

fn of_listener(interface: &Interface, row: &ListenerRow, now: Timestamp) -> Row {
    let peers = match row.connections {
        0 => "No peer is connected.".to_owned(),
        peers => format!("{} connected.", words::counted(peers, "peer", "peers")),
    };
    let why = if let Some(pause) = &row.paused {
        format!("{}: “{}”. Nothing is let in; senders keep what they have.", pause.by, pause.reason)
    } else {
        let last = moment(row.last_received.as_deref()).unwrap_or(interface.since);
        let longest = interface.longest_gap.map_or_else(String::new, |gap| {
            format!("; the longest silence of a day was {}", words::span(gap))
        });
        format!("No message for {}{longest}. {peers}", words::span(words::since(last, now)))
    };
    let since = match &row.paused {
        Some(pause) => moment(Some(&pause.since)),
        None => moment(row.last_received.as_deref()),
    };
    let action = if row.paused.is_some() { "Let in…" } else { "See connections" };
    Row {
        condition: interface.condition,
        mark: None,
        who: row.id.clone(),
        why,
        since: since.or(Some(interface.since)),
        action,
        href: links::interface(&row.id),
    }
}

fn of_destination(interface: &Interface, row: &QueueRow, now: Timestamp) -> Row {
    let (action, why) = match interface.condition {
        Condition::Down => ("See the queue", down(interface, row, now)),
        Condition::Held => ("Release…", held(row)),
        Condition::Orphaned => ("See the queue", orphaned(row)),
        Condition::Failed => ("See the queue", failed(row)),
        Condition::Starting => (
            "See the queue",
            format!("Its queue is being read.{}", waiting(row, " waits", " wait")),
        ),
        Condition::Stuck if row.state == "held" => ("See the head", stopped(row)),
        _ => ("See the head", retrying(interface, row, now)),
    };
    Row {
        condition: interface.condition,
        mark: None,
        who: row.destination.clone(),
        why,
        since: Some(interface.since),
        action,
        href: links::interface(&row.destination),
    }
}

fn down(interface: &Interface, row: &QueueRow, now: Timestamp) -> String {
    let cause = row.reason.as_deref().unwrap_or_default();
    let tried = match interface.faults_hour {
        0 => String::new(),
        1 => " One attempt".to_owned(),
        many => format!(" {} attempts within an hour", words::count(many)),
    };
    let tried = if tried.is_empty() {
        next(row, now)
    } else {
        format!("{tried}{}", comma(&next(row, now)))
    };
    format!(
        "{}.{}{}",
        out_of_reach(&row.endpoint, cause),
        sentence(&tried),
        waiting(row, " waits", " wait")
    )
}

fn retrying(interface: &Interface, row: &QueueRow, now: Timestamp) -> String {
    let cause = row.reason.as_deref().unwrap_or_default();
    let times = match row.head_attempts {
        0 => String::new(),
        1 => ", once".to_owned(),
        2 => ", twice".to_owned(),
        many => format!(", {many} times"),
    };
    let behind = row.pending.saturating_sub(1);
    let rest = match interface.condition {
        Condition::Degraded => "; other lanes go on".to_owned(),
        _ if behind == 0 => String::new(),
        _ if behind == 1 => "; 1 waits behind it".to_owned(),
        _ => format!("; {} wait behind it", words::count(behind)),
    };
    format!(
        "{} to the head{times}{rest}.{}",
        words::capital(words_of(cause)),
        sentence(&next(row, now))
    )
}

fn stopped(row: &QueueRow) -> String {
    let held = row.reason.as_deref().and_then(|reason| reason.strip_prefix("wardline: "));
    match held {
        Some(reason) => format!(
            "Wardline holds it: {reason}.{} Retry goes on.",
            waiting(row, " waits", " wait")
        ),
        None => format!(
            "The answer to {} stayed unclear.{} Retry sends again, skip moves on.",
            words::counted(row.held.max(1), "message", "messages"),
            waiting(row, " waits", " wait")
        ),
    }
}

fn held(row: &QueueRow) -> String {
    let reason = row.reason.as_deref().unwrap_or_default();
    let said = match reason.split_once(": ") {
        Some((by, reason)) => format!("{by}: “{reason}”."),
        None => "An operator holds it.".to_owned(),
    };
    match row.pending {
        0 => format!("{said} Nothing waits yet."),
        1 => format!("{said} 1 message waits as intended."),
        many => format!("{said} {} messages wait as intended.", words::count(many)),
    }
}

fn failed(row: &QueueRow) -> String {
    format!(
        "What delivers to it is gone or does not answer, and nothing is sent.{} The log says more.",
        waiting(row, " waits", " wait")
    )
}

fn orphaned(row: &QueueRow) -> String {
    let kept = row.pending + row.held + row.dead;
    format!(
        "The configuration does not name it any more. {} kept until it does, or they are discarded.",
        words::counted(kept, "message is", "messages are")
    )
}

/// What the engine does next, and when.
fn next(row: &QueueRow, now: Timestamp) -> String {
    match moment(row.next_retry.as_deref()) {
        Some(due) if words::until(due, now) > 0 => {
            format!("next in {}", words::span(words::until(due, now)))
        }
        Some(_) => "next now".to_owned(),
        None if row.role.as_deref() == Some("server") => {
            "it goes on when the peer dials".to_owned()
        }
        None => String::new(),
    }
}

fn comma(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(", {text}") }
}

fn sentence(text: &str) -> String {
    match text.trim() {
        "" => String::new(),
        text => format!(" {}.", words::capital(text)),
    }
}

fn waiting(row: &QueueRow, one: &str, many: &str) -> String {
    match row.pending {
        0 => String::new(),
        1 => format!(" 1 message{one}."),
        number => format!(" {} messages{many}.", words::count(number)),
    }
}

/// What an address does, by the cause's code.
fn out_of_reach(endpoint: &str, cause: &str) -> String {
    match cause {
        "refused" => format!("{endpoint} refuses the connection"),
        "unresolved" => format!("{endpoint} has no address: its name does not resolve"),
        "unreachable" => format!("{endpoint} cannot be reached"),
        "connect-timeout" => format!("{endpoint} does not answer the connection"),
        "no-peer" => format!("Nobody has connected to {endpoint}"),
        "denied" => format!("{endpoint} does not let us in"),
        "file-no-space" => "There is no space left for its files".to_owned(),
        "file-denied" => "Its folder may not be written".to_owned(),
        _ => format!("{endpoint}: {}", words_of(cause)),
    }
}

/// A cause in words; an unknown one is a later version's.
pub(crate) fn words_of(cause: &str) -> &str {
    wardline_engine::control::cause_in_words(cause).unwrap_or("the attempts fail")
}

fn handlers(snapshot: &Snapshot) -> impl Iterator<Item = Row> {
    let failing = snapshot.status.handlers.iter().filter(|row| row.state != "up");
    failing.map(|row| Row {
        condition: if row.state == "down" { Condition::Down } else { Condition::Degraded },
        mark: None,
        who: row.name.clone(),
        why: format!(
            "The handler has {}; {} abandoned. Messages for it are answered AE while none is free.",
            words::counted(row.instances, "instance", "instances"),
            words::counted(row.stuck, "blocked thread", "blocked threads"),
        ),
        since: None,
        action: "See listeners",
        href: links::INTERFACES.to_owned(),
    })
}

fn certificates(snapshot: &Snapshot) -> impl Iterator<Item = Row> {
    let expiring = snapshot.status.certificates.iter();
    expiring.filter(|row| row.state != CertificateState::Valid).map(|row| {
        let left = match row.days_left {
            ..0 => "is over".to_owned(),
            0 => "ends today".to_owned(),
            1 => "ends tomorrow".to_owned(),
            days => format!("ends in {days} days"),
        };
        Row {
            condition: Condition::Degraded,
            mark: None,
            who: row.of.clone(),
            why: format!("The time of its certificate {left}. Peers that check it refuse the connection then."),
            since: None,
            action: "See it",
            href: links::interface(&row.of),
        }
    })
}

/// The card; of more rows than fit, the rest is counted.
pub(crate) fn card(rows: &[Row], now: Timestamp, zone: &TimeZone) -> Markup {
    html! {
        section.card aria-labelledby="att" {
            header { h2 #att { "Needs attention" small { "worst first" } } }
            @if rows.is_empty() {
                div.empty { b { "Nothing needs you" } p { "Every listener takes messages, every queue moves. What changes shows here by itself." } }
            } @else {
                ul.att {
                    @for row in rows.iter().take(MOST_ROWS) { (line(row, now, zone)) }
                }
                @if rows.len() > MOST_ROWS {
                    footer { a.link href=(links::INTERFACES) { (rows.len() - MOST_ROWS) " more" } }
                }
            }
        }
    }
}

fn line(row: &Row, now: Timestamp, zone: &TimeZone) -> Markup {
    let (class, shape, word) = row
        .mark
        .unwrap_or_else(|| (row.condition.class(), row.condition.shape(), row.condition.word()));
    html! {
        li.calm[!row.condition.needs_somebody()] data-key={ (row.who) " " (row.action) } {
            span class=(class) { (sprite::shape(shape)) (word) }
            a.who href=(row.href) { (row.who) }
            span.why { (row.why) }
            span.since {
                @if let Some(since) = row.since {
                    span { "since " (words::clock(since, now, zone)) }
                    (words::span(words::since(since, now)))
                }
            }
            a.btn href=(row.href) aria-label={ (row.action) " of " (row.who) } { (row.action) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::testing::{listener, queue, seen};

    const NOW: &str = "2026-11-21T03:12:08Z";

    fn only(rows: Vec<Row>) -> Row {
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows.into_iter().next().expect("one")
    }

    #[test]
    fn a_destination_that_is_down_says_why_since_when_and_what_comes_next() {
        let mut pacs = queue("pacs", "down");
        pacs.reason = Some("refused".to_owned());
        pacs.next_retry = Some("2026-11-21T03:12:30Z".to_owned());
        pacs.pending = 309;
        let row = only(rows(&seen(NOW, vec![], vec![pacs])));
        assert_eq!(
            row.why,
            "10.1.2.3:2575 refuses the connection. Next in 22 s. 309 messages wait."
        );
        assert_eq!((row.condition, row.action), (Condition::Down, "See the queue"));
        assert_eq!(row.since.map(|at| at.to_string()).as_deref(), Some(NOW));
    }

    #[test]
    fn a_stuck_head_says_what_was_answered_how_often_and_what_waits_behind_it() {
        let mut lis = queue("lis", "retrying");
        lis.reason = Some("error".to_owned());
        lis.head_attempts = 14;
        lis.pending = 1284;
        lis.next_retry = Some("2026-11-21T03:12:50Z".to_owned());
        let row = only(rows(&seen(NOW, vec![], vec![lis])));
        assert_eq!(
            row.why,
            "The peer answered with an error (AE or CE) to the head, 14 times; 1,283 wait behind it. Next in 42 s."
        );
    }

    #[test]
    fn what_a_person_decided_is_listed_last_and_says_who_and_why() {
        let mut billing = queue("billing", "held");
        billing.reason = Some("d.okafor: month-end close".to_owned());
        billing.pending = 4118;
        let mut paused = listener("adt-in");
        paused.paused = Some(wardline_engine::control::protocol::PausedRow {
            since: NOW.to_owned(),
            by: "m.ruiz".to_owned(),
            reason: "interface test".to_owned(),
        });
        let mut lis = queue("lis", "down");
        lis.reason = Some("unreachable".to_owned());
        let rows = rows(&seen(NOW, vec![paused], vec![billing, lis]));
        let who: Vec<&str> = rows.iter().map(|row| row.who.as_str()).collect();
        assert_eq!(who, ["lis", "adt-in", "billing"]);
        assert_eq!(rows[2].why, "d.okafor: “month-end close”. 4,118 messages wait as intended.");
        assert_eq!(
            rows[1].why,
            "m.ruiz: “interface test”. Nothing is let in; senders keep what they have."
        );
    }

    #[test]
    fn what_people_and_peers_wrote_is_escaped() {
        let mut billing = queue("billing", "held");
        billing.reason = Some("<b>eve</b>: <script>alert(1)</script>".to_owned());
        let snapshot = seen(NOW, vec![], vec![billing]);
        let card = card(&rows(&snapshot), snapshot.at, &TimeZone::UTC).into_string();
        assert!(!card.contains("<script>") && !card.contains("<b>eve"), "{card}");
        assert!(card.contains("&lt;script&gt;"));
    }

    #[test]
    fn an_engine_that_is_well_has_an_empty_card_that_says_why_that_is_good() {
        let snapshot = seen(NOW, vec![listener("adt-in")], vec![queue("lis", "up")]);
        assert!(rows(&snapshot).is_empty());
        let card = card(&[], snapshot.at, &TimeZone::UTC).into_string();
        assert!(card.contains("Nothing needs you"));
    }
}
