//! How listeners, routes and destinations are joined, and by which settings they go: what a drawing of the flow needs.

use serde::{Deserialize, Serialize};

/// The configuration that runs, as far as it joins things.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wiring {
    /// In the order of the files.
    pub listeners: Vec<ListenerWiring>,
    /// In the order of the files.
    pub routes: Vec<RouteWiring>,
    /// In the order of the files.
    pub destinations: Vec<DestinationWiring>,
}

/// One listener's settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerWiring {
    /// Its id.
    pub id: String,
    /// `mllp` or `file`.
    pub kind: String,
    /// The oldest version of TLS that is spoken; absent = in the clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<String>,
    /// Whether its peers show a certificate.
    pub client_certificates: bool,
    /// When the sender is answered: `after_store`, `after_delivery`, `none`.
    pub ack: String,
    /// Handlers before the answer.
    pub handlers: Vec<String>,
    /// How many rules it has.
    pub rules: u64,
}

/// One route.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteWiring {
    /// Its id.
    pub id: String,
    /// The listeners and handler destinations whose messages it looks at.
    pub from: Vec<String>,
    /// The types it wants, as they are written; empty = all.
    pub messages: Vec<String>,
    /// Whether it looks at anything else of a message.
    pub has_conditions: bool,
    /// Steps of its transform.
    pub transforms: u64,
    /// Where they go.
    pub to: Vec<String>,
}

/// One destination's settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationWiring {
    /// Its id.
    pub id: String,
    /// `mllp`, `file`, `handler`, `http`, `postgres`.
    pub kind: String,
    /// The oldest version of TLS that is spoken; absent = in the clear, or nothing to encrypt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<String>,
    /// `fifo`, `by-key` or `none`.
    pub order: String,
    /// Connections of its pool.
    pub connections: u64,
    /// How long errors of the peer are repeated, milliseconds.
    pub retry_for_ms: u64,
    /// The longest pause between two attempts, milliseconds.
    pub retry_max_ms: u64,
    /// How often an error is repeated at most, where that is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u64>,
    /// Whether a message whose errors do not end blocks its lane instead of becoming a dead letter.
    pub blocks_when_exhausted: bool,
    /// How long an answer may take, milliseconds, where one is awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack_timeout_ms: Option<u64>,
}
