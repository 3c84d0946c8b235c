//! What the running configuration would do with a message. Nothing is sent or stored.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use wardline_config::{Config, Listener};
use wardline_flow::SearchKeys;
use wardline_flow::search::KeyKind;
use wardline_hl7::Message;
use wardline_store::history::{History, KeyMatch, Match, SEARCH_TIME, Search};
use wardline_store::{MessageId, ReadError};

use super::super::protocol::{Response, ToTry, Tried};
use super::{Desk, DeskError};
use crate::history_keys::of_store;

/// What stands around a message that was copied from a log or a wire.
const AROUND: [char; 3] = ['\u{b}', '\u{1c}', '\u{feff}'];

impl Desk {
    /// Accounts for a message by the configuration that runs.
    pub(super) async fn try_out(
        &self,
        listener: Option<String>,
        what: ToTry,
        (by, reason): (&str, &str),
    ) -> Result<Response, DeskError> {
        let live = self.live.as_ref().ok_or(DeskError::NotRunning)?;
        let config = Arc::clone(&live.face.borrow().config);
        let (listener, payload) = match what {
            ToTry::Payload(bytes) => {
                (self.listener_of(&config, listener.as_deref(), &bytes).await?, bytes)
            }
            ToTry::Text(text) => {
                let text = segments(&text);
                let found = self.listener_of(&config, listener.as_deref(), text.as_bytes()).await?;
                let bytes = Message::typed(&text, found.reading());
                (found, bytes)
            }
            ToTry::Message(message) => {
                let (came_by, bytes) = self.received(message).await?;
                let found = named(&config, listener.as_deref().unwrap_or(&came_by));
                let found = found.ok_or(match listener {
                    Some(_) => DeskError::ListenerUnknown,
                    None => DeskError::NoSuchListener,
                })?;
                tracing::info!(message_id = %message, by, reason, "the content of a message was read");
                (found.clone(), bytes)
            }
        };
        let id = listener.id.to_string();
        let tried = live.trials.try_out(config, listener, payload).await?;
        let (accounts, left_out) = (tried.accounts, tried.left_out);
        Ok(Response::Tried(Box::new(Tried { listener: id, accounts, left_out })))
    }

    /// The listener that is named, the only one, or the one through which its sender's newest message came.
    async fn listener_of(
        &self,
        config: &Config,
        wanted: Option<&str>,
        payload: &[u8],
    ) -> Result<Listener, DeskError> {
        if let Some(wanted) = wanted {
            return named(config, wanted).cloned().ok_or(DeskError::ListenerUnknown);
        }
        if let [only] = config.listeners.as_slice() {
            return Ok(only.clone());
        }
        let came_by = match sender(payload) {
            Some(sender) => self.last_of(sender).await?,
            None => None,
        };
        came_by.and_then(|id| named(config, &id).cloned()).ok_or_else(|| {
            let known = config.listeners.iter().map(|one| one.id.as_str());
            DeskError::WhichListener { known: known.collect::<Vec<_>>().join(", ") }
        })
    }

    /// Through which listener the newest message of a sender came; none where nothing is noted down.
    async fn last_of(&self, sender: String) -> Result<Option<String>, DeskError> {
        let keys = vec![KeyMatch {
            kind: of_store(KeyKind::Sender),
            value: Bytes::from(sender),
            how: Match::Exact,
        }];
        let deadline = Instant::now() + SEARCH_TIME;
        let newest = Search { keys, limit: 1, deadline, ..Search::default() };
        let ask = move |history: &History| {
            let page = history.search(&newest)?;
            Ok(page.rows.first().map(|row| row.listener.to_string()))
        };
        match self.ask_history(ask).await {
            Err(DeskError::NoHistory) => Ok(None),
            found => found,
        }
    }

    /// A message of the past: through which listener it came, and its bytes.
    async fn received(&self, message: MessageId) -> Result<(String, Bytes), DeskError> {
        let read = move |history: &History| -> Result<_, ReadError> {
            let Some(row) = history.row(message)? else { return Ok(None) };
            Ok(history.content(message)?.map(|content| (row.listener.to_string(), content.body)))
        };
        self.ask_history(read).await?.ok_or(DeskError::NoSuchMessage)
    }
}

fn named<'c>(config: &'c Config, wanted: &str) -> Option<&'c Listener> {
    config.listeners.iter().find(|one| one.id.as_str() == wanted)
}

/// MSH-3 and MSH-4, as the history finds messages by them.
fn sender(payload: &[u8]) -> Option<String> {
    let message = Message::parse(Bytes::copy_from_slice(payload)).ok()?;
    let keys = SearchKeys::default();
    let found = keys.of(&message).into_iter().find(|found| found.kind == KeyKind::Sender);
    found.map(|found| found.text.to_string())
}

/// Lines as segments, without what stands around a message on the wire or in a log.
fn segments(text: &str) -> String {
    let is_around = |c: char| AROUND.contains(&c) || c.is_whitespace();
    let mut text = text.trim_matches(is_around).replace("\r\n", "\r").replace('\n', "\r");
    text.push('\r');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_pasted_is_a_message_whatever_its_line_ends_and_its_frame() {
        for pasted in [
            "MSH|a\nPID|b",
            "MSH|a\r\nPID|b\r\n\r\n",
            "\u{b}MSH|a\rPID|b\r\u{1c}\r",
            "\n MSH|a\nPID|b ",
        ] {
            assert_eq!(segments(pasted), "MSH|a\rPID|b\r", "{pasted:?}");
        }
    }

    #[test]
    fn a_sender_is_looked_for_as_it_is_noted_down() {
        let message = b"MSH|^~\\&|LAB|HOSP|C|D|1||ORU^R01|7|P|2.5\r";
        assert_eq!(sender(message).as_deref(), Some("LAB|HOSP"));
        assert_eq!(sender(b"no HL7"), None);
    }
}
