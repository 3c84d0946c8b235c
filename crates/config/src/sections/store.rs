//! `[store]`.

use crate::model::Store;
use crate::reading::Section;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;

/// The store uses no smaller segments; a larger one than this would be copied forward for minutes.
const SEGMENT_SIZES: [u64; 2] = [256 * KIB, 4 * GIB];
/// What is kept has at least room for one small segment.
const RETAIN_SIZES: [u64; 2] = [SEGMENT_SIZES[0], 1024 * TIB];
/// Below this the file system itself begins to fail.
const MIN_FREE_SIZES: [u64; 2] = [MIB, 1024 * TIB];
/// The index is behind by half a second of what a fast disk takes as a matter of course: intake would flutter.
const INDEX_LAG_SIZES: [u64; 2] = [64 * MIB, TIB];

pub(super) fn read(section: Section<'_>) -> Store {
    let mut section = section.overridden_by("WARDLINE_STORE");
    let mut store = Store::default();
    section.set_size("segment_size", &mut store.segment_size, SEGMENT_SIZES);
    section.set("retain_for", &mut store.retain_for);
    section.set_size("retain_bytes", &mut store.retain_bytes, RETAIN_SIZES);
    section.set_size("min_free", &mut store.min_free, MIN_FREE_SIZES);
    section.set_size("max_index_lag", &mut store.max_index_lag, INDEX_LAG_SIZES);
    section.set_as("dead_letter_retention", &mut store.dead_letter_retention, Some);
    section.finish();
    store
}
