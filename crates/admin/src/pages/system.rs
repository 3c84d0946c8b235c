//! The machine and the program on it: version, memory, descriptors, certificates, handlers, and the newest lines of the log.

use actix_web::HttpResponse;
use actix_web::web::Query;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use serde::Deserialize;
use wardline_engine::control::protocol::{
    CertificateRow, CertificateState, HandlerRow, ProcessFigures, Request, Response, Status,
};
use wardline_engine::observe::{LogLevel, LogLine};

use super::storage::size;
use super::users::moment;
use crate::access::Right;
use crate::fault::Fault;
use crate::lines::shown_to;
use crate::page::{self, Shell};
use crate::route::Route;

/// Lines of the log on the page; `wardline logs` has all that are kept.
const LINES: usize = 200;
/// Files and sockets open, in percent of what may be, from which on somebody should raise the limit.
const MANY_DESCRIPTORS: u64 = 80;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/system", Right::See, show)]
}

/// Which lines of the log are shown.
#[derive(Deserialize)]
struct Shown {
    /// Only what matters at least so much.
    level: Option<LogLevel>,
}

/// What the page is made of.
struct System {
    status: Box<Status>,
    level: LogLevel,
    lines: Vec<LogLine>,
    now: Timestamp,
}

async fn show(shell: Shell, shown: Query<Shown>) -> Result<HttpResponse, Fault> {
    let level = shown.level.unwrap_or(LogLevel::Info);
    let request = Request::Logs { after: None, level, limit: LINES };
    let Response::Logs { lines, .. } = shell.seat.ask(request).await? else {
        return Err(Fault::Failed);
    };
    let lines = shown_to(&shell.who, lines);
    let status = shell.seat.status().await?;
    let system = System { status, level, lines, now: Timestamp::now() };
    Ok(page::page(&shell, "System", &system.shown()))
}

impl System {
    fn shown(&self) -> Markup {
        let troubles = self.troubles();
        html! {
            div.head { div {
                h1 { (verdict(&troubles)) }
                p.sub { (self.status.name) " runs wardline " (self.status.version) " since " (local(&self.status.started))
                    ", process " (self.status.pid) ", intake " (self.status.intake) "." }
                @for trouble in &troubles { p.sub { (trouble) } }
            } }
            (figures(&self.status.process, self.uptime()))
            (certificates(&self.status.certificates))
            (handlers(&self.status.handlers))
            (self.log())
        }
    }

    /// Since the start.
    fn uptime(&self) -> SignedDuration {
        let started: Option<Timestamp> = self.status.started.parse().ok();
        started.map_or(SignedDuration::ZERO, |started| self.now.duration_since(started))
    }

    /// What somebody should do something about.
    fn troubles(&self) -> Vec<String> {
        let ProcessFigures { open_descriptors, max_descriptors, .. } = self.status.process;
        let mut troubles = Vec::new();
        if self.status.intake != "open" {
            troubles.push(format!("No messages are taken: {}.", self.status.intake));
        }
        if max_descriptors > 0 && open_descriptors * 100 >= max_descriptors * MANY_DESCRIPTORS {
            troubles.push(format!(
                "{open_descriptors} of {max_descriptors} files and sockets are open: raise LimitNOFILE."
            ));
        }
        let ending = self.status.certificates.iter();
        let ending = ending.filter(|row| row.state != CertificateState::Valid);
        troubles.extend(ending.map(|row| match row.state {
            CertificateState::Expired => format!("The certificate of {} has expired.", row.of),
            CertificateState::Expiring | CertificateState::Valid => {
                format!("The certificate of {} ends in {} days.", row.of, row.days_left)
            }
        }));
        let ill = self.status.handlers.iter().filter(|row| row.state != "up");
        troubles.extend(ill.map(|row| format!("The handler {} is {}.", row.name, row.state)));
        troubles
    }

