//! The load: connections that each send the next message when the answer to the last has come. It costs as little
//! as it can, for it runs on the cores of what it measures.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, sleep};
use wardline_engine::Wire;
use wardline_engine::tls::Connector;

use super::error::BenchError;
use super::message::Template;

/// Not counted: connections are opened, caches are warmed.
const WARM_UP: Duration = Duration::from_millis(300);
/// An answer of the engine is far smaller.
const ANSWER_SIZE: usize = 4096;
/// What the engine's answers hold when it has taken a message.
const ACCEPTED: &[u8] = b"MSA|AA|";
/// The end of a frame.
const FRAME_END: &[u8] = b"\x1c\r";
/// Latencies are kept with three digits…
const PRECISION: u8 = 3;
/// … and up to a minute, in microseconds.
const LONGEST: u64 = 60_000_000;

/// Who is loaded, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    pub(super) to: SocketAddr,
    pub(super) connections: usize,
    /// Bytes of each message.
    pub(super) size: usize,
    pub(super) answer: Answer,
    /// How long is counted.
    pub(super) lasting: Duration,
    /// From one message of a connection to its next, at least; otherwise as fast as answers come.
    pub(super) every: Option<Duration>,
}

/// What comes back for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// AA with its MSH-10.
    Accepted,
    /// The same bytes.
    Echo,
}

/// What a load came to.
#[derive(Debug)]
pub(super) struct Carried {
    /// Messages answered while it was counted.
    pub(super) per_second: f64,
    /// Messages answered in all, the warm-up included.
    pub(super) messages: u64,
    /// Of the latencies counted, in microseconds; nothing where no answer was waited for.
    pub(super) p99: Option<u64>,
}

impl Carried {
    /// [`Carried::p99`] as a figure; 0 where there is none.
    #[expect(clippy::cast_precision_loss, reason = "a latency needs no more digits")]
    pub(super) fn latency(&self) -> f64 {
        self.p99.unwrap_or_default() as f64
    }
}

/// What all connections of a load count together; they live on one thread.
struct Counts {
    messages: Cell<u64>,
    latencies: RefCell<Histogram<u64>>,
}

impl Load {
    /// Loads for as long as asked.
    pub(super) fn run(self) -> Result<Carried, BenchError> {
        self.run_over(None)
    }

    /// The same over TLS, where there is a connector.
    pub(super) fn run_over(
        self,
        connector: Option<&Arc<Connector>>,
    ) -> Result<Carried, BenchError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(BenchError::Network)?;
        LocalSet::new().block_on(&runtime, self.carry(connector))
    }

    async fn carry(self, connector: Option<&Arc<Connector>>) -> Result<Carried, BenchError> {
        // Opened before the clock starts: handshakes of many connections outlast a warm-up.
        let mut wires = Vec::new();
        for _ in 0..self.connections {
            wires.push(self.open(connector).await?);
        }
        let begin = Instant::now() + WARM_UP;
        let latencies =
            Histogram::new_with_bounds(1, LONGEST, PRECISION).map_err(|_| BenchError::LoadEnded)?;
        let counts = Rc::new(Counts { messages: Cell::new(0), latencies: latencies.into() });
        let mut connections = JoinSet::new();
        for wire in wires {
            connections.spawn_local(self.converse(wire, begin, Rc::clone(&counts)));
        }
        while let Some(ended) = connections.join_next().await {
            ended.map_err(|_| BenchError::LoadEnded)??;
        }
        let latencies = counts.latencies.borrow();
        Ok(Carried {
            per_second: per_second(latencies.len(), self.lasting),
            messages: counts.messages.get(),
            p99: Some(latencies.value_at_quantile(0.99)),
        })
    }

    async fn open(self, connector: Option<&Arc<Connector>>) -> Result<Wire, BenchError> {
        let stream = TcpStream::connect(self.to).await.map_err(BenchError::Network)?;
        stream.set_nodelay(true).map_err(BenchError::Network)?;
        match connector {
            Some(connector) => connector.connect(stream).await.map_err(BenchError::Handshake),
            None => Ok(Wire::plain(stream)),
        }
    }

    async fn converse(
        self,
        mut wire: Wire,
        begin: Instant,
        counts: Rc<Counts>,
    ) -> Result<(), BenchError> {
        let mut template = Template::new(self.size);
        let mut answer = vec![0; ANSWER_SIZE.max(self.size)];
        let end = begin + self.lasting;
        loop {
            if let Some(every) = self.every {
                sleep(every).await;
            }
            let sent = Instant::now();
            if sent >= end {
                return Ok(());
            }
            wire.write_all(template.next()).await.map_err(BenchError::Network)?;
            wire.flush().await.map_err(BenchError::Network)?;
            match self.answer {
                Answer::Accepted => accepted(&mut wire, &mut answer, template.id()).await?,
                Answer::Echo => {
                    echoed(&mut wire, &mut answer, template.frame().len()).await?;
                }
            }
            counts.messages.set(counts.messages.get() + 1);
            if sent >= begin {
                let microseconds = u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX);
                counts.latencies.borrow_mut().saturating_record(microseconds);
            }
        }
    }
}

/// Reads one answer; anything but AA for this id ends the measurement.
async fn accepted(stream: &mut Wire, buffer: &mut [u8], id: &[u8]) -> Result<(), BenchError> {
    let mut filled = 0;
    loop {
        let room = buffer.get_mut(filled..).unwrap_or_default();
        let read = stream.read(room).await.map_err(BenchError::Network)?;
        if read == 0 {
            return Err(BenchError::Network(io::ErrorKind::UnexpectedEof.into()));
        }
        filled += read;
        let answer = buffer.get(..filled).unwrap_or_default();
        if answer.ends_with(FRAME_END) {
            let code = answer.windows(ACCEPTED.len()).position(|window| window == ACCEPTED);
            let acknowledged = code.and_then(|at| answer.get(at + ACCEPTED.len()..));
            return match acknowledged {
                Some(acknowledged) if acknowledged.starts_with(id) => Ok(()),
                _ => Err(BenchError::NotAccepted),
            };
        }
    }
}

/// Reads as many bytes as were sent.
async fn echoed(stream: &mut Wire, buffer: &mut [u8], mut left: usize) -> Result<(), BenchError> {
    while left > 0 {
        let room = left.min(buffer.len());
        let room = buffer.get_mut(..room).unwrap_or_default();
        let read = stream.read(room).await.map_err(BenchError::Network)?;
        if read == 0 {
            return Err(BenchError::Network(io::ErrorKind::UnexpectedEof.into()));
        }
        left -= read;
    }
    Ok(())
}

/// A rate from a count and its time.
#[expect(clippy::cast_precision_loss, reason = "a rate needs no more digits")]
pub(super) fn per_second(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
