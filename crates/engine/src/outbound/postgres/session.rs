//! A connection to a database, with the statement prepared on it.

use std::error::Error;
use std::future::Future;
use std::io;
use std::sync::Arc;

use futures_util::future::try_join_all;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::config::SslMode;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Connection, NoTls, Statement};
use wardline_config::PostgresDestination;
use wardline_flow::{Received, TransportFault, Unclear};

use super::parameter::Parameter;
use super::tls::{HandsNotShaken, Shaking};
use super::{Failure, Row};
use crate::outbound::report::Ended;
use crate::outbound::socket;
use crate::tcp;
use crate::tls::Connector;

/// What the library says of a server that speaks no TLS, and of nothing else that comes here: it has no other word.
const NO_TLS: &str = "error performing TLS handshake";

/// What the database's own views call us.
const APPLICATION: &str = "wardline";

/// A connection. Dropped it is closed, and what is not committed on it is undone.
pub(super) struct Session {
    client: Client,
    statement: Statement,
}

/// Why there is no session.
pub(super) enum Opening {
    /// The connection did not come up, or the database did not let us in.
    Fault(TransportFault),
    /// The database does not understand the statement.
    Statement(Box<DbError>),
}

/// How a transaction of several rows ended.
pub(super) enum Together {
    /// All of them are there.
    Committed,
    /// None of them is: the database did not want one.
    RolledBack,
    /// It did not come to its end, and the session with it.
    Lost(Ended),
}

impl Session {
    /// Connects, says who we are and prepares the statement.
    pub(super) async fn open(
        settings: &Arc<PostgresDestination>,
        connector: Option<Arc<Connector>>,
    ) -> Result<Self, Opening> {
        let limit = settings.connect_timeout;
        let config = configured(settings).await.map_err(Opening::Fault)?;
        let dialled = tcp::connect(&settings.address, limit).await;
        let stream = dialled.map_err(Opening::Fault)?;
        let opened = async {
            let client = match connector {
                None => begun(config.connect_raw(stream, NoTls).await)?,
                Some(connector) => {
                    let shaking = Shaking { connector, address: settings.address.clone() };
                    begun(config.connect_raw(stream, shaking).await)?
                }
            };
            let prepared = client.prepare(&settings.statement.sql).await;
            let statement = prepared.map_err(|error| match failure(&error) {
                Failure::Database(error) => Opening::Statement(error),
                Failure::Lost(fault) => Opening::Fault(fault),
                Failure::TooLate => Opening::Fault(TransportFault::ConnectTimeout),
            })?;
            Ok(Self { client, statement })
        };
        timeout(limit, opened).await.unwrap_or(Err(Opening::Fault(TransportFault::ConnectTimeout)))
    }

    /// Whether it can be used.
    pub(super) fn is_sound(&self) -> bool {
        !self.client.is_closed()
    }

    /// Writes one row, which is there when this returns.
    pub(super) async fn write(&self, row: &Row, deadline: Instant) -> Result<(), Failure> {
        within(deadline, self.execute(row)).await
    }

    /// Writes rows in one transaction.
    pub(super) async fn write_together(&self, rows: &[Row], deadline: Instant) -> Together {
        let written = async {
            self.client.batch_execute("BEGIN").await?;
            try_join_all(rows.iter().map(|row| self.execute(row))).await
        };
        match within(deadline, written).await {
            Ok(_) => {}
            Err(Failure::Database(_)) => return self.roll_back(deadline).await,
            Err(Failure::Lost(fault)) => return lost(Received::Transport(fault)),
            // Nothing was committed: what waits is written again, however often.
            Err(Failure::TooLate) => return lost(Received::Transport(TransportFault::AckTimeout)),
        }
        match within(deadline, self.client.batch_execute("COMMIT")).await {
            Ok(()) => Together::Committed,
            Err(Failure::Database(_)) => Together::RolledBack,
            Err(Failure::Lost(fault)) => lost(Received::Transport(fault)),
            Err(Failure::TooLate) => lost(Received::Unclear(Unclear::NoAnswer)),
        }
    }

    async fn roll_back(&self, deadline: Instant) -> Together {
        match within(deadline, self.client.batch_execute("ROLLBACK")).await {
            Ok(()) => Together::RolledBack,
            Err(Failure::Lost(fault)) => lost(Received::Transport(fault)),
            Err(Failure::Database(_) | Failure::TooLate) => {
                lost(Received::Transport(TransportFault::Closed))
            }
        }
    }

    async fn execute(&self, row: &Row) -> Result<(), tokio_postgres::Error> {
        let parameters: Vec<Parameter<'_>> =
            row.iter().map(|value| Parameter(value.as_deref())).collect();
        let parameters: Vec<&(dyn ToSql + Sync)> =
            parameters.iter().map(|one| one as &(dyn ToSql + Sync)).collect();
        self.client.execute(&self.statement, &parameters).await.map(|_rows| ())
    }
}

fn lost(received: Received) -> Together {
    Together::Lost(Ended::attempted(received))
}

/// Who we are, with the password as it is now.
async fn configured(settings: &Arc<PostgresDestination>) -> Result<Config, TransportFault> {
    let mut config = Config::new();
    config
        .user(&settings.user)
        .dbname(&settings.database)
        .application_name(APPLICATION)
        .ssl_mode(if settings.tls.is_some() { SslMode::Require } else { SslMode::Disable });
    if settings.password.is_some() {
        let settings = Arc::clone(settings);
        let reveal = move || settings.password.as_ref().map(wardline_config::Secret::reveal);
        let revealed = tokio::task::spawn_blocking(reveal).await.ok().flatten();
        let password = revealed.and_then(Result::ok).ok_or(TransportFault::NoSecret)?;
        config.password(password);
    }
    Ok(config)
}

type Begun<S> = Result<(Client, Connection<TcpStream, S>), tokio_postgres::Error>;

/// Keeps the connection going for as long as its client is there.
fn begun<S>(begun: Begun<S>) -> Result<Client, Opening>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let (client, connection) = begun.map_err(|error| Opening::Fault(refusal(&error)))?;
    actix_rt::spawn(async move {
        // What it ends with is told to whoever waits for an answer.
        let _told = connection.await;
    });
    Ok(client)
}

/// Why we were not let in.
fn refusal(error: &tokio_postgres::Error) -> TransportFault {
    let source = error.source();
    if let Some(HandsNotShaken(fault)) = source.and_then(|source| source.downcast_ref()) {
        return *fault;
    }
    if error.to_string().starts_with(NO_TLS) {
        return TransportFault::Tls;
    }
    match failure(error) {
        Failure::Database(error) if is_about_us(error.code()) => TransportFault::Denied,
        Failure::Database(_) => TransportFault::Unavailable,
        Failure::Lost(fault) => fault,
        Failure::TooLate => TransportFault::ConnectTimeout,
    }
}

/// Class 28: name, password, host. Class 3D: the database.
fn is_about_us(code: &SqlState) -> bool {
    code.code().starts_with("28") || code.code().starts_with("3D")
}

async fn within<T>(
    deadline: Instant,
    done: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Failure> {
    match timeout_at(deadline, done).await {
        Ok(done) => done.map_err(|error| failure(&error)),
        Err(_elapsed) => Err(Failure::TooLate),
    }
}

/// What went wrong, without the text, which may quote values: PHI-1.
fn failure(error: &tokio_postgres::Error) -> Failure {
    if let Some(error) = error.as_db_error() {
        return Failure::Database(Box::new(error.clone()));
    }
    let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    Failure::Lost(io.map_or(TransportFault::Closed, socket::fault))
}
