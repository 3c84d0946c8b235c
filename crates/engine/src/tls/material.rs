//! The files behind TLS: certificates, keys, revocation lists, all PEM.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, RootCertStore};
use wardline_config::CertificateFiles;

use super::fault::TlsFault;
use super::provider;

/// The largest file that is read, in bytes: the revocation list of a national authority has a few MiB.
const MAX_FILE_SIZE: u64 = 64 * 1024 * 1024;

/// What only keys that need a password hold: PKCS#8's label, and the header of the older form.
const ENCRYPTED: [&[u8]; 2] = [b"BEGIN ENCRYPTED PRIVATE KEY", b"Proc-Type: 4,ENCRYPTED"];

/// A certificate with its chain and its key, proven to belong together.
pub(super) fn certified_key(files: &CertificateFiles) -> Result<Arc<CertifiedKey>, TlsFault> {
    let chain = certificates(&files.certificate)?;
    let key = private_key(&files.key)?;
    let provider = provider();
    let certified = CertifiedKey::from_der(chain, key, &provider);
    certified.map(Arc::new).map_err(|error| match error {
        Error::InconsistentKeys(_) => {
            TlsFault::KeyMismatch { certificate: files.certificate.clone(), key: files.key.clone() }
        }
        Error::InvalidCertificate(_) => {
            TlsFault::Unusable { path: files.certificate.clone(), source: error }
        }
        other => TlsFault::Unusable { path: files.key.clone(), source: other },
    })
}

/// Every certificate of a file, in its order.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    let certificates: Vec<_> =
        CertificateDer::pem_slice_iter(&read(path)?).filter_map(Result::ok).collect();
    if certificates.is_empty() {
        return Err(TlsFault::NoCertificate { path: path.to_owned() });
    }
    Ok(certificates)
}

/// The issuers in a file.
pub(super) fn issuers(path: &Path) -> Result<Arc<RootCertStore>, TlsFault> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots
            .add(certificate)
            .map_err(|source| TlsFault::Unusable { path: path.to_owned(), source })?;
    }
    Ok(Arc::new(roots))
}

/// Whom this machine trusts. Single entries that cannot be used are passed over, as everywhere.
pub(super) fn issuers_of_this_machine() -> Result<Arc<RootCertStore>, TlsFault> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(TlsFault::NoRoots) } else { Ok(Arc::new(roots)) }
}

/// Every revocation list of these files.
pub(super) fn revocation_lists<'p>(
    paths: impl IntoIterator<Item = &'p Path>,
) -> Result<Vec<CertificateRevocationListDer<'static>>, TlsFault> {
    let mut lists = Vec::new();
    for path in paths {
        let before = lists.len();
        let bytes = read(path)?;
        lists.extend(CertificateRevocationListDer::pem_slice_iter(&bytes).filter_map(Result::ok));
        if lists.len() == before {
            return Err(TlsFault::NoRevocationList { path: path.to_owned() });
        }
    }
    Ok(lists)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsFault> {
    let bytes = read(path)?;
    let is_encrypted =
        ENCRYPTED.iter().any(|mark| bytes.windows(mark.len()).any(|window| window == *mark));
    if is_encrypted {
        return Err(TlsFault::EncryptedKey { path: path.to_owned() });
    }
    PrivateKeyDer::from_pem_slice(&bytes)
        .map_err(|_nothing_of_a_key_is_told| TlsFault::NoKey { path: path.to_owned() })
}

fn read(path: &Path) -> Result<Vec<u8>, TlsFault> {
    let unreadable = |source| TlsFault::Unreadable { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(MAX_FILE_SIZE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE_SIZE {
        return Err(unreadable(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(bytes)
}
