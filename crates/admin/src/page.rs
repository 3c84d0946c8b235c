//! The shell of every page: sidebar, bar, environment, symbols. What stands inside is each page's own.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError};
use futures_util::future::{Ready, ready};
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use wardline_config::EnvironmentKind;

use crate::assets;
use crate::door::{CSRF_FIELD, Who};
use crate::fault::Fault;
use crate::pages::messages::FIND;
use crate::pages::overview::attention;
use crate::pages::views::View;
use crate::route;
use crate::seat::Seat;
use crate::sprite;
use crate::watch::snapshot::Snapshot;
use crate::words;

/// The wave of the brand.
const BRAND: &str = r#"<svg viewBox="0 0 22 22" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><path d="M1 8h3l3 9 4-12 4 12 3-9h3"/></svg>"#;

/// Where it leads, and what it is called.
type Way = (&'static str, &'static str);

/// Every way of the sidebar, in its groups. One that has no page, or is not for him who looks, is not shown.
const WAYS: [(&str, &[Way]); 3] = [
    (
        "Watch",
        &[
            ("/", "Overview"),
            ("/interfaces", "Interfaces"),
            ("/queues", "Queues"),
            ("/dead", "Dead letters"),
        ],
    ),
    ("Find", &[("/messages", "Messages"), ("/replays", "Replays"), ("/try", "Try a message")]),
    (
        "Run",
        &[
            ("/config", "Config"),
            ("/storage", "Storage"),
            ("/audit", "Audit"),
            ("/users", "Users and tokens"),
            ("/system", "System"),
        ],
    ),
];

/// What a page needs of its surroundings: who looks, at what, where.
pub(crate) struct Shell {
    pub(crate) who: Who,
    pub(crate) seat: Data<Seat>,
    /// The page of it.
    path: String,
}

impl FromRequest for Shell {
    type Error = Fault;
    type Future = Ready<Result<Self, Fault>>;

    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        let who = request.extensions().get::<std::rc::Rc<Who>>().map(|who| Who::clone(who));
        let seat = request.app_data::<Data<Seat>>().cloned();
        ready(match (who, seat) {
            (Some(who), Some(seat)) => Ok(Self { who, seat, path: request.path().to_owned() }),
            (None, _) => Err(Fault::NotSignedIn),
            (_, None) => Err(Fault::Failed),
        })
    }
}

impl Shell {
    /// What every form carries.
    pub(crate) fn csrf(&self) -> Markup {
        html! { input type="hidden" name=(CSRF_FIELD) value=(self.who.csrf()); }
    }

    /// Whether parts of the page are kept fresh. One that is not holds no connection open.
    fn is_live(&self) -> bool {
        View::of_address(&self.path).is_live()
    }

    /// The name of the environment.
    fn environment(&self) -> &str {
        environment_name(&self.seat)
    }
}

/// A page in its shell.
pub(crate) fn page(shell: &Shell, title: &str, body: &Markup) -> HttpResponse {
    let kind = shell.seat.environment.kind;
    let inside = html! {
        (PreEscaped(assets::SYMBOLS))
        a.skip href="#main" { "Skip to content" }
        (sidebar(shell))
        div.main {
            (bar(shell))
            main.page #main { (body) }
        }
        (tabs(shell))
    };
    let title = format!("{title} · {} {} · Wardline", shell.environment(), kind.as_str());
    document(kind, &title, "app", &inside)
}

/// A page of somebody who is not signed in: one card in the middle.
pub(crate) fn gate(seat: &Seat, title: &str, body: &Markup) -> HttpResponse {
    let kind = seat.environment.kind;
    let inside = html! {
        main.gate { section aria-labelledby="t" {
            p.brand { (PreEscaped(BRAND)) "Wardline" }
            p.env { b { (kind_name(kind)) } span { (environment_name(seat)) } }
            (body)
        } }
        footer.legal { "Patient data: every look at content is recorded with your name. Wardline " (env!("CARGO_PKG_VERSION")) }
    };
    let title = format!("{title} · {} {} · Wardline", environment_name(seat), kind.as_str());
    document(kind, &title, "signin", &inside)
}

