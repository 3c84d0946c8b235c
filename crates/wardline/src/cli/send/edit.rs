//! `--set PATH=VALUE`: what is changed in each message before it is sent.

use std::str::FromStr;

use bytes::Bytes;
use wardline_hl7::{EditError, Message, ParseError, Path, PathError};

/// Stands for the running number of a message in a value.
const NUMBER: &str = "{number}";

/// A field and what it is set to.
#[derive(Debug, Clone)]
pub(super) struct Assignment {
    path: Path,
    value: String,
}

/// Why an assignment was not understood.
#[derive(Debug, thiserror::Error)]
pub(super) enum AssignmentError {
    /// There is no `=`.
    #[error("expected PATH=VALUE, such as 'MSH-10=T{{number}}'")]
    NoEquals,
    /// What stands before the `=` is no path.
    #[error("'{text}' is not a path such as MSH-10 or PID-3[2].1")]
    Path {
        /// What was written.
        text: String,
        /// What is wrong with it.
        source: PathError,
    },
}

/// Why a message could not be changed.
#[derive(Debug, thiserror::Error)]
pub(super) enum AssignError {
    /// It is not HL7.
    #[error("it is not an HL7 message")]
    NotHl7(#[from] ParseError),
    /// The path names nothing that can be set.
    #[error("the path cannot be set")]
    Edit(#[from] EditError),
}

impl Assignment {
    /// MSH-10 set to `value`.
    pub(super) fn control_id(value: String) -> Result<Self, PathError> {
        Ok(Self { path: "MSH-10".parse()?, value })
    }
}

impl FromStr for Assignment {
    type Err = AssignmentError;

    fn from_str(text: &str) -> Result<Self, AssignmentError> {
        let (path, value) = text.split_once('=').ok_or(AssignmentError::NoEquals)?;
        let path = path
            .parse()
            .map_err(|source| AssignmentError::Path { text: path.to_owned(), source })?;
        Ok(Self { path, value: value.to_owned() })
    }
}

/// The payload with every assignment made; untouched bytes where there is none.
pub(super) fn apply<'a>(
    payload: Bytes,
    assignments: impl IntoIterator<Item = &'a Assignment>,
    number: u64,
) -> Result<Bytes, AssignError> {
    let mut assignments = assignments.into_iter().peekable();
    if assignments.peek().is_none() {
        return Ok(payload);
    }
    let mut message = Message::parse(payload)?;
    for assignment in assignments {
        let value = assignment.value.replace(NUMBER, &number.to_string());
        message = message.set_raw(&assignment.path, value.as_bytes())?;
    }
    Ok(message.bytes().clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &[u8] = b"MSH|^~\\&|A|B|C|D|20260403||ADT^A01|M1|P|2.5\rPID|1||7\r";

    #[test]
    fn a_value_may_hold_the_running_number() {
        let assignments: [Assignment; 2] =
            ["MSH-10=T{number}".parse().unwrap(), "PID-3=8".parse().unwrap()];
        let changed = apply(Bytes::from_static(MESSAGE), &assignments, 12).unwrap();
        assert_eq!(changed, &b"MSH|^~\\&|A|B|C|D|20260403||ADT^A01|T12|P|2.5\rPID|1||8\r"[..]);
    }

    #[test]
    fn without_assignments_any_bytes_pass() {
        assert_eq!(apply(Bytes::from_static(b"noise"), &[], 1).unwrap(), "noise");
    }

    #[test]
    fn what_is_not_hl7_cannot_be_changed() {
        let assignment: Assignment = "MSH-10=T".parse().unwrap();
        let error = apply(Bytes::from_static(b"noise"), [&assignment], 1).unwrap_err();
        assert!(matches!(error, AssignError::NotHl7(_)));
    }

    #[test]
    fn an_assignment_needs_a_path_and_an_equals_sign() {
        assert!(matches!("MSH-10".parse::<Assignment>(), Err(AssignmentError::NoEquals)));
        assert!(matches!("=1".parse::<Assignment>(), Err(AssignmentError::Path { .. })));
    }
}
