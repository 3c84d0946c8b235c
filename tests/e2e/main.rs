//! The engine as its users meet it: real sockets, a real store, a process of its own.
//!
//! One module per subject; each test is a sentence, and fails by telling which promise broke.

use libtest_mimic::Arguments;

mod answers;
mod deliveries;
mod framing;
mod handlers;
mod ours;

fn main() -> std::process::ExitCode {
    let trials = [answers::trials(), deliveries::trials(), framing::trials(), handlers::trials()];
    let trials = trials.into_iter().flatten().collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
