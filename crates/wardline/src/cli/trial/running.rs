//! `wardline try --running` and `--message`: what the running engine would do, by the configuration that it goes by.

use wardline_engine::control::protocol::{Request, Response, ToTry};

use super::super::Invocation;
use super::super::exit::Exit;
use super::super::failure::Outcome;
use super::super::hl7::payloads;
use super::super::reach::{Reach, ReachError, operator};
use super::Try;
use super::show::show;

impl Try {
    /// Asks the engine for the account of each message.
    pub(super) fn ask_the_engine(&self, invocation: &Invocation) -> Outcome {
        let mut reach = Reach::running(invocation)?;
        let asked = match self.message {
            Some(message) => vec![ToTry::Message(message)],
            None => payloads(&self.file)?.into_iter().map(ToTry::Payload).collect(),
        };
        let (mut exit, mut is_first) = (Exit::Ok, true);
        for what in asked {
            let (by, reason) = (operator(), String::new());
            let request = Request::Try { listener: self.listener.clone(), what, by, reason };
            let Response::Tried(tried) = reach.ask(&request)? else {
                return Err(ReachError::Unexpected.into());
            };
            for account in &tried.accounts {
                if !account.is_taken() {
                    exit = Exit::Failed;
                }
                if !std::mem::take(&mut is_first) && !invocation.terminal.json {
                    invocation.terminal.line("")?;
                }
                show(account, invocation.terminal)?;
            }
            if tried.left_out > 0 {
                let left_out = tried.left_out;
                invocation.terminal.talk(format!("{left_out} more messages were not tried"));
            }
        }
        Ok(exit)
    }
}
