//! kill -9 at random moments under load: what was acknowledged is delivered, whole and in order.
//!
//! The number of kills is `WARDLINE_CRASH_KILLS` (default 12), the seed `WARDLINE_SEED`; both are printed.

use libtest_mimic::Arguments;

mod kill;
mod load;

fn main() -> std::process::ExitCode {
    libtest_mimic::run(&Arguments::from_args(), kill::trials()).exit_code()
}
