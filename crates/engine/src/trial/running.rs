//! Trials beside a running engine, by the configuration that it goes by.
//!
//! ```text
//! desk ──▶ a place of few ──▶ thread of its own: a copy of the configuration, interpreters of its own ──▶ accounts
//!    └ waits for its time at most; the place is free again when the thread has ended
//! ```
//!
//! Nothing is shared with what runs: no interpreter, no turn of a script, no count of a lookup table. Scripts speak with
//! nobody, what they say is not logged, and neither is anything of the message (PHI-1). A script that takes its time
//! takes it from its own thread and from no message.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tracing::Dispatch;
use wardline_config::{Config, Listener};
use wardline_flow::Source;

use super::Account;
use crate::rehearsal::Rehearsal;

/// The longest payload that is tried beside a running engine, in bytes: its differences are computed and shown.
pub const MAX_TRIED: usize = 1024 * 1024;
/// The most messages of one payload that are accounted for.
pub const MOST_TRIED: usize = 20;
/// Trials at a time: each may use a processor for as long as its scripts may.
const AT_ONCE: usize = 2;
/// How long somebody waits for his trial, its turn included.
const TIME: Duration = Duration::from_secs(20);

/// Why there is no account.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotTried {
    /// Others are being tried.
    #[error("other messages are being tried at this moment; ask again")]
    Busy,
    /// Scripts and handlers took longer than anybody waits.
    #[error("it took longer than a trial may: its handlers and scripts take their time")]
    TooLate,
    /// Longer than [`MAX_TRIED`].
    #[error("a message of more than {MAX_TRIED} bytes is not tried beside a running engine")]
    TooLong,
    /// The system gives no thread or event loop.
    #[error("the trial has no thread or event loop")]
    NoThread(#[from] io::Error),
    /// It panicked.
    #[error("the trial broke off")]
    BrokeOff,
}

/// What would become of the messages of one payload.
#[derive(Debug)]
pub(crate) struct Accounts {
    /// One for each, in their order.
    pub(crate) accounts: Vec<Account>,
    /// Messages that were not accounted for.
    pub(crate) left_out: usize,
}

/// The places for trials.
pub(crate) struct Trials {
    places: Arc<Semaphore>,
    time: Duration,
}

impl Default for Trials {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)), time: TIME }
    }
}

impl Trials {
    /// Accounts for a payload that would come in at this listener of a configuration.
    pub(crate) async fn try_out(
        &self,
        config: Arc<Config>,
        listener: Listener,
        payload: Bytes,
    ) -> Result<Accounts, NotTried> {
        if payload.len() > MAX_TRIED {
            return Err(NotTried::TooLong);
        }
        let deadline = Instant::now() + self.time;
        let place = Arc::clone(&self.places).acquire_owned();
        let place = tokio::time::timeout_at(deadline.into(), place).await;
        let place = place.map_err(|_elapsed| NotTried::Busy)?.map_err(|_closed| NotTried::Busy)?;
        let (answer, told) = oneshot::channel();
        let work = move || {
            let accounts = accounts(&config, listener, &payload, deadline);
            let _nobody_waits = answer.send(accounts);
        };
        on_its_own(place, work)?;
        match tokio::time::timeout_at(deadline.into(), told).await {
            Ok(told) => told.unwrap_or(Err(NotTried::BrokeOff)),
            Err(_elapsed) => Err(NotTried::TooLate),
        }
    }
}

/// A thread that is nobody else's, whose lines no log gets. Its place is free when it has ended.
fn on_its_own(
    place: OwnedSemaphorePermit,
    work: impl FnOnce() + Send + 'static,
) -> Result<(), io::Error> {
    let quietly = move || {
        let _place = place;
        tracing::dispatcher::with_default(&Dispatch::none(), work);
    };
    thread::Builder::new().name("trial".to_owned()).spawn(quietly).map(drop)
}

/// Blocks for as long as scripts take.
fn accounts(
    config: &Config,
    listener: Listener,
    payload: &Bytes,
    deadline: Instant,
) -> Result<Accounts, NotTried> {
    let config = apart(config, listener);
    let rehearsal = Rehearsal::unheard(&config)?;
    let Some(listener) = config.listeners.first() else { return Err(NotTried::BrokeOff) };
    let messages = rehearsal.apart(&listener.id, payload);
    let mut accounts = Vec::new();
    for message in messages.iter().take(MOST_TRIED) {
        if Instant::now() >= deadline {
            return Err(NotTried::TooLate);
        }
        let account = Account::of(&config, &rehearsal, listener, message);
        accounts.extend(account.map(Account::shortened));
    }
    Ok(Accounts { left_out: messages.len().saturating_sub(MOST_TRIED), accounts })
}

/// The configuration as one message needs it: of its listener alone, with one instance of each handler it may meet.
fn apart(config: &Config, listener: Listener) -> Config {
    let source = Source::Listener(listener.id.clone());
    let mut apart = config.clone();
    apart.routing = config.routing.apart();
    for route in &mut apart.routing.routes {
        if route.from.as_ref().is_some_and(|sources| !sources.contains(&source)) {
            route.handlers.clear();
        }
    }
    for handler in &mut apart.handlers {
        handler.instances = NonZeroUsize::MIN;
    }
    apart.listeners = vec![listener];
    apart
}

#[cfg(test)]
mod tests;
