//! Which answers a message asks for: original mode, or enhanced mode with MSH-15 and MSH-16 (HL7 v2.5 chapter 2.9).
//!
//! ```text
//!                      MSH-15, MSH-16 both empty ──▶ original: AA, AE or AR
//!   message ──▶ auto ──┤
//!                      else ──▶ enhanced: MSH-15 asks for CA, CE or CR, MSH-16 for AA, AE or AR
//!           ──▶ an answer itself ──▶ nothing
//! ```
//!
//! One answer of each kind that is due, no more (ACK-2).

use wardline_hl7::{AckCode, Header, Message};

/// How a listener reads MSH-15 and MSH-16 (`ack_mode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AckMode {
    /// Enhanced where one of them says something.
    Auto,
    /// Original, whatever they say.
    Original,
    /// Enhanced, and an accept answer where both are empty.
    Enhanced,
}

/// When an answer is wanted: table 0155.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// AL.
    Always,
    /// NE.
    Never,
    /// ER: the answer is negative.
    OnError,
    /// SU: the answer is positive.
    OnSuccess,
}

/// The answers a message asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// None at all: it is an answer itself.
    Nothing,
    /// One of the application's.
    Original,
    /// Up to one of each kind.
    Enhanced {
        /// When CA, CE or CR.
        accept: Condition,
        /// When AA, AE or AR.
        application: Condition,
    },
}

/// The answers that are due, in the order in which they go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Due {
    /// CA, CE or CR.
    pub accept: Option<AckCode>,
    /// AA, AE or AR.
    pub application: Option<AckCode>,
}

impl AckMode {
    /// What this message asks for.
    pub fn asked(self, message: &Message) -> Asked {
        if is_answer(message) {
            return Asked::Nothing;
        }
        let header = message.header();
        let fields = [header.accept_acknowledgement(), header.application_acknowledgement()];
        let said_nothing = fields.iter().all(|field| is_empty(field));
        match (self, fields.map(Condition::read)) {
            (Self::Auto | Self::Enhanced, [Some(accept), Some(application)]) if !said_nothing => {
                Asked::Enhanced { accept, application }
            }
            (Self::Auto | Self::Original, _) => Asked::Original,
            (Self::Enhanced, _) => {
                Asked::Enhanced { accept: Condition::Always, application: Condition::Never }
            }
        }
    }
}

impl Condition {
    /// An empty field asks for nothing. `None` for what table 0155 does not have.
    fn read(field: &[u8]) -> Option<Self> {
        match field.trim_ascii() {
            b"AL" => Some(Self::Always),
            b"ER" => Some(Self::OnError),
            b"SU" => Some(Self::OnSuccess),
            b"NE" => Some(Self::Never),
            _ if is_empty(field) => Some(Self::Never),
            _ => None,
        }
    }

    fn wants(self, code: AckCode) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::OnError => !code.is_positive(),
            Self::OnSuccess => code.is_positive(),
        }
    }
}

impl Asked {
    /// What goes back on the connection where the application's answers of the enhanced mode go another way.
    #[must_use]
    pub fn without_application(self) -> Self {
        match self {
            Self::Enhanced { accept, .. } => {
                Self::Enhanced { accept, application: Condition::Never }
            }
            Self::Nothing | Self::Original => self,
        }
    }

    /// What goes that other way.
    #[must_use]
    pub fn application_only(self) -> Self {
        match self {
            Self::Enhanced { application, .. } => {
                Self::Enhanced { accept: Condition::Never, application }
            }
            Self::Nothing | Self::Original => Self::Nothing,
        }
    }

    /// What is due when the application's answer is `code`.
    pub fn due(self, code: AckCode) -> Due {
        match self {
            Self::Nothing => Due::default(),
            Self::Original => Due { accept: None, application: Some(code) },
            Self::Enhanced { accept, application } => Due {
                accept: accept.wants(code).then(|| code.at_accept_level()),
                application: application.wants(code).then_some(code),
            },
        }
    }
}

impl Due {
    /// Whether nothing is.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Both, the accept answer first.
    pub fn codes(self) -> impl Iterator<Item = AckCode> {
        self.accept.into_iter().chain(self.application)
    }
}

/// MSA follows MSH and software segments; it is looked for no further, however long the message.
const SEGMENTS_TO_MSA: usize = 8;

/// Whether the message is an answer that nobody acknowledges: an accept answer, or an ACK with MSH-15 empty.
pub fn is_answer(message: &Message) -> bool {
    let Some((code, _)) = acknowledged(message) else {
        return false;
    };
    let is_accept_answer = code.is_some_and(AckCode::is_accept_level);
    let header = message.header();
    is_accept_answer
        || (header.message_type() == b"ACK" && is_empty(header.accept_acknowledgement()))
}

/// What an answer says, and of which message: MSA-1, where it is one of the six, and MSA-2.
pub fn acknowledged(message: &Message) -> Option<(Option<AckCode>, &[u8])> {
    let mut first = message.leading_segments(SEGMENTS_TO_MSA);
    let msa = first.find(|segment| segment.name() == b"MSA")?;
    Some((AckCode::from_bytes(msa.field(1).raw().trim_ascii()), msa.field(2).raw()))
}

/// Whether MSH-15 or MSH-16 has a value outside of table 0155: a lint.
pub fn has_unknown_condition(header: Header<'_>) -> bool {
    let fields = [header.accept_acknowledgement(), header.application_acknowledgement()];
    fields.into_iter().any(|field| Condition::read(field).is_none())
}

fn is_empty(field: &[u8]) -> bool {
    matches!(field.trim_ascii(), b"" | b"\"\"")
}

#[cfg(test)]
mod tests;
