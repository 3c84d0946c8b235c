//! The folder's disk as the watcher asks it: on threads that may block, once or until it does what it is asked, and
//! with its refusals in the log. No file is named there (PHI-1).

use std::io;
use std::sync::Arc;
use std::time::Duration;

use wardline_config::WatchedFolder;
use wardline_flow::ListenerId;

use super::inbox::InHand;
use super::trouble::Trouble;
use super::watch::Found;
use super::{Inbox, rest};
use crate::drain::Drain;

/// How long the disk rests that would not move a file or show the folder: somebody has to make room or give a right.
const DISK_PAUSE: Duration = Duration::from_secs(5);

/// A folder, and what its disk refuses.
pub(super) struct Disk {
    inbox: Arc<Inbox>,
    listener: ListenerId,
    drain: Drain,
    /// With the folder.
    folder: Trouble,
    /// With files that are to be taken: one that cannot be says nothing of the others.
    files: Trouble,
}

impl Disk {
    pub(super) fn new(inbox: Inbox, listener: ListenerId, drain: Drain) -> Self {
        let (folder, files) = (Trouble::default(), Trouble::default());
        Self { inbox: Arc::new(inbox), listener, drain, folder, files }
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

    /// What lies in the folder; `None` where that is not to be seen.
    pub(super) async fn list(&mut self) -> Option<Vec<Found>> {
        let listed = self.work(Inbox::list).await;
        let listener = &self.listener;
        match &listed {
            Ok(_) if self.folder.is_over() => {
                tracing::info!(%listener, "the folder can be worked on again");
            }
            Err(error) if self.folder.is_new(error.kind()) => {
                tracing::error!(%listener, reason = %error.kind(), "the folder cannot be worked on");
            }
            Ok(_) | Err(_) => {}
        }
        listed.ok()
    }

    /// Takes a file out of the folder; `None` where it is not to be had, now or at all.
    pub(super) async fn take(&mut self, found: Found) -> Option<InHand> {
        let taken = self.work(move |inbox| inbox.take(&found)).await;
        if let Err(error) = &taken
            && self.files.is_new(error.kind())
        {
            let listener = &self.listener;
            tracing::error!(%listener, reason = %error.kind(), "a file cannot be taken out of the folder");
        }
        taken.ok().flatten()
    }

    /// All files that were ready have had their turn.
    pub(super) fn end_round(&mut self) {
        if self.files.is_over_with_round() {
            let listener = &self.listener;
            tracing::info!(%listener, "no file is left that cannot be taken out of the folder");
        }
    }

    /// Asks the disk until it does it, or the engine ends.
    pub(super) async fn insist<T: Send + 'static>(
        &self,
        work: impl Fn(&Inbox) -> io::Result<T> + Send + Sync + 'static,
    ) -> Option<T> {
        let (work, listener) = (Arc::new(work), &self.listener);
        let mut trouble = Trouble::default();
        loop {
            let again = Arc::clone(&work);
            let error = match self.work(move |inbox| again(inbox)).await {
                Ok(done) => {
                    if trouble.is_over() {
                        tracing::info!(%listener, "the folder can be worked on again");
                    }
                    return Some(done);
                }
                Err(error) => error,
            };
            if trouble.is_new(error.kind()) {
                tracing::error!(%listener, reason = %error.kind(), "the folder cannot be worked on");
            }
            if self.drain.is_draining() {
                return None;
            }
            rest(DISK_PAUSE, self.drain.clone()).await;
        }
    }
}
