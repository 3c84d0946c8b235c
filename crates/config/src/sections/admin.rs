//! `[admin]`.

use std::net::SocketAddr;

use crate::diagnostic::{Diagnostic, Placed};
use crate::model::{Admin, Environment};
use crate::reading::Section;
use crate::setting::Sentence;

/// `[admin]`, not yet held against the listeners.
#[derive(Debug)]
pub(crate) struct AdminDraft {
    pub(crate) bind: Option<Placed<SocketAddr>>,
    /// With a stand-in for a missing address: a fault, so it never leaves this crate.
    pub(crate) admin: Admin,
}

pub(super) fn read(mut section: Section<'_>) -> AdminDraft {
    let mut admin = Admin::default();
    let bind: Option<Placed<SocketAddr>> = section.require("bind");
    super::name_address(&section, bind.as_ref());
    if let Some(bind) = &bind {
        admin.bind = bind.value;
    }
    section.set("session_idle", &mut admin.session_idle);
    section.set("session_max", &mut admin.session_max);
    section.set("max_connections", &mut admin.max_connections);
    if let Some(environment) = section.table("environment") {
        admin.environment = read_environment(environment);
    }
    let is_encrypted = section.has("tls");
    admin.tls = section.table("tls").and_then(super::tls::read_page);
    if let (Some(bind), false, true) = (&bind, is_encrypted, admin.is_plain_in_public()) {
        let fault = Diagnostic::fault("the page would be open to the network without encryption");
        let hint = "add `[admin.tls]`, or bind to \"127.0.0.1:8575\" and reach it through a tunnel";
        section.context().report(fault.at(&bind.place).hint(hint));
    }
    report_short_sessions(&mut section, &admin);
    section.finish();
    AdminDraft { bind, admin }
}

fn report_short_sessions(section: &mut Section<'_>, admin: &Admin) {
    if admin.session_max < admin.session_idle {
        let place = section.place_of("session_max").or_else(|| section.place_of("session_idle"));
        let place = place.unwrap_or_else(|| section.place().clone());
        let fault = Diagnostic::fault("a session would end before it could be idle").at(&place);
        section.context().report(fault.hint("`session_max` is at least `session_idle`"));
    }
}

fn read_environment(mut section: Section<'_>) -> Environment {
    let mut environment = Environment::default();
    section.set_as("name", &mut environment.name, |Sentence(name)| Some(name));
    section.set("kind", &mut environment.kind);
    section.finish();
    environment
}
