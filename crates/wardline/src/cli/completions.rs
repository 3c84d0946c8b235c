//! `wardline completions`: what a shell needs to complete our commands.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::exit::Exit;
use super::failure::Outcome;
use super::{CommandLine, Invocation};

/// Print the completions for a shell.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    /// Prints the script on stdout.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        let mut command = CommandLine::command();
        let name = command.get_name().to_owned();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, name, &mut script);
        invocation.terminal.bytes(&script)?;
        Ok(Exit::Ok)
    }
}
