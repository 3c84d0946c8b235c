//! Results as people and programs read them.

use owo_colors::OwoColorize;
use serde::Serialize;

use super::super::failure::TerminalError;
use super::super::hl7::diff::painted;
use super::super::terminal::Terminal;
use super::compare::Mismatch;
use super::update::Updated;
use super::{Tested, Verdict};

/// A case as `--json` prints it, one a line.
#[derive(Serialize)]
struct Line<'a> {
    case: &'a str,
    passed: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    updated: &'a [Updated],
    mismatches: &'a [Mismatch],
    #[serde(skip_serializing_if = "Option::is_none")]
    unusable: Option<String>,
}

/// Tells of one case.
pub(super) fn one(tested: &Tested, terminal: Terminal) -> Result<(), TerminalError> {
    let name = &tested.case.name;
    if terminal.json {
        return terminal.value(&Line {
            case: name,
            passed: tested.verdict.is_good(),
            updated: tested.verdict.updated(),
            mismatches: tested.verdict.mismatches(),
            unusable: tested.verdict.unusable(),
        });
    }
    match &tested.verdict {
        Verdict::Passed => terminal.line(format!("{}      {name}", "ok".green())),
        Verdict::Updated(updated) => {
            terminal.line(format!("{} {name}: {}", "updated".yellow(), listed(updated)))
        }
        Verdict::Unusable(_) => {
            let why = tested.verdict.unusable().unwrap_or_default();
            terminal.line(format!("{}  {name}: {why}", "FAILED".red().bold()))
        }
        Verdict::Failed { mismatches, updated } => {
            terminal.line(format!("{}  {name}", "FAILED".red().bold()))?;
            if let Some(description) = tested.description() {
                terminal.line(format!("  {description}"))?;
            }
            mismatches.iter().try_for_each(|mismatch| show(mismatch, terminal))?;
            if updated.is_empty() {
                return Ok(());
            }
            terminal.line(format!("  {}: {}", "updated all the same".yellow(), listed(updated)))
        }
    }
}

fn listed(updated: &[Updated]) -> String {
    updated.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn show(mismatch: &Mismatch, terminal: Terminal) -> Result<(), TerminalError> {
    terminal.line(format!("  {}: {}", mismatch.of.to_string().bold(), mismatch.why))?;
    let mut differences = mismatch.differences.iter();
    differences.try_for_each(|one| terminal.line(format!("    {}", painted(one, "·"))))
}

/// Tells how many passed, for people.
pub(super) fn sum(tested: &[Tested], terminal: Terminal) -> Result<(), TerminalError> {
    if terminal.json {
        return Ok(());
    }
    let failed = tested.iter().filter(|one| !one.verdict.is_good()).count();
    let updated = tested.iter().filter(|one| matches!(one.verdict, Verdict::Updated(_))).count();
    let cases = if tested.len() == 1 { "case" } else { "cases" };
    let passed = tested.len() - failed - updated;
    let updated = if updated > 0 { format!(", {updated} updated") } else { String::new() };
    let failed = if failed > 0 { format!(", {failed} failed") } else { String::new() };
    terminal.line(format!("{} {cases}: {passed} passed{updated}{}", tested.len(), failed.red()))
}

impl Tested {
    /// What the case says of itself.
    fn description(&self) -> Option<String> {
        self.case.settings().ok()?.description
    }
}

impl Verdict {
    pub(super) fn mismatches(&self) -> &[Mismatch] {
        match self {
            Self::Failed { mismatches, .. } => mismatches,
            Self::Passed | Self::Updated(_) | Self::Unusable(_) => &[],
        }
    }

    /// Why it could not be tested, where it could not.
    pub(super) fn unusable(&self) -> Option<String> {
        match self {
            Self::Unusable(failed) => failed.told().map(|told| told.trim_end().to_owned()),
            Self::Passed | Self::Updated(_) | Self::Failed { .. } => None,
        }
    }

    fn updated(&self) -> &[Updated] {
        match self {
            Self::Updated(updated) | Self::Failed { updated, .. } => updated,
            Self::Passed | Self::Unusable(_) => &[],
        }
    }
}
