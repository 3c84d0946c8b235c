//! Keys that take one of a few words.

use wardline_flow::{
    AckMatch, AckMode, ExpectAck, OnExhausted, OnUnclear, Presence, ProcessingId, ReplyOutcome,
    Strictness,
};
use wardline_hl7::{SegmentEnds, Unmappable};
use wardline_mllp::FrameEnd;

use super::{Setting, Shape, Wrong};
use crate::model::{
    BatchAck, ConnectionMode, Dedup, EnvironmentKind, FileSort, HttpMethod, LogFormat, Multiple,
    OnLate, OnUnavailable, Order, ProfileLevel, TlsVersion, Unrouted, WhenDone, WhenFull,
};
use crate::sections::MissPolicy;
use crate::suggest::did_you_mean;

/// The `kind` of a destination, before its keys are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Mllp,
    File,
    Handler,
    Http,
    Postgres,
}

/// The `body` of a request, where it is the whole message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WholeBody {
    /// The bytes as they are.
    Hl7,
    /// As JSON.
    Json,
}

/// The `kind` of a listener, before its keys are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListenerKind {
    Mllp,
    File,
}

/// The `kind` of a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandlerKind {
    /// An actor of this program.
    Rust,
    /// A script.
    Lua,
}

/// When the sender is answered, before it is known from whom the answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acknowledging {
    AfterStore,
    AfterDelivery,
    None,
}

/// The `role` of this end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// It dials.
    Client,
    /// It listens.
    Server,
}

macro_rules! choice {
    ($type:ident { $first:literal => $first_variant:ident, $($word:literal => $variant:ident),+ }) => {
        impl Setting for $type {
            const EXPECTED: &'static str = concat!("one of \"", $first, "\"", $(", \"", $word, "\"",)+);

            const SHAPE: Shape = Shape::Words(&[$first, $($word),+]);

            fn from_text(text: &str) -> Result<Self, Wrong> {
                match text {
                    $first => Ok(Self::$first_variant),
                    $($word => Ok(Self::$variant),)+
                    _ => Err(Wrong { hint: did_you_mean(text, [$first, $($word),+]), ..Wrong::text::<Self>(text) }),
                }
            }
        }
    };
}

choice!(AckMatch {
    "exact" => Exact,
    "trim" => Trim,
    "prefix20" => Prefix20,
    "any-ack" => AnyAck,
    "any" => Any
});
choice!(AckMode { "auto" => Auto, "original" => Original, "enhanced" => Enhanced });
choice!(BatchAck { "single" => Single, "batch" => Batch, "errors" => Errors, "each" => Each });
choice!(Acknowledging {
    "after_store" => AfterStore,
    "after_delivery" => AfterDelivery,
    "none" => None
});
choice!(ConnectionMode { "persistent" => Persistent, "per_message" => PerMessage });
choice!(EnvironmentKind {
    "production" => Production,
    "test" => Test,
    "training" => Training,
    "other" => Other
});
choice!(ExpectAck { "by-message" => ByMessage, "always" => Always, "never" => Never });
choice!(FileSort { "name" => Name, "time" => Time });
choice!(Dedup { "off" => Off, "flag" => Flag, "replay" => Replay });
choice!(FrameEnd { "auto" => Auto, "fs-cr" => FsCr, "fs" => Fs });
choice!(HandlerKind { "rust" => Rust, "lua" => Lua });
choice!(HttpMethod { "POST" => Post, "PUT" => Put });
choice!(Kind { "mllp" => Mllp, "file" => File, "handler" => Handler, "http" => Http, "postgres" => Postgres });
choice!(ListenerKind { "mllp" => Mllp, "file" => File });
choice!(LogFormat { "human" => Human, "json" => Json });
choice!(Multiple { "reject" => Reject, "split" => Split });
choice!(MissPolicy { "fail" => Fail, "keep" => Keep, "default" => Default });
choice!(OnExhausted { "dead" => Dead, "block" => Block });
choice!(OnLate { "accept" => Accept, "return" => Return });
choice!(OnUnavailable { "close" => Close, "answer" => Answer });
choice!(OnUnclear { "hold" => Hold, "dead" => Dead });
choice!(Order { "fifo" => Fifo, "none" => None });
choice!(Presence { "require" => Require, "accept" => Accept });
choice!(ProcessingId { "P" => Production, "T" => Training, "D" => Debugging });
choice!(ProfileLevel { "off" => Off, "lint" => Lint, "reject" => Reject });
choice!(ReplyOutcome { "delivered" => Delivered, "retry" => Retry, "dead" => Dead, "hold" => Hold });
choice!(Role { "client" => Client, "server" => Server });
choice!(SegmentEnds { "auto" => Auto, "cr" => Cr, "lf" => Lf });
choice!(Unmappable { "fail" => Fail, "replace" => Replace, "escape" => Escape });
choice!(Strictness { "strict" => Strict, "lenient" => Lenient });
choice!(TlsVersion { "1.2" => V1_2, "1.3" => V1_3 });
choice!(Unrouted { "accept" => Accept, "reject" => Reject, "discard" => Discard });
choice!(WholeBody { "hl7" => Hl7, "json" => Json });
choice!(WhenDone { "move" => Move, "delete" => Delete });
choice!(WhenFull {
    "replace-oldest-idle-of-same-source" => ReplaceOldestIdleOfSameSource,
    "close-newcomer" => CloseNewcomer
});

impl Kind {
    /// The word it is written with.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Mllp => "mllp",
            Self::File => "file",
            Self::Handler => "handler",
            Self::Http => "http",
            Self::Postgres => "postgres",
        }
    }
}
