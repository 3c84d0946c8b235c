//! The seat of the operator: how soon the page answers over many interfaces and a long history, whether its streams go on
//! evenly, and what it costs the messages that somebody looks.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use wardline_engine::control::protocol::{MessageId, MessageRow, MessageSearch, Request, Response};

use super::engine::Engine;
use super::error::BenchError;
use super::load::Load;
use super::page::{Open, Page};
use super::pair::{Pair, median};
use super::row::{Cost, Row, Target};
use super::sink::Sink;
use super::site::Site;
use super::work::{CONNECTIONS, Effort, MANY, SMALL};

/// Interfaces of a large hospital: half of them listeners, half destinations.
const INTERFACES: usize = 500;
/// How long one listener is loaded while the history is filled.
const FILLING_TURN: Duration = Duration::from_secs(5);
/// How long the history may take to come level with the journal.
const HISTORY_TIME: Duration = Duration::from_secs(300);
/// Between two looks whether it has.
const ASK_AGAIN: Duration = Duration::from_millis(100);
/// How often each page is asked for.
const LOOKS: u32 = 50;
/// From one message number whose control id is looked for to the next: all over the history, in no order.
const STRIDE: u64 = 618_033;
/// What a screen may take.
const SCREEN_TARGET: f64 = 100.0;
/// How long streams are listened to.
const STREAM_TIME: Duration = Duration::from_secs(600);
/// When memory is first looked at: what a page takes once has been taken.
const FIRST_LOOK: Duration = Duration::from_secs(60);
/// From one message to the next of each of the sixteen connections while streams are listened to: 160 a second.
const STREAM_INTERVAL: Duration = Duration::from_millis(100);
/// The pages that people have open: two on the overview, one on each list.
const OPEN_PAGES: [&str; 5] = ["/", "/", "/interfaces", "/queues", "/messages"];
/// The overview as a person asks for it.
const OVERVIEW: &str = "/";

/// The page over many interfaces and a long history.
#[derive(Debug, Serialize)]
pub(super) struct Seat {
    interfaces: usize,
    messages: u64,
    /// Each screen by name.
    screens: BTreeMap<&'static str, Screen>,
    streams: Streams,
}

/// How soon a screen is there, milliseconds; target 100.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Screen {
    median: f64,
    longest: f64,
}

/// Ten minutes of streams while messages flow.
#[derive(Debug, Serialize)]
pub(super) struct Streams {
    open: usize,
    seconds: u64,
    looks: u64,
    bytes: u64,
    longest_silence_milliseconds: u64,
    resident_bytes_after_a_minute: u64,
    resident_bytes_at_the_end: u64,
}

impl Seat {
    /// In sentences.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "{} interfaces, {} messages in the history:",
            self.interfaces,
            super::super::amounts::count(self.messages)
        )];
        lines.extend(self.screens.iter().map(|(name, screen)| {
            format!(
                "  {name}: {:.1} ms, at most {:.1} (target {SCREEN_TARGET:.0})",
                screen.median, screen.longest
            )
        }));
        let streams = &self.streams;
        let size = super::super::amounts::size;
        lines.push(format!(
            "  {} streams for {} s: {} looks, {}, at most {} ms apart; resident {} after a minute, {} at the end",
            streams.open,
            streams.seconds,
            super::super::amounts::count(streams.looks),
            size(streams.bytes),
            streams.longest_silence_milliseconds,
            size(streams.resident_bytes_after_a_minute),
            size(streams.resident_bytes_at_the_end),
        ));
        lines
    }
}

