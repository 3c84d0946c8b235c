//! By what a payload is known again.
//!
//! Two hashes, each where it is the faster one on the processors that hospitals run today: SHA-256 has instructions of
//! its own there and no set-up, BLAKE3 takes many kilobytes side by side (100 KB: 13 µs for 54). Which one it was
//! follows from the length, so the same bytes have the same digest. Both are cryptographic: nobody can write a message
//! that passes for another one's copy and is not delivered.

use ring::digest::{SHA256, digest};

/// From this length BLAKE3, bytes. They meet at about 10 KB.
const LONG: usize = 16 * 1024;

/// A digest of 32 bytes.
pub(super) fn digest_of_bytes(bytes: &[u8]) -> [u8; 32] {
    if bytes.len() >= LONG {
        return *blake3::hash(bytes).as_bytes();
    }
    // What ring gives for SHA-256 is as long as that.
    digest(&SHA256, bytes).as_ref().first_chunk().copied().unwrap_or([0; 32])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_of_a_short_and_of_a_long_payload_counts() {
        for length in [1, 600, LONG - 1, LONG, 5 * LONG] {
            let payload = vec![b'A'; length];
            let whole = digest_of_bytes(&payload);
            assert_eq!(whole, digest_of_bytes(&payload.clone()));
            for at in [0, length / 2, length - 1] {
                let mut other = payload.clone();
                other[at] = b'B';
                assert_ne!(whole, digest_of_bytes(&other), "byte {at} of {length}");
            }
            assert_ne!(whole, digest_of_bytes(&vec![b'A'; length + 1]));
        }
    }
}
