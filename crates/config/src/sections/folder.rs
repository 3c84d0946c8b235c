//! The keys of `[[listeners]]` of `kind = "file"` that say where its files lie and when one is taken.

use std::path::PathBuf;

use crate::diagnostic::{Diagnostic, Placed};
use crate::model::WatchedFolder;
use crate::reading::{Named, Section};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// As for a message: more than this may be more than one record of the store holds (1 GiB).
const FILE_SIZES: [u64; 2] = [KIB, 512 * MIB];

/// The folder, and where it is named; with a stand-in for a missing path, which is a fault.
pub(super) fn read(section: &mut Section<'_>) -> (Option<Placed<PathBuf>>, WatchedFolder) {
    let mut path: Option<Placed<PathBuf>> = section.require("path");
    if let Some(path) = &mut path {
        // What is written starts at the working directory. Where there is none, the data folder is at fault too.
        path.value = std::path::absolute(&path.value).unwrap_or_else(|_| path.value.clone());
    }
    let named = path.as_ref().map(|path| path.value.clone());
    if let Some(path) = &path {
        section.context().name(Named::Folder(path.value.clone()), &path.place);
    }
    let mut folder = WatchedFolder::new(named.unwrap_or_default());
    section.set("pattern", &mut folder.pattern);
    section.set("sort", &mut folder.sort);
    section.set("stable_for", &mut folder.stable_for);
    section.set("poll_every", &mut folder.poll_every);
    section.set_size("max_file_size", &mut folder.max_file_size, FILE_SIZES);
    section.set("when_done", &mut folder.when_done);
    read_below(section, "done", &folder.path, &mut folder.done);
    read_below(section, "failed", &folder.path, &mut folder.failed);
    (path, folder)
}

/// A folder that a file goes to: a relative one lies in the folder that it was taken from, and is never that one.
fn read_below(
    section: &mut Section<'_>,
    key: &'static str,
    watched: &std::path::Path,
    folder: &mut PathBuf,
) {
    section.set_as(key, folder, |named: PathBuf| watched.join(named));
    // By their parts: `.` and a `/` at the end are the folder itself.
    if let (true, Some(place)) =
        (folder.components().eq(watched.components()), section.place_of(key))
    {
        let fault = Diagnostic::fault(format!("`{key}` is the folder that is watched"));
        section.context().report(
            fault.at(&place).hint("its files would be taken again and again: name another"),
        );
    }
}
