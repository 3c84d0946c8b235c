//! Tables whose keys are the operator's own: headers, fields, columns.

use serde_spanned::Spanned;
use toml::de::DeValue;

use super::{Form, Section};
use crate::diagnostic::{Place, Placed};
use crate::setting::{Setting, Shape};

/// In no table of the trace.
const NOWHERE: usize = usize::MAX;

/// What stands behind a key that takes a value or a table.
pub(crate) enum Entry<'c, T> {
    /// A value.
    Value(Placed<T>),
    /// A table.
    Table(Section<'c>),
}

impl<'c> Section<'c> {
    /// What a key holds that takes a value or a table.
    pub(crate) fn either<T: Setting>(&mut self, key: &'static str) -> Option<Entry<'c, T>> {
        self.note_open(key);
        let (value, place) = self.entry(key)?;
        self.one(key, value, place)
    }

    /// Everything in a table whose keys are the operator's own, in the order of their names. What is no value of that
    /// type is reported and passed over.
    pub(crate) fn entries<T: Setting>(&self) -> Vec<(Placed<String>, Entry<'c, T>)> {
        self.note_own(Shape::Open, false);
        let one = |(name, value): (Placed<&'c str>, &'c Spanned<DeValue<'c>>)| {
            let place = Place { file: name.place.file, span: value.span() };
            let entry = self.one(name.value, value.get_ref(), place)?;
            Some((Placed { value: name.value.to_owned(), place: name.place }, entry))
        };
        self.others().into_iter().filter_map(one).collect()
    }

    /// A text of the operator's as a setting; what is wrong with it is reported.
    pub(crate) fn sound<T: Setting>(&self, text: &str, place: &Place) -> Option<T> {
        self.context.sound(T::from_text(text), place)
    }

    fn one<T: Setting>(
        &self,
        name: &str,
        value: &'c DeValue<'c>,
        place: Place,
    ) -> Option<Entry<'c, T>> {
        if let DeValue::Table(table) = value {
            let shown = format!("`{name}`");
            // To whom the schema is written, it is the value of its key.
            let traced = self.context.trace.borrow_mut().open(Some(NOWHERE), name, Form::Table);
            return Some(Entry::Table(Section {
                context: self.context,
                name: shown,
                place,
                table: Some(table),
                overrides: None,
                asked: Vec::new(),
                traced,
            }));
        }
        let value = self.context.sound(self.context.read(value), &place)?;
        Some(Entry::Value(Placed { value, place }))
    }
}
