//! `[lookups.NAME]`: the files that they name, each read into its table.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};
use wardline_flow::LookupTable;

use super::{MAX_FILE_SIZE, read};
use crate::diagnostic::{Diagnostic, Place, Placed, SourceFile};
use crate::reading::Context;
use crate::sections::{Drafts, LookupDraft};
use crate::setting::Word;
use crate::suggest::{did_you_mean, listed};

/// The tables of all drafts, by name. Their paths start at the file that names them.
pub(super) fn tables(
    context: &Context<'_>,
    files: &mut Vec<SourceFile>,
    drafts: &Drafts,
) -> BTreeMap<String, LookupTable> {
    let mut tables = BTreeMap::new();
    let mut named: BTreeMap<&str, &Placed<String>> = BTreeMap::new();
    for draft in &drafts.lookups {
        if let Some(first) = named.insert(&draft.name.value, &draft.name) {
            let fault =
                Diagnostic::fault(format!("the lookup `{}` has two tables", draft.name.value));
            context.report(fault.at(&draft.name.place).beside(&first.place, "first here"));
        }
        let Some(entries) = open(context, files, draft) else { continue };
        let table = LookupTable::new(entries, draft.on_miss.clone());
        tables.insert(draft.name.value.clone(), table);
    }
    tables
}

/// Reads one file; what is wrong with it is reported.
fn open(
    context: &Context<'_>,
    files: &mut Vec<SourceFile>,
    draft: &LookupDraft,
) -> Option<HashMap<String, String>> {
    let named = draft.file.as_ref()?;
    let path = beside(files, named);
    let text = match read(&path) {
        Ok(text) => text,
        Err(error) => {
            context.report(unreadable(&path, &error).at(&named.place));
            return None;
        }
    };
    context.opened(&path);
    files.push(SourceFile::new(path.clone(), text.clone()));
    let file = files.len() - 1;
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => of_csv(context, file, &text, draft),
        Some("toml") => of_toml(context, file, &text),
        _ => {
            let fault = Diagnostic::fault("a lookup table is a `.csv` or a `.toml` file");
            context.report(fault.at(&named.place));
            None
        }
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    let shown = path.display();
    if error.kind() == io::ErrorKind::InvalidData
        && let Some(line) = line_of_another_encoding(path)
    {
        let fault = Diagnostic::fault(format!("`{shown}`: line {line} is not UTF-8"));
        return fault.hint("save it as UTF-8; spreadsheets call that \"CSV UTF-8\"");
    }
    let fault = Diagnostic::fault(format!("cannot read `{shown}`: {error}"));
    fault.hint("paths of `file` start at the file that names them")
}

/// The first line that is not UTF-8, counted from 1.
fn line_of_another_encoding(path: &Path) -> Option<usize> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(MAX_FILE_SIZE).read_to_end(&mut bytes).ok()?;
    let valid = str::from_utf8(&bytes).err()?.valid_up_to();
    Some(bytes.iter().take(valid).filter(|&&byte| byte == b'\n').count() + 1)
}

fn beside(files: &[SourceFile], named: &Placed<PathBuf>) -> PathBuf {
    let naming = files.get(named.place.file).and_then(|file| file.path.parent());
    naming.unwrap_or(Path::new("")).join(&named.value)
}

