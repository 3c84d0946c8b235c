//! Users: who they are, and what they may do.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AccessFault, HashedPassword, Rights, Role};

/// The longest name, in bytes.
pub(crate) const MAX_NAME: usize = 64;

/// Somebody who can sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct User {
    /// What he signs in with, in lower case.
    pub name: String,
    /// What he is here for.
    pub role: Role,
    /// Whether content may be shown to him.
    pub content: bool,
    /// Whether he is kept out.
    pub disabled: bool,
    /// What is kept of his password.
    pub password: HashedPassword,
    /// Sessions of an earlier one have ended: it grows with every new password, and when he is signed out everywhere.
    pub generation: u64,
    /// Since when he is known.
    pub created: Timestamp,
    /// Who let him in.
    pub created_by: String,
}

/// A user to be.
#[derive(Debug)]
pub struct NewUser {
    /// What he is to sign in with.
    pub name: String,
    /// What he will be here for.
    pub role: Role,
    /// Whether content may be shown to him.
    pub content: bool,
    /// What is kept of his password.
    pub password: HashedPassword,
    /// Who lets him in.
    pub by: String,
}

/// What is changed of a user; what is absent stays.
#[derive(Debug, Default)]
pub struct UserChange {
    /// What he is here for.
    pub role: Option<Role>,
    /// Whether content may be shown to him.
    pub content: Option<bool>,
    /// Whether he is kept out.
    pub disabled: Option<bool>,
    /// A new password ends his sessions.
    pub password: Option<HashedPassword>,
    /// Ends his sessions.
    pub sign_out: bool,
}

impl User {
    /// What he may do.
    pub fn rights(&self) -> Rights {
        Rights::of(self.role, self.content)
    }

    /// Whether he can let others in.
    pub(crate) fn is_active_admin(&self) -> bool {
        self.role == Role::Admin && !self.disabled
    }

    pub(super) fn change(&mut self, change: UserChange) -> Result<(), AccessFault> {
        let UserChange { role, content, disabled, password, sign_out } = change;
        self.role = role.unwrap_or(self.role);
        self.content = content.unwrap_or(self.content);
        if self.content && !self.role.may_have_content() {
            return Err(AccessFault::AuditorContent);
        }
        self.disabled = disabled.unwrap_or(self.disabled);
        if sign_out || password.is_some() || disabled == Some(true) {
            self.generation += 1;
        }
        if let Some(password) = password {
            self.password = password;
        }
        Ok(())
    }
}

/// A name as it is kept: signing in must not depend on the shift key.
pub(super) fn name(written: &str) -> Result<String, AccessFault> {
    let name = written.trim().to_ascii_lowercase();
    let plain = |byte: u8| {
        byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || matches!(byte, b'.' | b'_' | b'-' | b'@')
    };
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(plain) {
        return Err(AccessFault::Name);
    }
    Ok(name)
}
