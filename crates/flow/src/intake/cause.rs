//! Why a message is not taken, as a word that stays the same: in the history, in searches and wherever it is explained.

use std::fmt;

/// The kind of reason behind a negative answer. It tells nothing of the message (PHI-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusalCause {
    /// It cannot be read as HL7.
    Unreadable,
    /// A batch that cannot be split, or that lost messages on its way.
    NotABatch,
    /// A field of the header is missing, or there are two headers.
    Header,
    /// Its type, version or processing id is not accepted here.
    NotAccepted,
    /// It breaks a rule of the listener's profile.
    Profile,
    /// A rule of the listener is against it.
    Rule,
    /// A rule, a condition or a transform could not be applied to it.
    RuleFault,
    /// A handler rejected it.
    Handler,
    /// A handler failed on it, or did not decide.
    HandlerFault,
    /// No route takes it, and the listener keeps no such message.
    Unrouted,
    /// The charset of a destination lacks something in it.
    Charset,
    /// It is larger than the listener, or the store, takes.
    TooLarge,
    /// It could not be stored at that moment.
    NotStored,
    /// It was stored, and the destination whose answer was waited for did not take it.
    NotDelivered,
    /// Another message of the same batch is refused.
    Batch,
}

impl RefusalCause {
    /// Every cause.
    pub const ALL: [Self; 15] = [
        Self::Unreadable,
        Self::NotABatch,
        Self::Header,
        Self::NotAccepted,
        Self::Profile,
        Self::Rule,
        Self::RuleFault,
        Self::Handler,
        Self::HandlerFault,
        Self::Unrouted,
        Self::Charset,
        Self::TooLarge,
        Self::NotStored,
        Self::NotDelivered,
        Self::Batch,
    ];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::NotABatch => "not-a-batch",
            Self::Header => "header",
            Self::NotAccepted => "not-accepted",
            Self::Profile => "profile",
            Self::Rule => "rule",
            Self::RuleFault => "rule-fault",
            Self::Handler => "handler-rejected",
            Self::HandlerFault => "handler-fault",
            Self::Unrouted => "unrouted",
            Self::Charset => "charset",
            Self::TooLarge => "too-large",
            Self::NotStored => "not-stored",
            Self::NotDelivered => "not-delivered",
            Self::Batch => "batch",
        }
    }
}

impl fmt::Display for RefusalCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_cause_has_a_code_of_its_own() {
        let codes: BTreeSet<_> = RefusalCause::ALL.iter().map(|cause| cause.code()).collect();
        assert_eq!(codes.len(), RefusalCause::ALL.len());
    }
}
