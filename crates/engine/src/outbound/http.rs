//! A web server as destination: a request for each message, and its status decides.
//!
//! ```text
//!   idle line, or a new one: resolve, connect, shake hands      fails ─▶ not sent; again after a pause, for ever
//!   write the request, read the head of the answer              broken off ─▶ the same bytes again; too late ─▶ unclear
//!     before the request is written                             2xx ─▶ unclear
//!   read its body, as far as it is kept                         whole ─▶ the line is idle; else it is closed
//!   status ─▶ flow::status                                      delivered · again · dead letter · held       (END-1)
//! ```
//!
//! A line's secrets are read when it comes up. Where a server does not like those of a line that was up before, it has
//! not judged the message: the same goes at once over a new line, and only that answer counts.
//!
//! Each attempt with a message carries the same id in a header, so that a server can know what it has done already: a
//! request whose answer never came may have been obeyed. Redirects are not followed: the message was sent where the
//! configuration says, and nowhere else.

mod answer;
mod line;
mod outgoing;
mod request;

use std::cell::RefCell;
use std::error::Error;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use wardline_config::{Destination, HttpDestination};
use wardline_flow::{DestinationId, Received, TransportFault, Unclear};
use wardline_hl7::{Message, ParseError};

use super::Delivering;
use super::delivery::Delivery;
use super::report::Ended;
use super::socket;
use crate::observe::DestinationCounters;
use crate::tls::Connector;
use crate::ways::CurrentWays;
use answer::Answer;
use line::{Exchanged, Line};

/// How long a line may be idle and still be used. Servers close idle connections after 5 s and more, and what is written
/// at that moment is lost in a way that looks like a server that fell over.
const IDLE_AT_MOST: Duration = Duration::from_secs(4);

/// Statuses by which a server says that it does not like our credentials: they are read again.
const UNAUTHORISED: [u16; 3] = [401, 403, 407];

/// Sends the messages of one destination.
pub(super) struct HttpSender {
    destination: DestinationId,
    settings: Arc<HttpDestination>,
    connector: Option<Arc<Connector>>,
    ways: CurrentWays,
    counters: Arc<DestinationCounters>,
    /// Never more than there are slots: a line is in one of them or here.
    idle: RefCell<Vec<(Line, Instant)>>,
    /// The file of a secret could not be read, and this has been said.
    told_of_secret: RefCell<bool>,
}

impl HttpSender {
    pub(super) fn new(delivering: &Delivering, settings: &HttpDestination) -> Rc<Self> {
        let Delivering { destination: Destination { id, .. }, connector, ways, counters, .. } =
            delivering;
        Rc::new(Self {
            destination: id.clone(),
            settings: Arc::new(settings.clone()),
            connector: connector.clone(),
            ways: ways.clone(),
            counters: Arc::clone(counters),
            idle: RefCell::default(),
            told_of_secret: RefCell::default(),
        })
    }

    /// Sends one message and hears what becomes of it.
    pub(super) async fn send(&self, delivery: Delivery) -> Ended {
        let Ok(message) = self.read(&delivery) else {
            return Ended::attempted(Received::Unframeable); // Nothing stored is unreadable.
        };
        if let Some(line) = self.idle_line() {
            match self.exchange(line, &message, &delivery).await {
                // The secrets may be others by now, and nobody has judged the message yet.
                Exchanged::Answered(answer, _) | Exchanged::Early(answer)
                    if self.is_for_old_secrets(&answer) => {}
                exchanged => return self.ended(exchanged, None),
            }
        }
        match self.open().await {
            // A server that hangs up on a connection that has just come up is not tried again at once.
            Ok(line) => {
                let exchanged = self.exchange(line, &message, &delivery).await;
                self.ended(exchanged, Some(TransportFault::Closed))
            }
            Err(fault) => Ended::NotSent(Some(fault)),
        }
    }

    async fn exchange(&self, line: Line, message: &Message, delivery: &Delivery) -> Exchanged {
        let (settings, headers) = (&self.settings, line.headers());
        match request::of(settings, &self.destination, message, delivery, headers) {
            Some(request) => {
                line.exchange(request, settings.timeout, settings.max_reply_size).await
            }
            None => Exchanged::NoRequest,
        }
    }

