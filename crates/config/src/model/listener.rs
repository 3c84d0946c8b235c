//! `[[listeners]]`: where messages come in, and what each peer may ask of the engine.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use wardline_flow::{AckMode, DestinationId, HandlerName, Intake, ListenerId, Rule};
use wardline_hl7::profile::Profile;
use wardline_hl7::{CharsetRule, ParseOptions, SegmentEnds};
use wardline_mllp::{FrameEnd, Release};

use super::dialling::Dialling;
use super::folder::WatchedFolder;
use super::network::Network;
use super::rate::Rate;
use super::tls::ServerTls;

const MIB: usize = 1024 * 1024;

/// One `[[listeners]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Listener {
    /// Its id, unique among listeners and destinations.
    pub id: ListenerId,
    /// Where its messages come in.
    pub entrance: Entrance,
    /// Whether each message is answered by a commit block below its answer (`mllp`).
    pub release: Release,
    /// What ends a frame.
    pub frame_end: FrameEnd,
    /// The largest payload of a frame, in bytes.
    pub max_message_size: usize,
    /// The most connections at one time.
    pub max_connections: NonZeroUsize,
    /// The most of them from one address; absent = no limit of its own.
    pub max_per_source: Option<NonZeroUsize>,
    /// Who gives way when a limit is reached.
    pub when_full: WhenFull,
    /// The networks that may connect; empty = every address.
    pub allow: Vec<Network>,
    /// How many messages of one address are read in which time; absent = as they come.
    pub rate: Option<Rate>,
    /// How many messages of one address are in hand at a time; absent = one on each of its connections.
    pub max_in_flight_per_source: Option<NonZeroUsize>,
    /// How long a connection may be silent between frames; absent = for ever.
    pub idle_timeout: Option<Duration>,
    /// How long it may be silent inside a frame.
    pub frame_idle_timeout: Duration,
    /// How long a frame may take from its first byte to its last.
    pub frame_timeout: Duration,
    /// How long the peer may take to read an answer.
    pub write_timeout: Duration,
    /// How long one handler may take.
    pub handler_timeout: Duration,
    /// When the sender is answered.
    pub ack: AckWhen,
    /// What MSH-15 and MSH-16 of a message are worth.
    pub ack_mode: AckMode,
    /// The destination that the application's answers of the enhanced mode go by; absent = the connection.
    pub app_ack_to: Option<DestinationId>,
    /// MSH-9 of answers as it is to be sent; absent = by the version of the message.
    pub ack_type: Option<String>,
    /// Whether a negative answer to version 2.4 or older carries ERR-1.
    pub err: bool,
    /// What becomes of several messages in one frame without an envelope around them.
    pub multiple: Multiple,
    /// How a batch is answered.
    pub batch_ack: BatchAck,
    /// What becomes of a message that came before.
    pub dedup: Dedup,
    /// How long it is known.
    pub dedup_window: Duration,
    /// How long its messages are found and read once they have ended; absent = as long as the store keeps them.
    pub retain_for: Option<Duration>,
    /// What becomes of a message that no route matches.
    pub unrouted: Unrouted,
    /// What the sender sees while nothing can be stored.
    pub on_unavailable: OnUnavailable,
    /// How long a message waits for that to pass before the sender sees it.
    pub unavailable_wait: Duration,
    /// What a header must hold: the tables `header` and `accept`.
    pub intake: Intake,
    /// `[[listeners.rules]]`, in the order of the file.
    pub rules: Vec<Rule>,
    /// What ends a segment.
    pub segments: SegmentEnds,
    /// How the charset of a message is decided: `charset` and `default_charset`.
    pub charset: CharsetRule,
    /// What its messages are held against, beyond their header.
    pub profile: Option<Arc<Profile>>,
    /// What it costs to break a rule of it.
    pub profile_level: ProfileLevel,
    /// Handlers before the answer, in order.
    pub handlers: Vec<HandlerName>,
    /// How the connection is encrypted; absent = not at all.
    pub tls: Option<ServerTls>,
}

