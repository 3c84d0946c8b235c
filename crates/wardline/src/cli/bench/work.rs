//! What is measured, each beside its reference (`docs/performance.md` says how to read it).

use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use wardline_engine::control::protocol::Request;
use wardline_store::ceiling;

use super::child::Child;
use super::engine::Engine;
use super::error::BenchError;
use super::load::{Answer, Load};
use super::pair::Pair;
use super::row::{Cost, Row, Target};
use super::sink::Sink;
use super::site::{NOBODY, Site, name};

/// The size of a usual message, bytes.
pub(super) const SMALL: usize = 600;
/// The size of a message that carries a document, bytes.
const LARGE: usize = 100 * 1024;
/// Connections of a busy hospital's engine.
pub(super) const CONNECTIONS: usize = 16;

/// Destinations of a site of which one is dead.
const DESTINATIONS: usize = 10;
/// Between two messages of one connection where latency is measured: 800 messages a second in all.
const USUAL_INTERVAL: Duration = Duration::from_millis(20);
/// Latencies scatter more than rates: so many turns at least.
const LATENCY_TURNS: u32 = 5;
/// Many messages that wait.
pub(super) const MANY: u64 = 1_000_000;
/// The queue is filled in pieces of this.
const FILLING_TURN: Duration = Duration::from_secs(5);

/// How long and how often.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort<'a> {
    /// Where files go.
    pub(super) folder: &'a Path,
    /// What one turn lasts.
    pub(super) turn: Duration,
    /// Turns of each pair.
    pub(super) turns: u32,
}

/// A start with many messages waiting.
#[derive(Debug, Serialize)]
pub(super) struct Queued {
    /// How many.
    pub(super) messages: u64,
    /// From the start of the process until it took a connection; target 5000.
    pub(super) listening_after_milliseconds: f64,
}

