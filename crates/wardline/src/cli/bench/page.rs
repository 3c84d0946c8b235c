//! The page of the engine that is measured, as programs ask it: one request at a time, and streams that stay open.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, HOST};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinSet, LocalSet};
use wardline_admin::access::{AccessFolder, NewToken, Right};

use super::error::BenchError;

/// The name of the token that measurements use.
const TOKEN: &str = "bench";
/// What a stream says with every look of the engine at itself.
const LOOK: &[u8] = b"event: clock";
/// A stream is looked at so often for whether it is to end.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// What opens the door of an engine's page.
#[derive(Debug, Clone)]
pub(super) struct Token(Arc<str>);

impl Token {
    /// Makes one that may see, for the engine with this data folder.
    pub(super) fn make(data_dir: &Path) -> Result<Self, BenchError> {
        let rights = [Right::See].into_iter().collect();
        let new = NewToken {
            name: TOKEN.to_owned(),
            rights,
            ends: None,
            by: TOKEN.to_owned(),
            own: rights,
        };
        let folder = AccessFolder::of(data_dir);
        let made = folder.change(|record| record.add_token(new, Timestamp::now()));
        Ok(Self(made.map_err(BenchError::Token)?.into()))
    }
}

/// The page of one engine.
#[derive(Debug, Clone)]
pub(super) struct Page {
    pub(super) address: SocketAddr,
    pub(super) token: Token,
}

impl Page {
    /// What stands at this path, and after how long all of it was here. One connection a request, as commands have it.
    pub(super) fn get(&self, path: &str) -> Result<(Bytes, Duration), BenchError> {
        runtime()?.block_on(async {
            let begun = Instant::now();
            let body = self.open(path).await?.into_body().collect().await;
            Ok((body.map_err(BenchError::Page)?.to_bytes(), begun.elapsed()))
        })
    }

    async fn open(&self, path: &str) -> Result<Response<Incoming>, BenchError> {
        let stream = TcpStream::connect(self.address).await.map_err(BenchError::Network)?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(BenchError::Page)?;
        tokio::spawn(connection);
        let request = Request::get(path)
            .header(HOST, self.address.to_string())
            .header(AUTHORIZATION, format!("Bearer {}", self.token.0))
            .body(Empty::<Bytes>::new())
            .map_err(|_| BenchError::PageRefused)?;
        let response = sender.send_request(request).await.map_err(BenchError::Page)?;
        if response.status() == StatusCode::OK {
            Ok(response)
        } else {
            Err(BenchError::PageRefused)
        }
    }
}

/// Pages that somebody has open: a stream for each, opened again where it ends, as browsers do it.
pub(super) struct Open {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Result<(), BenchError>>>,
}

/// What the streams told.
#[derive(Debug, Default)]
struct Shared {
    looks: AtomicU64,
    bytes: AtomicU64,
    /// Milliseconds from one piece of a stream to its next, at most.
    longest_silence: AtomicU64,
    ends: AtomicBool,
}

/// What the streams of open pages came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    /// Looks of the engine at itself, over all streams.
    pub(super) looks: u64,
    /// Bytes, over all streams.
    pub(super) bytes: u64,
    /// From one piece of a stream to its next, at most.
    pub(super) longest_silence: Duration,
}

impl Open {
    /// Opens the streams of the pages at `paths`.
    pub(super) fn at(page: &Page, paths: &[&str]) -> Self {
        let shared = Arc::new(Shared::default());
        let (of_thread, page) = (Arc::clone(&shared), page.clone());
        let paths: Vec<String> = paths.iter().map(|path| format!("/live?at={path}")).collect();
        let thread = thread::spawn(move || {
            LocalSet::new().block_on(&runtime()?, async {
                let mut streams = JoinSet::new();
                for path in paths {
                    streams.spawn_local(listen(page.clone(), path, Arc::clone(&of_thread)));
                }
                while let Some(ended) = streams.join_next().await {
                    ended.map_err(|_| BenchError::LoadEnded)??;
                }
                Ok(())
            })
        });
        Self { shared, thread: Some(thread) }
    }

    /// What they told until now.
    pub(super) fn heard(&self) -> Heard {
        Heard {
            looks: self.shared.looks.load(Ordering::Relaxed),
            bytes: self.shared.bytes.load(Ordering::Relaxed),
            longest_silence: Duration::from_millis(
                self.shared.longest_silence.load(Ordering::Relaxed),
            ),
        }
    }

    /// Closes them; a stream that failed is a fault.
    pub(super) fn close(mut self) -> Result<Heard, BenchError> {
        self.shared.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().map_err(|_| BenchError::LoadEnded)??;
        }
        Ok(self.heard())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::Relaxed);
    }
}

/// One page's stream, until all are to end.
async fn listen(page: Page, path: String, shared: Arc<Shared>) -> Result<(), BenchError> {
    let mut last = Instant::now();
    while !shared.ends.load(Ordering::Relaxed) {
        let mut body = page.open(&path).await?.into_body();
        loop {
            let frame = match tokio::time::timeout(LOOK_AGAIN, body.frame()).await {
                Ok(Some(frame)) => frame.map_err(BenchError::Page)?,
                Ok(None) => break,
                Err(_elapsed) if shared.ends.load(Ordering::Relaxed) => return Ok(()),
                Err(_elapsed) => continue,
            };
            let silence = u64::try_from(last.elapsed().as_millis()).unwrap_or(u64::MAX);
            shared.longest_silence.fetch_max(silence, Ordering::Relaxed);
            last = Instant::now();
            let piece = frame.into_data().unwrap_or_default();
            let looks = piece.windows(LOOK.len()).filter(|window| *window == LOOK).count();
            shared.looks.fetch_add(looks as u64, Ordering::Relaxed);
            shared.bytes.fetch_add(piece.len() as u64, Ordering::Relaxed);
        }
    }
    Ok(())
}

fn runtime() -> Result<Runtime, BenchError> {
    Builder::new_current_thread().enable_all().build().map_err(BenchError::Network)
}
