//! Acceptor: the side of a handshake that a listener plays.
//!
//! What it shows and whom it trusts can be swapped while it runs: handshakes that follow use the new, connections that
//! stand keep what they have.

use std::io;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{
    Acceptor as Hello, ClientHello, NoServerSessionStorage, ResolvesServerCert,
    WebPkiClientVerifier,
};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio::net::TcpStream;
use tokio_rustls::{LazyConfigAcceptor, TlsStream};
use wardline_config::{ServerTls, TlsVersion};

use super::certificates::first_to_expire;
use super::clients::Clients;
use super::fault::{HandshakeFault, Note, TlsFault};
use super::identity::Identity;
use super::material;
use super::{provider, versions};
use crate::wire::Wire;

/// A listener's certificate and whom it trusts.
#[derive(Debug)]
pub(crate) struct Acceptor {
    settings: ServerTls,
    current: ArcSwap<Shown>,
}

/// What was read from the files.
#[derive(Debug)]
pub(super) struct Shown {
    resolver: Arc<SingleCertAndKey>,
    clients: Option<Arc<Clients>>,
    min_version: TlsVersion,
    /// The configuration where clients are not asked: the same for every handshake.
    open: Arc<ServerConfig>,
    first_to_expire: Option<Identity>,
}

impl Acceptor {
    /// Reads the files.
    pub(crate) fn build(settings: &ServerTls) -> Result<Arc<Self>, TlsFault> {
        let current = ArcSwap::from(Shown::load(settings)?);
        Ok(Arc::new(Self { settings: settings.clone(), current }))
    }

    /// Shakes hands with whoever has connected.
    pub(crate) async fn accept(&self, stream: TcpStream) -> Result<Wire, HandshakeFault> {
        let limit = self.settings.handshake_timeout;
        tokio::time::timeout(limit, self.current.load_full().shake_hands(stream))
            .await
            .unwrap_or(Err(HandshakeFault::TimedOut))
    }

    /// A configuration that asks no client for a certificate, for whoever shakes hands by himself: it shows what is
    /// current.
    pub(crate) fn unasked(self: &Arc<Self>) -> Result<ServerConfig, rustls::Error> {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(versions(self.settings.min_version))?;
        let config = builder.with_no_client_auth().with_cert_resolver(Arc::clone(self) as _);
        Ok(never_resumed(config))
    }

    /// Whether it is made of these settings.
    pub(super) fn is_for(&self, settings: &ServerTls) -> bool {
        self.settings == *settings
    }

    /// Reads the files again, without using what is in them.
    pub(super) fn read_again(&self) -> Result<Arc<Shown>, TlsFault> {
        Shown::load(&self.settings)
    }

    /// Uses this from the next handshake on.
    pub(super) fn swap(&self, shown: Arc<Shown>) {
        self.current.store(shown);
    }

    /// Of the certificates that are shown, the one that expires first.
    pub(super) fn first_to_expire(&self) -> Option<Identity> {
        self.current.load().first_to_expire.clone()
    }
}

impl ResolvesServerCert for Acceptor {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.current.load().resolver.resolve(hello)
    }
}

impl Shown {
    fn load(settings: &ServerTls) -> Result<Arc<Self>, TlsFault> {
        let certified = material::certified_key(&settings.identity)?;
        let clients = settings.clients.as_ref().map(Clients::load).transpose()?;
        let first_to_expire = first_to_expire(&certified.cert);
        let resolver = Arc::new(SingleCertAndKey::from(CertifiedKey::clone(&certified)));
        let open = config(settings.min_version, WebPkiClientVerifier::no_client_auth(), &resolver);
        let open = open.map_err(TlsFault::SetUp)?;
        let min_version = settings.min_version;
        Ok(Arc::new(Self { resolver, clients, min_version, open, first_to_expire }))
    }

    async fn shake_hands(self: Arc<Self>, stream: TcpStream) -> Result<Wire, HandshakeFault> {
        let hello = LazyConfigAcceptor::new(Hello::default(), stream).await;
        let hello = hello.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
                HandshakeFault::ClosedBefore
            }
            _ => HandshakeFault::of(error, None),
        })?;
        let note = Note::default();
        let config = match &self.clients {
            None => Arc::clone(&self.open),
            Some(clients) => config(self.min_version, clients.look(note.clone()), &self.resolver)
                .map_err(HandshakeFault::Protocol)?,
        };
        match hello.into_stream(config).await {
            Ok(stream) => Ok(Wire::encrypted(TlsStream::Server(stream))),
            Err(error) => Err(HandshakeFault::of(error, note.refused())),
        }
    }
}

fn config(
    least: TlsVersion,
    clients: Arc<dyn ClientCertVerifier>,
    resolver: &Arc<SingleCertAndKey>,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(versions(least))?
        .with_client_cert_verifier(clients)
        .with_cert_resolver(Arc::clone(resolver) as _);
    Ok(Arc::new(never_resumed(config)))
}

fn never_resumed(mut config: ServerConfig) -> ServerConfig {
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config
}
