//! What waits, and what went out.

use std::fmt;

use wardline_engine::control::protocol::QueueRow;
use wardline_engine::observe::DestinationCounts;

use crate::family::{About, Counted, Page, float, moment};

const DESTINATION: &str = "destination";
/// Every state of a destination.
pub(crate) const STATES: [&str; 8] =
    ["up", "idle", "starting", "retrying", "down", "held", "stopped", "orphaned"];
const STATE: About = About::count("destination_state", "1 for the state the destination is in");
const PENDING: About = About::count("queue_pending", "Deliveries that wait");
const HELD: About = About::count("queue_held", "Deliveries that wait for an operator");
const DEAD: About = About::count("dead_letters", "Dead letters");
const OLDEST: About = About::seconds(
    "queue_oldest_timestamp",
    "When the oldest message that waits was received, since 1970; absent where none waits",
);
const ATTEMPTS: About =
    About::count("queue_head_attempts", "How often the first message in line was tried");
const LAST_DELIVERED: About = About::seconds(
    "destination_last_delivered_timestamp",
    "When the last message was delivered, since 1970; absent before the first",
);
const AWAITED: About = About::count(
    "application_answers_awaited",
    "Answers that an application behind a commit accept owes, or may give",
);
const WITHHELD: About = About::count(
    "deliveries_withheld",
    "Messages that the destination did not get because they are tests and it is for production",
);
const DELIVERY: About = About::seconds(
    "delivery_duration",
    "From when a message was received to when it was delivered",
);

/// Every counter of a destination.
pub(crate) const COUNTERS: &[Counted<DestinationCounts>] = &[
    Counted::one(About::count("attempts", "Attempts to deliver"), &[("", |c| c.attempts)]),
    Counted::by(
        About::count("deliveries", "What attempts and decisions came to, by outcome"),
        "outcome",
        &[
            ("delivered", |c| c.delivered),
            ("retried", |c| c.retried),
            ("dead", |c| c.dead),
            ("held", |c| c.held),
            ("returned", |c| c.returned),
        ],
    ),
    Counted::one(
        About::bytes("delivered", "Bytes of what was delivered"),
        &[("", |c| c.delivered_bytes)],
    ),
    Counted::one(
        About::count("emitted_without_route", "Messages its handler emitted and no route took"),
        &[("", |c| c.emitted_unrouted)],
    ),
    Counted::one(
        About::count("destination_holds", "Times it was held for dead letters in a row"),
        &[("", |c| c.destination_held)],
    ),
    Counted::by(
        About::count("destination_connects", "Connections to peers, by outcome"),
        "outcome",
        &[("done", |c| c.connects), ("failed", |c| c.connect_failures)],
    ),
    Counted::by(
        About::count("destination_connections_refused", "Peers closed at once, by reason"),
        "reason",
        &[("full", |c| c.refused_full), ("not-allowed", |c| c.refused_not_allowed)],
    ),
    Counted::one(
        About::count("destination_disconnects", "Connections ended by the peer or a fault"),
        &[("", |c| c.disconnects)],
    ),
    Counted::by(
        About::count("replies", "What peers answered, by kind"),
        "kind",
        &[
            ("positive", |c| c.replies_positive),
            ("error", |c| c.replies_error),
            ("reject", |c| c.replies_reject),
            ("stale", |c| c.replies_stale),
            ("unclear", |c| c.replies_unclear),
        ],
    ),
    Counted::one(
        About::count("ack_timeouts", "Messages without an answer within ack_timeout"),
        &[("", |c| c.ack_timeouts)],
    ),
    Counted::one(
        About::count("commits_refused", "MLLP release 2: blocks that a peer did not commit"),
        &[("", |c| c.commits_refused)],
    ),
    Counted::by(
        About::count("application_replies", "What applications behind a commit accept said"),
        "kind",
        &[
            ("positive", |c| c.application_positive),
            ("negative", |c| c.application_negative),
            ("overdue", |c| c.application_overdue),
        ],
    ),
    Counted::one(
        About::count("reply_lints", "Answers in an unusual frame, or with junk around them"),
        &[("", |c| c.lint_reply)],
    ),
];

pub(crate) fn write(rows: &[QueueRow], page: &mut Page<'_>) -> fmt::Result {
    let of = |row: &QueueRow| vec![(DESTINATION, row.destination.clone())];
    let known = rows.iter().filter(|row| !row.state.is_empty());
    let states = known.map(|row| (row.destination.as_str(), row.state.as_str()));
    page.states(&STATE, DESTINATION, &STATES, states)?;
    page.gauges(&PENDING, rows.iter().map(|row| (of(row), float(row.pending))))?;
    page.gauges(&HELD, rows.iter().map(|row| (of(row), float(row.held))))?;
    page.gauges(&DEAD, rows.iter().map(|row| (of(row), float(row.dead))))?;
    let oldest = |row: &QueueRow| Some((of(row), moment(row.oldest.as_deref())?));
    page.gauges(&OLDEST, rows.iter().filter_map(oldest))?;
    page.gauges(&ATTEMPTS, rows.iter().map(|row| (of(row), f64::from(row.head_attempts))))?;
    let last = |row: &QueueRow| Some((of(row), moment(row.last_delivered.as_deref())?));
    page.gauges(&LAST_DELIVERED, rows.iter().filter_map(last))?;
    page.gauges(&AWAITED, rows.iter().map(|row| (of(row), float(row.application_awaited))))?;
    page.counters(&WITHHELD, rows.iter().map(|row| (of(row), row.withheld)))?;
    let running = || rows.iter().filter_map(|row| Some((row, row.counts.as_ref()?)));
    page.histograms(&DELIVERY, running().map(|(row, counts)| (of(row), counts.delivery_latency)))?;
    let counts = || running().map(|(row, counts)| (row.destination.as_str(), counts));
    COUNTERS.iter().try_for_each(|family| family.write(DESTINATION, counts(), page))
}