/// Comma-separated values (RFC 4180) under a line of names.
fn of_csv(
    context: &Context<'_>,
    file: usize,
    text: &str,
    draft: &LookupDraft,
) -> Option<HashMap<String, String>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let names = match reader.headers() {
        Ok(names) => names.clone(),
        Err(error) => {
            report_csv(context, file, text, &error);
            return None;
        }
    };
    let key = column(context, &names, draft.key.as_ref(), 0);
    let value = column(context, &names, draft.value.as_ref(), 1);
    let (key, value) = (key?, value?);
    if names.len() <= key.max(value) {
        let fault = Diagnostic::fault("a lookup table has two columns, the key's and the value's");
        let first = text.lines().next().unwrap_or_default();
        let hint = [';', '\t'].iter().any(|other| first.contains(*other));
        let hint = hint.then(|| "columns are parted by commas".to_owned());
        context.report(fault.at(&Place { file, span: 0..first.len() }).hint_if(hint));
        return None;
    }
    let mut entries = Entries::new(context, file);
    for record in reader.records() {
        match record {
            Ok(record) => {
                let at = record.position().map_or(0, csv::Position::byte);
                let at = behind_line_end(text, usize::try_from(at).unwrap_or(0));
                let line = text.get(at..).and_then(|rest| rest.lines().next());
                let span = at..at + line.map_or(0, str::len);
                let field = |column| record.get(column).unwrap_or_default().to_owned();
                entries.add(field(key), field(value), span);
            }
            Err(error) => report_csv(context, file, text, &error),
        }
    }
    Some(entries.found)
}

/// Where a line begins that the reader has begun within the end of the one before.
fn behind_line_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + (rest.len() - rest.trim_start_matches(['\r', '\n']).len())
}

/// The place of a column by its name, or where it stands without one.
fn column(
    context: &Context<'_>,
    names: &csv::StringRecord,
    wanted: Option<&Placed<Word>>,
    otherwise: usize,
) -> Option<usize> {
    let Some(wanted) = wanted else { return Some(otherwise) };
    let found = names.iter().position(|name| name == wanted.value.0);
    if found.is_none() {
        let fault = Diagnostic::fault(format!("the file has no column `{}`", wanted.value.0));
        let hint = did_you_mean(&wanted.value.0, names.iter())
            .unwrap_or_else(|| format!("it has {}", listed(names.iter())));
        context.report(fault.at(&wanted.place).hint(hint));
    }
    found
}

fn report_csv(context: &Context<'_>, file: usize, text: &str, error: &csv::Error) {
    let at = error.position().map_or(0, csv::Position::byte);
    let at = usize::try_from(at).unwrap_or(0).min(text.len());
    let what = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("this line has {len} columns, the first one {expected_len}")
        }
        _ => "no comma-separated values".to_owned(),
    };
    let line = text.get(at..).and_then(|rest| rest.lines().next()).map_or(0, str::len);
    context.report(Diagnostic::fault(what).at(&Place { file, span: at..at + line }));
}

/// A TOML file of keys and texts.
fn of_toml(context: &Context<'_>, file: usize, text: &str) -> Option<HashMap<String, String>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let place = Place { file, span: error.span().unwrap_or_default() };
        context.report(Diagnostic::fault(format!("no TOML: {}", error.message())).at(&place));
    }
    let mut entries = Entries::new(context, file);
    for (key, value) in table.get_ref() {
        if let DeValue::String(text) = value.get_ref() {
            entries.add(key.get_ref().to_string(), text.to_string(), key.span());
        } else {
            let fault = Diagnostic::fault("a value of a lookup table is a text");
            context.report(fault.at(&Place { file, span: value.span() }));
        }
    }
    errors.is_empty().then_some(entries.found)
}

/// Entries, each key once.
struct Entries<'c> {
    context: &'c Context<'c>,
    file: usize,
    found: HashMap<String, String>,
    places: HashMap<String, std::ops::Range<usize>>,
}

impl<'c> Entries<'c> {
    fn new(context: &'c Context<'c>, file: usize) -> Self {
        Self { context, file, found: HashMap::new(), places: HashMap::new() }
    }

    fn add(&mut self, key: String, value: String, span: std::ops::Range<usize>) {
        if let Some(first) = self.places.get(&key) {
            let place =
                |span: &std::ops::Range<usize>| Place { file: self.file, span: span.clone() };
            let fault = Diagnostic::fault(format!("the key `{key}` stands here twice"));
            self.context.report(fault.at(&place(&span)).beside(&place(first), "first here"));
            return;
        }
        self.places.insert(key.clone(), span);
        self.found.insert(key, value);
    }
}
