//! Another system's answer, given on as ours: the sender hears what the receiver said, about the message that he sent.

use bytes::Bytes;

use super::AckCode;
use crate::{Delimiters, Index, Message, Path};

/// The reply of the system that a message was delivered to, as the answer for whoever sent the message: MSA-2 is the
/// MSH-10 of the original, MSH-3 to MSH-6 are its ends swapped, everything else is copied. `None` where the reply has no
/// MSA, or an id of the original could not stand in it.
///
/// `code` becomes MSA-1: the receiver's own, or the same of the other kind where the sender awaits that.
pub fn relayed(reply: &Message, original: &Message, code: AckCode) -> Option<Bytes> {
    let header = original.header();
    let fields = [
        (MSA_1, code.as_str().as_bytes()),
        (MSA_2, header.control_id()),
        (msh(3), header.field(5)),
        (msh(4), header.field(6)),
        (msh(5), header.field(3)),
        (msh(6), header.field(4)),
    ];
    let mut answer = reply.clone();
    for (path, value) in fields {
        let value = translated(value, original.delimiters(), reply.delimiters());
        answer = answer.set_raw(&path, &value).ok()?;
    }
    Some(answer.bytes().clone())
}

const MSA_1: Path = field(*b"MSA", 1);
const MSA_2: Path = field(*b"MSA", 2);

const fn msh(number: u16) -> Path {
    field(*b"MSH", number)
}

const fn field(segment: [u8; 3], field: u16) -> Path {
    Path {
        segment,
        occurrence: Index::Nth(1),
        field,
        repetition: None,
        component: None,
        subcomponent: None,
    }
}

/// A field of one message under the separators of another. A byte that would separate there and does not here is left
/// out; ids do not hold such.
fn translated(field: &[u8], from: &Delimiters, to: &Delimiters) -> Vec<u8> {
    if from == to {
        return field.to_vec();
    }
    let own = [
        (Some(from.component), Some(to.component)),
        (from.repetition, to.repetition),
        (from.escape, to.escape),
        (from.subcomponent, to.subcomponent),
    ];
    let one = |byte: &u8| match own.iter().find(|(here, _)| *here == Some(*byte)) {
        Some((_, there)) => *there,
        None => Some(*byte).filter(|byte| !to.contain(*byte)),
    };
    field.iter().filter_map(one).collect()
}