impl Effort<'_> {
    /// Screens and streams over many interfaces and a long history.
    pub(super) fn seat(&self) -> Result<Seat, BenchError> {
        let sink = Sink::start().map_err(BenchError::Network)?;
        let site = Site::Hospital { peer: sink.address, interfaces: INTERFACES };
        let engine = Engine::start(self.folder, "seat", &site)?;
        let page = engine.page()?;
        let listeners = listening(&engine)?;
        let mut messages = 0;
        for listener in listeners.iter().cycle() {
            if messages >= MANY {
                break;
            }
            let load = Load {
                to: *listener,
                lasting: FILLING_TURN,
                ..self.load(&engine, CONNECTIONS, SMALL)
            };
            messages += load.run()?.messages;
        }
        engine.settle()?;
        remembered(&engine)?;
        let newest = row_before(&engine, u64::MAX)?.message.get();
        let mut screens = BTreeMap::new();
        screens.insert("overview", screen(|_| Ok(page.get(OVERVIEW)?.1))?);
        screens.insert("interfaces", screen(|_| Ok(page.get("/interfaces")?.1))?);
        screens.insert("newest messages", screen(|_| Ok(page.get("/messages")?.1))?);
        screens.insert(
            "one control id",
            screen(|look| {
                let number = u64::from(look + 1).wrapping_mul(STRIDE) % newest.max(1);
                let id = row_before(&engine, number)?.control_id;
                let (found, time) =
                    page.get(&format!("/api/v1/messages?key=control-id:{id}&limit=10"))?;
                let is_found = found.windows(id.len()).any(|window| window == id.as_bytes());
                if is_found { Ok(time) } else { Err(BenchError::NotFound) }
            })?,
        );
        let streams = self.streams(&engine, &page)?;
        Ok(Seat { interfaces: INTERFACES, messages, screens, streams })
    }

    /// Listens to the streams of open pages while messages come.
    fn streams(&self, engine: &Engine, page: &Page) -> Result<Streams, BenchError> {
        let process = engine.child.process();
        let open = Open::at(page, &OPEN_PAGES);
        let load = Load { every: Some(STREAM_INTERVAL), ..self.load(engine, CONNECTIONS, SMALL) };
        Load { lasting: FIRST_LOOK, ..load }.run()?;
        let after_a_minute = process.resident()?;
        Load { lasting: STREAM_TIME.saturating_sub(FIRST_LOOK), ..load }.run()?;
        let at_the_end = process.resident()?;
        let heard = open.close()?;
        Ok(Streams {
            open: OPEN_PAGES.len(),
            seconds: STREAM_TIME.as_secs(),
            looks: heard.looks,
            bytes: heard.bytes,
            longest_silence_milliseconds: u64::try_from(heard.longest_silence.as_millis())
                .unwrap_or(u64::MAX),
            resident_bytes_after_a_minute: after_a_minute,
            resident_bytes_at_the_end: at_the_end,
        })
    }

    /// Durable receive with the history kept and pages open, beside the same with neither.
    pub(super) fn watched(&self) -> Result<Row, BenchError> {
        let alone = Engine::start(self.folder, "unwatched", &Site::Forgetful)?;
        let watched = Engine::start(self.folder, "watched", &Site::Watched)?;
        let (load_alone, load) =
            (self.load(&alone, CONNECTIONS, SMALL), self.load(&watched, CONNECTIONS, SMALL));
        let open = Open::at(&watched.page()?, &OPEN_PAGES);
        let mut cost = Cost::default();
        let pair = Pair::measure(
            self.turns,
            || {
                let carried = load_alone.run()?.per_second;
                alone.settle()?;
                Ok(carried)
            },
            || {
                let carried = cost.of(&watched, || load.run())?;
                watched.settle()?;
                remembered(&watched)?;
                Ok(carried)
            },
        )?;
        open.close()?;
        let work = format!(
            "durable receive, {CONNECTIONS} connections, with the history and {} open pages",
            OPEN_PAGES.len()
        );
        Ok(cost.row(work, "the same with neither", pair, Target::AtLeast(0.8)))
    }
}

/// Where each listener takes messages.
fn listening(engine: &Engine) -> Result<Vec<std::net::SocketAddr>, BenchError> {
    let listeners = engine.status()?.listeners;
    let addresses = listeners.iter().map(|listener| listener.address.parse());
    addresses.collect::<Result<_, _>>().map_err(|_| BenchError::NotUp { said: String::new() })
}

/// Waits until the history is level with the journal.
fn remembered(engine: &Engine) -> Result<(), BenchError> {
    let deadline = Instant::now() + HISTORY_TIME;
    while behind(engine)? > 0 {
        if Instant::now() > deadline {
            return Err(BenchError::HistoryBehind);
        }
        thread::sleep(ASK_AGAIN);
    }
    Ok(())
}

fn behind(engine: &Engine) -> Result<u64, BenchError> {
    let any = MessageSearch { limit: 1, ..MessageSearch::default() };
    match engine.ask(&Request::Search(any))? {
        Response::Messages { behind, .. } => Ok(behind),
        _ => Err(BenchError::NotFound),
    }
}

/// The newest message before this number.
fn row_before(engine: &Engine, number: u64) -> Result<MessageRow, BenchError> {
    let before = MessageId::from_number(number.max(2));
    let one = MessageSearch { before, limit: 1, ..MessageSearch::default() };
    match engine.ask(&Request::Search(one))? {
        Response::Messages { messages, .. } => {
            messages.into_iter().next().ok_or(BenchError::NotFound)
        }
        _ => Err(BenchError::NotFound),
    }
}

/// Asks for a screen many times.
fn screen(mut ask: impl FnMut(u32) -> Result<Duration, BenchError>) -> Result<Screen, BenchError> {
    let mut times = Vec::new();
    for look in 0..LOOKS {
        times.push(ask(look)?.as_secs_f64() * 1000.0);
    }
    let longest = times.iter().copied().fold(0.0, f64::max);
    Ok(Screen { median: median(times), longest })
}
