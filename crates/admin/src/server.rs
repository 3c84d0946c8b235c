//! The server: bound when the engine is built, started beside it, ended behind it.
//!
//! Its threads are its own. A handler that panics loses its connection; if the server itself ends, the engine's log says
//! so and messages flow on.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::web::{Data, FormConfig, JsonConfig, PayloadConfig};
use actix_web::{App, HttpServer};
use wardline_config::{Admin as Settings, ServerTls};
use wardline_engine::control::Desk;
use wardline_engine::{Beside, Engine};

use crate::access::{AccessFault, AccessFolder};
use crate::door;
use crate::entry::Entry;
use crate::fault::Fault;
use crate::live::Places;
use crate::route;
use crate::searches::Searches;
use crate::seat::Seat;
use crate::watch::sampler::Sampler;

/// Threads that answer. What takes long is done on others.
const WORKERS: usize = 2;
/// Threads for what blocks, each worker's: the store is read by few at a time.
const MAX_BLOCKING: usize = 8;
/// How long the headers of a request may take to arrive.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// How long a connection may stay open without a request.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long a connection may take to close.
const CLOSE_TIME: Duration = Duration::from_secs(2);
/// How long requests in hand may take when the engine has ended, in seconds.
const SHUTDOWN_TIME: u64 = 1;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 128;
/// The longest body that any handler reads again; the door has held it to its route's limit before.
const LARGEST_BODY: usize = 256 * 1024 * 1024;

/// What the page is made of.
#[derive(Debug)]
pub struct Options<'o> {
    /// `[admin]`.
    pub settings: Settings,
    /// `[engine] name`.
    pub name: String,
    /// `[engine] data_dir`.
    pub data_dir: &'o Path,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The address is taken or not this machine's.
    #[error("[admin] cannot bind {address}")]
    Bind {
        /// What it was to be.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Users and tokens cannot be read, or the set-up token not written.
    #[error("[admin] cannot tell who may come in")]
    Access(#[from] AccessFault),
    /// The certificate and what is spoken go not together.
    #[error("[admin.tls] cannot be used")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A page that is ready to be served.
pub struct Admin {
    listener: TcpListener,
    address: SocketAddr,
    settings: Settings,
    name: String,
    entry: Entry,
    server: Server,
}

/// Plain, or with TLS: the two take different ways through the framework.
enum Server {
    Plain,
    Encrypted(Box<rustls::ServerConfig>),
}

impl Admin {
    /// Binds, and reads who may come in. The data folder is there and this process's.
    ///
    /// # Errors
    ///
    /// The address cannot be had, or a file cannot be used.
    pub fn build(options: Options<'_>, engine: &Engine) -> Result<Self, AdminError> {
        let Options { settings, name, data_dir } = options;
        let tls = engine.page_tls().map_err(|error| AdminError::Tls(error.into()))?;
        let bind = |source| AdminError::Bind { address: settings.bind, source };
        let listener = TcpListener::bind(settings.bind).map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let times = (settings.session_idle, settings.session_max);
        let folder = AccessFolder::of(data_dir);
        let entry = Entry::open(folder, times, format!("{scheme}://{address}"))?;
        if entry.record()?.is_empty() {
            entry.set_up.offer()?;
        }
        tracing::info!("the page is at {scheme}://{address}");
        let server = tls.map_or(Server::Plain, |tls| Server::Encrypted(Box::new(tls)));
        Ok(Self { listener, address, settings, name, entry, server })
    }

    /// Where it is, with the real port where 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// For [`Engine::beside`].
    pub fn beside(self) -> Beside {
        Box::new(move |desk| {
            let (running, ready) = mpsc::sync_channel(1);
            let serve = move || serve(self, desk, &running);
            if let Err(error) = thread::Builder::new().name("admin".to_owned()).spawn(serve) {
                tracing::error!(%error, "the page has no thread: the engine runs without it");
            }
            Box::new(move || end(&ready))
        })
    }
}

type Running = (actix_web::dev::ServerHandle, mpsc::Receiver<()>);

fn serve(admin: Admin, desk: Arc<Desk>, running: &mpsc::SyncSender<Running>) {
    let Admin { listener, settings, name, entry, server, .. } = admin;
    let sampler = Sampler::new(Arc::clone(&desk));
    let seat = Data::new(Seat {
        desk,
        sampler: Arc::clone(&sampler),
        searches: Searches::default(),
        streams: Places::default(),
        access: entry,
        environment: settings.environment,
        name,
        is_encrypted: matches!(server, Server::Encrypted(_)),
    });
    let page = Arc::downgrade(&seat);
    seat.desk.attend(page);
    let handshake = settings.tls.as_ref().map(|tls: &ServerTls| tls.handshake_timeout);
    let connections = settings.max_connections.get().div_ceil(WORKERS);
    let ended = actix_web::rt::System::new().block_on(async move {
        actix_web::rt::spawn(sampler.run());
        let app = move || {
            App::new()
                .app_data(seat.clone())
                .app_data(PayloadConfig::new(LARGEST_BODY))
                .app_data(FormConfig::default().limit(LARGEST_BODY))
                .app_data(JsonConfig::default().limit(LARGEST_BODY))
                .wrap(from_fn(door::guard))
                .configure(route::install)
                .default_service(actix_web::web::to(nothing_here))
        };
        let http = HttpServer::new(app)
            .workers(WORKERS)
            .worker_max_blocking_threads(MAX_BLOCKING)
            .max_connections(connections)
            .backlog(BACKLOG)
            .client_request_timeout(HEADER_TIME)
            .client_disconnect_timeout(CLOSE_TIME)
            .keep_alive(KEEP_ALIVE)
            .shutdown_timeout(SHUTDOWN_TIME)
            .disable_signals();
        let bound = match server {
            Server::Plain => http.listen(listener),
            Server::Encrypted(tls) => http
                .tls_handshake_timeout(handshake.unwrap_or(HEADER_TIME))
                .listen_rustls_0_23(listener, *tls),
        };
        let server = bound?.run();
        let (ended, end) = mpsc::sync_channel(1);
        let _nobody_ends_it = running.send((server.handle(), end));
        let outcome = server.await;
        let _nobody_waits = ended.send(());
        outcome
    });
    match ended {
        Ok(()) => tracing::debug!("the page has ended"),
        Err(error) => tracing::error!(%error, "the page has ended: the engine runs without it"),
    }
}

/// Asks the server to end and waits until it has. Its own limit is [`SHUTDOWN_TIME`].
fn end(running: &mpsc::Receiver<Running>) {
    if let Ok((handle, ended)) = running.recv() {
        drop(handle.stop(true));
        let _it_has = ended.recv();
    }
}

async fn nothing_here() -> Result<String, Fault> {
    Err(Fault::NotFound)
}
