//! What the system tells of a process: its memory, its time, its writes.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::error::BenchError;

/// A field of `/proc/PID/stat` behind the command's name: time in user mode, in ticks.
const USER_TIME: usize = 11;
/// The same in the kernel.
const SYSTEM_TIME: usize = 12;

/// A process by its number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Process(pub(super) u32);

impl Process {
    /// Resident memory, bytes.
    pub(super) fn resident(self) -> Result<u64, BenchError> {
        let status = self.read("status")?;
        let kibibytes = number_behind(&status, "VmRSS:");
        Ok(kibibytes * 1024)
    }

    /// Bytes it had the disk write.
    pub(super) fn written(self) -> Result<u64, BenchError> {
        Ok(number_behind(&self.read("io")?, "write_bytes:"))
    }

    /// Processor time of all its threads.
    pub(super) fn processor_time(self) -> Result<Duration, BenchError> {
        let stat = self.read("stat")?;
        // The command's name stands in parentheses and may hold spaces.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let ticks: u64 = fields
            .split_whitespace()
            .enumerate()
            .filter(|&(place, _)| place == USER_TIME || place == SYSTEM_TIME)
            .filter_map(|(_, ticks)| ticks.parse::<u64>().ok())
            .sum();
        let per_second = rustix::param::clock_ticks_per_second().max(1);
        Ok(Duration::from_millis(ticks * 1000 / per_second))
    }

    fn read(self, name: &str) -> Result<String, BenchError> {
        let file = PathBuf::from(format!("/proc/{}/{name}", self.0));
        fs::read_to_string(&file).map_err(|source| BenchError::Proc { file, source })
    }
}

/// The number behind a name in a file of lines.
fn number_behind(text: &str, name: &str) -> u64 {
    text.lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_time() {
        let this = Process(std::process::id());
        assert!(this.resident().unwrap() > 1024 * 1024);
        assert!(this.processor_time().unwrap() < Duration::from_secs(3600));
    }

    #[test]
    fn numbers_are_found_behind_their_names() {
        assert_eq!(number_behind("a: 1\nVmRSS:\t   712 kB\n", "VmRSS:"), 712);
        assert_eq!(number_behind("a: 1\n", "VmRSS:"), 0);
    }
}