impl Listener {
    /// How its messages are read.
    pub fn reading(&self) -> ParseOptions {
        ParseOptions { segments: self.segments, charset: self.charset, strict: false }
    }

    /// The defaults of `kind = "mllp"`, for the two keys that have none.
    pub fn new(id: ListenerId, bind: SocketAddr) -> Self {
        Self::at(id, Entrance::Bind(bind))
    }

    /// The defaults of `role = "client"`: as many connections as are dialled.
    pub fn dialling(id: ListenerId, dialling: Dialling) -> Self {
        Self {
            max_connections: dialling.connections,
            when_full: WhenFull::CloseNewcomer,
            ..Self::at(id, Entrance::Dial(dialling))
        }
    }

    /// The defaults of `kind = "file"`. It has one file in hand at a time, and nobody to answer.
    pub fn watching(id: ListenerId, folder: WatchedFolder) -> Self {
        Self {
            max_connections: NonZeroUsize::MIN,
            ack: AckWhen::None,
            ack_mode: AckMode::Original,
            ..Self::at(id, Entrance::Folder(folder))
        }
    }

    fn at(id: ListenerId, entrance: Entrance) -> Self {
        const MAX_CONNECTIONS: NonZeroUsize = NonZeroUsize::new(256).unwrap();
        Self {
            id,
            entrance,
            release: Release::One,
            frame_end: FrameEnd::Auto,
            max_message_size: 64 * MIB,
            max_connections: MAX_CONNECTIONS,
            max_per_source: None,
            when_full: WhenFull::ReplaceOldestIdleOfSameSource,
            allow: Vec::new(),
            rate: None,
            max_in_flight_per_source: None,
            idle_timeout: None,
            frame_idle_timeout: Duration::from_secs(30),
            frame_timeout: Duration::from_secs(10 * 60),
            write_timeout: Duration::from_secs(10),
            handler_timeout: Duration::from_secs(5),
            ack: AckWhen::AfterStore,
            ack_mode: AckMode::Auto,
            app_ack_to: None,
            ack_type: None,
            err: false,
            multiple: Multiple::Reject,
            batch_ack: BatchAck::Single,
            dedup: Dedup::Flag,
            dedup_window: Duration::from_secs(60 * 60),
            retain_for: None,
            unrouted: Unrouted::Accept,
            on_unavailable: OnUnavailable::Close,
            unavailable_wait: Duration::from_secs(5),
            intake: Intake::default(),
            rules: Vec::new(),
            segments: SegmentEnds::Auto,
            charset: CharsetRule::default(),
            profile: None,
            profile_level: ProfileLevel::Lint,
            handlers: Vec::new(),
            tls: None,
        }
    }
}

impl Listener {
    /// Whether it takes unencrypted messages from outside: on an address that is neither this machine's own nor in one
    /// of the networks that no router of the internet carries, and not only from such networks either. Every interface
    /// (`0.0.0.0`) is not inside.
    pub fn is_plain_in_public(&self) -> bool {
        let Entrance::Bind(bind) = &self.entrance else { return false };
        super::network::is_plain_in_public(*bind, &self.allow, self.tls.is_some())
    }
}

/// Where messages come in (`kind`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entrance {
    /// `"mllp"`: over connections to this address; port 0 takes a free one.
    Bind(SocketAddr),
    /// `"mllp"` with `role = "client"`: over connections that we open.
    Dial(Dialling),
    /// `"file"`: as files in a folder.
    Folder(WatchedFolder),
}

/// What it costs a message to break a rule of its listener's profile (`profile_level`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileLevel {
    /// Nothing; nobody looks.
    Off,
    /// It is counted, and told of once for each rule.
    Lint,
    /// It is answered AR.
    Reject,
}

/// When the sender is answered (`ack`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AckWhen {
    /// When the message and its deliveries are durable (ACK-1).
    AfterStore,
    /// When a destination has answered, with its answer. The message is durable before.
    AfterDelivery(Relay),
    /// Never.
    None,
}

