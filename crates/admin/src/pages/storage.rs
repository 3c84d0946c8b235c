//! What is kept on the disk: how much, since when, for how long, and what keeps it.

mod preview;
mod verify;

use actix_web::HttpResponse;
use actix_web::web::Query;
use maud::{Markup, html};
use wardline_engine::control::protocol::{
    HistoryFigures, RefusedReason, StoreFigures, StoreOutlook,
};

use self::preview::Asked;
use super::hand::Hand;
use super::users::moment;
use crate::access::Right;
use crate::fault::Fault;
use crate::health;
use crate::page::{self, Shell};
use crate::route::Route;
use crate::words::count;

/// Units of sizes, each 1024 of the one before.
const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/storage", Right::See, show),
        Route::post("/storage/verify", Right::Operate, begin_to_verify),
    ]
}

async fn show(shell: Shell, Query(asked): Query<Asked>) -> Result<HttpResponse, Fault> {
    let figures = health::store(&shell.seat).await?;
    let intake = shell.seat.status().await?.intake;
    let preview = match health::preview(&shell.seat, asked.limits()?).await {
        Ok(preview) => Some(preview),
        Err(Fault::Engine { reason: RefusedReason::StoreFailed, .. }) => None,
        Err(fault) => return Err(fault),
    };
    let verification = health::verification(&shell.seat, None).await?;
    let body = html! {
        (storage(&figures, &intake))
        (preview::card(&asked, preview.as_deref()))
        (verify::card(&verification, &Hand::of(&shell.who)))
    };
    Ok(page::page(&shell, "Storage", &body))
}

async fn begin_to_verify(shell: Shell) -> Result<HttpResponse, Fault> {
    let _it_is_shown = health::verification(&shell.seat, Some(&shell.who.name)).await?;
    Ok(page::to("/storage#verify"))
}

