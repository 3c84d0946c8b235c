//! What of a message goes to a destination that does not speak HL7: single values, or the whole of it as JSON.
//!
//! Text is decoded by the charset that the message was read in, and escapes are resolved, as everywhere that reads text.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use wardline_hl7::{Delimiters, Message, Path, PathError, Segment, Value};

/// What is known of a message beside its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'o> {
    /// Its own id in this engine.
    pub id: u64,
    /// When it was received.
    pub received_at: Timestamp,
    /// Through which listener, or from which handler destination.
    pub listener: &'o str,
}

/// What one value is taken from: a path, or a name in braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueSource {
    /// The text at a place; with `[*]` at each.
    Path(Path),
    /// `{id}`: our own id of the message.
    Id,
    /// `{received}`: when it was received, RFC 3339 in UTC.
    Received,
    /// `{listener}`: through which listener.
    Listener,
    /// `{control_id}`: MSH-10, whole.
    ControlId,
    /// `{message}`: the message as text.
    Message,
    /// `{json}`: the message as JSON.
    Json,
}

/// The names in braces.
const NAMES: &[(&str, ValueSource)] = &[
    ("{id}", ValueSource::Id),
    ("{received}", ValueSource::Received),
    ("{listener}", ValueSource::Listener),
    ("{control_id}", ValueSource::ControlId),
    ("{message}", ValueSource::Message),
    ("{json}", ValueSource::Json),
];

/// Why a text names no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoValue {
    /// There is no such name in braces.
    #[error("there is no such name")]
    Name,
    /// It is no path either.
    #[error(transparent)]
    Path(#[from] PathError),
}

impl ValueSource {
    /// The names in braces that there are.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// Whether it is a list: a path with `[*]`.
    pub fn is_plural(&self) -> bool {
        matches!(self, Self::Path(path) if path.is_plural())
    }

    /// The value as text; none where nothing stands there. What HL7 writes `""` stays so.
    pub fn text(&self, message: &Message, occasion: Occasion<'_>) -> Option<String> {
        match self {
            Self::Path(path) => text(message, message.get(path)),
            Self::Id => Some(occasion.id.to_string()),
            Self::Received => Some(occasion.received_at.to_string()),
            Self::Listener => Some(occasion.listener.to_owned()),
            Self::ControlId => {
                Some(String::from_utf8_lossy(message.header().control_id()).into_owned())
            }
            Self::Message => Some(String::from_utf8_lossy(message.in_utf8().bytes()).into_owned()),
            Self::Json => Some(as_json(message, occasion).to_string()),
        }
    }

    /// The value as JSON: text, `null` where nothing stands there, a list for a path with `[*]`.
    pub fn json(&self, message: &Message, occasion: Occasion<'_>) -> Json {
        match self {
            Self::Path(path) if path.is_plural() => {
                message.each(path).map(|value| Json::from(text(message, value))).collect()
            }
            Self::Id => Json::from(occasion.id),
            Self::Json => as_json(message, occasion),
            Self::Path(_) | Self::Received | Self::Listener | Self::ControlId | Self::Message => {
                Json::from(self.text(message, occasion))
            }
        }
    }
}

fn text(message: &Message, value: Value<'_>) -> Option<String> {
    message.text_of(value).filter(|text| !text.is_empty()).map(Cow::into_owned)
}

/// The whole message as JSON: what is known of it, and `segments` in their order. Each has its name, and `fields` by their
/// numbers, without empty ones. A field is always a list of repetitions, each a list of components, each a list of
/// subcomponents, each a text: PID-3[1].4.2 of the first segment named PID is `fields["3"][0][3][1]`.
pub fn as_json(message: &Message, occasion: Occasion<'_>) -> Json {
    let identity = message.header().identity();
    let readable = message.in_utf8();
    let segments: Json =
        readable.segments().map(|segment| of_segment(&readable, &segment)).collect();
    json!({
        "id": occasion.id,
        "received_at": occasion.received_at.to_string(),
        "listener": occasion.listener,
        "control_id": identity.control_id,
        "message_type": identity.message_type,
        "trigger_event": identity.trigger_event,
        "sending_application": identity.sending_application,
        "sending_facility": identity.sending_facility,
        "receiving_application": identity.receiving_application,
        "receiving_facility": identity.receiving_facility,
        "segments": segments,
    })
}

fn of_segment(message: &Message, segment: &Segment<'_>) -> Json {
    let name = segment.name();
    let holds_delimiters = matches!(name, b"MSH" | b"FHS" | b"BHS");
    let mut fields = Map::new();
    for (number, field) in (1..).zip(segment.fields()) {
        let raw = field.raw();
        if raw.is_empty() {
            continue;
        }
        let value = if holds_delimiters && number <= 2 {
            json!([[[String::from_utf8_lossy(raw)]]])
        } else {
            of_field(message, raw)
        };
        fields.insert(number.to_string(), value);
    }
    json!({ "segment": String::from_utf8_lossy(name), "fields": fields })
}

fn of_field(message: &Message, raw: &[u8]) -> Json {
    let &Delimiters { repetition, component, subcomponent, .. } = message.delimiters();
    let text = |raw: &[u8]| Json::from(message.text_of(Value::Present(raw)).unwrap_or_default());
    parts(raw, repetition)
        .map(|one| {
            parts(one, Some(component))
                .map(|one| parts(one, subcomponent).map(text).collect::<Json>())
                .collect::<Json>()
        })
        .collect()
}