    /// What an exchange says about the message; `unsent`, why it was not sent where the server hung up.
    fn ended(&self, exchanged: Exchanged, unsent: Option<TransportFault>) -> Ended {
        match exchanged {
            Exchanged::Answered(answer, line) => self.answered(&answer, line),
            Exchanged::Early(answer) => {
                let received = match self.received(&answer) {
                    taken if taken.is_taken() => Received::Unclear(Unclear::Early),
                    received => received,
                };
                Ended::Attempted { received, reply: answer.kept() }
            }
            Exchanged::NoRequest => Ended::attempted(Received::Unframeable), // The configuration was checked.
            Exchanged::NotSent => Ended::NotSent(unsent),
            Exchanged::TooLate => Ended::attempted(Received::Unclear(Unclear::NoAnswer)),
            Exchanged::NotHttp => Ended::attempted(Received::Unclear(Unclear::Unreadable)),
            Exchanged::Broken(fault) => Ended::attempted(Received::Transport(fault)),
        }
    }

    fn read(&self, delivery: &Delivery) -> Result<Message, ParseError> {
        let ways = self.ways.borrow();
        ways.charsets.read_for(&self.destination, &delivery.listener, &delivery.body)
    }

    fn answered(&self, answer: &Answer, line: Option<Line>) -> Ended {
        if let Some(line) = line.filter(|_| !UNAUTHORISED.contains(&answer.status)) {
            self.idle.borrow_mut().push((line, Instant::now()));
        }
        Ended::Attempted { received: self.received(answer), reply: answer.kept() }
    }

    fn received(&self, answer: &Answer) -> Received {
        let wait = answer.wait(Timestamp::now());
        Received::status(answer.status, wait, &self.settings.on_status)
    }

    /// Whether this answer, on a line that was up before, may mean secrets that have been replaced since.
    fn is_for_old_secrets(&self, answer: &Answer) -> bool {
        UNAUTHORISED.contains(&answer.status)
            && self.settings.secret_files().next().is_some()
            && !self.received(answer).is_taken()
    }

    fn idle_line(&self) -> Option<Line> {
        let mut idle = self.idle.borrow_mut();
        idle.retain(|(line, since)| since.elapsed() < IDLE_AT_MOST && !line.is_closed());
        idle.pop().map(|(line, _)| line)
    }

    /// A new line, with the secrets as they are now.
    async fn open(&self) -> Result<Line, TransportFault> {
        let headers = self.headers().await?;
        let (address, limit) = (&self.settings.url.address, self.settings.connect_timeout);
        let opened = match socket::dial(address, self.connector.as_deref(), limit).await {
            Ok(wire) => Line::over(wire, headers).await,
            Err(fault) => Err(fault),
        };
        match opened {
            Ok(_) => self.counters.connects.one(),
            Err(_) => self.counters.connect_failures.one(),
        }
        opened
    }

    /// The headers of the configuration.
    async fn headers(&self) -> Result<HeaderMap, TransportFault> {
        let settings = Arc::clone(&self.settings);
        let revealed = if settings.secret_files().next().is_some() {
            let revealed = tokio::task::spawn_blocking(move || headers(&settings)).await;
            revealed.unwrap_or_else(|_panicked| Err(io::ErrorKind::Other.into()))
        } else {
            headers(&settings)
        };
        let is_known = self.told_of_secret.replace(revealed.is_err());
        revealed.map_err(|error| {
            if !is_known {
                let (destination, error) = (&self.destination, &error as &dyn Error);
                tracing::warn!(%destination, error, "the file of a secret cannot be used");
            }
            TransportFault::NoSecret
        })
    }
}

fn headers(settings: &HttpDestination) -> io::Result<HeaderMap> {
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    let mut headers = HeaderMap::new();
    for header in &settings.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| invalid())?;
        let mut value = HeaderValue::from_str(&header.value.reveal()?).map_err(|_| invalid())?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}
