//! `kind = "http"`: a web server as destination.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value as Json;
use wardline_flow::{Occasion, StatusRule, ValueSource, as_json};
use wardline_hl7::Message;

use super::secret::Secret;
use super::tls::ClientTls;

const MIB: usize = 1024 * 1024;

/// The keys of `kind = "http"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpDestination {
    /// Where each message goes.
    pub url: HttpUrl,
    /// With which method.
    pub method: HttpMethod,
    /// What is sent of a message.
    pub body: HttpBody,
    /// What the body is called; absent: as [`HttpBody::content_type`] says.
    pub content_type: Option<String>,
    /// What goes with each message, in the order of their names.
    pub headers: Vec<HttpHeader>,
    /// The header that tells a server which requests are for the same message.
    pub idempotency_header: String,
    /// Whom a server behind `https` must be trusted by; `None` with `http`.
    pub tls: Option<ClientTls>,
    /// Connections of its pool.
    pub connections: NonZeroUsize,
    /// How long a connection may take to come up.
    pub connect_timeout: Duration,
    /// How long sending a request and awaiting its answer may take.
    pub timeout: Duration,
    /// How much of an answer is read, in bytes.
    pub max_reply_size: usize,
    /// What statuses mean, before the standard says it; the first that fits.
    pub on_status: Vec<StatusRule>,
}

/// The address of a web server and a place there.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpUrl {
    /// Whether it is `https`.
    pub is_encrypted: bool,
    /// `host`, with its port if one is written.
    pub authority: String,
    /// `host:port`.
    pub address: String,
    /// The path from `/` on, with its query.
    pub path_and_query: String,
}

/// The `method` of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HttpMethod {
    /// `POST`.
    #[default]
    Post,
    /// `PUT`.
    Put,
}

/// The `body` of requests.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum HttpBody {
    /// The bytes of the message as they are.
    #[default]
    Hl7,
    /// The whole message as JSON.
    Json,
    /// These values of it as one JSON object, by their names.
    Fields(Vec<(String, ValueSource)>),
}

/// A header that goes with each message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpHeader {
    /// Its name.
    pub name: String,
    /// What it says.
    pub value: Secret,
}

impl HttpDestination {
    /// The defaults of a server that is there.
    pub fn new(url: HttpUrl) -> Self {
        Self {
            tls: url.is_encrypted.then(ClientTls::default),
            url,
            method: HttpMethod::default(),
            body: HttpBody::default(),
            content_type: None,
            headers: Vec::new(),
            idempotency_header: "Idempotency-Key".to_owned(),
            connections: NonZeroUsize::MIN,
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            max_reply_size: MIB,
            on_status: Vec::new(),
        }
    }

    /// What the body is called.
    pub fn content_type(&self) -> &str {
        self.content_type.as_deref().unwrap_or(self.body.content_type())
    }

    /// The files of its secrets.
    pub fn secret_files(&self) -> impl Iterator<Item = &Path> {
        self.headers.iter().filter_map(|header| header.value.file())
    }
}

impl HttpBody {
    /// What is sent of a message.
    pub fn of(&self, message: &Message, occasion: Occasion<'_>) -> Bytes {
        match self {
            Self::Hl7 => message.bytes().clone(),
            Self::Json => as_json(message, occasion).to_string().into(),
            Self::Fields(fields) => {
                let field = |(name, source): &(String, ValueSource)| {
                    (name.clone(), source.json(message, occasion))
                };
                fields.iter().map(field).collect::<Json>().to_string().into()
            }
        }
    }

    /// What it is called where nothing else is said.
    pub fn content_type(&self) -> &'static str {
        match self {
            Self::Hl7 => "application/hl7-v2",
            Self::Json | Self::Fields(_) => "application/json",
        }
    }
}

impl HttpMethod {
    /// The word it is written with.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

impl fmt::Display for HttpUrl {
    /// Without its query, in which some servers want a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_encrypted { "https" } else { "http" };
        let (path, has_query) = match self.path_and_query.split_once('?') {
            Some((path, _)) => (path, true),
            None => (self.path_and_query.as_str(), false),
        };
        write!(f, "{scheme}://{}{path}{}", self.authority, if has_query { "?…" } else { "" })
    }
}

impl fmt::Debug for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpUrl({self})")
    }
}
