//! The MSH segment, typed: who sends what to whom, and how he wants it answered (HL7 v2.5 chapter 2.15.9).
//!
//! Read with the message, from the field offsets that [`Message::parse`](crate::Message::parse) took on its one pass
//! over MSH; nothing is copied. Fields are bytes: matching compares bytes, and only what shows them decodes them.

mod fields;

use std::fmt;

use memchr::memchr2;

use crate::identity::presentable;
use crate::{Identity, Message, Path, Value};

pub(crate) use fields::HeaderFields;

/// The header of one message. Absent and empty fields both read as no bytes; [`Message::get`] tells them apart.
#[derive(Clone, Copy)]
pub struct Header<'m> {
    message: &'m Message,
}

impl<'m> Header<'m> {
    pub(crate) fn of(message: &'m Message) -> Self {
        Self { message }
    }

    /// MSH-3, the sending application: its namespace id (HD.1), or its universal id where that is empty.
    pub fn sending_application(self) -> &'m [u8] {
        self.designator(3)
    }

    /// MSH-4, the sending facility, as [`Header::sending_application`].
    pub fn sending_facility(self) -> &'m [u8] {
        self.designator(4)
    }

    /// MSH-5, the receiving application, as [`Header::sending_application`].
    pub fn receiving_application(self) -> &'m [u8] {
        self.designator(5)
    }

    /// MSH-6, the receiving facility, as [`Header::sending_application`].
    pub fn receiving_facility(self) -> &'m [u8] {
        self.designator(6)
    }

    /// MSH-7, when the message was made: `YYYYMMDDHHMM[SS[.S[S[S[S]]]]][+/-ZZZZ]`.
    pub fn time(self) -> &'m [u8] {
        self.component(7, 1)
    }

    /// MSH-9.1, the message code, as `ADT`.
    pub fn message_type(self) -> &'m [u8] {
        self.component(9, 1)
    }

    /// MSH-9.2, the trigger event, as `A01`; EVN-1 where MSH-9 has none.
    pub fn trigger_event(self) -> &'m [u8] {
        const EVENT_TYPE: Path = Path {
            segment: *b"EVN",
            occurrence: crate::Index::Nth(1),
            field: 1,
            repetition: None,
            component: None,
            subcomponent: None,
        };
        match self.declared_trigger_event() {
            [] => match self.message.get(&EVENT_TYPE) {
                Value::Present(event) => event,
                Value::Absent | Value::Empty | Value::Null => &[],
            },
            declared => declared,
        }
    }

    /// MSH-9.2 alone.
    pub(crate) fn declared_trigger_event(self) -> &'m [u8] {
        self.component(9, 2)
    }

    /// MSH-9.3, the message structure, as `ADT_A01` (since 2.3.1).
    pub fn structure(self) -> &'m [u8] {
        self.component(9, 3)
    }

    /// MSH-10, the control id: the whole field, as an acknowledgement gives it back in MSA-2.
    pub fn control_id(self) -> &'m [u8] {
        self.field(10)
    }

    /// MSH-11.1, the processing id: P, T or D (table 0103).
    pub fn processing_id(self) -> &'m [u8] {
        self.component(11, 1)
    }

    /// MSH-12.1, the version, as `2.5.1` (table 0104).
    pub fn version(self) -> &'m [u8] {
        self.component(12, 1)
    }

    /// Whether MSH-14, the continuation pointer, says that this goes on with an earlier message.
    pub fn is_continuation(self) -> bool {
        !self.field(14).is_empty()
    }

    /// MSH-15, when an accept acknowledgement is due: AL, NE, ER or SU (table 0155).
    pub fn accept_acknowledgement(self) -> &'m [u8] {
        self.field(15)
    }

    /// MSH-16, when an application acknowledgement is due (table 0155).
    pub fn application_acknowledgement(self) -> &'m [u8] {
        self.field(16)
    }

    /// MSH-18, the declared charsets, with repetitions (table 0211).
    pub fn character_set(self) -> &'m [u8] {
        self.field(18)
    }

    /// Type and trigger event as `ADT^A01`, whatever the component separator; the type alone where there is no event.
    ///
    /// For people: at most 64 characters on one line, since a sender may have put anything there.
    pub fn message_code(self) -> String {
        let (message_type, event) = (self.message_type(), self.trigger_event());
        match event {
            [] => presentable(message_type),
            _ => presentable(&[message_type, b"^", event].concat()),
        }
    }

    /// What logs and counters may show of the message (PHI-1), owned.
    pub fn identity(self) -> Identity {
        Identity::of(self)
    }

    /// A whole field of MSH from 3 to 18, as it came.
    pub fn field(self, number: usize) -> &'m [u8] {
        self.message.header_field(number)
    }

    fn component(self, field: usize, number: usize) -> &'m [u8] {
        let delimiters = self.message.delimiters();
        let Some(range) = self.message.header_range(field) else { return &[] };
        let Some(field) = self.message.outline().get(range.clone()) else { return &[] };
        let end = delimiters.repetition.unwrap_or(delimiters.component);
        let mut start = 0;
        for _ in 1..number {
            let rest = field.get(start..).unwrap_or_default();
            match memchr2(delimiters.component, end, rest) {
                Some(at) if rest.get(at) == Some(&delimiters.component) => start += at + 1,
                _ => return &[],
            }
        }
        let rest = field.get(start..).unwrap_or_default();
        let length = memchr2(delimiters.component, end, rest).unwrap_or(rest.len());
        let start = range.start + start;
        self.message.bytes().get(start..start + length).unwrap_or_default()
    }

    fn designator(self, field: usize) -> &'m [u8] {
        match self.component(field, 1) {
            [] => self.component(field, 2),
            namespace => namespace,
        }
    }
}

impl fmt::Debug for Header<'_> {
    /// What PHI-1 allows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.identity(), f)
    }
}
