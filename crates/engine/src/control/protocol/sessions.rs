//! Who is signed in at the page.

use serde::{Deserialize, Serialize};

/// One session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    /// What it is ended by; it opens nothing.
    pub id: String,
    /// Whose it is.
    pub user: String,
    /// From where he signed in.
    pub address: String,
    /// When.
    pub began: String,
    /// When he last looked at something.
    pub used: String,
}
