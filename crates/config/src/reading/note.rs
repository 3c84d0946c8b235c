//! What is asked of a table is noted in the trace.

use super::{Asked, Found, Section, trace};
use crate::diagnostic::Place;
use crate::setting::{Setting, Shape};

impl Section<'_> {
    /// Notes what is asked of a key.
    pub(super) fn note<T: Setting>(&self, key: &'static str, is_list: bool) {
        if let Some(traced) = self.context.trace.borrow_mut().key(self.traced, key) {
            traced.asked = Some(Asked { shape: T::SHAPE, is_list });
            traced.expected = Some(T::EXPECTED);
        }
    }

    /// Notes that a key holds a value or a table.
    pub(super) fn note_open(&self, key: &'static str) {
        if let Some(traced) = self.context.trace.borrow_mut().key(self.traced, key) {
            traced.asked = Some(Asked { shape: Shape::Open, is_list: false });
        }
    }

    pub(super) fn note_required(&self, key: &'static str) {
        if let Some(traced) = self.context.trace.borrow_mut().key(self.traced, key) {
            traced.is_required = true;
        }
    }

    /// Notes that keys of this table are the operator's own, and what they hold.
    pub(crate) fn note_others<T: Setting>(&self, is_list: bool) {
        self.note_own(T::SHAPE, is_list);
    }

    /// The same of keys that hold values of that shape.
    pub(super) fn note_own(&self, shape: Shape, is_list: bool) {
        let own = self.others().into_iter().map(|(name, value)| {
            let place = Place { file: name.place.file, span: value.span() };
            (name.value.to_owned(), Found { value: trace::value(value.get_ref()), place })
        });
        let own: Vec<_> = own.collect();
        if let Some(table) = self.context.trace.borrow_mut().tables.get_mut(self.traced) {
            table.others = Some(Asked { shape, is_list });
            table.own = own;
        }
    }
}
