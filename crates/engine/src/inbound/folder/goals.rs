//! Where the files of a folder go, and that nobody takes them from there again.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use thiserror::Error;
use wardline_config::{WatchedFolder, WhenDone};
use wardline_flow::ListenerId;

/// The folders of one listener, as they are on the disk: whatever link leads to them.
pub(super) struct Goals {
    watched: Place,
    in_hand: Place,
    /// Where files go in the end.
    named: Vec<(PathBuf, Place)>,
}

/// A folder by what it is, not by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    device: u64,
    inode: u64,
}

/// Why files cannot go where the listener says.
#[derive(Debug, Error)]
enum NoGoal {
    #[error("what goes to {} would be taken again: it is the folder itself", .0.display())]
    Watched(PathBuf),
    #[error("what goes to {} would be taken again: it is where files are in hand", .0.display())]
    InHand(PathBuf),
    #[error("what goes to {} would be taken again: listener {other} watches it", goal.display())]
    WatchedBy { goal: PathBuf, other: ListenerId },
}

impl Goals {
    /// Of a folder that is there; what is missing of the others is made.
    pub(super) fn make(settings: &WatchedFolder, taken: &Path) -> io::Result<Self> {
        let (watched, in_hand) = (Place::of(&settings.path)?, Place::made(taken)?);
        let paths: &[&PathBuf] = match settings.when_done {
            WhenDone::Move => &[&settings.failed, &settings.done],
            WhenDone::Delete => &[&settings.failed],
        };
        let mut named = Vec::with_capacity(paths.len());
        for &path in paths {
            let place = Place::made(path)?;
            if place == watched {
                return Err(NoGoal::Watched(path.clone()).into());
            }
            if place == in_hand {
                return Err(NoGoal::InHand(path.clone()).into());
            }
            named.push((path.clone(), place));
        }
        let is_elsewhere = |place: &Place| place.device != watched.device;
        if is_elsewhere(&in_hand) || named.iter().any(|(_, place)| is_elsewhere(place)) {
            return Err(ErrorKind::CrossesDevices.into());
        }
        Ok(Self { watched, in_hand, named })
    }

    /// That no file of this folder goes to where another listener takes it again.
    pub(super) fn are_apart_from(&self, other: &Self, listener: &ListenerId) -> io::Result<()> {
        let leads_there = |place: &Place| [other.watched, other.in_hand].contains(place);
        match self.named.iter().find(|(_, place)| leads_there(place)) {
            Some((goal, _)) => {
                let (goal, other) = (goal.clone(), listener.clone());
                Err(NoGoal::WatchedBy { goal, other }.into())
            }
            None => Ok(()),
        }
    }
}

impl Place {
    fn of(folder: &Path) -> io::Result<Self> {
        let there = fs::metadata(folder)?;
        Ok(Self { device: there.dev(), inode: there.ino() })
    }

    /// Of a folder that is made where it is missing.
    fn made(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Self::of(folder)
    }
}

impl From<NoGoal> for io::Error {
    fn from(no_goal: NoGoal) -> Self {
        Self::new(ErrorKind::InvalidInput, no_goal)
    }
}
