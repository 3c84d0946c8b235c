//! `[[listeners]]`, with its tables `header` and `accept`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use wardline_flow::Intake;

use super::RuleDraft;
use crate::diagnostic::Placed;
use crate::model::{AckWhen, Listener, Relay};
use crate::reading::Section;
use crate::setting::{Acknowledging, Id, ListenerKind, MessageCode, Role, Word};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// A message of less is refused by every hospital; more than this, with what is kept beside it, may be more than one
/// record of the store holds (1 GiB).
const MESSAGE_SIZES: [u64; 2] = [KIB, 512 * MIB];

/// One `[[listeners]]`, not yet held against the others.
#[derive(Debug)]
pub(crate) struct ListenerDraft {
    pub(crate) id: Option<Placed<Id>>,
    pub(crate) bind: Option<Placed<SocketAddr>>,
    /// The folder of `kind = "file"`.
    pub(crate) folder: Option<Placed<PathBuf>>,
    pub(crate) handlers: Vec<Placed<Id>>,
    /// The destination whose answer is relayed.
    pub(crate) ack_from: Option<Placed<Id>>,
    /// The destination that the application's answers go by.
    pub(crate) app_ack_to: Option<Placed<Id>>,
    /// How long its messages are found.
    pub(crate) retain_for: Option<Placed<Duration>>,
    /// The file of its profile, as it is named.
    pub(crate) profile: Option<Placed<PathBuf>>,
    /// Its rules, with their places.
    pub(crate) rules: Vec<RuleDraft>,
    /// The lookup tables that its rules name.
    pub(crate) tables: Vec<Placed<Id>>,
    /// With stand-ins for a missing id, address or folder: both are faults, so it never leaves this crate.
    pub(crate) listener: Listener,
}

pub(super) fn read(mut section: Section<'_>) -> ListenerDraft {
    let id: Option<Placed<Id>> = section.require("id");
    let known_as = id.as_ref().map_or("", |id| id.value.0.as_str()).into();
    let kind = section.get("kind").map_or(ListenerKind::Mllp, |kind| kind.value);
    let (mut bind, mut folder) = (None, None);
    let (mut ack_from, mut app_ack_to) = (None, None);
    let mut listener = match kind {
        ListenerKind::Mllp if is_dialling(&mut section) => {
            section.call("a listener of role \"client\"".to_owned());
            let mut listener = Listener::dialling(known_as, super::dialling::read(&mut section));
            ack_from = read_connections(&mut section, &mut listener);
            listener
        }
        ListenerKind::Mllp => {
            bind = section.require("bind");
            super::name_address(&section, bind.as_ref());
            let anywhere = || (Ipv4Addr::LOCALHOST, 0).into();
            let address = bind.as_ref().map_or_else(anywhere, |bind: &Placed<_>| bind.value);
            let mut listener = Listener::new(known_as, address);
            read_newcomers(&mut section, &mut listener);
            ack_from = read_connections(&mut section, &mut listener);
            app_ack_to = section.get("app_ack_to");
            let by = app_ack_to.as_ref().map(|to: &Placed<Id>| to.value.0.as_str().into());
            listener.app_ack_to = by;
            listener
        }
        ListenerKind::File => {
            section.call("a listener of kind \"file\"".to_owned());
            let (named, watched) = super::folder::read(&mut section);
            folder = named;
            let mut listener = Listener::watching(known_as, watched);
            read_copies(&mut section, &mut listener);
            listener
        }
    };
    let handlers = section.list("handlers").unwrap_or_default();
    listener.handlers =
        handlers.iter().map(|name: &Placed<Id>| name.value.0.as_str().into()).collect();
    section.set("handler_timeout", &mut listener.handler_timeout);
    let retain_for = section.get("retain_for");
    listener.retain_for = retain_for.as_ref().map(|term: &Placed<Duration>| term.value);
    section.set("unrouted", &mut listener.unrouted);
    section.set("segments", &mut listener.segments);
    section.set_as("charset", &mut listener.charset.fixed, Some);
    section.set("default_charset", &mut listener.charset.fallback);
    listener.intake = read_intake(&mut section);
    let mut tables = Vec::new();
    let rules = section.tables("rules").into_iter();
    let rules: Vec<RuleDraft> =
        rules.filter_map(|rule| super::rule::read(rule, &mut tables)).collect();
    listener.rules = rules.iter().map(|draft| draft.rule.clone()).collect();
    let profile = section.get("profile");
    section.set("profile_level", &mut listener.profile_level);
    section.finish();
    ListenerDraft {
        id,
        bind,
        folder,
        handlers,
        ack_from,
        app_ack_to,
        retain_for,
        profile,
        rules,
        tables,
        listener,
    }
}

