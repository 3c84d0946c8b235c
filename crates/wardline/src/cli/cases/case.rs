//! A case as it lies on the disk.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use bytes::Bytes;
use serde::Deserialize;
use wardline_hl7::{AckCode, Path as Hl7Path, PathError};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::hl7::{Hl7Error, payloads};
use super::super::split::split;

/// What makes a folder a case.
const MESSAGE: &str = "message.hl7";
/// What is to be known of it besides.
const SETTINGS: &str = "case.toml";
/// What is expected.
const EXPECTED: &str = "expected";
/// The answer, among what is expected.
pub(super) const ACK: &str = "ack";
/// How the names of messages end.
pub(super) const ENDING: &str = "hl7";

/// Folders within folders that are looked through: a link that leads back ends here.
const MAX_DEPTH: usize = 16;

/// One case.
pub(super) struct Case {
    /// Its folder, below the one that was named.
    pub(super) name: String,
    folder: PathBuf,
}

/// `case.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settings {
    /// What the case shows, for people.
    pub(super) description: Option<String>,
    /// The listener that the messages come in at.
    pub(super) listener: Option<String>,
    /// What may differ.
    pub(super) ignore: Vec<Ignored>,
    /// MSA-1 of the last answer, or that none is due.
    pub(super) answer: Option<ExpectedAnswer>,
    /// MSA-3 of it.
    pub(super) text: Option<String>,
}

/// A place that is not compared.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Ignored(pub(super) Hl7Path);

/// `answer`: a code, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum ExpectedAnswer {
    None,
    Code(AckCode),
}

/// What stands in `expected/`.
#[derive(Default)]
pub(super) struct Expected {
    /// The answers, where their file is there.
    pub(super) answers: Option<Vec<Bytes>>,
    /// What destinations get.
    pub(super) sent: BTreeMap<String, Vec<Bytes>>,
}

/// Why a case cannot be tested.
#[derive(Debug, thiserror::Error)]
pub(super) enum CaseError {
    /// There is none.
    #[error("no case below {}: a case is a folder with message.hl7 in it", folder.display())]
    None {
        /// Where they were looked for.
        folder: PathBuf,
    },
    /// A file or folder could not be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// One could not be written.
    #[error("{} cannot be written", path.display())]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// `case.toml` has faults.
    #[error("{} is not understood", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        source: Box<toml::de::Error>,
    },
    /// The message file is none.
    #[error(transparent)]
    Messages(#[from] Hl7Error),
    /// A destination has the name of the answer's file.
    #[error("a destination is called `ack`: what it gets cannot be told from the answer")]
    CalledAck,
}

impl Failure for CaseError {
    fn exit(&self) -> Exit {
        match self {
            Self::None { .. } => Exit::NotFound,
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Exit::NotFound
            }
            Self::Unreadable { .. }
            | Self::Unwritable { .. }
            | Self::Settings { .. }
            | Self::Messages(_)
            | Self::CalledAck => Exit::Failed,
        }
    }
}

/// The cases below a folder whose names contain one of these, in the order of their names.
pub(super) fn find(folder: &Path, names: &[String]) -> Result<Vec<Case>, CaseError> {
    let mut cases = Vec::new();
    collect(folder, folder, 0, &mut cases)?;
    let is_wanted = |case: &Case| names.is_empty() || names.iter().any(|n| case.name.contains(n));
    cases.retain(is_wanted);
    if cases.is_empty() {
        return Err(CaseError::None { folder: folder.to_owned() });
    }
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(cases)
}

fn collect(
    top: &Path,
    folder: &Path,
    depth: usize,
    cases: &mut Vec<Case>,
) -> Result<(), CaseError> {
    if folder.join(MESSAGE).is_file() {
        let below = folder.strip_prefix(top).ok().filter(|below| !below.as_os_str().is_empty());
        let name = below.map(Path::to_owned).or_else(|| folder.file_name().map(PathBuf::from));
        let name = name.unwrap_or_else(|| folder.to_owned()).display().to_string();
        cases.push(Case { name, folder: folder.to_owned() });
        return Ok(());
    }
    let unreadable = |source| CaseError::Unreadable { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() && depth < MAX_DEPTH {
            collect(top, &path, depth + 1, cases)?;
        }
    }
    Ok(())
}

