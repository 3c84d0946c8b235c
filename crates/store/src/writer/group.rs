//! Writing one group: header blocks completed, everything in as few vectored writes as can be, one sync.

use std::io::IoSlice;

use super::active::Active;
use crate::api::Fault;
use crate::disk::MAX_SLICES;
use crate::format::{BLOCK_BYTES, block_aligned};
use crate::submission::{Fate, Submission};

static PADDING: [u8; BLOCK_BYTES] = [0; BLOCK_BYTES];

/// Writes and syncs those of `group` that are numbered. Gives the bytes written.
pub(super) fn write(active: &mut Active, group: &mut [Submission]) -> Result<u64, Fault> {
    let next_number = place_all(active, group);
    let written = write_all(active, group)?;
    let file = &active.segment.file;
    file.sync().map_err(|source| Fault::Sync { file: active.segment.path.clone(), source })?;
    active.next.offset += written;
    active.next.number = next_number;
    active.next.group += 1;
    Ok(written)
}

/// Gives every record its number; the last closes the group.
fn place_all(active: &Active, group: &mut [Submission]) -> u64 {
    let mut number = active.next.number;
    let mut numbered = group
        .iter_mut()
        .filter(|submission| matches!(submission.fate, Fate::Numbered(_)))
        .peekable();
    while let Some(submission) = numbered.next() {
        let last = numbered.peek().is_none();
        submission.place(active.next.group, number, last, &active.segment.seal);
        number += u64::from(submission.numbers());
    }
    number
}

fn write_all(active: &Active, group: &[Submission]) -> Result<u64, Fault> {
    let mut slices = Vec::with_capacity(group.len() * 2 + 1);
    let mut bytes = 0;
    for submission in group.iter().filter(|s| matches!(s.fate, Fate::Numbered(_))) {
        slices.push(IoSlice::new(submission.head()));
        submission.each_body(|body| slices.push(IoSlice::new(body)));
        bytes += submission.length();
    }
    let padded = block_aligned(bytes);
    let padding = usize::try_from(padded - bytes).unwrap_or(0);
    slices.push(IoSlice::new(PADDING.get(..padding).unwrap_or_default()));
    slices.retain(|slice| !slice.is_empty());
    let mut offset = active.next.offset;
    for part in slices.chunks_mut(MAX_SLICES) {
        let length: usize = part.iter().map(|slice| slice.len()).sum();
        active.segment.file.write_all_at(part, offset).map_err(|source| Fault::Write {
            file: active.segment.path.clone(),
            offset,
            source,
        })?;
        offset += length as u64;
    }
    Ok(padded)
}