    fn log(&self) -> Markup {
        let levels = [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug];
        html! {
            section.card aria-labelledby="log" {
                header {
                    h2 #log { "Log" small { "the newest lines that the engine keeps; " code { "wardline logs --follow" } " has them as they come" } }
                    nav.chips aria-label="Lines that matter at least so much" { @for level in levels {
                        a.chip href={ "/system?level=" (word(level)) "#log" } aria-current=[(level == self.level).then_some("true")] { (word(level)) }
                    } }
                }
                @if self.lines.is_empty() { div.empty { b { "No line of this kind is kept." } } }
                @else { div.tw { table.tb {
                    thead { tr { th { "When" } th { "Level" } th { "What" } } }
                    tbody { @for line in self.lines.iter().rev() { tr {
                        td { (clock(&line.at)) }
                        td { (mark(line.level)) }
                        td.mono { (line.text) }
                    } } }
                } } }
            }
        }
    }
}

fn verdict(troubles: &[String]) -> &'static str {
    match troubles {
        [] => "The program and its machine are well.",
        [_] => "One thing needs somebody.",
        _ => "Several things need somebody.",
    }
}

fn figures(process: &ProcessFigures, uptime: SignedDuration) -> Markup {
    let ProcessFigures {
        cpu_milliseconds,
        processors,
        resident_bytes,
        open_descriptors,
        max_descriptors,
        threads,
    } = process;
    let seconds = u64::try_from(uptime.as_secs()).unwrap_or_default().max(1);
    // Hundredths of one processor, on average since the start.
    let share = cpu_milliseconds / 10 / seconds;
    let facts = [
        ("Runs for", days(seconds), "since its last start".to_owned()),
        (
            "Processors used",
            format!("{}.{:02}", share / 100, share % 100),
            format!("on average, of {processors}"),
        ),
        ("Memory", size(*resident_bytes), "resident".to_owned()),
        ("Files and sockets", open_descriptors.to_string(), format!("open, of {max_descriptors}")),
        ("Threads", threads.to_string(), "of the process".to_owned()),
    ];
    html! {
        section.card aria-labelledby="proc" {
            header { h2 #proc { "Process" } }
            div.body { dl.kv { @for (name, value, what) in facts {
                dt { (name) } dd { b { (value) } " " (what) }
            } } }
        }
    }
}

fn certificates(rows: &[CertificateRow]) -> Markup {
    html! {
        section.card aria-labelledby="crt" {
            header { h2 #crt { "Certificates" small { "that listeners and destinations show" } } }
            @if rows.is_empty() { div.empty { b { "None is shown." } span { "No listener and no destination has a certificate of its own." } } }
            @else { div.tw { table.tb {
                thead { tr { th { "Of" } th { "Whose" } th { "Holds until" } th.n { "Days left" } th { "State" } } }
                tbody { @for row in rows { tr {
                    td.id { (row.of) }
                    td { (row.subject) }
                    td { (local(&row.not_after)) }
                    td.n { (row.days_left) }
                    td { @match row.state {
                        CertificateState::Valid => { (state("up", "up", "Valid")) }
                        CertificateState::Expiring => { (state("degraded", "degraded", "Ends soon")) }
                        CertificateState::Expired => { (state("down", "down", "Expired")) }
                    } }
                } } }
            } } }
        }
    }
}

fn handlers(rows: &[HandlerRow]) -> Markup {
    html! {
        section.card aria-labelledby="hdl" {
            header { h2 #hdl { "Handlers" } }
            @if rows.is_empty() { div.empty { b { "There is none." } span { "The configuration names no handler." } } }
            @else { div.tw { table.tb {
                thead { tr { th { "Handler" } th { "State" } th.n { "Instances" } th.n { "Stuck" } th.n { "Calls" } th.n { "Rejected" } th.n { "Failed" } th.n { "Panicked" } th.n { "Timed out" } th.n { "Replaced" } } }
                tbody { @for row in rows { tr {
                    td.id { (row.name) }
                    td { @match row.state.as_str() {
                        "up" => { (state("up", "up", "Up")) }
                        "degraded" => { (state("degraded", "degraded", "Degraded")) }
                        _ => { (state("down", "down", "Down")) }
                    } }
                    td.n { (row.instances) }
                    (number(row.stuck)) (number(row.counts.calls)) (number(row.counts.rejected)) (number(row.counts.failed))
                    (number(row.counts.panicked)) (number(row.counts.timed_out)) (number(row.counts.restarts))
                } } }
            } } }
        }
    }
}

/// A number in a cell; nothing is grey.
fn number(number: u64) -> Markup {
    html! { td.n.z[number == 0] { (number) } }
}

/// A state: shape, word, colour.
fn state(class: &str, symbol: &str, word: &str) -> Markup {
    html! { span class={ "st st-" (class) } { svg aria-hidden="true" { use href={ "#" (symbol) } {} } (word) } }
}

fn mark(level: LogLevel) -> Markup {
    match level {
        LogLevel::Error => state("down", "down", "error"),
        LogLevel::Warn => state("degraded", "degraded", "warn"),
        LogLevel::Info | LogLevel::Debug | LogLevel::Trace => html! { (word(level)) },
    }
}

fn word(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    }
}

/// A moment of the desk, by the clock of this machine.
fn local(at: &str) -> String {
    at.parse().map_or_else(|_| at.to_owned(), moment)
}

/// The same in two lines, for a narrow column.
fn clock(at: &str) -> Markup {
    let local = local(at);
    let (day, time) = local.split_once(' ').unwrap_or(("", &local));
    html! { time datetime=(at) { (time) span.two { (day) } } }
}

fn days(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes} min"),
        (0, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn system(change: impl FnOnce(&mut Status)) -> System {
        let status = json!({
            "name": "st-elsewhere", "version": "0.1.0", "pid": 811, "started": "2026-04-03T12:00:00Z",
            "phase": "running", "intake": "open", "resident_bytes": 1, "listeners": [],
            "destinations": [], "handlers": [], "unrouted": 0,
        });
        let mut status: Status = serde_json::from_value(status).unwrap();
        status.process.max_descriptors = 100;
        change(&mut status);
        let now = "2026-04-04T13:30:00Z".parse().unwrap();
        System { status: Box::new(status), level: LogLevel::Info, lines: Vec::new(), now }
    }

    #[test]
    fn a_machine_that_is_well_is_said_to_be() {
        let page = system(|_| {}).shown().into_string();
        assert!(page.contains("<h1>The program and its machine are well.</h1>"), "{page}");
        assert!(page.contains("<b>1 d 1 h</b>"), "{page}");
    }

    #[test]
    fn what_needs_somebody_stands_on_top_in_words() {
        let troubles = system(|status| {
            status.intake = "no space".to_owned();
            status.process.open_descriptors = 80;
            status.handlers = vec![
                serde_json::from_value(json!({
                    "name": "gate", "state": "degraded", "instances": 1, "stuck": 0, "counts": {},
                }))
                .unwrap(),
            ];
        })
        .troubles();
        assert_eq!(
            troubles,
            [
                "No messages are taken: no space.",
                "80 of 100 files and sockets are open: raise LimitNOFILE.",
                "The handler gate is degraded.",
            ]
        );
    }

    #[test]
    fn a_line_of_the_log_is_text_whatever_stands_in_it() {
        let mut system = system(|_| {});
        system.lines = vec![LogLine {
            number: 1,
            at: "2026-04-04T13:30:00Z".to_owned(),
            level: LogLevel::Warn,
            target: "wardline".to_owned(),
            text: "closed <script>".to_owned(),
        }];
        let page = system.shown().into_string();
        assert!(page.contains("closed &lt;script&gt;"), "{page}");
    }
}