fn is_dialling(section: &mut Section<'_>) -> bool {
    section.get("role").is_some_and(|role: Placed<Role>| role.value == Role::Client)
}

/// What only a listener has that others connect to.
fn read_newcomers(section: &mut Section<'_>, listener: &mut Listener) {
    section.set("max_connections", &mut listener.max_connections);
    section.set_as("max_per_source", &mut listener.max_per_source, Some);
    section.set("when_full", &mut listener.when_full);
    section.set_list("allow", &mut listener.allow, |network| network);
    section.set_as("max_in_flight_per_source", &mut listener.max_in_flight_per_source, Some);
    listener.tls = section.table("tls").and_then(super::tls::read_server);
}

/// What only a listener with connections has; whose answers it relays.
fn read_connections(section: &mut Section<'_>, listener: &mut Listener) -> Option<Placed<Id>> {
    read_framing(section, listener);
    read_limits(section, listener);
    let ack_from = read_ack(section, listener);
    read_answers(section, listener);
    ack_from
}

fn read_framing(section: &mut Section<'_>, listener: &mut Listener) {
    section.set("mllp", &mut listener.release);
    section.set("frame_end", &mut listener.frame_end);
    section.set_size("max_message_size", &mut listener.max_message_size, MESSAGE_SIZES);
}

fn read_limits(section: &mut Section<'_>, listener: &mut Listener) {
    section.set_as("rate", &mut listener.rate, Some);
    section.set_as("idle_timeout", &mut listener.idle_timeout, Some);
    section.set("frame_idle_timeout", &mut listener.frame_idle_timeout);
    section.set("frame_timeout", &mut listener.frame_timeout);
    section.set("write_timeout", &mut listener.write_timeout);
}

/// When the sender is answered, and by whom where that is not us.
fn read_ack(section: &mut Section<'_>, listener: &mut Listener) -> Option<Placed<Id>> {
    let mut ack = Acknowledging::AfterStore;
    section.set("ack", &mut ack);
    let from: Option<Placed<Id>> = match ack {
        Acknowledging::AfterDelivery => section.require("ack_from"),
        Acknowledging::AfterStore | Acknowledging::None => section.get("ack_from"),
    };
    let named = from.as_ref().map_or("", |from| from.value.0.as_str());
    let mut relay = Relay::new(named.into());
    section.set("answer_within", &mut relay.answer_within);
    section.set("on_late", &mut relay.on_late);
    listener.ack = match ack {
        Acknowledging::AfterStore => AckWhen::AfterStore,
        Acknowledging::AfterDelivery => AckWhen::AfterDelivery(relay),
        Acknowledging::None => AckWhen::None,
    };
    from
}

fn read_answers(section: &mut Section<'_>, listener: &mut Listener) {
    section.set("ack_mode", &mut listener.ack_mode);
    section.set_as("ack_type", &mut listener.ack_type, |MessageCode(code)| Some(code));
    section.set("err", &mut listener.err);
    section.set("multiple", &mut listener.multiple);
    section.set("batch_ack", &mut listener.batch_ack);
    read_copies(section, listener);
    section.set("on_unavailable", &mut listener.on_unavailable);
    section.set("unavailable_wait", &mut listener.unavailable_wait);
}

/// What becomes of messages that came before.
fn read_copies(section: &mut Section<'_>, listener: &mut Listener) {
    section.set("dedup", &mut listener.dedup);
    section.set("dedup_window", &mut listener.dedup_window);
}

fn read_intake(section: &mut Section<'_>) -> Intake {
    let mut intake = Intake::default();
    if let Some(mut header) = section.table("header") {
        header.set("message_type", &mut intake.message_type);
        header.set("control_id", &mut intake.control_id);
        header.set("version", &mut intake.version);
        header.set("processing_id", &mut intake.processing_id);
        header.finish();
    }
    if let Some(mut accept) = section.table("accept") {
        accept.set_list("message", &mut intake.accept_messages, |pattern| pattern);
        accept.set_list("version", &mut intake.accept_versions, |Word(version)| version);
        accept.set_list("processing_id", &mut intake.accept_processing_ids, |Word(id)| id);
        accept.finish();
    }
    intake
}
