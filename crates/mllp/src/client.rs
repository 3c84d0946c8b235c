//! The client: one connection to a peer, one request in flight, every operation under a clock.
//!
//! For programs that send and want the answer: [`Client`] owns a socket, [`SimulatedClient`] owns none and answers
//! every message with AA by itself. Both are an [`Exchange`], so that what sends can be tried without a peer; which of
//! the two it gets is written as a type where it is made, never decided by a setting.
//!
//! ```text
//!                send                     answer, verified
//!   Connected ─────────▶ In flight ──────────────────────────▶ Connected
//!      │                    │ no answer in time, not an answer to this, end of stream
//!      │ stale bytes        ▼
//!      └────────────────▶ Closed: nothing that comes later can be taken for the next answer (MATCH-1)
//! ```
//!
//! The engine does not use it: a destination's session retries, keeps ids of earlier messages and runs a drain.
//! Behind the feature `client`, because it is the one part of this crate that knows a socket and a clock.

mod connected;
mod error;
mod fields;
mod options;
mod parameters;
mod simulated;
mod stream;
mod verify;

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

pub use self::connected::Client;
pub use self::error::{ClientError, Operation};
pub use self::options::{ClientOptions, DEFAULT_TIMEOUT, Timeouts};
pub use self::parameters::{ConnectParameters, ParameterError};
pub use self::simulated::SimulatedClient;
pub use self::stream::{Answer, MAX_ANSWER};
pub use self::verify::Verify;

/// Sending a message and getting its answer, over a socket or simulated.
///
/// Each operation comes twice: with a limit of its own, and with the client's from [`timeouts`](Self::timeouts).
pub trait Exchange: Send {
    /// How long the operations without a limit of their own may take.
    fn timeouts(&self) -> Timeouts;

    /// Sends a payload as one frame within `limit`.
    ///
    /// # Errors
    ///
    /// [`ClientError::InFlight`] while the answer to the last one has not been received; whatever else fails closes
    /// the client.
    fn send_within(
        &mut self,
        payload: &[u8],
        limit: Duration,
    ) -> impl Future<Output = Result<(), ClientError>> + Send;

    /// The next payload of the peer within `limit`, verified as the answer to what was sent. With nothing in flight it
    /// is whatever the peer sends by itself: a second answer, a later application answer.
    ///
    /// # Errors
    ///
    /// [`ClientError::Timeout`], which leaves the client open only if nothing was in flight; whatever else fails closes
    /// it.
    fn receive_within(
        &mut self,
        limit: Duration,
    ) -> impl Future<Output = Result<Answer, ClientError>> + Send;

    /// Closes. A client that is closed already stays so.
    fn close(&mut self) -> impl Future<Output = ()> + Send;

    /// Sends a payload as one frame.
    ///
    /// # Errors
    ///
    /// As [`send_within`](Self::send_within).
    fn send(&mut self, payload: &[u8]) -> impl Future<Output = Result<(), ClientError>> + Send {
        let limit = self.timeouts().send;
        self.send_within(payload, limit)
    }

    /// The next payload of the peer.
    ///
    /// # Errors
    ///
    /// As [`receive_within`](Self::receive_within).
    fn receive(&mut self) -> impl Future<Output = Result<Answer, ClientError>> + Send {
        let limit = self.timeouts().receive;
        self.receive_within(limit)
    }

    /// Sends a payload and waits for its answer.
    ///
    /// # Errors
    ///
    /// As [`send_within`](Self::send_within) and [`receive_within`](Self::receive_within).
    fn exchange(
        &mut self,
        payload: &[u8],
    ) -> impl Future<Output = Result<Answer, ClientError>> + Send {
        async {
            self.send(payload).await?;
            self.receive().await
        }
    }

    /// Sends a payload and waits for its answer, both together within `limit`.
    ///
    /// # Errors
    ///
    /// As [`exchange`](Self::exchange).
    fn exchange_within(
        &mut self,
        payload: &[u8],
        limit: Duration,
    ) -> impl Future<Output = Result<Answer, ClientError>> + Send {
        async move {
            let begun = Instant::now();
            self.send_within(payload, limit).await?;
            self.receive_within(limit.saturating_sub(begun.elapsed())).await
        }
    }
}
