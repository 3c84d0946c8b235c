//! An account as people read it.

use super::super::super::failure::TerminalError;
use super::super::super::printable;
use super::super::super::terminal::Terminal;
use super::super::request::RequestMade;
use super::super::trace::{Reached, RouteAsked, StepTaken};
use super::{Account, Emitted, Refused};

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
            let is_asked = if self.asked.contains(handler) { "asked" } else { "would be asked" };
            terminal.line(format!("handler       {handler}: {is_asked}"))?;
        }
        way(&self.routes, &self.destinations, terminal)?;
        for Emitted { message, routes, destinations, kept } in &self.emitted {
            terminal.line(format!("emitted       {message}"))?;
            way(routes, destinations, terminal)?;
            if let Some(kept) = kept {
                terminal.line(format!("kept          {kept}"))?;
            }
        }
        if let Some(Refused { code, text, .. }) = &self.refused {
            terminal.line(format!("refused       {code}: {text}"))?;
        }
        if let Some(kept) = self.kept {
            terminal.line(format!("kept          {kept}"))?;
        }
        self.show_answers(terminal)
    }

    fn show_answers(&self, terminal: Terminal) -> Result<(), TerminalError> {
        for answer in &self.answers {
            for (segment, number) in answer.iter().zip(0..) {
                let label = if number == 0 { "answer        " } else { "              " };
                terminal.line(format!("{label}{segment}"))?;
            }
        }
        match &self.answered_by {
            Some(destination) => terminal.line(format!("answer        what {destination} answers")),
            None if self.answers.is_empty() => terminal.line("answer        none is due"),
            None => Ok(()),
        }
    }
}

fn way(
    routes: &[RouteAsked],
    destinations: &[Reached],
    terminal: Terminal,
) -> Result<(), TerminalError> {
    for route in routes {
        let verdict = route.because.as_deref().unwrap_or("takes it");
        terminal.line(format!("route         {}: {verdict}", route.id))?;
    }
    destinations.iter().try_for_each(|one| one.show(terminal))
}

impl Reached {
    fn show(&self, terminal: Terminal) -> Result<(), TerminalError> {
        let Self { id, route, kept_from, is_answer, is_changed, steps, request } = self;
        if let Some(why) = kept_from {
            return terminal.line(format!("destination   {id}: not this one, {why}"));
        }
        if *is_answer {
            return terminal.line(format!("destination   {id}: the application's answer"));
        }
        let how = if *is_changed { "changed" } else { "as it came" };
        terminal.line(format!("destination   {id}: by {route}, {how}"))?;
        for StepTaken { step, differences } in steps {
            terminal.line(format!("  step        {step}"))?;
            for difference in differences {
                terminal.line(format!("    {}", difference.painted("·")))?;
            }
        }
        let Some(RequestMade { head, body }) = request else { return Ok(()) };
        let lines = head.iter().cloned().chain(printable::lines(body.as_bytes()));
        for (line, number) in lines.zip(0..) {
            let label = if number == 0 { "  sends       " } else { "              " };
            terminal.line(format!("{label}{line}"))?;
        }
        Ok(())
    }
}
