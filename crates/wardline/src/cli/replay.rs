//! `wardline replay`: messages of the past sent in once more, as jobs that survive a restart.

mod show;
mod start;

use clap::{Args, Subcommand};
use wardline_engine::control::protocol::{ReplayRow, Request, Response};

use self::start::{Matching, Start};
use super::Invocation;
use super::exit::Exit;
use super::failure::Outcome;
use super::reach::{Reach, ReachError, operator};
use super::terminal::Terminal;

/// Send messages of the past in once more. The engine must run.
#[derive(Debug, Subcommand)]
pub(crate) enum Replay {
    Start(Start),
    Matching(Box<Matching>),
    /// The jobs, the newest first.
    List,
    /// One job with all that is known of it.
    Show {
        /// Its number.
        #[arg(value_name = "REPLAY")]
        job: u64,
    },
    /// Send nothing more of a job in until it is resumed.
    Pause(Stop),
    /// Go on with a job that is paused.
    Resume {
        /// Its number.
        #[arg(value_name = "REPLAY")]
        job: u64,
    },
    /// End a job where it stands. What it has sent in is delivered all the same.
    Cancel(Stop),
}

/// A job that is to stop.
#[derive(Debug, Args)]
pub(crate) struct Stop {
    /// Its number.
    #[arg(value_name = "REPLAY")]
    job: u64,
    /// Why, for whoever asks later: kept with your name.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Replay {
    /// Runs the command named.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        let terminal = invocation.terminal;
        let reach = &mut Reach::running(invocation)?;
        let by = operator();
        match self {
            Self::Start(start) => start.execute(reach, terminal),
            Self::Matching(matching) => matching.execute(reach, terminal),
            Self::List => {
                let replays = rows(reach, None)?;
                if terminal.json {
                    terminal.value(&Response::Replays { replays })?;
                } else {
                    show::table(&replays, terminal)?;
                }
                Ok(Exit::Ok)
            }
            Self::Show { job } => {
                for row in rows(reach, Some(job))? {
                    show::one(&row, terminal)?;
                }
                Ok(Exit::Ok)
            }
            Self::Pause(Stop { job, reason }) => {
                change(reach, terminal, &Request::ReplayPause { job, by, reason })
            }
            Self::Resume { job } => change(reach, terminal, &Request::ReplayResume { job, by }),
            Self::Cancel(Stop { job, reason }) => {
                change(reach, terminal, &Request::ReplayCancel { job, by, reason })
            }
        }
    }
}

fn rows(reach: &mut Reach, job: Option<u64>) -> Result<Vec<ReplayRow>, ReachError> {
    match reach.ask(&Request::Replays { job })? {
        Response::Replays { replays } => Ok(replays),
        _ => Err(ReachError::Unexpected),
    }
}

/// Asks for something that changes a job, and shows it afterwards.
fn change(reach: &mut Reach, terminal: Terminal, request: &Request) -> Outcome {
    let Response::Replay(row) = reach.ask(request)? else {
        return Err(ReachError::Unexpected.into());
    };
    if terminal.json {
        terminal.value(&Response::Replay(row))?;
    } else {
        show::table(&[*row], terminal)?;
    }
    Ok(Exit::Ok)
}
