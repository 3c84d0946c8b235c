//! Writing a run: blocks of entries, the index over them, the footer.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use super::{Run, RunError};
use crate::history::block::BlockWriter;
use crate::history::footer::{Extent, FooterParts};
use crate::history::varint::put;
use crate::index::Interner;

/// The end of a run's name while it is written.
const UNFINISHED: &str = "unfinished";

/// What a run becomes of.
pub(in crate::history) struct Written<'a> {
    pub(in crate::history) fingerprint: u64,
    pub(in crate::history) salt: u64,
    pub(in crate::history) extent: &'a Extent,
}

/// Writes what `entries` puts into the writer, in the order of the keys, under this name. It is durable, whole, and
/// there at once, or not at all.
pub(in crate::history) fn write(
    path: &Path,
    written: &Written<'_>,
    entries: impl FnOnce(&mut RunWriter, &mut Interner) -> Result<(), RunError>,
) -> Result<Run, RunError> {
    let unfinished = path.with_extension(UNFINISHED);
    let done = write_file(&unfinished, written, entries);
    let done = done.and_then(|()| Ok(fs::rename(&unfinished, path)?));
    if let Err(error) = done {
        let _the_next_start_removes_it = fs::remove_file(&unfinished);
        return Err(error);
    }
    Run::open(path)
}

fn write_file(
    path: &Path,
    written: &Written<'_>,
    entries: impl FnOnce(&mut RunWriter, &mut Interner) -> Result<(), RunError>,
) -> Result<(), RunError> {
    let mut writer = RunWriter::new(File::create(path)?);
    let mut names = Interner::default();
    entries(&mut writer, &mut names)?;
    writer.finish(written, &names)
}

/// Takes entries in the order of their keys.
pub(in crate::history) struct RunWriter {
    file: BufWriter<File>,
    at: u64,
    block: BlockWriter,
    /// First keys and places of the blocks that are written.
    places: Vec<(Vec<u8>, u64)>,
}

impl RunWriter {
    fn new(file: File) -> Self {
        Self {
            file: BufWriter::new(file),
            at: 0,
            block: BlockWriter::default(),
            places: Vec::new(),
        }
    }

    pub(in crate::history) fn add(&mut self, key: &[u8], value: &[u8]) -> Result<(), RunError> {
        self.block.add(key, value);
        if self.block.is_full() { self.close_block() } else { Ok(()) }
    }

    fn close_block(&mut self) -> Result<(), RunError> {
        let (framed, first) = self.block.take();
        self.file.write_all(&framed)?;
        self.places.push((first, self.at));
        self.at += framed.len() as u64;
        Ok(())
    }

    fn finish(mut self, written: &Written<'_>, names: &Interner) -> Result<(), RunError> {
        if !self.block.is_empty() {
            self.close_block()?;
        }
        let entries_end = self.at;
        let mut levels = 0;
        let root = loop {
            let below = std::mem::take(&mut self.places);
            for (first, at) in below {
                if self.block.is_full() {
                    self.close_block()?;
                }
                let mut place = Vec::new();
                put(&mut place, at);
                self.block.add(&first, &place);
            }
            if self.places.is_empty() {
                break self.block.take().0;
            }
            self.close_block()?;
            levels += 1;
        };
        let footer = FooterParts {
            fingerprint: written.fingerprint,
            salt: written.salt,
            extent: written.extent,
            entries_end,
            levels,
            root: &root,
            names: names.names(),
        };
        self.file.write_all(&footer.write())?;
        let file = self.file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        Ok(file.sync_data()?)
    }
}
