//! May this message come in, by its header? Asked before any handler, rule or route.
//!
//! A refusal is final for these bytes: the sender gets AR with the place and code of table 0357, and nothing is stored.

mod cause;
mod lints;

use std::borrow::Cow;

use wardline_hl7::batch::BatchError;
use wardline_hl7::profile::Violation;
use wardline_hl7::{AckCode, ErrorCode, Message, ParseError};

use crate::matching::MessagePattern;

pub use cause::RefusalCause;
pub use lints::{HeaderField, IntakeLints};

/// The version that a message without MSH-12 is taken for.
pub const ASSUMED_VERSION: &str = "2.3";
/// The processing id that a message without MSH-11 is taken for.
pub const ASSUMED_PROCESSING_ID: &str = "P";

/// What a listener asks of a header: its tables `header` and `accept`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intake {
    /// MSH-9.1.
    pub message_type: Presence,
    /// MSH-10.
    pub control_id: Presence,
    /// MSH-12; a missing one is taken for [`ASSUMED_VERSION`].
    pub version: Presence,
    /// MSH-11; a missing one is taken for [`ASSUMED_PROCESSING_ID`].
    pub processing_id: Presence,
    /// `accept.message`: types and trigger events that may come in. Empty = all.
    pub accept_messages: Vec<MessagePattern>,
    /// `accept.version`: MSH-12.1. Empty = all.
    pub accept_versions: Vec<String>,
    /// `accept.processing_id`: MSH-11.1. Empty = all.
    pub accept_processing_ids: Vec<String>,
}

/// Whether a header field must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// A message without it is refused.
    Require,
    /// A message without it is taken, and counted as a lint.
    Accept,
}

/// Why a message may not come in: what the negative answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// MSA-1.
    pub code: AckCode,
    /// The kind of reason; no answer shows it.
    pub cause: RefusalCause,
    /// ERR-3, table 0357.
    pub error: ErrorCode,
    /// ERR-2, as a path: `MSH-9`.
    pub location: Option<Cow<'static, str>>,
    /// MSA-3: at most 80 characters, no content of the message.
    pub text: Cow<'static, str>,
}

impl Default for Intake {
    /// MSH-9 and MSH-10 required, MSH-11 and MSH-12 not, everything accepted.
    fn default() -> Self {
        Self {
            message_type: Presence::Require,
            control_id: Presence::Require,
            version: Presence::Accept,
            processing_id: Presence::Accept,
            accept_messages: Vec::new(),
            accept_versions: Vec::new(),
            accept_processing_ids: Vec::new(),
        }
    }
}

impl Intake {
    /// Decides about one message that could be parsed; [`Refusal::unreadable`] is for the others.
    ///
    /// # Errors
    ///
    /// The first reason against it, in the order of the header: two headers, type, control id, processing id, version.
    pub fn check(&self, message: &Message) -> Result<IntakeLints, Refusal> {
        if message.message_headers() > 1 {
            return Err(Refusal::reject(
                RefusalCause::Header,
                ErrorCode::SegmentSequenceError,
                Some("MSH[2]-1"),
                "two MSH segments in one frame",
            ));
        }
        let header = message.header();
        let fields = [
            (HeaderField::MessageType, self.message_type, header.message_type(), NO_MESSAGE_TYPE),
            (HeaderField::ControlId, self.control_id, header.control_id(), NO_CONTROL_ID),
            (
                HeaderField::ProcessingId,
                self.processing_id,
                header.processing_id(),
                NO_PROCESSING_ID,
            ),
            (HeaderField::Version, self.version, header.version(), NO_VERSION),
        ];
        let missing = || fields.iter().filter(|(_, _, found, _)| found.is_empty());
        if let Some((.., refusal)) =
            missing().find(|(_, presence, ..)| *presence == Presence::Require)
        {
            return Err(refusal.clone());
        }
        self.check_message_code(message)?;
        if !listed(&self.accept_processing_ids, header.processing_id(), ASSUMED_PROCESSING_ID) {
            return Err(UNWANTED_PROCESSING_ID);
        }
        if !listed(&self.accept_versions, header.version(), ASSUMED_VERSION) {
            return Err(UNWANTED_VERSION);
        }
        Ok(missing().map(|(field, ..)| *field).collect())
    }

    /// Tells an unknown type from a known one with an unknown trigger event.
    fn check_message_code(&self, message: &Message) -> Result<(), Refusal> {
        if self.accept_messages.is_empty()
            || self.accept_messages.iter().any(|pattern| pattern.matches(message))
        {
            return Ok(());
        }
        let known_type = self.accept_messages.iter().any(|pattern| pattern.wants_type(message));
        Err(if known_type { UNWANTED_TRIGGER_EVENT } else { UNWANTED_TYPE })
    }
}

