//! The configuration's language as a JSON Schema, for editors: every key with what it means, what it takes and what holds
//! where it is left out.
//!
//! ```text
//! reference.toml ─┬─ read as a configuration is ──▶ what each table was asked for: keys, types, words, limits
//!                 └─ its comments and values ─────▶ what keys mean, their defaults, which are required
//! ```
//!
//! So there is one source for each: a key that is read and a sentence that is written, and nothing is said twice.

mod comments;
mod tables;

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::diagnostic::SourceFile;
use crate::load;
use crate::reading::{Context, Trace, TracedTable};
use crate::sections::{Drafts, read_main};

use self::comments::Comments;
pub(crate) use self::tables::TELLING;
use self::tables::Tables;

/// Every key with its default and what it means.
const REFERENCE: &str = include_str!("../../../config/reference.toml");

/// What validators go by; editors that know TOML know this draft.
const DRAFT: &str = "http://json-schema.org/draft-07/schema#";

/// The schema of a configuration, and of the files that it includes.
pub fn schema() -> Value {
    let reference = Reference::read();
    let tables = Tables::of(&reference.trace, &reference.comments);
    let mut schema = tables.file();
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("$schema".to_owned(), json!(DRAFT));
        schema.insert("title".to_owned(), json!("Wardline"));
        schema.insert("definitions".to_owned(), json!({ tables::STEP: tables.step() }));
    }
    schema
}

/// The reference as reading met it.
pub(crate) struct Reference {
    pub(crate) trace: Trace,
    pub(crate) comments: Comments,
}

impl Reference {
    /// Whether a table of it has a key without a default that must be there.
    pub(crate) fn asks_for_a_key(&self, table: &TracedTable) -> bool {
        let found = table.keys.iter().filter_map(|key| key.found.as_ref());
        let mut told = found.map(|found| self.comments.of_value(found.place.span.end));
        told.any(|told| told.is_required)
    }

    /// Reads it with every key that stands in a comment as if it stood there.
    pub(crate) fn read() -> Self {
        let comments = Comments::of(REFERENCE);
        let nothing = |_: &str| None;
        let context = Context::new(&nothing, &[]);
        let file = SourceFile::new(PathBuf::from("reference.toml"), comments.uncommented.clone());
        // What its samples name need not be there, and what goes not together is told: it is asked for all the same.
        let read = load::parse(&context, &[file], 0, |section| {
            read_main(section, &mut Drafts::default()).is_some()
        });
        debug_assert_eq!(read, Some(true), "the reference is a configuration");
        Self { trace: context.take_trace(), comments }
    }
}
