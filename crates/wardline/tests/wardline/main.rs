//! The library and the program as somebody meets them who depends on this crate alone.
//!
//! What it takes a running engine to show stands in the package `wardline-tests`. Its tests use the `wardline` program,
//! which cargo builds because this test is here.

#[expect(dead_code, reason = "an example's main belongs to the example; here its own tests run")]
#[path = "../../../../examples/enrich/main.rs"]
mod enrich;
mod rehearsing;

use std::process::{Command, Output};

fn wardline(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wardline")).args(arguments).output().expect("the program")
}

#[test]
fn the_program_tells_its_version() {
    let told = wardline(&["--version"]);
    assert!(told.status.success());
    let text = String::from_utf8(told.stdout).expect("text");
    assert_eq!(text.trim_end(), format!("wardline {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_command_that_is_not_one_ends_with_2() {
    assert_eq!(wardline(&["fly"]).status.code(), Some(2));
}
