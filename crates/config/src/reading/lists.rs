//! Keys that hold several of something.

use serde_spanned::Spanned;
use toml::de::DeValue;

use super::{Form, Section};
use crate::diagnostic::{Diagnostic, Place, Placed};
use crate::setting::Setting;

/// A key of the operator's own and what stands behind it.
type Entry<'c> = (Placed<&'c str>, &'c Spanned<DeValue<'c>>);

impl<'c> Section<'c> {
    /// A list, each element with its place. An empty list is a fault: it would mean "none" to one reader and "all" to
    /// another.
    pub(crate) fn list<T: Setting + PartialEq>(
        &mut self,
        key: &'static str,
    ) -> Option<Vec<Placed<T>>> {
        self.note::<T>(key, true);
        let (value, place) = self.entry(key)?;
        Some(self.elements(value, &place))
    }

    /// A list that must be there.
    pub(crate) fn require_list<T: Setting + PartialEq>(
        &mut self,
        key: &'static str,
    ) -> Vec<Placed<T>> {
        if self.entry(key).is_none() {
            self.missing(key, &format!("a list, each of it {}", T::EXPECTED));
        }
        self.note_required(key);
        self.list(key).unwrap_or_default()
    }

    /// Replaces an empty default list.
    pub(crate) fn set_list<W: Setting + PartialEq, T>(
        &mut self,
        key: &'static str,
        setting: &mut Vec<T>,
        from: impl Fn(W) -> T,
    ) {
        if let Some(values) = self.list(key) {
            *setting = values.into_iter().map(|placed| from(placed.value)).collect();
        }
    }

    /// The elements of one value that must be a list.
    pub(crate) fn elements<T: Setting + PartialEq>(
        &self,
        value: &DeValue<'_>,
        place: &Place,
    ) -> Vec<Placed<T>> {
        let DeValue::Array(array) = value else {
            let fault = Diagnostic::fault(format!("expected a list, each of it {}", T::EXPECTED));
            self.context.report(fault.at(place).hint("put it into `[` and `]`"));
            return Vec::new();
        };
        if array.is_empty() {
            let fault = Diagnostic::fault("the list is empty").at(place);
            self.context.report(fault.hint("name at least one, or leave the key out"));
        }
        let mut elements: Vec<Placed<T>> = Vec::new();
        for element in array {
            let place = Place { file: place.file, span: element.span() };
            let Some(value) = self.context.sound(self.context.read(element.get_ref()), &place)
            else {
                continue;
            };
            match elements.iter().find(|earlier| earlier.value == value) {
                Some(earlier) => {
                    let fault = Diagnostic::fault("named twice in one list").at(&place);
                    self.context.report(fault.beside(&earlier.place, "first here"));
                }
                None => elements.push(Placed { value, place }),
            }
        }
        elements
    }

    /// The tables of `[[key]]`, in the order of the file.
    pub(crate) fn tables(&mut self, key: &'static str) -> Vec<Section<'c>> {
        let Some((value, place)) = self.entry(key) else { return Vec::new() };
        let context = self.context;
        let wrong = |place: &Place| {
            let fault = Diagnostic::fault(format!("`{key}` is a list of tables")).at(place);
            context.report(fault.hint(format!("write `[[{key}]]` above each of them")));
        };
        let DeValue::Array(array) = value else {
            wrong(&place);
            return Vec::new();
        };
        let mut sections = Vec::new();
        for element in array {
            let place = Place { file: place.file, span: element.span() };
            match element.get_ref() {
                DeValue::Table(table) => {
                    let name = format!("`[[{key}]]`");
                    sections.push(self.inner(key, Form::Element, name, place, Some(table)));
                }
                _ => wrong(&place),
            }
        }
        sections
    }

    /// The tables of `[key.NAME]`, in the order of their names.
    pub(crate) fn named_tables(&mut self, key: &'static str) -> Vec<(Placed<String>, Section<'c>)> {
        let Some(entries) = self.named(key) else { return Vec::new() };
        let context = self.context;
        let mut sections = Vec::new();
        for (name, value) in entries {
            let place = Place { file: name.place.file, span: value.span() };
            let shown = format!("`[{key}.{}]`", name.value);
            match value.get_ref() {
                DeValue::Table(table) => {
                    let name = Placed { value: name.value.to_owned(), place: name.place };
                    let form = Form::Named(name.value.clone());
                    sections.push((name, self.inner(key, form, shown, place, Some(table))));
                }
                _ => context
                    .report(Diagnostic::fault(format!("expected a table {shown}")).at(&place)),
            }
        }
        sections
    }

    /// What stands in `[key]`, by the operator's own names.
    fn named(&mut self, key: &'static str) -> Option<Vec<Entry<'c>>> {
        let (value, place) = self.entry(key)?;
        let DeValue::Table(table) = value else {
            let fault = Diagnostic::fault(format!("expected a table, as `{key} = {{ … }}`"));
            self.context.report(fault.at(&place));
            return None;
        };
        let named = table.iter().map(|(key, value)| {
            let place = Place { file: self.place.file, span: key.span() };
            (Placed { value: key.get_ref().as_ref(), place }, value)
        });
        Some(named.collect())
    }

    /// The table `[key]`; an absent one can still be set by the environment.
    pub(crate) fn part(&mut self, key: &'static str) -> Section<'c> {
        let name = format!("`[{key}]`");
        match self.table(key) {
            Some(present) => Section { name, ..present },
            None => self.inner(key, Form::Table, name, self.place.clone(), None),
        }
    }
}
