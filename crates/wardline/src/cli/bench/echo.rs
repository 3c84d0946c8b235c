//! The bare reference: what this machine's network and tokio do with the same bytes when nobody looks at them.
//!
//! It runs in a process of its own, as the engine does, with as many threads as the engine has arbiters, connections
//! handed round.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener as StdListener};
use std::thread;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

/// As much as the engine reads at once.
const READ_SIZE: usize = 64 * 1024;
/// Connections that wait to be taken by a thread.
const MAX_WAITING: usize = 1024;

/// Echoes whatever comes, on a free port that is printed first, until the process is ended.
pub(super) fn serve() -> io::Result<()> {
    let listener = StdListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let mut stdout = io::stdout();
    writeln!(stdout, "{}", listener.local_addr()?)?;
    stdout.flush()?;
    let threads: Vec<_> = (0..thread::available_parallelism()?.get()).map(|_| start()).collect();
    for thread in threads.iter().cycle() {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        if thread.blocking_send(stream).is_err() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
    }
    Ok(())
}

/// A thread that echoes the connections it is handed.
fn start() -> mpsc::Sender<std::net::TcpStream> {
    let (hand_over, mut handed_over) = mpsc::channel(MAX_WAITING);
    thread::spawn(move || -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        LocalSet::new().block_on(&runtime, async {
            while let Some(stream) = handed_over.recv().await {
                tokio::task::spawn_local(echo(TcpStream::from_std(stream)?));
            }
            Ok(())
        })
    });
    hand_over
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; READ_SIZE];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(buffer.get(..read).unwrap_or_default()).await?;
    }
}
