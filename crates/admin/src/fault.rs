//! Why a request was not met, as a program and as a person is told it.
//!
//! Nothing of the request is repeated, and nothing of a message is told (PHI-1): a code that stays, and a sentence of
//! ours. [`answer`] writes it as `application/problem+json` below `/api/`, else as a page or the way to one.

use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;
use wardline_engine::control::protocol::RefusedReason;

use crate::access::{AccessFault, Right};
use crate::page;
use crate::route;
use crate::words::counted;

/// Why a request was not met.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// Nobody, or somebody whose session or token has ended.
    #[error("Sign in first.")]
    NotSignedIn,
    /// There is no user at all.
    #[error("Nobody is known here yet: open /setup with the token that the first start wrote.")]
    SetUpFirst,
    /// Name or password, which of them stays unsaid.
    #[error("Name and password do not belong together.")]
    WrongPassword,
    /// The set-up token.
    #[error("This is not the set-up token, or it was used, or its time is over.")]
    WrongSetUpToken,
    /// Too many wrong tries.
    #[error("Too many wrong tries. Wait a minute, then try again.")]
    Paused(Duration),
    /// Signed in, and not allowed.
    #[error("This needs the right “{}”, which you do not have.", .0.as_str())]
    Denied(Right),
    /// A form of another site, or an old one of ours.
    #[error("This did not come from a page of this session. Open the page again and repeat it.")]
    CrossSite,
    /// No such page or thing.
    #[error("There is nothing here.")]
    NotFound,
    /// Another method would do.
    #[error("This cannot be asked that way.")]
    MethodNotAllowed,
    /// Not understood; which part of it.
    #[error("The request is not understood: {0}.")]
    BadRequest(&'static str),
    /// Longer than a limit.
    #[error("The address is longer than {0} bytes.")]
    AddressTooLong(usize),
    /// Longer than a limit.
    #[error("The headers are longer than {0} bytes.")]
    HeadersTooLarge(usize),
    /// Longer than a limit.
    #[error("The request is longer than {0} bytes.")]
    TooLarge(usize),
    /// It did not arrive in time.
    #[error("The request took too long to arrive.")]
    TooSlow,
    /// Users and tokens.
    #[error("{}", told(.0))]
    Access(#[from] AccessFault),
    /// What the desk said, in its words.
    #[error("{text}")]
    Engine {
        /// For programs.
        reason: RefusedReason,
        /// For people, without content.
        text: String,
    },
    /// All places for live streams are taken.
    #[error("Too many pages are open at once. This one stays as it is; load it again to see more.")]
    TooManyStreams,
    /// Other messages than those that were confirmed would be ended; how many there are by now.
    #[error("By now it would be {}, not as many as were confirmed: nothing was done. Open the page again.", counted(*.0, "message", "messages"))]
    AnotherCount(u64),
    /// Somebody holds it, and it was not said that the hold is to end.
    #[error(
        "Somebody holds this queue by now: open its page again to see who and why, and release it there."
    )]
    Held,
    /// Ours.
    #[error("This went wrong here. The log of the engine says more.")]
    Failed,
}

/// RFC 9457.
#[derive(Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Stays the same from version to version.
    #[schema(example = "not-found")]
    code: &'static str,
    /// The status again.
    status: u16,
    /// In words, without anything of the request or of a message.
    title: String,
}

/// Of the system nothing is told: paths are for the log.
fn told(fault: &AccessFault) -> String {
    match fault {
        AccessFault::File { .. }
        | AccessFault::Malformed { .. }
        | AccessFault::Version { .. }
        | AccessFault::NoRandomness
        | AccessFault::Hashing => Fault::Failed.to_string(),
        said => {
            let mut text = said.to_string();
            if let Some(first) = text.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            text + "."
        }
    }
}

impl Fault {
    /// What programs tell faults apart by.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NotSignedIn => "not-signed-in",
            Self::SetUpFirst => "set-up-first",
            Self::WrongPassword => "wrong-password",
            Self::WrongSetUpToken => "wrong-set-up-token",
            Self::Paused(_) => "too-many-attempts",
            Self::Denied(_) => "denied",
            Self::CrossSite => "cross-site",
            Self::TooManyStreams => "too-many-streams",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::BadRequest(_) => "not-understood",
            Self::AddressTooLong(_) => "address-too-long",
            Self::HeadersTooLarge(_) => "headers-too-large",
            Self::TooLarge(_) => "too-large",
            Self::TooSlow => "too-slow",
            Self::Access(fault) => of_access(fault).1,
            Self::Engine { reason, .. } => of_engine(*reason).1,
            Self::AnotherCount(_) => "another-count",
            Self::Held => "held",
            Self::Failed => "failed",
        }
    }
}

fn of_access(fault: &AccessFault) -> (StatusCode, &'static str) {
    match fault {
        AccessFault::Name => (StatusCode::UNPROCESSABLE_ENTITY, "bad-name"),
        AccessFault::PasswordLength => (StatusCode::UNPROCESSABLE_ENTITY, "bad-password"),
        AccessFault::AuditorContent => (StatusCode::UNPROCESSABLE_ENTITY, "auditor-content"),
        AccessFault::NoRights => (StatusCode::UNPROCESSABLE_ENTITY, "no-rights"),
        AccessFault::EndsInThePast => (StatusCode::UNPROCESSABLE_ENTITY, "ends-in-the-past"),
        AccessFault::MoreThanOwn => (StatusCode::FORBIDDEN, "more-than-own"),
        AccessFault::NotFound => (StatusCode::NOT_FOUND, "not-found"),
        AccessFault::Taken => (StatusCode::CONFLICT, "taken"),
        AccessFault::LastAdmin => (StatusCode::CONFLICT, "last-admin"),
        AccessFault::TooMany => (StatusCode::CONFLICT, "too-many"),
        AccessFault::File { .. }
        | AccessFault::Malformed { .. }
        | AccessFault::Version { .. }
        | AccessFault::NoRandomness
        | AccessFault::Hashing => (StatusCode::INTERNAL_SERVER_ERROR, "failed"),
    }
}

