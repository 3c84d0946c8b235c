//! Deliveries that have not ended: in pages, or one with its bytes.

use std::sync::Arc;

use bytes::Bytes;
use wardline_hl7::{Identity, Message};
use wardline_store::{DeliveryRef, MessageId, ReadError, Store};

use super::super::protocol::{
    After, DeliveryDetail, DeliveryRow, DeliveryState, MAX_PAGE, Response,
};
use super::listing::Listing;
use super::{Desk, DeskError};

/// Bytes read of a message to tell what it is: its MSH stands there, unless that is longer than any.
pub(super) const HEAD: usize = 4096;

impl Desk {
    /// A page of one destination, or of all when none is named.
    pub(super) async fn deliveries(
        &self,
        destination: Option<String>,
        state: DeliveryState,
        after: Option<After>,
        limit: usize,
    ) -> Result<Response, DeskError> {
        let store = Arc::clone(&self.store);
        let limit = limit.clamp(1, MAX_PAGE);
        let known = destination.as_ref().is_none_or(|id| {
            self.configured().iter().any(|destination| destination.id.as_str() == id)
        });
        let read = tokio::task::spawn_blocking(move || {
            let all = store.destinations()?;
            let named = |name: &Arc<str>| destination.as_deref().is_none_or(|id| id == &**name);
            let destinations: Vec<Arc<str>> =
                all.into_iter().map(|state| state.destination).filter(named).collect();
            if destinations.is_empty() && !known {
                return Err(DeskError::NotFound);
            }
            let listing = Listing::new(&*store, destinations, state.into(), after.as_ref(), limit);
            let (found, next) = listing.read()?;
            Ok(Response::Deliveries { deliveries: with_heads(&*store, &found)?, next })
        });
        read.await?
    }

    /// One delivery; its bytes only where `content` asks for them.
    pub(super) async fn delivery(
        &self,
        destination: &str,
        message: MessageId,
        content: bool,
    ) -> Result<Response, DeskError> {
        let store = Arc::clone(&self.store);
        let delivery = DeliveryRef { message, destination: destination.into() };
        let read = tokio::task::spawn_blocking(move || {
            if content { store.delivery(&delivery) } else { store.delivery_head(&delivery, HEAD) }
        });
        let detail = read.await??.ok_or(DeskError::NotFound)?;
        let row = row(&detail.row, detail.body.as_ref());
        if !content {
            return Ok(Response::Message(Box::new(DeliveryDetail {
                row,
                body: None,
                reply: None,
            })));
        }
        // The store learns of an answer when the delivery ends; its pool has that of the last attempt.
        let latest = match self.face_of(destination) {
            Some(face) => face.pool.last_reply(message).await,
            None => None,
        };
        let reply = latest.or(detail.reply).map(|reply| reply.to_vec());
        Ok(Response::Message(Box::new(DeliveryDetail {
            row,
            body: detail.body.map(|body| body.to_vec()),
            reply,
        })))
    }
}

/// The ids an operator knows a message by stand in its bytes. A delivery that ended meanwhile is left out.
fn with_heads(
    store: &dyn Store,
    found: &[wardline_store::DeliveryRow],
) -> Result<Vec<DeliveryRow>, ReadError> {
    let mut rows = Vec::with_capacity(found.len());
    for found in found {
        let delivery =
            DeliveryRef { message: found.message, destination: Arc::clone(&found.destination) };
        let head = store.delivery_head(&delivery, HEAD)?;
        rows.extend(head.map(|head| row(&head.row, head.body.as_ref())));
    }
    Ok(rows)
}

/// A body that is damaged names nothing.
pub(super) fn row(row: &wardline_store::DeliveryRow, body: Option<&Bytes>) -> DeliveryRow {
    let message = body.and_then(|body| Message::parse(body.clone()).ok());
    let code = message.as_ref().map(|message| message.header().message_code());
    let identity: Identity = message.map(|message| message.header().identity()).unwrap_or_default();
    DeliveryRow {
        message: row.message,
        destination: row.destination.to_string(),
        state: row.state.into(),
        control_id: identity.control_id,
        message_type: code.unwrap_or_default(),
        received: row.received_at.to_string(),
        listener: row.listener.to_string(),
        attempts: row.attempts,
        cause: row.cause.as_ref().map(ToString::to_string),
        due: row.due.map(|at| at.to_string()),
        size: row.body_bytes,
    }
}

impl From<DeliveryState> for wardline_store::DeliveryState {
    fn from(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Pending => Self::Pending,
            DeliveryState::Held => Self::Held,
            DeliveryState::Dead => Self::Dead,
        }
    }
}

impl From<wardline_store::DeliveryState> for DeliveryState {
    fn from(state: wardline_store::DeliveryState) -> Self {
        match state {
            wardline_store::DeliveryState::Pending => Self::Pending,
            wardline_store::DeliveryState::Held => Self::Held,
            wardline_store::DeliveryState::Dead => Self::Dead,
        }
    }
}
