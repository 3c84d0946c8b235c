//! What a test needs of the machine it runs on.
//!
//! A missing need makes the test ignored, with the reason printed. With `WARDLINE_REQUIRE=all` it fails instead: a
//! build that promises to run everything must not skip in silence.

use std::path::PathBuf;

use libtest_mimic::{Completion, Failed, Trial};

/// Something that not every machine has.
#[derive(Debug, Clone, Copy)]
pub enum Need {
    /// The superuser: loop devices, mounts.
    Root,
    /// A program on the PATH.
    Tool(&'static str),
    /// The folder of synthetic messages: `WARDLINE_CORPUS`, by default `../shared/corpus` beside the project.
    Corpus,
    /// The server of `PostgreSQL` and its programs.
    Postgres,
    /// A file of the programs of other authors that `.ci/interop` installs below [`interop`].
    Interop(&'static str),
}

impl Need {
    fn missing(self) -> Option<String> {
        match self {
            Self::Root if rustix::process::geteuid().is_root() => None,
            Self::Root => Some("needs root".to_owned()),
            Self::Tool(name) if on_path(name) => None,
            Self::Tool(name) => Some(format!("needs the program {name}")),
            Self::Corpus if corpus().is_some() => None,
            Self::Corpus => Some("needs the corpus: set WARDLINE_CORPUS".to_owned()),
            Self::Postgres if crate::postgres::programs().is_some() => None,
            Self::Postgres => Some("needs PostgreSQL".to_owned()),
            Self::Interop(file) if interop().join(file).exists() => None,
            Self::Interop(file) => Some(format!("needs {file}: run .ci/interop")),
        }
    }
}

/// A test that runs everywhere.
pub fn trial(name: &'static str, test: fn()) -> Trial {
    trial_with(name, &[], test)
}

/// A test that needs something of the machine.
pub fn trial_with(name: &'static str, needs: &'static [Need], test: fn()) -> Trial {
    Trial::ignorable_test(name, move || {
        let missing: Vec<String> = needs.iter().filter_map(|need| need.missing()).collect();
        if missing.is_empty() {
            test();
            Ok(Completion::Completed)
        } else if requires_all() {
            Err(Failed::from(format!("WARDLINE_REQUIRE=all, but it {}", missing.join(", "))))
        } else {
            Ok(Completion::ignored_with(missing.join(", ")))
        }
    })
}

/// The corpus folder, if it is there.
pub fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("WARDLINE_CORPUS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus"),
        PathBuf::from,
    );
    folder.is_dir().then_some(folder)
}

/// Where `.ci/interop` installs the clients and servers of other authors.
pub fn interop() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/interop")
}

fn requires_all() -> bool {
    std::env::var("WARDLINE_REQUIRE").is_ok_and(|wanted| wanted == "all")
}

fn on_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// Names tests by their functions: `trials![a_sentence, another => [Need::Root]]`.
#[macro_export]
macro_rules! trials {
    ($($test:ident $(=> [$($need:expr),+])?),* $(,)?) => {
        vec![$($crate::trials!(@one $test $(, [$($need),+])?)),*]
    };
    (@one $test:ident) => {
        $crate::requirement::trial(concat!(module_path!(), "::", stringify!($test)), $test)
    };
    (@one $test:ident, [$($need:expr),+]) => {
        $crate::requirement::trial_with(
            concat!(module_path!(), "::", stringify!($test)), &[$($need),+], $test)
    };
}
