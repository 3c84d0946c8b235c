//! The handlers of the watch's pages, and which parts of each the live stream keeps fresh.

use actix_web::HttpResponse;
use actix_web::web::{Path, Query};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::Markup;
use serde::Deserialize;
use wardline_engine::control::protocol::{
    After, DeliveryRow, DeliveryState, MAX_PAGE, Request, Response,
};

use super::dead::{Dead, groups};
use super::hand::Hand;
use super::interface::{FIRST, OneInterface};
use super::interfaces::Interfaces;
use super::links;
use super::moving::heirs;
use super::overview::throughput::Range;
use super::overview::{Overview, attention, verdict};
use super::queues::{OneQueue, Queues};
use super::replays::{OneReplay, REPLAYS, Replays, rows};
use crate::access::{Right, Role};
use crate::fault::Fault;
use crate::page::{self, Shell};
use crate::route::Route;
use crate::seat::Seat;
use crate::watch::condition::Condition;
use crate::watch::snapshot::Snapshot;

/// Rows of a page of a queue.
const ROWS: usize = 100;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/", Right::See, overview),
        Route::get("/interfaces", Right::See, interfaces),
        Route::get("/interfaces/{id}", Right::See, interface),
        Route::get("/queues", Right::See, queues),
        Route::get("/queues/{id}", Right::See, queue),
        Route::get("/dead", Right::See, dead),
        Route::get("/dead/{id}", Right::See, dead_of),
    ]
}

/// What an address may ask of a page.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    range: Option<String>,
    state: Option<String>,
    after: Option<String>,
}

/// A page that is kept fresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum View {
    /// The first page.
    Overview(Range),
    /// All interfaces, or those in one state.
    Interfaces(Option<Condition>),
    /// One of them.
    Interface(String),
    /// All queues.
    Queues,
    /// All replays.
    Replays,
    /// One of them.
    Replay(u64),
    /// A page that stays as it was drawn.
    Still,
}

impl View {
    /// Which page has this path and query.
    pub(crate) fn of_address(address: &str) -> Self {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let asked =
            Query::<Asked>::from_query(query).map_or_else(|_| Asked::default(), |asked| asked.0);
        let state = asked.state.as_deref().and_then(Condition::from_code);
        match path {
            links::OVERVIEW => Self::Overview(Range::from_code(asked.range.as_deref())),
            links::INTERFACES => Self::Interfaces(state),
            links::QUEUES => Self::Queues,
            REPLAYS if query.is_empty() => Self::Replays,
            _ => Self::of_one(path),
        }
    }

    fn of_one(path: &str) -> Self {
        let below = |all: &str| path.strip_prefix(all)?.strip_prefix('/');
        let interface = below(links::INTERFACES).filter(|id| !id.contains('/'));
        let replay = below(REPLAYS).and_then(|job| job.parse().ok());
        match (interface, replay) {
            (Some(id), _) => Self::Interface(id.to_owned()),
            (None, Some(job)) => Self::Replay(job),
            (None, None) => Self::Still,
        }
    }

    /// Whether anything of it but the numbers of the sidebar changes while it is open.
    pub(crate) fn is_live(&self) -> bool {
        *self != Self::Still
    }

    /// The parts of it that may have changed, as they are now.
    pub(crate) async fn fragments(
        &self,
        seat: &Seat,
        snapshot: &Snapshot,
        hand: &Hand,
        zone: &TimeZone,
    ) -> Vec<(&'static str, Markup)> {
        let mut parts = match self {
            Self::Overview(range) => overview_of(seat, *range).fragments(snapshot, zone),
            Self::Interfaces(state) => Interfaces { state: *state }.fragments(snapshot),
            Self::Queues => Queues { hand }.fragments(snapshot),
            Self::Interface(id) => {
                let first = first_of(seat, snapshot, id).await;
                let page = OneInterface { id, first: &first, hand };
                page.fragments(snapshot, zone).unwrap_or_default()
            }
            Self::Replays => {
                let page = rows(seat, None).await.map(|rows| Replays { rows, before: None });
                page.map_or_else(|_| Vec::new(), |page| page.fragments(snapshot.at, zone))
            }
            Self::Replay(job) => {
                let row = rows(seat, Some(*job)).await.ok().and_then(|mut rows| rows.pop());
                let page = row.as_ref().map(|row| OneReplay { row, hand });
                page.map(|page| page.fragments(snapshot.at, zone)).unwrap_or_default()
            }
            Self::Still => Vec::new(),
        };
        parts.extend(page::counts(snapshot));
        parts
    }
}

fn overview_of(seat: &Seat, range: Range) -> Overview {
    let admins = seat.access.record().map_or(0, |record| {
        record.users().iter().filter(|user| user.role == Role::Admin && !user.disabled).count()
    });
    Overview { range, has_second_admin: admins > 1 }
}

async fn seen(shell: &Shell) -> Result<std::sync::Arc<Snapshot>, Fault> {
    shell.seat.sampler.latest().await.ok_or(Fault::Failed)
}

async fn overview(shell: Shell, asked: Query<Asked>) -> Result<HttpResponse, Fault> {
    let snapshot = seen(&shell).await?;
    let overview = overview_of(&shell.seat, Range::from_code(asked.range.as_deref()));
    let body = overview.body(&snapshot, &TimeZone::system());
    Ok(page::page(&shell, &verdict::title(&snapshot, &attention::rows(&snapshot)), &body))
}

