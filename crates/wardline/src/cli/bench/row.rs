//! A line of the table, and what the engine paid for it.

use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::engine::Engine;
use super::error::BenchError;
use super::load::{Carried, per_second};
use super::pair::{Pair, median};
use super::sink::Sink;

/// Before deliveries are counted: the connection is opened, caches are warmed.
const WARM_UP: Duration = Duration::from_millis(300);
/// Between two looks at a count.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// One line of the table.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// What the engine did.
    pub(super) work: String,
    /// What stands beside it.
    pub(super) beside: &'static str,
    /// Messages a second, or the latency that the work names.
    pub(super) figures: Pair,
    /// What the ratio should be.
    pub(super) target: Target,
    /// Within so many microseconds 99 of 100 answers of the engine came; the median of the turns.
    pub(super) p99_microseconds: Option<f64>,
    /// Processor time of the engine for one message, all threads.
    pub(super) microseconds_per_message: f64,
    /// Bytes of its journal for one message, accept and outcomes.
    pub(super) journal_bytes_per_message: f64,
    /// Bytes the engine had the disk write for one message: journal, filling ahead, index. In a short run the
    /// filling of the first segments weighs most.
    pub(super) disk_bytes_per_message: f64,
}

/// What a ratio should be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Target {
    /// A rate.
    AtLeast(f64),
    /// A latency.
    AtMost(f64),
}

impl Target {
    /// Whether this ratio reaches it.
    pub(super) fn is_reached_by(self, ratio: f64) -> bool {
        match self {
            Self::AtLeast(least) => ratio >= least,
            Self::AtMost(most) => ratio <= most,
        }
    }
}

/// Sums over the turns of one engine.
#[derive(Default)]
pub(super) struct Cost {
    messages: u64,
    processor_time: Duration,
    journal: u64,
    disk: u64,
    p99: Vec<f64>,
}

impl Cost {
    /// Does the work and adds what it cost; its rate.
    pub(super) fn of(
        &mut self,
        engine: &Engine,
        work: impl FnOnce() -> Result<Carried, BenchError>,
    ) -> Result<f64, BenchError> {
        let process = engine.child.process();
        let journal = engine.store()?.written_bytes;
        let (time, disk) = (process.processor_time()?, process.written()?);
        let carried = work()?;
        self.processor_time += process.processor_time()?.saturating_sub(time);
        self.disk += process.written()?.saturating_sub(disk);
        self.journal += engine.store()?.written_bytes.saturating_sub(journal);
        self.messages += carried.messages;
        self.p99.extend(carried.p99.map(|_| carried.latency()));
        Ok(carried.per_second)
    }

    /// Counts deliveries until the time is over or nothing is left; their rate.
    pub(super) fn of_deliveries(
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

    /// The line of the table.
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    pub(super) fn row(
        self,
        work: String,
        beside: &'static str,
        figures: Pair,
        target: Target,
    ) -> Row {
        let messages = self.messages.max(1) as f64;
        Row {
            work,
            beside,
            figures,
            target,
            p99_microseconds: (!self.p99.is_empty()).then(|| median(self.p99)),
            microseconds_per_message: self.processor_time.as_secs_f64() * 1e6 / messages,
            journal_bytes_per_message: self.journal as f64 / messages,
            disk_bytes_per_message: self.disk as f64 / messages,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_reaches_its_target_from_above_and_a_latency_from_below() {
        assert!(
            Target::AtLeast(0.5).is_reached_by(0.6) && !Target::AtLeast(0.5).is_reached_by(0.4)
        );
        assert!(
            Target::AtMost(1.25).is_reached_by(1.0) && !Target::AtMost(1.25).is_reached_by(1.3)
        );
    }
}
