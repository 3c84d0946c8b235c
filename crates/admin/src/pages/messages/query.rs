//! The address of the page is the search: its parameters, what the engine is asked for them, and the chips that show
//! them. A parameter that is not understood stops it: who replays what he sees must see what he filtered.

use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use wardline_engine::control::protocol::{KeyQuery, MessageId, MessageSearch, StateWanted};

/// Messages on a page.
pub(crate) const PAGE: usize = 50;

/// How far back, by the words of the address.
pub(crate) const SPANS: [(&str, &str, i64); 5] = [
    ("1h", "last hour", 1),
    ("24h", "last 24 h", 24),
    ("7d", "last 7 days", 7 * 24),
    ("30d", "last 30 days", 30 * 24),
    ("90d", "last 90 days", 90 * 24),
];

/// States, by the words of the address, and what they are called.
pub(crate) const STATES: [(&str, &str, StateWanted); 8] = [
    ("pending", "waiting or retried", StateWanted::Pending),
    ("held", "held", StateWanted::Held),
    ("dead", "dead letters", StateWanted::Dead),
    ("delivered", "delivered", StateWanted::Delivered),
    ("returned", "withdrawn", StateWanted::Returned),
    ("discarded", "discarded", StateWanted::Discarded),
    ("unrouted", "no route matched", StateWanted::Unrouted),
    ("rejected", "rejected at intake", StateWanted::Rejected),
];

/// What is looked for, as the address has it. What the box held is not in it, but a word for it ([`Searches`]).
///
/// [`Searches`]: crate::searches::Searches
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct MessagesQuery {
    /// What was written into the one box; it comes with a form, and never with an address.
    pub(crate) q: String,
    /// The word for what the box held.
    pub(crate) found: String,
    /// MSH-10.
    pub(crate) control_id: String,
    /// MSH-9.
    #[serde(rename = "type")]
    pub(crate) message_type: String,
    /// MSH-3, or `MSH-3|MSH-4`.
    pub(crate) sender: String,
    /// A listener's id.
    pub(crate) listener: String,
    /// A destination's id.
    pub(crate) destination: String,
    /// One of [`STATES`].
    pub(crate) state: String,
    /// One of [`SPANS`].
    pub(crate) since: String,
    /// Received at this time or later, RFC 3339.
    pub(crate) from: String,
    /// Received before this time, RFC 3339.
    pub(crate) until: String,
    /// Of at least so many bytes.
    pub(crate) min_size: String,
    /// Of at most so many bytes.
    pub(crate) max_size: String,
    /// Sent in by this replay.
    pub(crate) replay: String,
    /// The messages before this one.
    pub(crate) before: String,
    /// What stands behind `found`, once it was looked up.
    #[serde(skip)]
    pub(crate) text: Option<String>,
}

/// A filter that is on.
pub(crate) struct Chip {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    /// The page without it.
    pub(crate) without: String,
    /// Whether it means something. Where one does not, nothing is looked for: less would be filtered than is shown.
    pub(crate) is_understood: bool,
}

