//! The sockets of a script: [`Client`]s, each operation of which blocks the script's thread.
//!
//! That thread is an arbiter's, which cannot wait for a future of its own. So each operation runs on a thread that lives
//! as long as the operation does, under a runtime that these connections have for themselves.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task;
use wardline_mllp::{Answer, Client, ClientError, ClientOptions, Exchange};
use wardline_script::{Peer, Peers, Simulated};

/// Whom scripts reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Whom they ask for: the engine runs.
    Peers,
    /// Whom they ask for with `live = true`, others are simulated: they are only tried.
    Live,
    /// Nobody, whatever they ask for: they are held against messages that were all received once.
    Nobody,
    /// Nobody, and what they log goes nowhere: a message is tried beside the running engine.
    Unheard,
}

/// Connects by TCP.
pub(super) struct Sockets {
    reach: Reach,
    /// Made with the first connection: most scripts have none.
    reactor: Mutex<Option<Arc<Reactor>>>,
}

/// A connection.
struct Socket {
    client: Client,
    reactor: Arc<Reactor>,
}

/// What waits for the sockets.
struct Reactor {
    /// Taken out only when it ends.
    runtime: Option<Runtime>,
}

impl Sockets {
    pub(super) fn new(reach: Reach) -> Self {
        Self { reach, reactor: Mutex::default() }
    }

    fn reactor(&self) -> io::Result<Arc<Reactor>> {
        let mut reactor = self.reactor.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reactor) = reactor.as_ref() {
            return Ok(Arc::clone(reactor));
        }
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Arc::clone(reactor.insert(Arc::new(Reactor { runtime: Some(runtime) }))))
    }
}

impl Reactor {
    /// Waits for a future, on a thread of its own.
    fn wait_for<T: Send>(
        &self,
        future: impl Future<Output = Result<T, ClientError>> + Send,
    ) -> Result<T, ClientError> {
        let runtime = self.runtime.as_ref().ok_or(ClientError::NotConnected)?;
        // What came while nobody waited is seen before anything is done: a stale answer, the end of the connection.
        let seeing = async {
            task::yield_now().await;
            future.await
        };
        thread::scope(|scope| {
            let waiting = thread::Builder::new().name("script-peer".to_owned());
            let waiting = waiting.spawn_scoped(scope, || runtime.block_on(seeing))?;
            waiting.join().unwrap_or(Err(ClientError::NotConnected))
        })
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        // It may end on an arbiter, where a runtime cannot wait for its own threads.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Peers for Sockets {
    fn connect(
        &self,
        host: &str,
        port: u16,
        live: bool,
        options: ClientOptions,
    ) -> Result<Box<dyn Peer>, ClientError> {
        let is_reached = match self.reach {
            Reach::Peers => true,
            Reach::Live => live,
            Reach::Nobody | Reach::Unheard => false,
        };
        if !is_reached {
            return Simulated.connect(host, port, live, options);
        }
        let reactor = self.reactor()?;
        let client = reactor.wait_for(Client::connect((host, port), options))?;
        Ok(Box::new(Socket { client, reactor }))
    }
}

impl Peer for Socket {
    fn send(&mut self, payload: &[u8], limit: Duration) -> Result<(), ClientError> {
        self.reactor.wait_for(self.client.send_within(payload, limit))
    }

    fn receive(&mut self, limit: Duration) -> Result<Answer, ClientError> {
        self.reactor.wait_for(self.client.receive_within(limit))
    }

    fn close(&mut self) {
        let closed = self.reactor.wait_for(async {
            self.client.close().await;
            Ok(())
        });
        if let Err(error) = closed {
            tracing::debug!(%error, "a script's connection was not closed in peace");
        }
    }
}
