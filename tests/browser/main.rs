//! The page as operators meet it: a real browser, a real engine, and what is seen.

use libtest_mimic::{Arguments, Trial};

mod demo;
mod looks;
mod walk;

fn main() -> std::process::ExitCode {
    let mut trials: Vec<Trial> = Vec::new();
    trials.extend(looks::trials());
    trials.extend(walk::trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
