//! File systems that want no direct writes.

use std::fs;
use std::sync::atomic::AtomicU64;

use super::*;

/// Where a file system says no to writes that pass by the cache.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refuses {
    TheMode,
    TheFirstWrite,
}

/// A file in memory that counts the writes it refused.
struct Cached {
    refuses: Refuses,
    direct: Mutex<bool>,
    bytes: Mutex<Vec<u8>>,
    refused: AtomicU64,
}

impl Cached {
    fn new(refuses: Refuses) -> Self {
        let (direct, bytes) = (Mutex::default(), Mutex::default());
        Self { refuses, direct, bytes, refused: AtomicU64::new(0) }
    }

    fn refuse<T>(&self) -> io::Result<T> {
        self.refused.fetch_add(1, Ordering::Relaxed);
        Err(io::ErrorKind::InvalidInput.into())
    }
}

impl DiskFile for Cached {
    fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
        Ok(0)
    }

    fn write_all_at(&self, slices: &mut [IoSlice<'_>], offset: u64) -> io::Result<()> {
        if *self.direct.lock().expect("not poisoned") {
            return self.refuse();
        }
        let mut bytes = self.bytes.lock().expect("not poisoned");
        assert_eq!(bytes.len() as u64, offset, "one step behind the other");
        for slice in slices {
            bytes.extend_from_slice(slice);
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn set_direct(&self, direct: bool) -> io::Result<()> {
        if direct && self.refuses == Refuses::TheMode {
            return self.refuse();
        }
        *self.direct.lock().expect("not poisoned") = direct;
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.bytes.lock().expect("not poisoned").len() as u64)
    }

    fn set_length(&self, _: u64) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_file_system_that_refuses_direct_writes_gets_its_segments_through_the_cache() {
    for refuses in [Refuses::TheMode, Refuses::TheFirstWrite] {
        let file = Cached::new(refuses);
        let length = zero(&file, LEAST, LEAST, |_| Pace::Hurried).expect("filled");
        assert_eq!(length, LEAST);
        let bytes = file.bytes.lock().expect("not poisoned");
        assert_eq!(bytes.len() as u64, LEAST);
        assert!(bytes.iter().all(|byte| *byte == 0));
        assert_eq!(file.refused.load(Ordering::Relaxed), 1, "it is not tried at each step");
    }
}

#[test]
fn whoever_fills_directly_leaves_the_file_to_the_cache() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("filling");
    let file = crate::disk::RealDisk.create(&path).expect("made");
    zero(&*file, LEAST, LEAST, |_| Pace::Leisurely).expect("filled");
    file.write_all_at(&mut [IoSlice::new(b"not a whole block")], 1).expect("through the cache");
    assert_eq!(fs::metadata(&path).expect("there").len(), LEAST);
}
