//! What is measured, each beside its reference (`docs/performance.md` says how to read it).

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use wardline_engine::control::protocol::Request;

use super::ceiling;
use super::child::Child;
use super::engine::{DESTINATION, Engine, Site};
use super::error::BenchError;
use super::load::{Answer, Carried, Load, per_second};
use super::pair::{Pair, median};
use super::sink::Sink;

/// The size of a usual message, bytes.
const SMALL: usize = 600;
/// The size of a message that carries a document, bytes.
const LARGE: usize = 100 * 1024;
/// Connections of a busy hospital's engine.
const CONNECTIONS: usize = 16;
/// How long what is queued may take to be delivered when a measurement waits for all of it.
const DELIVERY_TIME: Duration = Duration::from_secs(300);
/// Before deliveries are counted: the connection is opened, caches are warmed.
const WARM_UP: Duration = Duration::from_millis(300);
/// Between two looks at a count.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

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

/// One line of the table.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// What the engine did.
    pub(super) work: String,
    /// What stands beside it.
    pub(super) beside: &'static str,
    /// Messages a second.
    pub(super) per_second: Pair,
    /// The ratio to reach.
    pub(super) target: f64,
    /// Within so many microseconds 99 of 100 answers of the engine came; the median of the turns.
    pub(super) p99_microseconds: Option<f64>,
    /// Processor time of the engine for one message, all threads.
    pub(super) microseconds_per_message: f64,
    /// Bytes the engine had the disk write for one message.
    pub(super) written_per_message: f64,
}

/// Sums over the turns of one engine.
#[derive(Default)]
struct Cost {
    messages: u64,
    processor_time: Duration,
    written: u64,
    p99: Vec<f64>,
}

impl Effort<'_> {
    fn load(&self, engine: &Engine, connections: usize, size: usize) -> Load {
        let answer = Answer::Accepted;
        Load { to: engine.address, connections, size, answer, lasting: self.turn }
    }

    /// Receive, parse the header, answer; nothing stored.
    pub(super) fn receive(&self, large: bool) -> Result<Row, BenchError> {
        let (size, target) = if large { (LARGE, 0.7) } else { (SMALL, 0.85) };
        let engine = Engine::start(self.folder, "receive", Site::Discard)?;
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
        Ok(cost.row(work, "bare tokio echo of the same bytes", pair, target))
    }

    /// Receive, store, queue, answer.
    pub(super) fn durable(&self, connections: usize, target: f64) -> Result<Row, BenchError> {
        let engine = Engine::start(self.folder, "durable", Site::Queue)?;
        let load = self.load(&engine, connections, SMALL);
        let mut cost = Cost::default();
        let pair = Pair::measure(
            self.turns,
            || ceiling::records_per_second(self.folder, connections, SMALL, self.turn),
            || {
                let carried = cost.of(&engine, || load.run());
                engine.settle()?;
                carried
            },
        )?;
        let work = format!("durable receive and queue, {SMALL} B, {connections} connections");
        Ok(cost.row(work, "the same records appended to a file, a sync per group", pair, target))
    }

    /// Deliver what is queued, in one lane.
    pub(super) fn lane(&self) -> Result<Row, BenchError> {
        let sink = Sink::start().map_err(BenchError::Network)?;
        let engine = Engine::start(self.folder, "lane", Site::Lane(sink.address))?;
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
        Ok(cost.row(work, "ping-pong of the same bytes on a bare connection", pair, 0.5))
    }

    /// Receive, store, route, deliver.
    pub(super) fn end_to_end(&self) -> Result<Row, BenchError> {
        let sink = Sink::start().map_err(BenchError::Network)?;
        let alone = Engine::start(self.folder, "alone", Site::Queue)?;
        let through = Engine::start(self.folder, "through", Site::Pool(sink.address))?;
        let (load_alone, load) =
            (self.load(&alone, CONNECTIONS, SMALL), self.load(&through, CONNECTIONS, SMALL));
        let mut cost = Cost::default();
        let pair = Pair::measure(
            self.turns,
            || {
                let carried = load_alone.run()?.per_second;
                alone.settle()?;
                Ok(carried)
            },
            || cost.of(&through, || carry_through(&load, &sink)),
        )?;
        let work =
            format!("receive, store, route, deliver, {SMALL} B, {CONNECTIONS} in, pool of 4 out");
        Ok(cost.row(work, "durable receive and queue alone", pair, 0.5))
    }
}

/// Loads, waits until all of it has been delivered, and counts from the first byte in to the last message out.
fn carry_through(load: &Load, sink: &Sink) -> Result<Carried, BenchError> {
    let (begun, before) = (Instant::now(), sink.taken());
    let carried = load.run()?;
    let deadline = Instant::now() + DELIVERY_TIME;
    while sink.taken() < before + carried.messages {
        if Instant::now() > deadline {
            return Err(BenchError::NotDelivered);
        }
        thread::sleep(LOOK_AGAIN);
    }
    Ok(Carried { per_second: per_second(carried.messages, begun.elapsed()), ..carried })
}

fn hold(engine: &Engine) -> Result<(), BenchError> {
    let (destination, by) = (DESTINATION.to_owned(), "bench".to_owned());
    engine.ask(&Request::Hold { destination, by, reason: "measuring".to_owned() }).map(drop)
}

fn release(engine: &Engine) -> Result<(), BenchError> {
    let (destination, by) = (DESTINATION.to_owned(), "bench".to_owned());
    engine.ask(&Request::Retry { destination, by }).map(drop)
}

impl Cost {
    /// Does the work and adds what it cost; its rate.
    #[expect(clippy::cast_precision_loss, reason = "a latency needs no more digits")]
    fn of(
        &mut self,
        engine: &Engine,
        work: impl FnOnce() -> Result<Carried, BenchError>,
    ) -> Result<f64, BenchError> {
        let process = engine.child.process();
        let (time, written) = (process.processor_time()?, process.written()?);
        let carried = work()?;
        self.processor_time += process.processor_time()?.saturating_sub(time);
        self.written += process.written()?.saturating_sub(written);
        self.messages += carried.messages;
        self.p99.extend(carried.p99.map(|microseconds| microseconds as f64));
        Ok(carried.per_second)
    }

    /// Counts deliveries until the time is over or nothing is left; their rate.
    fn of_deliveries(
        &mut self,
        engine: &Engine,
        sink: &Sink,
        lasting: Duration,
    ) -> Result<f64, BenchError> {
        self.of(engine, || {
            thread::sleep(WARM_UP);
            let (begun, before) = (Instant::now(), sink.taken());
            let (mut last, mut taken) = (begun, before);
            while begun.elapsed() < lasting {
                thread::sleep(LOOK_AGAIN);
                let now = sink.taken();
                if now > taken {
                    (last, taken) = (Instant::now(), now);
                } else if last.elapsed() > WARM_UP {
                    break;
                }
            }
            if taken == before {
                return Err(BenchError::NotDelivered);
            }
            let per_second = per_second(taken - before, last - begun);
            Ok(Carried { per_second, messages: taken - before, p99: None })
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    fn row(self, work: String, beside: &'static str, per_second: Pair, target: f64) -> Row {
        let messages = self.messages.max(1) as f64;
        Row {
            work,
            beside,
            per_second,
            target,
            p99_microseconds: (!self.p99.is_empty()).then(|| median(self.p99)),
            microseconds_per_message: self.processor_time.as_secs_f64() * 1e6 / messages,
            written_per_message: self.written as f64 / messages,
        }
    }
}
