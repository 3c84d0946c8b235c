//! Wardline with clients and servers that nobody here wrote, in both directions.
//!
//! They share nothing with this project but the standard, so they find what our own peers, who have read the same
//! pages as the engine, cannot. `.ci/interop` installs them below `target/interop`; where one is missing its tests are
//! ignored with the reason, or fail with `WARDLINE_REQUIRE=all`.

use libtest_mimic::{Arguments, Trial};

mod foreign;
mod netcat;
mod node;
mod openapi;
mod python;

fn main() -> std::process::ExitCode {
    let mut trials: Vec<Trial> = Vec::new();
    trials.extend(netcat::trials());
    trials.extend(node::trials());
    trials.extend(python::trials());
    trials.extend(openapi::trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