impl Case {
    /// What `case.toml` says; nothing where it is not there.
    pub(super) fn settings(&self) -> Result<Settings, CaseError> {
        let path = self.folder.join(SETTINGS);
        match fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text)
                .map_err(|source| CaseError::Settings { path, source: Box::new(source) }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Settings::default()),
            Err(source) => Err(CaseError::Unreadable { path, source }),
        }
    }

    /// What comes in, as it would come: an editor that ends lines in LF changes no case.
    pub(super) fn messages(&self) -> Result<Vec<Bytes>, CaseError> {
        let messages = payloads(&self.folder.join(MESSAGE))?;
        Ok(messages.iter().map(with_segment_ends).collect())
    }

    /// What is expected, as far as it is there.
    pub(super) fn expected(&self) -> Result<Expected, CaseError> {
        let folder = self.folder.join(EXPECTED);
        let mut expected = Expected::default();
        let unreadable = |source| CaseError::Unreadable { path: folder.clone(), source };
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(expected),
            Err(source) => return Err(unreadable(source)),
        };
        for entry in entries {
            let path = entry.map_err(unreadable)?.path();
            let (Some(stem), Some(ending)) = (path.file_stem(), path.extension()) else { continue };
            if ending != ENDING {
                continue;
            }
            let bytes = fs::read(&path)
                .map_err(|source| CaseError::Unreadable { path: path.clone(), source })?;
            let is_empty = bytes.trim_ascii().is_empty();
            let messages = if is_empty { Vec::new() } else { split(&Bytes::from(bytes)) };
            if stem == ACK {
                expected.answers = Some(messages);
            } else {
                expected.sent.insert(stem.to_string_lossy().into_owned(), messages);
            }
        }
        Ok(expected)
    }

    /// Where what is expected of `name` stands.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(EXPECTED).join(format!("{name}.{ENDING}"))
    }
}

impl TryFrom<String> for Ignored {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, PathError> {
        text.parse().map(Self)
    }
}

/// A text that is no answer.
#[derive(Debug, thiserror::Error)]
#[error("an answer is AA, AE, AR, CA, CE, CR or none")]
pub(super) struct NoAnswer;

impl TryFrom<String> for ExpectedAnswer {
    type Error = NoAnswer;

    fn try_from(text: String) -> Result<Self, NoAnswer> {
        if text == "none" {
            return Ok(Self::None);
        }
        AckCode::from_str(&text).map(Self::Code).map_err(|_| NoAnswer)
    }
}

/// The message with CR behind each segment, where it has LF or CR LF.
fn with_segment_ends(message: &Bytes) -> Bytes {
    let mut ended = Vec::with_capacity(message.len());
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        match line.split_last() {
            Some((b'\n', line)) => {
                ended.extend_from_slice(line);
                if line.last() != Some(&b'\r') {
                    ended.push(b'\r');
                }
            }
            _ => ended.extend_from_slice(line),
        }
    }
    ended.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_of_an_editor_are_segment_ends() {
        for (text, expected) in
            [("a\rb\r", "a\rb\r"), ("a\nb\n", "a\rb\r"), ("a\r\nb", "a\rb"), ("", "")]
        {
            assert_eq!(with_segment_ends(&text.to_owned().into()), expected);
        }
    }

    #[test]
    fn a_case_says_what_it_means_or_is_refused() {
        let read = |text: &str| toml::from_str::<Settings>(text);
        let settings = read("ignore = ['OBX[*]-14']\nanswer = 'AR'\ntext = 'no'").unwrap();
        assert_eq!(settings.ignore[0].0.to_string(), "OBX[*]-14");
        assert_eq!(settings.answer, Some(ExpectedAnswer::Code(AckCode::AR)));
        assert_eq!(read("answer = 'none'").unwrap().answer, Some(ExpectedAnswer::None));
        for wrong in ["ignore = ['OBX']", "answer = 'yes'", "listner = 'in'"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
