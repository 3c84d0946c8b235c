//! One connection to a peer: a frame out, the answer's frame in, each under a clock.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use wardline_mllp::{DecodeError, Decoded, Decoder, DecoderOptions, FS_SILENCE, Position, encode};

/// The longest answer that is read.
const MAX_ANSWER: usize = 16 * 1024 * 1024;
/// Read at most this much at once.
const READ_SIZE: usize = 16 * 1024;

/// The socket and what has come of the next answer.
pub(crate) struct Connection {
    stream: TcpStream,
    decoder: Decoder,
    incoming: BytesMut,
    outgoing: BytesMut,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExchangeError {
    /// No connection.
    #[error("cannot be reached")]
    Connect(#[source] io::Error),
    /// No answer in time.
    #[error("no answer in time")]
    NoAnswer,
    /// The peer closed the connection.
    #[error("closed by the peer before its answer")]
    Closed,
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[source] io::Error),
    /// What came is not a frame.
    #[error("what came is not an MLLP frame")]
    NoFrame(#[source] DecodeError),
}

impl Connection {
    /// Connects within `limit`.
    pub(crate) async fn open(to: &str, limit: Duration) -> Result<Self, ExchangeError> {
        let stream = timeout(limit, TcpStream::connect(to))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(ExchangeError::Connect)?;
        stream.set_nodelay(true).map_err(ExchangeError::Broken)?;
        let options = DecoderOptions { max_payload: MAX_ANSWER, ..DecoderOptions::default() };
        Ok(Self {
            stream,
            decoder: Decoder::new(options),
            incoming: BytesMut::with_capacity(READ_SIZE),
            outgoing: BytesMut::new(),
        })
    }

    /// Sends the payload as one frame and reads the answer's payload, both within `limit`.
    pub(crate) async fn exchange(
        &mut self,
        payload: &[u8],
        limit: Duration,
    ) -> Result<Bytes, ExchangeError> {
        let deadline = Instant::now() + limit;
        self.outgoing.clear();
        encode(payload, &mut self.outgoing);
        timeout_at(deadline, self.stream.write_all(&self.outgoing))
            .await
            .map_err(|_| ExchangeError::NoAnswer)?
            .map_err(broken)?;
        loop {
            match self.decoder.decode(&mut self.incoming).map_err(ExchangeError::NoFrame)? {
                Some(Decoded::Frame(frame)) => return Ok(frame.payload.freeze()),
                Some(Decoded::Lost(_) | Decoded::Abandoned { .. }) => {}
                None => {
                    if let Some(answer) = self.read(deadline).await? {
                        return Ok(answer);
                    }
                }
            }
        }
    }

    /// Waits for bytes. An answer comes of it only where silence behind an FS, or the end of the stream, ends it.
    async fn read(&mut self, deadline: Instant) -> Result<Option<Bytes>, ExchangeError> {
        let half_ended = matches!(self.decoder.position(), Position::AfterBlockEnd { .. });
        let wait_until =
            if half_ended { deadline.min(Instant::now() + FS_SILENCE) } else { deadline };
        self.incoming.reserve(READ_SIZE);
        match timeout_at(wait_until, self.stream.read_buf(&mut self.incoming)).await {
            Ok(Ok(0)) => match self.decoder.end(&mut self.incoming) {
                Ok(Some(Decoded::Frame(frame))) => Ok(Some(frame.payload.freeze())),
                Ok(Some(Decoded::Lost(_) | Decoded::Abandoned { .. }) | None) | Err(_) => {
                    Err(ExchangeError::Closed)
                }
            },
            Ok(Ok(_)) => Ok(None),
            Ok(Err(error)) => Err(broken(error)),
            Err(_) if half_ended => {
                Ok(self.decoder.silence(&mut self.incoming).map(|frame| frame.payload.freeze()))
            }
            Err(_) => Err(ExchangeError::NoAnswer),
        }
    }
}

fn broken(error: io::Error) -> ExchangeError {
    match error.kind() {
        io::ErrorKind::BrokenPipe => ExchangeError::Closed,
        _ => ExchangeError::Broken(error),
    }
}
