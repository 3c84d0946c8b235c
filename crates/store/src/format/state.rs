//! Where a delivery stands, as carried records, tables and the index keep it.
//!
//! ```text
//!   u8     0 pending, 1 held, 2 dead
//!   u32    attempts
//!   maybe  time of the first failure
//!   maybe  time it is due
//!   maybe  text, the cause
//!   time   since when it is so
//! ```

use jiff::Timestamp;

use super::fields::{FieldReader, Fields};
use crate::api::{DeliveryState, Name};

/// Where a delivery stands that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) stands: DeliveryState,
    pub(crate) attempts: u32,
    pub(crate) first_attempt: Option<Timestamp>,
    pub(crate) due: Option<Timestamp>,
    pub(crate) cause: Option<Name>,
    pub(crate) since: Timestamp,
}

impl State {
    /// Pending, never tried.
    pub(crate) fn fresh(since: Timestamp) -> Self {
        Self {
            stands: DeliveryState::Pending,
            attempts: 0,
            first_attempt: None,
            due: None,
            cause: None,
            since,
        }
    }

    pub(crate) fn write(&self, fields: &mut Fields<'_>) {
        fields.u8(match self.stands {
            DeliveryState::Pending => 0,
            DeliveryState::Held => 1,
            DeliveryState::Dead => 2,
        });
        fields.u32(self.attempts);
        fields.maybe(self.first_attempt, Fields::time);
        fields.maybe(self.due, Fields::time);
        fields.maybe(self.cause.as_deref(), Fields::text);
        fields.time(self.since);
    }

    pub(crate) fn read(reader: &mut FieldReader<'_>) -> Option<Self> {
        Some(Self {
            stands: match reader.u8()? {
                0 => DeliveryState::Pending,
                1 => DeliveryState::Held,
                2 => DeliveryState::Dead,
                _ => return None,
            },
            attempts: reader.u32()?,
            first_attempt: reader.maybe(FieldReader::time)?,
            due: reader.maybe(FieldReader::time)?,
            cause: reader.maybe(FieldReader::text)?.map(Name::from),
            since: reader.time()?,
        })
    }
}
