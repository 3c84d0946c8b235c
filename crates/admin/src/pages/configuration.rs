//! The configuration: how what runs differs from what is on the disk, and its application.
//!
//! The difference is a reload's dry run: what stands here is what would be done, by the code that does it.

use actix_web::web::Form;
use actix_web::{HttpResponse, ResponseError};
use maud::{Markup, html};
use serde::Deserialize;
use wardline_engine::control::protocol::{
    ChangeKind, ChangeRow, Effect, Part, QueueMove, RefusedReason, Reload, Request, Response,
};

use super::hand::Hand;
use crate::access::Right;
use crate::fault::Fault;
use crate::page::{self, Shell};
use crate::route::Route;
use crate::seat::Seat;
use crate::words::counted;

pub(super) fn routes() -> Vec<Route> {
    let needs = Right::Administer;
    vec![Route::get("/config", needs, show), Route::post("/config/apply", needs, apply)]
}

/// The form under the difference.
#[derive(Deserialize)]
struct Apply {
    /// Of the difference that was looked at.
    digest: String,
    /// Destinations that are gone, one a line: `OLD=NEW` gives their queue to another, `OLD` keeps it.
    #[serde(default)]
    queues: String,
}

/// What a look at the file on the disk found.
enum Looked {
    /// It can be applied, or would be refused for reasons of its own.
    Read(Box<Reload>),
    /// It cannot be read as a configuration; why, with each place.
    Faulty(String),
    /// The engine did not look: it ends, or has much to do.
    NotLookedAt(String),
}

async fn show(shell: Shell) -> Result<HttpResponse, Fault> {
    screen(&shell, None).await
}

/// The page anew, with why nothing was applied where that is so.
async fn screen(shell: &Shell, refused: Option<Fault>) -> Result<HttpResponse, Fault> {
    let looked = match difference(&shell.seat, &shell.who.name).await {
        Ok(reload) => Looked::Read(reload),
        Err(Fault::Engine { reason: RefusedReason::ConfigurationInvalid, text }) => {
            Looked::Faulty(text)
        }
        Err(Fault::Engine { text, .. }) => Looked::NotLookedAt(text),
        Err(fault) => return Err(fault),
    };
    let body = configuration(&Hand::of(&shell.who), &looked, refused.as_ref());
    let mut response = page::page(shell, "Config", &body);
    if let Some(fault) = refused {
        *response.status_mut() = fault.status_code();
    }
    Ok(response)
}

async fn apply(shell: Shell, Form(form): Form<Apply>) -> Result<HttpResponse, Fault> {
    let (moves, park) = queues(&form.queues);
    match reload(&shell.seat, &shell.who.name, (moves, park), Some(form.digest)).await {
        Ok(_applied) => Ok(page::to("/config")),
        Err(fault @ Fault::Engine { .. }) => screen(&shell, Some(fault)).await,
        Err(fault) => Err(fault),
    }
}

/// How what is on the disk differs from what runs.
pub(crate) async fn difference(seat: &Seat, by: &str) -> Result<Box<Reload>, Fault> {
    let (moves, park) = (Vec::new(), Vec::new());
    asked(seat, Request::Reload { dry_run: true, moves, park, expected: None, by: by.to_owned() })
        .await
}

/// Applies what is on the disk: where a digest is `expected`, that difference and no other.
pub(crate) async fn reload(
    seat: &Seat,
    by: &str,
    (moves, park): (Vec<QueueMove>, Vec<String>),
    expected: Option<String>,
) -> Result<Box<Reload>, Fault> {
    let by = by.to_owned();
    asked(seat, Request::Reload { dry_run: false, moves, park, expected, by }).await
}

async fn asked(seat: &Seat, request: Request) -> Result<Box<Reload>, Fault> {
    match seat.ask(request).await? {
        Response::Reloaded(reload) => Ok(reload),
        _ => Err(Fault::Failed),
    }
}

