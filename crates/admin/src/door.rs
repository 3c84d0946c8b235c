//! The door of every route: who asks, whether he may, and what he brings.
//!
//! ```text
//! request ─▶ [`guard`]  too long? another site's?       ─▶ route ─▶ [`admit`]  who? may he? its body, in time?
//!                └ headers, faults in words ◀────────────────────────────────────────┘
//! ```
//!
//! Each route carries its own admission ([`crate::route`]): there is no path through which a handler is reached without.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, BytesMut, Data, Query};
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};
use futures_util::StreamExt;
use futures_util::future::{Ready, ready};
use jiff::Timestamp;

use crate::access::{Digest, Right, Rights};
use crate::entry::Entry;
use crate::fault::{self, Fault};
use crate::forgery;
use crate::headers;
use crate::live::LIVE;
use crate::seat::Seat;

/// The longest address, in bytes: a search has many keys.
const MAX_ADDRESS: usize = 8 * 1024;
/// The most that all headers may have, in bytes.
const MAX_HEADERS: usize = 16 * 1024;
/// How long a request may take to arrive behind its headers.
const BODY_TIME: Duration = Duration::from_secs(20);
/// The field of a form that proves whose page it is on.
pub(crate) const CSRF_FIELD: &str = "csrf";
/// The same for scripts.
const CSRF_HEADER: &str = "x-csrf-token";

/// What a route asks of whoever comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// That there is no user yet.
    NobodyKnown,
    /// That there are users; who it is comes out of this request.
    SomebodyKnown,
    /// To be signed in.
    SignedIn,
    /// To be signed in, with this right.
    Right(Right),
    /// To be signed in, with both of these rights.
    Both(Right, Right),
    /// To be signed in, with one of these rights; never empty.
    OneOf(&'static [Right]),
}

impl From<Right> for Needs {
    fn from(right: Right) -> Self {
        Self::Right(right)
    }
}

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    /// The user, or `token:NAME`.
    pub(crate) name: Arc<str>,
    pub(crate) rights: Rights,
    pub(crate) by: By,
}

/// By what he is known.
#[derive(Debug, Clone)]
pub(crate) enum By {
    /// A browser's session.
    Session {
        /// Of its id.
        digest: Digest,
        /// What its forms carry.
        csrf: Arc<str>,
    },
    /// A program's token.
    Token,
}

impl Who {
    /// Whether he has this right.
    pub(crate) fn may(&self, right: Right) -> bool {
        self.rights.has(right)
    }

    /// For what only some of a route's answers need.
    pub(crate) fn need(&self, right: Right) -> Result<(), Fault> {
        if self.may(right) { Ok(()) } else { Err(Fault::Denied(right)) }
    }

    /// Whether he passes where this is asked, as far as he is somebody.
    pub(crate) fn meets(&self, needs: Needs) -> Result<(), Fault> {
        match needs {
            Needs::Right(right) => self.need(right),
            Needs::Both(one, other) => self.need(one).and_then(|()| self.need(other)),
            Needs::OneOf(rights) => match rights {
                [first, ..] if !rights.iter().any(|right| self.may(*right)) => {
                    Err(Fault::Denied(*first))
                }
                _ => Ok(()),
            },
            Needs::Nothing | Needs::NobodyKnown | Needs::SomebodyKnown | Needs::SignedIn => Ok(()),
        }
    }

    /// What forms of his session carry; empty for a program, which has no forms.
    pub(crate) fn csrf(&self) -> &str {
        match &self.by {
            By::Session { csrf, .. } => csrf,
            By::Token => "",
        }
    }
}

impl FromRequest for Who {
    type Error = Fault;
    type Future = Ready<Result<Self, Fault>>;

    /// Only behind a route that needs somebody.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let who = request.extensions().get::<Rc<Who>>().map(|who| Who::clone(who));
        ready(who.ok_or(Fault::NotSignedIn))
    }
}

/// Around every request: limits that need no route, and every answer in its form.
pub(crate) async fn guard<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_encrypted = request.app_data::<Data<Seat>>().is_some_and(|seat| seat.is_encrypted);
    let mut response = match within_limits(&request) {
        Ok(()) => next.call(request).await?.map_into_boxed_body(),
        Err(fault) => {
            let answered = fault::answer(request.request(), &fault);
            request.into_response(answered)
        }
    };
    if let Some(fault) = fault_of(&response) {
        let answered = fault::answer(response.request(), fault.as_ref());
        response = ServiceResponse::new(response.request().clone(), answered);
    }
    headers::add(response.headers_mut(), is_encrypted);
    Ok(response)
}

/// What an answer without words of its own stands for.
fn fault_of(response: &ServiceResponse<BoxBody>) -> Option<FaultRef<'_>> {
    let status = response.status();
    if let Some(error) = response.response().error() {
        return Some(match error.as_error::<Fault>() {
            Some(fault) => FaultRef::Known(fault),
            // Texts of the framework may quote the request: none of them leaves.
            None if status.is_server_error() => FaultRef::Ours(Fault::Failed),
            None if status == StatusCode::PAYLOAD_TOO_LARGE => {
                FaultRef::Ours(Fault::TooLarge(crate::route::MAX_BODY))
            }
            None => FaultRef::Ours(Fault::BadRequest("a value has not the form it needs")),
        });
    }
    let is_empty = matches!(response.response().body().size(), actix_web::body::BodySize::None)
        || response.response().body().size() == actix_web::body::BodySize::Sized(0);
    match status {
        StatusCode::METHOD_NOT_ALLOWED if is_empty => Some(FaultRef::Ours(Fault::MethodNotAllowed)),
        StatusCode::NOT_FOUND if is_empty => Some(FaultRef::Ours(Fault::NotFound)),
        _ => None,
    }
}

