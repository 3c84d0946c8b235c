//! One connection to a peer: [`wardline_mllp::Client`], which takes any payload for an answer, since each answer is
//! judged, and shown, by who sends.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpStream;
use wardline_engine::Wire;
use wardline_engine::tls::{Connector, HandshakeFault};
use wardline_mllp::{Client, ClientError, ClientOptions, DecodeError, Exchange, Timeouts, Verify};

/// The client and what it is told.
#[derive(Debug)]
pub(crate) struct Connection(Client<Wire>);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExchangeError {
    /// No connection.
    #[error("cannot be reached")]
    Connect(#[source] io::Error),
    /// No handshake.
    #[error("no TLS with the peer")]
    Tls(#[source] HandshakeFault),
    /// No answer in time.
    #[error("no answer in time")]
    NoAnswer,
    /// The peer closed the connection.
    #[error("closed by the peer before its answer")]
    Closed,
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[source] ClientError),
    /// What came is not a frame.
    #[error("what came is not an answer in a frame")]
    NoFrame(#[source] ClientError),
}

impl Connection {
    /// Connects within `limit`; encrypted where there is a connector.
    pub(crate) async fn open(
        to: &str,
        connector: Option<&Connector>,
        limit: Duration,
    ) -> Result<Self, ExchangeError> {
        let connected = tokio::time::timeout(limit, TcpStream::connect(to)).await;
        let stream = connected
            .unwrap_or_else(|_elapsed| Err(io::ErrorKind::TimedOut.into()))
            .map_err(ExchangeError::Connect)?;
        stream.set_nodelay(true).map_err(ExchangeError::Connect)?;
        let wire = match connector {
            Some(connector) => connector.connect(stream).await.map_err(ExchangeError::Tls)?,
            None => Wire::plain(stream),
        };
        let options = ClientOptions {
            timeouts: Timeouts::each(limit),
            verify: Verify::AnyMessage,
            ..ClientOptions::default()
        };
        Ok(Self(Client::over(wire, options)))
    }

    /// Sends the payload as one frame and reads the answer's payload, both within `limit`.
    pub(crate) async fn exchange(
        &mut self,
        payload: &[u8],
        limit: Duration,
    ) -> Result<Bytes, ExchangeError> {
        let answered = self.0.exchange_within(payload, limit).await;
        answered.map(|answer| answer.payload).map_err(ExchangeError::from)
    }
}

impl From<ClientError> for ExchangeError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Timeout { .. } => Self::NoAnswer,
            ClientError::Closed | ClientError::Framing(DecodeError::UnexpectedEnd { .. }) => {
                Self::Closed
            }
            ClientError::Connection(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                Self::Closed
            }
            ClientError::NoFrame { .. }
            | ClientError::Framing(DecodeError::TooLarge { .. })
            | ClientError::NotAnAcknowledgement
            | ClientError::AnotherMessage => Self::NoFrame(error),
            ClientError::NotConnected
            | ClientError::InFlight
            | ClientError::Desynchronised { .. }
            | ClientError::Unverifiable
            | ClientError::NotAMessage
            | ClientError::Connection(_) => Self::Broken(error),
        }
    }
}
