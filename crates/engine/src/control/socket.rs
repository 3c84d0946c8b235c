//! The unix socket `<data_dir>/control.sock` (0600): one request a line, one answer a line.
//!
//! Whoever can open the file may operate the engine; the file system decides who that is.

use std::io;
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::Mode;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::Desk;
use super::protocol::{RefusedReason, Request, Response};

/// How many callers are served at once; further ones wait to be accepted.
const MAX_CALLERS: usize = 16;
/// The longest request, in bytes: a replay that lists [`super::protocol::MAX_REPLAYED`] messages fits, and one with the
/// largest edited copy, of whose bytes some take more than one.
const MAX_REQUEST: u64 = 4 * 1024 * 1024;
/// How long a caller may keep its place without a word: longer than somebody thinks over a question that the command
/// line asked him in between.
const CALLER_PATIENCE: Duration = Duration::from_secs(600);
/// How long a caller may take to read its answer.
const ANSWER_PATIENCE: Duration = Duration::from_secs(60);
/// How long accepting rests after an error, most likely too many open files: at once it would only fail again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Read and write for the owner, nothing for others.
const OTHERS_NOTHING: Mode = Mode::from_raw_mode(0o177);

/// A bound control socket that is not served yet. Dropping it removes the file.
#[derive(Debug)]
pub(crate) struct ControlSocket {
    listener: StdListener,
    path: PathBuf,
}

impl ControlSocket {
    /// Binds `path`. The caller holds the store's lock, so a file left there by a killed engine is nobody's.
    pub(crate) fn bind(path: &Path) -> io::Result<Self> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let before = rustix::process::umask(OTHERS_NOTHING);
        let bound = StdListener::bind(path);
        rustix::process::umask(before);
        let listener = bound?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, path: path.to_owned() })
    }

    /// Serves callers on this arbiter from now on.
    pub(crate) fn serve(self, desk: Arc<Desk>) {
        actix::spawn(async move {
            match self.listener.try_clone().and_then(UnixListener::from_std) {
                Ok(listener) => accept(&listener, &desk).await,
                Err(error) => tracing::error!(%error, "cannot watch the control socket"),
            }
        });
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        let _gone_either_way = std::fs::remove_file(&self.path);
    }
}

async fn accept(listener: &UnixListener, desk: &Arc<Desk>) {
    let callers = Arc::new(Semaphore::new(MAX_CALLERS));
    let mut failing = false;
    loop {
        let Ok(place) = Arc::clone(&callers).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                failing = false;
                let desk = Arc::clone(desk);
                actix::spawn(async move {
                    if let Err(error) = converse(stream, &desk).await {
                        tracing::debug!(%error, "a control caller left");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    tracing::error!(%error, "cannot accept control callers");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn converse(stream: UnixStream, desk: &Desk) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut stream).take(MAX_REQUEST);
        timeout(CALLER_PATIENCE, limited.read_until(b'\n', &mut line)).await??;
        if line.is_empty() {
            return Ok(());
        }
        let response = match serde_json::from_slice::<Request>(&line) {
            Ok(request) => desk.answer(request).await,
            Err(error) => Response::Refused {
                reason: RefusedReason::NotUnderstood,
                text: format!("not a request of this version: {error}"),
            },
        };
        timeout(ANSWER_PATIENCE, stream.get_mut().write_all(&response.to_line()?)).await??;
    }
}
