//! What the forms of these pages ask for: done by the desk, in the name of who asks, then the page of what came of it.

use std::num::NonZeroU32;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Path, Query};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use wardline_engine::control::protocol::{
    DEFAULT_RATE, MessageSearch, ReplayMode, ReplayOrder, ReplayPreview, ReplayRow, Request,
    Response,
};

use super::preview::{MANY, Preview};
use super::{NEW, OneReplay, Replays, address, how, rows};
use crate::door::Who;
use crate::fault::Fault;
use crate::page::{self, Shell};
use crate::pages::acting::{Fields, FormFields};
use crate::pages::hand::Hand;
use crate::pages::messages::{MessagesQuery, is_to_be_found};
use crate::seat::{AtSeat, Seat};

/// What is said of a form that is none.
const FORM: &str = "what was sent is no form";

/// Where a list of jobs begins.
#[derive(Debug, Deserialize)]
pub(super) struct Begins {
    before: Option<u64>,
}

pub(super) async fn all(shell: Shell, begins: Query<Begins>) -> Result<HttpResponse, Fault> {
    let replays = Replays { rows: rows(&shell.seat, None).await?, before: begins.before };
    let body = replays.body(Timestamp::now(), &TimeZone::system());
    Ok(page::page(&shell, "Replays", &body))
}

pub(super) async fn one(shell: Shell, job: Path<String>) -> Result<HttpResponse, Fault> {
    let job = number(&job)?;
    let row = rows(&shell.seat, Some(job)).await?.pop().ok_or(Fault::NotFound)?;
    let one = OneReplay { row: &row, hand: &Hand::of(&shell.who) };
    let body = one.body(Timestamp::now(), &TimeZone::system());
    Ok(page::page(&shell, &format!("Replay {job}"), &body))
}

/// From chosen messages, or from a search, to the list that is looked at.
pub(super) async fn named(shell: Shell, form: Bytes) -> Result<HttpResponse, Fault> {
    let form = std::str::from_utf8(&form).map_err(|_| Fault::BadRequest(FORM))?;
    let fields =
        Query::<Vec<(String, String)>>::from_query(form).map_err(|_| Fault::BadRequest(FORM))?;
    let fields = Fields::from(fields.into_inner());
    let mut order = order(ReplayMode::Resend);
    if fields.first("all") == Some("true") {
        let query = Query::<MessagesQuery>::from_query(form)
            .map_err(|_| Fault::BadRequest(FORM))?
            .into_inner();
        let (_, search) = is_to_be_found(&shell.seat, &shell.who, query);
        let search: MessageSearch = search.map_err(|_told_on_its_page| {
            Fault::BadRequest("a filter of the search means nothing: open the page again")
        })?;
        order.search = Some(Box::new(search));
    } else {
        order.messages = fields.messages()?;
    }
    let preview = looked(&shell.seat, &shell.who, order).await?;
    Ok(page::to(&format!("{NEW}?list={}", preview.list)))
}

/// The list, and what would happen.
pub(super) async fn looked_at(
    shell: Shell,
    asked: Query<Vec<(String, String)>>,
) -> Result<HttpResponse, Fault> {
    let order = Fields::from(asked.into_inner()).order()?;
    let (mode, to, rate) = (order.mode, order.destinations.clone(), order.rate);
    let preview = looked(&shell.seat, &shell.who, order).await?;
    let status = shell.seat.status().await?;
    let destinations: Vec<String> =
        status.destinations.into_iter().map(|row| row.destination).collect();
    let hand = Hand::of(&shell.who);
    let page =
        Preview { seen: &preview, mode, to: &to, rate, destinations: &destinations, hand: &hand };
    let body = page.body(Timestamp::now(), &TimeZone::system());
    Ok(page::page(&shell, "Replay", &body))
}

/// Begins what was looked at.
pub(super) async fn begin(seat: AtSeat, who: Who, form: FormFields) -> Result<HttpResponse, Fault> {
    const COUNT: &str = "`count` is not a number";
    let fields = Fields::of(form);
    let order = fields.order()?;
    let count = fields.needed("count", COUNT)?.parse().map_err(|_| Fault::BadRequest(COUNT))?;
    if count > MANY {
        fields.typed(&u64::to_string(&count))?;
    }
    let row = start(&seat, &who, order, count, fields.reason()?).await?;
    Ok(page::to(&address(row.job)))
}

