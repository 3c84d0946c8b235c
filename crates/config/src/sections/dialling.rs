//! The keys of `[[listeners]]` of `role = "client"` that say whom it dials.

use crate::diagnostic::{Diagnostic, Placed};
use crate::model::{Dialled, Dialling};
use crate::reading::Section;
use crate::setting::PeerAddress;

/// Whom the listener dials; with a stand-in for a missing address, which is a fault.
pub(super) fn read(section: &mut Section<'_>) -> Dialling {
    let address: Option<Placed<PeerAddress>> = section.require("address");
    let address = address.map(|address| address.value.0).unwrap_or_default();
    let tls = section.table("tls").map(super::tls::read_client);
    let mut dialling = Dialling::new(Dialled { address, tls });
    section.set("connections", &mut dialling.connections);
    if let Some(mut retry) = section.table("retry") {
        retry.set("first", &mut dialling.first);
        retry.set("max", &mut dialling.max);
        if dialling.first > dialling.max {
            let fault = Diagnostic::fault("`first` is longer than `max`").at(retry.place());
            retry.context().report(fault.hint("waits grow from `first` to `max`"));
        }
        retry.finish();
    }
    dialling
}
