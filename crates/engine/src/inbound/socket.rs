//! The socket of a connection: reads that hold no memory while idle, writes with a limit, a close that lets the last
//! answer arrive.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use bytes::{BufMut, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};

use super::close::CloseReason;
use crate::wire::Wire;

/// One read's most, and what one arbiter's connections share as their read buffer.
pub(super) const READ_SIZE: usize = 64 * 1024;
/// A connection that holds this much of a frame reads into its own buffer instead of copying from the shared one.
const LARGE: usize = 32 * 1024;
/// How long a refused peer may take to read the refusal.
const LINGER_TIME: Duration = Duration::from_secs(5);
/// How long a peer may take to read its last answer before a drain closes the connection: it may send on meanwhile,
/// and every connection waits at the same time.
const PART_TIME: Duration = Duration::from_secs(1);
/// How much of a refused payload is read and thrown away so that the refusal arrives.
const LINGER_BYTES: usize = 64 * 1024 * 1024;

thread_local! {
    /// Where reads of this arbiter land first: ten thousand idle connections hold one buffer, not ten thousand.
    static SHARED: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_SIZE]);
}

/// A peer's socket.
#[derive(Debug)]
pub(super) struct Socket {
    wire: Wire,
    write_timeout: Duration,
    written: usize,
}

/// How a read went.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ReadOutcome {
    /// The buffer holds more than before.
    Bytes,
    /// The peer closed its side.
    EndOfStream,
    /// Nothing came in time.
    DeadlinePassed,
    /// The socket failed.
    Failed(io::ErrorKind),
}

impl Socket {
    pub(super) fn new(wire: Wire, write_timeout: Duration) -> Self {
        Self { wire, write_timeout, written: 0 }
    }

    /// How long the peer may take to read what is written from here on.
    pub(super) fn limit(&mut self, write_timeout: Duration) {
        self.write_timeout = write_timeout;
    }

    /// Reads once, no more than `most` or [`READ_SIZE`], at most until `deadline`. Cancel-safe: what was read is in
    /// `buffer`.
    pub(super) async fn read(
        &mut self,
        buffer: &mut BytesMut,
        most: usize,
        deadline: Option<Instant>,
    ) -> ReadOutcome {
        let wire = &mut self.wire;
        let read = async {
            if buffer.len() >= LARGE {
                buffer.reserve(READ_SIZE);
                wire.read_buf(&mut buffer.limit(most)).await
            } else {
                let mut keep = |read: &[u8]| buffer.extend_from_slice(read);
                poll_fn(|cx| poll_shared(Pin::new(&mut *wire), cx, &mut keep)).await
            }
        };
        let read = match deadline {
            None => read.await,
            Some(deadline) => match tokio::time::timeout_at(deadline.into(), read).await {
                Ok(read) => read,
                Err(_elapsed) => return ReadOutcome::DeadlinePassed,
            },
        };
        match read {
            Ok(0) => ReadOutcome::EndOfStream,
            Ok(_) => ReadOutcome::Bytes,
            Err(error) => ReadOutcome::Failed(error.kind()),
        }
    }

    /// How many bytes have been written, or tried to be.
    pub(super) fn written(&self) -> usize {
        self.written
    }

    /// Writes all of a frame, at most for `write_timeout`.
    pub(super) async fn write(&mut self, frame: &[u8]) -> Result<(), CloseReason> {
        self.written = self.written.saturating_add(frame.len());
        // Nearly every answer fits the socket's buffer: no timer for those.
        let rest = match self.wire.try_write(frame) {
            Ok(written) if written == frame.len() => return Ok(()),
            Ok(written) => frame.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => frame,
            Err(error) => return Err(CloseReason::Failed(error.kind())),
        };
        let written = async {
            self.wire.write_all(rest).await?;
            self.wire.flush().await
        };
        match tokio::time::timeout(self.write_timeout, written).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(CloseReason::Failed(error.kind())),
            Err(_elapsed) => Err(CloseReason::WriteTimeout),
        }
    }

    /// Leaves a peer whose payload was refused unread, once it has the refusal.
    pub(super) async fn linger(&mut self) {
        self.leave(LINGER_TIME).await;
    }

    /// Leaves a peer that may be sending on, once it has its last answer.
    pub(super) async fn part(&mut self) {
        self.leave(PART_TIME).await;
    }

    /// Whether the peer has sent what was not read. It is thrown away.
    pub(super) fn has_unread(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        let mut unread = false;
        let read = poll_shared(Pin::new(&mut self.wire), &mut cx, |read| unread = !read.is_empty());
        read.is_ready() && unread
    }

    /// Shuts the write side and reads the rest away, so that closing does not reset what the peer has yet to read.
    async fn leave(&mut self, within: Duration) {
        let read_away = async {
            self.wire.shutdown().await?;
            let mut thrown_away = 0;
            while thrown_away < LINGER_BYTES {
                match poll_fn(|cx| poll_shared(Pin::new(&mut self.wire), cx, |_| ())).await? {
                    0 => break,
                    read => thrown_away += read,
                }
            }
            io::Result::Ok(())
        };
        let _closed_either_way = tokio::time::timeout(within, read_away).await;
    }
}

/// Reads into the arbiter's shared buffer and shows what came.
fn poll_shared(
    wire: Pin<&mut Wire>,
    cx: &mut Context<'_>,
    take: impl FnOnce(&[u8]),
) -> Poll<io::Result<usize>> {
    SHARED.with_borrow_mut(|shared| {
        let mut landing = ReadBuf::new(shared);
        ready!(wire.poll_read(cx, &mut landing))?;
        take(landing.filled());
        Poll::Ready(Ok(landing.filled().len()))
    })
}
