//! A table of a database as destination: rows by a prepared statement, several messages in one transaction.
//!
//! ```text
//!   a group:  begin · every row · commit                     all of it is there                         delivered
//!                │ a row fails                 ▼ lost on the way: again, the same rows
//!                ▼
//!   roll back, then row by row, each by itself               its SQLSTATE decides      (END-1: neighbours go on)
//! ```
//!
//! In a lane nothing is written behind a row that is to be tried again (ORDER-1). A transaction whose commit was not
//! answered may be there or not: the rows are written again, so a table that must not have them twice says so by a
//! unique column and `unique` (or its statement by ON CONFLICT).
//!
//! Values are parameters, as text that the database itself reads as the type of their column; what it says about them
//! may quote them and is dropped, but for its code and the names of table, column and constraint (PHI-1).

mod parameter;
mod session;
mod tls;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use tokio::time::Instant;
use tokio_postgres::error::DbError;
use wardline_config::{Order, PostgresDestination};
use wardline_flow::{DatabaseFault, DestinationId, Received, TransportFault, Unclear};

use super::Delivering;
use super::delivery::Delivery;
use super::report::Ended;
use crate::observe::DestinationCounters;
use crate::tls::Connector;
use crate::ways::CurrentWays;
use session::{Opening, Session, Together};

/// Writes the messages of one destination.
pub(super) struct RowWriter {
    destination: DestinationId,
    settings: Arc<PostgresDestination>,
    in_a_lane: bool,
    connector: Option<Arc<Connector>>,
    ways: CurrentWays,
    counters: Arc<DestinationCounters>,
    session: RefCell<Option<Session>>,
    /// The last transaction of several did not come to its end: the next ones are of one row.
    singly: Cell<bool>,
}

/// The values of one message, in the order of the parameters.
pub(super) type Row = Vec<Option<String>>;

/// Why a statement did not do what it says.
pub(super) enum Failure {
    /// The database said so.
    Database(Box<DbError>),
    /// The connection is gone.
    Lost(TransportFault),
    /// It took too long.
    TooLate,
}

impl RowWriter {
    pub(super) fn new(delivering: &Delivering, settings: &PostgresDestination) -> Rc<Self> {
        let destination = &delivering.destination;
        Rc::new(Self {
            destination: destination.id.clone(),
            settings: Arc::new(settings.clone()),
            in_a_lane: destination.order == Order::Fifo,
            connector: delivering.connector.clone(),
            ways: delivering.ways.clone(),
            counters: Arc::clone(&delivering.counters),
            session: RefCell::default(),
            singly: Cell::default(),
        })
    }

    /// Writes a group. One answer for each, in the same order.
    pub(super) async fn write(&self, group: &[Delivery]) -> Vec<Ended> {
        let rows: Option<Vec<Row>> = group.iter().map(|delivery| self.row(delivery)).collect();
        let Some(rows) = rows else {
            return self.all(group.len(), &Ended::attempted(Received::Unframeable)); // Nothing stored is unreadable.
        };
        let session = match self.session().await {
            Ok(session) => session,
            Err(Opening::Fault(fault)) => {
                return first(group.len(), Ended::NotSent(Some(fault)));
            }
            Err(Opening::Statement(error)) => return first(group.len(), judged(&error)),
        };
        if let [_, _, ..] = &rows[..]
            && !self.singly.take()
        {
            match session.write_together(&rows, self.deadline()).await {
                Together::Committed => {
                    self.session.replace(Some(session));
                    return self.all(group.len(), &Ended::attempted(Received::Inserted));
                }
                Together::RolledBack => {}
                Together::Lost(ended) => {
                    self.singly.set(true);
                    return self.all(group.len(), &ended);
                }
            }
        }
        self.write_singly(session, &rows).await
    }

    /// Row by row, each a transaction of its own; in a lane up to the first that is to be tried again.
    async fn write_singly(&self, session: Session, rows: &[Row]) -> Vec<Ended> {
        let mut written = Vec::with_capacity(rows.len());
        for row in rows {
            let ended = match session.write(row, self.deadline()).await {
                Ok(()) => Ended::attempted(Received::Inserted),
                Err(Failure::Database(error)) => judged(&error),
                Err(Failure::Lost(fault)) => {
                    written.push(Ended::attempted(Received::Transport(fault)));
                    break;
                }
                Err(Failure::TooLate) => {
                    written.push(Ended::attempted(Received::Unclear(Unclear::NoAnswer)));
                    break;
                }
            };
            let goes_on = !self.in_a_lane || is_over(&ended);
            written.push(ended);
            if !goes_on {
                break;
            }
        }
        if session.is_sound() {
            self.session.replace(Some(session));
        }
        written.resize(rows.len(), Ended::NotSent(None));
        written
    }

    fn row(&self, delivery: &Delivery) -> Option<Row> {
        let Delivery { listener, body, .. } = delivery;
        let message = {
            let ways = self.ways.borrow();
            ways.charsets.read_for(&self.destination, listener, body).ok()?
        };
        Some(self.settings.statement.values(&message, delivery.occasion()))
    }

    /// The session of the last group, or a new one.
    async fn session(&self) -> Result<Session, Opening> {
        let standing = self.session.take().filter(Session::is_sound);
        if let Some(session) = standing {
            return Ok(session);
        }
        let opened = Session::open(&self.settings, self.connector.clone()).await;
        match opened {
            Ok(_) | Err(Opening::Statement(_)) => self.counters.connects.one(),
            Err(Opening::Fault(_)) => self.counters.connect_failures.one(),
        }
        opened
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.settings.timeout
    }

    /// The same for all; in a lane for its head, where it is to be tried again: those behind it have not had their turn.
    fn all(&self, count: usize, ended: &Ended) -> Vec<Ended> {
        if self.in_a_lane && !is_over(ended) {
            return first(count, ended.clone());
        }
        vec![ended.clone(); count]
    }
}

/// This for the first; nothing was tried with the others.
fn first(count: usize, ended: Ended) -> Vec<Ended> {
    let mut all = vec![Ended::NotSent(None); count];
    if let Some(first) = all.first_mut() {
        *first = ended;
    }
    all
}

/// What the database said of a row, and what of that is kept.
fn judged(error: &DbError) -> Ended {
    let sqlstate = error.code().code();
    let names =
        [("table", error.table()), ("column", error.column()), ("constraint", error.constraint())];
    let places = names.iter().filter_map(|(what, name)| Some(format!(", {what} {}", (*name)?)));
    let reply: String = std::iter::once(format!("SQLSTATE {sqlstate}")).chain(places).collect();
    Ended::Attempted {
        received: Received::Database(DatabaseFault::of(sqlstate)),
        reply: reply.into(),
    }
}

/// Whether the delivery has come to its end: what is behind it in its lane may follow.
fn is_over(ended: &Ended) -> bool {
    matches!(
        ended,
        Ended::Attempted {
            received: Received::Inserted | Received::Database(DatabaseFault::Rejected),
            ..
        }
    )
}
