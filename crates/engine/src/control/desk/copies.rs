//! Copies that were answered again and not delivered: which there were lately, and delivering one after all.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use wardline_hl7::{Identity, Message};
use wardline_store::{KeptMessage, Marks, MessageId, ReadError, Recent, Store};

use super::super::protocol::{CopyRow, MAX_PAGE, Response};
use super::{Desk, DeskError};

/// How far back it is looked for copies. Older ones are still found by their number.
const LATELY: SignedDuration = SignedDuration::from_hours(24);
/// Messages that are looked at for them.
const MOST_LOOKED_AT: usize = 1_000_000;

impl Desk {
    /// The newest copies that were not delivered, the newest first.
    pub(super) async fn copies(&self, limit: usize) -> Result<Response, DeskError> {
        let store = Arc::clone(&self.store);
        let limit = limit.clamp(1, MAX_PAGE);
        let read = tokio::task::spawn_blocking(move || newest(&*store, limit));
        Ok(Response::Copies { copies: read.await?? })
    }

    /// Delivers one after all.
    pub(super) async fn release(&self, number: MessageId, by: &str) -> Result<Response, DeskError> {
        let face = self.face().ok_or(DeskError::NotRunning)?;
        let store = Arc::clone(&self.store);
        let found = tokio::task::spawn_blocking(move || store.message(number)).await??;
        let copy = found.filter(|found| found.marks.has(Marks::SUPPRESSED));
        let copy = copy.ok_or(DeskError::NoSuchCopy)?;
        let mut listeners = face.listeners.iter();
        let listener = listeners.find(|one| one.id.as_str() == &*copy.listener);
        let listener = listener.ok_or(DeskError::NoSuchListener)?;
        let around = listener.around.as_ref().ok_or(DeskError::NotRunning)?.now();
        if face.drain.is_draining() {
            return Err(DeskError::Draining);
        }
        let message = around.release(&copy).await?;
        tracing::info!(listener = %listener.id, copy = %number, message_id = %message, by, "a copy is delivered after all");
        Ok(Response::Released { copy: number, message })
    }
}

fn newest(store: &dyn Store, limit: usize) -> Result<Vec<CopyRow>, ReadError> {
    let since = Timestamp::now().checked_sub(LATELY).unwrap_or(Timestamp::MIN);
    let mut numbers = Vec::new();
    store.recent(since, MOST_LOOKED_AT, &mut |recent| {
        if let Recent::Stored { message, marks, .. } = recent
            && marks.has(Marks::SUPPRESSED)
            && numbers.len() < limit
        {
            numbers.push(message);
        }
    })?;
    let mut rows = Vec::with_capacity(numbers.len());
    for number in numbers {
        rows.extend(store.message(number)?.map(|copy| row(number, &copy)));
    }
    Ok(rows)
}

fn row(number: MessageId, copy: &KeptMessage) -> CopyRow {
    let message = Message::parse(copy.body.clone()).ok();
    let code = message.as_ref().map(|message| message.header().message_code());
    let identity: Identity = message.map(|message| message.header().identity()).unwrap_or_default();
    CopyRow {
        message: number,
        listener: copy.listener.to_string(),
        peer: copy.peer.to_string(),
        control_id: identity.control_id,
        message_type: code.unwrap_or_default(),
        received: copy.received_at.to_string(),
        size: copy.body.len() as u64,
    }
}
