//! Certificates of a test's own: authorities, what they issue, what they take back, as PEM files in a folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateRevocationListParams,
    CertifiedIssuer, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, RevocationReason,
    RevokedCertParams, SerialNumber, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// Serial numbers of this process, so that each certificate can be told from the others.
static NEXT_SERIAL: AtomicU64 = AtomicU64::new(1000);

/// Somebody who issues certificates.
#[derive(Clone)]
pub struct Authority(Arc<CertifiedIssuer<'static, KeyPair>>);

/// A certificate, the chain behind it, and its key.
pub struct Issued {
    certificate: Certificate,
    key: KeyPair,
    /// The authorities between it and the one that is trusted, nearest first.
    between: Vec<Authority>,
    serial: u64,
}

/// When a certificate holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Valid {
    /// Now, and for some years.
    Now,
    /// No longer.
    Before,
    /// Not yet.
    Later,
}

impl Authority {
    /// One that trusts itself.
    pub fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        Self(Arc::new(CertifiedIssuer::self_signed(authority(name), key).expect("a certificate")))
    }

    /// One whose certificate this one has issued.
    #[must_use]
    pub fn below(&self, name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let issued = CertifiedIssuer::signed_by(authority(name), key, &self.0);
        Self(Arc::new(issued.expect("a certificate")))
    }

    /// A certificate for these names, the first of them also its common name.
    pub fn issue(&self, names: &[&str]) -> Issued {
        self.issue_valid(names, Valid::Now)
    }

    /// The same, for a time.
    pub fn issue_valid(&self, names: &[&str], valid: Valid) -> Issued {
        let serial = NEXT_SERIAL.fetch_add(1, Ordering::Relaxed);
        let alternative: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(alternative).expect("names");
        params.distinguished_name.remove(DnType::CommonName);
        params
            .distinguished_name
            .push(DnType::CommonName, names.first().copied().unwrap_or_default());
        params.serial_number = Some(SerialNumber::from(serial));
        (params.not_before, params.not_after) = match valid {
            Valid::Now => (date_time_ymd(2020, 1, 1), date_time_ymd(2090, 1, 1)),
            Valid::Before => (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1)),
            Valid::Later => (date_time_ymd(2080, 1, 1), date_time_ymd(2090, 1, 1)),
        };
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        Issued { certificate, key, between: Vec::new(), serial }
    }

    /// A revocation list with these on it.
    pub fn revoke(&self, revoked: &[&Issued]) -> String {
        let revoked = revoked.iter().map(|issued| RevokedCertParams {
            serial_number: SerialNumber::from(issued.serial),
            revocation_time: date_time_ymd(2024, 1, 1),
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(2090, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: rcgen::KeyIdMethod::Sha256,
        };
        let issuer: &Issuer<'_, KeyPair> = &self.0;
        params.signed_by(issuer).expect("a list").pem().expect("PEM")
    }

    /// Its certificate, as PEM.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// Its certificate.
    pub fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }
}

impl Issued {
    /// The same with the certificate of `authority`, which issued it, behind it in the chain.
    #[must_use]
    pub fn through(mut self, authority: &Authority) -> Self {
        self.between.push(authority.clone());
        self
    }

    /// The certificate and its chain, as PEM.
    pub fn chain_pem(&self) -> String {
        let between = self.between.iter().map(Authority::pem);
        std::iter::once(self.certificate.pem()).chain(between).collect()
    }

    /// The key, as PEM.
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// The certificate and its chain.
    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        let between = self.between.iter().map(Authority::der);
        std::iter::once(self.certificate.der().clone()).chain(between).collect()
    }

    /// The key.
    pub fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    /// Its serial number as tools print it.
    pub fn serial(&self) -> String {
        let bytes = SerialNumber::from(self.serial).to_bytes();
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        hexadecimal(&bytes[zeros..], ":")
    }

    /// Its SHA-256, hexadecimal.
    pub fn fingerprint(&self) -> String {
        let sum = ring::digest::digest(&ring::digest::SHA256, self.certificate.der());
        hexadecimal(sum.as_ref(), "")
    }

    /// Writes `NAME.pem` and `NAME.key` into a folder.
    pub fn write(&self, folder: &Path, name: &str) -> (PathBuf, PathBuf) {
        let (certificate, key) =
            (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
        fs::write(&certificate, self.chain_pem()).expect("a writable folder");
        fs::write(&key, self.key_pem()).expect("a writable folder");
        (certificate, key)
    }
}

fn hexadecimal(bytes: &[u8], between: &str) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(between)
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2090, 1, 1));
    params
}
