//! The folder's disk as the watcher asks it: on threads that may block, once or until it does what it is asked, and
//! with its refusals in the log. No file is named there (PHI-1).

use std::io;
use std::sync::Arc;
use std::time::Duration;

use wardline_config::WatchedFolder;
use wardline_flow::ListenerId;

use super::{Inbox, rest};
use crate::drain::Drain;

/// How long the disk rests that would not move a file or show the folder: somebody has to make room or give a right.
const DISK_PAUSE: Duration = Duration::from_secs(5);

/// A folder, and what its disk last refused.
pub(super) struct Disk {
    inbox: Arc<Inbox>,
    listener: ListenerId,
    drain: Drain,
    /// What the disk refused last, told once.
    trouble: Option<io::ErrorKind>,
}

impl Disk {
    pub(super) fn new(inbox: Inbox, listener: ListenerId, drain: Drain) -> Self {
        Self { inbox: Arc::new(inbox), listener, drain, trouble: None }
    }

    pub(super) fn settings(&self) -> &WatchedFolder {
        self.inbox.settings()
    }

    /// Works on the disk on a thread that may block.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inbox) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let inbox = Arc::clone(&self.inbox);
        let done = tokio::task::spawn_blocking(move || work(&inbox)).await;
        done.unwrap_or_else(|fault| Err(io::Error::other(fault)))
    }

    /// Asks the disk once.
    pub(super) async fn try_once<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Inbox) -> io::Result<T> + Send + 'static,
    ) -> Option<T> {
        let done = self.work(work).await;
        self.told(done)
    }

    /// Asks the disk until it does it, or the engine ends.
    pub(super) async fn insist<T: Send + 'static>(
        &mut self,
        work: impl Fn(&Inbox) -> io::Result<T> + Send + Sync + 'static,
    ) -> Option<T> {
        let work = Arc::new(work);
        loop {
            let again = Arc::clone(&work);
            let done = self.try_once(move |inbox| again(inbox)).await;
            if done.is_some() || self.drain.is_draining() {
                return done;
            }
            rest(DISK_PAUSE, self.drain.clone()).await;
        }
    }

    /// What the disk gave. What it refuses is told once, and its end too.
    fn told<T>(&mut self, done: io::Result<T>) -> Option<T> {
        let listener = &self.listener;
        let trouble = done.as_ref().err().map(io::Error::kind);
        if trouble != self.trouble {
            if let Some(reason) = trouble {
                tracing::error!(%listener, %reason, "the folder cannot be worked on");
            } else {
                tracing::info!(%listener, "the folder can be worked on again");
            }
            self.trouble = trouble;
        }
        done.ok()
    }
}
