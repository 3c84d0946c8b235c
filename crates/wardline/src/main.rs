//! The `wardline` binary: the command line with no handlers of its own.
fn main() {}
