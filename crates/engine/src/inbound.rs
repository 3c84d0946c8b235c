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
//! Or [`folder`], where files are messages: one in hand, the same intake and store, nobody to answer.
//!
//! In the order of the data: [`entrance`], [`listener`] with its [`roster`] of connections and its [`sources`],
//! [`handshake`], [`valve`], [`connection`] with its [`surroundings`] and its share of the [`budget`], [`session`], [`intake`], [`handover`],
//! [`completions`], [`answer`].

pub(crate) mod again;
pub(crate) mod answer;
mod apart;
pub(crate) mod blocks;
pub(crate) mod budget;
pub(crate) mod close;
pub(crate) mod completions;
pub(crate) mod connection;
pub(crate) mod dialer;
mod digest;
pub(crate) mod duplicates;
pub(crate) mod entrance;
mod folder;
pub(crate) mod handover;
pub(crate) mod handshake;
pub(crate) mod intake;
pub(crate) mod listener;
pub(crate) mod release;
pub(crate) mod roster;
pub(crate) mod session;
mod socket;
pub(crate) mod sources;
mod storm;
pub(crate) mod surroundings;
pub(crate) mod turned_away;
mod unasked;
pub(crate) mod valve;
