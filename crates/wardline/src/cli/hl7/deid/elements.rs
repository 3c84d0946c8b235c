//! Where people stand in a message (HL7 v2.5 chapters 3 and 6).

/// What an element holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Name,
    Id,
    Address,
    Telephone,
    Birth,
    Text,
}

/// One component that is replaced, in every repetition of its field; 0 = all of the repetition.
pub(super) struct Element {
    pub(super) segment: &'static str,
    pub(super) field: u16,
    pub(super) component: u16,
    pub(super) kind: Kind,
}

impl Kind {
    /// What a pseudonym of it begins with.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Name => "NAME",
            Self::Id => "ID",
            Self::Address => "PLACE",
            Self::Telephone => "TEL",
            Self::Birth => "BIRTH",
            Self::Text => "TEXT",
        }
    }
}

const fn element(segment: &'static str, field: u16, component: u16, kind: Kind) -> Element {
    Element { segment, field, component, kind }
}

macro_rules! elements {
    ($($segment:literal $field:literal $kind:ident $($component:literal)+;)+) => {
        /// Everything that is replaced.
        pub(super) const ELEMENTS: &[Element] =
            &[$($(element($segment, $field, $component, Kind::$kind),)+)+];
    };
}

// Of names the family name with its parts, the given names and the suffix; of addresses all but country and type; of
// telephone numbers every component that may hold digits or an e-mail address.
elements! {
    "PID" 2 Id 1;  "PID" 3 Id 1;  "PID" 4 Id 1;
    "PID" 5 Name 1 2 3 4;  "PID" 6 Name 1 2 3 4;  "PID" 7 Birth 1;  "PID" 9 Name 1 2 3 4;
    "PID" 11 Address 1 2 3 5 8 9 10;  "PID" 12 Address 1;
    "PID" 13 Telephone 1 4 6 7 8 12;  "PID" 14 Telephone 1 4 6 7 8 12;
    "PID" 18 Id 1;  "PID" 19 Id 1;  "PID" 20 Id 1;  "PID" 21 Id 1;  "PID" 23 Address 1;
    "MRG" 1 Id 1;  "MRG" 2 Id 1;  "MRG" 3 Id 1;  "MRG" 4 Id 1;  "MRG" 5 Id 1;  "MRG" 6 Id 1;
    "MRG" 7 Name 1 2 3 4;
    "NK1" 2 Name 1 2 3 4;  "NK1" 4 Address 1 2 3 5 8 9 10;
    "NK1" 5 Telephone 1 4 6 7 8 12;  "NK1" 6 Telephone 1 4 6 7 8 12;  "NK1" 12 Id 1;
    "NK1" 16 Birth 1;  "NK1" 26 Name 1 2 3 4;  "NK1" 30 Name 1 2 3 4;
    "NK1" 31 Telephone 1 4 6 7 8 12;  "NK1" 32 Address 1 2 3 5 8 9 10;  "NK1" 33 Id 1;  "NK1" 37 Id 1;
    "GT1" 2 Id 1;  "GT1" 3 Name 1 2 3 4;  "GT1" 4 Name 1 2 3 4;  "GT1" 5 Address 1 2 3 5 8 9 10;
    "GT1" 6 Telephone 1 4 6 7 8 12;  "GT1" 7 Telephone 1 4 6 7 8 12;  "GT1" 8 Birth 1;
    "GT1" 12 Id 1;  "GT1" 16 Name 1 2 3 4;  "GT1" 17 Address 1 2 3 5 8 9 10;
    "GT1" 18 Telephone 1 4 6 7 8 12;  "GT1" 19 Id 1;
    "IN1" 16 Name 1 2 3 4;  "IN1" 18 Birth 1;  "IN1" 19 Address 1 2 3 5 8 9 10;  "IN1" 36 Id 1;
    "IN1" 49 Id 1;
    "IN2" 1 Id 1;  "IN2" 2 Id 1;  "IN2" 6 Id 1;  "IN2" 7 Name 1 2 3 4;  "IN2" 8 Id 1;
    "IN2" 61 Id 1;  "IN2" 63 Telephone 1 4 6 7 8 12;  "IN2" 64 Telephone 1 4 6 7 8 12;
    "ACC" 11 Address 1 2 3 5 8 9 10;
    "PV1" 19 Id 1;
    "NTE" 3 Text 0;
    "OBX" 5 Text 0;
}
