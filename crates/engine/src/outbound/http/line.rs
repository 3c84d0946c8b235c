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
use tokio::time::{Instant, timeout_at};
use wardline_flow::TransportFault;

use super::answer::Answer;
use crate::outbound::socket;
use crate::wire::Wire;

/// The longest head of an answer, in bytes: proxies allow some 8 KiB to 64 KiB.
const MAX_HEAD: usize = 64 * 1024;

/// A connection, and the headers that were read when it came up. Dropped it is closed.
pub(super) struct Line {
    sender: SendRequest<Full<Bytes>>,
    headers: HeaderMap,
}

/// How an exchange ended.
pub(super) enum Exchanged {
    /// With an answer; the line may be used again where it is given back.
    Answered(Answer, Option<Line>),
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
        let begun = http.handshake(TokioIo::new(wire)).await;
        let (sender, connection) = begun.map_err(|error| fault(&error))?;
        actix_rt::spawn(async move {
            // What it ends with is told to whoever waits for an answer.
            let _told = connection.await;
        });
        Ok(Self { sender, headers })
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
        request: Request<Full<Bytes>>,
        limit: Duration,
        max_reply_size: usize,
    ) -> Exchanged {
        let deadline = Instant::now() + limit;
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
                let (answer, is_whole) = Answer::read(response, max_reply_size, deadline).await;
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