impl Effort<'_> {
    pub(super) fn load(&self, engine: &Engine, connections: usize, size: usize) -> Load {
        let answer = Answer::Accepted;
        Load { to: engine.address, connections, size, answer, lasting: self.turn, every: None }
    }

    /// Syncs a second.
    pub(super) fn syncs(&self) -> Result<f64, BenchError> {
        ceiling::syncs_per_second(self.folder, self.turn).map_err(BenchError::Disk)
    }

    /// Records a second that so many producers make durable together.
    fn ceiling(&self, producers: usize) -> Result<f64, BenchError> {
        let load = ceiling::Load { producers, body_bytes: SMALL, duration: self.turn };
        ceiling::appends_per_second(self.folder, load).map_err(BenchError::Disk)
    }

    /// Receive, parse the header, answer; nothing stored.
    pub(super) fn receive(&self, large: bool) -> Result<Row, BenchError> {
        let (size, target) = if large { (LARGE, 0.7) } else { (SMALL, 0.85) };
        let engine = Engine::start(self.folder, "receive", &Site::Discard)?;
        let (_echo, echo) = Child::start_echo()?;
        let load = self.load(&engine, CONNECTIONS, size);
        let mut cost = Cost::default();
        let pair = Pair::measure(
            self.turns,
            || Ok(Load { to: echo, answer: Answer::Echo, ..load }.run()?.per_second),
            || cost.of(&engine, || load.run()),
        )?;
        let work =
            format!("receive and answer, nothing stored, {size} B, {CONNECTIONS} connections");
        Ok(cost.row(work, "bare tokio echo of the same bytes", pair, Target::AtLeast(target)))
    }

    /// Receive, store, queue, answer.
    pub(super) fn durable(&self, connections: usize, target: f64) -> Result<Row, BenchError> {
        let engine = Engine::start(self.folder, "durable", &Site::Queue)?;
        let load = self.load(&engine, connections, SMALL);
        let mut cost = Cost::default();
        let pair = Pair::measure(
            self.turns,
            || self.ceiling(connections),
            || {
                let carried = cost.of(&engine, || load.run());
                engine.settle()?;
                carried
            },
        )?;
        let work = format!("durable receive and queue, {SMALL} B, {connections} connections");
        Ok(cost.row(
            work,
            "the same records appended to a file, a sync per group",
            pair,
            Target::AtLeast(target),
        ))
    }

    /// Deliver what is queued, in one lane.
    pub(super) fn lane(&self) -> Result<Row, BenchError> {
        let sink = Sink::start().map_err(BenchError::Network)?;
        let engine = Engine::start(self.folder, "lane", &Site::Lanes(vec![sink.address]))?;
        let (_echo, echo) = Child::start_echo()?;
        let load = self.load(&engine, CONNECTIONS, SMALL);
        let mut cost = Cost::default();
        let pair = Pair::measure(
            self.turns,
            || {
                Ok(Load { to: echo, connections: 1, answer: Answer::Echo, ..load }
                    .run()?
                    .per_second)
            },
            || {
                hold(&engine)?;
                load.run()?;
                engine.settle()?;
                release(&engine)?;
                cost.of_deliveries(&engine, &sink, self.turn)
            },
        )?;
        let work = format!("deliver what is queued in one lane, {SMALL} B");
        Ok(cost.row(
            work,
            "ping-pong of the same bytes on a bare connection",
            pair,
            Target::AtLeast(0.5),
        ))
    }

    /// What one dead destination does to the senders of ten.
    pub(super) fn dead_destination(&self) -> Result<Row, BenchError> {
        let sinks: Vec<Sink> = (0..DESTINATIONS)
            .map(|_| Sink::start())
            .collect::<Result<_, _>>()
            .map_err(BenchError::Network)?;
        let mut peers: Vec<_> = sinks.iter().map(|sink| sink.address).collect();
        let good = Engine::start(self.folder, "good", &Site::Lanes(peers.clone()))?;
        peers.truncate(DESTINATIONS - 1);
        peers.push(NOBODY);
        let one_dead = Engine::start(self.folder, "one-dead", &Site::Lanes(peers))?;
        let every = Some(USUAL_INTERVAL);
        let load_good = Load { every, ..self.load(&good, CONNECTIONS, SMALL) };
        let load = Load { every, ..self.load(&one_dead, CONNECTIONS, SMALL) };
        let mut cost = Cost::default();
        let pair = Pair::measure(
            self.turns.max(LATENCY_TURNS),
            || load_good.run().map(|carried| carried.latency()),
            || {
                let mut latency = 0.0;
                cost.of(&one_dead, || {
                    let carried = load.run()?;
                    latency = carried.latency();
                    Ok(carried)
                })?;
                Ok(latency)
            },
        )?;
        let work =
            format!("one dead destination of {DESTINATIONS}, {SMALL} B: µs of the p99 answer");
        Ok(cost.row(work, "the same with all of them good", pair, Target::AtMost(1.25)))
    }

    /// How the engine takes in messages when very many wait, and how it starts with them.
    pub(super) fn queued(&self) -> Result<(Row, Queued), BenchError> {
        let empty = Engine::start(self.folder, "empty", &Site::Queue)?;
        let mut full = Engine::start(self.folder, "full", &Site::Queue)?;
        let (load_empty, load) =
            (self.load(&empty, CONNECTIONS, SMALL), self.load(&full, CONNECTIONS, SMALL));
        let mut messages = 0;
        while messages < MANY {
            messages += Load { lasting: FILLING_TURN, ..load }.run()?.messages;
        }
        full.settle()?;
        full.restart()?;
        let listening_after_milliseconds = full.listening_after.as_secs_f64() * 1000.0;
        let mut cost = Cost::default();
        let pair = Pair::measure(
            self.turns,
            || load_empty.run().map(|carried| carried.per_second),
            || cost.of(&full, || load.run()),
        )?;
        let work = format!("durable receive while {MANY} messages wait");
        let row = cost.row(work, "the same on an empty queue", pair, Target::AtLeast(0.9));
        Ok((row, Queued { messages, listening_after_milliseconds }))
    }
}

pub(super) fn hold(engine: &Engine) -> Result<(), BenchError> {
    let (destination, by) = (name(0), "bench".to_owned());
    engine.ask(&Request::Hold { destination, by, reason: "measuring".to_owned() }).map(drop)
}

pub(super) fn release(engine: &Engine) -> Result<(), BenchError> {
    let (destination, by) = (name(0), "bench".to_owned());
    engine.ask(&Request::Retry { destination, by }).map(drop)
}
