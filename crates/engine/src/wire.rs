//! Wire: a connection to a peer, encrypted or not. Nobody else knows which.
//!
//! ```text
//!   TcpStream ────────────────────────────▶ Wire ──split──▶ WireReader + WireWriter    outbound: both sides at once
//!   TcpStream ──Acceptor or Connector──▶ Wire
//! ```
//!
//! A peer that closes an encrypted connection without saying so in TLS is taken for closed, as most do; a frame cut off
//! by it is no message either way. We say so ourselves whenever a wire is dropped.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio_rustls::TlsStream;

/// A connection to a peer.
#[derive(Debug)]
pub struct Wire(Kind);

#[derive(Debug)]
enum Kind {
    Plain(TcpStream),
    Tls(Encrypted),
}

/// An encrypted connection, which says goodbye when it is dropped.
pub(crate) struct Encrypted(Box<TlsStream<TcpStream>>);

impl Wire {
    /// Nothing is encrypted.
    pub fn plain(stream: TcpStream) -> Self {
        Self(Kind::Plain(stream))
    }

    /// After a handshake.
    pub(crate) fn encrypted(stream: TlsStream<TcpStream>) -> Self {
        Self(Kind::Tls(Encrypted(Box::new(stream))))
    }

    /// Writes what the socket takes at this moment. `WouldBlock` where it takes nothing, and always where it is
    /// encrypted: then it must be waited for.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match &self.0 {
            Kind::Plain(stream) => stream.try_write(bytes),
            Kind::Tls(_) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// The socket itself.
    pub(crate) fn socket(&self) -> &TcpStream {
        match &self.0 {
            Kind::Plain(stream) => stream,
            Kind::Tls(stream) => stream.0.get_ref().0,
        }
    }

    /// Both sides, to be used at once on one thread.
    pub(crate) fn split(self) -> (WireReader, WireWriter) {
        match self.0 {
            Kind::Plain(stream) => {
                let (reader, writer) = stream.into_split();
                (WireReader::Plain(reader), WireWriter::Plain(Arc::new(writer)))
            }
            Kind::Tls(stream) => {
                let stream = Rc::new(RefCell::new(stream));
                (WireReader::Tls(Rc::clone(&stream)), WireWriter::Tls(stream))
            }
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        landing: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Kind::Plain(stream) => Pin::new(stream).poll_read(cx, landing),
            Kind::Tls(stream) => stream.poll_read(cx, landing),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().0 {
            Kind::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Kind::Tls(stream) => Pin::new(&mut *stream.0).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Kind::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Kind::Tls(stream) => Pin::new(&mut *stream.0).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Kind::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Kind::Tls(stream) => Pin::new(&mut *stream.0).poll_shutdown(cx),
        }
    }
}

impl Encrypted {
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        landing: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut *self.0).poll_read(cx, landing) {
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Poll::Ready(Ok(()))
            }
            read => read,
        }
    }
}

impl Drop for Encrypted {
    /// Tells the peer that this is the end. What the socket does not take at once is not waited for.
    fn drop(&mut self) {
        let mut nobody_waits = Context::from_waker(Waker::noop());
        let _gone_either_way = Pin::new(&mut *self.0).poll_shutdown(&mut nobody_waits);
    }
}

impl fmt::Debug for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encrypted").field("socket", self.0.get_ref().0).finish_non_exhaustive()
    }
}

/// The reading side.
pub(crate) enum WireReader {
    Plain(OwnedReadHalf),
    Tls(Rc<RefCell<Encrypted>>),
}

/// The writing side. Cheap to clone: whoever finishes a large message holds one too.
#[derive(Clone)]
pub(crate) enum WireWriter {
    Plain(Arc<OwnedWriteHalf>),
    Tls(Rc<RefCell<Encrypted>>),
}

impl AsyncRead for WireReader {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        landing: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(half) => Pin::new(half).poll_read(cx, landing),
            Self::Tls(stream) => stream.borrow_mut().poll_read(cx, landing),
        }
    }
}

impl WireWriter {
    /// Has a look at the socket itself.
    pub(crate) fn with_socket<T>(&self, look: impl FnOnce(&TcpStream) -> T) -> T {
        match self {
            Self::Plain(half) => look(half.as_ref().as_ref()),
            Self::Tls(stream) => look(stream.borrow().0.get_ref().0),
        }
    }

    /// Writes what the socket takes at this moment of these parts. `WouldBlock` as for [`Wire::try_write`].
    pub(crate) fn try_write_vectored(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Plain(half) => half.try_write_vectored(parts),
            Self::Tls(_) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// The same, waiting until the socket takes something.
    pub(crate) async fn write_vectored(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Plain(half) => loop {
                half.writable().await?;
                match half.try_write_vectored(parts) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    written => return written,
                }
            },
            Self::Tls(stream) => {
                std::future::poll_fn(|cx| {
                    Pin::new(&mut *stream.borrow_mut().0).poll_write_vectored(cx, parts)
                })
                .await
            }
        }
    }

    /// Tells the peer that nothing more comes.
    pub(crate) async fn shutdown(&self) -> io::Result<()> {
        match self {
            Self::Plain(_) => self.with_socket(|it| SockRef::from(it).shutdown(Shutdown::Write)),
            Self::Tls(stream) => {
                std::future::poll_fn(|cx| Pin::new(&mut *stream.borrow_mut().0).poll_shutdown(cx))
                    .await
            }
        }
    }

    /// Reads what came, as it came, for nobody: how much it was, 0 at the end. Nobody else may read any more.
    pub(crate) fn poll_discard(
        &self,
        cx: &mut Context<'_>,
        landing: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.with_socket(|socket| {
            loop {
                ready!(socket.poll_read_ready(cx))?;
                match socket.try_read(landing) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    read => return Poll::Ready(read),
                }
            }
        })
    }

    /// Waits until the socket has taken all that was written.
    pub(crate) async fn flush(&self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Tls(stream) => {
                std::future::poll_fn(|cx| Pin::new(&mut *stream.borrow_mut().0).poll_flush(cx))
                    .await
            }
        }
    }
}