/// Where queues go whose destination is gone, as the form has it.
fn queues(lines: &str) -> (Vec<QueueMove>, Vec<String>) {
    let (mut moves, mut park) = (Vec::new(), Vec::new());
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line.split_once('=') {
            Some((from, to)) => {
                moves.push(QueueMove { from: from.trim().to_owned(), to: to.trim().to_owned() });
            }
            None => park.push(line.to_owned()),
        }
    }
    (moves, park)
}

fn configuration(hand: &Hand, looked: &Looked, refused: Option<&Fault>) -> Markup {
    html! {
        div.head { div {
            h1 { (verdict(looked)) }
            p.sub { "Validated as " code { "wardline check" } " does, and compared with what runs. A file that is not applied changes nothing; one with a fault is never applied." }
        } }
        @if let Some(fault) = refused {
            section.card aria-labelledby="not" {
                header { h2 #not { "Nothing was applied" small { "everything stays as it was" } } }
                div.body { pre { (fault) } }
            }
        }
        @match looked {
            Looked::NotLookedAt(why) => {
                section.card { div.empty { b { "The engine did not look at it." } p { (why) } a.btn href="/config" { "Look again" } } }
            }
            Looked::Faulty(text) => {
                section.card aria-labelledby="flt" {
                    header { h2 #flt { "What is wrong" small { "the engine goes on with the configuration it has" } } }
                    div.body { pre { (text) } }
                }
            }
            Looked::Read(reload) => { (what_differs(hand, reload)) }
        }
    }
}

fn verdict(looked: &Looked) -> &'static str {
    match looked {
        Looked::Faulty(_) => "The file on the disk has faults.",
        Looked::NotLookedAt(_) => "It is not known whether what runs is on the disk.",
        Looked::Read(reload) if !reload.refused.is_empty() => {
            "The file on the disk differs, and cannot be applied."
        }
        Looked::Read(reload) if reload.changes.is_empty() => "What runs is what is on the disk.",
        Looked::Read(_) => "The file on the disk differs from what runs.",
    }
}

fn what_differs(hand: &Hand, reload: &Reload) -> Markup {
    html! {
        @if !reload.refused.is_empty() {
            section.card aria-labelledby="ref" {
                header { h2 #ref { "Why it cannot be applied" } }
                div.body { ul { @for why in &reload.refused { li { (why) } } } }
            }
        }
        @if !reload.warnings.is_empty() {
            section.card aria-labelledby="wrn" {
                header { h2 #wrn { "What looks wrong in it" } }
                div.body { @for warning in &reload.warnings { pre { (warning) } } }
            }
        }
        section.card aria-labelledby="dif" {
            header { h2 #dif { "What would change" } }
            @if reload.changes.is_empty() { div.empty { b { "Nothing." } span { "Connections and queues stay as they are." } } }
            @else {
                div.tw { table.tb {
                    thead { tr { th { "What" } th { "Id" } th { "Change" } th { "Keys" } th { "What that means" } } }
                    tbody { @for row in &reload.changes { (change(row)) } }
                } }
                @if reload.refused.is_empty() || is_about_queues(reload) { (apply_form(hand, reload)) }
            }
        }
    }
}

fn change(row: &ChangeRow) -> Markup {
    html! { tr {
        td { (part(row.part)) }
        td.id { (row.id) }
        td { (kind(row.change)) }
        td { (row.keys.join(", ")) }
        td { (effect(row.effect)) }
    } }
}

/// Destinations are gone: where their queues go is said with the form.
fn is_about_queues(reload: &Reload) -> bool {
    let is_gone =
        |row: &ChangeRow| row.part == Part::Destination && row.change == ChangeKind::Removed;
    reload.changes.iter().any(is_gone)
}

fn apply_form(hand: &Hand, reload: &Reload) -> Markup {
    let changes = counted(reload.changes.len() as u64, "change", "changes");
    html! {
        details.opens.pad {
            summary class="btn btn-pri" { "Apply " (changes) "…" }
            form class="confirm calm" method="post" action="/config/apply" aria-label="Apply" {
                (hand.hidden())
                input type="hidden" name="digest" value=(reload.digest);
                p { b { "Apply " (changes) " to what runs?" } " " (consequence(&reload.changes)) " It is all or nothing, and only what stands above: if the file says something else by then, nothing is applied." }
                @if is_about_queues(reload) { div.fld {
                    label for="queues" { "Queues of destinations that are gone, one a line: OLD=NEW gives it to another, OLD keeps it" }
                    textarea.in #queues name="queues" rows="3" autocomplete="off" {}
                } }
                div.row { button class="btn btn-pri" type="submit" { "Apply " (changes) } }
            }
        }
    }
}

/// Whose connections or instances are made anew, and who ends.
fn consequence(changes: &[ChangeRow]) -> String {
    let of = |effects: &[Effect]| {
        let those = changes.iter().filter(|row| effects.contains(&row.effect));
        those.map(|row| row.id.as_str()).collect::<Vec<_>>().join(", ")
    };
    let anew = of(&[Effect::Reconnects, Effect::Reopens, Effect::RestartsPool, Effect::Restarts]);
    let ends = of(&[Effect::Drains]);
    let anew = match anew.as_str() {
        "" => "Every connection stays.".to_owned(),
        anew => format!("Made anew, behind the message in hand: {anew}."),
    };
    match ends.as_str() {
        "" => anew,
        ends => format!("{anew} Ends when what it has in hand is done: {ends}."),
    }
}

fn part(part: Part) -> &'static str {
    match part {
        Part::Engine => "Engine",
        Part::Listener => "Listener",
        Part::Route => "Route",
        Part::Routes => "Order of routes",
        Part::Lookup => "Lookup table",
        Part::Handler => "Handler",
        Part::Destination => "Destination",
    }
}

fn kind(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
        ChangeKind::Changed => "changed",
    }
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Starts => "starts",
        Effect::Drains => "finishes what it has in hand, then ends",
        Effect::NextMessage => "holds from the next message on; connections stay",
        Effect::Reconnects => "connections finish the message in hand and close",
        Effect::Reopens => "opens anew",
        Effect::RestartsPool => "connections are made anew; the queue stays",
        Effect::Restarts => "instances are made anew",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_moves_a_queue_or_keeps_it() {
        let (moves, park) = queues(" old = new \n\nkept\n");
        assert_eq!(moves, [QueueMove { from: "old".to_owned(), to: "new".to_owned() }]);
        assert_eq!(park, ["kept"]);
    }

    #[test]
    fn the_headline_says_whether_what_runs_is_on_the_disk() {
        let same = Looked::Read(Box::default());
        assert_eq!(verdict(&same), "What runs is what is on the disk.");
        let faulty = Looked::Faulty("unknown key".to_owned());
        assert_eq!(verdict(&faulty), "The file on the disk has faults.");
        let refused = Reload { refused: vec!["needs a restart".to_owned()], ..Reload::default() };
        let refused = Looked::Read(Box::new(refused));
        assert_eq!(verdict(&refused), "The file on the disk differs, and cannot be applied.");
    }

    #[test]
    fn a_file_that_nobody_looked_at_is_not_called_faulty() {
        let draining = Looked::NotLookedAt("the engine is ending".to_owned());
        let page = configuration(&Hand::default(), &draining, None).into_string();
        assert!(!page.contains("faults") && page.contains("the engine is ending"), "{page}");
    }

    #[test]
    fn what_is_applied_is_what_was_looked_at_and_is_asked_first() {
        let row = |part, id: &str, effect| ChangeRow {
            part,
            id: id.to_owned(),
            change: ChangeKind::Changed,
            keys: vec!["timeout".to_owned()],
            effect,
        };
        let changes = vec![
            row(Part::Listener, "adt-in", Effect::Reopens),
            row(Part::Route, "all", Effect::NextMessage),
        ];
        let reload = Reload { changes, digest: "d19e57".to_owned(), ..Reload::default() };
        let page = configuration(&Hand::default(), &Looked::Read(Box::new(reload)), None);
        let page = page.into_string();
        for part in [
            "name=\"digest\" value=\"d19e57\"",
            "Apply 2 changes…</summary>",
            "Made anew, behind the message in hand: adt-in.",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }
}
