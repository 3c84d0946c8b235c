//! The parts of HTTP that stand in a configuration: addresses, names of headers, statuses.

use wardline_flow::{NoStatus, NoValue, StatusRange, ValueSource};

use super::address::PeerAddress;
use super::{Setting, Wrong};
use crate::model::HttpUrl;
use crate::suggest::{did_you_mean, listed};

/// The longest path with its query, in bytes: servers take 8000 (RFC 9110, section 4.1).
const MAX_PATH: usize = 8000;
/// The longest name of a header, in bytes.
const MAX_NAME: usize = 128;
/// The longest text of a header, in bytes.
const MAX_HEADER: usize = 8 * 1024;

impl Setting for HttpUrl {
    const EXPECTED: &'static str = "an address such as \"https://portal.example/hl7\"";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        // It is not shown: there may be a key in its query.
        let wrong = || Wrong::type_of::<Self>();
        let (is_encrypted, rest) = if let Some(rest) = text.strip_prefix("https://") {
            (true, rest)
        } else if let Some(rest) = text.strip_prefix("http://") {
            (false, rest)
        } else {
            return Err(wrong().hint("begin with `https://` or `http://`"));
        };
        let at = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(at);
        if authority.contains('@') {
            return Err(wrong().hint("names and passwords go into `headers`, as Authorization"));
        }
        if path.contains('#') {
            return Err(wrong().hint("what follows `#` never reaches a server"));
        }
        let is_plain = |byte: u8| {
            byte.is_ascii_graphic()
                && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
        };
        if path.len() > MAX_PATH || !path.bytes().all(is_plain) {
            return Err(
                wrong().hint("write blanks and other special characters as %20 and the like")
            );
        }
        let has_port = authority.rsplit(']').next().is_some_and(|behind| behind.contains(':'));
        let port = if is_encrypted { 443 } else { 80 };
        let address = if has_port { authority.to_owned() } else { format!("{authority}:{port}") };
        let PeerAddress(address) = PeerAddress::from_text(&address)
            .map_err(|fault| Wrong { hint: fault.hint, ..wrong() })?;
        let slash = if path.starts_with('/') { "" } else { "/" };
        let path_and_query = format!("{slash}{path}");
        Ok(Self { is_encrypted, authority: authority.to_owned(), address, path_and_query })
    }
}

/// The name of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeaderName(pub(crate) String);

impl Setting for HeaderName {
    const EXPECTED: &'static str = "the name of a header such as \"X-Site\"";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        let is_plain =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(is_plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Wrong::text::<Self>(&text.escape_debug().to_string()))
        }
    }
}

/// The text of a header, or what stands before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeaderText(pub(crate) String);

impl Setting for HeaderText {
    const EXPECTED: &'static str = "a text of printable ASCII characters";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        if text.len() <= MAX_HEADER
            && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(Wrong::type_of::<Self>())
        }
    }
}

impl Setting for StatusRange {
    const EXPECTED: &'static str = "a status such as \"409\", \"4xx\" or \"500-504\"";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        text.parse().map_err(|NoStatus| Wrong::text::<Self>(text))
    }

    fn from_integer(number: i64) -> Result<Self, Wrong> {
        Self::from_text(&number.to_string())
    }
}

impl Setting for ValueSource {
    const EXPECTED: &'static str = "a path such as \"PID-3.1\", or a name such as \"{id}\"";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        text.parse().map_err(|fault| match fault {
            NoValue::Name => Wrong::text::<Self>(text).hint(
                did_you_mean(text, Self::names())
                    .unwrap_or_else(|| format!("there are {}", listed(Self::names()))),
            ),
            NoValue::Path(error) => Wrong::new(format!("`{text}` is no path: {error}"))
                .hint(format!("or one of {}", listed(Self::names()))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_the_web_is_taken_apart() {
        for (text, is_encrypted, authority, address, path) in [
            ("https://a.example", true, "a.example", "a.example:443", "/"),
            ("http://a.example:8080/x?y=1", false, "a.example:8080", "a.example:8080", "/x?y=1"),
            ("http://[::1]/hl7", false, "[::1]", "[::1]:80", "/hl7"),
            ("https://[::1]:1?a", true, "[::1]:1", "[::1]:1", "/?a"),
        ] {
            let url = HttpUrl::from_text(text).expect(text);
            assert_eq!(url.is_encrypted, is_encrypted, "{text}");
            assert_eq!((url.authority.as_str(), url.address.as_str()), (authority, address));
            assert_eq!(url.path_and_query, path, "{text}");
        }
    }

    #[test]
    fn nothing_else_is_an_address_of_the_web() {
        for text in [
            "",
            "a.example",
            "ftp://a.example",
            "https://",
            "https:///x",
            "https://a.example:0",
            "https://a.example:x",
            "https://u:p@a.example/",
            "https://a.example/#there",
            "https://a.example/a b",
            "https://a b/",
            "HTTPS://a.example",
        ] {
            assert!(HttpUrl::from_text(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_could_be_a_key_in_the_query_is_not_shown() {
        let url = HttpUrl::from_text("https://a.example/x?key=s3cret").expect("an address");
        assert_eq!(url.to_string(), "https://a.example/x?…");
        assert!(!format!("{url:?}").contains("s3cret"));
    }

    #[test]
    fn headers_are_one_line_of_ascii() {
        assert!(HeaderName::from_text("X-Api-Key").is_ok() && HeaderText::from_text("a b").is_ok());
        for text in ["", "a b", "a:", "ä", "a\r\nb"] {
            assert!(HeaderName::from_text(text).is_err(), "{text}");
        }
        for text in ["a\r\nb", "ä", "\t"] {
            assert!(HeaderText::from_text(text).is_err(), "{text}");
        }
    }
}
