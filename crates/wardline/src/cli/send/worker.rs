//! The connections that send: each takes the next message when it has the answer to its last.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Runtime;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, sleep_until};
use wardline_engine::tls::Connector;

use super::connection::{Connection, ExchangeError};
use super::fate::{Fate, judge};
use super::input::InputError;
use super::message::{Messages, Outgoing};
use super::pace::Pace;
use super::report::Report;
use super::tally::Tally;

/// How many connections send where, and how fast.
#[derive(Debug)]
pub(super) struct Workers {
    pub(super) to: String,
    /// Where the connections are encrypted.
    pub(super) connector: Option<Arc<Connector>>,
    pub(super) connections: usize,
    pub(super) timeout: Duration,
    pub(super) pace: Pace,
}

/// What the connections share; all of them live on one thread.
struct Shared {
    workers: Workers,
    messages: Messages,
    report: Report,
    tally: Tally,
    /// What stopped the reading of messages.
    input_error: Option<InputError>,
    start: Instant,
}

/// How one message went.
pub(super) struct Sent {
    pub(super) fate: Fate,
    /// From the frame's first byte out to the answer's last byte in.
    pub(super) latency: Duration,
    /// The answer, or why there is none.
    pub(super) answer: Result<Bytes, ExchangeError>,
}

impl Workers {
    /// Sends all messages. A message that cannot be read or changed ends it, after what is on its way.
    pub(super) fn run(
        self,
        runtime: &Runtime,
        messages: Messages,
        report: Report,
    ) -> Result<Tally, InputError> {
        let connections = self.connections;
        let start = Instant::now();
        let shared = Rc::new(RefCell::new(Shared {
            workers: self,
            messages,
            report,
            tally: Tally::new(),
            input_error: None,
            start,
        }));
        LocalSet::new().block_on(runtime, async {
            let mut workers = JoinSet::new();
            for _ in 0..connections {
                workers.spawn_local(work(Rc::clone(&shared)));
            }
            while workers.join_next().await.is_some() {}
        });
        let mut shared = shared.borrow_mut();
        shared.report.finish();
        if let Some(error) = shared.input_error.take() {
            return Err(error);
        }
        let mut tally = std::mem::replace(&mut shared.tally, Tally::new());
        tally.end(start.elapsed(), shared.messages.expected());
        Ok(tally)
    }
}

impl Shared {
    fn next(&mut self) -> Option<Outgoing> {
        if self.input_error.is_some() {
            return None;
        }
        match self.messages.next() {
            Ok(next) => next,
            Err(error) => {
                self.input_error = Some(error);
                None
            }
        }
    }

    fn record(&mut self, outgoing: &Outgoing, sent: &Sent) {
        self.tally.add(outgoing, sent);
        let expected = self.messages.expected();
        self.report.tell(outgoing, sent, expected);
    }
}

/// One connection, opened again after each answer that did not come as it should. It ends when all messages are
/// sent, or when the peer takes no connection.
async fn work(shared: Rc<RefCell<Shared>>) {
    let (to, connector, limit, pace, start) = {
        let shared = shared.borrow();
        let workers = &shared.workers;
        let connector = workers.connector.clone();
        (workers.to.clone(), connector, workers.timeout, workers.pace, shared.start)
    };
    let mut connection = None;
    loop {
        let Some(outgoing) = shared.borrow_mut().next() else { return };
        if let Some(due) = pace.due(outgoing.number) {
            sleep_until(start + due).await;
        }
        let sent = send(&mut connection, &to, connector.as_deref(), &outgoing, limit).await;
        if !sent.fate.leaves_connection_usable() {
            connection = None;
        }
        shared.borrow_mut().record(&outgoing, &sent);
        if sent.fate == Fate::Unreachable {
            return;
        }
    }
}

async fn send(
    connection: &mut Option<Connection>,
    to: &str,
    connector: Option<&Connector>,
    outgoing: &Outgoing,
    limit: Duration,
) -> Sent {
    let mut begun = Instant::now();
    let answer = async {
        let open = match connection.take() {
            Some(open) => open,
            None => Connection::open(to, connector, limit).await?,
        };
        begun = Instant::now();
        connection.insert(open).exchange(&outgoing.payload, limit).await
    }
    .await;
    let fate = match &answer {
        Ok(answer) => judge(outgoing, answer),
        Err(error) => Fate::from(error),
    };
    Sent { fate, latency: begun.elapsed(), answer }
}
