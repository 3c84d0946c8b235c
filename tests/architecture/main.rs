//! Who may depend on whom, and what of the style a test can hold.

use libtest_mimic::Arguments;

mod actions;
mod conformance;
mod dependencies;
mod sources;

fn main() -> std::process::ExitCode {
    let mut trials = dependencies::trials();
    trials.extend(conformance::trials());
    trials.extend(sources::trials());
    trials.extend(actions::trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
