//! A queue goes to another destination: the form, and what it asks for.

use actix_web::HttpResponse;
use actix_web::web::Path;
use maud::{Markup, html};
use wardline_engine::control::protocol::{QueueRow, Request};

use super::acting::{Fields, FormFields, done_if_confirmed};
use super::hand::{Hand, MAX_REASON};
use super::links;
use crate::access::Right;
use crate::door::Who;
use crate::fault::Fault;
use crate::page;
use crate::route::Route;
use crate::seat::AtSeat;
use crate::watch::snapshot::Snapshot;
use crate::words;

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::post("/queues/{id}/move", Right::Operate, move_queue)]
}

/// Who could have it: others of the same kind. Of a queue that nobody is configured for a reload moves it.
pub(super) fn heirs<'s>(row: &QueueRow, snapshot: &'s Snapshot) -> Vec<&'s str> {
    let all = snapshot.status.destinations.iter().filter(|_| row.state != "orphaned");
    let others = all.filter(|one| one.kind == row.kind && one.destination != row.destination);
    others.map(|one| one.destination.as_str()).collect()
}

/// The field that says who gets it.
pub(super) fn to(heirs: &[&str], name: &str) -> Markup {
    html! {
        select.in id=(name) name="to" { @for heir in heirs { option value=(heir) { (heir) } } }
    }
}

/// What opens in place and moves all of it.
pub(super) fn form(
    hand: &Hand,
    row: &QueueRow,
    heirs: &[&str],
    fixed: &[(&str, String)],
) -> Markup {
    let id = &row.destination;
    let all = words::counted(row.pending + row.held, "message", "messages");
    html! {
        details.opens {
            summary.btn { "Move…" }
            form class="confirm calm" method="post" action={ (links::queue(id)) "/move" } aria-label="Move" {
                (hand.hidden())
                @for (name, value) in fixed { input type="hidden" name=(name) value=(value); }
                p {
                    b { "Have it delivered by another destination?" }
                    " What waits for " (id) " goes there as it is, in its order, behind what waits there. "
                    "What is being sent gets its answer first; what comes later stays with " (id) "."
                }
                div.row { div.fld { label for="move-to" { "To" } (to(heirs, "move-to")) } }
                div.row {
                    div.fld {
                        label for="move-reason" { "Reason, kept with it" }
                        input.in id="move-reason" name="reason" required maxlength=(MAX_REASON) autocomplete="off";
                    }
                    button class="btn btn-pri" type="submit" { "Move " (all) }
                }
            }
        }
    }
}

async fn move_queue(
    seat: AtSeat,
    who: Who,
    id: Path<String>,
    form: FormFields,
) -> Result<HttpResponse, Fault> {
    let fields = Fields::of(form);
    let to = fields.needed("to", "no other destination is named")?.to_owned();
    let (which, confirmed) = fields.which()?;
    let request = Request::Move {
        from: id.to_string(),
        to,
        which,
        by: who.name.to_string(),
        reason: fields.reason()?,
        dry_run: false,
    };
    done_if_confirmed(&seat, request, confirmed).await?;
    Ok(page::to(&links::queue(&id)))
}
