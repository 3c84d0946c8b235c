//! kill -9 under load, aimed: what was acknowledged is delivered, whole and in order.
//!
//! - [`kill`]: the lives and deaths, and what is held against what the sinks got.
//! - [`aim`]: at which moments kills fall. [`ambush`]: how a sender or a sink kills at its own moment.
//!   [`folder`], [`journal`]: how a moment inside the store is seen from outside.
//! - [`replay`]: a replay that goes on from one life to the next. [`moving`]: a queue that goes to another destination.
//! - [`load`]: the senders. [`received`]: what a sink got.
//!
//! The engine has no hooks for this: it is watched, not asked. The number of kills is `WARDLINE_CRASH_KILLS` (default
//! 12, two of each aim), of replayed messages `WARDLINE_REPLAYED` (default 4,000), the seed `WARDLINE_SEED`; they are printed,
//! and how often each aim was hit.

use libtest_mimic::Arguments;

mod aim;
mod ambush;
mod folder;
mod journal;
mod kill;
mod load;
mod moving;
mod received;
mod replay;

fn main() -> std::process::ExitCode {
    let mut trials = kill::trials();
    trials.extend(replay::trials());
    trials.extend(moving::trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
