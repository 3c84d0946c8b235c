//! A running engine by its control socket: one JSON object a line, a request, its answer.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use wardline_engine::control::protocol::{MAX_LINE, Request, Response};

use super::ReachError;

/// How long the engine may take for what it has at hand or reads from its index.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take to read its whole store.
const PATIENCE_FOR_VERIFY: Duration = Duration::from_secs(6 * 3600);
/// How long it may take to reload: another caller's reload may be before this one, and a queue of a million be moved.
const PATIENCE_FOR_RELOAD: Duration = Duration::from_secs(3600);
/// How long it may take to find all that is to be replayed, and to look at it.
const PATIENCE_FOR_REPLAY: Duration = Duration::from_secs(120);
/// The longest answer, in bytes.
const MAX_ANSWER: u64 = MAX_LINE as u64;

/// The connection.
pub(crate) struct Live {
    stream: BufReader<UnixStream>,
}

impl Live {
    /// Connects; nobody listening is [`ReachError::NotRunning`].
    pub(super) fn connect(socket: &Path) -> Result<Self, ReachError> {
        match UnixStream::connect(socket) {
            Ok(stream) => Ok(Self { stream: BufReader::new(stream) }),
            Err(error) if nobody_listens(&error) => {
                Err(ReachError::NotRunning { socket: socket.to_owned() })
            }
            Err(source) => Err(ReachError::Connect { socket: socket.to_owned(), source }),
        }
    }

    pub(super) fn ask(&mut self, request: &Request) -> Result<Response, ReachError> {
        let mut line = serde_json::to_vec(request).map_err(ReachError::Protocol)?;
        line.push(b'\n');
        let answer = self.exchange(&line, patience(request)).map_err(ReachError::Broken)?;
        serde_json::from_slice(&answer).map_err(ReachError::Protocol)
    }

    fn exchange(&mut self, line: &[u8], patience: Duration) -> io::Result<Vec<u8>> {
        let stream = self.stream.get_mut();
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_read_timeout(Some(patience))?;
        stream.write_all(line)?;
        let mut answer = Vec::new();
        (&mut self.stream).take(MAX_ANSWER).read_until(b'\n', &mut answer)?;
        if answer.last() == Some(&b'\n') {
            Ok(answer)
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
}

/// No socket, or one that a killed engine left behind.
fn nobody_listens(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

fn patience(request: &Request) -> Duration {
    match request {
        Request::StoreVerify => PATIENCE_FOR_VERIFY,
        Request::Reload { .. } => PATIENCE_FOR_RELOAD,
        Request::ReplayPreview { .. } | Request::ReplayStart { .. } => PATIENCE_FOR_REPLAY,
        Request::Status
        | Request::Queues
        | Request::Deliveries { .. }
        | Request::Lanes { .. }
        | Request::Delivery { .. }
        | Request::Retry { .. }
        | Request::Hold { .. }
        | Request::Skip { .. }
        | Request::Discard { .. }
        | Request::Move { .. }
        | Request::Revive { .. }
        | Request::Lookups { .. }
        | Request::Logs { .. }
        | Request::Readiness
        | Request::StoreStats
        | Request::StorePreview { .. }
        | Request::VerifyStart { .. }
        | Request::Verification
        | Request::Copies { .. }
        | Request::Release { .. }
        | Request::Replays { .. }
        | Request::ReplayPause { .. }
        | Request::ReplayResume { .. }
        | Request::ReplayCancel { .. }
        | Request::Search(_)
        | Request::Messages { .. }
        | Request::History { .. }
        | Request::Related { .. }
        | Request::Anatomy { .. }
        | Request::Document { .. }
        | Request::Content { .. }
        | Request::Pause { .. }
        | Request::Go { .. }
        | Request::Sessions
        | Request::EndSession { .. }
        | Request::Try { .. }
        | Request::Wiring => PATIENCE,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::thread;

    use super::*;

    #[test]
    fn a_request_is_a_line_and_so_is_its_answer() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("control.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let engine = thread::spawn(move || {
            let mut stream = BufReader::new(listener.accept().unwrap().0);
            let mut request = String::new();
            stream.read_line(&mut request).unwrap();
            stream.get_mut().write_all(b"{\"answer\":\"queues\",\"queues\":[]}\n").unwrap();
            request
        });
        let answer = Live::connect(&socket).unwrap().ask(&Request::Queues).unwrap();
        assert_eq!(answer, Response::Queues { queues: Vec::new() });
        assert_eq!(engine.join().unwrap(), "{\"command\":\"queues\"}\n");
    }

    #[test]
    fn no_socket_and_a_forgotten_one_mean_that_no_engine_runs() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("control.sock");
        assert!(matches!(Live::connect(&socket), Err(ReachError::NotRunning { .. })));
        drop(UnixListener::bind(&socket).unwrap());
        assert!(matches!(Live::connect(&socket), Err(ReachError::NotRunning { .. })));
    }

    #[test]
    fn an_engine_that_goes_away_breaks_the_conversation_off() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("control.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let engine = thread::spawn(move || drop(listener.accept().unwrap()));
        let mut live = Live::connect(&socket).unwrap();
        engine.join().unwrap();
        assert!(matches!(live.ask(&Request::Status), Err(ReachError::Broken(_))));
    }
}