async fn interfaces(shell: Shell, asked: Query<Asked>) -> Result<HttpResponse, Fault> {
    let state = asked.state.as_deref().and_then(Condition::from_code);
    let body = Interfaces { state }.body(&*seen(&shell).await?);
    Ok(page::page(&shell, "Interfaces", &body))
}

async fn interface(shell: Shell, id: Path<String>) -> Result<HttpResponse, Fault> {
    let snapshot = seen(&shell).await?;
    let hand = Hand::of(&shell.who);
    let first = first_of(&shell.seat, &snapshot, &id).await;
    let one = OneInterface { id: &id, first: &first, hand: &hand };
    let body = one.body(&snapshot, &TimeZone::system()).ok_or(Fault::NotFound)?;
    Ok(page::page(&shell, &id, &body))
}

/// The first of a queue: what an operator has to decide on stands before what waits.
async fn first_of(seat: &Seat, snapshot: &Snapshot, id: &str) -> Vec<DeliveryRow> {
    let Some(row) = snapshot.queue(id) else { return Vec::new() };
    let mut first = Vec::new();
    for (state, count) in [(DeliveryState::Held, row.held), (DeliveryState::Pending, row.pending)] {
        if count > 0
            && first.len() < FIRST
            && let Ok((rows, _)) =
                deliveries(seat, Some(id), state, None, FIRST - first.len()).await
        {
            first.extend(rows);
        }
    }
    first
}

async fn queues(shell: Shell) -> Result<HttpResponse, Fault> {
    let hand = Hand::of(&shell.who);
    let body = Queues { hand: &hand }.body(&*seen(&shell).await?);
    Ok(page::page(&shell, "Queues", &body))
}

async fn queue(shell: Shell, id: Path<String>, asked: Query<Asked>) -> Result<HttpResponse, Fault> {
    let snapshot = seen(&shell).await?;
    let row = snapshot.queue(&id).ok_or(Fault::NotFound)?;
    let is_held = asked.state.as_deref() == Some("held");
    let state = if is_held { DeliveryState::Held } else { DeliveryState::Pending };
    let after = place(asked.after.as_deref())?;
    let (page, next) = deliveries(&shell.seat, Some(&id), state, after, ROWS).await?;
    let hand = Hand::of(&shell.who);
    let next = next.as_ref();
    let heirs = &heirs(row, &snapshot);
    let seen = snapshot.at;
    let one = OneQueue { row, is_held, seen, page: &page, next, heirs, hand: &hand };
    let body = one.body(Timestamp::now(), &TimeZone::system());
    Ok(page::page(&shell, &format!("Queue of {}", id.as_str()), &body))
}

/// Where a page begins.
pub(crate) fn place(after: Option<&str>) -> Result<Option<After>, Fault> {
    let place = after.map(str::parse).transpose();
    place.map_err(|_| Fault::BadRequest("`after` is not a place in a list"))
}

async fn dead(shell: Shell) -> Result<HttpResponse, Fault> {
    dead_letters(&shell, None).await
}

async fn dead_of(shell: Shell, id: Path<String>) -> Result<HttpResponse, Fault> {
    dead_letters(&shell, Some(&id)).await
}

async fn dead_letters(shell: &Shell, id: Option<&str>) -> Result<HttpResponse, Fault> {
    let snapshot = seen(shell).await?;
    let count = match id {
        None => snapshot.dead(),
        Some(id) => snapshot.queue(id).ok_or(Fault::NotFound)?.dead,
    };
    let (rows, next) = deliveries(&shell.seat, id, DeliveryState::Dead, None, MAX_PAGE).await?;
    let (groups, hand) = (groups(rows), Hand::of(&shell.who));
    let page =
        Dead { destination: id, groups: &groups, count, is_cut: next.is_some(), hand: &hand };
    let body = page.body(Timestamp::now(), &TimeZone::system());
    Ok(page::page(shell, "Dead letters", &body))
}

/// A page of deliveries, and where the next one begins.
pub(crate) async fn deliveries(
    seat: &Seat,
    id: Option<&str>,
    state: DeliveryState,
    after: Option<After>,
    limit: usize,
) -> Result<(Vec<DeliveryRow>, Option<After>), Fault> {
    let destination = id.map(str::to_owned);
    match seat.ask(Request::Deliveries { destination, state, after, limit }).await? {
        Response::Deliveries { deliveries, next } => Ok((deliveries, next)),
        _ => Err(Fault::Failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_known_by_its_address() {
        let view = View::of_address;
        assert_eq!(view("/"), View::Overview(Range::Day));
        assert_eq!(view("/?range=1h"), View::Overview(Range::Hour));
        assert_eq!(view("/interfaces?state=down"), View::Interfaces(Some(Condition::Down)));
        assert_eq!(view("/interfaces/lis"), View::Interface("lis".to_owned()));
        assert_eq!(view("/replays"), View::Replays);
        assert_eq!(view("/replays/7"), View::Replay(7));
        for still in [
            "/replays/new?list=3",
            "/replays?before=4",
            "/queues/lis",
            "/interfaces/lis/pause",
            "",
            "//x",
            "/users",
        ] {
            assert_eq!(view(still), View::Still, "{still}");
        }
    }
}
