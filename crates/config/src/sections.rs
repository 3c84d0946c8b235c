//! What each section of a file may hold, and how it becomes a part of the model.
//!
//! A section is read by itself; ids that it names are kept with their places until [`crate::check`] holds all sections
//! of all files against each other.

mod admin;
mod destination;
mod dialling;
mod engine;
mod file;
mod folder;
mod handler;
mod history;
mod http;
mod listener;
mod log;
mod lookup;
mod matching;
mod on_reply;
mod order;
mod postgres;
mod profile;
mod route;
mod rule;
mod step_script;
mod store;
mod tls;
mod transform;

use std::net::SocketAddr;

use crate::diagnostic::Placed;
use crate::reading::{Named, Section};

pub(crate) use admin::AdminDraft;
pub(crate) use destination::DestinationDraft;
pub(crate) use file::{Drafts, Main, read_included, read_main};
pub(crate) use handler::{HandlerDraft, ScriptDraft};
pub(crate) use listener::ListenerDraft;
pub(crate) use lookup::{LookupDraft, MissPolicy};
pub(crate) use profile::read as read_profile;
pub(crate) use route::RouteDraft;
pub(crate) use rule::RuleDraft;
pub(crate) use transform::TransformDraft;

/// An address to listen at is named there.
fn name_address(section: &Section<'_>, bind: Option<&Placed<SocketAddr>>) {
    if let Some(bind) = bind {
        section.context().name(Named::Address(bind.value), &bind.place);
    }
}
