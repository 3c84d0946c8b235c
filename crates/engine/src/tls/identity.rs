//! What a certificate says of its owner, for logs, lists and conditions.

use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use rustls::pki_types::CertificateDer;
use wardline_config::Fingerprint;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::x509::X509Name;

/// The most characters of a name that are kept: a stranger may send any.
const MAX_NAME: usize = 256;
/// The most names of a certificate that are kept.
const MAX_NAMES: usize = 100;
/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// One certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Whose it is, as `CN=adt1, O=St. Elsewhere`.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// Every name in it: common name, DNS, address, e-mail, URI.
    pub names: Vec<String>,
    /// Its serial number, hexadecimal.
    pub serial: String,
    /// Its SHA-256.
    pub fingerprint: Fingerprint,
    /// From when on it holds.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
}

impl Identity {
    /// Reads a certificate. None where it is none.
    pub(super) fn of(der: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let validity = certificate.validity();
        Some(Self {
            subject: shown(certificate.subject()),
            issuer: shown(certificate.issuer()),
            names: names(&certificate),
            serial: printable(&certificate.raw_serial_as_string()),
            fingerprint: fingerprint(der),
            not_before: moment(validity.not_before.timestamp()),
            not_after: moment(validity.not_after.timestamp()),
        })
    }

    /// Whole days until it expires; negative when it has.
    pub fn days_left(&self, now: Timestamp) -> i64 {
        (self.not_after.as_second() - now.as_second()).div_euclid(DAY)
    }

    /// Whether it carries a name that fits: `*` in front stands for one label.
    pub(super) fn carries(&self, pattern: &str) -> bool {
        self.names.iter().any(|name| fits(name, pattern))
    }
}

/// SHA-256 of the whole certificate.
fn fingerprint(der: &CertificateDer<'_>) -> Fingerprint {
    let mut sum = [0; 32];
    for (byte, digested) in sum.iter_mut().zip(digest(&SHA256, der).as_ref()) {
        *byte = *digested;
    }
    Fingerprint(sum)
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let common = certificate.subject().iter_common_name();
    let common = common.filter_map(|name| name.as_str().ok()).map(printable);
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let alternative = alternative.iter().flat_map(|extension| &extension.value.general_names);
    let alternative = alternative.filter_map(|name| match name {
        GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => {
            Some(printable(name))
        }
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    });
    let mut names: Vec<String> = Vec::new();
    for name in common.chain(alternative).take(MAX_NAMES) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(v4).to_string());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|v6| std::net::Ipv6Addr::from(v6).to_string())
}

fn shown(name: &X509Name<'_>) -> String {
    let shown = printable(&name.to_string());
    if shown.is_empty() { "nobody (no subject)".to_owned() } else { shown }
}

/// What a stranger wrote, fit for a line of a log.
fn printable(text: &str) -> String {
    let plain = |character: char| if character.is_control() { '\u{fffd}' } else { character };
    text.chars().take(MAX_NAME).map(plain).collect()
}

/// A certificate may hold until the year 9999 and beyond what a timestamp does.
fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

fn fits(name: &str, pattern: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(parent) => name
            .split_once('.')
            .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(parent)),
        None => name.eq_ignore_ascii_case(pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_label_and_case_does_not_count() {
        for (name, pattern, expected) in [
            ("adt1.lab.example", "adt1.lab.example", true),
            ("ADT1.Lab.example", "adt1.lab.EXAMPLE", true),
            ("adt1.lab.example", "*.lab.example", true),
            ("a.b.lab.example", "*.lab.example", false),
            ("lab.example", "*.lab.example", false),
            (".lab.example", "*.lab.example", false),
            ("adt1", "*", false),
            ("adt1.lab.example", "adt*.lab.example", false),
        ] {
            assert_eq!(fits(name, pattern), expected, "{name} {pattern}");
        }
    }

    #[test]
    fn a_certificate_tells_its_names_and_how_long_it_holds() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params =
            rcgen::CertificateParams::new(vec!["adt1.example".to_owned(), "10.0.0.7".to_owned()])
                .unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "adt\n1");
        params.not_after = rcgen::date_time_ymd(2040, 1, 31);
        let certificate = params.self_signed(&key).unwrap();
        let identity = Identity::of(certificate.der()).unwrap();
        assert!(identity.subject.contains("adt\u{fffd}1"), "{}", identity.subject);
        assert_eq!(identity.names, ["adt\u{fffd}1", "adt1.example", "10.0.0.7"]);
        assert_eq!(identity.not_after.to_string(), "2040-01-31T00:00:00Z");
        let now: Timestamp = "2040-01-29T12:00:00Z".parse().unwrap();
        assert_eq!(identity.days_left(now), 1);
        let now: Timestamp = "2040-01-31T00:00:01Z".parse().unwrap();
        assert_eq!(identity.days_left(now), -1);
    }

    #[test]
    fn what_is_no_certificate_has_no_identity() {
        assert_eq!(Identity::of(&CertificateDer::from(vec![0x30, 0x03, 1, 2, 3])), None);
    }
}
