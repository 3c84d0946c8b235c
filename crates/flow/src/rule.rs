//! `[[listeners.rules]]`: what must be true of a message for it to come in, in the words of whoever asks it.

use std::borrow::Cow;
use std::sync::Arc;

use wardline_hl7::{AckCode, ErrorCode};

use crate::expression::Expression;
use crate::intake::{Refusal, RefusalCause};
use crate::subject::Subject;

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name, in logs and in the answer to a message that it could not judge.
    pub name: String,
    /// What must be true.
    pub expression: Arc<Expression>,
    /// What the sender is told where it is not: MSA-3 and ERR-8.
    pub message: String,
    /// ERR-3 of that answer (table 0357).
    pub error: ErrorCode,
}

/// Asks one rule after the other; the first that a message fails ends it.
///
/// # Errors
///
/// AR with the rule's message where it is false; AE where it is neither true nor false, with the kind of fault and no
/// value of the message.
pub fn check(rules: &[Rule], subject: &Subject<'_>) -> Result<(), Refusal> {
    rules.iter().try_for_each(|rule| rule.check(subject))
}

impl Rule {
    /// Asks this rule alone.
    pub fn check(&self, subject: &Subject<'_>) -> Result<(), Refusal> {
        let refusal = |code, cause, error, text: String| Refusal {
            code,
            cause,
            error,
            location: None,
            text: Cow::Owned(text),
        };
        match subject.holds(&self.expression) {
            Ok(true) => Ok(()),
            Ok(false) => {
                Err(refusal(AckCode::AR, RefusalCause::Rule, self.error, self.message.clone()))
            }
            Err(fault) => {
                let text = format!("rule {}: {fault}", self.name);
                let error = ErrorCode::ApplicationInternalError;
                Err(refusal(AckCode::AE, RefusalCause::RuleFault, error, text))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use wardline_hl7::Message;

    use super::*;
    use crate::expression::Strictness;

    fn rule(name: &str, expression: &str) -> Rule {
        Rule {
            name: name.to_owned(),
            expression: Arc::new(Expression::compile(expression).unwrap()),
            message: format!("{name} is not kept"),
            error: ErrorCode::RequiredFieldMissing,
        }
    }

    fn answer(expressions: &[&str]) -> Option<(AckCode, ErrorCode, String)> {
        let payload = "MSH|^~\\&|A|B|C|D|1||ADT^A01|1|P|2.3\rPID|1||77\r";
        let message = Message::parse(payload.to_owned().into()).unwrap();
        let lookups = Arc::default();
        let subject = Subject::new(&message, &lookups, Strictness::Strict);
        let names = ["first", "second", "third"];
        let rules: Vec<Rule> = names
            .iter()
            .zip(expressions)
            .map(|(name, expression)| rule(name, expression))
            .collect();
        let refusal = check(&rules, &subject).err()?;
        Some((refusal.code, refusal.error, refusal.text.into_owned()))
    }

    #[test]
    fn the_first_rule_that_fails_decides() {
        assert_eq!(answer(&["pid.id == '77'", "has(pid.id)"]), None);
        assert_eq!(
            answer(&["true", "pid.sex != ''", "pv1.patient_class == 'I'"]),
            Some((AckCode::AR, ErrorCode::RequiredFieldMissing, "second is not kept".to_owned()))
        );
    }

    #[test]
    fn a_rule_that_cannot_judge_is_no_refusal_for_ever() {
        let internal = ErrorCode::ApplicationInternalError;
        assert_eq!(
            answer(&["pv1.patient_class == 'I'", "false"]),
            Some((
                AckCode::AE,
                internal,
                "rule first: there is no `patient_class` in the message".to_owned()
            ))
        );
    }
}
