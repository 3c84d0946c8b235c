//! What all handlers share.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::{Ready, ready};
use wardline_config::Environment;
use wardline_engine::control::Desk;
use wardline_engine::control::protocol::{Request, Response, Status};

use crate::entry::Entry;
use crate::fault::Fault;
use crate::live::Places;
use crate::searches::Searches;
use crate::watch::sampler::Sampler;

/// The operators' seat: one for all threads.
pub(crate) struct Seat {
    /// The only door to the engine.
    pub(crate) desk: Arc<Desk>,
    /// Who may come in.
    pub(crate) access: Entry,
    /// What stands on top of every page.
    pub(crate) environment: Environment,
    /// The name of the engine.
    pub(crate) name: String,
    /// What was seen of the engine last.
    pub(crate) sampler: Arc<Sampler>,
    /// What was written into the box of Messages.
    pub(crate) searches: Searches,
    /// Places for live streams.
    pub(crate) streams: Places,
    /// Whether browsers come by TLS.
    pub(crate) is_encrypted: bool,
}

/// The seat, as handlers ask for it.
pub(crate) struct AtSeat(pub(crate) Data<Seat>);

impl Seat {
    /// Asks the engine; a refusal is a fault.
    pub(crate) async fn ask(&self, request: Request) -> Result<Response, Fault> {
        match self.desk.answer(request).await {
            Response::Refused { reason, text } => Err(Fault::Engine { reason, text }),
            response => Ok(response),
        }
    }

    /// How the engine is.
    pub(crate) async fn status(&self) -> Result<Box<Status>, Fault> {
        match self.ask(Request::Status).await? {
            Response::Status(status) => Ok(status),
            _ => Err(Fault::Failed),
        }
    }

    /// What the session's cookie is called. With the prefix a browser takes it from nobody but this host, encrypted.
    pub(crate) fn cookie(&self) -> &'static str {
        if self.is_encrypted { "__Host-wardline" } else { "wardline" }
    }

    /// What the cookie is called of a browser in which somebody has signed in before.
    pub(crate) fn mark(&self) -> &'static str {
        if self.is_encrypted { "__Host-wardline-known" } else { "wardline-known" }
    }
}

impl FromRequest for AtSeat {
    type Error = Fault;
    type Future = Ready<Result<Self, Fault>>;

    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        ready(request.app_data::<Data<Seat>>().cloned().map(Self).ok_or(Fault::Failed))
    }
}

impl std::ops::Deref for AtSeat {
    type Target = Seat;

    fn deref(&self) -> &Seat {
        &self.0
    }
}
