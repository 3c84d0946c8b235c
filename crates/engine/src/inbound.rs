//! The way in: from a peer's bytes to an answer that is a promise.
//!
//! ```text
//! Listener ──accepts──▶ Connection (one per peer)
//!                          │ session: frames and clocks          no socket, no actix
//!                          │ intake: parse, rules of the header, handlers, plan
//!                          │ handover ─▶ store ─▶ completions    one wake per arbiter and group
//!                          ▼
//!                        answer
//! ```
//!
//! In the order of the data: [`listener`] and its [`roster`] of connections, [`handshake`], [`connection`], [`session`],
//! [`intake`], [`handover`], [`completions`], [`answer`].

pub(crate) mod answer;
pub(crate) mod close;
pub(crate) mod completions;
pub(crate) mod connection;
mod handover;
mod handshake;
pub(crate) mod intake;
pub(crate) mod listener;
pub(crate) mod roster;
pub(crate) mod session;
mod socket;
mod unasked;
