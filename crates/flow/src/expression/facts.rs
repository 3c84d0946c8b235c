//! What an expression sees of one message: the variables, each made at most once, when the first expression asks.
//!
//! | variable | keys |
//! |---|---|
//! | `msh` | `msg_type`, `trigger`, `sending_app`, `sending_fac`, `receiving_app`, `receiving_fac`, `control_id`, `version` |
//! | `pid` | id, name, dob, sex, ssn, country |
//! | `pv1` | `patient_class`, `assigned_location`, `attending_doctor`, `admit_datetime` |
//! | `obx` | of the first OBX: `value_type`, `identifier`, `value`, `unit`, `status` |
//! | `obx_list` | one such map for each OBX |
//!
//! All values are strings, escapes resolved and charset decoded. A segment that is there has all its keys, empty where
//! the field is; one that is missing is an empty map, so that `has(pid.id)` is false and a plain `pid.id` is a fault.
//! Under [`Strictness::Lenient`] it has its keys as well, all empty.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use cel::common::types::{CelList, CelMap, CelMapKey, CelString, DYN_TYPE, Type};
use cel::common::value::{CowVal, StaticVal, Val};
use cel::context::VariableResolver;
use wardline_hl7::{Index, Message, Path, Segment, Value};

use super::cost::MAX_LIST;
use crate::lookup::Lookups;

/// What a segment that the message lacks is to an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strictness {
    /// A fault where a key of it is read without a guard.
    #[default]
    Strict,
    /// A segment of empty fields (`rules = "lenient"`).
    Lenient,
}

/// One message, as expressions see it.
pub struct Facts {
    seen: Arc<Seen>,
    strictness: Strictness,
    variables: [OnceLock<Box<dyn Val>>; VARIABLES.len()],
}

/// What functions see: it outlives the evaluation only on paper.
pub(super) struct Seen {
    pub(super) message: Message,
    pub(super) lookups: Arc<Lookups>,
    turn: Option<Turn>,
    /// A list was longer than an expression goes through.
    too_long: AtomicBool,
}

/// The segment that a `for_each` is at: its variable, and paths to the first of its name, mean this one.
#[derive(Clone)]
struct Turn {
    segment: String,
    number: u16,
}

/// The name by which functions find the message; no expression can write it.
pub(super) const MESSAGE: &str = "@message";

/// The variable that is a list.
pub(super) const OBSERVATIONS: &str = "obx_list";

/// Every variable with its keys.
pub(super) const VARIABLES: [(&str, &[&str]); 5] = [
    (
        "msh",
        &[
            "msg_type",
            "trigger",
            "sending_app",
            "sending_fac",
            "receiving_app",
            "receiving_fac",
            "control_id",
            "version",
        ],
    ),
    ("pid", &["id", "name", "dob", "sex", "ssn", "country"]),
    ("pv1", &["patient_class", "assigned_location", "attending_doctor", "admit_datetime"]),
    ("obx", OBX_KEYS),
    (OBSERVATIONS, &[]),
];

const OBX_KEYS: &[&str] = &["value_type", "identifier", "value", "unit", "status"];
/// Where each key of `pid` stands: field, and component where it is one.
const PID_PLACES: &[Place] =
    &[(3, Some(1)), (5, None), (7, None), (8, None), (19, None), (11, Some(6))];
const PV1_PLACES: &[Place] = &[(2, None), (3, None), (7, None), (44, None)];
const OBX_PLACES: &[Place] = &[(2, None), (3, Some(1)), (5, None), (6, Some(1)), (11, None)];

type Place = (u16, Option<u16>);

impl Facts {
    /// The facts of a message.
    pub fn of(message: &Message, lookups: &Arc<Lookups>, strictness: Strictness) -> Self {
        let _found_once_for_all = message.segments();
        let seen = Arc::new(Seen {
            message: message.clone(),
            lookups: Arc::clone(lookups),
            turn: None,
            too_long: AtomicBool::new(false),
        });
        Self { seen, strictness, variables: [const { OnceLock::new() }; VARIABLES.len()] }
    }

    /// The same, where the `number`th segment of a name is the one in turn.
    #[must_use]
    pub fn in_turn(mut self, segment: &str, number: u16) -> Self {
        if let Some(seen) = Arc::get_mut(&mut self.seen) {
            seen.turn = Some(Turn { segment: segment.to_owned(), number });
        }
        self
    }

    /// The message.
    pub fn message(&self) -> &Message {
        &self.seen.message
    }

    /// Whether a list that was asked for is longer than [`MAX_LIST`].
    pub(super) fn is_too_long(&self) -> bool {
        self.seen.too_long.load(Ordering::Relaxed)
    }

