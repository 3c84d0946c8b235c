//! A connection to a web server, over which one request goes at a time.

use std::error::Error;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::HeaderMap;
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use wardline_flow::TransportFault;

use super::answer::Answer;
use super::outgoing::Outgoing;
use crate::outbound::socket;
use crate::wire::Wire;

/// The longest head of an answer, in bytes: proxies allow some 8 KiB to 64 KiB.
const MAX_HEAD: usize = 64 * 1024;

/// A connection, and the headers that were read when it came up. Dropped it is closed.
pub(super) struct Line {
    sender: SendRequest<Full<Outgoing>>,
    headers: HeaderMap,
    connection: JoinHandle<()>,
}

impl Drop for Line {
    /// It would write the rest of a request on to a server that has answered already, for as long as that reads nothing.
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// How an exchange ended.
pub(super) enum Exchanged {
    /// With an answer; the line may be used again where it is given back.
    Answered(Answer, Option<Line>),
    /// With an answer that came before the request was written.
    Early(Answer),
    /// The configuration makes no request of the message.
    NoRequest,
    /// Nothing of the request went out.
    NotSent,
    /// Nothing was answered in time.
    TooLate,
    /// What was answered is not HTTP.
    NotHttp,
    /// The connection broke before the answer.
    Broken(TransportFault),
}

impl Line {
    /// Begins to speak HTTP/1.1.
    pub(super) async fn over(wire: Wire, headers: HeaderMap) -> Result<Self, TransportFault> {
        let mut http = http1::Builder::new();
        http.max_buf_size(MAX_HEAD);
        // A body that is copied behind the head would look written when it is copied.
        http.writev(true);
        let begun = http.handshake(TokioIo::new(wire)).await;
        let (sender, connection) = begun.map_err(|error| fault(&error))?;
        let connection = actix_rt::spawn(async move {
            // What it ends with is told to whoever waits for an answer.
            let _told = connection.await;
        });
        Ok(Self { sender, headers, connection })
    }

    /// The headers that go with every request.
    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Whether the server has closed it.
    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Sends a request and reads its answer, of its body at most so many bytes.
    pub(super) async fn exchange(
        mut self,
        request: Request<Bytes>,
        limit: Duration,
        max_reply_size: usize,
    ) -> Exchanged {
        let deadline = Instant::now() + limit;
        let (head, body) = request.into_parts();
        let (body, written) = Outgoing::of(body);
        let request = Request::from_parts(head, Full::new(body));
        let sent = async {
            if self.sender.ready().await.is_err() {
                return Err(Exchanged::NotSent);
            }
            self.sender.try_send_request(request).await.map_err(|mut refused| {
                match refused.take_message() {
                    Some(_untouched) => Exchanged::NotSent,
                    None => broken(refused.error()),
                }
            })
        };
        match timeout_at(deadline, sent).await {
            Err(_elapsed) => Exchanged::TooLate,
            Ok(Err(exchanged)) => exchanged,
            Ok(Ok(response)) => {
                let is_early = !written.is_whole();
                let (answer, is_whole) = Answer::read(response, max_reply_size, deadline).await;
                if is_early {
                    return Exchanged::Early(answer);
                }
                Exchanged::Answered(answer, is_whole.then_some(self))
            }
        }
    }
}

fn broken(error: &hyper::Error) -> Exchanged {
    if error.is_parse() { Exchanged::NotHttp } else { Exchanged::Broken(fault(error)) }
}

fn fault(error: &hyper::Error) -> TransportFault {
    let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    cause.map_or(TransportFault::Closed, socket::fault)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    const LIMIT: Duration = Duration::from_secs(60);

    /// More than the sockets of both sides hold.
    const LARGE: usize = 64 * 1024 * 1024;

    /// What a request with a large body ends with, where the server reads all of it before it answers, or nothing.
    async fn exchanged(reads_all: bool) -> Exchanged {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let stream = TcpStream::connect(listener.local_addr().expect("bound")).await;
        let (mut server, _) = listener.accept().await.expect("a connection");
        let line = Line::over(Wire::plain(stream.expect("a connection")), HeaderMap::new()).await;
        let answering = async {
            let mut landing = vec![0; 1024 * 1024];
            // What comes before any request is no answer.
            let mut read = server.read(&mut landing).await.expect("bytes");
            while reads_all && read < LARGE {
                read += server.read(&mut landing).await.expect("bytes");
            }
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            server.write_all(answer).await.expect("it is read");
        };
        let request = Request::post("/").header("host", "x").body(vec![0; LARGE].into());
        let line = line.unwrap_or_else(|_| panic!("a line"));
        let exchange = line.exchange(request.expect("a request"), LIMIT, 100);
        futures_util::future::join(exchange, answering).await.0
    }

    #[actix::test]
    async fn an_answer_before_the_request_is_written_is_told_apart() {
        let early = exchanged(false).await;
        assert!(matches!(early, Exchanged::Early(answer) if answer.status == 200));
        let behind = exchanged(true).await;
        assert!(matches!(behind, Exchanged::Answered(answer, Some(_)) if answer.status == 200));
    }
}
