//! `[[destinations]]`: where messages go, and what happens when they can't.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use wardline_flow::{
    AckMatch, DeliveryPolicy, DestinationId, ExpectAck, HandlerName, KeyOrder, ListenerId,
    ProcessingId, ReplyRule,
};
use wardline_hl7::{Charset, Unmappable};
use wardline_mllp::Release;

use super::http::HttpDestination;
use super::path_template::PathTemplate;
use super::peer_endpoint::PeerEndpoint;
use super::postgres::PostgresDestination;

const MIB: usize = 1024 * 1024;

/// One `[[destinations]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Destination {
    /// Its id, unique among listeners and destinations; the queue belongs to it.
    pub id: DestinationId,
    /// What it is, with the keys of its kind.
    pub kind: DestinationKind,
    /// Whether messages keep their order.
    pub order: Order,
    /// The table `retry` and what follows it: `on_exhausted`, `on_unclear`.
    pub policy: DeliveryPolicy,
    /// The charset that it is sent; absent: the bytes that came.
    pub charset: Option<Charset>,
    /// What becomes of a character that the charset lacks.
    pub unmappable: Unmappable,
    /// Dead letters in a row after which the destination is held.
    pub max_consecutive_dead: NonZeroU32,
    /// What the system there is for; absent: nobody has said.
    pub processing_id: Option<ProcessingId>,
    /// Whether it gets tests although it is for production.
    pub accept_test: bool,
}

impl Destination {
    /// The defaults, for the two keys that have none.
    pub fn new(id: DestinationId, kind: DestinationKind) -> Self {
        const FIVE: NonZeroU32 = NonZeroU32::new(5).unwrap();
        Self {
            id,
            kind,
            order: Order::Fifo,
            policy: DeliveryPolicy::default(),
            charset: None,
            unmappable: Unmappable::Fail,
            max_consecutive_dead: FIVE,
            processing_id: None,
            accept_test: false,
        }
    }

    /// Whether a message of processing id T or D is kept from it.
    pub fn refuses_tests(&self) -> bool {
        self.processing_id == Some(ProcessingId::Production) && !self.accept_test
    }

    /// What is given up by how it is configured, to be told wherever it is shown.
    pub fn warnings(&self) -> impl Iterator<Item = &'static str> {
        let warnings = match &self.kind {
            DestinationKind::Mllp(mllp) => [mllp.ack_match.warning(), mllp.expect_ack.warning()],
            DestinationKind::File(_)
            | DestinationKind::Handler(_)
            | DestinationKind::Http(_)
            | DestinationKind::Postgres(_) => [None, None],
        };
        let takes_tests = self.accept_test && self.processing_id == Some(ProcessingId::Production);
        warnings.into_iter().flatten().chain(takes_tests.then_some(Self::TAKES_TESTS))
    }

    /// The warning of `accept_test`.
    pub(crate) const TAKES_TESTS: &'static str =
        "tests (processing id T or D) go to this production system";
}

/// The `kind` of a destination.
#[derive(Debug, Clone, PartialEq)]
pub enum DestinationKind {
    /// Another system over MLLP. Boxed: it has far more keys than the others.
    Mllp(Box<MllpDestination>),
    /// One file a message.
    File(FileDestination),
    /// A handler actor.
    Handler(HandlerDestination),
    /// A web server.
    Http(Box<HttpDestination>),
    /// A table of a database.
    Postgres(Box<PostgresDestination>),
}

/// The keys of `kind = "mllp"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MllpDestination {
    /// Where the two sides meet, and who dials.
    pub endpoint: PeerEndpoint,
    /// Connections of its pool.
    pub connections: NonZeroUsize,
    /// How long each lives.
    pub mode: ConnectionMode,
    /// How long an answer may take.
    pub ack_timeout: Duration,
    /// How long a connection may take to come up.
    pub connect_timeout: Duration,
    /// How long the peer may take to read a message.
    pub write_timeout: Duration,
    /// The largest answer, in bytes.
    pub max_reply_size: usize,
    /// How far MSA-2 of an answer may be from MSH-10.
    pub ack_match: AckMatch,
    /// Whether the message decides what is awaited.
    pub expect_ack: ExpectAck,
    /// How long an application's answer may take behind a commit accept.
    pub app_ack_within: Duration,
    /// The listener through which its answers come, as messages; absent: they come on the connection.
    pub ack_connection: Option<ListenerId>,
    /// The release of MLLP that its peer speaks.
    pub release: Release,
    /// What answers mean, before their code says it; the first that fits.
    pub on_reply: Vec<ReplyRule>,
}

impl MllpDestination {
    /// `app_ack_within` where it is not set: applications look at what came in once a day at least.
    pub const APP_ACK_WITHIN: Duration = Duration::from_secs(24 * 60 * 60);

    /// The defaults of a peer that listens at `host:port`.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            endpoint: PeerEndpoint::dialled(address),
            connections: NonZeroUsize::MIN,
            mode: ConnectionMode::Persistent,
            ack_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            max_reply_size: MIB,
            ack_match: AckMatch::Exact,
            expect_ack: ExpectAck::ByMessage,
            app_ack_within: Self::APP_ACK_WITHIN,
            ack_connection: None,
            release: Release::One,
            on_reply: Vec::new(),
        }
    }
}

/// The keys of `kind = "file"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDestination {
    /// Where each file goes; relative ones start at the working directory.
    pub path: PathTemplate,
}

/// The keys of `kind = "handler"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerDestination {
    /// Which handler.
    pub handler: HandlerName,
    /// How long it may take for one message.
    pub timeout: Duration,
}

impl HandlerDestination {
    /// The defaults, for the key that has none.
    pub fn new(handler: HandlerName) -> Self {
        Self { handler, timeout: Duration::from_secs(5) }
    }
}

/// Whether messages to a destination keep their order (`order`, `order_by`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Order {
    /// One lane, in the order of acceptance (ORDER-1).
    #[default]
    Fifo,
    /// A lane for each key, in the order of acceptance within it.
    ByKey(KeyOrder),
    /// Each message by itself.
    None,
}

/// How long a connection lives (`mode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConnectionMode {
    /// As long as both sides like.
    #[default]
    Persistent,
    /// One message.
    PerMessage,
}
