//! Users and their sessions.

use actix_web::HttpResponse;
use actix_web::web::{Form, Path};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use crate::access::{AccessFault, Right, Role, SessionRow, User, UserChange};
use crate::fault::Fault;
use crate::page::{self, Shell};
use crate::route::Route;
use crate::staff::{self, Newcomer};

pub(super) fn routes() -> Vec<Route> {
    let needs = Right::Administer;
    vec![
        Route::get("/users", needs, list),
        Route::post("/users", needs, add),
        Route::get("/users/{name}", needs, show),
        Route::post("/users/{name}", needs, change),
        Route::post("/users/{name}/password", needs, set_password),
        Route::post("/users/{name}/sign-out", needs, sign_out),
        Route::post("/users/{name}/remove", needs, remove),
        Route::post("/sessions/{id}/end", needs, end_session),
    ]
}

#[derive(Deserialize)]
struct Add {
    name: String,
    role: Role,
    content: Option<String>,
    password: String,
}

#[derive(Deserialize)]
struct Change {
    role: Role,
    content: Option<String>,
    disabled: Option<String>,
}

#[derive(Deserialize)]
struct NewPassword {
    password: String,
}

#[derive(Deserialize)]
struct Removal {
    /// The name once more.
    confirm: String,
}

async fn list(shell: Shell) -> Result<HttpResponse, Fault> {
    let record = shell.seat.access.record()?;
    let sessions = staff::sessions(&shell.seat)?;
    let body = html! {
        div.head { div {
            h1 { "Users and tokens" }
            p.sub { "Users: " (record.users().len()) ". Sessions: " (sessions.len()) ". Content of messages is shown to nobody who is not granted it." }
        } }
        (tabs(true))
        (table(record.users()))
        (sessions_card(&shell, &sessions))
        (add_card(&shell))
    };
    Ok(page::page(&shell, "Users", &body))
}

async fn add(shell: Shell, Form(add): Form<Add>) -> Result<HttpResponse, Fault> {
    let Add { name, role, content, password } = add;
    let newcomer = Newcomer { name, role, content: content.is_some(), password };
    staff::add(&shell.seat, &shell.who, newcomer).await?;
    Ok(page::to("/users"))
}

async fn show(shell: Shell, name: Path<String>) -> Result<HttpResponse, Fault> {
    let record = shell.seat.access.record()?;
    let user = record.user(&name).ok_or(AccessFault::NotFound)?;
    let sessions = staff::sessions(&shell.seat)?;
    let own: Vec<SessionRow> = sessions.into_iter().filter(|row| row.user == user.name).collect();
    let body = html! {
        div.head { div {
            p.crumb { a href="/users" { "Users" } }
            h1 { (user.name) }
            p.sub { "May: " (user.rights()) ". Known since " (user.created.strftime("%Y-%m-%d")) ", let in by " (user.created_by) "." }
        } }
        (change_card(&shell, user))
        (password_card(&shell, user))
        (sessions_card(&shell, &own))
        (remove_card(&shell, user))
    };
    Ok(page::page(&shell, "User", &body))
}

async fn change(
    shell: Shell,
    name: Path<String>,
    Form(change): Form<Change>,
) -> Result<HttpResponse, Fault> {
    let change = UserChange {
        role: Some(change.role),
        content: Some(change.content.is_some()),
        disabled: Some(change.disabled.is_some()),
        ..UserChange::default()
    };
    staff::change(&shell.seat, &shell.who, name.into_inner(), change).await?;
    Ok(page::to("/users"))
}

async fn set_password(
    shell: Shell,
    name: Path<String>,
    Form(NewPassword { password }): Form<NewPassword>,
) -> Result<HttpResponse, Fault> {
    staff::set_password(&shell.seat, &shell.who, name.into_inner(), password).await?;
    Ok(page::to("/users"))
}

async fn sign_out(shell: Shell, name: Path<String>) -> Result<HttpResponse, Fault> {
    let change = UserChange { sign_out: true, ..UserChange::default() };
    staff::change(&shell.seat, &shell.who, name.into_inner(), change).await?;
    Ok(page::to("/users"))
}

async fn remove(
    shell: Shell,
    name: Path<String>,
    Form(Removal { confirm }): Form<Removal>,
) -> Result<HttpResponse, Fault> {
    if confirm.trim() != *name {
        return Err(Fault::BadRequest("the name that was typed is another"));
    }
    staff::remove(&shell.seat, &shell.who, name.into_inner()).await?;
    Ok(page::to("/users"))
}

async fn end_session(shell: Shell, id: Path<String>) -> Result<HttpResponse, Fault> {
    staff::end_session(&shell.seat, &shell.who, &id)?;
    Ok(page::to("/users"))
}

/// The two subjects of this way.
pub(super) fn tabs(at_users: bool) -> Markup {
    let current = |is: bool| is.then_some("page");
    html! {
        nav.tabs aria-label="Users and tokens" {
            a href="/users" aria-current=[current(at_users)] { "Users" }
            a href="/tokens" aria-current=[current(!at_users)] { "Tokens" }
        }
    }
}

