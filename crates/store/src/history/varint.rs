//! Numbers of as many bytes as they need, and reading them back.
//!
//! ```text
//!   number     7 bits a byte, the lowest first; the highest bit says that another byte follows
//! ```

/// The bytes of the longest number: 64 bits, 7 a byte.
const MAX_BYTES: u32 = 10;

/// Appends a number.
pub(super) fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7F) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push((number & 0x7F) as u8);
}

/// Takes numbers and bytes off the front. `None` = they end too early or make no sense.
pub(super) struct Taking<'b>(pub(super) &'b [u8]);

impl<'b> Taking<'b> {
    pub(super) fn u8(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for nth in 0..MAX_BYTES {
            let byte = self.u8()?;
            number |= u64::from(byte & 0x7F).checked_shl(7 * nth)?;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn length(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    pub(super) fn i64(&mut self) -> Option<i64> {
        let (eight, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(i64::from_le_bytes(*eight))
    }

    pub(super) fn bytes(&mut self, length: usize) -> Option<&'b [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_number_reads_back_and_cut_short_it_is_none(number in any::<u64>(), bits in 0..64u32) {
            let number = number >> bits;
            let mut bytes = Vec::new();
            put(&mut bytes, number);
            prop_assert_eq!(Taking(&bytes).number(), Some(number));
            bytes.pop();
            prop_assert_eq!(Taking(&bytes).number(), None);
        }
    }

    #[test]
    fn a_number_without_an_end_is_none() {
        assert_eq!(Taking(&[0xFF; 40]).number(), None);
    }
}