impl MessagesQuery {
    /// As the engine is asked; the names of those filters that mean nothing, where there are some. Who may not see content
    /// finds by control ids alone what the box held.
    pub(crate) fn search(
        &self,
        now: Timestamp,
        may_see_content: bool,
    ) -> Result<MessageSearch, Vec<&'static str>> {
        let chips = self.chips().into_iter().filter(|chip| !chip.is_understood);
        let wrong: Vec<_> = chips.map(|chip| chip.name).collect();
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let key = |names: &[&str], value: &str| KeyQuery {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            value: value.trim().to_owned(),
            prefix: false,
        };
        let own: &[&str] = if may_see_content { &[] } else { &["control-id"] };
        let keys = [
            (own, self.text.as_deref().unwrap_or_default()),
            (&["control-id"], &self.control_id),
            (&["type"], &self.message_type),
            (&["sender"], &self.sender),
        ];
        let given = keys.into_iter().filter(|(_, value)| !value.trim().is_empty());
        let named = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let hours = SPANS.iter().find(|(word, ..)| *word == self.since).map(|(.., hours)| *hours);
        let since = hours.and_then(|hours| now.checked_sub(SignedDuration::from_hours(hours)).ok());
        Ok(MessageSearch {
            keys: given.map(|(names, value)| key(names, value)).collect(),
            from: self.from.trim().parse().ok().or(since),
            until: self.until.trim().parse().ok(),
            listener: named(&self.listener),
            destination: named(&self.destination),
            state: self.state().map(|(_, _, state)| state),
            min_size: self.min_size.trim().parse().ok(),
            max_size: self.max_size.trim().parse().ok(),
            replay: self.replay.trim().parse().ok(),
            before: self.before.trim().parse().ok(),
            limit: PAGE,
            by: String::new(),
        })
    }

    fn state(&self) -> Option<(&'static str, &'static str, StateWanted)> {
        STATES.into_iter().find(|(word, ..)| *word == self.state)
    }

    /// What is on, each with the address of the page without it.
    pub(crate) fn chips(&self) -> Vec<Chip> {
        let shown = |name: &str, value: &str| match name {
            "since" => SPANS.iter().find(|(word, ..)| *word == value).map(|(_, words, _)| *words),
            "state" => STATES.iter().find(|(word, ..)| *word == value).map(|(_, words, _)| *words),
            "found" => self.text.as_deref(),
            _ => None,
        };
        let chip = |(name, label, value): (&'static str, &'static str, &str)| Chip {
            name: label,
            value: shown(name, value).unwrap_or(value).to_owned(),
            without: self.address(&[name, "before"], &[]),
            is_understood: self.is_understood(name, value.trim()),
        };
        let filters = self.parameters().into_iter().filter(|(name, ..)| *name != "before");
        let mut chips: Vec<Chip> = filters.map(chip).collect();
        if self.parameters().iter().any(|(name, ..)| *name == "before")
            && self.before.trim().parse::<MessageId>().is_err()
        {
            let (name, value) = ("before", self.before.clone());
            chips.push(Chip { name, value, without: self.newest(), is_understood: false });
        }
        chips
    }

    fn is_understood(&self, name: &str, value: &str) -> bool {
        match name {
            "found" => self.text.is_some(),
            "state" => self.state().is_some(),
            "since" => SPANS.iter().any(|(word, ..)| *word == value),
            "from" | "until" => value.parse::<Timestamp>().is_ok(),
            "min_size" | "max_size" | "replay" => value.parse::<u64>().is_ok(),
            _ => true,
        }
    }

    /// The page that goes on behind this one.
    pub(crate) fn going_on(&self, next: MessageId) -> String {
        self.address(&["before"], &[("before", &next.to_string())])
    }

    /// The newest page of the same search.
    pub(crate) fn newest(&self) -> String {
        self.address(&["before"], &[])
    }

    /// This page.
    pub(crate) fn here(&self) -> String {
        self.address(&[], &[])
    }

    /// Each parameter that is given: its name, what it is called, its value.
    pub(crate) fn parameters(&self) -> Vec<(&'static str, &'static str, &str)> {
        let all = [
            ("found", "found by", &self.found),
            ("control_id", "control id", &self.control_id),
            ("type", "type", &self.message_type),
            ("sender", "sender", &self.sender),
            ("listener", "received by", &self.listener),
            ("destination", "sent to", &self.destination),
            ("state", "state", &self.state),
            ("since", "received", &self.since),
            ("from", "from", &self.from),
            ("until", "until", &self.until),
            ("min_size", "bytes at least", &self.min_size),
            ("max_size", "bytes at most", &self.max_size),
            ("replay", "sent in by replay", &self.replay),
            ("before", "before", &self.before),
        ];
        let given = all.into_iter().filter(|(.., value)| !value.trim().is_empty());
        given.map(|(name, label, value)| (name, label, value.as_str())).collect()
    }

    fn address(&self, without: &[&str], with: &[(&str, &str)]) -> String {
        let kept = self.parameters().into_iter().filter(|(name, ..)| !without.contains(name));
        let pairs = kept.map(|(name, _, value)| (name, value)).chain(with.iter().copied());
        let pairs: Vec<_> =
            pairs.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        match pairs.as_slice() {
            [] => "/messages".to_owned(),
            pairs => format!("/messages?{}", pairs.join("&")),
        }
    }
}