const NO_MESSAGE_TYPE: Refusal = Refusal::reject(
    RefusalCause::Header,
    ErrorCode::UnsupportedMessageType,
    Some("MSH-9"),
    "MSH-9 message type is missing",
);
const NO_CONTROL_ID: Refusal = Refusal::reject(
    RefusalCause::Header,
    ErrorCode::RequiredFieldMissing,
    Some("MSH-10"),
    "MSH-10 message control id is missing",
);
const NO_PROCESSING_ID: Refusal = Refusal::reject(
    RefusalCause::Header,
    ErrorCode::UnsupportedProcessingId,
    Some("MSH-11"),
    "MSH-11 processing id is missing",
);
const NO_VERSION: Refusal = Refusal::reject(
    RefusalCause::Header,
    ErrorCode::UnsupportedVersionId,
    Some("MSH-12"),
    "MSH-12 version id is missing",
);
const UNWANTED_TYPE: Refusal = Refusal::reject(
    RefusalCause::NotAccepted,
    ErrorCode::UnsupportedMessageType,
    Some("MSH-9.1"),
    "this message type is not accepted here",
);
const UNWANTED_TRIGGER_EVENT: Refusal = Refusal::reject(
    RefusalCause::NotAccepted,
    ErrorCode::UnsupportedEventCode,
    Some("MSH-9.2"),
    "this trigger event is not accepted here",
);
const UNWANTED_PROCESSING_ID: Refusal = Refusal::reject(
    RefusalCause::NotAccepted,
    ErrorCode::UnsupportedProcessingId,
    Some("MSH-11"),
    "this processing id is not accepted here",
);
const UNWANTED_VERSION: Refusal = Refusal::reject(
    RefusalCause::NotAccepted,
    ErrorCode::UnsupportedVersionId,
    Some("MSH-12"),
    "this version is not accepted here",
);

impl Refusal {
    /// The refusal of a payload that could not be read as a message.
    pub fn unreadable(error: &ParseError) -> Self {
        Self {
            code: AckCode::AR,
            cause: RefusalCause::Unreadable,
            error: ErrorCode::SegmentSequenceError,
            location: None,
            text: Cow::Owned(error.to_string()),
        }
    }

    /// The refusal of a payload with several messages that cannot be split, or that lost some on their way.
    pub fn not_a_batch(error: &BatchError) -> Self {
        Self {
            code: AckCode::AR,
            cause: RefusalCause::NotABatch,
            error: ErrorCode::SegmentSequenceError,
            location: None,
            text: Cow::Owned(error.to_string()),
        }
    }

    /// The same refusal as the answer for a whole batch gives it, where it is for one message of it, counted from 1.
    #[must_use]
    pub fn within_batch(&self, number: usize) -> Self {
        let in_header = |path: &str| Some(format!("MSH[{number}]{}", path.strip_prefix("MSH")?));
        // Where another segment stands in the batch, its place in the message does not tell.
        let location = self.location.as_deref().and_then(in_header).map(Cow::Owned);
        let text = Cow::Owned(format!("message {number}: {}", self.text));
        Self { location, text, ..self.clone() }
    }

    /// What the other messages of a batch are answered, of which this one is refused, counted from 1: none is kept, and
    /// for the same reason none will be when they come again.
    #[must_use]
    pub fn of_the_others(&self, number: usize) -> Self {
        Self {
            code: self.code,
            cause: RefusalCause::Batch,
            error: ErrorCode::ApplicationInternalError,
            location: None,
            text: Cow::Owned(format!("message {number} of the batch was refused, so none is kept")),
        }
    }

    /// The answer to a message that breaks a rule of its listener's profile: the rule and its place, no value.
    pub fn violated(violation: &Violation<'_>) -> Self {
        let (path, complaint) = (violation.path, violation.rule.demand.complaint());
        Self {
            code: AckCode::AR,
            cause: RefusalCause::Profile,
            error: violation.code,
            location: Some(Cow::Owned(path.to_string())),
            text: Cow::Owned(format!("{path} {complaint} (rule {})", violation.rule.id)),
        }
    }

    const fn reject(
        cause: RefusalCause,
        error: ErrorCode,
        location: Option<&'static str>,
        text: &'static str,
    ) -> Self {
        let location = match location {
            Some(path) => Some(Cow::Borrowed(path)),
            None => None,
        };
        Self { code: AckCode::AR, cause, error, location, text: Cow::Borrowed(text) }
    }
}

/// Whether the list is empty, or holds what was found or is assumed in its place.
fn listed(wanted: &[String], found: &[u8], assumed: &str) -> bool {
    let found = if found.is_empty() { assumed.as_bytes() } else { found };
    wanted.is_empty() || wanted.iter().any(|value| value.as_bytes() == found)
}

#[cfg(test)]
mod tests;
