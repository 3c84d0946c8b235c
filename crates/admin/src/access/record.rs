//! Users and tokens as they are kept, and every change that is made to them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::tokens::PREFIX;
use super::{
    AccessFault, Digest, NewToken, NewUser, Rights, Secret, Token, User, UserChange, users,
};

/// The most users: a hospital has fewer who look after its engine.
pub(super) const MAX_USERS: usize = 1_000;
/// The most tokens, those that have ended included.
pub(super) const MAX_TOKENS: usize = 1_000;
/// What stands before the name of a token that has made another.
pub(crate) const BY_TOKEN: &str = "token:";
/// The version of the file.
pub(super) const VERSION: u32 = 1;

/// Everybody and everything that may come in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub(super) version: u32,
    users: Vec<User>,
    tokens: Vec<Token>,
}

impl Default for Record {
    fn default() -> Self {
        Self { version: VERSION, users: Vec::new(), tokens: Vec::new() }
    }
}

impl Record {
    /// In the order of their names.
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// In the order of their names.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Whether nobody can sign in yet.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// The user of this name, in whatever case it is written.
    pub fn user(&self, name: &str) -> Option<&User> {
        let name = users::name(name).ok()?;
        self.users.iter().find(|user| user.name == name)
    }

    /// The token that was shown to us, if it is one and has not ended.
    pub(crate) fn token(&self, shown: &str, now: Timestamp) -> Option<&Token> {
        shown.strip_prefix(PREFIX)?;
        let digest = Digest::of(shown);
        self.tokens.iter().find(|token| token.digest == digest && !token.has_ended(now))
    }

    /// What a token may do by now: what it was given, as far as its maker may do it himself. Nothing where he is disabled,
    /// or where it was made by a token that is gone. Who made it on the machine may do everything.
    pub(crate) fn rights_of(&self, token: &Token) -> Option<Rights> {
        let mut rights = token.rights();
        let mut maker = token.created_by.as_str();
        // A token may be made by a token that bears the name of one it made: no chain is longer than there are tokens.
        for _ in 0..=self.tokens.len() {
            let Some(name) = maker.strip_prefix(BY_TOKEN) else {
                return match self.users.iter().find(|user| user.name == maker) {
                    Some(user) if user.disabled => None,
                    Some(user) => Some(rights.and(user.rights())),
                    None => Some(rights),
                };
            };
            let by = self.tokens.iter().find(|token| token.name == name)?;
            rights = rights.and(by.rights());
            maker = &by.created_by;
        }
        None
    }

    /// Lets somebody in.
    pub fn add_user(&mut self, new: NewUser, now: Timestamp) -> Result<&User, AccessFault> {
        let NewUser { name, role, content, password, by } = new;
        let name = users::name(&name)?;
        if content && !role.may_have_content() {
            return Err(AccessFault::AuditorContent);
        }
        if self.users.len() >= MAX_USERS {
            return Err(AccessFault::TooMany);
        }
        let Err(place) = self.users.binary_search_by(|user| user.name.cmp(&name)) else {
            return Err(AccessFault::Taken);
        };
        let user = User {
            name,
            role,
            content,
            disabled: false,
            password,
            generation: first_generation(now),
            created: now,
            created_by: by,
        };
        self.users.insert(place, user);
        self.users.get(place).ok_or(AccessFault::NotFound)
    }

    /// Changes somebody.
    pub fn change_user(&mut self, name: &str, change: UserChange) -> Result<&User, AccessFault> {
        let place = self.place_of(name)?;
        let user = self.users.get_mut(place).ok_or(AccessFault::NotFound)?;
        let before = user.clone();
        user.change(change)?;
        let loses_admin = before.is_active_admin() && !user.is_active_admin();
        if loses_admin && !self.users.iter().any(User::is_active_admin) {
            if let Some(user) = self.users.get_mut(place) {
                *user = before;
            }
            return Err(AccessFault::LastAdmin);
        }
        self.users.get(place).ok_or(AccessFault::NotFound)
    }

    /// Lets somebody in no more, nor the tokens that he made.
    pub fn remove_user(&mut self, name: &str) -> Result<(), AccessFault> {
        let place = self.place_of(name)?;
        let is_another_admin = |(at, user): (usize, &User)| at != place && user.is_active_admin();
        let is_admin = self.users.get(place).is_some_and(User::is_active_admin);
        if is_admin && !self.users.iter().enumerate().any(is_another_admin) {
            return Err(AccessFault::LastAdmin);
        }
        let removed = self.users.remove(place);
        self.end_tokens_of(removed.name);
        Ok(())
    }

    /// Makes a token, and gives what is shown once.
    pub fn add_token(&mut self, new: NewToken, now: Timestamp) -> Result<String, AccessFault> {
        let NewToken { name, rights, ends, by, own } = new;
        let name = users::name(&name)?;
        if rights.iter().next().is_none() {
            return Err(AccessFault::NoRights);
        }
        if !own.includes(rights) {
            return Err(AccessFault::MoreThanOwn);
        }
        if ends.is_some_and(|ends| ends <= now) {
            return Err(AccessFault::EndsInThePast);
        }
        if self.tokens.len() >= MAX_TOKENS {
            return Err(AccessFault::TooMany);
        }
        let Err(place) = self.tokens.binary_search_by(|token| token.name.cmp(&name)) else {
            return Err(AccessFault::Taken);
        };
        let shown = format!("{PREFIX}{}", Secret::random()?.to_hex());
        let digest = Digest::of(&shown);
        let rights = rights.iter().collect();
        let token = Token { name, digest, rights, ends, created: now, created_by: by };
        self.tokens.insert(place, token);
        Ok(shown)
    }

    /// Ends a token.
    pub fn revoke_token(&mut self, name: &str) -> Result<(), AccessFault> {
        let name = users::name(name).map_err(|_no_such_name| AccessFault::NotFound)?;
        let place = self.tokens.binary_search_by(|token| token.name.cmp(&name));
        let ended = self.tokens.remove(place.map_err(|_there_is_none| AccessFault::NotFound)?);
        self.end_tokens_of(format!("{BY_TOKEN}{}", ended.name));
        Ok(())
    }

    /// Those it made, and those that they made.
    fn end_tokens_of(&mut self, maker: String) {
        let mut makers = vec![maker];
        while let Some(maker) = makers.pop() {
            self.tokens.retain(|token| {
                let goes = token.created_by == maker;
                if goes {
                    makers.push(format!("{BY_TOKEN}{}", token.name));
                }
                !goes
            });
        }
    }

    fn place_of(&self, name: &str) -> Result<usize, AccessFault> {
        let name = users::name(name).map_err(|_no_such_name| AccessFault::NotFound)?;
        let place = self.users.binary_search_by(|user| user.name.cmp(&name));
        place.map_err(|_there_is_none| AccessFault::NotFound)
    }
}

/// A user who was removed and comes again must not find his old sessions alive: generations begin with the time.
fn first_generation(now: Timestamp) -> u64 {
    u64::try_from(now.as_millisecond()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
