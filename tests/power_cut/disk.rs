//! The disk a site stands on, and the moment its power is cut.
//!
//! The image is what the device was given. Pages of the mounted file system that were never written out are not in it:
//! a copy of it, made while the engine stands still, is the disk after the cut.

use std::path::PathBuf;

use tempfile::TempDir;
use wardline_tests::site::Site;
use wardline_tests::volume::{self, Volume};
use wardline_tests::wait;

/// An ext4 in an image of its own.
pub(crate) struct Disk {
    /// Before the folder: it is unmounted before its image goes.
    volume: Volume,
    image: PathBuf,
    _folder: TempDir,
}

impl Disk {
    /// An empty one of so many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        let folder = folder();
        let image = folder.path().join("disk");
        volume::format(&image, bytes);
        Self { volume: Volume::ext4(&image), image, _folder: folder }
    }

    /// The disk as it is at this moment; whoever writes to it must stand still.
    ///
    /// A copy during which the kernel wrote something out mixes two moments, which no power cut does: it is made again.
    pub(crate) fn cut(&self) -> AfterCut {
        let folder = folder();
        let image = folder.path().join("disk");
        wait::until("a copy of the disk without a write in between", || {
            let before = self.volume.at_rest()?;
            std::fs::copy(&self.image, &image).expect("room for a copy of the disk");
            (self.volume.at_rest()? == before).then_some(())
        });
        AfterCut { image, folder }
    }

    /// Lets the site keep its store here.
    pub(crate) fn put_under(&self, site: &Site) {
        self.volume.put_under(site);
    }
}

/// A disk whose power was cut, not mounted yet.
pub(crate) struct AfterCut {
    image: PathBuf,
    folder: TempDir,
}

impl AfterCut {
    /// The power is back: the file system replays its journal.
    pub(crate) fn power_on(self) -> Disk {
        let Self { image, folder } = self;
        Disk { volume: Volume::ext4(&image), image, _folder: folder }
    }
}

fn folder() -> TempDir {
    TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder")
}
