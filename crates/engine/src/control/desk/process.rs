//! What the process has of the machine, as `/proc` tells it.

use std::fs;
use std::num::NonZeroUsize;
use std::thread;

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};

use super::super::protocol::ProcessFigures;

/// Where the fields that we read stand in `/proc/self/stat` behind the name of the program, which may hold anything: `utime`,
/// `stime`, `num_threads` (proc(5)).
const USER_TICKS: usize = 11;
const SYSTEM_TICKS: usize = 12;
const THREADS: usize = 17;
/// Where resident pages stand in `/proc/self/statm`.
const RESIDENT_PAGES: usize = 1;

/// The figures of this moment. Blocks for as long as it takes to list the open files.
pub(super) fn figures() -> ProcessFigures {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let stat = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let ticks = field(stat, USER_TICKS) + field(stat, SYSTEM_TICKS);
    let per_second = clock_ticks_per_second().max(1);
    let open = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count) as u64;
    ProcessFigures {
        cpu_milliseconds: ticks * 1000 / per_second,
        processors: thread::available_parallelism().map_or(0, NonZeroUsize::get) as u64,
        resident_bytes: field(&statm, RESIDENT_PAGES) * page_size() as u64,
        // One of them is the list itself.
        open_descriptors: open.saturating_sub(1),
        max_descriptors: getrlimit(Resource::Nofile).current.unwrap_or_default(),
        threads: field(stat, THREADS),
    }
}

fn field(fields: &str, place: usize) -> u64 {
    fields.split_whitespace().nth(place).and_then(|field| field.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_has_a_thread_memory_and_open_files() {
        let figures = figures();
        assert!(figures.threads >= 1 && figures.processors >= 1);
        assert!(figures.resident_bytes > 100_000, "{figures:?}");
        assert!(figures.open_descriptors >= 3, "{figures:?}");
        assert!(figures.max_descriptors >= figures.open_descriptors, "{figures:?}");
    }

    #[test]
    fn what_the_system_does_not_tell_is_none() {
        assert_eq!((field("", 3), field("a b", 1), field("7 8", 1)), (0, 0, 8));
    }
}
