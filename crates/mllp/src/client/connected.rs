//! The client with a socket.

use std::fmt;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::time::{Instant, timeout};

use super::Exchange;
use super::error::{ClientError, Operation};
use super::options::{ClientOptions, Timeouts};
use super::stream::{Answer, Stream};
use super::verify::Awaited;

/// A connection to a peer that is kept for any number of messages, one in flight at a time.
///
/// After a failure that could let a late answer be taken for the next message's it is closed, and every call says
/// [`ClientError::NotConnected`]; connect again.
///
/// ```no_run
/// use wardline_mllp::{Client, ClientOptions, Exchange, Verify};
///
/// # async fn send() -> Result<(), wardline_mllp::ClientError> {
/// let options = ClientOptions { verify: Verify::VerifiedAcknowledgement, ..ClientOptions::default() };
/// let mut client = Client::connect("localhost:2575", options).await?;
/// let answer = client.exchange(b"MSH|^~\\&|A|B|C|D|20260403120000||ADT^A01|M1|P|2.5\r").await?;
/// assert!(answer.payload.starts_with(b"MSH"));
/// client.close().await;
/// # Ok(())
/// # }
/// ```
pub struct Client<S = TcpStream> {
    /// `None`: closed, or a send was given up half-way.
    stream: Option<Stream<S>>,
    awaited: Option<Awaited>,
    options: ClientOptions,
}

impl Client {
    /// Connects to the first address that takes the connection.
    ///
    /// # Errors
    ///
    /// [`ClientError::Timeout`] and [`ClientError::Connection`].
    pub async fn connect(
        address: impl ToSocketAddrs,
        options: ClientOptions,
    ) -> Result<Self, ClientError> {
        let connected = timeout(options.timeouts.connect, TcpStream::connect(address)).await;
        let stream =
            connected.map_err(|_| ClientError::Timeout { operation: Operation::Connect })??;
        // A frame leaves in one write; waiting for more would only delay it.
        stream.set_nodelay(true)?;
        Ok(Self::over(stream, options))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Client<S> {
    /// Over a stream that is connected already: TLS, a pipe.
    pub fn over(stream: S, options: ClientOptions) -> Self {
        Self { stream: Some(Stream::new(stream, &options)), awaited: None, options }
    }

    /// Whether it can be used.
    pub fn is_open(&self) -> bool {
        self.stream.is_some()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Exchange for Client<S> {
    fn timeouts(&self) -> Timeouts {
        self.options.timeouts
    }

    async fn send_within(&mut self, payload: &[u8], limit: Duration) -> Result<(), ClientError> {
        if self.stream.is_none() {
            return Err(ClientError::NotConnected);
        }
        if self.awaited.is_some() {
            return Err(ClientError::InFlight);
        }
        let awaited = Awaited::of(payload, self.options.verify)?;
        // Taken out until the frame is written: who gives up this future leaves half a frame on the wire.
        let mut stream = self.stream.take().ok_or(ClientError::NotConnected)?;
        match stream.stale().await? {
            0 => {}
            bytes => return Err(ClientError::Desynchronised { bytes }),
        }
        stream.write(payload, Instant::now() + limit).await?;
        self.stream = Some(stream);
        self.awaited = Some(awaited);
        Ok(())
    }

    async fn receive_within(&mut self, limit: Duration) -> Result<Answer, ClientError> {
        let stream = self.stream.as_mut().ok_or(ClientError::NotConnected)?;
        let received = stream.read(Instant::now() + limit).await;
        let awaited = self.awaited.as_ref();
        let verified = received.and_then(|answer| {
            awaited.map_or(Ok(()), |awaited| awaited.check(&answer.payload))?;
            Ok(answer)
        });
        match verified {
            Err(ClientError::Timeout { .. }) if self.awaited.is_none() => {}
            Err(_) => self.stream = None,
            Ok(_) => {}
        }
        self.awaited = None;
        verified
    }

    async fn close(&mut self) {
        self.awaited = None;
        if let Some(stream) = self.stream.take() {
            stream.shut(Instant::now() + self.options.timeouts.send).await;
        }
    }
}

impl<S> fmt::Debug for Client<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("open", &self.stream.is_some())
            .field("in_flight", &self.awaited.is_some())
            .field("options", &self.options)
            .finish()
    }
}