/// What becomes of several messages in one frame without FHS or BHS around them (`multiple`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Multiple {
    /// AR: in a frame without an envelope a second MSH is a sender's fault.
    Reject,
    /// They are a batch.
    Split,
}

/// How a batch is answered (`batch_ack`). One that cannot be split has a single answer, and so has an empty one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchAck {
    /// One answer for the whole; its MSA-2 is BHS-11.
    Single,
    /// A batch of answers, one for each message; its BHS-12 is their BHS-11.
    Batch,
    /// The same with negative answers only.
    Errors,
    /// An answer for each message, in a frame of its own.
    Each,
}

/// What becomes of a message that came before, from the same sender with the same id and the same bytes (`dedup`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dedup {
    /// It is processed like any other; nobody looks.
    Off,
    /// It is processed, marked and counted.
    Flag,
    /// Its positive answer is given again, and nothing is delivered twice.
    Replay,
}

/// Whose answer the sender gets, and how long he waits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relay {
    /// `ack_from`: the destination, of kind "mllp". What no route takes there is answered when it is durable.
    pub from: DestinationId,
    /// How long its answer may take.
    pub answer_within: Duration,
    /// What he gets when it takes longer.
    pub on_late: OnLate,
}

impl Relay {
    /// The defaults, for the key that has none.
    pub fn new(from: DestinationId) -> Self {
        Self { from, answer_within: Duration::from_secs(8), on_late: OnLate::Accept }
    }
}

/// What a sender gets when the answer that was to be relayed is late (`on_late`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnLate {
    /// AA: the message is durable and will be delivered.
    Accept,
    /// AE, and what has not begun is not delivered: he sends it again.
    Return,
}

/// Who gives way when all connections are taken (`when_full`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// The connection from the newcomer's own address that has been idle longest; without one, the newcomer.
    ReplaceOldestIdleOfSameSource,
    /// The newcomer.
    CloseNewcomer,
}

/// What becomes of a message that no route matches (`unrouted`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unrouted {
    /// Stored, answered positively, shown as unrouted.
    Accept,
    /// Answered AR.
    Reject,
    /// Answered positively, counted, not stored.
    Discard,
}

/// What the sender sees while nothing can be stored (`on_unavailable`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnUnavailable {
    /// The connection closes without an answer: the one signal on which every sender retries.
    Close,
    /// AE, or CE where the message asks for an accept answer.
    Answer,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_is_what_lies_outside_or_on_every_interface() {
        for (bind, expected) in [
            ("127.0.0.1:1", false),
            ("10.1.2.3:1", false),
            ("192.168.1.1:1", false),
            ("172.16.0.1:1", false),
            ("[::1]:1", false),
            ("[fd00::1]:1", false),
            ("[fe80::1]:1", false),
            ("0.0.0.0:1", true),
            ("[::]:1", true),
            ("203.0.113.7:1", true),
            ("[2001:db8::1]:1", true),
        ] {
            let listener = Listener::new("in".into(), bind.parse().unwrap());
            assert_eq!(listener.is_plain_in_public(), expected, "{bind}");
        }
    }

    #[test]
    fn who_lets_in_none_from_outside_is_not_public() {
        let mut listener = Listener::new("in".into(), ([0, 0, 0, 0], 1).into());
        let networks = ["10.0.0.0", "192.168.1.7", "198.51.100.0"];
        let mut networks =
            networks.map(|one| Network::around(one.parse().unwrap(), 24)).into_iter();
        listener.allow.extend(networks.by_ref().take(2).flatten());
        assert!(!listener.is_plain_in_public());
        listener.allow.extend(networks.flatten());
        assert!(listener.is_plain_in_public());
    }

    #[test]
    fn an_encrypted_listener_may_stand_anywhere() {
        let mut listener = Listener::new("in".into(), ([0, 0, 0, 0], 1).into());
        listener.tls = Some(ServerTls::new(crate::model::CertificateFiles {
            certificate: "server.pem".into(),
            key: "server.key".into(),
        }));
        assert!(!listener.is_plain_in_public());
    }
}
