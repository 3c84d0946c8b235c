//! Reading one table of a file, key by key, without stopping at the first fault.
//!
//! A [`Section`] is asked for the keys that its table may have. Whatever is wrong with one of them becomes a diagnostic
//! with its place, and the default stays; what was never asked for is unknown and refused at the end. So the code that
//! reads a section is its schema.

mod entries;
mod environment;
mod lists;
mod named;
mod note;
mod trace;

use std::borrow::Cow;
use std::cell::RefCell;
use std::path::{Path, PathBuf};

use serde_spanned::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Place, Placed, Severity};
use crate::setting::{Setting, Size, Wrong};
use crate::suggest::{did_you_mean, listed};

pub use named::Named;

pub(crate) use entries::Entry;
pub(crate) use environment::{expand, names_in};
pub(crate) use trace::{Asked, Form, Found, Trace, TracedKey, TracedTable};

/// What reading needs besides the files: the environment, the handlers of this binary, and a place for what is wrong.
pub(crate) struct Context<'c> {
    pub(crate) environment: &'c dyn Fn(&str) -> Option<String>,
    pub(crate) handlers: &'c [&'c str],
    /// Of each file that is read, the folder it lies in.
    folders: RefCell<Vec<PathBuf>>,
    /// What the machine has or lacks, each with the place that names it.
    named: RefCell<Vec<(Named, Place)>>,
    trace: RefCell<Trace>,
    diagnostics: RefCell<Vec<Diagnostic>>,
}

/// One table, being read.
pub(crate) struct Section<'c> {
    context: &'c Context<'c>,
    /// How faults call it: `[engine]`.
    name: String,
    place: Place,
    /// Absent where the file has no such table.
    table: Option<&'c DeTable<'c>>,
    /// What stands before the keys in the names of environment variables: `WARDLINE_ENGINE`.
    overrides: Option<&'static str>,
    asked: Vec<&'static str>,
    /// Which table of the trace it is.
    traced: usize,
}

impl<'c> Context<'c> {
    pub(crate) fn new(
        environment: &'c dyn Fn(&str) -> Option<String>,
        handlers: &'c [&'c str],
    ) -> Self {
        Self {
            environment,
            handlers,
            folders: RefCell::default(),
            named: RefCell::default(),
            trace: RefCell::default(),
            diagnostics: RefCell::default(),
        }
    }

    /// The next file is read: what it names lies beside it.
    pub(crate) fn opened(&self, file: &Path) {
        let folder = file.parent().unwrap_or(Path::new(""));
        self.folders.borrow_mut().push(folder.to_owned());
    }

    pub(crate) fn report(&self, diagnostic: Diagnostic) {
        self.diagnostics.borrow_mut().push(diagnostic);
    }

    /// Something of this machine is named there.
    pub(crate) fn name(&self, named: Named, place: &Place) {
        self.named.borrow_mut().push((named, place.clone()));
    }

    /// What of this machine was named, in the order of reading.
    pub(crate) fn named(&self) -> Vec<(Named, Place)> {
        self.named.borrow().clone()
    }

    /// What was read, table by table.
    pub(crate) fn take_trace(&self) -> Trace {
        self.trace.take()
    }

    /// Whether the configuration cannot be used any more.
    pub(crate) fn has_faults(&self) -> bool {
        self.diagnostics.borrow().iter().any(|diagnostic| diagnostic.severity() == Severity::Fault)
    }

    /// All that was reported, in the order of the files.
    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        let mut diagnostics = self.diagnostics.into_inner();
        diagnostics.sort_by_key(Diagnostic::position);
        diagnostics
    }

    /// The value, or a fault.
    fn sound<T>(&self, result: Result<T, Wrong>, place: &Place) -> Option<T> {
        result
            .map_err(|wrong| {
                self.report(Diagnostic::fault(wrong.message).at(place).hint_if(wrong.hint));
            })
            .ok()
    }

    /// One value as the type its key has.
    fn read<T: Setting>(&self, value: &DeValue<'_>) -> Result<T, Wrong> {
        match value {
            DeValue::String(text) => {
                let expanded = environment::expand(text, self.environment)?;
                T::from_text(&expanded).map_err(|wrong| match expanded {
                    Cow::Borrowed(_) => wrong,
                    // What a variable holds may be a secret in the wrong place.
                    Cow::Owned(_) => Wrong::unexpanded::<T>(text),
                })
            }
            DeValue::Integer(number) => {
                let number = i64::from_str_radix(number.as_str(), number.radix());
                number.map_err(|_| Wrong::type_of::<T>()).and_then(T::from_integer)
            }
            DeValue::Boolean(value) => T::from_boolean(*value),
            DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                Err(Wrong::type_of::<T>())
            }
        }
    }
}

