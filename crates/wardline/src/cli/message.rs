//! `wardline message`: finding what was received, what became of one message, and its bytes.

mod export;
mod filter;
mod parts;
mod search;
mod show;

use clap::Subcommand;
use wardline_engine::control::protocol::{
    FateRow, MAX_PAGE, MessageContent, MessageRow, MessageSearch, Request, Response,
};
use wardline_store::MessageId;

use self::export::Export;
pub(crate) use self::filter::Filter;
use self::parts::{Document, Related, Segments};
use self::search::Search;
use self::show::Show;
use super::Invocation;
use super::failure::Outcome;
use super::reach::{Reach, ReachError};

/// Find messages that were received, and see what became of them.
#[derive(Debug, Subcommand)]
pub(crate) enum Message {
    Search(Search),
    Show(Show),
    Segments(Segments),
    Related(Related),
    Document(Document),
    Export(Export),
}

impl Message {
    /// Runs the command named.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        match self {
            Self::Search(search) => search.execute(invocation),
            Self::Show(show) => show.execute(invocation),
            Self::Segments(segments) => segments.execute(invocation),
            Self::Related(related) => related.execute(invocation),
            Self::Document(document) => document.execute(invocation),
            Self::Export(export) => export.execute(invocation),
        }
    }
}

/// A page of messages, as it was answered.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) messages: Vec<MessageRow>,
    /// Where to go on.
    pub(crate) next: Option<MessageId>,
    /// Bytes that are not noted down yet.
    pub(crate) behind: u64,
}

/// Asks page by page until there are so many, or no more.
pub(crate) fn find(
    reach: &mut Reach,
    search: &MessageSearch,
    most: usize,
) -> Result<Found, ReachError> {
    let mut found = Found { next: search.before, ..Found::default() };
    loop {
        let limit = (most - found.messages.len()).min(MAX_PAGE);
        let search = MessageSearch { before: found.next, limit, ..search.clone() };
        let (messages, next, behind) = page(reach, &Request::Search(search))?;
        found.messages.extend(messages);
        goes_on(found.next, next)?;
        (found.next, found.behind) = (next, behind);
        if next.is_none() || found.messages.len() >= most {
            return Ok(found);
        }
    }
}

/// Whether the page that follows is another one: who asks the same again and again never ends.
pub(crate) fn goes_on(
    before: Option<MessageId>,
    next: Option<MessageId>,
) -> Result<(), ReachError> {
    match (before, next) {
        (Some(before), Some(next)) if next >= before => Err(ReachError::NoFurther),
        (_, _) => Ok(()),
    }
}

/// One page.
pub(crate) fn page(
    reach: &mut Reach,
    request: &Request,
) -> Result<(Vec<MessageRow>, Option<MessageId>, u64), ReachError> {
    match reach.ask(request)? {
        Response::Messages { messages, next, behind, .. } => Ok((messages, next, behind)),
        _ => Err(ReachError::Unexpected),
    }
}

/// The bytes of one message. That they were read is logged.
fn content(
    reach: &mut Reach,
    message: MessageId,
    by: String,
) -> Result<MessageContent, ReachError> {
    let request = Request::Content { message, by, reason: String::new(), most: None };
    match reach.ask(&request)? {
        Response::Content(content) => Ok(*content),
        _ => Err(ReachError::Unexpected),
    }
}

/// One destination's outcome in few words: `lis delivered AA`, `pacs pending, 3 tried, ack_timeout`.
pub(crate) fn outcome(fate: &FateRow) -> String {
    let mut words = format!("{} {}", fate.destination, fate.state.as_str());
    if let Some(code) = &fate.reply_code {
        words.push(' ');
        words.push_str(code);
    }
    if fate.attempts > 1 || (fate.attempts > 0 && !fate.state.is_end()) {
        words.push_str(", ");
        words.push_str(&fate.attempts.to_string());
        words.push_str(" tried");
    }
    if let Some(cause) = fate.cause.as_ref().filter(|_| !fate.state.is_end()) {
        words.push_str(", ");
        words.push_str(cause);
    }
    words
}

/// Every destination's outcome; `nowhere` for a message that no route took, and why one was not taken at all.
pub(crate) fn outcomes(row: &MessageRow) -> String {
    if let Some(refusal) = &row.refusal {
        return format!("rejected {}, {}", refusal.code, refusal.cause);
    }
    match row.destinations.as_slice() {
        [] => "nowhere".to_owned(),
        fates => fates.iter().map(outcome).collect::<Vec<_>>().join("; "),
    }
}

#[cfg(test)]
mod tests;
