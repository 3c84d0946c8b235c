//! How a script reaches peers: by sockets that the engine has, or not at all.

use std::time::Duration;

use futures_util::FutureExt;
use wardline_mllp::{Answer, ClientError, ClientOptions, Exchange, SimulatedClient};

/// Makes connections for `llp.connect`.
pub trait Peers: Send + Sync {
    /// Connects within the time that `options` give.
    ///
    /// `live` is what the script asked for: a simulation opens a socket only then.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    fn connect(
        &self,
        host: &str,
        port: u16,
        live: bool,
        options: ClientOptions,
    ) -> Result<Box<dyn Peer>, ClientError>;
}

/// One connection of a script's.
pub trait Peer: Send + Sync {
    /// Sends a payload as one frame.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    fn send(&mut self, payload: &[u8], limit: Duration) -> Result<(), ClientError>;

    /// The next payload of the peer.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    fn receive(&mut self, limit: Duration) -> Result<Answer, ClientError>;

    /// Closes it.
    fn close(&mut self);
}

/// No sockets: every peer is simulated, whatever the script asks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Simulated;

impl Peers for Simulated {
    fn connect(
        &self,
        _: &str,
        _: u16,
        _: bool,
        _: ClientOptions,
    ) -> Result<Box<dyn Peer>, ClientError> {
        Ok(Box::new(SimulatedClient::new()))
    }
}

impl Peer for SimulatedClient {
    fn send(&mut self, payload: &[u8], limit: Duration) -> Result<(), ClientError> {
        at_once(self.send_within(payload, limit))
    }

    fn receive(&mut self, limit: Duration) -> Result<Answer, ClientError> {
        at_once(self.receive_within(limit))
    }

    fn close(&mut self) {
        // A simulation never waits for anything, so the future is done by this.
        let _closed = Exchange::close(self).now_or_never();
    }
}

/// What a simulated client says: it has nothing to wait for.
fn at_once<T>(said: impl Future<Output = Result<T, ClientError>>) -> Result<T, ClientError> {
    said.now_or_never().unwrap_or(Err(ClientError::NotConnected))
}
