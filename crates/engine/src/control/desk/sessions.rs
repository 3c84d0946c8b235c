//! Who is signed in at the page, for whoever asks elsewhere: the page keeps its sessions itself, in memory.

use std::sync::{Arc, Weak};

use super::super::protocol::{Response, SessionRow};
use super::{Desk, DeskError};

/// A page that knows who is signed in.
pub trait SignedIn: Send + Sync {
    /// The sessions that live, the newest first.
    fn sessions(&self) -> Vec<SessionRow>;

    /// Ends one of them, as it is listed, because somebody says so. Whether there was one.
    fn end(&self, session: &str, by: &str) -> bool;
}

impl Desk {
    /// From here on this page is asked who is signed in, for as long as it lives.
    pub fn attend(&self, page: Weak<dyn SignedIn>) {
        let _one_page_an_engine = self.page.set(page);
    }

    pub(super) fn sessions(&self) -> Result<Response, DeskError> {
        Ok(Response::Sessions { sessions: self.page()?.sessions() })
    }

    pub(super) fn end_session(&self, session: &str, by: &str) -> Result<Response, DeskError> {
        let page = self.page()?;
        if page.end(session, by) {
            Ok(Response::Sessions { sessions: page.sessions() })
        } else {
            Err(DeskError::NoSuchSession)
        }
    }

    fn page(&self) -> Result<Arc<dyn SignedIn>, DeskError> {
        self.page.get().and_then(Weak::upgrade).ok_or(DeskError::NoPage)
    }
}
