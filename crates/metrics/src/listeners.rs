//! What came in, and what was answered.

use std::fmt;

use wardline_engine::control::protocol::ListenerRow;
use wardline_engine::observe::ListenerCounts;

use crate::family::{About, Counted, Page, float, moment};

const LISTENER: &str = "listener";
const CONNECTIONS: About = About::count("listener_connections", "Open connections of peers");
const MAX_CONNECTIONS: About =
    About::count("listener_connections_max", "The most connections that the listener takes");
const LAST_RECEIVED: About = About::seconds(
    "listener_last_received_timestamp",
    "When the last message came in, since 1970; absent before the first",
);
const ANSWER: About = About::seconds(
    "answer_duration",
    "From the last byte of a message to the last byte of its answers",
);

/// Every counter of a listener. `closed` is missing: it is the sum of its reasons.
pub(crate) const COUNTERS: &[Counted<ListenerCounts>] = &[
    Counted::one(
        About::count("connections_opened", "Connections accepted from peers, or dialled to them"),
        &[("", |c| c.opened)],
    ),
    Counted::by(
        About::count("connections_closed", "Connections of peers that ended, by reason"),
        "reason",
        &[
            ("closed-by-peer", |c| c.closed_by_peer),
            ("closed-inside-frame", |c| c.closed_inside_frame),
            ("idle", |c| c.closed_idle),
            ("frame-timeout", |c| c.closed_frame_timeout),
            ("write-timeout", |c| c.closed_write_timeout),
            ("no-frame", |c| c.closed_no_frame),
            ("too-large", |c| c.closed_too_large),
            ("unavailable", |c| c.closed_unavailable),
            ("no-room", |c| c.closed_no_room),
            ("tls", |c| c.closed_tls),
            ("draining", |c| c.closed_draining),
            ("failed", |c| c.closed_error),
            ("replaced", |c| c.closed_replaced),
        ],
    ),
    Counted::by(
        About::count("connections_refused", "Peers that were closed at once, by reason"),
        "reason",
        &[("full", |c| c.refused_full), ("not-allowed", |c| c.refused_not_allowed)],
    ),
    Counted::one(
        About::count("listener_connect_failures", "Times a peer that we dial was not reached"),
        &[("", |c| c.connect_failures)],
    ),
    Counted::by(
        About::count("messages_slowed", "Messages that waited before they were read, by reason"),
        "reason",
        &[
            ("rate", |c| c.slowed_rate),
            ("in-flight", |c| c.slowed_in_flight),
            ("memory", |c| c.slowed_memory),
        ],
    ),
    Counted::by(
        About::count("tls_handshakes", "TLS handshakes of peers, by outcome"),
        "outcome",
        &[
            ("done", |c| c.tls_handshakes),
            ("refused", |c| c.tls_refused),
            ("failed", |c| c.tls_failed),
        ],
    ),
    Counted::one(
        About::count("frames_received", "Whole frames received: messages, and batches of them"),
        &[("", |c| c.frames)],
    ),
    Counted::one(About::bytes("received", "Bytes of their payloads"), &[("", |c| c.bytes)]),
    Counted::one(
        About::count("batches_received", "Frames and files that were several messages"),
        &[("", |c| c.batches)],
    ),
    Counted::by(
        About::count("blocks", "MLLP release 2: blocks that were not simply taken, by outcome"),
        "outcome",
        &[("again", |c| c.blocks_again), ("refused", |c| c.blocks_refused)],
    ),
    Counted::by(
        About::count("frames_dropped", "Frames of which nothing was made, by reason"),
        "reason",
        &[("empty", |c| c.frames_ignored), ("abandoned", |c| c.frames_abandoned)],
    ),
    Counted::one(
        About::bytes("lost", "Bytes outside of frames, dropped"),
        &[("", |c| c.lost_bytes)],
    ),
    Counted::by(
        About::count("lints", "Oddities that were let pass, by kind"),
        "kind",
        &[
            ("frame-end", |c| c.lint_frame_end),
            ("inner-vt", |c| c.lint_inner_vt),
            ("message", |c| c.lint_message),
            ("header", |c| c.lint_header),
            ("profile", |c| c.lint_profile),
            ("ack-condition", |c| c.lint_ack_condition),
        ],
    ),
    Counted::by(
        About::count("rules_failed", "Messages that a rule did not let through, by outcome"),
        "outcome",
        &[("refused", |c| c.rules_refused), ("fault", |c| c.rule_faults)],
    ),
    Counted::by(
        About::count("application_answers_received", "Messages that are answers, by outcome"),
        "outcome",
        &[("matched", |c| c.answers_matched), ("unmatched", |c| c.answers_unmatched)],
    ),
    Counted::by(
        About::count("files", "Files of the listener's folder, by what became of them"),
        "outcome",
        &[
            ("taken", |c| c.files),
            ("done", |c| c.files_done),
            ("failed", |c| c.files_failed),
            ("retried", |c| c.files_retried),
        ],
    ),
    Counted::by(
        About::count("answers_after_delivery", "Answers that waited for a destination, by outcome"),
        "outcome",
        &[
            ("relayed", |c| c.answers_relayed),
            ("late", |c| c.answers_late),
            ("undelivered", |c| c.answers_undelivered),
        ],
    ),
    Counted::one(
        About::count("messages_stored", "Messages stored with all their deliveries"),
        &[("", |c| c.stored)],
    ),
    Counted::by(
        About::count("messages_without_route", "Messages that no route took, by outcome"),
        "outcome",
        &[("stored", |c| c.unrouted), ("discarded", |c| c.discarded)],
    ),
    Counted::by(
        About::count("answers", "Answers given, by code; elsewhere and none are ways of asking"),
        "code",
        &[
            ("AA", |c| c.answered_aa),
            ("AE", |c| c.answered_ae),
            ("AR", |c| c.answered_ar),
            ("CA", |c| c.answered_ca),
            ("CE", |c| c.answered_ce),
            ("CR", |c| c.answered_cr),
            ("elsewhere", |c| c.answered_elsewhere),
            ("none", |c| c.unanswered),
        ],
    ),
    Counted::by(
        About::count("duplicates", "Messages that came before, by what was done with them"),
        "outcome",
        &[
            ("flagged", |c| c.duplicates),
            ("suppressed", |c| c.duplicates_suppressed),
            ("released", |c| c.duplicates_released),
            ("other-bytes", |c| c.duplicates_other_bytes),
        ],
    ),
    Counted::one(
        About::count("storms", "Senders that sent the same message again and again"),
        &[("", |c| c.storms)],
    ),
    Counted::one(
        About::count("unasked_resends", "Messages sent again that asked for no answer"),
        &[("", |c| c.unasked_resends)],
    ),
    Counted::one(
        About::count("listener_handler_faults", "Calls of handlers that ended without a decision"),
        &[("", |c| c.handler_faults)],
    ),
];

pub(crate) fn write(rows: &[ListenerRow], page: &mut Page<'_>) -> fmt::Result {
    let of = |row: &ListenerRow| vec![(LISTENER, row.id.clone())];
    page.gauges(&CONNECTIONS, rows.iter().map(|row| (of(row), float(row.connections))))?;
    page.gauges(&MAX_CONNECTIONS, rows.iter().map(|row| (of(row), float(row.max_connections))))?;
    let last = |row: &ListenerRow| Some((of(row), moment(row.last_received.as_deref())?));
    page.gauges(&LAST_RECEIVED, rows.iter().filter_map(last))?;
    page.histograms(&ANSWER, rows.iter().map(|row| (of(row), row.counts.answer_latency)))?;
    let counts = || rows.iter().map(|row| (row.id.as_str(), &row.counts));
    COUNTERS.iter().try_for_each(|family| family.write(LISTENER, counts(), page))
}
