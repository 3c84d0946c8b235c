//! The first page: whether anything needs somebody.

use actix_web::HttpResponse;
use maud::{Markup, html};
use wardline_engine::control::protocol::Status;

use crate::access::Right;
use crate::fault::Fault;
use crate::page::{self, Shell};
use crate::route::Route;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/", Right::See, show)]
}

async fn show(shell: Shell) -> Result<HttpResponse, Fault> {
    let status = shell.seat.status().await?;
    Ok(page::page(&shell, "Overview", &overview(&status)))
}

fn overview(status: &Status) -> Markup {
    let queued: u64 = status.destinations.iter().map(|row| row.pending).sum();
    let dead: u64 = status.destinations.iter().map(|row| row.dead).sum();
    html! {
        div.head { div {
            h1 { (status.name) " is " (status.phase) "." }
            p.sub { "Intake " (status.intake) ". " (status.listeners.len()) " listeners, "
                (status.destinations.len()) " destinations, " (queued) " deliveries wait, " (dead) " are dead letters." }
        } }
    }
}
