//! File systems of a test's own, for the superuser: a small ext4 whose disk is a file, a small tmpfs.
//!
//! ```text
//!   folder ── ext4 ── loop device ── image (a file): what the disk holds when the power is cut
//!   folder ── tmpfs of a few MiB: full after a few messages
//! ```

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::site::Site;
use crate::wait;

/// A mounted file system. Dropping it unmounts it, whatever the test came to.
pub struct Volume {
    folder: TempDir,
    device: Option<String>,
}

/// What has gone to a device so far; equal twice and at rest = nothing was written in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    requests: u64,
    sectors: u64,
    under_way: u64,
}

/// Makes an ext4 of so many bytes in a new file. Everything is laid out now, not by the kernel behind the test's back.
pub fn format(image: &Path, bytes: u64) {
    let file = std::fs::File::create(image).expect("a writable folder");
    file.set_len(bytes).expect("a sparse file");
    let now = "lazy_itable_init=0,lazy_journal_init=0".as_ref();
    run("mkfs.ext4", ["-q".as_ref(), "-F".as_ref(), "-E".as_ref(), now, image.as_os_str()]);
}

impl Volume {
    /// Mounts the ext4 in `image`.
    pub fn ext4(image: &Path) -> Self {
        let device = run("losetup", ["--find".as_ref(), "--show".as_ref(), image.as_os_str()]);
        let volume = Self { folder: folder(), device: Some(device.trim().to_owned()) };
        let device = volume.device.as_deref().unwrap_or_default();
        run("mount", [OsStr::new(device), volume.path().as_os_str()]);
        volume
    }

    /// Mounts a tmpfs of so many bytes.
    pub fn tmpfs(bytes: u64) -> Self {
        let volume = Self { folder: folder(), device: None };
        let size = format!("size={bytes}");
        let tmpfs = ["-t", "tmpfs", "-o", &size, "tmpfs"].map(OsStr::new);
        run("mount", tmpfs.into_iter().chain([volume.path().as_os_str()]));
        volume
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Makes the site's data folder one on this file system.
    pub fn put_under(&self, site: &Site) {
        let link = site.folder().join("data");
        let _there_was_none = std::fs::remove_file(&link);
        let folder = self.path().join("data");
        std::fs::create_dir_all(&folder).expect("a writable file system");
        std::os::unix::fs::symlink(folder, link).expect("a writable folder");
    }

    /// Bytes that may still be written.
    pub fn free(&self) -> u64 {
        let space = rustix::fs::statvfs(self.path()).expect("a mounted file system");
        space.f_bavail * space.f_frsize
    }

    /// Bytes its files take: what `du` shows.
    pub fn used(&self) -> u64 {
        let space = rustix::fs::statvfs(self.path()).expect("a mounted file system");
        (space.f_blocks - space.f_bfree) * space.f_frsize
    }

    /// What has gone to its device, or `None` while something is on the way there.
    pub fn at_rest(&self) -> Option<Written> {
        let name = Path::new(self.device.as_deref()?).file_name()?.to_owned();
        let path = PathBuf::from("/sys/block").join(name).join("stat");
        let text = std::fs::read_to_string(path).expect("the device's figures");
        let figures: Vec<u64> = text.split_whitespace().filter_map(|n| n.parse().ok()).collect();
        let written = Written { requests: figures[4], sectors: figures[6], under_way: figures[8] };
        (written.under_way == 0).then_some(written)
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let path = self.path().to_owned();
        let unmounted = wait::within(wait::DEADLINE / 10, || {
            let umount = Command::new("umount").arg(&path).output();
            umount.is_ok_and(|output| output.status.success()).then_some(())
        });
        if unmounted.is_none() {
            eprintln!("{} is still in use: it goes when its last file is closed", path.display());
            let _best_effort = Command::new("umount").arg("--lazy").arg(&path).status();
        }
        if let Some(device) = &self.device {
            let _best_effort = Command::new("losetup").arg("--detach").arg(device).status();
        }
    }
}

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

/// What the program printed. Panics with what it complained about.
fn run<'a>(program: &str, arguments: impl IntoIterator<Item = &'a OsStr>) -> String {
    let output = Command::new(program).args(arguments).output().expect(program);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {complaint}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
