//! `wardline hl7 lint`: what is unusual in messages, before a listener says so.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use wardline_hl7::Message;
use wardline_hl7::profile::Profile;

use super::super::exit::Exit;
use super::super::failure::{Outcome, TerminalError};
use super::super::terminal::Terminal;
use super::{Hl7Error, Reading, each_message};

/// Tell what is unusual in messages: what listeners count as a lint, and what breaks a profile.
///
/// Exits with 0 whatever is found, with 1 under --strict.
#[derive(Debug, Args)]
pub(crate) struct Lint {
    /// Files, or - for standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    files: Vec<PathBuf>,
    /// Hold them against the rules of this profile, too.
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// Exit with 1 where anything was found.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    reading: Reading,
}

/// One message as `--json` shows it.
#[derive(Serialize)]
struct Finding {
    file: String,
    message: usize,
    lints: Vec<&'static str>,
    violations: Vec<ViolationJson>,
}

#[derive(Serialize)]
struct ViolationJson {
    rule: String,
    path: String,
    code: u16,
    text: &'static str,
}

impl Lint {
    pub(super) fn execute(self, terminal: Terminal) -> Outcome {
        let profile = match &self.profile {
            None => Profile::default(),
            Some(path) => wardline_config::load_profile(path).map_err(Hl7Error::Profile)?,
        };
        let (mut messages, mut odd) = (0_usize, 0_usize);
        let exit = each_message(&self.files, self.reading, terminal, |place, message| {
            messages += 1;
            let finding = finding(place.file, place.number, message, &profile);
            odd += usize::from(!finding.is_clean());
            finding.show(terminal)
        })?;
        if !terminal.json {
            terminal.line(format!("{messages} messages, {odd} with something unusual"))?;
        }
        Ok(if self.strict && odd > 0 && exit == Exit::Ok { Exit::Failed } else { exit })
    }
}

fn finding(file: &Path, number: usize, message: &Message, profile: &Profile) -> Finding {
    let violations = profile.check(message).map(|violation| ViolationJson {
        rule: violation.rule.id.clone(),
        path: violation.path.to_string(),
        code: violation.code.number(),
        text: violation.rule.demand.complaint(),
    });
    Finding {
        file: file.display().to_string(),
        message: number,
        lints: message.lints().iter().map(wardline_hl7::Lint::as_str).collect(),
        violations: violations.collect(),
    }
}

impl Finding {
    fn is_clean(&self) -> bool {
        self.lints.is_empty() && self.violations.is_empty()
    }

    fn show(&self, terminal: Terminal) -> Result<(), TerminalError> {
        if terminal.json {
            return terminal.value(self);
        }
        let Self { file, message, .. } = self;
        for lint in &self.lints {
            terminal.line(format!("{file}, message {message}: {lint}"))?;
        }
        for ViolationJson { rule, path, text, .. } in &self.violations {
            terminal.line(format!("{file}, message {message}: {path} {text} (rule {rule})"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_finding_names_lints_and_rules_and_no_value() {
        let message =
            Message::parse(Bytes::from_static(b"MSH|^~\\&|A\nPID|1||||SECRET\n")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("adt.toml");
        std::fs::write(&path, "[[rules]]\nid = \"no-name\"\nforbid = \"PID-5\"\n").unwrap();
        let profile = wardline_config::load_profile(&path).unwrap();
        let finding = finding(Path::new("a.hl7"), 2, &message, &profile);
        assert!(!finding.is_clean());
        assert_eq!(
            serde_json::to_string(&finding).unwrap(),
            r#"{"file":"a.hl7","message":2,"lints":["lf-ends"],"violations":[{"rule":"no-name","path":"PID-5","code":102,"text":"must be empty"}]}"#
        );
    }
}
