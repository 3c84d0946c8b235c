//! What the test binaries share: a real engine in a process of its own, peers and sinks that know MLLP by themselves.
//!
//! - [`requirement`]: what a test needs of the machine; without it, it is reported as ignored with the reason.
//! - [`site`]: a folder with a configuration, and the engine that runs on it.
//! - [`peer`]: a sender over a plain socket. [`sink`]: a receiver whose answers the test decides.
//!   [`nobody`]: where none is. [`http_server`]: a web server. [`postgres`]: a database.
//! - [`certificates`]: authorities and what they issue. [`tls_peer`]: a sender over TLS.
//!   [`tls_sink`]: a receiver. [`tls_sender`]: a sender that is dialled.
//! - [`volume`]: file systems of a test's own: a disk that is a file, one that is soon full.
//! - [`message`]: messages to send, answers to read. [`wait`]: until something is so, with a deadline.
//!
//! Peers and sinks frame by hand, not with `wardline-mllp`: a fault there must not hide itself.

pub mod browser;
pub mod certificates;
pub mod chromium;
pub mod http_server;
pub mod message;
pub mod nobody;
pub mod peer;
pub mod postgres;
pub mod requirement;
pub mod sink;
pub mod site;
pub mod tls_peer;
pub mod tls_sender;
pub mod tls_sink;
pub mod volume;
pub mod wait;
