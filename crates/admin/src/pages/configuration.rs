//! The configuration: how what runs differs from what is on the disk, and its application.
//!
//! The difference is a reload's dry run: what stands here is what would be done, by the code that does it.

use actix_web::HttpResponse;
use actix_web::web::Form;
use maud::{Markup, html};
use serde::Deserialize;
use wardline_engine::control::protocol::{
    ChangeKind, ChangeRow, Effect, Part, QueueMove, Reload, Request, Response,
};

use crate::access::Right;
use crate::fault::Fault;
use crate::page::{self, Shell};
use crate::route::Route;
use crate::seat::Seat;

pub(super) fn routes() -> Vec<Route> {
    let needs = Right::Administer;
    vec![Route::get("/config", needs, show), Route::post("/config/apply", needs, apply)]
}

/// The form under the difference.
#[derive(Deserialize)]
struct Apply {
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
}

async fn show(shell: Shell) -> Result<HttpResponse, Fault> {
    let looked = match reload(&shell.seat, &shell.who.name, true, (vec![], vec![])).await {
        Ok(reload) => Looked::Read(reload),
        Err(Fault::Engine { text, .. }) => Looked::Faulty(text),
        Err(fault) => return Err(fault),
    };
    Ok(page::page(&shell, "Config", &configuration(&shell, &looked)))
}

async fn apply(shell: Shell, Form(form): Form<Apply>) -> Result<HttpResponse, Fault> {
    reload(&shell.seat, &shell.who.name, false, queues(&form.queues)).await?;
    Ok(page::to("/config"))
}

/// Asks for a reload, or what one would do.
pub(crate) async fn reload(
    seat: &Seat,
    by: &str,
    dry_run: bool,
    (moves, park): (Vec<QueueMove>, Vec<String>),
) -> Result<Box<Reload>, Fault> {
    let request = Request::Reload { dry_run, moves, park, by: by.to_owned() };
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

fn configuration(shell: &Shell, looked: &Looked) -> Markup {
    html! {
        div.head { div {
            h1 { (verdict(looked)) }
            p.sub { "Validated as " code { "wardline check" } " does, and compared with what runs. A file that is not applied changes nothing; one with a fault is never applied." }
        } }
        @match looked {
            Looked::Faulty(text) => {
                section.card aria-labelledby="flt" {
                    header { h2 #flt { "What is wrong" small { "the engine goes on with the configuration it has" } } }
                    div.body { pre { (text) } }
                }
            }
            Looked::Read(reload) => { (difference(shell, reload)) }
        }
    }
}

fn verdict(looked: &Looked) -> &'static str {
    match looked {
        Looked::Faulty(_) => "The file on the disk has faults.",
        Looked::Read(reload) if !reload.refused.is_empty() => {
            "The file on the disk differs, and cannot be applied."
        }
        Looked::Read(reload) if reload.changes.is_empty() => "What runs is what is on the disk.",
        Looked::Read(_) => "The file on the disk differs from what runs.",
    }
}

fn difference(shell: &Shell, reload: &Reload) -> Markup {
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
                (apply_form(shell, reload))
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

fn apply_form(shell: &Shell, reload: &Reload) -> Markup {
    let gone = reload
        .changes
        .iter()
        .any(|row| row.part == Part::Destination && row.change == ChangeKind::Removed);
    html! {
        form.body.pad.stack method="post" action="/config/apply" {
            (shell.csrf())
            @if gone { div.fld {
                label for="queues" { "Queues of destinations that are gone, one a line: OLD=NEW gives it to another, OLD keeps it" }
                textarea.in #queues name="queues" rows="3" autocomplete="off" {}
            } }
            div.acts { button.btn.btn-pri { "Apply " (reload.changes.len()) @if reload.changes.len() == 1 { " change" } @else { " changes" } } }
        }
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
}