/// A value as an address may hold it.
pub(crate) fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte));
            }
            byte => {
                // Writing to a text does not fail.
                let _whole = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }

    fn query() -> MessagesQuery {
        MessagesQuery {
            found: "abc".to_owned(),
            text: Some(" A&1 ".to_owned()),
            message_type: "A&B ".to_owned(),
            state: "dead".to_owned(),
            since: "24h".to_owned(),
            before: "77".to_owned(),
            ..MessagesQuery::default()
        }
    }

    #[test]
    fn the_address_is_what_the_engine_is_asked() {
        let search = query().search(now(), true).unwrap();
        assert_eq!((search.keys[0].value.as_str(), search.keys[0].names.len()), ("A&1", 0));
        assert_eq!(search.keys[1].names, ["type"]);
        assert_eq!(search.state, Some(StateWanted::Dead));
        assert_eq!(search.from, Some("2026-11-20T12:00:00Z".parse().unwrap()));
        assert_eq!(search.before, Some("77".parse().unwrap()));
    }

    #[test]
    fn who_may_not_see_content_finds_by_control_ids_alone() {
        let search = query().search(now(), false).unwrap();
        assert_eq!(search.keys[0].names, ["control-id"]);
    }

    #[test]
    fn what_the_box_held_is_in_no_address() {
        let query = MessagesQuery { q: "00714417".to_owned(), ..query() };
        let mut addresses: Vec<String> =
            query.chips().into_iter().map(|chip| chip.without).collect();
        addresses.extend([query.newest(), query.going_on("9".parse().unwrap()), query.here()]);
        for address in addresses {
            assert!(!address.contains("00714417") && !address.contains("A%261"), "{address}");
        }
    }

    #[test]
    fn a_filter_that_means_nothing_stops_the_search_and_is_told() {
        for (wrong, told) in [
            (MessagesQuery { state: "lost".to_owned(), ..query() }, "state"),
            (MessagesQuery { since: "yesterday".to_owned(), ..query() }, "received"),
            (MessagesQuery { until: "2026-11-21 02:00".to_owned(), ..query() }, "until"),
            (MessagesQuery { min_size: "big".to_owned(), ..query() }, "bytes at least"),
            (MessagesQuery { before: "0x".to_owned(), ..query() }, "before"),
            (MessagesQuery { text: None, ..query() }, "found by"),
        ] {
            assert_eq!(wrong.search(now(), true).unwrap_err(), [told]);
            let chips = wrong.chips();
            let red: Vec<_> = chips.iter().filter(|chip| !chip.is_understood).collect();
            assert!(red.len() == 1 && red[0].name == told, "{told}");
        }
    }

    #[test]
    fn a_chip_leads_to_the_page_without_it() {
        let chips = query().chips();
        let shown: Vec<_> = chips.iter().map(|chip| (chip.name, chip.value.trim())).collect();
        assert_eq!(
            shown,
            [
                ("found by", "A&1"),
                ("type", "A&B"),
                ("state", "dead letters"),
                ("received", "last 24 h")
            ]
        );
        assert_eq!(chips[2].without, "/messages?found=abc&type=A%26B%20&since=24h");
        assert_eq!(MessagesQuery::default().newest(), "/messages");
    }
}
