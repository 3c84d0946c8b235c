//! What handlers do, and how they are.

use std::fmt;

use wardline_engine::control::protocol::HandlerRow;
use wardline_engine::observe::HandlerCounts;

use crate::family::{About, Counted, Page, float};

const HANDLER: &str = "handler";
/// Every state of a handler.
pub(crate) const STATES: [&str; 3] = ["up", "degraded", "down"];
const STATE: About = About::count("handler_state", "1 for the state the handler is in");
const INSTANCES: About = About::count("handler_instances", "Instances that take messages");
const STUCK: About =
    About::count("handler_threads_stuck", "Threads left behind because the handler blocks them");

/// Every counter of a handler.
pub(crate) const COUNTERS: &[Counted<HandlerCounts>] = &[
    Counted::one(About::count("handler_calls", "Calls begun"), &[("", |c| c.calls)]),
    Counted::by(
        About::count("handler_verdicts", "How calls ended, and those that were not begun"),
        "verdict",
        &[
            ("accepted", |c| c.accepted),
            ("rejected", |c| c.rejected),
            ("failed", |c| c.failed),
            ("emitted", |c| c.emitted),
            ("panicked", |c| c.panicked),
            ("timed-out", |c| c.timed_out),
            ("busy", |c| c.refused_busy),
            ("down", |c| c.refused_down),
        ],
    ),
    Counted::one(About::count("handler_restarts", "Instances replaced"), &[("", |c| c.restarts)]),
    Counted::by(
        About::count("handler_threads_blocked", "Threads found blocked, and those that came back"),
        "outcome",
        &[("left-behind", |c| c.threads_stuck), ("returned", |c| c.threads_returned)],
    ),
];

pub(crate) fn write(rows: &[HandlerRow], page: &mut Page<'_>) -> fmt::Result {
    let of = |row: &HandlerRow| vec![(HANDLER, row.name.clone())];
    let known = rows.iter().filter(|row| !row.state.is_empty());
    let states = known.map(|row| (row.name.as_str(), row.state.as_str()));
    page.states(&STATE, HANDLER, &STATES, states)?;
    page.gauges(&INSTANCES, rows.iter().map(|row| (of(row), float(row.instances))))?;
    page.gauges(&STUCK, rows.iter().map(|row| (of(row), float(row.stuck))))?;
    let counts = || rows.iter().map(|row| (row.name.as_str(), &row.counts));
    COUNTERS.iter().try_for_each(|family| family.write(HANDLER, counts(), page))
}
