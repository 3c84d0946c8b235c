//! `[[destinations]]`, with the keys of its kind and its table `retry`.

use std::net::SocketAddr;

use wardline_flow::{AckMatch, DeliveryPolicy, ExpectAck, ProcessingId, RetryPolicy};
use wardline_hl7::Charset;

use super::{TransformDraft, transform};
use crate::diagnostic::{Diagnostic, Placed};
use crate::model::{
    Awaited, Destination, DestinationKind, Dialled, FileDestination, HandlerDestination,
    MllpDestination, PathTemplate, PeerEndpoint,
};
use crate::reading::{Named, Section};
use crate::setting::{Cel, Id, Kind, PeerAddress, Role};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// An answer has a few hundred bytes; one of more than this is no answer.
const REPLY_SIZES: [u64; 2] = [KIB, 64 * MIB];

/// One `[[destinations]]`, not yet held against the others.
#[derive(Debug)]
pub(crate) struct DestinationDraft {
    pub(crate) id: Option<Placed<Id>>,
    pub(crate) kind: Option<Placed<Kind>>,
    /// `handler` of `kind = "handler"`.
    pub(crate) handler: Option<Placed<Id>>,
    /// Where it listens, with `role = "server"`.
    pub(crate) bind: Option<Placed<SocketAddr>>,
    /// Where `connections` stands, if it does.
    pub(crate) connections: Option<Placed<std::num::NonZeroUsize>>,
    /// Where `ack_match` stands, if it does.
    pub(crate) ack_match: Option<Placed<AckMatch>>,
    /// The listener that `ack_connection` names.
    pub(crate) ack_connection: Option<Placed<Id>>,
    /// Where `expect_ack` stands, if it does.
    pub(crate) expect_ack: Option<Placed<ExpectAck>>,
    /// Where `accept_test` stands, if it does.
    pub(crate) accept_test: Option<Placed<bool>>,
    /// `filter`.
    pub(crate) filter: Option<Placed<Cel>>,
    pub(crate) transform: TransformDraft,
    /// Absent where a required key is: a fault, so the draft never leaves this crate without it.
    pub(crate) destination: Option<Destination>,
}

pub(super) fn read(mut section: Section<'_>) -> DestinationDraft {
    let id: Option<Placed<Id>> = section.require("id");
    let kind: Option<Placed<Kind>> = section.require("kind");
    let mut draft = DestinationDraft {
        id,
        kind,
        handler: None,
        bind: None,
        connections: None,
        ack_match: None,
        ack_connection: None,
        expect_ack: None,
        accept_test: None,
        filter: section.get("filter"),
        transform: transform::read(section.tables("transform")),
        destination: None,
    };
    let keys_of_kind = match &draft.kind {
        None => None,
        Some(Placed { value: Kind::Mllp, .. }) => read_mllp(&mut section, &mut draft),
        Some(Placed { value: Kind::File, .. }) => read_file(&mut section),
        Some(Placed { value: Kind::Handler, .. }) => read_handler(&mut section, &mut draft),
        Some(Placed { value: Kind::Http, .. }) => super::http::read(&mut section, &mut draft),
        Some(Placed { value: Kind::Postgres, .. }) => super::postgres::read(&mut section),
    };
    let policy = read_policy(&mut section);
    let order = super::order::read(&mut section);
    let max_consecutive_dead = section.get("max_consecutive_dead");
    let charset: Option<Placed<Charset>> = section.get("charset");
    let unmappable = section.get("unmappable");
    let processing_id: Option<Placed<ProcessingId>> = section.get("processing_id");
    draft.accept_test = section.get("accept_test");
    if let Some(kind) = &draft.kind {
        section.call(format!("a destination of kind \"{}\"", kind.value.as_str()));
        section.finish();
    }
    draft.destination = draft.id.as_ref().zip(keys_of_kind).map(|(id, keys)| {
        let mut destination = Destination::new(id.value.0.as_str().into(), keys);
        destination.policy = policy;
        destination.order = order;
        destination.charset = charset.map(|charset| charset.value);
        destination.processing_id = processing_id.map(|id| id.value);
        destination.accept_test = draft.accept_test.as_ref().is_some_and(|accept| accept.value);
        if let Some(unmappable) = unmappable {
            destination.unmappable = unmappable.value;
        }
        if let Some(limit) = max_consecutive_dead {
            destination.max_consecutive_dead = limit.value;
        }
        destination
    });
    draft
}

