//! The answer to a batch that is a batch itself.
//!
//! ```text
//! FHS|^~\&|…|<time>||||<new id>|<FHS-11>            where theirs has FHS
//! BHS|^~\&|…|<time>||||<new id>|<BHS-11>            for each of their batches
//! MSH … MSA …                                       an answer for each message, or for each refused one
//! BTS|<answers>
//! FTS|<batches>
//! ```

use bytes::{BufMut, Bytes};

use super::{Ids, Writer};
use crate::batch::{Batch, Envelope};
use crate::{Delimiters, Message};

/// What is answered to a batch.
#[derive(Debug)]
pub struct BatchAnswer<'a> {
    /// What came.
    pub batch: &'a Batch,
    /// The answers to each of its messages, in their order, as [`super::build`] makes them: none, one, or one of each
    /// kind in the enhanced mode.
    pub answers: &'a [Vec<Bytes>],
    /// BHS-7 and FHS-7: `YYYYMMDDHHMMSS`.
    pub time: &'a str,
}

/// Builds the answer. `new_id` gives BHS-11 and FHS-11: a new and unique one each time, at most 20 characters.
pub fn build_batch(answer: &BatchAnswer<'_>, mut new_id: impl FnMut() -> String) -> Bytes {
    let first = answer.batch.messages().next().and_then(|first| Message::parse(first.clone()).ok());
    let ids = first.as_ref().map(Ids::of).unwrap_or_default();
    let usual = first.as_ref().map_or_else(Delimiters::default, |first| *first.delimiters());
    let usual = answer.batch.identifying_header().map_or(usual, |header| *header.delimiters());
    let mut writer = Writer::foreign(usual);
    if let Some(file) = &answer.batch.file {
        writer.envelope(b"FHS", Some(file), &ids, answer.time, &new_id());
    }
    let mut answers = answer.answers.iter();
    for group in &answer.batch.groups {
        writer.envelope(b"BHS", group.header.as_ref(), &ids, answer.time, &new_id());
        let mut written = 0;
        for one in answers.by_ref().take(group.messages.len()).flatten() {
            writer.out.put_slice(one);
            written += 1;
        }
        writer.trailer(b"BTS", written);
    }
    if let Some(file) = &answer.batch.file {
        writer.delimiters = *file.delimiters();
        writer.trailer(b"FTS", answer.batch.groups.len());
    }
    writer.out.freeze()
}

impl Writer {
    /// FHS or BHS, for theirs; for messages without one both ends are those of the first.
    fn envelope(
        &mut self,
        name: &[u8],
        theirs: Option<&Envelope>,
        first: &Ids<'_>,
        time: &str,
        id: &str,
    ) {
        let (sender, receiver, reference) = match theirs {
            Some(theirs) => {
                self.delimiters = *theirs.delimiters();
                let field = |number| theirs.field(number);
                ([field(3), field(4)], [field(5), field(6)], theirs.control_id())
            }
            None => (first.sender, first.receiver, &[][..]),
        };
        self.out.put_slice(name);
        self.separator();
        self.out.extend(self.delimiters.encoding_characters());
        for end in receiver.into_iter().chain(sender) {
            self.id_field(end);
        }
        self.text_field(time);
        // Security, name and comment are nobody's here.
        self.out.put_bytes(self.delimiters.field, 3);
        self.text_field(id);
        if !reference.is_empty() {
            self.id_field(reference);
        }
        self.end();
    }

    fn trailer(&mut self, name: &[u8], count: usize) {
        self.out.put_slice(name);
        self.text_field(&count.to_string());
        self.end();
    }
}
