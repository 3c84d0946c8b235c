//! Deliveries that have not ended: in pages, or one with its bytes.

use std::sync::Arc;

use bytes::Bytes;
use wardline_hl7::{Identity, Message};
use wardline_store::{DeliveryRef, MessageId, Query, ReadError, Store};

use super::super::protocol::{DeliveryDetail, DeliveryRow, DeliveryState, MAX_PAGE, Response};
use super::{Desk, DeskError};

impl Desk {
    /// A page of one destination, or of all when none is named.
    pub(super) async fn deliveries(
        &self,
        destination: Option<String>,
        state: DeliveryState,
        after: Option<MessageId>,
        limit: usize,
    ) -> Result<Response, DeskError> {
        let store = Arc::clone(&self.store);
        let limit = limit.min(MAX_PAGE);
        let known = destination.as_ref().is_none_or(|id| {
            self.destinations.iter().any(|destination| destination.id.as_str() == id)
        });
        let read = tokio::task::spawn_blocking(move || {
            let all = store.destinations()?;
            let named = |name: &Arc<str>| destination.as_deref().is_none_or(|id| id == &**name);
            let destinations: Vec<Arc<str>> =
                all.into_iter().map(|state| state.destination).filter(named).collect();
            let found = !destinations.is_empty();
            page(&*store, destinations, state, after, limit).map(|page| (found, page))
        });
        let (found, (deliveries, more)) = read.await??;
        if found || known {
            Ok(Response::Deliveries { deliveries, more })
        } else {
            Err(DeskError::NotFound)
        }
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
        let read = tokio::task::spawn_blocking(move || store.delivery(&delivery));
        let detail = read.await??.ok_or(DeskError::NotFound)?;
        Ok(Response::Message(Box::new(DeliveryDetail {
            row: row(&detail.row, detail.body.as_ref()),
            body: if content { detail.body.map(|body| body.to_vec()) } else { None },
            reply: if content { detail.reply.map(|reply| reply.to_vec()) } else { None },
        })))
    }
}

/// Rows of these destinations, one destination after the other, and whether there are more.
fn page(
    store: &dyn Store,
    destinations: Vec<Arc<str>>,
    state: DeliveryState,
    after: Option<MessageId>,
    limit: usize,
) -> Result<(Vec<DeliveryRow>, bool), ReadError> {
    let mut rows = Vec::new();
    for destination in destinations {
        let room = limit - rows.len();
        if room == 0 {
            return Ok((rows, true));
        }
        let query = Query { destination, state: Some(state.into()), after, limit: room };
        let page = store.query(&query)?;
        for found in &page.deliveries {
            // The ids an operator knows a message by stand in its bytes; one that ended meanwhile is left out.
            let delivery =
                DeliveryRef { message: found.message, destination: Arc::clone(&found.destination) };
            if let Some(detail) = store.delivery(&delivery)? {
                rows.push(row(&detail.row, detail.body.as_ref()));
            }
        }
        if page.next.is_some() {
            return Ok((rows, true));
        }
    }
    Ok((rows, false))
}

/// A body that is damaged names nothing.
fn row(row: &wardline_store::DeliveryRow, body: Option<&Bytes>) -> DeliveryRow {
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
