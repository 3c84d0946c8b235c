//! TLS to a database, shaken hands over by the connector that every destination has.

use std::io::{self};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use wardline_flow::TransportFault;

use crate::outbound::socket;
use crate::tls::Connector;
use crate::wire::Wire;

/// One handshake to come, once the server has said that it speaks TLS.
pub(super) struct Shaking {
    pub(super) connector: Arc<Connector>,
    pub(super) address: String,
}

/// No handshake, and what that says of the way.
#[derive(Debug, thiserror::Error)]
#[error("no TLS with the database")]
pub(super) struct HandsNotShaken(pub(super) TransportFault);

/// An encrypted connection.
pub(super) struct Encrypted(Wire);

impl TlsConnect<TcpStream> for Shaking {
    type Stream = Encrypted;
    type Error = HandsNotShaken;
    type Future = Pin<Box<dyn Future<Output = Result<Encrypted, HandsNotShaken>>>>;

    fn connect(self, stream: TcpStream) -> Self::Future {
        Box::pin(async move {
            let shaken = socket::shake_hands(&self.connector, stream, &self.address).await;
            shaken.map(Encrypted).map_err(HandsNotShaken)
        })
    }
}

impl TlsStream for Encrypted {
    /// Without: the certificate is checked, and whoever has its key may have the password's proof.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        landing: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_read(cx, landing)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(cx)
    }
}
