//! Messages that were received: finding them, what became of one, and its bytes.
//!
//! The store's history answers; it is read on threads that may block, by few at a time ([`Looks`]). What is shown of a message without being asked for
//! by name are ids, codes and sizes (PHI-1).

mod asking;
mod related;
mod shown;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};
use wardline_store::history::{Happened, History, HistoryEvent, SEARCH_TIME};
use wardline_store::{MessageId, ReadError};

use super::super::anatomy;
use super::super::protocol::{
    MAX_PAGE, MessageAnatomy, MessageContent, MessageHistory, MessageSearch, ReplyBody, Response,
    SentBody, SentChanges,
};
use super::{Desk, DeskError};

pub(super) use asking::Every;

/// Searches at one time: each has a thread of whoever asks, and these are few.
const SEARCHES: usize = 3;
/// Messages whose bytes are read at one time: one may be as large as a listener lets in, and is held with all that is
/// sent of it.
const BODIES: usize = 2;
/// How long somebody waits for his turn: then he is told to ask again.
const TURN: Duration = Duration::from_secs(10);

/// Places for those who look into the history, so that one who asks without end leaves the others theirs.
pub(super) struct Looks {
    searches: Semaphore,
    bodies: Semaphore,
}

impl Default for Looks {
    fn default() -> Self {
        Self { searches: Semaphore::new(SEARCHES), bodies: Semaphore::new(BODIES) }
    }
}

async fn turn(places: &Semaphore) -> Result<SemaphorePermit<'_>, DeskError> {
    turn_within(TURN, places).await
}

async fn turn_within(time: Duration, places: &Semaphore) -> Result<SemaphorePermit<'_>, DeskError> {
    match tokio::time::timeout(time, places.acquire()).await {
        Ok(Ok(place)) => Ok(place),
        Ok(Err(_)) | Err(_) => Err(DeskError::Looking),
    }
}

impl Desk {
    /// A page of those that are looked for.
    pub(super) async fn search(&self, search: &MessageSearch) -> Result<Response, DeskError> {
        let questions = asking::questions(search, &self.keys)?;
        if search.before.is_none() && !search.by.is_empty() {
            told(search);
        }
        let _turn = turn(&self.looks.searches).await?;
        let limit = search.limit.clamp(1, MAX_PAGE);
        let page = self.ask_history(move |history| asking::ask(history, &questions, limit)).await?;
        Ok(Response::Messages {
            messages: page.rows.iter().map(shown::row).collect(),
            next: page.next,
            whole: page.whole,
            behind: page.behind,
        })
    }

    /// All that match, at most so many by their numbers.
    pub(super) async fn every_match(
        &self,
        search: &MessageSearch,
        most: usize,
    ) -> Result<Every, DeskError> {
        let questions = asking::questions(search, &self.keys)?;
        told(search);
        let _turn = turn(&self.looks.searches).await?;
        self.ask_history(move |history| asking::every(history, questions, most)).await
    }

    /// These, as a search shows them.
    pub(super) async fn messages(
        &self,
        mut numbers: Vec<MessageId>,
    ) -> Result<Response, DeskError> {
        numbers.sort_unstable_by(|one, other| other.cmp(one));
        numbers.dedup();
        numbers.truncate(MAX_PAGE);
        let deadline = Instant::now() + SEARCH_TIME;
        let page = self.ask_history(move |history| history.rows(&numbers, deadline)).await?;
        Ok(Response::Messages {
            messages: page.rows.iter().map(shown::row).collect(),
            next: None,
            whole: page.whole,
            behind: page.behind,
        })
    }

    /// One message and what happened to it.
    pub(super) async fn message_history(&self, message: MessageId) -> Result<Response, DeskError> {
        let read = move |history: &History| {
            // Before the row: what is noted down between the two must not pass for told.
            let behind = history.behind();
            let Some(row) = history.row(message)? else { return Ok(None) };
            Ok(history.timeline(message)?.map(|events| (row, events, behind)))
        };
        let (row, events, behind) =
            self.ask_history(read).await?.ok_or(DeskError::NoSuchMessage)?;
        let (row, events) = (shown::row(&row), events.into_iter().map(shown::event).collect());
        Ok(Response::History(Box::new(MessageHistory { row, events, behind })))
    }

