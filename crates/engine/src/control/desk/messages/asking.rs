//! From what an operator looks for to what the history is asked.
//!
//! The history finds messages that have all of some keys. One name or another is several questions, and their pages are
//! one again:
//!
//! ```text
//!   control-id or patient is 4417        control-id = 4417 ──▶ 90 71 │ 12 …     next 12
//!                                        patient    = 4417 ──▶ 88 │ 40 …        next 40, its time was over
//!                                                              90 88 71         next 40: below it, not all was seen
//! ```

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use wardline_flow::search::{self, KeyKind, PARTY_SEPARATOR, SearchKeys};
use wardline_store::ReadError;
use wardline_store::history::{
    History, HistoryRow, KeyMatch, Match, SEARCH_TIME, Search, SearchPage, StateFilter,
};
use wardline_store::{MessageId, Name};

use super::super::super::protocol::{KeyQuery, MAX_PAGE, MessageSearch, StateWanted};
use super::super::DeskError;
use crate::history_keys::of_store;

/// Questions that one search may become: each name of a key is one, and of several keys each with each.
const MOST_QUESTIONS: usize = 64;

/// What tells a message from others, so that it is meant where nobody says what is meant.
const OWN: [&str; 4] = ["control-id", "patient", "visit", "order"];

/// What the history is asked, one after the other.
pub(super) fn questions(
    search: &MessageSearch,
    keys: &SearchKeys,
) -> Result<Vec<Search>, DeskError> {
    let mut questions = vec![Search {
        from: search.from,
        until: search.until,
        listener: search.listener.as_deref().map(Name::from),
        destination: search.destination.as_deref().map(Name::from),
        state: search.state.map(StateFilter::from),
        min_bytes: search.min_size,
        max_bytes: search.max_size,
        before: search.before,
        limit: search.limit.clamp(1, MAX_PAGE),
        keys: search.replay.map(KeyMatch::job).into_iter().collect(),
        ..Search::default()
    }];
    for query in &search.keys {
        let choices = choices(query, keys)?;
        if questions.len() * choices.len() > MOST_QUESTIONS {
            return Err(DeskError::TooManyKeys);
        }
        let with = |question: &Search, choice: &KeyMatch| {
            let mut question = question.clone();
            question.keys.push(choice.clone());
            question
        };
        let choices = &choices;
        questions = questions
            .iter()
            .flat_map(|question| choices.iter().map(move |choice| with(question, choice)))
            .collect();
    }
    Ok(questions)
}

/// The keys by any of which a query is met.
fn choices(query: &KeyQuery, keys: &SearchKeys) -> Result<Vec<KeyMatch>, DeskError> {
    let text = search::normal(&query.value);
    let choice = |name: &String| {
        let kind = kind(name, keys).ok_or_else(|| unknown(name, keys))?;
        let is_party = matches!(kind, KeyKind::Sender | KeyKind::Receiver);
        let (value, how) = match (is_party && !text.contains(PARTY_SEPARATOR), query.prefix) {
            // The application alone, and all of it.
            (true, false) => (format!("{text}{PARTY_SEPARATOR}"), Match::Prefix),
            (_, true) => (text.clone(), Match::Prefix),
            (false, false) => (text.clone(), Match::Exact),
        };
        Ok(KeyMatch { kind: of_store(kind), value: Bytes::from(value), how })
    };
    if query.names.is_empty() {
        let names = OWN.iter().map(|name| (*name).to_owned());
        let names = names.chain(keys.custom().iter().map(|key| key.name.clone()));
        return names.map(|name| choice(&name)).collect();
    }
    query.names.iter().map(choice).collect()
}

fn kind(name: &str, keys: &SearchKeys) -> Option<KeyKind> {
    let named = KeyKind::NAMED.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind);
    let mut own = (0..).zip(keys.custom()).filter(|(_, key)| key.name == name);
    named.or_else(|| own.next().map(|(place, _)| KeyKind::Custom(place)))
}

fn unknown(name: &str, keys: &SearchKeys) -> DeskError {
    let named = KeyKind::NAMED.iter().map(|(_, name)| *name);
    let known: Vec<_> = named.chain(keys.custom().iter().map(|key| key.name.as_str())).collect();
    DeskError::UnknownKey { name: name.to_owned(), known: known.join(", ") }
}

