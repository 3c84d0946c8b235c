//! An answer with whatever a caller wants otherwise: for test peers and handlers that speak for another system.

use bytes::Bytes;

use super::{AckCode, AckError, AckRequest, Original, build};
use crate::{EditError, Message, Path};

/// Builds the answer to a message; every field of it can be overridden.
///
/// ```
/// use wardline_hl7::ack::AckBuilder;
/// use wardline_hl7::{AckCode, Message};
///
/// let message = Message::parse("MSH|^~\\&|A|B|C|D|2026||ADT^A01|M1|P|2.5\rPID|1\r".into())?;
/// let answer = AckBuilder::new(&message, AckCode::AE, "W1", "20260403120000")
///     .text("no bed is free")
///     .field("MSH-3".parse()?, "LIS")
///     .build()?;
/// assert_eq!(
///     answer,
///     "MSH|^~\\&|LIS|D|A|B|20260403120000||ACK^A01^ACK|W1|P|2.5\rMSA|AE|M1|no bed is free\r"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct AckBuilder<'a> {
    request: AckRequest<'a>,
    fields: Vec<(Path, &'a str)>,
}

impl<'a> AckBuilder<'a> {
    /// The usual answer with this code. `control_id` is its MSH-10, new and unique; `time` its MSH-7,
    /// `YYYYMMDDHHMMSS`.
    pub fn new(message: &'a Message, code: AckCode, control_id: &'a str, time: &'a str) -> Self {
        let request = AckRequest {
            original: Original::Message(message),
            code,
            control_id,
            time,
            text: None,
            error: None,
            acknowledgement_type: None,
            err_before_2_5: false,
        };
        Self { request, fields: Vec::new() }
    }

    /// MSA-3 of a negative answer, cut at 80 characters.
    pub fn text(mut self, text: &'a str) -> Self {
        self.request.text = Some(text);
        self
    }

    /// The ERR segment of a negative answer, also for versions before 2.5.
    pub fn error(mut self, error: AckError<'a>) -> Self {
        self.request.error = Some(error);
        self.request.err_before_2_5 = true;
        self
    }

    /// MSH-9 with `^` between its components.
    pub fn acknowledgement_type(mut self, text: &'a str) -> Self {
        self.request.acknowledgement_type = Some(text);
        self
    }

    /// Any element of the answer's segments, as [`Message::set`] writes it; later ones override earlier ones.
    pub fn field(mut self, path: Path, text: &'a str) -> Self {
        self.fields.push((path, text));
        self
    }

    /// The answer. Fails only for a field that cannot be set: in a segment that the answer has not, MSH-1 and MSH-2.
    pub fn build(self) -> Result<Bytes, EditError> {
        let answer = build(&self.request);
        if self.fields.is_empty() {
            return Ok(answer);
        }
        let mut answer = Message::parse(answer)?;
        for (path, text) in &self.fields {
            answer = answer.set(path, text)?;
        }
        Ok(answer.bytes().clone())
    }
}