enum FaultRef<'f> {
    Known(&'f Fault),
    Ours(Fault),
}

impl AsRef<Fault> for FaultRef<'_> {
    fn as_ref(&self) -> &Fault {
        match self {
            Self::Known(fault) => fault,
            Self::Ours(fault) => fault,
        }
    }
}

fn within_limits(request: &ServiceRequest) -> Result<(), Fault> {
    let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    if address > MAX_ADDRESS {
        return Err(Fault::AddressTooLong(MAX_ADDRESS));
    }
    let headers = request.headers().iter();
    let length: usize = headers.map(|(name, value)| name.as_str().len() + value.len()).sum();
    if length > MAX_HEADERS {
        return Err(Fault::HeadersTooLarge(MAX_HEADERS));
    }
    Ok(())
}

/// Before the handler of one route: whether it is asked at all.
pub(crate) async fn admit<B: MessageBody + 'static>(
    needs: Needs,
    most: usize,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match admitted(needs, most, &mut request).await {
        Ok(()) => Ok(next.call(request).await?.map_into_boxed_body()),
        Err(fault) => Ok(request.error_response(fault)),
    }
}

async fn admitted(needs: Needs, most: usize, request: &mut ServiceRequest) -> Result<(), Fault> {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let who = match needs {
        Needs::Nothing => None,
        _ => known(needs, request)?,
    };
    if changes {
        let is_program = who.as_ref().is_some_and(|who| matches!(who.by, By::Token));
        if !is_program && !forgery::is_from_here(request.headers()) {
            return Err(Fault::CrossSite);
        }
        let body = body(request, most).await?;
        if let Some(Who { by: By::Session { csrf, .. }, .. }) = who.as_deref()
            && !forgery::is_same(csrf, proof(request, &body).as_deref())
        {
            return Err(Fault::CrossSite);
        }
        request.set_payload(Payload::from(body));
    }
    if let Some(who) = who {
        request.extensions_mut().insert(who);
    }
    Ok(())
}

/// Who asks, where the route needs somebody.
fn known(needs: Needs, request: &ServiceRequest) -> Result<Option<Rc<Who>>, Fault> {
    let seat = request.app_data::<Data<Seat>>().ok_or(Fault::Failed)?;
    let record = seat.access.record()?;
    match (needs, record.is_empty()) {
        (Needs::NobodyKnown, true) | (Needs::Nothing | Needs::SomebodyKnown, false) => {
            return Ok(None);
        }
        (Needs::NobodyKnown, false) => return Err(Fault::NotFound),
        // Whoever runs the machine may make a token before the first person is known.
        (Needs::SignedIn | Needs::Right(_) | Needs::Both(..), true)
            if bearer(request.headers()).is_some() => {}
        (_, true) => return Err(Fault::SetUpFirst),
        (Needs::SignedIn | Needs::Right(_) | Needs::Both(..) | Needs::OneOf(_), false) => {}
    }
    let who = if let Some(shown) = bearer(request.headers()) {
        Entry::by_token(&record, shown?, Timestamp::now())
    } else {
        let id = request.cookie(seat.cookie()).ok_or(Fault::NotSignedIn)?;
        seat.access.by_session(&record, id.value(), request.path() == LIVE)
    };
    let who = who.ok_or(Fault::NotSignedIn)?;
    who.meets(needs)?;
    Ok(Some(Rc::new(who)))
}

/// What stands behind `Bearer`. Another scheme, or no text, is nobody.
fn bearer(headers: &header::HeaderMap) -> Option<Result<&str, Fault>> {
    let written = headers.get(header::AUTHORIZATION)?;
    let shown = written.to_str().ok().and_then(|written| written.split_once(' '));
    let shown = shown.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    Some(shown.map(|(_, token)| token.trim()).ok_or(Fault::NotSignedIn))
}

/// All of the body, within size and time.
async fn body(request: &mut ServiceRequest, most: usize) -> Result<Bytes, Fault> {
    let mut payload = request.take_payload();
    let collect = async {
        let mut body = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_broken| Fault::BadRequest("its body ends too early"))?;
            if body.len() + chunk.len() > most {
                return Err(Fault::TooLarge(most));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    tokio::time::timeout(BODY_TIME, collect).await.unwrap_or(Err(Fault::TooSlow))
}

/// What a request of a session proves with that it comes from its pages.
fn proof(request: &ServiceRequest, body: &Bytes) -> Option<String> {
    if let Some(header) = request.headers().get(CSRF_HEADER) {
        return header.to_str().ok().map(str::to_owned);
    }
    if request.content_type() != "application/x-www-form-urlencoded" {
        return None;
    }
    let fields = Query::<Vec<(String, String)>>::from_query(std::str::from_utf8(body).ok()?);
    let field = fields.ok()?.into_inner().into_iter().find(|(name, _)| name == CSRF_FIELD);
    field.map(|(_, value)| value)
}