/// A fault as a page of its own.
pub(crate) fn fault(request: &HttpRequest, fault: &Fault) -> HttpResponse {
    let status = fault.status_code();
    let Some(seat) = request.app_data::<Data<Seat>>() else { return HttpResponse::new(status) };
    let body = html! {
        h1 #t { (status.canonical_reason().unwrap_or("Not done")) }
        p { (fault) }
        p { a href="/" { "To the overview" } }
    };
    let mut response = gate(seat, status.canonical_reason().unwrap_or("Not done"), &body);
    *response.status_mut() = status;
    response
}

/// Sends the browser to another page; after a form it must not send the form again.
pub(crate) fn to(address: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, address)).finish()
}

/// Whether somebody may be sent there after signing in: a path of ours, and nothing that a browser takes for a host.
pub(crate) fn is_way_back(path: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.');
    path.starts_with('/')
        && !path.contains("//")
        && !path.contains("..")
        && path.bytes().all(plain)
        && !path.starts_with("/api/")
}

fn document(kind: EnvironmentKind, title: &str, class: &str, inside: &Markup) -> HttpResponse {
    let markup = html! {
        (DOCTYPE)
        html lang="en" data-env=(kind.as_str()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="icon" href="data:,";
                link rel="stylesheet" href=(assets::style_address());
                script type="module" src=(assets::script_address()) {}
            }
            body class=(class) { (inside) }
        }
    };
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .body(markup.into_string())
}

fn environment_name(seat: &Seat) -> &str {
    seat.environment.name.as_deref().unwrap_or(&seat.name)
}

fn kind_name(kind: EnvironmentKind) -> &'static str {
    match kind {
        EnvironmentKind::Production => "Production",
        EnvironmentKind::Test => "Test",
        EnvironmentKind::Training => "Training",
        EnvironmentKind::Other => "Other",
    }
}

/// The ways that lead somewhere, for him who looks.
fn ways<'w>(shell: &Shell, group: &'w [Way]) -> Vec<&'w Way> {
    let is_open = |path: &str| {
        let needs = route::needs_of_page(path);
        needs.is_some_and(|needs| shell.who.meets(needs).is_ok())
    };
    group.iter().filter(|(path, _)| is_open(path)).collect()
}

/// Whether a page belongs to a way of the sidebar.
fn is_at(shell: &Shell, way: &str) -> bool {
    let below = |way: &str| {
        shell.path.strip_prefix(way).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if way == "/" { shell.path == "/" } else { below(way) }
}

fn current(shell: &Shell, way: &str) -> Option<&'static str> {
    is_at(shell, way).then_some("page")
}

fn sidebar(shell: &Shell) -> Markup {
    html! {
        aside.side {
            a.brand href="/" { (PreEscaped(BRAND)) "Wardline" }
            p.env { b { (kind_name(shell.seat.environment.kind)) } span { (shell.environment()) } }
            nav.nav aria-label="Main" {
                @for (group, all) in &WAYS {
                    @let ways = ways(shell, all);
                    @if !ways.is_empty() {
                        h2 { (group) }
                        ul { @for (way, name) in ways {
                            li { a href=(way) aria-current=[current(shell, way)] { (name) (count_of(shell, way)) } }
                        } }
                    }
                }
            }
            div.foot {
                a href="/account" { (shell.who.name) }
                form method="post" action="/signout" { (shell.csrf()) button.btn-s { "Sign out" } }
                span { "Wardline " (env!("CARGO_PKG_VERSION")) }
            }
        }
    }
}

fn bar(shell: &Shell) -> Markup {
    let searches = !ways(shell, &[("/messages", "Messages")]).is_empty();
    html! {
        header.top {
            div.mobile-env { (PreEscaped(BRAND)) "Wardline" span.env { (kind_name(shell.seat.environment.kind)) " · " (shell.environment()) } }
            @if searches {
                form.search role="search" method="post" action=(FIND) {
                    (shell.csrf())
                    label.vh for="q" { "Search everything" }
                    svg aria-hidden="true" { use href="#find" {} }
                    input.in #q name="q" placeholder="Control id, patient, order, interface";
                    kbd { "/" }
                }
            }
            div.end { @if shell.is_live() { (live_mark()) } time datetime=(Timestamp::now()) { (clock()) } }
        }
    }
}

