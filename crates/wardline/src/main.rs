//! The `wardline` binary: the command line with no handlers of its own.

use std::process::ExitCode;

use wardline::Wardline;

fn main() -> ExitCode {
    Wardline::new().main()
}
