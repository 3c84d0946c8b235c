//! What the project ships, run as it is: its programs, and its configurations but for the addresses in them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use wardline_tests::site::Site;
use wardline_tests::wait;

use crate::ours::PROGRAM;

/// Test machines have less free space than hospitals.
const STORE: &str = "\n[store]\nmin_free = \"1MiB\"\nsegment_size = \"4MiB\"\n";

/// A file of the project.
pub(crate) fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The text of a file of the project.
pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(file(path)).expect("a file of the project")
}

/// The `wardline` program, which `cargo test --workspace` builds.
pub(crate) fn wardline() -> PathBuf {
    built(&Path::new(PROGRAM).with_file_name("wardline"))
}

/// The program of an example, which `cargo test --workspace` builds.
pub(crate) fn example(name: &str) -> PathBuf {
    built(&Path::new(PROGRAM).with_file_name("examples").join(name))
}

fn built(program: &Path) -> PathBuf {
    assert!(program.is_file(), "{} is built by: cargo test --workspace", program.display());
    program.to_owned()
}

/// A site run by `program` with a configuration of the project. Each pair is a text that stands in it and what the
/// test needs in its place.
pub(crate) fn site(program: PathBuf, configuration: &str, changes: &[(&str, &str)]) -> Site {
    let mut ours = text(configuration);
    for (from, to) in changes {
        assert!(ours.contains(from), "{configuration} has no {from}");
        ours = ours.replace(from, to);
    }
    ours.push_str(STORE);
    Site::new(program, &ours)
}

/// Runs a command of the site's program on the site's configuration.
pub(crate) fn command(site: &Site, arguments: &[&str]) -> Output {
    site.command(arguments.iter().copied().chain(["--config", "wardline.toml"]))
}

/// What a command printed, once it has ended well.
pub(crate) fn printed(output: &Output) -> String {
    let (data, talk) = (&output.stdout, &output.stderr);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(talk));
    String::from_utf8(data.clone()).expect("text")
}

/// Waits for a file below a folder, whatever the folders between are called, and returns its bytes.
pub(crate) fn arrived(folder: &Path, name: &str) -> Vec<u8> {
    wait::until(&format!("{name} below {}", folder.display()), || find(folder, name))
}

/// The bytes of a file below a folder.
pub(crate) fn find(folder: &Path, name: &str) -> Option<Vec<u8>> {
    fs::read_dir(folder).ok()?.flatten().find_map(|entry| match entry.path() {
        path if path.is_dir() => find(&path, name),
        path if entry.file_name() == name => fs::read(path).ok(),
        _ => None,
    })
}