    fn variable(&self, number: usize) -> Box<dyn Val> {
        let message = &self.seen.message;
        match VARIABLES.get(number) {
            Some(("msh", keys)) => Box::new(map(keys, header_texts(message))),
            Some(("pid", keys)) => Box::new(self.segment(keys, b"PID", PID_PLACES)),
            Some(("pv1", keys)) => Box::new(self.segment(keys, b"PV1", PV1_PLACES)),
            Some(("obx", keys)) => Box::new(self.segment(keys, b"OBX", OBX_PLACES)),
            _ => Box::new(self.observations()),
        }
    }

    fn segment(&self, keys: &[&'static str], name: &[u8], places: &[Place]) -> CelMap<'static> {
        let number = match &self.seen.turn {
            Some(turn) if turn.segment.as_bytes() == name => usize::from(turn.number),
            _ => 1,
        };
        let mut named = self.seen.message.segments().filter(|segment| segment.name() == name);
        let found = named.nth(number - 1);
        match (found, self.strictness) {
            (Some(segment), _) => map(keys, self.texts(&segment, places)),
            (None, Strictness::Strict) => CelMap::default(),
            (None, Strictness::Lenient) => map(keys, keys.iter().map(|_| String::new())),
        }
    }

    fn observations(&self) -> CelList<'static> {
        let all = self.seen.message.segments().filter(|segment| segment.name() == b"OBX");
        let maps = all.map(|segment| -> Box<dyn Val> {
            Box::new(map(OBX_KEYS, self.texts(&segment, OBX_PLACES)))
        });
        CelList::from(self.seen.bounded(maps))
    }

    /// The texts of these places in one segment, the first repetition of each.
    fn texts(&self, segment: &Segment<'_>, places: &[Place]) -> impl Iterator<Item = String> {
        let message = &self.seen.message;
        places.iter().map(move |&(field, component)| {
            let value = segment.first(field, component);
            message.text_of(value).map(Cow::into_owned).unwrap_or_default()
        })
    }
}

impl Seen {
    /// A path as it is meant here.
    pub(super) fn meant(&self, path: &Path) -> Path {
        match &self.turn {
            Some(turn) if path.segment() == turn.segment && path.occurrence() == Index::Nth(1) => {
                path.in_occurrence(turn.number)
            }
            _ => *path,
        }
    }

    /// As many as an expression goes through; more than that is remembered.
    pub(super) fn bounded<T>(&self, all: impl Iterator<Item = T>) -> Vec<T> {
        let mut taken: Vec<T> = all.take(MAX_LIST + 1).collect();
        if taken.len() > MAX_LIST {
            self.too_long.store(true, Ordering::Relaxed);
            taken.clear();
        }
        taken
    }
}

impl VariableResolver for Facts {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        if variable == MESSAGE {
            return Some(CowVal::owned(SeenVal(Arc::clone(&self.seen))));
        }
        let number = VARIABLES.iter().position(|(name, _)| *name == variable)?;
        let value = self.variables.get(number)?.get_or_init(|| self.variable(number));
        Some(CowVal::Borrowed(value.as_ref()))
    }
}

impl fmt::Debug for Facts {
    /// No content (PHI-1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts").field("message", &self.seen.message).finish_non_exhaustive()
    }
}

fn header_texts(message: &Message) -> impl Iterator<Item = String> {
    let header = message.header();
    let fields = [
        header.message_type(),
        header.trigger_event(),
        header.sending_application(),
        header.sending_facility(),
        header.receiving_application(),
        header.receiving_facility(),
        header.control_id(),
        header.version(),
    ];
    let text = |field| message.text_of(Value::Present(field)).map(Cow::into_owned);
    fields.into_iter().map(move |field| text(field).unwrap_or_default())
}

fn map(keys: &[&'static str], texts: impl Iterator<Item = String>) -> CelMap<'static> {
    let entry = |(key, text): (&&'static str, String)| {
        let value: Box<dyn Val> = Box::new(CelString::from(text));
        (CelMapKey::from(*key), value)
    };
    CelMap::from(keys.iter().zip(texts).map(entry).collect::<HashMap<_, _>>())
}

/// The message on its way to a function.
pub(super) struct SeenVal(pub(super) Arc<Seen>);

impl Val for SeenVal {
    fn get_type(&self) -> &Type {
        &DYN_TYPE
    }

    fn cel_type() -> &'static Type {
        &DYN_TYPE
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(Self(Arc::clone(&self.0)))
    }

    fn as_any(&self) -> Option<&dyn std::any::Any> {
        Some(self)
    }
}

impl StaticVal for SeenVal {}

impl fmt::Debug for SeenVal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the message")
    }
}

/// Whether a message has a variable of this name.
pub(super) fn is_variable(name: &str) -> bool {
    VARIABLES.iter().any(|(variable, _)| *variable == name)
}

/// Whether an element of [`OBSERVATIONS`] has this key.
pub(super) fn is_observed(key: &str) -> bool {
    OBX_KEYS.contains(&key)
}
