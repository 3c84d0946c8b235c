//! The power is cut under load, and the disk fails under load: what was acknowledged is delivered.
//!
//! Needs the superuser and loop devices. The number of cuts is `WARDLINE_POWER_CUTS` (default 6), the seed
//! `WARDLINE_SEED`; both are printed. `docs/durability.md` says what this shows, and what it cannot.

use libtest_mimic::{Arguments, Trial};

mod cut;
mod disk;
mod failure;
mod load;
mod promise;

fn main() -> std::process::ExitCode {
    let mut trials: Vec<Trial> = cut::trials();
    trials.extend(failure::trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
