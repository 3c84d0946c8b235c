//! What can be wrong with access.

use std::io;
use std::path::PathBuf;

use super::password::{MAX_PASSWORD, MIN_PASSWORD};
use super::record::{MAX_TOKENS, MAX_USERS};
use super::users::MAX_NAME;

/// Why something about users or tokens was not done.
#[derive(Debug, thiserror::Error)]
pub enum AccessFault {
    /// A file could not be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is none of ours.
    #[error("{} is not understood", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// Where it is wrong.
        source: serde_json::Error,
    },
    /// It is of a later program.
    #[error("{} is of version {version}, which this program does not know", path.display())]
    Version {
        /// Which.
        path: PathBuf,
        /// What it says.
        version: u32,
    },
    /// The system gave no random bytes.
    #[error("the system gives no random bytes")]
    NoRandomness,
    /// argon2 could not be computed.
    #[error("the password could not be hashed")]
    Hashing,
    /// Not a name.
    #[error("a name has lower case letters, digits, `.`, `_`, `-` and `@`, at most {MAX_NAME}")]
    Name,
    /// The name is another's.
    #[error("the name is taken")]
    Taken,
    /// Nobody and nothing of that name.
    #[error("there is none of that name")]
    NotFound,
    /// Too short or too long.
    #[error("a password has {MIN_PASSWORD} characters or more, and at most {MAX_PASSWORD} bytes")]
    PasswordLength,
    /// Without him nobody could let anybody in.
    #[error("this is the last administrator who can sign in")]
    LastAdmin,
    /// Auditors look at people, not at patients.
    #[error("an auditor is never shown content")]
    AuditorContent,
    /// A token without a right is none.
    #[error("a token has at least one right")]
    NoRights,
    /// It would have ended already.
    #[error("a token ends in the future")]
    EndsInThePast,
    /// Nobody gives what he has not.
    #[error("a token has no right that its maker has not")]
    MoreThanOwn,
    /// So many there are.
    #[error("there are {MAX_USERS} users or {MAX_TOKENS} tokens already")]
    TooMany,
}
