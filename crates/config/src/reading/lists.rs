//! Keys that hold several of something.

use toml::de::DeValue;

use super::Section;
use crate::diagnostic::{Diagnostic, Place, Placed};
use crate::setting::Setting;

impl<'c> Section<'c> {
    /// A list, each element with its place. An empty list is a fault: it would mean "none" to one reader and "all" to
    /// another.
    pub(crate) fn list<T: Setting + PartialEq>(
        &mut self,
        key: &'static str,
    ) -> Option<Vec<Placed<T>>> {
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
                    sections.push(Section::new(
                        context,
                        format!("`[[{key}]]`"),
                        place,
                        Some(table),
                    ));
                }
                _ => wrong(&place),
            }
        }
        sections
    }

    /// The tables of `[key.NAME]`, in the order of their names.
    pub(crate) fn named_tables(&mut self, key: &'static str) -> Vec<(Placed<String>, Section<'c>)> {
        let Some(outer) = self.table(key) else { return Vec::new() };
        let context = self.context;
        let mut sections = Vec::new();
        for (name, value) in outer.others() {
            let place = Place { file: name.place.file, span: value.span() };
            let shown = format!("`[{key}.{}]`", name.value);
            match value.get_ref() {
                DeValue::Table(table) => {
                    let name = Placed { value: name.value.to_owned(), place: name.place };
                    sections.push((name, Section::new(context, shown, place, Some(table))));
                }
                _ => context
                    .report(Diagnostic::fault(format!("expected a table {shown}")).at(&place)),
            }
        }
        sections
    }

    /// The table `[key]`; an absent one can still be set by the environment.
    pub(crate) fn part(&mut self, key: &'static str) -> Section<'c> {
        let absent = Section::new(self.context, format!("`[{key}]`"), self.place.clone(), None);
        match self.table(key) {
            Some(present) => Section { name: absent.name, ..present },
            None => absent,
        }
    }
}
