//! Requests that another site's page sends in a user's name.
//!
//! Three walls: the cookie is `SameSite=Strict`; the browser says where a request comes from; and every form carries what
//! only a page of this session knows.

use actix_web::http::header::{self, HeaderMap};
use ring::hmac::{HMAC_SHA256, Key, sign};

use crate::access::Secret;

/// Whether a request that changes something comes from one of our pages, or from no browser.
pub(crate) fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).map(|value| value.to_str());
    match text(header::HeaderName::from_static("sec-fetch-site")) {
        Some(Ok("same-origin" | "none")) | None => {}
        Some(_) => return false,
    }
    match (text(header::ORIGIN), text(header::HOST)) {
        (None, _) => true,
        (Some(Ok(origin)), Some(Ok(host))) => {
            origin.split_once("://").is_some_and(|(_, from)| from.eq_ignore_ascii_case(host))
        }
        (Some(_), _) => false,
    }
}

/// Makes what forms carry out of the session's id: there is nothing to keep.
pub(crate) struct Seal(Key);

impl Seal {
    /// Another one than after the last start.
    pub(crate) fn new(secret: &Secret) -> Self {
        Self(Key::new(HMAC_SHA256, secret.to_hex().as_bytes()))
    }

    /// What the forms of this session carry.
    pub(crate) fn of(&self, session: &str) -> String {
        crate::access::hex(sign(&self.0, session.as_bytes()).as_ref())
    }
}

/// Compares in the same time whatever differs.
pub(crate) fn is_same(expected: &str, shown: Option<&str>) -> bool {
    let Some(shown) = shown.filter(|shown| shown.len() == expected.len()) else { return false };
    let differing =
        expected.bytes().zip(shown.bytes()).fold(0, |all, (one, other)| all | (one ^ other));
    std::hint::black_box(differing) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(
                header::HeaderName::from_static(name),
                header::HeaderValue::from_static(value),
            );
        }
        headers
    }

    #[test]
    fn only_our_own_pages_and_no_browser_at_all_are_from_here() {
        for (pairs, expected) in [
            (&[("host", "a:1")][..], true),
            (&[("host", "a:1"), ("origin", "http://a:1")], true),
            (&[("host", "a:1"), ("origin", "https://A:1")], true),
            (&[("host", "a:1"), ("origin", "http://a:2")], false),
            (&[("host", "a:1"), ("origin", "http://a:1.evil")], false),
            (&[("host", "a:1"), ("origin", "null")], false),
            (&[("origin", "http://a:1")], false),
            (&[("host", "a:1"), ("sec-fetch-site", "same-origin")], true),
            (&[("host", "a:1"), ("sec-fetch-site", "none")], true),
            (&[("host", "a:1"), ("sec-fetch-site", "same-site")], false),
            (&[("host", "a:1"), ("sec-fetch-site", "cross-site")], false),
        ] {
            assert_eq!(is_from_here(&headers(pairs)), expected, "{pairs:?}");
        }
    }

    #[test]
    fn what_forms_carry_belongs_to_one_session_of_one_start() {
        let seal = Seal::new(&Secret::random().unwrap());
        let carried = seal.of("session");
        assert!(is_same(&carried, Some(&seal.of("session"))));
        assert!(!is_same(&carried, Some(&seal.of("another"))));
        assert!(!is_same(&carried, Some(&Seal::new(&Secret::random().unwrap()).of("session"))));
        assert!(!is_same(&carried, Some("")));
        assert!(!is_same(&carried, None));
    }
}
