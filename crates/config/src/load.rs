//! From a path to a configuration: reads the main file and what it includes.
//!
//! All that is wrong is reported at once, with two exceptions where going on would only invent faults: a file that is
//! no TOML is not read further (then ids of other files are not looked up either), and one whose version is unknown is
//! not read at all.

mod environment_site;
mod include;
mod lookups;
mod profiles;
mod scripts;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use crate::check;
use crate::diagnostic::{Diagnostic, Faults, Paint, Place, Placed, SourceFile};
use crate::model::Config;
use crate::reading::{Context, Named, Section, Trace};
use crate::sections::{Drafts, Main, read_included, read_main};

pub use profiles::load_profile;

/// The largest file that is read, in bytes: a configuration of a thousand routes has a tenth of it.
const MAX_FILE_SIZE: u64 = 4 * 1024 * 1024;

/// A configuration that can be used.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// What the engine runs by.
    pub config: Config,
    /// What looks wrong.
    pub warnings: Vec<Diagnostic>,
    /// The files it was read from, the main one first.
    pub files: Vec<SourceFile>,
    /// What it names of this machine, each with the place that names it.
    named: Vec<(Named, Place)>,
    /// What reading asked for and found.
    pub(crate) trace: Trace,
}

impl Loaded {
    /// The files that it was read from, without the one that stands for the environment.
    pub fn files_on_disk(&self) -> impl Iterator<Item = &Path> {
        let files = self.files.iter().filter(|file| !file.is_in_memory);
        files.map(|file| file.path.as_path())
    }

    /// Every file's path and text: another text anywhere is another configuration.
    pub fn texts(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.files.iter().map(|file| (file.path.as_path(), file.text.as_str()))
    }

    /// What it names of this machine, in the order of reading.
    pub fn named(&self) -> impl Iterator<Item = &Named> {
        self.named.iter().map(|(named, _)| named)
    }

    /// Something that it names cannot be used on this machine: a fault at the first place that names it.
    pub fn unusable(&self, named: &Named, message: String, hint: Option<String>) -> Diagnostic {
        let fault = Diagnostic::fault(message).hint_if(hint);
        match self.named.iter().find(|(known, _)| known == named) {
            Some((_, place)) => fault.at(place),
            None => fault,
        }
    }

    /// The warnings as text, with their places; empty where there are none.
    pub fn render_warnings(&self, paint: Paint) -> String {
        let blocks: Vec<_> =
            self.warnings.iter().map(|warning| warning.render(&self.files, paint)).collect();
        blocks.join("\n\n")
    }
}

/// Reads the configuration at `path`.
///
/// `environment` answers `${NAME}` and `WARDLINE_<SECTION>_<KEY>`; `handlers` are the names of those that the program
/// has. Relative paths of `include` start at the file that names them, `data_dir` at the working directory.
///
/// # Errors
///
/// Every fault of all files.
pub fn load(
    path: &Path,
    environment: &dyn Fn(&str) -> Option<String>,
    handlers: &[&str],
) -> Result<Loaded, Faults> {
    loaded(Context::new(environment, handlers), |context, files| {
        load_main(context, read_main_file(context, path)?, files)
    })
}

/// What the variables of `environment` configure by themselves: the listener `in` at `WARDLINE_LISTENER_BIND`, and the
/// destination `folder` that takes all its messages. `None` where that variable is not set.
///
/// # Errors
///
/// Every fault of all variables.
pub fn load_environment(
    environment: &dyn Fn(&str) -> Option<String>,
    handlers: &[&str],
) -> Option<Result<Loaded, Faults>> {
    let text = environment_site::text(environment)?;
    let main =
        SourceFile { is_in_memory: true, ..SourceFile::new(environment_site::PLACE.into(), text) };
    Some(loaded(Context::new(environment, handlers), |context, files| {
        load_main(context, main, files)
    }))
}

