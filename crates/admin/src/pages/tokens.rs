//! Tokens: how programs come in.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Form, Path};
use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use maud::{Markup, html};
use serde::Deserialize;

use super::users::{moment, tabs};
use crate::access::{Right, Rights, Token};
use crate::fault::Fault;
use crate::page::{self, Shell};
use crate::route::Route;
use crate::staff::{self, Grant};

pub(super) fn routes() -> Vec<Route> {
    let needs = Right::Administer;
    vec![
        Route::get("/tokens", needs, list),
        Route::post("/tokens", needs, make),
        Route::post("/tokens/{name}/revoke", needs, revoke),
    ]
}

#[derive(Deserialize)]
struct Make {
    name: String,
    /// A day, or empty: never.
    ends: Option<String>,
    see: Option<String>,
    content: Option<String>,
    operate: Option<String>,
    administer: Option<String>,
    audit: Option<String>,
}

async fn list(shell: Shell) -> Result<HttpResponse, Fault> {
    tokens_page(&shell, None)
}

/// The one page that is no redirect behind a form: the token is shown here and nowhere else.
async fn make(shell: Shell, Form(make): Form<Make>) -> Result<HttpResponse, Fault> {
    let name = make.name.clone();
    let ends = make.ends.as_deref().filter(|ends| !ends.is_empty()).map(end_of_day).transpose()?;
    let grant = Grant { name, rights: rights(&make), ends };
    let shown = staff::grant(&shell.seat, &shell.who, grant).await?;
    tokens_page(&shell, Some(&shown))
}

async fn revoke(shell: Shell, name: Path<String>, _: Bytes) -> Result<HttpResponse, Fault> {
    staff::revoke(&shell.seat, &shell.who, name.into_inner()).await?;
    Ok(page::to("/tokens"))
}

fn rights(make: &Make) -> Rights {
    let Make { see, content, operate, administer, audit, .. } = make;
    let chosen = [
        (see, Right::See),
        (content, Right::Content),
        (operate, Right::Operate),
        (administer, Right::Administer),
        (audit, Right::Audit),
    ];
    chosen.into_iter().filter(|(field, _)| field.is_some()).map(|(_, right)| right).collect()
}

/// A token is good on its last day.
fn end_of_day(day: &str) -> Result<Timestamp, Fault> {
    let wrong = || Fault::BadRequest("the end is no day such as 2027-01-31");
    let day: Date = day.parse().map_err(|_| wrong())?;
    let behind = day.tomorrow().map_err(|_| wrong())?;
    let midnight = behind.to_zoned(TimeZone::system()).map_err(|_| wrong())?;
    Ok(midnight.timestamp())
}

fn tokens_page(shell: &Shell, shown: Option<&str>) -> Result<HttpResponse, Fault> {
    let record = shell.seat.access.record()?;
    let body = html! {
        div.head { div {
            h1 { "Users and tokens" }
            p.sub { "Programs send a token as " code { "Authorization: Bearer …" } ". What is kept of it is its SHA-256. "
                a href="/reference" { "What they can ask" } }
        } }
        (tabs(false))
        @if let Some(shown) = shown {
            section.card aria-labelledby="nt" role="status" {
                header { h2 #nt { "The new token" small { "shown once; copy it now" } } }
                div.body { pre { (shown) } }
            }
        }
        (table(shell, record.tokens()))
        (make_card(shell))
    };
    Ok(page::page(shell, "Tokens", &body))
}

fn table(shell: &Shell, tokens: &[Token]) -> Markup {
    let now = Timestamp::now();
    html! {
        section.card aria-labelledby="tk" {
            header { h2 #tk { "Tokens" } }
            @if tokens.is_empty() { div.empty { b { "There is none." } span { "Programs cannot come in." } } }
            @else { div.tw { table.tb.cards {
                thead { tr { th { "Name" } th { "May" } th { "Ends" } th { "Made" } th { span.vh { "Revoke" } } } }
                tbody { @for token in tokens { tr {
                    td.id-cell { b.id { (token.name) } }
                    td.w2c data-l="May" { (token.rights()) }
                    td data-l="Ends" { @match token.ends {
                        None => { "never" }
                        Some(ends) => { @if token.has_ended(now) { span.st.st-off { svg aria-hidden="true" { use href="#off" {} } "Ended" } " " } (moment(ends)) }
                    } }
                    td.w2c data-l="Made" { (moment(token.created)) " by " (token.created_by) }
                    td.act-cell { form method="post" action={ "/tokens/" (token.name) "/revoke" } { (shell.csrf()) button.btn.btn-danger { "Revoke" } } }
                } } }
            } } }
        }
    }
}

fn make_card(shell: &Shell) -> Markup {
    html! {
        section.card aria-labelledby="mk" {
            header { h2 #mk { "Make a token" } }
            form.body.stack.entry method="post" action="/tokens" {
                (shell.csrf())
                div.fld { label for="name" { "What it is for" } input.in #name name="name" autocomplete="off" required maxlength="64"; }
                div.acts { @for right in Right::ALL { @if shell.who.may(right) {
                    label { input type="checkbox" name=(right.as_str()) checked[right == Right::See]; " " (right.as_str()) }
                } } }
                div.fld { label for="ends" { "Its last day; empty: it does not end" } input.in #ends name="ends" type="date"; }
                div.acts { button.btn.btn-pri { "Make it" } }
            }
        }
    }
}
