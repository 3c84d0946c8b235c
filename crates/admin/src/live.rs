//! The live stream: one for each open page, by server-sent events. What changed of a page goes to it as a fragment with the
//! name of its place; the module of the page puts it there.
//!
//! ```text
//!   sampler ──a look every 2 s──▶ stream: draws its page's fragments, sends those that differ from what it sent last
//!                                    └ nothing to say: the clock, so that a page knows that it is not stale
//! ```
//!
//! A stream holds what it has sent as one number a fragment, and draws only when its reader has taken what came before: a
//! slow browser misses looks, and memory stays flat. It ends by itself after [`LONGEST`]; the browser opens another.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Bytes, Data, Query};
use jiff::tz::TimeZone;
use maud::Markup;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use crate::access::{Digest, Right};
use crate::door::{By, Who};
use crate::fault::Fault;
use crate::pages::hand::Hand;
use crate::pages::views::View;
use crate::route::Route;
use crate::seat::{AtSeat, Seat};
use crate::watch::snapshot::Snapshot;
use crate::words;

/// Streams at one time: every person on call with a handful of tabs each.
const MOST_STREAMS: usize = 64;
/// Streams of one user or token: nobody takes the places of all.
const MOST_OF_ONE: usize = 8;
/// How long one stream goes on: who may no longer come in is not told of anything for longer than this.
const LONGEST: Duration = Duration::from_secs(10 * 60);
/// How long nothing may be said: proxies end what is silent, and a page that hears nothing is stale.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// After how many milliseconds a browser opens another stream where one has ended.
const AGAIN_MS: u32 = 2000;

/// From so many bytes on a part is large: the tables of some hundred interfaces, in which some number changes at each look.
const LARGE: usize = 32 * 1024;
/// How often such a part is sent at the most.
const LARGE_EVERY: Duration = Duration::from_secs(10);

/// Where pages listen.
pub(crate) const LIVE: &str = "/live";

/// The places there are, and who has how many of them.
pub(crate) struct Places {
    all: Arc<Semaphore>,
    taken: Arc<Mutex<HashMap<Arc<str>, usize>>>,
}

/// One place; dropping it gives it back.
struct Place {
    _one_of_all: OwnedSemaphorePermit,
    who: Arc<str>,
    taken: Arc<Mutex<HashMap<Arc<str>, usize>>>,
}

impl Default for Places {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(MOST_STREAMS)), taken: Arc::default() }
    }
}

impl Places {
    /// A place for this user or token; none where he has as many as one may, or all are taken.
    fn take(&self, who: &Arc<str>) -> Option<Place> {
        let one_of_all = Arc::clone(&self.all).try_acquire_owned().ok()?;
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let his = taken.entry(Arc::clone(who)).or_default();
        if *his >= MOST_OF_ONE {
            return None;
        }
        *his += 1;
        let (who, taken) = (Arc::clone(who), Arc::clone(&self.taken));
        Some(Place { _one_of_all: one_of_all, who, taken })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(his) = taken.get_mut(&self.who) {
            *his -= 1;
            if *his == 0 {
                taken.remove(&self.who);
            }
        }
    }
}

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get(LIVE, Right::See, live)]
}

/// Which page listens.
#[derive(Debug, Deserialize)]
struct Listens {
    /// Its path and query.
    at: String,
}

async fn live(seat: AtSeat, who: Who, listens: Query<Listens>) -> Result<HttpResponse, Fault> {
    let place = seat.streams.take(&who.name).ok_or(Fault::TooManyStreams)?;
    let stream = Stream {
        looks: seat.sampler.subscribe(),
        seat: seat.0.clone(),
        view: View::of_address(&listens.at),
        session: match &who.by {
            By::Session { digest, .. } => Some(*digest),
            By::Token => None,
        },
        hand: Hand::of(&who),
        sent: HashMap::new(),
        zone: TimeZone::system(),
        until: Instant::now() + LONGEST,
        greeted: false,
        _place: place,
    };
    let events = futures_util::stream::unfold(stream, |mut stream| async move {
        let events = stream.next().await?;
        Some((Ok::<Bytes, Fault>(events), stream))
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(events))
}

/// One open page.
struct Stream {
    looks: watch::Receiver<Option<Arc<Snapshot>>>,
    seat: Data<Seat>,
    view: View,
    /// The browser's: it ends the stream when it ends.
    session: Option<Digest>,
    hand: Hand,
    /// What was sent of each place.
    sent: Sent,
    zone: TimeZone,
    until: Instant,
    greeted: bool,
    _place: Place,
}

impl Stream {
    /// What is said next; none when it is over.
    async fn next(&mut self) -> Option<Bytes> {
        if !std::mem::replace(&mut self.greeted, true) {
            return Some(Bytes::from(format!("retry: {AGAIN_MS}\n\n")));
        }
        if Instant::now() >= self.until {
            return None;
        }
        match tokio::time::timeout(HEARTBEAT, self.looks.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_sampler_gone)) => return None,
            // The engine did not answer in time: the page learns that it is stale.
            Err(_elapsed) => return Some(Bytes::from_static(b": nothing new\n\n")),
        }
        if let Some(session) = &self.session {
            let rights = self.seat.access.rights_by_now(session);
            let rights = rights.filter(|rights| rights.has(Right::See))?;
            self.hand.may_operate = rights.has(Right::Operate);
            self.hand.may_read = rights.has(Right::Content);
        }
        let snapshot = self.looks.borrow_and_update().clone()?;
        let parts = self.view.fragments(&self.seat, &snapshot, &self.hand, &self.zone).await;
        Some(Bytes::from(events(&mut self.sent, parts, &snapshot, (&self.zone, Instant::now()))))
    }
}

