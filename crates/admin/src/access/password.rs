//! Passwords, and what is kept of them.

use std::fmt;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

use super::AccessFault;

/// The fewest characters of a password.
pub const MIN_PASSWORD: usize = 12;
/// The most bytes of one: hashing a novel helps nobody.
pub(crate) const MAX_PASSWORD: usize = 1024;
/// Memory of one hash, in KiB, and how often it is gone through: what OWASP asks of argon2id.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Bytes of salt.
const SALT: usize = 16;

/// argon2id with its salt and cost, in the PHC form.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HashedPassword(String);

impl fmt::Debug for HashedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashedPassword(..)")
    }
}

impl HashedPassword {
    /// Hashes a password. Takes tens of milliseconds.
    ///
    /// # Errors
    ///
    /// It is too short or too long, or there is no randomness for its salt.
    pub fn of(password: &str) -> Result<Self, AccessFault> {
        if password.chars().count() < MIN_PASSWORD || password.len() > MAX_PASSWORD {
            return Err(AccessFault::PasswordLength);
        }
        let mut salt = [0; SALT];
        SystemRandom::new().fill(&mut salt).map_err(|_unspecified| AccessFault::NoRandomness)?;
        let salt = SaltString::encode_b64(&salt).map_err(|_too_long| AccessFault::Hashing)?;
        let hashed = argon2()?.hash_password(password.as_bytes(), &salt);
        Ok(Self(hashed.map_err(|_| AccessFault::Hashing)?.to_string()))
    }

    /// Of nobody: what is compared for a name that nobody has, so that it takes as long.
    pub(crate) fn of_nobody() -> Result<Self, AccessFault> {
        Self::of(&super::Secret::random()?.to_hex())
    }

    /// Whether it is of this password. Takes tens of milliseconds, whatever the answer.
    pub(crate) fn is_of(&self, password: &str) -> bool {
        let (Ok(argon2), Ok(hash)) = (argon2(), PasswordHash::new(&self.0)) else { return false };
        let password = password.as_bytes().get(..MAX_PASSWORD).unwrap_or(password.as_bytes());
        argon2.verify_password(password, &hash).is_ok()
    }
}

fn argon2() -> Result<Argon2<'static>, AccessFault> {
    let cost = Params::new(MEMORY, PASSES, 1, None).map_err(|_| AccessFault::Hashing)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, cost))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_another_is_not() {
        let hashed = HashedPassword::of("correct horse battery").unwrap();
        assert!(hashed.is_of("correct horse battery"));
        assert!(!hashed.is_of("correct horse batterz"));
        assert!(!hashed.is_of(""));
        assert!(hashed.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hashed.0);
        assert!(!format!("{hashed:?}").contains("argon2"));
    }

    #[test]
    fn two_hashes_of_one_password_differ() {
        let password = "correct horse battery";
        assert_ne!(HashedPassword::of(password).unwrap(), HashedPassword::of(password).unwrap());
    }

    #[test]
    fn a_password_is_neither_short_nor_a_novel() {
        for password in ["", "elevenchars", &"x".repeat(1025)] {
            let hashed = HashedPassword::of(password);
            assert!(matches!(hashed, Err(AccessFault::PasswordLength)), "{}", password.len());
        }
    }
}
