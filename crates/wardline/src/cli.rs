//! The command line: one file for each command, and what they share.
//!
//! Data goes to stdout, talk to stderr ([`terminal`]); every command ends with one of the numbers of [`exit`]. What
//! looks at or changes queues goes through [`reach`] to the running engine, or to a stopped engine's store.

mod access;
mod amounts;
mod bench;
mod cases;
mod certificates;
mod check;
mod completions;
mod config;
mod configuration;
mod copies;
mod dead;
mod deliveries;
mod diff;
mod effect;
mod exit;
mod explain;
mod failure;
mod hl7;
mod init;
mod listen;
mod listener;
mod logs;
mod lookup;
mod message;
mod metrics;
mod peer_tls;
mod ping;
mod queue;
mod reach;
mod reload;
mod replay;
mod run;
mod send;
mod split;
mod status;
mod store;
mod store_errors;
mod table;
mod tail;
mod terminal;
mod tls;
mod token;
mod trial;
mod unique;
mod user;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use wardline_engine::Handlers;
use wardline_engine::events::Events;
use wardline_hl7::printable;

pub use self::exit::Exit;
use self::failure::Outcome;
use self::terminal::Terminal;

/// Wardline, an HL7 v2 interface engine.
#[derive(Debug, Parser)]
#[command(name = "wardline", version, about, max_term_width = 100)]
struct CommandLine {
    /// The configuration; it also tells where the running engine is reached. Without it, the environment where
    /// `WARDLINE_LISTENER_BIND` is set, else `config/wardline.toml`.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print data as JSON, one value a line, with stable keys.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    Run(run::Run),
    Check(check::Check),
    #[command(subcommand)]
    Config(config::Config),
    Try(trial::Try),
    Test(cases::Test),
    Diff(diff::Diff),
    Status(status::ShowStatus),
    Logs(logs::Logs),
    Metrics(metrics::Metrics),
    Send(send::Send),
    Listen(listen::Listen),
    Ping(ping::Ping),
    #[command(subcommand)]
    Queue(queue::Queue),
    #[command(subcommand)]
    Dead(dead::Dead),
    #[command(subcommand)]
    Copies(copies::Copies),
    #[command(subcommand)]
    Listener(listener::Listener),
    #[command(subcommand)]
    Replay(replay::Replay),
    #[command(subcommand)]
    Message(message::Message),
    Tail(tail::Tail),
    #[command(subcommand)]
    Hl7(hl7::Hl7),
    #[command(subcommand)]
    Lookup(lookup::Lookup),
    #[command(subcommand)]
    Store(store::Store),
    Reload(reload::Reload),
    #[command(subcommand)]
    Tls(tls::Tls),
    Explain(explain::Explain),
    #[command(subcommand)]
    User(user::User),
    #[command(subcommand)]
    Token(token::Token),
    Bench(bench::Bench),
    Completions(completions::Completions),
}

/// What every command is given.
pub(crate) struct Invocation {
    /// `--config`.
    pub(crate) config: Option<PathBuf>,
    /// Where to write.
    pub(crate) terminal: Terminal,
    /// The handlers this binary has.
    pub(crate) handlers: Handlers,
    /// Who hears what happens on connections.
    pub(crate) events: Events,
}

/// Reads the command line, does what it asks and tells what went wrong.
pub(crate) fn run(
    arguments: impl Iterator<Item = OsString>,
    handlers: Handlers,
    events: Events,
) -> Exit {
    let line = match CommandLine::try_parse_from(arguments) {
        Ok(line) => line,
        Err(message) => {
            // Help and version go to stdout and are no error; that nobody reads them is none either.
            let _nobody_reads = message.print();
            return if message.use_stderr() { Exit::Usage } else { Exit::Ok };
        }
    };
    let terminal = Terminal::of_process(line.json);
    let invocation = Invocation { config: line.config, terminal, handlers, events };
    match line.command.execute(&invocation) {
        Ok(exit) => exit,
        Err(failed) => {
            if let Some(text) = failed.told() {
                terminal.error(&text);
            }
            failed.exit()
        }
    }
}

impl Command {
    fn execute(self, invocation: &Invocation) -> Outcome {
        match self {
            Self::Init(init) => init.execute(invocation),
            Self::Run(run) => run.execute(invocation),
            Self::Check(check) => check.execute(invocation),
            Self::Config(config) => config.execute(invocation),
            Self::Try(try_out) => try_out.execute(invocation),
            Self::Test(test) => test.execute(invocation),
            Self::Diff(diff) => diff.execute(invocation),
            Self::Status(status) => status.execute(invocation),
            Self::Logs(logs) => logs.execute(invocation),
            Self::Metrics(metrics) => metrics.execute(invocation),
            Self::Send(send) => send.execute(invocation),
            Self::Listen(listen) => listen.execute(invocation),
            Self::Ping(ping) => ping.execute(invocation),
            Self::Queue(queue) => queue.execute(invocation),
            Self::Dead(dead) => dead.execute(invocation),
            Self::Copies(copies) => copies.execute(invocation),
            Self::Listener(listener) => listener.execute(invocation),
            Self::Replay(replay) => replay.execute(invocation),
            Self::Message(message) => message.execute(invocation),
            Self::Tail(tail) => tail.execute(invocation),
            Self::Lookup(lookup) => lookup.execute(invocation),
            Self::Store(store) => store.execute(invocation),
            Self::Hl7(hl7) => hl7.execute(invocation),
            Self::Reload(reload) => reload.execute(invocation),
            Self::Tls(tls) => tls.execute(invocation),
            Self::Explain(explain) => explain.execute(invocation),
            Self::User(user) => user.execute(invocation),
            Self::Token(token) => token.execute(invocation),
            Self::Bench(bench) => bench.execute(invocation),
            Self::Completions(completions) => completions.execute(invocation),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        CommandLine::command().debug_assert();
    }
}