/// Of each place, what was sent last, and when.
type Sent = HashMap<&'static str, (u64, Instant)>;

/// What differs from what was sent, and the clock. A part that is large differs nearly always, and waits for its time.
fn events(
    sent: &mut Sent,
    parts: Vec<(&'static str, Markup)>,
    snapshot: &Snapshot,
    (zone, now): (&TimeZone, Instant),
) -> String {
    let mut events = String::new();
    for (name, part) in parts {
        let part = part.into_string();
        let mut hasher = DefaultHasher::new();
        part.hash(&mut hasher);
        let is_due = sent.get(name).is_none_or(|(before, at)| {
            *before != hasher.finish()
                && (part.len() < LARGE || now.duration_since(*at) >= LARGE_EVERY)
        });
        if is_due {
            sent.insert(name, (hasher.finish(), now));
            event(&mut events, "part", &[name, &part]);
        }
    }
    let clock = words::whole_clock(snapshot.at, zone);
    event(&mut events, "clock", &[&snapshot.at.to_string(), &clock]);
    events
}

/// One event; its lines are its data. Markup has no line end of its own but what a person wrote, which is as good a space.
fn event(events: &mut String, name: &str, data: &[&str]) {
    events.push_str("event: ");
    events.push_str(name);
    for line in data {
        events.push_str("\ndata: ");
        events.extend(line.chars().map(|one| if one == '\n' || one == '\r' { ' ' } else { one }));
    }
    events.push_str("\n\n");
}

#[cfg(test)]
mod tests {
    use maud::html;

    use super::*;
    use crate::watch::testing::seen;

    #[test]
    fn nobody_takes_the_places_of_all_and_a_place_that_is_left_is_free() {
        let places = Places::default();
        let (ann, bob): (Arc<str>, Arc<str>) = ("ann".into(), "bob".into());
        let mut of_ann: Vec<_> = std::iter::from_fn(|| places.take(&ann)).take(100).collect();
        assert_eq!(of_ann.len(), MOST_OF_ONE);
        assert!(places.take(&bob).is_some());
        of_ann.pop();
        assert!(places.take(&ann).is_some());
        drop(of_ann);
        assert!(places.taken.lock().expect("whole").is_empty(), "nobody is remembered for ever");
    }

    #[test]
    fn only_what_changed_is_sent_and_the_clock_always() {
        let mut sent = HashMap::new();
        let snapshot = seen("2026-11-21T03:12:08Z", vec![], vec![]);
        let mut say = |text: &str| {
            let parts =
                vec![("head", html! { p { "as before" } }), ("table", html! { p { (text) } })];
            events(&mut sent, parts, &snapshot, (&TimeZone::UTC, Instant::now()))
        };
        assert_eq!(say("one").matches("event: part").count(), 2);
        let second = say("two");
        assert_eq!(second.matches("event: part").count(), 1);
        assert!(second.starts_with("event: part\ndata: table\ndata: <p>two</p>\n\n"), "{second}");
        assert!(second.ends_with("data: Sat 21 Nov 03:12:08\n\n"), "{second}");
        assert!(!say("two").contains("event: part"));
    }

    #[test]
    fn a_large_part_is_sent_at_its_time_and_then_as_it_is_by_then() {
        let (mut sent, began) = (HashMap::new(), Instant::now());
        let snapshot = seen("2026-11-21T03:12:08Z", vec![], vec![]);
        let mut say = |text: &str, seconds: u64| {
            let rows = text.repeat(LARGE);
            let parts = vec![("head", html! { p { (text) } }), ("table", html! { p { (rows) } })];
            let now = began + Duration::from_secs(seconds);
            let said = events(&mut sent, parts, &snapshot, (&TimeZone::UTC, now));
            (said.contains("data: head"), said.contains("data: table"))
        };
        assert_eq!(say("a", 0), (true, true), "the first");
        assert_eq!(say("b", 2), (true, false), "what is small does not wait");
        assert_eq!(say("c", LARGE_EVERY.as_secs()), (true, true));
        assert_eq!(say("c", 2 * LARGE_EVERY.as_secs()), (false, false), "nothing is new");
    }

    #[test]
    fn no_text_of_a_person_ends_an_event() {
        let mut sent = HashMap::new();
        let snapshot = seen("2026-11-21T03:12:08Z", vec![], vec![]);
        let parts = vec![("head", html! { p { "a\n\nevent: part\r\ndata: x" } })];
        let said = events(&mut sent, parts, &snapshot, (&TimeZone::UTC, Instant::now()));
        assert_eq!(said.matches("\n\n").count(), 2, "{said}");
        assert_eq!(
            said.lines().filter(|line| line.starts_with("event: part")).count(),
            1,
            "{said}"
        );
    }
}
