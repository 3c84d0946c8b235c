//! The screens of replays: the jobs and how far each is, one job, and what stands before the start of one.
//!
//! ```text
//!   Messages: chosen ones, or all that match ─POST preview─▶ the list is kept ─▶ Replay…? count, how, reason ─POST─▶ job
//! ```
//!
//! What is started is the list that was looked at, whatever has come since. Nothing here is content: ids, codes, counts, and
//! what operators wrote.

mod acting;
mod how;
mod one;
mod preview;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use wardline_engine::control::protocol::{ReplayRow, ReplayState, Request, Response};

use super::fragment;
use crate::access::Right;
use crate::fault::Fault;
use crate::route::Route;
use crate::seat::Seat;
use crate::sprite;
use crate::watch::snapshot::moment;
use crate::words;

pub(crate) use acting::{changed, looked, number, order, start};
pub(crate) use one::OneReplay;

/// All jobs.
pub(crate) const REPLAYS: &str = "/replays";
/// Where what is meant is named, before anything happens.
pub(crate) const PREVIEW: &str = "/replays/preview";
/// Where it is looked at, and started.
const NEW: &str = "/replays/new";
/// Jobs on a page.
const PAGE: usize = 50;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get(REPLAYS, Right::See, acting::all),
        Route::post(REPLAYS, Right::Operate, acting::begin),
        Route::post(PREVIEW, Right::Operate, acting::named),
        Route::get(NEW, Right::Operate, acting::looked_at),
        Route::get("/replays/{job}", Right::See, acting::one),
        Route::post("/replays/{job}/pause", Right::Operate, acting::pause),
        Route::post("/replays/{job}/resume", Right::Operate, acting::resume),
        Route::post("/replays/{job}/cancel", Right::Operate, acting::cancel),
    ]
}

/// The page of one.
pub(crate) fn address(job: u64) -> String {
    format!("{REPLAYS}/{job}")
}

/// Jobs as the desk knows them, the newest first; one of them, or all.
pub(crate) async fn rows(seat: &Seat, job: Option<u64>) -> Result<Vec<ReplayRow>, Fault> {
    match seat.ask(Request::Replays { job }).await? {
        Response::Replays { replays } => Ok(replays),
        _ => Err(Fault::Failed),
    }
}

/// The page of all.
pub(crate) struct Replays {
    pub(crate) rows: Vec<ReplayRow>,
    /// Only those that were started before this one.
    pub(crate) before: Option<u64>,
}

impl Replays {
    /// The body of the page.
    pub(crate) fn body(&self, now: Timestamp, zone: &TimeZone) -> Markup {
        html! { @for (name, part) in self.fragments(now, zone) { (fragment(name, &part)) } }
    }

    /// The parts of it that change.
    pub(crate) fn fragments(&self, now: Timestamp, zone: &TimeZone) -> Vec<(&'static str, Markup)> {
        vec![("replays-head", self.head()), ("replays", self.table(now, zone))]
    }

    fn head(&self) -> Markup {
        let count =
            |state| self.rows.iter().filter(|row: &&ReplayRow| row.state == state).count() as u64;
        let (running, paused) = (count(ReplayState::Running), count(ReplayState::Paused));
        html! {
            div.head { div {
                h1 { "Replays" }
                p.sub {
                    @match (running, paused) {
                        (0, 0) => "None runs. Messages of the past are sent in once more from the page Messages, or from one message.",
                        (0, paused) => { (words::capital(&words::spelled(paused))) " paused: somebody goes on with it or cancels it." },
                        (running, 0) => { (words::capital(&words::spelled(running))) " running." },
                        (running, paused) => { (words::capital(&words::spelled(running))) " running, " (words::spelled(paused)) " paused." },
                    }
                }
            } }
        }
    }

    fn table(&self, now: Timestamp, zone: &TimeZone) -> Markup {
        let older = |row: &&ReplayRow| self.before.is_none_or(|before| row.job < before);
        let mut rows = self.rows.iter().filter(older);
        let shown: Vec<&ReplayRow> = rows.by_ref().take(PAGE).collect();
        let next = shown.last().filter(|_| rows.next().is_some()).map(|row| row.job);
        html! {
            section.card aria-label="Jobs" {
                @if shown.is_empty() {
                    div.empty {
                        b { "No replay" }
                        p { "Choose messages, or search for them and replay all that match." }
                        a.btn href="/messages" { "Find messages" }
                    }
                } @else {
                    div.tw { table class="tb cards rps" {
                        thead { tr {
                            th scope="col" { "Replay" } th scope="col" { "State" } th scope="col" { "How" }
                            th.n scope="col" { "Messages" } th.n scope="col" { "Sent in" } th.n scope="col" { "Left out" }
                            th scope="col" { "Started" } th scope="col" { "By, and why" }
                        } }
                        tbody { @for row in &shown { (line(row, now, zone)) } }
                    } }
                    @if self.before.is_some() || next.is_some() {
                        footer.pager {
                            @if self.before.is_some() { a.btn href=(REPLAYS) { "Newest" } } @else { span {} }
                            @if let Some(next) = next { a.btn href={ (REPLAYS) "?before=" (next) } rel="next" { "Older" } }
                        }
                    }
                }
            }
        }
    }
}

fn line(row: &ReplayRow, now: Timestamp, zone: &TimeZone) -> Markup {
    let left_out: u64 = row.left_out.values().sum();
    html! {
        tr data-key=(row.job) {
            td.id-cell { a.id href=(address(row.job)) { "Replay " (row.job) } }
            td.st-cell { (state(row)) }
            td.w { (how::told(row)) }
            td.n data-l="Messages" { (words::count(row.count)) }
            td.n data-l="Sent in" { @if row.sent == 0 { span.z { "0" } } @else { (words::count(row.sent)) } }
            td.n data-l="Left out" { @if left_out == 0 { span.z { "0" } } @else { span.wrn { (words::count(left_out)) } } }
            td.nw.hide { @if let Some(at) = moment(Some(&row.started)) { span title=(row.started) { (words::clock(at, now, zone)) } } }
            td.why-cell { b { (row.by) } ": " (row.reason) }
        }
    }
}

/// A word and a shape: what a person stopped is held, what stopped by itself needs somebody.
fn state(row: &ReplayRow) -> Markup {
    let by_itself = row.stopped_by.as_deref() == Some("engine");
    let (class, shape, word) = match row.state {
        ReplayState::Running => ("st st-retry", "retry", "Running"),
        ReplayState::Paused if by_itself => ("st st-stuck", "stuck", "Stopped"),
        ReplayState::Paused => ("st st-held", "held", "Paused"),
        ReplayState::Cancelled => ("st st-off", "off", "Cancelled"),
        ReplayState::Done => ("st st-up", "ok", "Done"),
    };
    html! { span class=(class) { (sprite::shape(shape)) (word) } }
}

#[cfg(test)]
mod tests;
