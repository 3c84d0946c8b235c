//! The operators' seat: a web page and an API, and who may do what there.
//!
//! ```text
//! browser, program ─HTTP─▶ server ─▶ door ─▶ route ─▶ page or API ─▶ Desk ─▶ engine
//!                          limits    who?    one list   maud, utoipa    the only door
//! ```
//!
//! It stands beside the engine, on threads of its own ([`server`]): what goes wrong here, a panic or a full disk
//! included, ends no message's way. It sees the engine through its [`Desk`] alone. [`access`] has users, sessions and
//! tokens; [`door`] lets in; [`route`] is the list of all there is; [`pages`] and [`api`] have one file a subject.
//!
//! Without the right to see content nothing of a message is in a page, an answer or an error (PHI-1).
//!
//! [`Desk`]: wardline_engine::control::Desk

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

pub mod access;
mod api;
mod assets;
mod chart;
mod door;
mod entry;
mod fault;
mod forgery;
mod headers;
mod health;
mod lines;
mod live;
mod page;
mod pages;
mod route;
mod searches;
mod seat;
mod server;
mod sprite;
mod staff;
mod watch;
mod words;

pub use door::Needs;
pub use server::{Admin, AdminError, Options};

/// Every route as `(method, path, needs)`, for the test that asks each of them as everybody.
pub fn routes() -> Vec<(String, &'static str, Needs)> {
    let table = route::table().iter();
    table.map(|(method, path, needs)| (method.to_string(), *path, *needs)).collect()
}

/// What programs may ask, as OpenAPI 3.1.
pub fn openapi() -> String {
    api::DOCUMENT.clone()
}
