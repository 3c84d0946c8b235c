//! An account as people read it.

use super::super::super::failure::TerminalError;
use super::super::super::hl7::diff::Difference;
use super::super::super::terminal::Terminal;
use super::{Account, Reached, Refused, StepTaken};

impl Account {
    /// Prints it.
    pub(in super::super) fn show(&self, terminal: Terminal) -> Result<(), TerminalError> {
        if terminal.json {
            return terminal.value(self);
        }
        terminal.line(format!("message       {}", self.message))?;
        terminal.line(format!("listener      {}", self.listener))?;
        for rule in &self.rules {
            match &rule.told {
                None => terminal.line(format!("rule          {}: true", rule.name))?,
                Some(told) => terminal.line(format!("rule          {}: {told}", rule.name))?,
            }
        }
        for handler in &self.handlers {
            terminal.line(format!("handler       {handler}: would be asked"))?;
        }
        for route in &self.routes {
            let verdict = route.because.as_deref().unwrap_or("takes it");
            terminal.line(format!("route         {}: {verdict}", route.id))?;
        }
        for one in &self.destinations {
            one.show(terminal)?;
        }
        if let Some(Refused { code, text, .. }) = &self.refused {
            terminal.line(format!("refused       {code}: {text}"))?;
        }
        if let Some(kept) = self.kept {
            terminal.line(format!("kept          {kept}"))?;
        }
        if self.answers.is_empty() {
            terminal.line("answer        none is due")?;
        }
        for answer in &self.answers {
            for (segment, number) in answer.iter().zip(0..) {
                let label = if number == 0 { "answer        " } else { "              " };
                terminal.line(format!("{label}{segment}"))?;
            }
        }
        Ok(())
    }
}

impl Reached {
    fn show(&self, terminal: Terminal) -> Result<(), TerminalError> {
        let Self { id, route, kept_from, steps } = self;
        if let Some(why) = kept_from {
            return terminal.line(format!("destination   {id}: not this one, {why}"));
        }
        let how = if steps.is_empty() { "as it came" } else { "changed" };
        terminal.line(format!("destination   {id}: by {route}, {how}"))?;
        for StepTaken { step, differences } in steps {
            terminal.line(format!("  step        {step}"))?;
            for Difference { path, left, right, .. } in differences {
                let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "·".to_owned());
                let (left, right) = (side(left), side(right));
                terminal.line(format!("    {path:<12}{left}  →  {right}"))?;
            }
        }
        Ok(())
    }
}
