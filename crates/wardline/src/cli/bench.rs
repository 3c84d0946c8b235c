//! `wardline bench`: what this machine's disk and network allow, and how much of it the engine reaches.
//!
//! The engine runs as it would run anywhere, in a process of its own; the load comes from this process, on the same
//! cores. Every figure of the engine stands beside a reference that was measured in the same minute.

mod child;
mod echo;
mod end_to_end;
mod engine;
mod error;
mod idle;
mod keys;
mod load;
mod message;
mod page;
mod pair;
mod process;
mod report;
mod row;
mod seat;
mod sink;
mod site;
mod tls;
mod work;

use std::fs;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget};

use self::error::BenchError;
use self::report::Report;
use self::work::Effort;
use super::Invocation;
use super::exit::Exit;
use super::failure::Outcome;

/// Measure this machine and the engine on it. Takes a minute or two.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Where files are written and syncs are measured: a folder on the disk that is to carry the store.
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// How long each turn of each measurement lasts.
    #[arg(long, value_name = "N", default_value = "2")]
    seconds: NonZeroU64,
    /// How often each pair is measured; the medians count.
    #[arg(long, value_name = "N", default_value = "3")]
    turns: NonZeroU32,
    /// Measure only this; may be given several times.
    #[arg(long, value_name = "WORK", value_enum)]
    only: Vec<Work>,
    /// Be the bare echo that is measured against.
    #[arg(long, hide = true)]
    echo: bool,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Work {
    /// Syncs of the disk.
    Disk,
    /// Receive without storing, 600 B.
    Receive,
    /// Receive without storing, 100 KB.
    ReceiveLarge,
    /// Durable receive on one connection.
    Durable1,
    /// Durable receive on 16 connections.
    Durable16,
    /// Durable receive on 128 connections.
    Durable128,
    /// Durable receive on 128 connections over TLS, beside the same in the clear.
    Tls,
    /// Delivery in one lane.
    Lane,
    /// Delivery by key to a slow peer, beside one line.
    Keys,
    /// Receive, store, route, deliver: plainly, and with rules and a transform.
    EndToEnd,
    /// Answers of an engine of whose ten destinations one is dead.
    DeadDestination,
    /// Durable receive with the history and open pages, beside the same with neither.
    Watched,
    /// Memory, start-up, idle connections.
    Idle,
    /// Receive and start with a million messages waiting. Only when it is named: filling the queue takes long.
    Queued,
    /// The page over 500 interfaces and a million messages, and ten minutes of its streams. Only when it is named.
    Seat,
}

impl Bench {
    /// Measures and prints.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        if self.echo {
            echo::serve().map_err(BenchError::Network)?;
            return Ok(Exit::Ok);
        }
        let folder = Folder::make(&self.dir)?;
        let effort = Effort {
            folder: &folder.0,
            turn: Duration::from_secs(self.seconds.get()),
            turns: self.turns.get(),
        };
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let mut report = Report::new();
        for work in Work::value_variants() {
            if self.only.contains(work) || (self.only.is_empty() && !work.takes_long()) {
                bar.set_message(work.name());
                bar.tick();
                work.measure(&effort, &mut report)?;
            }
        }
        bar.finish_and_clear();
        report.print(invocation.terminal)?;
        Ok(Exit::Ok)
    }
}

impl Work {
    /// Whether it is done only when it is named.
    fn takes_long(self) -> bool {
        matches!(self, Self::Queued | Self::Seat)
    }

    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    fn measure(self, effort: &Effort<'_>, report: &mut Report) -> Result<(), BenchError> {
        match self {
            Self::Disk => report.syncs(effort.syncs()?),
            Self::Receive => report.row(effort.receive(false)?),
            Self::ReceiveLarge => report.row(effort.receive(true)?),
            Self::Durable1 => report.row(effort.durable(1, 0.7)?),
            Self::Durable16 => report.row(effort.durable(16, 0.7)?),
            Self::Durable128 => report.row(effort.durable(128, 0.4)?),
            Self::Tls => report.row(effort.tls()?),
            Self::Lane => report.row(effort.lane()?),
            Self::Keys => report.row(effort.keys()?),
            Self::EndToEnd => effort.end_to_end()?.into_iter().for_each(|row| report.row(row)),
            Self::DeadDestination => report.row(effort.dead_destination()?),
            Self::Watched => report.row(effort.watched()?),
            Self::Seat => report.seat(effort.seat()?),
            Self::Queued => {
                let (row, queued) = effort.queued()?;
                report.row(row);
                report.queued(queued);
            }
            Self::Idle => report.idle(idle::measure(effort)?),
        }
        Ok(())
    }
}

/// A folder of our own below the one named; it goes with us.
struct Folder(PathBuf);

impl Folder {
    fn make(below: &PathBuf) -> Result<Self, BenchError> {
        let unusable = |source| BenchError::Folder { folder: below.clone(), source };
        let below = fs::canonicalize(below).map_err(unusable)?;
        let folder = below.join(format!("wardline-bench-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(unusable)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _left_behind = fs::remove_dir_all(&self.0);
    }
}
