//! Fingerprints of certificates, in every form that tools print them.

use super::{Setting, Wrong};
use crate::model::Fingerprint;

/// Digits of a SHA-256.
const DIGITS: usize = 64;

impl Setting for Fingerprint {
    const EXPECTED: &'static str = "the SHA-256 of a certificate, as 64 hexadecimal digits";

    /// With or without colons and `sha256:` in front.
    fn from_text(text: &str) -> Result<Self, Wrong> {
        let wrong = || {
            Wrong::text::<Self>(text)
                .hint("`openssl x509 -in FILE -noout -fingerprint -sha256` prints it")
        };
        let bare = text
            .strip_prefix("sha256:")
            .or_else(|| text.strip_prefix("SHA256:"))
            .unwrap_or(text)
            .trim();
        let digits: Vec<u8> = bare
            .chars()
            .filter(|&character| character != ':')
            .map(|character| character.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect::<Option<_>>()
            .ok_or_else(wrong)?;
        if digits.len() != DIGITS {
            return Err(wrong());
        }
        let mut sum = [0; DIGITS / 2];
        for (byte, pair) in sum.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair.iter().fold(0, |byte, digit| byte << 4 | digit);
        }
        Ok(Self(sum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_tools_print_is_read() {
        let plain = "00ff".repeat(16);
        let colons = ["00:FF"; 16].join(":");
        let expected = Fingerprint(std::array::from_fn(|at| if at % 2 == 0 { 0 } else { 0xff }));
        for text in [plain.clone(), colons.clone(), format!("sha256:{plain}")] {
            assert_eq!(Fingerprint::from_text(&text), Ok(expected), "{text}");
        }
        assert_eq!(expected.to_string(), colons);
    }

    #[test]
    fn nothing_else_is_a_fingerprint() {
        for text in ["", "00", &"0g".repeat(32), &"00".repeat(20), &"00".repeat(33)] {
            assert!(Fingerprint::from_text(text).is_err(), "{text}");
        }
    }
}
