//! An account as people read it.

use wardline_engine::trial::{
    Account, Emitted, Reached, Refused, RequestMade, RouteAsked, StepTaken,
};

use super::super::failure::TerminalError;
use super::super::hl7::diff::painted;
use super::super::printable;
use super::super::terminal::Terminal;

/// Prints it.
pub(super) fn show(account: &Account, terminal: Terminal) -> Result<(), TerminalError> {
    if terminal.json {
        return terminal.value(account);
    }
    terminal.line(format!("message       {}", account.message))?;
    terminal.line(format!("listener      {}", account.listener))?;
    for rule in &account.rules {
        match &rule.told {
            None => terminal.line(format!("rule          {}: true", rule.name))?,
            Some(told) => terminal.line(format!("rule          {}: {told}", rule.name))?,
        }
    }
    for handler in &account.handlers {
        let is_asked = if account.asked.contains(handler) { "asked" } else { "would be asked" };
        terminal.line(format!("handler       {handler}: {is_asked}"))?;
    }
    way(&account.routes, &account.destinations, terminal)?;
    for Emitted { message, routes, destinations, kept } in &account.emitted {
        terminal.line(format!("emitted       {message}"))?;
        way(routes, destinations, terminal)?;
        if let Some(kept) = kept {
            terminal.line(format!("kept          {kept}"))?;
        }
    }
    if let Some(Refused { code, text, .. }) = &account.refused {
        terminal.line(format!("refused       {code}: {text}"))?;
    }
    if let Some(kept) = &account.kept {
        terminal.line(format!("kept          {kept}"))?;
    }
    answers(account, terminal)
}

fn answers(account: &Account, terminal: Terminal) -> Result<(), TerminalError> {
    for answer in &account.answers {
        for (segment, number) in answer.iter().zip(0..) {
            let label = if number == 0 { "answer        " } else { "              " };
            terminal.line(format!("{label}{segment}"))?;
        }
    }
    match &account.answered_by {
        Some(destination) => terminal.line(format!("answer        what {destination} answers")),
        None if account.answers.is_empty() => terminal.line("answer        none is due"),
        None => Ok(()),
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
    destinations.iter().try_for_each(|one| destination(one, terminal))
}

fn destination(reached: &Reached, terminal: Terminal) -> Result<(), TerminalError> {
    let Reached { id, route, kept_from, is_answer, is_changed, steps, request } = reached;
    if let Some(why) = kept_from {
        return terminal.line(format!("destination   {id}: not this one, {why}"));
    }
    if *is_answer {
        return terminal.line(format!("destination   {id}: the application's answer"));
    }
    let how = if *is_changed { "changed" } else { "as it came" };
    terminal.line(format!("destination   {id}: by {route}, {how}"))?;
    for StepTaken { step, differences, left_out } in steps {
        terminal.line(format!("  step        {step}"))?;
        for difference in differences {
            terminal.line(format!("    {}", painted(difference, "·")))?;
        }
        if *left_out > 0 {
            terminal.line(format!("    and {left_out} more"))?;
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
