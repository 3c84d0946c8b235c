//! What the engine takes when it has nothing to do, and for connections that say nothing.

use std::io;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Serialize;

use super::engine::Engine;
use super::error::BenchError;
use super::site::Site;
use super::work::Effort;

/// Idle connections that are opened.
const CONNECTIONS: u64 = 10_000;
/// Idle connections over TLS that are opened: each costs a handshake on both sides.
const ENCRYPTED_CONNECTIONS: u64 = 1_000;
/// Descriptors this process, and the engine, need beside its connections.
const OTHER_DESCRIPTORS: u64 = 200;
/// After the start, until a fresh engine is at rest.
const REST: Duration = Duration::from_secs(1);
/// How long the engine may take to accept all of them.
const ACCEPT_TIME: Duration = Duration::from_secs(60);
/// Between two looks whether it has.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// An engine at rest.
#[derive(Debug, Serialize)]
pub(super) struct Idle {
    /// From the start of the process until it took a connection; target 200.
    pub(super) listening_after_milliseconds: f64,
    /// Resident memory without a connection; target 30 MiB.
    pub(super) resident_bytes: u64,
    /// Idle connections that could be opened.
    pub(super) connections: u64,
    /// Resident memory that each of them takes; target 20 KiB.
    pub(super) resident_bytes_per_connection: u64,
    /// Idle connections over TLS.
    pub(super) encrypted_connections: u64,
    /// Resident memory that each of those takes.
    pub(super) resident_bytes_per_encrypted_connection: u64,
}

/// Measures a fresh engine, then the same with as many idle connections as the descriptor limit allows.
pub(super) fn measure(effort: &Effort<'_>) -> Result<Idle, BenchError> {
    let engine = Engine::start(effort.folder, "idle", &Site::Discard)?;
    thread::sleep(REST);
    let process = engine.child.process();
    let resident = process.resident()?;
    let wanted = CONNECTIONS.min(raise_limit().saturating_sub(OTHER_DESCRIPTORS));
    let open: Vec<TcpStream> = (0..wanted)
        .map(|_| TcpStream::connect(engine.address))
        .collect::<Result<_, _>>()
        .map_err(BenchError::Network)?;
    let connections = accepted(&engine, wanted)?;
    let with_connections = process.resident()?;
    drop(open);
    Ok(Idle {
        listening_after_milliseconds: engine.listening_after.as_secs_f64() * 1000.0,
        resident_bytes: resident,
        connections,
        resident_bytes_per_connection: with_connections.saturating_sub(resident)
            / connections.max(1),
        encrypted_connections: ENCRYPTED_CONNECTIONS,
        resident_bytes_per_encrypted_connection: per_encrypted_connection(effort)?,
    })
}

/// What an idle connection over TLS takes, its handshake behind it.
fn per_encrypted_connection(effort: &Effort<'_>) -> Result<u64, BenchError> {
    let connector = effort.connector()?;
    let site = Site::Encrypted(effort.folder.to_owned());
    let engine = Engine::start(effort.folder, "idle-tls", &site)?;
    thread::sleep(REST);
    let process = engine.child.process();
    let resident = process.resident()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(BenchError::Network)?;
    let open = runtime.block_on(async {
        let mut open = Vec::new();
        for _ in 0..ENCRYPTED_CONNECTIONS {
            let stream = tokio::net::TcpStream::connect(engine.address).await?;
            open.push(connector.connect(stream).await.map_err(io::Error::other)?);
        }
        Ok(open)
    });
    let open = open.map_err(BenchError::Network)?;
    accepted(&engine, ENCRYPTED_CONNECTIONS)?;
    let with_connections = process.resident()?;
    drop(open);
    Ok(with_connections.saturating_sub(resident) / ENCRYPTED_CONNECTIONS)
}

/// Waits until the engine has accepted them; how many it has.
fn accepted(engine: &Engine, wanted: u64) -> Result<u64, BenchError> {
    let deadline = Instant::now() + ACCEPT_TIME;
    loop {
        let connections =
            engine.status()?.listeners.iter().map(|listener| listener.connections).sum();
        if connections >= wanted || Instant::now() > deadline {
            return Ok(connections);
        }
        thread::sleep(LOOK_AGAIN);
    }
}

/// Raises the soft limit of descriptors to the hard one; the limit afterwards.
fn raise_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    let current = if raised.is_ok() { limit.maximum } else { limit.current };
    current.unwrap_or(u64::MAX)
}
