//! Which messages are meant: what `message search`, `message export` and `tail` share.

use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use wardline_engine::control::protocol::{KeyQuery, MessageSearch, StateWanted};

use super::super::amounts::parse_duration;
use super::super::reach::operator;

/// Which messages; all that is given must be true of them.
#[derive(Debug, Clone, Args)]
pub(crate) struct Filter {
    /// What names them: a control id, an id of the patient, a visit, an order, or a key of `[history] keys`.
    #[arg(value_name = "TEXT")]
    text: Option<String>,
    /// MSH-10.
    #[arg(long, value_name = "ID")]
    control_id: Option<String>,
    /// MSH-9, as `ADT^A01`.
    #[arg(long = "type", value_name = "TYPE")]
    message_type: Option<String>,
    /// MSH-3, or `MSH-3|MSH-4`.
    #[arg(long, value_name = "APPLICATION")]
    sender: Option<String>,
    /// MSH-5, or `MSH-5|MSH-6`.
    #[arg(long, value_name = "APPLICATION")]
    receiver: Option<String>,
    /// An id of PID-3 or MRG-1.
    #[arg(long, value_name = "ID")]
    patient: Option<String>,
    /// PV1-19.
    #[arg(long, value_name = "NUMBER")]
    visit: Option<String>,
    /// ORC-2, ORC-3, OBR-2 or OBR-3.
    #[arg(long, value_name = "NUMBER")]
    order: Option<String>,
    /// A key of `[history] keys`.
    #[arg(long = "key", value_name = "NAME=VALUE")]
    keys: Vec<NamedKey>,
    /// What is given of ids only has to be their beginning.
    #[arg(long)]
    prefix: bool,
    /// Received within this time: 30min, 24h, 7d.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, conflicts_with = "from")]
    since: Option<Duration>,
    /// Received at this time or later: 2026-11-21T02:00:00Z.
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Received before this time.
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Through this listener.
    #[arg(long, value_name = "LISTENER")]
    listener: Option<String>,
    /// For this destination.
    #[arg(long, value_name = "DESTINATION")]
    destination: Option<String>,
    /// With a delivery that stands so; with --destination, the one to it.
    #[arg(long)]
    state: Option<State>,
    /// Sent in by this replay.
    #[arg(long, value_name = "REPLAY")]
    replay: Option<u64>,
    /// Of at least so many bytes.
    #[arg(long, value_name = "BYTES")]
    min_size: Option<u64>,
    /// Of at most so many bytes.
    #[arg(long, value_name = "BYTES")]
    max_size: Option<u64>,
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    /// Waits for its turn or its retry.
    Pending,
    /// Stopped until an operator decides.
    Held,
    /// A dead letter.
    Dead,
    /// The peer took responsibility.
    Delivered,
    /// Withdrawn, and the sender told so.
    Returned,
    /// Given up.
    Discarded,
    /// No route matched the message.
    Unrouted,
    /// The message was not taken: answered negatively, or set aside.
    Rejected,
}

/// A key by its name.
#[derive(Debug, Clone)]
struct NamedKey {
    name: String,
    value: String,
}

/// The text is no key.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("a key is NAME=VALUE")]
struct NotAKey;

impl FromStr for NamedKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let (name, value) = text.split_once('=').ok_or(NotAKey)?;
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

impl Filter {
    /// As the engine is asked, from the newest on.
    pub(crate) fn search(&self, now: Timestamp) -> MessageSearch {
        let since = self.since.and_then(|since| now.checked_sub(since).ok());
        MessageSearch {
            keys: self.keys(),
            from: self.from.or(since),
            until: self.until,
            listener: self.listener.clone(),
            destination: self.destination.clone(),
            state: self.state.map(StateWanted::from),
            min_size: self.min_size,
            max_size: self.max_size,
            replay: self.replay,
            before: None,
            limit: 0,
            by: operator(),
        }
    }

    fn keys(&self) -> Vec<KeyQuery> {
        let key =
            |names, value: &str| KeyQuery { names, value: value.to_owned(), prefix: self.prefix };
        let named = [
            ("control-id", &self.control_id),
            ("type", &self.message_type),
            ("sender", &self.sender),
            ("receiver", &self.receiver),
            ("patient", &self.patient),
            ("visit", &self.visit),
            ("order", &self.order),
        ];
        let any = self.text.iter().map(|text| key(Vec::new(), text));
        let named = named.iter().filter_map(|(name, value)| {
            value.as_ref().map(|value| key(vec![(*name).to_owned()], value))
        });
        let own = self.keys.iter().map(|own| key(vec![own.name.clone()], &own.value));
        any.chain(named).chain(own).collect()
    }
}

impl From<State> for StateWanted {
    fn from(state: State) -> Self {
        match state {
            State::Pending => Self::Pending,
            State::Held => Self::Held,
            State::Dead => Self::Dead,
            State::Delivered => Self::Delivered,
            State::Returned => Self::Returned,
            State::Discarded => Self::Discarded,
            State::Unrouted => Self::Unrouted,
            State::Rejected => Self::Rejected,
        }
    }
}
