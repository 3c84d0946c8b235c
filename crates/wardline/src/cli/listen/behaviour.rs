//! What the simulator does with a message: a pure choice from its options and the message's number.

use std::time::Duration;

use wardline_hl7::{AckCode, Message};

use super::rule::Rule;
use super::when::When;

/// How the simulator answers.
#[derive(Debug)]
pub(super) struct Behaviour {
    /// The usual code.
    pub(super) reply: AckCode,
    /// Other codes by type; the first that fits counts.
    pub(super) rules: Vec<Rule>,
    /// For which messages any of this holds; the others get AA at once.
    pub(super) when: When,
    /// Before each answer.
    pub(super) delay: Duration,
    /// How much later the answer goes, beside the conversation.
    pub(super) late: Option<Duration>,
    /// What goes wrong.
    pub(super) fault: Option<Fault>,
}

/// What goes wrong instead of, or in, an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// No answer.
    Silent,
    /// The connection is closed.
    Close,
    /// The connection is reset.
    Reset,
    /// MSA-2 is not the message's MSH-10.
    WrongId,
    /// The answer is not HL7.
    Garbage,
}

/// What is done with one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reaction {
    /// An answer.
    Answer {
        /// Its code.
        code: AckCode,
        /// What it says.
        form: Form,
        /// When it goes.
        moment: Moment,
    },
    /// No answer.
    Silence,
    /// The connection is closed.
    Close,
    /// The connection is reset.
    Reset,
}

/// What an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// An acknowledgement of the message.
    Right,
    /// An acknowledgement of a message that was never sent.
    WrongId,
    /// A frame that holds no HL7.
    Garbage,
}

/// When an answer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Before anything else is read.
    Now,
    /// The same after a pause.
    After(Duration),
    /// After a pause in which the conversation goes on.
    Late(Duration),
}

impl Behaviour {
    /// What to do with the `number`th message. A payload that is not HL7 (`None`) gets AR, as from any receiver.
    pub(super) fn react(&self, number: u64, message: Option<&Message>) -> Reaction {
        if !self.when.chooses(number) {
            let code = if message.is_some() { AckCode::AA } else { AckCode::AR };
            return Reaction::Answer { code, form: Form::Right, moment: Moment::Now };
        }
        let form = match self.fault {
            Some(Fault::Silent) => return Reaction::Silence,
            Some(Fault::Close) => return Reaction::Close,
            Some(Fault::Reset) => return Reaction::Reset,
            Some(Fault::WrongId) => Form::WrongId,
            Some(Fault::Garbage) => Form::Garbage,
            None => Form::Right,
        };
        Reaction::Answer { code: self.code(message), form, moment: self.moment() }
    }

    fn code(&self, message: Option<&Message>) -> AckCode {
        let Some(message) = message else { return AckCode::AR };
        self.rules.iter().find_map(|rule| rule.reply(message)).unwrap_or(self.reply)
    }

    fn moment(&self) -> Moment {
        match self.late {
            Some(late) => Moment::Late(late),
            None if self.delay.is_zero() => Moment::Now,
            None => Moment::After(self.delay),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn usual() -> Behaviour {
        Behaviour {
            reply: AckCode::AA,
            rules: Vec::new(),
            when: When::Always,
            delay: Duration::ZERO,
            late: None,
            fault: None,
        }
    }

    fn admission() -> Message {
        Message::parse(Bytes::from_static(b"MSH|^~\\&|A|B|C|D|20260403||ADT^A01|M1|P|2.5\r"))
            .unwrap()
    }

    fn code(reaction: Reaction) -> Option<AckCode> {
        match reaction {
            Reaction::Answer { code, .. } => Some(code),
            Reaction::Silence | Reaction::Close | Reaction::Reset => None,
        }
    }

    #[test]
    fn the_first_rule_that_fits_decides_the_code() {
        let behaviour = Behaviour {
            rules: vec!["ORU^*=AE".parse().unwrap(), "ADT^A01=AR".parse().unwrap()],
            ..usual()
        };
        assert_eq!(code(behaviour.react(1, Some(&admission()))), Some(AckCode::AR));
    }

    #[test]
    fn what_is_not_hl7_is_rejected() {
        assert_eq!(code(usual().react(1, None)), Some(AckCode::AR));
    }

    #[test]
    fn misbehaviour_ends_where_it_is_told_to_end() {
        let behaviour = Behaviour {
            reply: AckCode::AE,
            when: "first:2".parse().unwrap(),
            fault: None,
            ..usual()
        };
        let codes: Vec<_> =
            (1..=3).map(|number| code(behaviour.react(number, Some(&admission())))).collect();
        assert_eq!(codes, [Some(AckCode::AE), Some(AckCode::AE), Some(AckCode::AA)]);
    }

    #[test]
    fn each_fault_has_its_reaction() {
        let reaction =
            |fault| Behaviour { fault: Some(fault), ..usual() }.react(1, Some(&admission()));
        assert_eq!(reaction(Fault::Silent), Reaction::Silence);
        assert_eq!(reaction(Fault::Close), Reaction::Close);
        assert_eq!(reaction(Fault::Reset), Reaction::Reset);
        assert_eq!(
            reaction(Fault::WrongId),
            Reaction::Answer { code: AckCode::AA, form: Form::WrongId, moment: Moment::Now }
        );
    }
}