fn read_mllp(section: &mut Section<'_>, draft: &mut DestinationDraft) -> Option<DestinationKind> {
    let role = section.get("role").map_or(Role::Client, |role| role.value);
    let endpoint = match role {
        Role::Client => read_dialled(section).map(PeerEndpoint::Dialled),
        Role::Server => read_awaited(section, draft).map(PeerEndpoint::Awaited),
    };
    let is_sound = endpoint.is_some();
    draft.connections = section.get("connections");
    let mut mllp = MllpDestination::new("");
    mllp.endpoint = endpoint.unwrap_or(mllp.endpoint);
    if let Some(connections) = &draft.connections {
        mllp.connections = connections.value;
    }
    section.set("mode", &mut mllp.mode);
    section.set("ack_timeout", &mut mllp.ack_timeout);
    section.set("connect_timeout", &mut mllp.connect_timeout);
    section.set("write_timeout", &mut mllp.write_timeout);
    section.set_size("max_reply_size", &mut mllp.max_reply_size, REPLY_SIZES);
    draft.ack_match = section.get("ack_match");
    if let Some(ack_match) = &draft.ack_match {
        mllp.ack_match = ack_match.value;
    }
    draft.expect_ack = section.get("expect_ack");
    if let Some(expect_ack) = &draft.expect_ack {
        mllp.expect_ack = expect_ack.value;
    }
    draft.ack_connection = section.get("ack_connection");
    mllp.ack_connection =
        draft.ack_connection.as_ref().map(|listener| listener.value.0.as_str().into());
    section.set("mllp", &mut mllp.release);
    section.set("app_ack_within", &mut mllp.app_ack_within);
    let rules = section.tables("on_reply").into_iter();
    mllp.on_reply = rules.filter_map(super::on_reply::read).collect();
    is_sound.then(|| DestinationKind::Mllp(Box::new(mllp)))
}

fn read_dialled(section: &mut Section<'_>) -> Option<Dialled> {
    let address: Option<Placed<PeerAddress>> = section.require("address");
    let tls = section.table("tls").map(super::tls::read_client);
    Some(Dialled { address: address?.value.0, tls })
}

fn read_awaited(section: &mut Section<'_>, draft: &mut DestinationDraft) -> Option<Awaited> {
    draft.bind = section.require("bind");
    super::name_address(section, draft.bind.as_ref());
    let mut allow = Vec::new();
    section.set_list("allow", &mut allow, |network| network);
    let tls = section.table("tls").and_then(super::tls::read_server);
    Some(Awaited { bind: draft.bind.as_ref()?.value, allow, tls })
}

fn read_file(section: &mut Section<'_>) -> Option<DestinationKind> {
    let path: Placed<PathTemplate> = section.require("path")?;
    section.context().name(Named::Goal(path.value.fixed_folder()), &path.place);
    Some(DestinationKind::File(FileDestination { path: path.value }))
}

fn read_handler(
    section: &mut Section<'_>,
    draft: &mut DestinationDraft,
) -> Option<DestinationKind> {
    draft.handler = section.require("handler");
    let name = draft.handler.as_ref().map_or("", |name| name.value.0.as_str());
    let mut handler = HandlerDestination::new(name.into());
    section.set("timeout", &mut handler.timeout);
    draft.handler.is_some().then_some(DestinationKind::Handler(handler))
}

fn read_policy(section: &mut Section<'_>) -> DeliveryPolicy {
    let mut policy = DeliveryPolicy::default();
    if let Some(retry) = section.table("retry") {
        policy.retry = read_retry(retry);
    }
    section.set("on_exhausted", &mut policy.on_exhausted);
    section.set("on_unclear", &mut policy.on_unclear);
    policy
}

fn read_retry(mut section: Section<'_>) -> RetryPolicy {
    let mut retry = RetryPolicy::default();
    section.set("first", &mut retry.first);
    section.set("max", &mut retry.max);
    section.set("for", &mut retry.retry_for);
    section.set_as("max_attempts", &mut retry.max_attempts, Some);
    if retry.first > retry.max {
        let fault = Diagnostic::fault("`first` is longer than `max`").at(section.place());
        section.context().report(fault.hint("waits grow from `first` to `max`"));
    }
    section.finish();
    retry
}
