//! What happens in the store's folder, as the kernel tells it at the moment it happens.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, Reader};
use rustix::io::Errno;

pub(crate) use rustix::fs::inotify::{ReadFlags as Happened, WatchFlags};

/// Room for some hundred events; the kernel keeps what does not fit.
const EVENTS: usize = 16 * 1024;

/// A folder that is watched.
pub(crate) struct Folder(OwnedFd);

impl Folder {
    /// From now on.
    pub(crate) fn watch(path: &Path, what: WatchFlags) -> Self {
        let watch = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).expect("inotify");
        inotify::add_watch(&watch, path, what).expect("a folder");
        Self(watch)
    }

    /// Shows `look` what happens, and to which file, until it returns something or `time` is over.
    pub(crate) fn wait<T>(
        &self,
        time: Duration,
        mut look: impl FnMut(Happened, &str) -> Option<T>,
    ) -> Option<T> {
        let deadline = Instant::now() + time;
        let mut buffer = [MaybeUninit::uninit(); EVENTS];
        let mut events = Reader::new(&self.0, &mut buffer);
        loop {
            match events.next() {
                Ok(event) => {
                    let name = event.file_name().map(|name| name.to_string_lossy());
                    let found = look(event.events(), name.as_deref().unwrap_or_default());
                    if found.is_some() {
                        return found;
                    }
                }
                Err(Errno::WOULDBLOCK) => {
                    let left = deadline.checked_duration_since(Instant::now())?;
                    let left = Timespec::try_from(left).expect("a short time");
                    let mut ready = [PollFd::new(&self.0, PollFlags::IN)];
                    poll(&mut ready, Some(&left)).expect("inotify can be waited for");
                }
                Err(error) => panic!("inotify: {error}"),
            }
        }
    }
}
