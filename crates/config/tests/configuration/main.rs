//! Configurations as their owners write them: right ones, wrong ones, and the files that this project ships.

mod admin;
mod answering;
mod anything;
mod certain;
mod comparing;
mod environment;
mod folders;
mod mistakes;
mod reference;
mod roles;
mod rules;
mod schema;
mod sending;
mod shipped;
mod show;
mod sound;
mod sources;
mod tls;
mod web;

use std::fs;

use tempfile::TempDir;
use wardline_config::{Faults, Loaded, load};

/// The handlers of the program that reads these configurations.
const HANDLERS: &[&str] = &["lab-gate", "deduplicate"];

/// Files in a folder of their own; the first is the main one.
struct Site {
    folder: TempDir,
    main: String,
}

impl Site {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        Self { folder, main: files.first().map_or("absent.toml", |(name, _)| name).to_owned() }
    }

    fn load(&self, environment: &[(&str, &str)]) -> Result<Loaded, Faults> {
        let look_up = |wanted: &str| {
            environment
                .iter()
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| (*value).to_owned())
        };
        load(&self.folder.path().join(&self.main), &look_up, HANDLERS)
    }

    /// The text with the folder's own name taken out.
    fn portable(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.folder.path().display()), "")
    }
}

/// One main file with a version, and this in it.
fn site(text: &str) -> Site {
    Site::new(&[("wardline.toml", &format!("version = 1\n{text}"))])
}