fn of_engine(reason: RefusedReason) -> (StatusCode, &'static str) {
    match reason {
        RefusedReason::NotUnderstood => (StatusCode::BAD_REQUEST, "not-understood"),
        RefusedReason::NotFound => (StatusCode::NOT_FOUND, "not-found"),
        RefusedReason::InFlight => (StatusCode::CONFLICT, "in-flight"),
        RefusedReason::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
        RefusedReason::NotTheHead => (StatusCode::CONFLICT, "not-the-head"),
        RefusedReason::TooLong => (StatusCode::UNPROCESSABLE_ENTITY, "too-long"),
        RefusedReason::StoreFailed => (StatusCode::INTERNAL_SERVER_ERROR, "store-failed"),
        RefusedReason::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
        RefusedReason::NotRunning => (StatusCode::SERVICE_UNAVAILABLE, "not-running"),
        RefusedReason::ConfigurationInvalid => {
            (StatusCode::UNPROCESSABLE_ENTITY, "configuration-invalid")
        }
        RefusedReason::CertificatesUnusable => {
            (StatusCode::UNPROCESSABLE_ENTITY, "certificates-unusable")
        }
        RefusedReason::NeedsRestart => (StatusCode::CONFLICT, "needs-restart"),
        RefusedReason::QueueNotEmpty => (StatusCode::CONFLICT, "queue-not-empty"),
        RefusedReason::NotReloaded => (StatusCode::CONFLICT, "not-reloaded"),
        RefusedReason::NotMoved => (StatusCode::CONFLICT, "not-moved"),
        RefusedReason::AnotherDifference => (StatusCode::CONFLICT, "another-difference"),
        RefusedReason::NotReleased => (StatusCode::CONFLICT, "not-released"),
        RefusedReason::NotReplayed => (StatusCode::CONFLICT, "not-replayed"),
        RefusedReason::NoHistory => (StatusCode::CONFLICT, "no-history"),
        RefusedReason::UnknownKey => (StatusCode::UNPROCESSABLE_ENTITY, "unknown-key"),
        RefusedReason::WhichListener => (StatusCode::UNPROCESSABLE_ENTITY, "which-listener"),
        RefusedReason::NotTried => (StatusCode::CONFLICT, "not-tried"),
    }
}

impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotSignedIn | Self::WrongPassword => StatusCode::UNAUTHORIZED,
            Self::SetUpFirst | Self::WrongSetUpToken | Self::Denied(_) | Self::CrossSite => {
                StatusCode::FORBIDDEN
            }
            Self::Paused(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::AddressTooLong(_) => StatusCode::URI_TOO_LONG,
            Self::HeadersTooLarge(_) => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooManyStreams => StatusCode::SERVICE_UNAVAILABLE,
            Self::Access(fault) => of_access(fault).0,
            Self::Engine { reason, .. } => of_engine(*reason).0,
            Self::AnotherCount(_) | Self::Held => StatusCode::CONFLICT,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Without a body: [`answer`] writes it, which knows who asks.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

/// Whether a path is asked by programs: they are told a status, and are not led elsewhere.
fn is_for_programs(path: &str) -> bool {
    path.starts_with("/api/") || matches!(path, "/livez" | "/readyz" | "/metrics")
}

/// The fault as whoever asked can use it.
pub(crate) fn answer(request: &HttpRequest, fault: &Fault) -> HttpResponse {
    if let Fault::Access(error) = fault
        && fault.status_code().is_server_error()
    {
        tracing::error!(error = %error, source = ?std::error::Error::source(error), "users and tokens cannot be used");
    }
    let status = fault.status_code();
    let is_for_programs = is_for_programs(request.path());
    let mut response = match fault {
        Fault::NotSignedIn if !is_for_programs => page::to(&way_to_sign_in(request)),
        Fault::SetUpFirst if !is_for_programs => page::to("/setup"),
        _ if is_for_programs => HttpResponse::build(status)
            .insert_header((header::CONTENT_TYPE, "application/problem+json"))
            .body(problem(fault)),
        _ => page::fault(request, fault),
    };
    if let Fault::Paused(left) = fault {
        let seconds = left.as_secs().max(1);
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    if matches!(fault, Fault::MethodNotAllowed) {
        let methods = request.match_pattern().map(|pattern| route::methods_of(&pattern));
        let methods = methods.and_then(|methods| header::HeaderValue::try_from(methods).ok());
        if let Some(methods) = methods {
            response.headers_mut().insert(header::ALLOW, methods);
        }
    }
    if matches!(fault, Fault::NotSignedIn) && is_for_programs {
        let scheme = header::HeaderValue::from_static("Bearer");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    }
    response
}

fn problem(fault: &Fault) -> String {
    let (code, status) = (fault.code(), fault.status_code().as_u16());
    let problem = Problem { code, status, title: fault.to_string() };
    serde_json::to_string(&problem).unwrap_or_default()
}

/// Back to the same page afterwards, but for what was asked of it: that may name a patient.
fn way_to_sign_in(request: &HttpRequest) -> String {
    let path = request.path();
    let is_worth_it = path != "/" && page::is_way_back(path);
    if is_worth_it { format!("/signin?next={path}") } else { "/signin".to_owned() }
}
