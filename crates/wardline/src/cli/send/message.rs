//! The messages to send, one after the other, read when their turn comes.

use std::collections::VecDeque;
use std::num::NonZeroU64;
use std::sync::Arc;

use bytes::Bytes;
use wardline_hl7::Message;

use super::super::split::split;
use super::super::unique::UniqueIds;
use super::edit::{self, Assignment};
use super::input::{Input, InputError};

/// One message on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outgoing {
    /// Its running number, from 1.
    pub(super) number: u64,
    /// The file it came from.
    pub(super) origin: Arc<str>,
    /// Its MSH-10; empty where it has none or is not HL7.
    pub(super) control_id: Bytes,
    /// The bytes of the frame's payload.
    pub(super) payload: Bytes,
}

/// All messages of all rounds. At most one file is held at a time.
#[derive(Debug)]
pub(super) struct Messages {
    inputs: Vec<Input>,
    whole: bool,
    rounds: u64,
    assignments: Vec<Assignment>,
    unique: Option<UniqueIds>,
    /// Messages expected in all, as far as the files have been read.
    expected: u64,
    /// Files read so far, over all rounds.
    files_read: u64,
    numbered: u64,
    /// The messages of the file that was read last, and which of them come next.
    file: (Arc<str>, Vec<Bytes>),
    waiting: VecDeque<Bytes>,
}

impl Messages {
    pub(super) fn new(
        inputs: Vec<Input>,
        whole: bool,
        rounds: NonZeroU64,
        assignments: Vec<Assignment>,
        unique: bool,
    ) -> Self {
        let files = u64::try_from(inputs.len()).unwrap_or(u64::MAX);
        Self {
            inputs,
            whole,
            rounds: rounds.get(),
            assignments,
            unique: unique.then(UniqueIds::new),
            expected: files.saturating_mul(rounds.get()),
            files_read: 0,
            numbered: 0,
            file: (Arc::from(""), Vec::new()),
            waiting: VecDeque::new(),
        }
    }

    /// How many messages there are in all: exact once each file has been read.
    pub(super) fn expected(&self) -> u64 {
        self.expected
    }

    /// The next message, or nothing when all rounds are over.
    pub(super) fn next(&mut self) -> Result<Option<Outgoing>, InputError> {
        if self.waiting.is_empty() && !self.read_file()? {
            return Ok(None);
        }
        let Some(payload) = self.waiting.pop_front() else { return Ok(None) };
        self.numbered += 1;
        let payload = self.edit(payload)?;
        let control_id = Message::parse(payload.clone())
            .map(|message| payload.slice_ref(message.header().control_id()))
            .unwrap_or_default();
        let origin = Arc::clone(&self.file.0);
        Ok(Some(Outgoing { number: self.numbered, origin, control_id, payload }))
    }

    /// Reads the next file; false when all rounds are over.
    fn read_file(&mut self) -> Result<bool, InputError> {
        let files = u64::try_from(self.inputs.len()).unwrap_or(u64::MAX);
        if files == 0 || self.files_read >= files.saturating_mul(self.rounds) {
            return Ok(false);
        }
        let place = usize::try_from(self.files_read % files).unwrap_or_default();
        let first_round = self.files_read < files;
        if let Some(input) = self.inputs.get(place).filter(|_| first_round || files > 1) {
            let bytes = input.read()?;
            let messages = if self.whole { vec![bytes] } else { split(&bytes) };
            self.file = (input.path().display().to_string().into(), messages);
        }
        if first_round {
            let more = u64::try_from(self.file.1.len()).unwrap_or(u64::MAX).saturating_sub(1);
            self.expected = self.expected.saturating_add(more.saturating_mul(self.rounds));
        }
        self.files_read += 1;
        self.waiting.extend(self.file.1.iter().cloned());
        Ok(true)
    }

    fn edit(&mut self, payload: Bytes) -> Result<Bytes, InputError> {
        let number = self.numbered;
        // MSH-10 is a path that always parses, so there is an assignment whenever `--unique` asks for one.
        let unique = self.unique.as_mut().and_then(|ids| Assignment::control_id(ids.next()).ok());
        edit::apply(payload, unique.iter().chain(&self.assignments), number)
            .map_err(|source| InputError::Edit { number, origin: self.file.0.to_string(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(files: &[&'static [u8]], rounds: u64, unique: bool) -> (Vec<Outgoing>, u64) {
        let inputs = files.iter().map(|file| Input::Stdin(Bytes::from_static(file))).collect();
        let rounds = NonZeroU64::new(rounds).unwrap();
        let mut messages = Messages::new(inputs, false, rounds, Vec::new(), unique);
        let sent = std::iter::from_fn(|| messages.next().unwrap()).collect();
        (sent, messages.expected())
    }

    const TWO: &[u8] =
        b"MSH|^~\\&|A|B|C|D|2026||ADT^A01|M1|P|2.5\rMSH|^~\\&|A|B|C|D|2026||ADT^A01|M2|P|2.5\r";

    #[test]
    fn each_message_of_each_file_comes_in_each_round() {
        let (sent, expected) = all(&[TWO, b"noise"], 2, false);
        let ids: Vec<_> = sent.iter().map(|one| one.control_id.clone()).collect();
        assert_eq!(ids, ["M1", "M2", "", "M1", "M2", ""]);
        assert_eq!(sent.iter().map(|one| one.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
        assert_eq!(expected, 6);
    }

    #[test]
    fn unique_gives_each_copy_an_id_of_its_own() {
        let (sent, _) = all(&[TWO], 2, true);
        let ids: std::collections::BTreeSet<_> =
            sent.iter().map(|one| one.control_id.clone()).collect();
        assert_eq!(ids.len(), 4);
    }
}