impl<'c> Section<'c> {
    /// A whole file.
    pub(crate) fn of_file(
        context: &'c Context<'c>,
        file: usize,
        table: &'c Spanned<DeTable<'c>>,
    ) -> Self {
        let place = Place { file, span: 0..0 };
        let traced = context.trace.borrow_mut().open(None, "", Form::File);
        let (name, table) = ("a configuration".to_owned(), Some(table.get_ref()));
        Self { context, name, place, table, overrides: None, asked: Vec::new(), traced }
    }

    /// A table that stands in this one under a key.
    fn inner(
        &self,
        key: &str,
        form: Form,
        name: String,
        place: Place,
        table: Option<&'c DeTable<'c>>,
    ) -> Self {
        let context = self.context;
        let traced = context.trace.borrow_mut().open(Some(self.traced), key, form);
        Self { context, name, place, table, overrides: None, asked: Vec::new(), traced }
    }

    pub(crate) fn context(&self) -> &'c Context<'c> {
        self.context
    }

    /// Where the table begins.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// The path of a file that this one names, absolute.
    pub(crate) fn beside(&self, named: PathBuf) -> PathBuf {
        let folders = self.context.folders.borrow();
        let path = folders.get(self.place.file).map_or(named.clone(), |folder| folder.join(named));
        std::path::absolute(&path).unwrap_or(path)
    }

    /// Gives it another name in hints.
    pub(crate) fn call(&mut self, name: String) {
        self.name = name;
    }

    /// Lets `PREFIX_KEY` of the environment override the keys that follow.
    pub(crate) fn overridden_by(self, prefix: &'static str) -> Self {
        Self { overrides: Some(prefix), ..self }
    }

    /// The value of a key, if it is there and sound.
    pub(crate) fn get<T: Setting>(&mut self, key: &'static str) -> Option<Placed<T>> {
        self.note::<T>(key, false);
        let (value, place) = self.entry(key)?;
        let value = self.context.sound(self.context.read(value), &place)?;
        Some(Placed { value, place })
    }

    /// The value of a key that must be there.
    pub(crate) fn require<T: Setting>(&mut self, key: &'static str) -> Option<Placed<T>> {
        if self.entry(key).is_none() {
            self.missing(key, T::EXPECTED);
        }
        self.note_required(key);
        self.get(key)
    }

    /// Replaces a default.
    pub(crate) fn set<T: Setting>(&mut self, key: &'static str, setting: &mut T) {
        if let Some(value) = self.checked(key, Ok) {
            *setting = value;
        }
    }

    /// Replaces a default by a value of another type than the one that is written.
    pub(crate) fn set_as<W: Setting, T>(
        &mut self,
        key: &'static str,
        setting: &mut T,
        from: impl Fn(W) -> T,
    ) {
        if let Some(value) = self.checked(key, |written| Ok(from(written))) {
            *setting = value;
        }
    }

    /// Replaces a default size, within limits.
    pub(crate) fn set_size<T: TryFrom<u64>>(
        &mut self,
        key: &'static str,
        setting: &mut T,
        limits: [u64; 2],
    ) {
        let [least, most] = limits;
        let within = |Size(bytes): Size| {
            let fits = (least..=most).contains(&bytes).then(|| T::try_from(bytes).ok()).flatten();
            fits.ok_or_else(|| {
                Wrong::new(format!("expected a size from {} to {}", Size(least), Size(most)))
            })
        };
        if let Some(value) = self.checked(key, within) {
            *setting = value;
        }
    }