fn table(users: &[User]) -> Markup {
    html! {
        section.card aria-labelledby="us" {
            header { h2 #us { "Users" } }
            div.tw { table.tb.cards {
                thead { tr { th { "Name" } th { "Role" } th { "May" } th { "State" } th { "Known since" } } }
                tbody { @for user in users { tr {
                    td.id-cell { a.id href={ "/users/" (user.name) } { (user.name) } }
                    td data-l="Role" { (user.role.as_str()) }
                    td.w2c data-l="May" { (user.rights()) }
                    td.st-cell { @if user.disabled { span.st.st-off { svg aria-hidden="true" { use href="#off" {} } "Kept out" } }
                        @else { span.st.st-up { svg aria-hidden="true" { use href="#up" {} } "Active" } } }
                    td.hide { (user.created.strftime("%Y-%m-%d")) }
                } } }
            } }
        }
    }
}

fn sessions_card(shell: &Shell, sessions: &[SessionRow]) -> Markup {
    html! {
        section.card aria-labelledby="se" {
            header { h2 #se { "Sessions" small { "signed in now" } } }
            @if sessions.is_empty() { div.empty { b { "Nobody is signed in." } } }
            @else { div.tw { table.tb.cards {
                thead { tr { th { "User" } th { "From" } th { "Since" } th { "Last used" } th { span.vh { "End" } } } }
                tbody { @for row in sessions { tr {
                    td.id-cell { b.id { (row.user) } }
                    td.st-cell { (row.address) }
                    td data-l="Since" { (moment(row.began)) }
                    td data-l="Last used" { (moment(row.used)) }
                    td.act-cell { form method="post" action={ "/sessions/" (row.digest.short()) "/end" } { (shell.csrf()) button.btn { "End it" } } }
                } } }
            } } }
        }
    }
}

fn roles(chosen: Role) -> Markup {
    html! {
        select.in #role name="role" {
            @for role in Role::ALL { option value=(role.as_str()) selected[role == chosen] { (role.as_str()) } }
        }
    }
}

fn add_card(shell: &Shell) -> Markup {
    html! {
        section.card aria-labelledby="ad" {
            header { h2 #ad { "Let somebody in" } }
            form.body.stack.entry method="post" action="/users" {
                (shell.csrf())
                div.fld { label for="name" { "User name" } input.in #name name="name" autocomplete="off" required maxlength="64"; }
                div.fld { label for="role" { "Role" } (roles(Role::Viewer)) }
                label { input type="checkbox" name="content"; " May see the content of messages (never an auditor)" }
                div.fld { label for="password" { "First password, 12 characters or more" } input.in #password name="password" type="password" autocomplete="new-password" required minlength="12"; }
                div.acts { button.btn.btn-pri { "Add the user" } }
            }
        }
    }
}

fn change_card(shell: &Shell, user: &User) -> Markup {
    html! {
        section.card aria-labelledby="ch" {
            header { h2 #ch { "What he may do" } }
            form.body.stack.entry method="post" {
                (shell.csrf())
                div.fld { label for="role" { "Role" } (roles(user.role)) }
                label { input type="checkbox" name="content" checked[user.content]; " May see the content of messages (never an auditor)" }
                label { input type="checkbox" name="disabled" checked[user.disabled]; " Is kept out" }
                div.acts { button.btn.btn-pri { "Change it" } span.dim.sm { "Holds from his next click." } }
            }
        }
    }
}

fn password_card(shell: &Shell, user: &User) -> Markup {
    html! {
        section.card aria-labelledby="pw" {
            header { h2 #pw { "Password and sessions" } }
            form.body.stack.entry method="post" action={ "/users/" (user.name) "/password" } {
                (shell.csrf())
                div.fld { label for="password" { "New password, 12 characters or more" } input.in #password name="password" type="password" autocomplete="new-password" required minlength="12"; }
                div.acts { button.btn { "Set it and end his sessions" } }
            }
            form.body method="post" action={ "/users/" (user.name) "/sign-out" } { (shell.csrf()) button.btn { "End his sessions" } }
        }
    }
}

fn remove_card(shell: &Shell, user: &User) -> Markup {
    html! {
        section.card aria-labelledby="rm" {
            header { h2 #rm { "Let him in no more" } }
            form.body.stack.entry method="post" action={ "/users/" (user.name) "/remove" } {
                (shell.csrf())
                div.fld { label for="confirm" { "Type " b { (user.name) } " to remove the user" }
                    input.in #confirm name="confirm" autocomplete="off" required data-confirms=(user.name); }
                div.acts { button.btn.btn-danger data-confirmed { "Remove the user" } }
            }
        }
    }
}

/// To the second, in the time of the server.
pub(super) fn moment(at: Timestamp) -> String {
    at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
