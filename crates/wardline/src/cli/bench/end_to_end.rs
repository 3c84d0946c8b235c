//! The whole way of a message, with nothing decided about it on the way and with what an analyst usually writes.
//!
//! Both stand beside durable receive alone, and all three are measured in turns: what rules, conditions and transforms
//! cost is the difference between the two lines.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use super::engine::Engine;
use super::error::BenchError;
use super::load::{Carried, Load, per_second};
use super::pair::Pair;
use super::row::{Cost, Row, Target};
use super::sink::Sink;
use super::site::{LOOKUP, LOOKUP_TABLE, Site};
use super::work::{CONNECTIONS, Effort, SMALL};

/// How long what is queued may take to be delivered when a measurement waits for all of it.
const DELIVERY_TIME: Duration = Duration::from_secs(300);
/// Between two looks at a count.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
/// What stands beside both.
const BESIDE: &str = "durable receive and queue alone";

impl Effort<'_> {
    /// Receive, store, route, deliver: plainly, and with rules.
    pub(super) fn end_to_end(&self) -> Result<[Row; 2], BenchError> {
        let sink = || Sink::start().map_err(BenchError::Network);
        let (sink_of_plain, sink_of_ruled) = (sink()?, sink()?);
        let table = self.folder.join(LOOKUP);
        fs::write(&table, LOOKUP_TABLE)
            .map_err(|source| BenchError::Folder { folder: self.folder.to_owned(), source })?;
        let alone = Engine::start(self.folder, "alone", &Site::Queue)?;
        let plain = Engine::start(self.folder, "plain", &Site::Pool(sink_of_plain.address))?;
        let site = Site::Ruled { peer: sink_of_ruled.address, table };
        let ruled = Engine::start(self.folder, "ruled", &site)?;
        let (load_alone, load_plain, load_ruled) = (
            self.load(&alone, CONNECTIONS, SMALL),
            self.load(&plain, CONNECTIONS, SMALL),
            self.load(&ruled, CONNECTIONS, SMALL),
        );
        let (mut cost_of_plain, mut cost_of_ruled) = (Cost::default(), Cost::default());
        let (mut figures_of_plain, mut figures_of_ruled) = (Vec::new(), Vec::new());
        for _ in 0..self.turns {
            let reference = load_alone.run()?.per_second;
            alone.settle()?;
            let figure = cost_of_plain.of(&plain, || carry_through(&load_plain, &sink_of_plain))?;
            figures_of_plain.push((reference, figure));
            let figure = cost_of_ruled.of(&ruled, || carry_through(&load_ruled, &sink_of_ruled))?;
            figures_of_ruled.push((reference, figure));
        }
        let row = |cost: Cost, work: String, figures: &[_]| {
            cost.row(work, BESIDE, Pair::of(figures), Target::AtLeast(0.5))
        };
        let plainly =
            format!("receive, store, route, deliver, {SMALL} B, {CONNECTIONS} in, pool of 4 out");
        let with_rules = "the same with 3 rules, 2 conditions, 4 steps of a transform".to_owned();
        Ok([
            row(cost_of_plain, plainly, &figures_of_plain),
            row(cost_of_ruled, with_rules, &figures_of_ruled),
        ])
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
