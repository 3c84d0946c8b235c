//! What a disk can give at best: the measure beside which the store is put.
//!
//! ```text
//!   sync rate   one 4 KiB block into a zero-filled file, sync, again
//!   ceiling     n producers append records to a zero-filled file, one sync per group, each waits for its own:
//!               the store's work without filling ahead, checksums, outboxes and index
//! ```
//!
//! Nothing here is printed; `wardline bench` does that.

use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::disk::{DiskFile, MAX_SLICES};
use crate::format::{BLOCK, BLOCK_BYTES, block_aligned};

/// The file that is written over and over; as large as a segment.
const FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Written at once while the file is filled with zeros.
const FILL_STEP: usize = 1024 * 1024;

/// What a record of the store has beside the body of its message: header and meta of one delivery.
const RECORD_OVERHEAD: usize = 130;

static ZEROS: [u8; BLOCK_BYTES] = [0; BLOCK_BYTES];

/// Producers that each hand over a record, wait for it, and hand over the next.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// How many at once.
    pub producers: usize,
    /// Bytes of one message.
    pub body_bytes: usize,
    /// For how long.
    pub duration: Duration,
}

/// Syncs of one 4 KiB block each, per second, in a folder. Its file is removed afterwards.
pub fn syncs_per_second(folder: &Path, duration: Duration) -> io::Result<f64> {
    let file = ZeroFilled::create(folder)?;
    let mut offset = 0;
    let mut syncs = 0_u32;
    let begun = Instant::now();
    while begun.elapsed() < duration {
        file.file.write_all_at(&mut [IoSlice::new(&ZEROS)], offset)?;
        file.file.sync_data()?;
        offset = (offset + BLOCK) % FILE_BYTES;
        syncs += 1;
    }
    Ok(f64::from(syncs) / begun.elapsed().as_secs_f64())
}

/// Records per second that producers append to a zero-filled file with one sync per group.
pub fn appends_per_second(folder: &Path, load: Load) -> io::Result<f64> {
    let file = ZeroFilled::create(folder)?;
    let line = Line::default();
    thread::scope(|scope| {
        let writer = scope.spawn(|| write_groups(&file.file, &line));
        let rate = drive(load, |seat, body| {
            line.hand_over(seat.thread(), body.clone());
            seat.wait();
        });
        line.close();
        match writer.join() {
            Ok(written) => written.map(|()| rate),
            Err(_) => Err(io::Error::other("the writer panicked")),
        }
    })
}

/// Lets producers call `append`, each in its own thread, which returns when its record is durable. Gives calls per
/// second.
pub fn drive(load: Load, append: impl Fn(&Seat, &Bytes) + Sync) -> f64 {
    let done = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let body = Bytes::from(vec![b'x'; load.body_bytes]);
    let begun = Instant::now();
    thread::scope(|scope| {
        for number in 0..load.producers.max(1) {
            let (done, stop, append, body) = (&done, &stop, &append, &body);
            scope.spawn(move || {
                let seat = Seat::new(number);
                while !stop.load(Ordering::Relaxed) {
                    append(&seat, body);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        thread::sleep(load.duration);
        stop.store(true, Ordering::Relaxed);
    });
    let records = u32::try_from(done.into_inner()).unwrap_or(u32::MAX);
    f64::from(records) / begun.elapsed().as_secs_f64()
}

/// A producer's place to wait.
#[derive(Debug)]
pub struct Seat {
    number: usize,
    thread: Thread,
    called: std::sync::Arc<AtomicBool>,
}

/// Who calls a producer.
#[derive(Debug, Clone)]
pub struct Call {
    thread: Thread,
    called: std::sync::Arc<AtomicBool>,
}

impl Seat {
    fn new(number: usize) -> Self {
        Self { number, thread: thread::current(), called: std::sync::Arc::default() }
    }

    /// From 0 on.
    pub fn number(&self) -> usize {
        self.number
    }

    /// For whoever makes the record durable.
    pub fn thread(&self) -> Call {
        Call { thread: self.thread.clone(), called: std::sync::Arc::clone(&self.called) }
    }

    /// Waits for the call.
    pub fn wait(&self) {
        while !self.called.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}

impl Call {
    /// The record is durable.
    pub fn durable(&self) {
        self.called.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// The file, removed when it is no longer needed.
struct ZeroFilled {
    file: File,
    path: PathBuf,
}

impl ZeroFilled {
    fn create(folder: &Path) -> io::Result<Self> {
        let path = folder.join("ceiling.zeros");
        let file =
            OpenOptions::new().create(true).truncate(true).read(true).write(true).open(&path)?;
        let created = Self { file, path };
        let step = vec![0; FILL_STEP];
        for _ in 0..FILE_BYTES / FILL_STEP as u64 {
            (&created.file).write_all(&step)?;
        }
        created.file.sync_all()?;
        Ok(created)
    }
}

impl Drop for ZeroFilled {
    fn drop(&mut self) {
        let _a_file_too_many = std::fs::remove_file(&self.path);
    }
}

/// Where producers stand in line.
#[derive(Default)]
struct Line {
    waiting: Mutex<Waiting>,
    filled: Condvar,
}

#[derive(Default)]
struct Waiting {
    records: Vec<(Call, Vec<u8>, Bytes)>,
    closed: bool,
}

impl Line {
    fn hand_over(&self, call: Call, body: Bytes) {
        self.waiting().records.push((call, vec![1; RECORD_OVERHEAD], body));
        self.filled.notify_one();
    }

    fn close(&self) {
        self.waiting().closed = true;
        self.filled.notify_one();
    }

    /// Everything that waits; `false` = closed.
    fn take(&self, into: &mut Vec<(Call, Vec<u8>, Bytes)>) -> bool {
        let mut waiting = self.waiting();
        while waiting.records.is_empty() {
            if waiting.closed {
                return false;
            }
            waiting = self.filled.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::swap(&mut waiting.records, into);
        true
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_groups(file: &File, line: &Line) -> io::Result<()> {
    let mut group = Vec::new();
    let mut offset = 0;
    while line.take(&mut group) {
        let bytes: usize = group.iter().map(|(_, head, body)| head.len() + body.len()).sum();
        let padded = block_aligned(bytes as u64);
        if offset + padded > FILE_BYTES {
            offset = 0;
        }
        let padding = usize::try_from(padded).unwrap_or(bytes) - bytes;
        let mut slices = Vec::with_capacity(group.len() * 2 + 1);
        for (_, head, body) in &group {
            slices.push(IoSlice::new(head));
            slices.push(IoSlice::new(body));
        }
        slices.push(IoSlice::new(ZEROS.get(..padding).unwrap_or_default()));
        let mut at = offset;
        for part in slices.chunks_mut(MAX_SLICES) {
            let length: usize = part.iter().map(|slice| slice.len()).sum();
            DiskFile::write_all_at(file, part, at)?;
            at += length as u64;
        }
        file.sync_data()?;
        offset += padded;
        for (call, ..) in group.drain(..) {
            call.durable();
        }
    }
    Ok(())
}