/// What an order is about, and what would become of it.
pub(crate) async fn looked(
    seat: &Seat,
    who: &Who,
    order: ReplayOrder,
) -> Result<ReplayPreview, Fault> {
    let by = who.name.to_string();
    match seat.ask(Request::ReplayPreview { order, by }).await? {
        Response::ReplayPreviewed(preview) => Ok(*preview),
        _ => Err(Fault::Failed),
    }
}

/// Begins a job in the name of who asks.
pub(crate) async fn start(
    seat: &Seat,
    who: &Who,
    order: ReplayOrder,
    count: u64,
    reason: String,
) -> Result<ReplayRow, Fault> {
    let by = who.name.to_string();
    changed(seat, Request::ReplayStart { order, count, by, reason }).await
}

/// Changes a job; how it stands then.
pub(crate) async fn changed(seat: &Seat, request: Request) -> Result<ReplayRow, Fault> {
    match seat.ask(request).await? {
        Response::Replay(row) => Ok(*row),
        _ => Err(Fault::Failed),
    }
}

pub(super) async fn pause(
    seat: AtSeat,
    who: Who,
    job: Path<String>,
    form: FormFields,
) -> Result<HttpResponse, Fault> {
    let (job, by) = (number(&job)?, who.name.to_string());
    let reason = Fields::of(form).reason()?;
    back(&seat, Request::ReplayPause { job, by, reason }).await
}

pub(super) async fn resume(
    seat: AtSeat,
    who: Who,
    job: Path<String>,
) -> Result<HttpResponse, Fault> {
    let (job, by) = (number(&job)?, who.name.to_string());
    back(&seat, Request::ReplayResume { job, by }).await
}

pub(super) async fn cancel(
    seat: AtSeat,
    who: Who,
    job: Path<String>,
    form: FormFields,
) -> Result<HttpResponse, Fault> {
    let (job, by) = (number(&job)?, who.name.to_string());
    let reason = Fields::of(form).reason()?;
    back(&seat, Request::ReplayCancel { job, by, reason }).await
}

async fn back(seat: &Seat, request: Request) -> Result<HttpResponse, Fault> {
    let row = changed(seat, request).await?;
    Ok(page::to(&address(row.job)))
}

/// An order about no message yet.
pub(crate) fn order(mode: ReplayMode) -> ReplayOrder {
    ReplayOrder {
        messages: Vec::new(),
        ranges: Vec::new(),
        search: None,
        list: None,
        mode,
        destinations: Vec::new(),
        edited: None,
        rate: DEFAULT_RATE,
    }
}

pub(crate) fn number(path: &str) -> Result<u64, Fault> {
    path.parse().map_err(|_not_a_number| Fault::NotFound)
}

impl Fields {
    /// The order about a list, as an address or a form has it.
    fn order(&self) -> Result<ReplayOrder, Fault> {
        const LIST: &str = "`list` is not a number";
        const RATE: &str = "`rate` is not a number of messages a second";
        let list = self.needed("list", LIST)?.parse().map_err(|_| Fault::BadRequest(LIST))?;
        let mode = self.mode()?;
        let rate = self.first("rate").map(str::trim).filter(|rate| !rate.is_empty());
        let rate = rate.map(str::parse::<NonZeroU32>).transpose();
        let rate = rate.map_err(|_| Fault::BadRequest(RATE))?.unwrap_or(DEFAULT_RATE);
        // What is reprocessed goes where the routes say: destinations were ticked for the other mode.
        let destinations = match mode {
            ReplayMode::Resend => self.every("to").map(str::to_owned).collect(),
            ReplayMode::Reprocess => Vec::new(),
        };
        Ok(ReplayOrder { list: Some(list), destinations, rate, ..order(mode) })
    }

    /// How; as sent, where nothing is said.
    pub(crate) fn mode(&self) -> Result<ReplayMode, Fault> {
        let Some(code) = self.first("mode") else { return Ok(ReplayMode::Resend) };
        how::of_code(code).ok_or(Fault::BadRequest("`mode` is `resend` or `reprocess`"))
    }
}
