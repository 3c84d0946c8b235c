//! What the forms of the watch's pages ask for: done by the desk, in the name of who asks, then the page again.
//!
//! Whatever ends messages wants a reason and the destination's id, typed, here as well: the page's module only helps.

use actix_web::HttpResponse;
use actix_web::web::{Form, Path};
use jiff::Timestamp;
use wardline_engine::control::protocol::{
    DeliveryRow, DeliveryState, DiscardFrom, MAX_PAGE, MessageId, Request, Response, Rest, Which,
};

use super::hand::MAX_REASON;
use super::links;
use super::queues::{RELEASE, is_held_on_purpose};
use super::views::deliveries;
use crate::access::Right;
use crate::door::Who;
use crate::fault::Fault;
use crate::page;
use crate::route::Route;
use crate::seat::{AtSeat, Seat};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::post("/interfaces/{id}/pause", Right::Operate, pause),
        Route::post("/interfaces/{id}/go", Right::Operate, go),
        Route::post("/queues/{id}/retry", Right::Operate, retry),
        Route::post("/queues/{id}/hold", Right::Operate, hold),
        Route::post("/queues/{id}/skip", Right::Operate, skip),
        Route::post("/queues/{id}/discard", Right::Operate, discard),
        Route::post("/dead/{id}/retry", Right::Operate, revive),
        Route::post("/dead/{id}/discard", Right::Operate, discard_dead),
    ]
}

/// The fields of a form: a list may have one of them many times.
pub(crate) struct Fields(Vec<(String, String)>);

impl From<Vec<(String, String)>> for Fields {
    fn from(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }
}

impl Fields {
    pub(crate) fn of(form: FormFields) -> Self {
        Self(form.into_inner())
    }