fn tabs(shell: &Shell) -> Markup {
    let all = WAYS.iter().flat_map(|(_, all)| ways(shell, all)).take(4);
    html! {
        nav.tabs-bottom aria-label="Main, short" {
            @for (way, name) in all { a href=(way) aria-current=[current(shell, way)] { (tab_of(shell, way)) (name) } }
            a href="/account" aria-current=[current(shell, "/account")] { b { "···" } "You" }
        }
    }
}

/// "Live", until the stream breaks: then the age of what is seen. Without script nothing is live, and it is not said.
fn live_mark() -> Markup {
    html! {
        span.live hidden {
            (sprite::shape("up"))
            span.l-live { "Live" }
            span.l-stale role="status" { "Stale" }
        }
    }
}

/// The number behind a way of the sidebar, in its place.
fn count_of(shell: &Shell, way: &str) -> Markup {
    let name = COUNTED.iter().find(|(one, ..)| *one == way).map(|one| one.1);
    html! { @if let Some(name) = name { (counted(shell, name)) } }
}

/// The same above a tab.
fn tab_of(shell: &Shell, way: &str) -> Markup {
    let name = COUNTED.iter().find(|(one, ..)| *one == way).map(|one| one.2);
    html! { @match name { Some(name) => (counted(shell, name)), None => b { "·" } } }
}

fn counted(shell: &Shell, name: &str) -> Markup {
    let seen = shell.seat.sampler.seen();
    let counts = seen.map(|snapshot| counts(&snapshot)).unwrap_or_default();
    let count = counts.into_iter().find(|(one, _)| *one == name).map(|(_, count)| count);
    html! { span.live-part id={ "live-" (name) } { @if let Some(count) = count { (count) } } }
}

/// Ways that have a number: its place in the sidebar and above the tab.
const COUNTED: [(&str, &str, &str); 4] = [
    ("/", "nav-overview", "tab-overview"),
    ("/interfaces", "nav-interfaces", "tab-interfaces"),
    ("/queues", "nav-queues", "tab-queues"),
    ("/dead", "nav-dead", "tab-dead"),
];

/// These numbers, as they are now.
pub(crate) fn counts(snapshot: &Snapshot) -> Vec<(&'static str, Markup)> {
    let number = |count: u64, is_hot: bool| {
        let class = if is_hot && count > 0 { "c hot" } else { "c" };
        html! { @if count > 0 { span class=(class) { (words::count(count)) } } }
    };
    let tab =
        |count: u64, is_hot: bool| html! { b.hot[is_hot && count > 0] { (words::count(count)) } };
    let needing = attention::needing(&attention::rows(snapshot));
    let interfaces = snapshot.interfaces.len() as u64;
    let (queued, dead) = (snapshot.queued(), snapshot.dead());
    vec![
        ("nav-overview", number(needing, true)),
        ("tab-overview", tab(needing, true)),
        ("nav-interfaces", number(interfaces, false)),
        ("tab-interfaces", tab(interfaces, false)),
        ("nav-queues", number(queued, false)),
        ("tab-queues", tab(queued, false)),
        ("nav-dead", number(dead, true)),
        ("tab-dead", tab(dead, true)),
    ]
}

/// The clock of the server: a page that is stale tells its age.
fn clock() -> String {
    jiff::Zoned::now().strftime("%a %d %b %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::is_way_back;

    #[test]
    fn only_a_path_of_ours_is_a_way_back() {
        for (path, expected) in [
            ("/", true),
            ("/queues/lis", true),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("https://evil.example", false),
            ("/queues?patient=1", false),
            ("/a/../b", false),
            ("/a//b", false),
            ("/%2f%2fevil", false),
            ("/api/v1/status", false),
            ("", false),
        ] {
            assert_eq!(is_way_back(path), expected, "{path}");
        }
    }
}
