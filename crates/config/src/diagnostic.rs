//! What is wrong with a configuration, told as a compiler tells it: the place, the line itself, a way out.
//!
//! ```text
//! error: unknown destination `lis2`
//!   --> config/wardline.toml:14:7
//!    |
//! 14 | to = ["lis2"]
//!    |       ^^^^^^
//!    = help: did you mean `lis`?
//! ```

use std::fmt;
use std::ops::Range;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// A place in one of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Which file, by its position in [`Files`].
    pub(crate) file: usize,
    /// Bytes of it.
    pub(crate) span: Range<usize>,
}

/// A value with the place it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

/// One file of a configuration, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path, as the command line or `include` leads to it.
    pub path: std::path::PathBuf,
    /// Its text.
    pub(crate) text: String,
    /// It stands for the environment.
    pub(crate) is_in_memory: bool,
}

/// One thing that is wrong, or looks wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    severity: Severity,
    message: String,
    place: Option<Place>,
    /// A second place that the first one clashes with, and what it is.
    related: Option<(Place, &'static str)>,
    hint: Option<String>,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The configuration cannot be used.
    Fault,
    /// It can be used, and probably does not do what was meant.
    Warning,
}

/// Whether a rendering is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Text only.
    Plain,
    /// With ANSI escapes, for a terminal.
    Ansi,
}

/// Everything that is wrong with a configuration, of all its files at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) files: Vec<SourceFile>,
}

impl Diagnostic {
    pub(crate) fn fault(message: impl Into<String>) -> Self {
        Self::new(Severity::Fault, message.into())
    }

    pub(crate) fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message.into())
    }

    fn new(severity: Severity, message: String) -> Self {
        Self { severity, message, place: None, related: None, hint: None }
    }

    pub(crate) fn at(self, place: &Place) -> Self {
        Self { place: Some(place.clone()), ..self }
    }

    pub(crate) fn beside(self, place: &Place, label: &'static str) -> Self {
        Self { related: Some((place.clone(), label)), ..self }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(crate) fn hint_if(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }

    /// File and byte, to sort by; what has no place comes first.
    pub(crate) fn position(&self) -> Option<(usize, usize)> {
        self.place.as_ref().map(|place| (place.file, place.span.start))
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// What is wrong, in one line, without its place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where it is, as `file:line:column`; `None` where it is of no place. `files` are those it was loaded with.
    pub fn place(&self, files: &[SourceFile]) -> Option<String> {
        let (file, line, column) = self.location(files)?;
        Some(format!("{}:{line}:{column}", file.display()))
    }

    /// What to do about it.
    pub fn way_out(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The same in its parts: file, line and column, counted from 1.
    pub fn location<'f>(&self, files: &'f [SourceFile]) -> Option<(&'f Path, usize, usize)> {
        let place = self.place.as_ref()?;
        let file = files.get(place.file)?;
        let (line, column) = file.position(place.span.start);
        Some((&file.path, line, column))
    }

    /// The diagnostic with its place, the line and the way out; `files` are those it was loaded with.
    pub fn render(&self, files: &[SourceFile], paint: Paint) -> String {
        let level = match self.severity {
            Severity::Fault => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let related = self.related.as_ref();
        let mut group = Group::with_title(level.primary_title(self.message.as_str()));
        if let Some((place, file)) =
            self.place.as_ref().and_then(|place| Some((place, files.get(place.file)?)))
        {
            let mut snippet =
                file.snippet().annotation(AnnotationKind::Primary.span(place.span.clone()));
            if let Some((other, label)) = related.filter(|(other, _)| other.file == place.file) {
                snippet = snippet
                    .annotation(AnnotationKind::Context.span(other.span.clone()).label(*label));
            }
            group = group.element(snippet);
            if let Some((other, label)) = related.filter(|(other, _)| other.file != place.file) {
                let elsewhere = files.get(other.file).map(|file| {
                    file.snippet()
                        .annotation(AnnotationKind::Context.span(other.span.clone()).label(*label))
                });
                group = group.elements(elsewhere);
            }
        }
        group = group.elements(self.hint.as_deref().map(|hint| Level::HELP.message(hint)));
        let renderer = match paint {
            Paint::Plain => Renderer::plain(),
            Paint::Ansi => Renderer::styled(),
        };
        renderer.render(&[group])
    }
}

impl SourceFile {
    pub(crate) fn new(path: std::path::PathBuf, text: String) -> Self {
        Self { path, text, is_in_memory: false }
    }

    /// Line and column of a byte, counted from 1.
    pub(crate) fn position(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }

    fn snippet(&self) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
        Snippet::source(self.text.as_str()).path(self.path.to_string_lossy().into_owned())
    }
}

impl Faults {
    /// Each fault, and each warning, in the order of the files.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The files that could be read.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// All of it, faults first, and how many there are.
    pub fn render(&self, paint: Paint) -> String {
        let (faults, warnings): (Vec<_>, Vec<_>) =
            self.diagnostics.iter().partition(|diagnostic| diagnostic.severity == Severity::Fault);
        let mut blocks: Vec<_> = faults
            .iter()
            .chain(&warnings)
            .map(|diagnostic| diagnostic.render(&self.files, paint))
            .collect();
        blocks.push(match faults.len() {
            1 => "1 fault in the configuration".to_owned(),
            count => format!("{count} faults in the configuration"),
        });
        blocks.join("\n\n")
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Paint::Plain))
    }
}

impl std::error::Error for Faults {}
