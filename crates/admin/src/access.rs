//! Who may do what: users, their sessions, and tokens for programs.
//!
//! ```text
//! <data_dir>/access/           0700
//!   access.json                users and tokens, 0600; replaced as a whole, under `lock`
//!   lock                       held while access.json is changed, by the page or the command line
//!   setup-token                while there is no user, 0600
//! ```
//!
//! Passwords are kept as argon2id, tokens as their SHA-256; sessions are in memory only, and of their ids the SHA-256.
//! The page sees what the command line has changed at its next request: it looks at the file, not at a copy of its own.

mod attempts;
mod fault;
mod folder;
mod password;
mod record;
mod rights;
mod secret;
mod sessions;
mod setup;
mod tokens;
mod users;

pub(crate) use attempts::{Attempts, Paused, Place};
pub use fault::AccessFault;
pub use folder::AccessFolder;
pub use password::{HashedPassword, MIN_PASSWORD};
pub use record::Record;
pub use rights::{Right, Rights, Role};
pub(crate) use secret::{Digest, Secret, hex};
pub(crate) use sessions::{SessionRow, Sessions};
pub(crate) use setup::SetUp;
pub use tokens::{NewToken, Token};
pub use users::{NewUser, User, UserChange};