    /// The values of all fields of this name.
    pub(crate) fn every(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn needed(&self, name: &str, fault: &'static str) -> Result<&str, Fault> {
        self.first(name).filter(|value| !value.is_empty()).ok_or(Fault::BadRequest(fault))
    }

    pub(crate) fn reason(&self) -> Result<String, Fault> {
        reason(self.first("reason").unwrap_or_default())
    }

    /// The id, typed as it is.
    pub(crate) fn typed(&self, id: &str) -> Result<(), Fault> {
        match self.first("typed").map(str::trim) {
            Some(typed) if typed == id => Ok(()),
            Some(_) | None => Err(Fault::BadRequest("what was typed is not the id")),
        }
    }

    /// The messages that are named; at most a page of them.
    pub(crate) fn messages(&self) -> Result<Vec<MessageId>, Fault> {
        let named = self.0.iter().filter(|(name, _)| name == "message");
        let messages: Result<Vec<MessageId>, _> = named.map(|(_, value)| value.parse()).collect();
        let messages =
            messages.map_err(|_| Fault::BadRequest("`message` is not a number of one"))?;
        match messages.len() {
            0 => Err(Fault::BadRequest("no message is chosen")),
            1..=MAX_PAGE => Ok(messages),
            _ => Err(Fault::BadRequest("more messages are chosen than one page has")),
        }
    }

    /// The last message that is meant.
    fn until(&self) -> Result<MessageId, Fault> {
        const FAULT: &str = "`until` is not the number of a message";
        self.needed("until", FAULT)?.parse().map_err(|_| Fault::BadRequest(FAULT))
    }

    /// Which of a queue; of all of it, as it was when the page was drawn, how many were confirmed.
    pub(super) fn which(&self) -> Result<(Which, Option<u64>), Fault> {
        const UNTIL: &str = "`until` is not a moment";
        const COUNT: &str = "`count` is not a number";
        match self.first("all") {
            Some("true") => {
                let until = self.needed("until", UNTIL)?.parse();
                let count = self.needed("count", COUNT)?.parse();
                let until = until.map_err(|_| Fault::BadRequest(UNTIL))?;
                let count = count.map_err(|_| Fault::BadRequest(COUNT))?;
                Ok((all_until(DiscardFrom::Queue, until), Some(count)))
            }
            Some(_) | None => Ok((Which::Messages(self.messages()?), None)),
        }
    }
}

/// A reason that may stand in lists: one line, not empty, not longer than [`MAX_REASON`].
pub(crate) fn reason(said: &str) -> Result<String, Fault> {
    let said = said.trim();
    match said.chars().count() {
        0 => Err(Fault::BadRequest("a reason is needed")),
        1..=MAX_REASON if !said.chars().any(char::is_control) => Ok(said.to_owned()),
        _ => Err(Fault::BadRequest("the reason is too long, or more than one line")),
    }
}

/// All there are, but for what was received later than this.
pub(crate) fn all_until(from: DiscardFrom, until: Timestamp) -> Which {
    let state = match from {
        DiscardFrom::Queue => DeliveryState::Held,
        DiscardFrom::Dead => DeliveryState::Dead,
    };
    Which::Rest(Rest { began: until, state, after: None })
}

/// Discards or moves, where as many are meant as were confirmed: what a person agreed to is what is done.
pub(crate) async fn done_if_confirmed(
    seat: &AtSeat,
    request: Request,
    confirmed: Option<u64>,
) -> Result<u64, Fault> {
    if let Some(confirmed) = confirmed {
        let mut counted = request.clone();
        if let Request::Discard { dry_run, .. } | Request::Move { dry_run, .. } = &mut counted {
            *dry_run = true;
        }
        as_confirmed(confirmed, all_of(seat, counted).await?)?;
    }
    done(seat, request).await
}

fn as_confirmed(confirmed: u64, now: u64) -> Result<(), Fault> {
    if now == confirmed { Ok(()) } else { Err(Fault::AnotherCount(now)) }
}

/// Has it done, all of it, and looks at what came of it. It goes on to its end though nobody waits for it any more: a
/// browser that goes away leaves nothing half done.
pub(crate) async fn done(seat: &AtSeat, request: Request) -> Result<u64, Fault> {
    let page = seat.0.clone();
    let affected = to_its_end(async move { all_of(&page, request).await }).await?;
    seat.sampler.look().await;
    Ok(affected)
}

async fn to_its_end(
    work: impl Future<Output = Result<u64, Fault>> + 'static,
) -> Result<u64, Fault> {
    actix_web::rt::spawn(work).await.unwrap_or(Err(Fault::Failed))
}

/// Asks until nothing is left; how many were touched.
async fn all_of(seat: &Seat, request: Request) -> Result<u64, Fault> {
    let mut asked = request;
    let mut affected = 0;
    loop {
        let response = seat.ask(asked.clone()).await?;
        let Response::Done { affected: some, rest, .. } = response else { break };
        affected += some;
        match rest {
            Some(rest) => asked = asked.going_on(rest),
            None => break,
        }
    }
    Ok(affected)
}

async fn back(seat: &AtSeat, request: Request, to: &str) -> Result<HttpResponse, Fault> {
    done(seat, request).await?;
    Ok(page::to(to))
}

/// A form as it came.
pub(crate) type FormFields = Form<Vec<(String, String)>>;

async fn pause(
    seat: AtSeat,
    who: Who,
    id: Path<String>,
    form: FormFields,
) -> Result<HttpResponse, Fault> {
    let (listener, by) = (id.into_inner(), who.name.to_string());
    let to = links::interface(&listener);
    let reason = Fields::of(form).reason()?;
    back(&seat, Request::Pause { listener, by, reason }, &to).await
}

async fn go(seat: AtSeat, who: Who, id: Path<String>) -> Result<HttpResponse, Fault> {
    let (listener, by) = (id.into_inner(), who.name.to_string());
    let to = links::interface(&listener);
    back(&seat, Request::Go { listener, by }, &to).await
}

async fn retry(
    seat: AtSeat,
    who: Who,
    id: Path<String>,
    form: FormFields,
) -> Result<HttpResponse, Fault> {
    // A page that was drawn before somebody held it does not end his hold.
    if Fields::of(form).first(RELEASE).is_none()
        && let Response::Queues { queues } = seat.ask(Request::Queues).await?
        && queues.iter().any(|row| row.destination == *id && is_held_on_purpose(row))
    {
        return Err(Fault::Held);
    }
    let (destination, by) = (id.into_inner(), who.name.to_string());
    let to = links::interface(&destination);
    back(&seat, Request::Retry { destination, by }, &to).await
}

async fn hold(
    seat: AtSeat,
    who: Who,
    id: Path<String>,
    form: FormFields,
) -> Result<HttpResponse, Fault> {
    let (destination, by) = (id.into_inner(), who.name.to_string());
    let to = links::interface(&destination);
    let reason = Fields::of(form).reason()?;
    back(&seat, Request::Hold { destination, by, reason }, &to).await
}

async fn skip(
    seat: AtSeat,
    who: Who,
    id: Path<String>,
    form: FormFields,
) -> Result<HttpResponse, Fault> {
    let (destination, by) = (id.into_inner(), who.name.to_string());
    let to = links::interface(&destination);
    let fields = Fields::of(form);
    let reason = fields.reason()?;
    // The one that was seen: another head by now is not parked.
    let message = fields.messages()?.first().copied();
    back(&seat, Request::Skip { destination, message, by, reason, dry_run: false }, &to).await
}

async fn discard(
    seat: AtSeat,
    who: Who,
    id: Path<String>,
    form: FormFields,
) -> Result<HttpResponse, Fault> {
    let fields = Fields::of(form);
    fields.typed(&id)?;
    let (which, confirmed) = fields.which()?;
    let request = Request::Discard {
        destination: id.to_string(),
        from: DiscardFrom::Queue,
        which,
        by: who.name.to_string(),
        reason: fields.reason()?,
        dry_run: false,
    };
    done_if_confirmed(&seat, request, confirmed).await?;
    Ok(page::to(&links::queue(&id)))
}

async fn revive(
    seat: AtSeat,
    who: Who,
    id: Path<String>,
    form: FormFields,
) -> Result<HttpResponse, Fault> {
    let fields = Fields::of(form);
    let cause = fields.needed("cause", "no cause is named")?;
    let request = Request::Revive {
        destination: id.to_string(),
        which: with_cause(&seat, &id, cause, fields.until()?).await?,
        by: who.name.to_string(),
        dry_run: false,
    };
    back(&seat, request, links::DEAD).await
}

async fn discard_dead(
    seat: AtSeat,
    who: Who,
    id: Path<String>,
    form: FormFields,
) -> Result<HttpResponse, Fault> {
    let fields = Fields::of(form);
    fields.typed(&id)?;
    let cause = fields.needed("cause", "no cause is named")?;
    let request = Request::Discard {
        destination: id.to_string(),
        from: DiscardFrom::Dead,
        which: with_cause(&seat, &id, cause, fields.until()?).await?,
        by: who.name.to_string(),
        reason: fields.reason()?,
        dry_run: false,
    };
    back(&seat, request, links::DEAD).await
}

/// The dead letters of a group as its page shows it: with this cause, up to this message.
async fn with_cause(seat: &Seat, id: &str, cause: &str, until: MessageId) -> Result<Which, Fault> {
    let (rows, _) = deliveries(seat, Some(id), DeliveryState::Dead, None, MAX_PAGE).await?;
    let is_meant = |row: &DeliveryRow| {
        row.cause.as_deref().unwrap_or_default() == cause && row.message <= until
    };
    let meant: Vec<MessageId> =
        rows.iter().filter(|row| is_meant(row)).map(|row| row.message).collect();
    if meant.is_empty() {
        return Err(Fault::BadRequest("nobody of that group is a dead letter any more"));
    }
    Ok(Which::Messages(meant))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(of: &[(&str, &str)]) -> Fields {
        Fields(of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[actix_web::test]
    async fn what_was_begun_comes_to_its_end_though_nobody_waits_for_it() {
        let (goes, went) = tokio::sync::oneshot::channel::<()>();
        let (ended, end) = tokio::sync::oneshot::channel();
        let work = to_its_end(async move {
            went.await.map_err(|_gone| Fault::Failed)?;
            ended.send(4711).map_err(|_gone| Fault::Failed)?;
            Ok(1)
        });
        let left = tokio::time::timeout(std::time::Duration::ZERO, work).await;
        assert!(left.is_err(), "who waited has gone");
        goes.send(()).expect("it goes on");
        assert_eq!(end.await.ok(), Some(4711));
    }

    #[test]
    fn a_reason_is_one_line_that_is_not_empty() {
        assert_eq!(reason("  LIS ticket 8841 ").ok().as_deref(), Some("LIS ticket 8841"));
        for bad in ["", "   ", "a\nb", &"x".repeat(MAX_REASON + 1)] {
            assert!(reason(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_ends_messages_wants_the_id_as_it_is() {
        assert!(fields(&[("typed", " lis ")]).typed("lis").is_ok());
        for wrong in [fields(&[("typed", "li")]), fields(&[]), fields(&[("typed", "LIS")])] {
            assert!(wrong.typed("lis").is_err());
        }
    }

    #[test]
    fn all_is_asked_for_by_its_word_and_never_by_choosing_nothing() {
        let until = "2026-11-21T03:12:08Z";
        let all = fields(&[("all", "true"), ("until", until), ("count", "3")]).which().ok();
        let began = until.parse().expect("a moment");
        let rest = Rest { began, state: DeliveryState::Held, after: None };
        assert_eq!(all, Some((Which::Rest(rest), Some(3))));
        assert!(fields(&[]).which().is_err());
        assert!(fields(&[("message", "x")]).which().is_err());
        let two = fields(&[("message", "4711"), ("message", "4712")]).which().ok();
        assert!(matches!(two, Some((Which::Messages(two), None)) if two.len() == 2));
    }

    #[test]
    fn all_is_what_the_page_showed_and_as_many_as_it_said() {
        let until = ("until", "2026-11-21T03:12:08Z");
        for lacking in [vec![], vec![until], vec![("count", "3")], vec![until, ("count", "x")]] {
            let all = [vec![("all", "true")], lacking].concat();
            assert!(fields(&all).which().is_err(), "{all:?}");
        }
        assert!(as_confirmed(3, 3).is_ok());
        for now in [2, 5000] {
            assert!(matches!(as_confirmed(3, now), Err(Fault::AnotherCount(is)) if is == now));
        }
    }
}
