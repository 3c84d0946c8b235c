//! The configuration as the engine sees it: validated, with nothing left to parse and every default filled in.
//!
//! One file per section of the TOML. The defaults stand here, beside the fields, and `config/reference.toml` is proven
//! equal to them.

mod admin;
mod destination;
mod dialling;
mod engine;
mod file_pattern;
mod folder;
mod handler;
mod history;
mod http;
mod listener;
mod log;
mod network;
mod path_template;
mod peer_endpoint;
mod postgres;
mod rate;
mod secret;
mod store;
mod tls;

pub use admin::{Admin, Environment, EnvironmentKind};
pub use destination::{
    ConnectionMode, Destination, DestinationKind, FileDestination, HandlerDestination,
    MllpDestination, Order,
};
pub use dialling::Dialling;
pub use engine::Engine;
pub use file_pattern::FilePattern;
pub(crate) use file_pattern::fits;
pub use folder::{FileSort, WatchedFolder, WhenDone};
pub use handler::HandlerLimits;
pub use history::History;
pub use http::{HttpBody, HttpDestination, HttpHeader, HttpMethod, HttpUrl};
pub use listener::{
    AckWhen, BatchAck, Dedup, Entrance, Listener, Multiple, OnLate, OnUnavailable, ProfileLevel,
    Relay, Unrouted, WhenFull,
};
pub use log::{Log, LogFormat};
pub use network::Network;
pub(crate) use path_template::PLACEHOLDERS;
pub use path_template::{PathTemplate, TemplateFault, TemplateValues};
pub use peer_endpoint::{Awaited, Dialled, PeerEndpoint};
pub use postgres::{PostgresDestination, Statement};
pub use rate::Rate;
pub use secret::Secret;
pub use store::Store;
pub use tls::{CertificateFiles, ClientTls, Fingerprint, ServerTls, TlsVersion, TrustedClients};

use wardline_flow::Routing;

/// A whole configuration: all files of it, validated against each other.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Config {
    /// `[engine]`.
    pub engine: Engine,
    /// `[store]`.
    pub store: Store,
    /// `[history]`.
    pub history: History,
    /// `[log]`.
    pub log: Log,
    /// `[admin]`; absent = there is no page.
    pub admin: Option<Admin>,
    /// `[handlers.NAME]`, one for every handler that is used somewhere, in the order of their names.
    pub handlers: Vec<HandlerLimits>,
    /// `[[listeners]]`, in the order of the files.
    pub listeners: Vec<Listener>,
    /// `[[routes]]`, in the order of the files.
    pub routing: Routing,
    /// `[[destinations]]`, in the order of the files.
    pub destinations: Vec<Destination>,
}