/// What stands between the separators; all of it where there is none.
fn parts(raw: &[u8], separator: Option<u8>) -> impl Iterator<Item = &[u8]> {
    raw.split(move |byte| Some(*byte) == separator)
}

impl FromStr for ValueSource {
    type Err = NoValue;

    fn from_str(text: &str) -> Result<Self, NoValue> {
        if text.starts_with('{') {
            let named = NAMES.iter().find(|(name, _)| *name == text);
            return named.map(|(_, source)| *source).ok_or(NoValue::Name);
        }
        Ok(Self::Path(text.parse()?))
    }
}

impl fmt::Display for ValueSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.fmt(f),
            named => {
                let name = NAMES.iter().find(|(_, source)| source == named);
                f.write_str(name.map_or("", |(name, _)| name))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "MSH|^~\\&|APP^1|FAC|||20260403120000||ADT^A01|M1|P|2.5\r\
        PID|1||7^^^H&1.2~8||Doe\\T\\Co^J||\"\"\r\
        OBX|1|NM|A||5\rOBX|2|NM|B\r";

    fn message() -> Message {
        Message::parse(MESSAGE.into()).expect("a message")
    }

    fn occasion() -> Occasion<'static> {
        let received_at = "2026-04-03T12:00:01.5Z".parse().expect("a time");
        Occasion { id: 42, received_at, listener: "adt-in" }
    }

    fn source(text: &str) -> ValueSource {
        text.parse().expect("a value")
    }

    #[test]
    fn a_value_is_what_stands_at_a_path_or_is_known_beside_it() {
        for (text, expected) in [
            ("PID-3[1].1", Some("7")),
            ("PID-3[2].1", Some("8")),
            ("PID-3[1].4.2", Some("1.2")),
            ("PID-5.1", Some("Doe&Co")),
            ("PID-7", Some("\"\"")),
            ("PID-4", None),
            ("ZZZ-1", None),
            ("{id}", Some("42")),
            ("{received}", Some("2026-04-03T12:00:01.5Z")),
            ("{listener}", Some("adt-in")),
            ("{control_id}", Some("M1")),
            ("{message}", Some(MESSAGE)),
        ] {
            assert_eq!(source(text).text(&message(), occasion()).as_deref(), expected, "{text}");
            assert_eq!(source(text).to_string(), text);
        }
    }

    #[test]
    fn a_path_to_several_places_is_a_list_that_tells_which_are_empty() {
        let values = source("OBX[*]-5").json(&message(), occasion());
        assert_eq!(values, json!(["5", null]));
        assert_eq!(source("PID-3[*].1").json(&message(), occasion()), json!(["7", "8"]));
        assert_eq!(source("PID-4").json(&message(), occasion()), json!(null));
        assert_eq!(source("{id}").json(&message(), occasion()), json!(42));
    }

    #[test]
    fn what_names_no_value_is_told() {
        assert_eq!("{nothing}".parse::<ValueSource>(), Err(NoValue::Name));
        assert!(matches!("PID".parse::<ValueSource>(), Err(NoValue::Path(_))));
    }

    #[test]
    fn a_message_as_json_is_nested_alike_everywhere() {
        let json = as_json(&message(), occasion());
        assert_eq!(json["id"], 42);
        assert_eq!(json["received_at"], "2026-04-03T12:00:01.5Z");
        assert_eq!((&json["control_id"], &json["trigger_event"]), (&json!("M1"), &json!("A01")));
        assert_eq!(json["sending_application"], "APP");
        let names: Vec<_> = (0..4).map(|at| &json["segments"][at]["segment"]).collect();
        assert_eq!(names, ["MSH", "PID", "OBX", "OBX"]);
        let msh = &json["segments"][0]["fields"];
        assert_eq!((&msh["1"], &msh["2"]), (&json!([[["|"]]]), &json!([[["^~\\&"]]])));
        assert_eq!(msh["9"], json!([[["ADT"], ["A01"]]]));
        let pid = &json["segments"][1]["fields"];
        assert_eq!(pid["3"], json!([[["7"], [""], [""], ["H", "1.2"]], [["8"]]]));
        assert_eq!(pid["3"][0][3][1], "1.2");
        assert_eq!(pid["5"], json!([[["Doe&Co"], ["J"]]]));
        assert_eq!(pid["7"], json!([[["\"\""]]]));
        assert_eq!(pid.get("4"), None, "empty fields are left out");
    }

    #[test]
    fn text_is_decoded_before_it_is_split() {
        let bytes = b"MSH|^~\\&|||||||ADT^A01|1|P|2.5||||||8859/1\rPID|||||M\xfcller^J\r";
        let message = Message::parse(bytes.as_slice().into()).expect("a message");
        let json = as_json(&message, occasion());
        assert_eq!(json["segments"][1]["fields"]["5"], json!([[["Müller"], ["J"]]]));
        assert!(
            source("{message}")
                .text(&message, occasion())
                .is_some_and(|all| all.contains("Müller"))
        );
    }
}
