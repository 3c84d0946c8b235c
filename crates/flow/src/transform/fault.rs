//! Why a step could not be taken. No value of the message is in it (PHI-1).

use wardline_hl7::{EditError, Path};

use super::RewriteFault;
use crate::expression::Fault;

/// A step that could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("transform step {}: {fault}", self.step + 1)]
pub struct TransformFault {
    /// Its number, from 0.
    pub step: usize,
    /// Why.
    pub fault: StepFault,
}

/// Why a step could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepFault {
    /// Its `when` gave neither true nor false.
    #[error("its condition: {0}")]
    Condition(Fault),
    /// Its `expression` gave no value.
    #[error("its expression: {0}")]
    Expression(Fault),
    /// The message cannot be edited so.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The table has no such key.
    #[error("the lookup table `{table}` has not what stands in {path}")]
    LookupMiss {
        /// The table.
        table: String,
        /// Where the key stands.
        path: Path,
    },
    /// There is no such table.
    #[error("there is no lookup table `{0}`")]
    NoLookup(String),
    /// What stands there is no HL7 date and time.
    #[error("{0} holds no date and time")]
    NoDate(Path),
    /// The program of a `script` made no message.
    #[error(transparent)]
    Script(RewriteFault),
    /// So many segments or repetitions, each of which takes a copy of the message, in so large a one.
    #[error("the message is too large to be edited for each of its segments")]
    TooMuch,
    /// Steps within steps made the message grow without end.
    #[error("the message became larger than {0} bytes")]
    TooLarge(usize),
}
