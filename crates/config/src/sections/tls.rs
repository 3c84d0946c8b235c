//! `tls`, of listeners and of destinations. Its files are relative to the file that names them.

use std::path::PathBuf;

use crate::diagnostic::{Diagnostic, Placed};
use crate::model::{CertificateFiles, ClientTls, Fingerprint, ServerTls, TrustedClients};
use crate::reading::{Named, Section};
use crate::setting::{Host, Word};

/// Keys that say something of clients' certificates, and nothing without their issuer.
const OF_CLIENTS: [&str; 3] = ["crl", "allow_names", "allow_fingerprints"];

/// `tls` of a listener. None where a file is missing: a fault, so it never leaves this crate.
pub(super) fn read_server(mut section: Section<'_>) -> Option<ServerTls> {
    let certificate = section.require::<PathBuf>("certificate");
    let key = section.require::<PathBuf>("key");
    // Stands in for what is missing, so that every other key is judged all the same.
    let mut tls = ServerTls::new(CertificateFiles::default());
    tls.clients = read_clients(&mut section);
    section.set("min_version", &mut tls.min_version);
    section.set("handshake_timeout", &mut tls.handshake_timeout);
    let identity = certificate.zip(key).map(|(certificate, key)| CertificateFiles {
        certificate: file(&section, certificate),
        key: key_file(&section, key),
    });
    section.finish();
    identity.map(|identity| ServerTls { identity, ..tls })
}

/// `tls` of the page: browsers are not asked for certificates. None where a file is missing: a fault, as above.
pub(super) fn read_page(mut section: Section<'_>) -> Option<ServerTls> {
    let certificate = section.require::<PathBuf>("certificate");
    let key = section.require::<PathBuf>("key");
    let mut tls = ServerTls::new(CertificateFiles::default());
    section.set("min_version", &mut tls.min_version);
    section.set("handshake_timeout", &mut tls.handshake_timeout);
    let identity = certificate.zip(key).map(|(certificate, key)| CertificateFiles {
        certificate: file(&section, certificate),
        key: key_file(&section, key),
    });
    section.finish();
    identity.map(|identity| ServerTls { identity, ..tls })
}

fn read_clients(section: &mut Section<'_>) -> Option<TrustedClients> {
    let ca = section.get::<PathBuf>("client_ca");
    let crl = read_files(section, "crl");
    let names = section.list("allow_names").unwrap_or_default();
    let fingerprints = section.list::<Fingerprint>("allow_fingerprints").unwrap_or_default();
    if section.place_of("client_ca").is_none() {
        for key in OF_CLIENTS {
            if let Some(place) = section.place_of(key) {
                let fault = Diagnostic::fault(format!("`{key}` needs `client_ca`")).at(&place);
                section.context().report(
                    fault.hint("`client_ca` names who issues the certificates of your clients"),
                );
            }
        }
    }
    Some(TrustedClients {
        ca: file(section, ca?),
        crl,
        names: names.into_iter().map(|Placed { value: Word(name), .. }| name).collect(),
        fingerprints: fingerprints.into_iter().map(|fingerprint| fingerprint.value).collect(),
    })
}

/// `tls` of a destination.
pub(super) fn read_client(mut section: Section<'_>) -> ClientTls {
    let mut tls = ClientTls::default();
    let ca = section.get::<PathBuf>("ca");
    tls.ca = ca.map(|ca| file(&section, ca));
    tls.identity = read_identity(&mut section);
    section.set_as("server_name", &mut tls.server_name, |Host(name)| Some(name));
    tls.crl = read_files(&mut section, "crl");
    section.set("min_version", &mut tls.min_version);
    section.set("handshake_timeout", &mut tls.handshake_timeout);
    section.finish();
    tls
}

fn read_identity(section: &mut Section<'_>) -> Option<CertificateFiles> {
    let certificate = section.get::<PathBuf>("certificate");
    let key = section.get::<PathBuf>("key");
    for (there, missing) in [("certificate", "key"), ("key", "certificate")] {
        if let (Some(place), None) = (section.place_of(there), section.place_of(missing)) {
            let fault = Diagnostic::fault(format!("`{there}` needs `{missing}`")).at(&place);
            section.context().report(fault.hint("a certificate is shown with its private key"));
        }
    }
    Some(CertificateFiles {
        certificate: file(section, certificate?),
        key: key_file(section, key?),
    })
}

fn read_files(section: &mut Section<'_>, key: &'static str) -> Vec<PathBuf> {
    let files = section.list::<PathBuf>(key).unwrap_or_default();
    files.into_iter().map(|named| file(section, named)).collect()
}

fn file(section: &Section<'_>, named: Placed<PathBuf>) -> PathBuf {
    let path = section.beside(named.value);
    section.context().name(Named::File(path.clone()), &named.place);
    path
}

fn key_file(section: &Section<'_>, named: Placed<PathBuf>) -> PathBuf {
    let path = section.beside(named.value);
    section.context().name(Named::Secret(path.clone()), &named.place);
    path
}
