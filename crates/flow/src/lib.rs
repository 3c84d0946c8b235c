//! Every decision of the engine and none of its I/O: routes, plans, replies, retries.
//!
//! Nothing here knows a socket, a clock, a disk or an actor: time and chance are arguments, so that each decision can
//! be tested as a table.
//!
//! In the order of a message's way:
//!
//! - [`intake`]: may this message come in at all, by its header? [`ack_mode`]: which answers does it ask for?
//! - [`matching`]: which routes want it? [`routing`]: the plan, all destinations of one message as one unit (ROUTE-1).
//!   [`processing`]: which destinations a test must not reach.
//! - [`lane`]: which of them must wait for which (ORDER-1)?
//! - [`expression`]: what rules, `when` and `filter` say in CEL, with [`lookup`] tables and HL7 [`time`]s;
//!   [`transform`]: what becomes of a message on its way.
//! - [`ack_match`]: is this the answer to that message (MATCH-1)?
//! - [`expect`]: what is awaited for this message?
//! - [`on_reply`]: does the operator know better what it means? [`status`]: what does the status of an HTTP answer?
//!   [`sqlstate`]: what does the code of a database's error?
//! - [`rendering`]: what of a message goes to destinations that do not speak HL7?
//! - [`search`]: by what is a message found again?
//! - [`received`]: how did the attempt end? [`mod@classify`]: what does that mean for the delivery (END-1)? Built on
//!   [`retry`] and [`cause`]; [`streak`] tells when a destination rejects everything and should be held.

pub mod ack_match;
pub mod ack_mode;
pub mod cause;
pub mod classify;
pub mod expect;
pub mod expression;
mod id;
pub mod intake;
pub mod lane;
pub mod lookup;
pub mod matching;
pub mod on_reply;
pub mod processing;
pub mod received;
pub mod rendering;
pub mod retry;
pub mod routing;
pub mod rule;
pub mod search;
pub mod sqlstate;
pub mod status;
pub mod streak;
pub mod subject;
pub mod time;
pub mod transform;

pub use ack_match::AckMatch;
pub use ack_mode::{AckMode, Asked, Condition, Due};
pub use cause::{Cause, UnknownCause};
pub use classify::{DeliveryPolicy, OnExhausted, OnUnclear, Situation, Verdict, classify};
pub use expect::{ExpectAck, Expected, Later};
pub use expression::{Expression, Strictness};
pub use id::{DestinationId, HandlerName, ListenerId, RouteId};
pub use intake::{HeaderField, Intake, IntakeLints, Presence, Refusal, RefusalCause};
pub use lane::KeyOrder;
pub use lookup::{LookupTable, Lookups, OnMiss};
pub use matching::{MatchedPath, Matcher, MessagePattern, PatternError};
pub use on_reply::{ReplyOutcome, ReplyRule, TextPattern, ruled};
pub use processing::ProcessingId;
pub use received::{FileFault, HandlerFault, Received, TransportFault, Unclear};
pub use rendering::{NoValue, Occasion, ValueSource, as_json};
pub use retry::RetryPolicy;
pub use routing::{Plan, PlanFault, Planned, Route, RouteVerdict, Routing, Source};
pub use rule::Rule;
pub use search::SearchKeys;
pub use sqlstate::DatabaseFault;
pub use status::{NoStatus, StatusMeaning, StatusRange, StatusRule};
pub use streak::ConsecutiveDead;
pub use subject::Subject;
pub use transform::Transform;