/// How long all that match are looked for: an operator waits.
const ALL_TIME: Duration = Duration::from_secs(20);

/// All that match, by their numbers.
pub(in super::super) struct Every {
    /// Up to the most that was asked for and a page more.
    pub(in super::super) messages: Vec<MessageId>,
    /// How many there are.
    pub(in super::super) count: usize,
    /// How many of them were sent in by a replay.
    pub(in super::super) replays: u64,
    /// Whether all was looked through in time.
    pub(in super::super) is_whole: bool,
    /// As of the first page.
    pub(in super::super) behind: u64,
}

/// Asks page after page until there are no more. Of more than `most` only the count is taken. Blocks.
pub(super) fn every(
    history: &History,
    mut questions: Vec<Search>,
    most: usize,
) -> Result<Every, ReadError> {
    let until = Instant::now() + ALL_TIME;
    let mut every = Every { messages: Vec::new(), count: 0, replays: 0, is_whole: true, behind: 0 };
    for question in &mut questions {
        question.limit = MAX_PAGE;
    }
    for number in 0.. {
        let page = ask(history, &questions, MAX_PAGE)?;
        if number == 0 {
            every.behind = page.behind;
        }
        every.count += page.rows.len();
        every.replays += page.rows.iter().filter(|row| row.origin.is_some()).count() as u64;
        if every.messages.len() <= most {
            every.messages.extend(page.rows.iter().map(|row| row.message));
        }
        let Some(next) = page.next else { break };
        if Instant::now() >= until {
            every.is_whole = false;
            break;
        }
        for question in &mut questions {
            question.before = Some(next);
        }
    }
    Ok(every)
}

/// Asks them all; the newest that one or another found. Blocks.
pub(super) fn ask(
    history: &History,
    questions: &[Search],
    limit: usize,
) -> Result<SearchPage, ReadError> {
    let until = Instant::now() + SEARCH_TIME;
    let mut pages = Vec::with_capacity(questions.len());
    for (nth, question) in questions.iter().enumerate() {
        let deadline = share(Instant::now(), until, questions.len() - nth);
        pages.push(history.search(&Search { deadline, ..question.clone() })?);
    }
    Ok(union(pages, limit))
}

/// When a question is to be answered that is followed by others: each has the same share of the time that is left, so that
/// none comes too late to look at all.
fn share(now: Instant, until: Instant, questions: usize) -> Instant {
    let questions = u32::try_from(questions.max(1)).unwrap_or(u32::MAX);
    now + until.saturating_duration_since(now) / questions
}

/// One page of several. Down to the newest place where one of them ended, nothing is missing.
fn union(pages: Vec<SearchPage>, limit: usize) -> SearchPage {
    let mut next = pages.iter().filter_map(|page| page.next).max();
    let whole = pages.iter().all(|page| page.whole);
    let behind = pages.iter().map(|page| page.behind).max().unwrap_or(0);
    let mut rows: BTreeMap<MessageId, HistoryRow> = BTreeMap::new();
    for row in pages.into_iter().flat_map(|page| page.rows) {
        if next.is_none_or(|next| row.message >= next) {
            rows.entry(row.message).or_insert(row);
        }
    }
    let mut rows: Vec<HistoryRow> = rows.into_values().rev().collect();
    if rows.len() > limit {
        rows.truncate(limit);
        next = rows.last().map(|row| row.message);
    }
    SearchPage { rows, next, whole, behind }
}

impl From<StateWanted> for StateFilter {
    fn from(state: StateWanted) -> Self {
        match state {
            StateWanted::Pending => Self::Pending,
            StateWanted::Held => Self::Held,
            StateWanted::Dead => Self::Dead,
            StateWanted::Delivered => Self::Delivered,
            StateWanted::Returned => Self::Returned,
            StateWanted::Discarded => Self::Discarded,
            StateWanted::Unrouted => Self::Unrouted,
            StateWanted::Rejected => Self::Rejected,
        }
    }
}

#[cfg(test)]
mod tests;
