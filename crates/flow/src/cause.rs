//! Why a delivery is not delivered yet, or never: a closed list with stable codes.
//!
//! The code is what the store keeps, what status and command line print, and what counters are labelled with. It never
//! carries a peer's text (PHI-1).

use std::fmt;
use std::str::FromStr;

macro_rules! causes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $text:literal;)+) => {
        /// Why an attempt, or a delivery as a whole, did not succeed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Cause {
            $($(#[$doc])* $variant,)+
        }

        impl Cause {
            /// Every cause there is, in the order of this list.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable code: lower case, words joined by `-`, at most 24 bytes.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// The same for people, without any content of a message.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }
    };
}

causes! {
    /// The destination's host name has no address.
    Unresolved = "unresolved", "the host name could not be resolved";
    /// Nobody listens there.
    Refused = "refused", "the connection was refused";
    /// No way to the host.
    Unreachable = "unreachable", "the host could not be reached";
    /// The connection did not come up within `connect_timeout`.
    ConnectTimeout = "connect-timeout", "the connection did not come up in time";
    /// We listen for it, and it has not connected within `connect_timeout`.
    NoPeer = "no-peer", "the peer has not connected";
    /// The TLS handshake failed, or the peer broke TLS off.
    Tls = "tls", "TLS with the peer failed";
    /// The peer's certificate is not trusted.
    TlsCertificate = "tls-certificate", "the peer's certificate is not trusted";
    /// The peer broke the connection before it had answered.
    Reset = "reset", "the peer reset the connection before it answered";
    /// The peer closed the connection before it had answered.
    Closed = "closed", "the peer closed the connection before it answered";
    /// The bytes could not be written within `write_timeout`.
    WriteTimeout = "write-timeout", "the peer did not take the message in time";
    /// No answer within `ack_timeout`.
    AckTimeout = "ack-timeout", "the peer did not answer in time";
    /// AE or CE.
    Error = "error", "the peer answered with an error (AE or CE)";
    /// AR or CR.
    Rejected = "rejected", "the peer rejected the message (AR or CR)";
    /// AR or CR with ERR-3 206: the one rejection that passes by itself.
    RecordLocked = "record-locked", "the peer's record was locked (ERR-3 206)";
    /// MLLP release 2: the peer said again and again that it could not store the block.
    NotCommitted = "not-committed", "the peer did not commit the message (MLLP release 2)";
    /// The message asked to be answered if it was taken (SU), and no answer came.
    Silence = "silence", "the peer did not say that it took the message";
    /// An answer that `on_reply` or `on_status` gives another meaning.
    Ruled = "ruled", "a rule of `on_reply` or `on_status` decided about the answer";
    /// An answer to a message that was never sent on this connection.
    UnclearUnknownId = "unclear-unknown-id", "the answer names another message (MSA-2)";
    /// An HL7 message without MSA.
    UnclearNoMsa = "unclear-no-msa", "the answer has no MSA segment";
    /// Bytes that are not HL7, or more of them than `max_reply_size`.
    UnclearUnreadable = "unclear-unreadable", "the answer could not be read";
    /// A frame without content.
    UnclearEmpty = "unclear-empty", "the answer was empty";
    /// MSA-1 is none of AA, AE, AR, CA, CE, CR.
    UnclearUnknownCode = "unclear-unknown-code", "the answer's code (MSA-1) is unknown";
    /// AA or CA came while the message was still being written.
    UnclearEarly = "unclear-early", "the answer came before the message was written";
    /// A status that says nothing about the message: a redirect is not followed.
    UnclearStatus = "unclear-status", "the status of the answer says nothing about the message";
    /// The request was sent, and not answered within `timeout`.
    UnclearNoAnswer = "unclear-no-answer", "the request was sent and not answered in time";
    /// 408, 425, 500 and what follows it.
    HttpFailed = "http-failed", "the server failed with the message (408, 425, 5xx)";
    /// 429, 502, 503, 504.
    HttpBusy = "http-busy", "the server takes nothing at this time (429, 502, 503, 504)";
    /// Any other 4xx.
    HttpRejected = "http-rejected", "the server refused the message (4xx)";
    /// A file with a secret that goes with each message.
    NoSecret = "no-secret", "the file of a secret cannot be read";
    /// The server does not let us in: user, password, database, or a connection that should be encrypted.
    Denied = "denied", "the server does not let us in";
    /// Starting, stopping, full, or to be read only.
    DatabaseUnavailable = "db-unavailable", "the database takes nothing at this time";
    /// A deadlock, a lock, a limit of time.
    DatabaseFailed = "db-failed", "the database failed with the row";
    /// Its SQLSTATE is kept with the delivery.
    DatabaseRejected = "db-rejected", "the database refused the row";
    /// A handler destination said `Fail`.
    HandlerFailed = "handler-failed", "the handler failed";
    /// A handler destination panicked.
    HandlerPanicked = "handler-panicked", "the handler panicked";
    /// A handler destination took longer than its `timeout`.
    HandlerTimeout = "handler-timeout", "the handler did not answer in time";
    /// All instances of the handler had other messages for as long as its `timeout`.
    HandlerBusy = "handler-busy", "the handler had no instance free in time";
    /// The handler used up its restarts or its threads.
    HandlerDown = "handler-down", "the handler is down";
    /// A handler destination said `Reject`.
    HandlerRejected = "handler-rejected", "the handler rejected the message";
    /// No space where the file should go.
    FileNoSpace = "file-no-space", "no space left for the file";
    /// The folder may not be written.
    FileDenied = "file-denied", "the folder may not be written";
    /// The file's name and every numbered one beside it are taken.
    FileNamesTaken = "file-names-taken", "the file's name and all its numbered ones are taken";
    /// Any other failure to create, write, sync or rename the file.
    FileFailed = "file-failed", "the file could not be written";
    /// Handlers sent the message round in a circle.
    Loop = "loop", "the message went through too many handlers";
    /// Its bytes hold the end of a frame, or the start of another: the peer would take a part of it for the whole.
    Unframeable = "unframeable", "the message holds bytes that MLLP cannot carry";
    /// The disk gave back other bytes of it than were accepted.
    Damaged = "damaged", "what is stored of the message is damaged";
    /// An operator moved it out of the way.
    Skipped = "skipped", "an operator skipped it";
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// A code that no cause has: written by a later version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown cause code")]
pub struct UnknownCause;

impl FromStr for Cause {
    type Err = UnknownCause;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|cause| cause.code() == code).ok_or(UnknownCause)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_leads_back_to_its_cause() {
        for cause in Cause::ALL {
            assert_eq!(cause.code().parse(), Ok(*cause));
        }
        assert_eq!("unheard-of".parse::<Cause>(), Err(UnknownCause));
    }

    #[test]
    fn codes_are_short_distinct_and_plain() {
        let codes: BTreeSet<_> = Cause::ALL.iter().map(|cause| cause.code()).collect();
        assert_eq!(codes.len(), Cause::ALL.len());
        for code in codes {
            assert!(code.len() <= 24, "{code}");
            assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{code}");
        }
    }
}