fn storage(figures: &StoreFigures, intake: &str) -> Markup {
    html! {
        div.head { div {
            h1 { (verdict(figures, intake)) }
            p.sub { "The journal is the promise: every message is in it before it is answered. The index says what waits, and is rebuilt from the journal whenever it has to be." }
        } }
        section.card aria-labelledby="dsk" {
            header { h2 #dsk { "On the disk" small { (figures.folder) } } }
            div.body { dl.kv { @for (name, value, what) in disk(figures) { (fact(name, &value, what)) } } }
        }
        section.card aria-labelledby="old" {
            header { h2 #old { "Kept" } }
            div.body { dl.kv {
                (fact("Oldest record", &oldest(figures), "written then"))
                (fact("Not ended", &figures.live_deliveries.to_string(), "deliveries that wait, are held, or are dead letters: they stay, whatever their age"))
                @if let Some(why) = &figures.oldest_kept_because { (fact("Stays because", why, "though retention would let the oldest segment go")) }
            } }
        }
        section.card aria-labelledby="fut" {
            header { h2 #fut { "How long the room lasts" small { "judged by what was written in the last days" } } }
            div.body { dl.kv { @for (name, value, what) in outlook(&figures.outlook) { (fact(name, &value, what)) } } }
        }
        @if let Some(history) = &figures.history {
            section.card aria-labelledby="his" {
                header { h2 #his { "What messages are found by" small { "made from the journal, in the background" } } }
                div.body { dl.kv { @for (name, value, what) in history_of(history) { (fact(name, &value, what)) } } }
            }
        }
        section.card aria-labelledby="wrt" {
            header { h2 #wrt { "Since the start" } }
            div.body { dl.kv { @for (name, value, what) in written(figures) { (fact(name, &value, what)) } } }
        }
    }
}

fn verdict(figures: &StoreFigures, intake: &str) -> &'static str {
    if intake != "open" {
        "No messages are taken."
    } else if figures.index_blobs > 0 {
        "The index has a fault: rebuild it."
    } else {
        "Everything received is stored."
    }
}

type Fact = (&'static str, String, &'static str);

fn disk(figures: &StoreFigures) -> [Fact; 4] {
    [
        ("Free", size(figures.free_bytes), "where the store lies"),
        ("Journal", size(figures.journal_bytes), "all its segments together"),
        ("Segments", figures.segments.to_string(), "the oldest goes first, and only as a whole"),
        ("Index", size(figures.index_bytes), "of queues"),
    ]
}

fn history_of(history: &HistoryFigures) -> [Fact; 4] {
    let behind = match (history.ready, history.outdated) {
        (false, _) => "is being opened".to_owned(),
        (true, 0) => size(history.lag),
        (true, outdated) => format!("{outdated} of {} files to be made anew", history.runs),
    };
    [
        ("Messages", count(history.messages), "kept, and found by what they hold"),
        ("Takes", size(history.bytes), "beside the journal; it goes with it"),
        ("Behind", behind, "of the journal; by what is behind, nothing is found yet"),
        (
            "Faults",
            count(history.faults),
            "since the start, made good by themselves; the log says what",
        ),
    ]
}

fn outlook(outlook: &StoreOutlook) -> [Fact; 4] {
    let time = |seconds: Option<u64>| seconds.map_or_else(|| "too early to tell".to_owned(), span);
    let a_day = outlook.bytes_a_day.map_or_else(|| "too early to tell".to_owned(), size);
    [
        ("Written a day", a_day, "journal and history"),
        (
            "Limit reached in",
            time(outlook.limit_in_seconds),
            "then the oldest goes for retain_bytes",
        ),
        (
            "Disk full in",
            time(outlook.no_space_in_seconds),
            "to min_free, if nothing goes and nobody else writes there",
        ),
        ("Will reach back", time(outlook.reaches_back_seconds), "once retention limits it"),
    ]
}

/// A time in days, or in hours where that is less than two of them.
fn span(seconds: u64) -> String {
    let hours = seconds / 3600;
    if hours >= 48 { format!("{} days", hours / 24) } else { format!("{hours} h") }
}

fn written(figures: &StoreFigures) -> [Fact; 5] {
    [
        ("Records", figures.records.to_string(), "messages, and what became of deliveries"),
        ("Written", size(figures.written_bytes), "to the journal"),
        ("Syncs", figures.syncs.to_string(), "each for all that came at the same time"),
        ("Index behind by", size(figures.index_lag), "of the journal"),
        ("Index rebuilt", figures.index_rebuilds.to_string(), "times"),
    ]
}

fn oldest(figures: &StoreFigures) -> String {
    let at = figures.oldest.as_deref().and_then(|at| at.parse().ok());
    at.map_or_else(|| "none".to_owned(), moment)
}

fn fact(name: &str, value: &str, what: &str) -> Markup {
    html! { dt { (name) } dd { b { (value) } " " (what) } }
}

/// A size in its largest unit.
pub(super) fn size(bytes: u64) -> String {
    let mut unit = 0;
    let mut tenths = u128::from(bytes) * 10;
    while tenths >= 10 * 1024 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    if unit == 0 {
        format!("{bytes} {name}")
    } else {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> StoreFigures {
        let figures = serde_json::json!({
            "folder": "data/store", "segments": 3, "journal_bytes": 209_715_200, "index_bytes": 1024,
            "index_blobs": 0, "index_lag": 0, "index_rebuilds": 0, "live_deliveries": 4,
            "free_bytes": 5_000_000_000_u64, "syncs": 6, "records": 7, "written_bytes": 8,
            "oldest": null, "oldest_kept_because": "deliveries of lis are live in it",
        });
        serde_json::from_value(figures).unwrap()
    }

    #[test]
    fn sizes_are_told_in_their_largest_unit() {
        let told = [0, 1023, 1536, 200 << 20, 5_000_000_000, u64::MAX].map(size);
        assert_eq!(told, ["0 B", "1023 B", "1.5 KiB", "200.0 MiB", "4.6 GiB", "16777215.9 TiB"]);
    }

    #[test]
    fn the_headline_is_whether_anything_is_lost_or_not_taken() {
        assert_eq!(verdict(&figures(), "open"), "Everything received is stored.");
        assert_eq!(verdict(&figures(), "no space"), "No messages are taken.");
        let damaged = StoreFigures { index_blobs: 1, ..figures() };
        assert_eq!(verdict(&damaged, "open"), "The index has a fault: rebuild it.");
    }

    #[test]
    fn how_long_the_room_lasts_is_told_where_it_can_be() {
        let mut figures = figures();
        figures.outlook.no_space_in_seconds = Some(30 * 86_400);
        figures.outlook.limit_in_seconds = Some(7200);
        let page = storage(&figures, "open").into_string();
        assert!(page.contains("<b>30 days</b>") && page.contains("<b>2 h</b>"), "{page}");
        assert!(page.contains("<b>too early to tell</b>"), "{page}");
    }

    #[test]
    fn how_far_the_history_has_come_is_told_where_there_is_one() {
        let mut figures = figures();
        assert!(!storage(&figures, "open").into_string().contains("found by"));
        let history = HistoryFigures { ready: true, messages: 1234, ..HistoryFigures::default() };
        figures.history = Some(history.clone());
        let page = storage(&figures, "open").into_string();
        assert!(page.contains("<b>1,234</b>") && page.contains("<b>0 B</b>"), "{page}");
        figures.history = Some(HistoryFigures { outdated: 2, runs: 5, ..history });
        let page = storage(&figures, "open").into_string();
        assert!(page.contains("2 of 5 files to be made anew"), "{page}");
    }

    #[test]
    fn what_keeps_old_segments_is_told() {
        let page = storage(&figures(), "open").into_string();
        assert!(page.contains("deliveries of lis are live in it"), "{page}");
        assert!(page.contains("<b>none</b>"), "no record is old: {page}");
    }
}
