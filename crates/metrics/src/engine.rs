//! The engine as a whole: whether it takes messages, its store, its certificates, and what it has of the machine.

use std::fmt;

use wardline_engine::control::protocol::{NotReady, ProcessFigures, StoreFigures};

use crate::Figures;
use crate::bounded::MAX_IDS;
use crate::family::{About, Page, float, moment};

const BUILD: About = About::count("build_info", "The program, and the name of the engine");
const READY: About = About::count("ready", "1 while messages are taken");
const NOT_READY: About =
    About::count("not_ready", "Why messages are not taken: 1 for each reason that holds");
const REASONS: [NotReady; 5] = [
    NotReady::Leaving,
    NotReady::Draining,
    NotReady::NoSpace,
    NotReady::IndexLagging,
    NotReady::StoreClosed,
];
const STARTED: About = About::seconds("start_timestamp", "When the engine started, since 1970");
const MISSES: About =
    About::count("lookup_misses", "Keys that lookup tables lack, since each was read");
const CERTIFICATE: About = About::seconds(
    "certificate_expiry_timestamp",
    "Until when the certificate of a listener or destination holds, since 1970",
);

/// Writes what is of no single listener, destination or handler.
pub(crate) fn write(figures: &Figures, page: &mut Page<'_>) -> fmt::Result {
    let Figures { status, readiness, store } = figures;
    let build = vec![("version", status.version.clone()), ("engine", status.name.clone())];
    page.gauges(&BUILD, [(build, 1.0)])?;
    page.gauge(&READY, f64::from(u8::from(readiness.ready)))?;
    let reasons = REASONS.map(|reason| {
        let holds = readiness.reasons.contains(&reason);
        (vec![("reason", reason.code().to_owned())], f64::from(u8::from(holds)))
    });
    page.gauges(&NOT_READY, reasons)?;
    page.gauge(&STARTED, moment(Some(&status.started)).unwrap_or_default())?;
    let misses = status.lookups.iter().map(|table| table.misses).sum();
    page.counters(&MISSES, [(Vec::new(), misses)])?;
    let certificates = status
        .certificates
        .iter()
        .take(MAX_IDS)
        .filter_map(|row| Some((vec![("of", row.of.clone())], moment(Some(&row.not_after))?)));
    page.gauges(&CERTIFICATE, certificates)?;
    process(&status.process, page)?;
    self::store(store, page)
}

fn process(figures: &ProcessFigures, page: &mut Page<'_>) -> fmt::Result {
    let ProcessFigures {
        cpu_milliseconds,
        processors,
        resident_bytes,
        open_descriptors,
        max_descriptors,
        threads,
    } = *figures;
    let cpu = About::seconds("process_cpu", "Time of processors used, all threads together");
    page.seconds(&cpu, float(cpu_milliseconds) / 1000.0)?;
    let gauges = [
        (About::count("process_processors", "Processors it may run on"), processors),
        (About::bytes("process_resident_memory", "Resident memory"), resident_bytes),
        (About::count("process_open_descriptors", "Open files and sockets"), open_descriptors),
        (About::count("process_max_descriptors", "The most that may be open"), max_descriptors),
        (About::count("process_threads", "Threads"), threads),
    ];
    gauges.iter().try_for_each(|(about, value)| page.gauge(about, float(*value)))
}

fn store(figures: &StoreFigures, page: &mut Page<'_>) -> fmt::Result {
    let gauges = [
        (About::count("store_segments", "Segments of the journal"), figures.segments),
        (About::bytes("store_journal", "Bytes of the journal"), figures.journal_bytes),
        (About::bytes("store_index", "Bytes of the index"), figures.index_bytes),
        (About::count("store_index_blobs", "Not 0: a fault of the index"), figures.index_blobs),
        (About::bytes("store_index_lag", "Journal that the index lacks"), figures.index_lag),
        (
            About::count(
                "store_live_deliveries",
                "Deliveries that have not ended, and dead letters",
            ),
            figures.live_deliveries,
        ),
        (About::bytes("store_free", "Free space where the store lies"), figures.free_bytes),
    ];
    gauges.iter().try_for_each(|(about, value)| page.gauge(about, float(*value)))?;
    let oldest = About::seconds("store_oldest_timestamp", "When the oldest record was written");
    let since = moment(figures.oldest.as_deref());
    page.gauges(&oldest, since.map(|since| (Vec::new(), since)))?;
    let full =
        About::seconds("store_full_in", "Until only min_free is left, judged by the last days");
    let left = figures.outlook.no_space_in_seconds;
    page.gauges(&full, left.map(|left| (Vec::new(), float(left))))?;
    let counters = [
        (About::count("store_syncs", "Groups of records synced"), figures.syncs),
        (About::count("store_records", "Records written"), figures.records),
        (About::bytes("store_written", "Bytes written to the journal"), figures.written_bytes),
        (
            About::count("store_index_rebuilds", "Times the index was rebuilt"),
            figures.index_rebuilds,
        ),
    ];
    counters.iter().try_for_each(|(about, value)| page.counters(about, [(Vec::new(), *value)]))
}
