//! Rights, and the roles that are sets of them.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One thing that somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// States, counts, ids, codes: nothing of a patient.
    See,
    /// What is in messages, and to search by it.
    Content,
    /// Retry, hold, skip, discard, move, replay, pause.
    Operate,
    /// Configuration, users, tokens.
    Administer,
    /// Who did and saw what.
    Audit,
}

/// A set of rights.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Rights(u8);

/// What somebody is here for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Keeps messages flowing.
    Operator,
    /// Decides what is configured and who may come in.
    Admin,
    /// Looks at what others did.
    Auditor,
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::See, Self::Content, Self::Operate, Self::Administer, Self::Audit];

    /// The word of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::See => "see",
            Self::Content => "content",
            Self::Operate => "operate",
            Self::Administer => "administer",
            Self::Audit => "audit",
        }
    }

    /// The right of this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.as_str() == word)
    }

    fn bit(self) -> u8 {
        1 << (self as u8)
    }
}

impl Rights {
    /// Of a role; content only where it is granted, and never to an auditor: he looks at people, not at patients.
    pub fn of(role: Role, content: bool) -> Self {
        let rights: &[Right] = match role {
            Role::Viewer => &[Right::See],
            Role::Operator => &[Right::See, Right::Operate],
            Role::Admin => &[Right::See, Right::Operate, Right::Administer, Right::Audit],
            Role::Auditor => &[Right::See, Right::Audit],
        };
        let mut rights: Self = rights.iter().copied().collect();
        if content && role.may_have_content() {
            rights.0 |= Right::Content.bit();
        }
        rights
    }

    /// Whether it is among them.
    pub fn has(self, right: Right) -> bool {
        self.0 & right.bit() != 0
    }

    /// Whether all of the others are among these.
    pub fn includes(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// Those that are among both.
    #[must_use]
    pub fn and(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// One by one.
    pub fn iter(self) -> impl Iterator<Item = Right> {
        Right::ALL.into_iter().filter(move |right| self.has(*right))
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Self {
        Self(rights.into_iter().fold(0, |bits, right| bits | right.bit()))
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl fmt::Display for Rights {
    /// As `see, operate`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.iter().map(Right::as_str).collect();
        f.write_str(&words.join(", "))
    }
}

impl Role {
    /// All of them, those with the fewest rights first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Admin, Self::Auditor];

    /// The word of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
        }
    }

    /// The role of this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// Whether content can be granted with it.
    pub fn may_have_content(self) -> bool {
        self != Self::Auditor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_granted_and_never_comes_with_a_role() {
        for role in Role::ALL {
            assert!(!Rights::of(role, false).has(Right::Content), "{role:?}");
            assert_eq!(Rights::of(role, true).has(Right::Content), role != Role::Auditor);
        }
    }

    #[test]
    fn only_an_admin_administers_and_only_he_and_an_operator_operate() {
        let with = |right| -> Vec<Role> {
            Role::ALL.into_iter().filter(|role| Rights::of(*role, true).has(right)).collect()
        };
        assert_eq!(with(Right::Administer), [Role::Admin]);
        assert_eq!(with(Right::Operate), [Role::Operator, Role::Admin]);
        assert_eq!(with(Right::Audit), [Role::Admin, Role::Auditor]);
        assert_eq!(with(Right::See), Role::ALL);
    }

    #[test]
    fn every_word_leads_back() {
        for right in Right::ALL {
            assert_eq!(Right::named(right.as_str()), Some(right));
            let written = serde_json::to_value(right).unwrap();
            assert_eq!(written, right.as_str());
        }
        for role in Role::ALL {
            assert_eq!(Role::named(role.as_str()), Some(role));
        }
    }
}
