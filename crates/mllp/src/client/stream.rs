//! A stream of bytes under the client: frames out, frames in, each until a deadline.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, timeout_at};

use super::error::{ClientError, Operation};
use super::options::ClientOptions;
use crate::{
    DecodeError, Decoded, Decoder, DecoderOptions, FS_SILENCE, MAX_LOST_PIECE, Position, encode,
};

/// The longest answer that is read unless told otherwise, in bytes: an acknowledgement is short, a query's response
/// may not be.
pub const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// Read at most this much at once, in bytes.
const READ_SIZE: usize = 16 * 1024;
/// Bytes before a frame that are kept for the owner. More of them are a peer that does not speak MLLP.
const MAX_LOST: usize = MAX_LOST_PIECE;
/// How much is read of what should not be there, in bytes. One of them would do.
const STALE_SIZE: usize = 512;

/// What the peer sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The payload of its frame.
    pub payload: Bytes,
    /// Bytes that came before the frame and belong to none. Mostly empty.
    pub lost: Bytes,
}

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Answer")
            .field("payload_bytes", &self.payload.len())
            .field("lost_bytes", &self.lost.len())
            .finish()
    }
}

/// The stream and what has come of the next answer.
pub(super) struct Stream<S> {
    socket: S,
    decoder: Decoder,
    incoming: BytesMut,
    outgoing: BytesMut,
    lost: BytesMut,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream<S> {
    pub(super) fn new(socket: S, options: &ClientOptions) -> Self {
        let options =
            DecoderOptions { max_payload: options.max_answer, frame_end: options.frame_end };
        Self {
            socket,
            decoder: Decoder::new(options),
            incoming: BytesMut::new(),
            outgoing: BytesMut::new(),
            lost: BytesMut::new(),
        }
    }

    /// How many bytes have come that belong to no answer yet, without waiting for any. Those that are silent between
    /// frames do not count.
    pub(super) async fn stale(&mut self) -> Result<usize, ClientError> {
        let mut bytes = [0; STALE_SIZE];
        let mut read = ReadBuf::new(&mut bytes);
        let socket = &mut self.socket;
        let come = poll_fn(|context| {
            Poll::Ready(match Pin::new(&mut *socket).poll_read(context, &mut read) {
                Poll::Ready(outcome) => Some(outcome),
                Poll::Pending => None,
            })
        });
        match come.await {
            None => {}
            Some(Ok(())) if read.filled().is_empty() => return Err(ClientError::Closed),
            Some(Ok(())) => self.incoming.extend_from_slice(read.filled()),
            Some(Err(error)) => return Err(error.into()),
        }
        let come = self.lost.len() + self.incoming.len();
        let nothing = self.lost.is_empty()
            && self.decoder.decode(&mut self.incoming)?.is_none()
            && self.decoder.position() == Position::Between;
        Ok(if nothing { 0 } else { come.max(1) })
    }

    /// Writes one frame.
    pub(super) async fn write(
        &mut self,
        payload: &[u8],
        deadline: Instant,
    ) -> Result<(), ClientError> {
        self.outgoing.clear();
        encode(payload, &mut self.outgoing);
        let written = async {
            self.socket.write_all(&self.outgoing).await?;
            self.socket.flush().await
        };
        match timeout_at(deadline, written).await {
            Ok(outcome) => Ok(outcome?),
            Err(_) => Err(ClientError::Timeout { operation: Operation::Send }),
        }
    }

    /// Reads up to the end of the next frame. What came behind it stays for the next call, and so does what has come
    /// so far when the deadline passes.
    pub(super) async fn read(&mut self, deadline: Instant) -> Result<Answer, ClientError> {
        loop {
            let decoded = match self.decoder.decode(&mut self.incoming)? {
                Some(decoded) => decoded,
                None => match self.more(deadline).await? {
                    Some(decoded) => decoded,
                    None => continue,
                },
            };
            match decoded {
                Decoded::Frame(frame) => {
                    let lost = std::mem::take(&mut self.lost).freeze();
                    return Ok(Answer { payload: frame.payload.freeze(), lost });
                }
                Decoded::Lost(lost) => {
                    self.lost.extend_from_slice(&lost);
                    if self.lost.len() > MAX_LOST {
                        return Err(ClientError::NoFrame { bytes: self.lost.len() });
                    }
                }
                Decoded::Abandoned { .. } => {}
            }
        }
    }

    /// Waits for bytes. Something comes of it at once only where silence behind an FS, or the end of the stream, ends
    /// the frame.
    async fn more(&mut self, deadline: Instant) -> Result<Option<Decoded>, ClientError> {
        let half_ended = matches!(self.decoder.position(), Position::AfterBlockEnd { .. });
        let wait_until =
            if half_ended { deadline.min(Instant::now() + FS_SILENCE) } else { deadline };
        self.incoming.reserve(READ_SIZE);
        match timeout_at(wait_until, self.socket.read_buf(&mut self.incoming)).await {
            Ok(Ok(0)) => match self.decoder.end(&mut self.incoming) {
                Ok(Some(decoded)) => Ok(Some(decoded)),
                Ok(None) => Err(ClientError::Closed),
                Err(error @ (DecodeError::TooLarge { .. } | DecodeError::UnexpectedEnd { .. })) => {
                    Err(error.into())
                }
            },
            Ok(Ok(_)) => Ok(None),
            Ok(Err(error)) => Err(error.into()),
            Err(_) if half_ended && wait_until < deadline => {
                Ok(self.decoder.silence(&mut self.incoming).map(Decoded::Frame))
            }
            Err(_) => Err(ClientError::Timeout { operation: Operation::Receive }),
        }
    }

    /// Says farewell.
    pub(super) async fn shut(mut self, deadline: Instant) {
        // The owner is done with the peer: that the farewell fails changes nothing for him.
        let _best_effort = timeout_at(deadline, self.socket.shutdown()).await;
    }
}