    /// What the file says, unless the environment says otherwise; each is checked.
    fn checked<W: Setting, T>(
        &mut self,
        key: &'static str,
        check: impl Fn(W) -> Result<T, Wrong>,
    ) -> Option<T> {
        let context = self.context;
        self.note::<W>(key, false);
        let written = self
            .entry(key)
            .and_then(|(value, place)| context.sound(context.read(value).and_then(&check), &place));
        let variable =
            self.overrides.map(|prefix| format!("{prefix}_{}", key.to_ascii_uppercase()));
        match variable.and_then(|name| Some(((context.environment)(&name)?, name))) {
            None => written,
            Some((text, name)) => {
                if let Some(traced) = context.trace.borrow_mut().key(self.traced, key) {
                    traced.variable = Some((name.clone(), text.clone()));
                }
                W::from_text(&text)
                    .and_then(check)
                    .map_err(|wrong| {
                        let fault = Diagnostic::fault(format!(
                            "environment variable `{name}`: {}",
                            wrong.message
                        ));
                        context.report(fault.hint_if(wrong.hint));
                    })
                    .ok()
            }
        }
    }

    /// A table inside this one.
    pub(crate) fn table(&mut self, key: &'static str) -> Option<Section<'c>> {
        let (value, place) = self.entry(key)?;
        if let DeValue::Table(table) = value {
            return Some(self.inner(key, Form::Table, format!("`{key}`"), place, Some(table)));
        }
        let fault = Diagnostic::fault(format!("expected a table, as `{key} = {{ … }}`"));
        self.context.report(fault.at(&place));
        None
    }

    /// The entries that nobody has asked for.
    pub(crate) fn others(&self) -> Vec<(Placed<&'c str>, &'c Spanned<DeValue<'c>>)> {
        let entries = self.table.into_iter().flat_map(|table| table.iter());
        entries
            .filter(|(key, _)| !self.asked.contains(&key.get_ref().as_ref()))
            .map(|(key, value)| {
                let place = Place { file: self.place.file, span: key.span() };
                (Placed { value: key.get_ref().as_ref(), place }, value)
            })
            .collect()
    }

    /// Refuses what was never asked for.
    pub(crate) fn finish(self) {
        let known = || self.asked.iter().copied();
        for (key, _) in self.others() {
            let hint = did_you_mean(key.value, known())
                .unwrap_or_else(|| format!("{} has {}", self.name, listed(known())));
            let fault = Diagnostic::fault(format!("unknown key `{}`", key.value));
            self.context.report(fault.at(&key.place).hint(hint));
        }
    }

    /// Asks for a key that is not there.
    pub(crate) fn missing(&self, key: &str, expected: &str) {
        let fault = Diagnostic::fault(format!("`{key}` is missing"));
        self.context.report(fault.at(&self.place).hint(format!("add `{key}`: {expected}")));
    }

    /// Where the value of a key stands, if the key is there; from here on it counts as known.
    pub(crate) fn place_of(&mut self, key: &'static str) -> Option<Place> {
        self.entry(key).map(|(_, place)| place)
    }

    /// Whether the key is there; it does not count as known by that.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.iter().any(|(name, _)| name.get_ref() == key))
    }

    fn entry(&mut self, key: &'static str) -> Option<(&'c DeValue<'c>, Place)> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        let found =
            self.table.and_then(|table| table.iter().find(|(name, _)| name.get_ref() == key));
        let place =
            |value: &Spanned<DeValue<'_>>| Place { file: self.place.file, span: value.span() };
        if let Some(traced) = self.context.trace.borrow_mut().key(self.traced, key) {
            traced.found = found.map(|(_, value)| Found {
                value: trace::value(value.get_ref()),
                place: place(value),
            });
        }
        let (_, value) = found?;
        Some((value.get_ref(), place(value)))
    }
}
