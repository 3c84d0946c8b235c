//! Transforms: what becomes of a message on its way to a destination, step by step, declared in the configuration.
//!
//! ```text
//!   message ──step 1──▶ ──step 2 (when …)──▶ … ──▶ the body for these destinations
//! ```
//!
//! Each step sees what the one before it made. Every byte that no step names is copied (RAW-1 for all the rest). What can
//! be wrong with a step by itself is found when it is read; what only a message shows is a [`TransformFault`], which
//! says which step it was and no value (PHI-1).

mod date_format;
mod fault;
mod name_format;
mod rewrite;
mod steps;

use std::sync::Arc;

use regex::Regex;
use wardline_hl7::{Message, Path, SegmentPath};

use crate::expression::{Expression, Facts, Strictness};
use crate::lookup::Lookups;

pub use date_format::{DateFormat, DateFormatError};
pub use fault::{StepFault, TransformFault};
pub use name_format::{NameFormat, NameFormatError};
pub use rewrite::{Program, Rewrite, RewriteFault};

/// The steps of one route or destination, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transform {
    /// The steps.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Taken only where this is true of the message as it is then; absent = always.
    pub when: Option<Arc<Expression>>,
    /// What it does.
    pub change: Change,
}

/// What a step does. A path with `[*]` means each place that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `set`: this text stands there.
    Set {
        /// Where.
        path: Path,
        /// What.
        value: Content,
    },
    /// `copy`: what stands there stands here too, separators of lower levels included.
    Copy {
        /// From where; a single place.
        from: Path,
        /// To where.
        to: Path,
    },
    /// `clear`: nothing stands there.
    Clear {
        /// Where.
        path: Path,
    },
    /// `remove` of segments.
    RemoveSegments {
        /// Which.
        segments: SegmentPath,
    },
    /// `remove` of a repetition.
    RemoveRepetition {
        /// Which; a path with a repetition and no component.
        path: Path,
    },
    /// `map`: the text there is looked up in a table. An empty one is left alone.
    Map {
        /// Where.
        path: Path,
        /// The table's name.
        table: String,
    },
    /// `replace`: each match in the text there, `$1` and `${name}` standing for what was found.
    Replace {
        /// Where.
        path: Path,
        /// What to find.
        pattern: Pattern,
        /// What to write.
        with: String,
    },
    /// `format_date`: an HL7 date and time in another form (`strftime`). An empty one is left alone.
    FormatDate {
        /// Where.
        path: Path,
        /// The form.
        format: DateFormat,
    },
    /// `format_name`: a person's name (XPN, XCN) as one text. An empty one is left alone.
    FormatName {
        /// A field or one repetition of it.
        path: Path,
        /// The form.
        format: NameFormat,
        /// Whether the components before the family name are those of XCN: an id number comes first.
        with_id: bool,
    },
    /// `split`: the text there, cut at each `at`; its parts go to these places, one each, the rest with the last.
    Split {
        /// Where.
        path: Path,
        /// The text between the parts.
        at: String,
        /// Where the parts go.
        into: Vec<Path>,
    },
    /// `join`: the texts of these places that are not empty, in one.
    Join {
        /// Where from.
        paths: Vec<Path>,
        /// The text between them.
        with: String,
        /// Where to.
        to: Path,
    },
    /// `for_each`: the steps for each segment of a name; a path to its first means the one in turn, and so does its
    /// variable.
    ForEach {
        /// The segment's name.
        segment: String,
        /// The steps.
        steps: Vec<Step>,
    },
    /// `script`: whatever a program makes of it.
    Script(Program),
    /// `renumber`: field 1 of each segment of a name counts them.
    Renumber {
        /// The segment's name.
        segment: String,
        /// The first number.
        from: u32,
    },
}

/// A regular expression.
#[derive(Debug, Clone)]
pub struct Pattern(pub Regex);

/// What `set` writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// This text.
    Text(String),
    /// What an expression gives.
    Expression(Arc<Expression>),
}

/// What steps need beside the message.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'s> {
    /// The lookup tables.
    pub lookups: &'s Arc<Lookups>,
    /// What a missing segment is to an expression.
    pub strictness: Strictness,
}

impl Transform {
    /// The message after all steps.
    pub fn apply(
        &self,
        message: &Message,
        around: Surroundings<'_>,
    ) -> Result<Message, TransformFault> {
        self.apply_watched(message, around, &mut |_, _, _| ())
    }