    /// The bytes of one message. Who reads them is logged: they are about a patient.
    pub(super) async fn content(
        &self,
        message: MessageId,
        by: &str,
        reason: &str,
        most: Option<usize>,
    ) -> Result<Response, DeskError> {
        let _turn = turn(&self.looks.bodies).await?;
        let read = move |history: &History| {
            let Some(content) = history.content(message)? else { return Ok(None) };
            let (row, events) = (history.row(message)?, history.timeline(message)?);
            Ok(row.zip(events).map(|(row, events)| (content, row, events)))
        };
        let read = self.ask_history(read).await?;
        let (content, row, events) = read.ok_or(DeskError::NoSuchMessage)?;
        tracing::info!(message_id = %message, by, reason, "the content of a message was read");
        let shown = |body: &[u8]| most.and_then(|most| body.get(..most)).unwrap_or(body).to_vec();
        let sent = content.sent.into_iter().map(|(destination, body)| SentBody {
            destination: destination.to_string(),
            body: shown(&body),
        });
        let mut replies: Vec<ReplyBody> = events.into_iter().filter_map(reply).collect();
        // The store learns of an answer when a delivery stops; its pool has that of the last attempt.
        for delivery in row.destinations.iter().filter(|delivery| !delivery.state.is_end()) {
            let Some(face) = self.face_of(&delivery.destination) else { continue };
            replies.extend(face.pool.last_reply(message).await.map(|body| ReplyBody {
                destination: delivery.destination.to_string(),
                at: None,
                body: body.to_vec(),
            }));
        }
        Ok(Response::Content(Box::new(MessageContent {
            message,
            body: shown(&content.body),
            sent: sent.collect(),
            replies,
        })))
    }

    /// What else there is with the same control id, with `content` of the same order or visit as well: what came before
    /// and after it in its story.
    pub(super) async fn related(
        &self,
        message: MessageId,
        content: bool,
    ) -> Result<Response, DeskError> {
        let read = move |history: &History| {
            let Some(row) = history.row(message)? else { return Ok(None) };
            related::of(history, &row, content).map(Some)
        };
        let _turn = turn(&self.looks.searches).await?;
        let related = self.ask_history(read).await?.ok_or(DeskError::NoSuchMessage)?;
        Ok(Response::Related { related })
    }

    /// One message taken apart; its values only where `content` asks for them.
    pub(super) async fn anatomy(
        &self,
        message: MessageId,
        content: bool,
        by: &str,
    ) -> Result<Response, DeskError> {
        let readings = Arc::clone(&self.readings);
        let read = move |history: &History| {
            let Some(bytes) = history.content(message)? else { return Ok(None) };
            let Some(row) = history.row(message)? else { return Ok(None) };
            let options = readings.get(&*row.listener).copied().unwrap_or_default();
            let came = anatomy::of(&bytes.body, options, content);
            let before = anatomy::Flat::of(&bytes.body, options, content);
            let sent = bytes.sent.iter().map(|(destination, sent)| SentChanges {
                destination: destination.to_string(),
                size: sent.len() as u64,
                changes: before.changes(&anatomy::Flat::of(sent, options, content)),
            });
            Ok(Some((came, sent.collect())))
        };
        let _turn = turn(&self.looks.bodies).await?;
        let (came, sent) = self.ask_history(read).await?.ok_or(DeskError::NoSuchMessage)?;
        if content {
            tracing::info!(message_id = %message, by, "the content of a message was read");
        }
        Ok(Response::Anatomy(Box::new(MessageAnatomy {
            message,
            segments: came.segments,
            is_cut: came.is_cut,
            sent,
        })))
    }

    /// One document of a message.
    pub(super) async fn document(
        &self,
        message: MessageId,
        path: String,
        by: &str,
    ) -> Result<Response, DeskError> {
        let readings = Arc::clone(&self.readings);
        let read = move |history: &History| {
            let Some(bytes) = history.content(message)? else { return Ok(None) };
            let Some(row) = history.row(message)? else { return Ok(None) };
            let options = readings.get(&*row.listener).copied().unwrap_or_default();
            Ok(anatomy::document::at(&bytes.body, options, &path))
        };
        let _turn = turn(&self.looks.bodies).await?;
        let document = self.ask_history(read).await?.ok_or(DeskError::NoSuchDocument)?;
        tracing::info!(message_id = %message, by, "a document in a message was read");
        Ok(Response::Document(Box::new(document)))
    }

    /// Asks the store's history on a thread that may block.
    pub(super) async fn ask_history<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&History) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, DeskError> {
        let history = self.store.history().ok_or(DeskError::NoHistory)?;
        Ok(tokio::task::spawn_blocking(move || ask(&history)).await??)
    }
}

/// Says who looks for messages by what is content: which keys, never their values (PHI-1).
fn told(search: &MessageSearch) {
    let keys = search.content_keys();
    if !keys.is_empty() {
        tracing::info!(
            by = search.by,
            keys = keys.join(","),
            "messages were looked for by content"
        );
    }
}

/// What a peer answered a delivery that stopped.
fn reply(event: HistoryEvent) -> Option<ReplyBody> {
    let (Happened::Dead(stopped) | Happened::Held(stopped)) = event.what else { return None };
    Some(ReplyBody {
        destination: event.destination?.to_string(),
        at: Some(event.at),
        body: stopped.reply?.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix::test]
    async fn few_look_at_a_time_and_who_has_looked_makes_room() {
        let looks = Looks::default();
        for (places, most) in [(&looks.searches, SEARCHES), (&looks.bodies, BODIES)] {
            let mut inside = Vec::new();
            for _ in 0..most {
                inside.push(turn(places).await.expect("there is room"));
            }
            let refused = turn_within(Duration::ZERO, places).await;
            assert!(matches!(refused, Err(DeskError::Looking)));
            inside.pop();
            assert!(turn_within(Duration::ZERO, places).await.is_ok());
        }
    }
}