fn loaded(
    context: Context<'_>,
    load: impl FnOnce(&Context<'_>, &mut Vec<SourceFile>) -> Option<Config>,
) -> Result<Loaded, Faults> {
    let mut files = Vec::new();
    let config = load(&context, &mut files);
    let has_faults = context.has_faults();
    let (named, trace) = (context.named(), context.take_trace());
    let diagnostics = context.into_diagnostics();
    match config {
        Some(config) if !has_faults => {
            Ok(Loaded { config, warnings: diagnostics, files, named, trace })
        }
        Some(_) | None => Err(Faults { diagnostics, files }),
    }
}

fn read_main_file(context: &Context<'_>, path: &Path) -> Option<SourceFile> {
    let text = read(path)
        .map_err(|error| {
            let fault = Diagnostic::fault(format!("cannot read `{}`: {error}", path.display()));
            let beside = path.file_name().map(Path::new).filter(|name| name.is_file());
            context.report(
                fault.hint(match beside {
                    Some(name) => {
                        format!("`--config {}` takes the one in this folder", name.display())
                    }
                    None => "`--config` names another file; `wardline init DIR` writes a first one"
                        .to_owned(),
                }),
            );
        })
        .ok()?;
    Some(SourceFile::new(path.to_owned(), text))
}

/// The whole configuration whose main file is this.
fn load_main(
    context: &Context<'_>,
    main: SourceFile,
    files: &mut Vec<SourceFile>,
) -> Option<Config> {
    let mut drafts = Drafts::default();
    let path = main.path.clone();
    context.opened(&path);
    files.push(main);
    let mut main = parse(context, files, 0, |section| read_main(section, &mut drafts))??;
    let mut is_whole = true;
    for (included, named_at) in include::files(context, &path, &main.include) {
        if let Some(file) = open_included(context, files, included, &named_at) {
            is_whole &= parse(context, files, file, |section| read_included(section, &mut drafts))
                .is_some();
        } else {
            is_whole = false;
        }
    }
    profiles::give(context, files, &mut drafts);
    scripts::give(context, files, &mut drafts);
    let tables = lookups::tables(context, files, &drafts);
    make_absolute(context, &mut main);
    if !is_whole {
        return None;
    }
    let config = check::assemble(context, main, &drafts, tables);
    if !context.has_faults() {
        check::warn(context, &drafts, &config.store);
    }
    Some(config)
}

/// Parses one file and hands its table on; reports every place where it is no TOML.
pub(crate) fn parse<T>(
    context: &Context<'_>,
    files: &[SourceFile],
    file: usize,
    read: impl FnOnce(Section<'_>) -> T,
) -> Option<T> {
    let (table, errors) = DeTable::parse_recoverable(&files.get(file)?.text);
    for error in &errors {
        let place = Place { file, span: error.span().unwrap_or_default() };
        context.report(Diagnostic::fault(format!("no TOML: {}", error.message())).at(&place));
    }
    errors.is_empty().then(|| read(Section::of_file(context, file, &table)))
}

/// Reads an included file behind those already read.
fn open_included(
    context: &Context<'_>,
    files: &mut Vec<SourceFile>,
    path: PathBuf,
    named_at: &Placed<PathBuf>,
) -> Option<usize> {
    if files.iter().any(|file| file.path == path) {
        let fault = Diagnostic::fault(format!("`{}` is included twice", path.display()));
        context.report(fault.at(&named_at.place));
        return None;
    }
    match read(&path) {
        Ok(text) => {
            context.opened(&path);
            files.push(SourceFile::new(path, text));
            Some(files.len() - 1)
        }
        Err(error) => {
            let fault = Diagnostic::fault(format!("cannot read `{}`: {error}", path.display()));
            context.report(
                fault
                    .at(&named_at.place)
                    .hint("paths of `include` start at the file that names them"),
            );
            None
        }
    }
}

/// The text of a file, unless it is larger than a configuration can be.
fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_FILE_SIZE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE_SIZE {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(text)
}

fn make_absolute(context: &Context<'_>, main: &mut Main) {
    match std::path::absolute(&main.engine.data_dir) {
        Ok(absolute) => main.engine.data_dir = absolute,
        Err(error) => {
            context
                .report(Diagnostic::fault(format!("cannot tell the working directory: {error}")));
        }
    }
}