    /// The same, telling `watch` of each step that was taken: its number from 0, what it found and what it made.
    pub fn apply_watched(
        &self,
        message: &Message,
        around: Surroundings<'_>,
        watch: &mut dyn FnMut(usize, &Message, &Message),
    ) -> Result<Message, TransformFault> {
        let mut current = message.clone();
        for (number, step) in self.steps.iter().enumerate() {
            let next = step.apply(&current, around, None);
            let next = next.map_err(|fault| TransformFault { step: number, fault })?;
            if let Some(next) = next {
                watch(number, &current, &next);
                current = next;
            }
        }
        Ok(current)
    }

    /// Whether a program has a part in it, which may take its time.
    pub fn has_script(&self) -> bool {
        fn is_script(step: &Step) -> bool {
            match &step.change {
                Change::Script(_) => true,
                Change::ForEach { steps, .. } => steps.iter().any(is_script),
                _ => false,
            }
        }
        self.steps.iter().any(is_script)
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The same for a trial: its programs are [apart](Rewrite::apart).
    #[must_use]
    pub fn apart(&self) -> Self {
        Self { steps: self.steps.iter().map(Step::apart).collect() }
    }
}

impl Step {
    /// What the step makes of a message; `None` where its condition is false. `turn` is the segment that a `for_each`
    /// around it is at.
    fn apply(
        &self,
        message: &Message,
        around: Surroundings<'_>,
        turn: Option<Turn<'_>>,
    ) -> Result<Option<Message>, StepFault> {
        if let Some(when) = &self.when {
            let facts = facts(message, around, turn);
            if !when.holds(&facts).map_err(StepFault::Condition)? {
                return Ok(None);
            }
        }
        self.change.apply(message, around, turn).map(Some)
    }

    fn apart(&self) -> Self {
        let change = match &self.change {
            Change::Script(program) => Change::Script(Program(program.0.apart())),
            Change::ForEach { segment, steps } => Change::ForEach {
                segment: segment.clone(),
                steps: steps.iter().map(Self::apart).collect(),
            },
            other => other.clone(),
        };
        Self { when: self.when.clone(), change }
    }
}

/// The segment that a `for_each` is at.
#[derive(Debug, Clone, Copy)]
struct Turn<'t> {
    segment: &'t str,
    number: u16,
}

impl Turn<'_> {
    /// A path as it is meant in this turn.
    fn meant(turn: Option<Self>, path: &Path) -> Path {
        match turn {
            Some(turn)
                if path.segment() == turn.segment
                    && path.occurrence() == wardline_hl7::Index::Nth(1) =>
            {
                path.in_occurrence(turn.number)
            }
            _ => *path,
        }
    }
}

fn facts(message: &Message, around: Surroundings<'_>, turn: Option<Turn<'_>>) -> Facts {
    let facts = Facts::of(message, around.lookups, around.strictness);
    match turn {
        Some(turn) => facts.in_turn(turn.segment, turn.number),
        None => facts,
    }
}

impl std::fmt::Display for Change {
    /// The verb and the place, as they are written.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Set { path, .. } => write!(f, "set {path}"),
            Self::Copy { from, to } => write!(f, "copy {from} to {to}"),
            Self::Clear { path } => write!(f, "clear {path}"),
            Self::RemoveSegments { segments } => write!(f, "remove {segments}"),
            Self::RemoveRepetition { path } => write!(f, "remove {path}"),
            Self::Map { path, table } => write!(f, "map {path} by {table}"),
            Self::Replace { path, .. } => write!(f, "replace in {path}"),
            Self::FormatDate { path, .. } => write!(f, "format_date {path}"),
            Self::FormatName { path, .. } => write!(f, "format_name {path}"),
            Self::Split { path, .. } => write!(f, "split {path}"),
            Self::Join { to, .. } => write!(f, "join to {to}"),
            Self::ForEach { segment, .. } => write!(f, "for_each {segment}"),
            Self::Script(program) => write!(f, "script {}", program.0.name()),
            Self::Renumber { segment, .. } => write!(f, "renumber {segment}"),
        }
    }
}

impl PartialEq for Pattern {
    /// What is written decides.
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

#[cfg(test)]
mod tests;
