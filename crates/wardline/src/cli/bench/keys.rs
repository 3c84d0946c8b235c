//! What lanes by key are worth: a peer that takes its time, delivered to in one line and by key.

use std::time::Duration;

use super::engine::Engine;
use super::error::BenchError;
use super::message::KEYS;
use super::pair::Pair;
use super::row::{Cost, Row, Target};
use super::sink::Sink;
use super::site::Site;
use super::work::{CONNECTIONS, Effort, SMALL, hold, release};

/// What the peer takes for each message.
const PEER_TAKES: Duration = Duration::from_millis(20);
/// Between two messages of one connection while the queue is filled: four times what can be delivered meanwhile.
const FILLING_INTERVAL: Duration = Duration::from_millis(5);

impl Effort<'_> {
    /// Deliver what is queued to a slow peer, by key over several connections.
    pub(super) fn keys(&self) -> Result<Row, BenchError> {
        let sink = || Sink::start_slow(PEER_TAKES).map_err(BenchError::Network);
        let (sink_of_line, sink_of_keys) = (sink()?, sink()?);
        let line = Engine::start(self.folder, "line", &Site::Lanes(vec![sink_of_line.address]))?;
        let keys = Engine::start(self.folder, "keys", &Site::Keys(sink_of_keys.address))?;
        let mut cost = Cost::default();
        let pair = Pair::measure(
            self.turns,
            || self.drain(&line, &sink_of_line, &mut Cost::default()),
            || self.drain(&keys, &sink_of_keys, &mut cost),
        )?;
        let work = format!(
            "deliver to a peer that takes {} ms, {KEYS} keys over {CONNECTIONS} connections",
            PEER_TAKES.as_millis()
        );
        Ok(cost.row(work, "the same in one line", pair, Target::AtLeast(12.0)))
    }

    /// Fills the queue, then delivers; its rate.
    fn drain(&self, engine: &Engine, sink: &Sink, cost: &mut Cost) -> Result<f64, BenchError> {
        hold(engine)?;
        let load = self.load(engine, CONNECTIONS, SMALL);
        super::load::Load { every: Some(FILLING_INTERVAL), ..load }.run()?;
        engine.settle()?;
        release(engine)?;
        cost.of_deliveries(engine, sink, self.turn)
    }
}
