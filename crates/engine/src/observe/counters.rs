//! The counters of each kind of actor. Field names are the names of the figures wherever they show.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::latency::{Latency, LatencyCounts};

/// Declares a struct of atomic counters, and of how long things took, and the plain struct of its values, which sum.
macro_rules! counters {
    ($(#[$doc:meta])* $live:ident => $read:ident {
        $($(#[$field_doc:meta])* $field:ident,)+
        $(; $($(#[$time_doc:meta])* $time:ident,)+)?
    }) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub struct $live {
            $($(#[$field_doc])* pub $field: Counter,)+
            $($($(#[$time_doc])* pub $time: Latency,)+)?
        }

        $(#[$doc])*
        #[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $read {
            $($(#[$field_doc])* pub $field: u64,)+
            $($($(#[$time_doc])* pub $time: LatencyCounts,)+)?
        }

        impl $live {
            /// The values at this moment.
            pub fn read(&self) -> $read {
                $read { $($field: self.$field.get(),)+ $($($time: self.$time.read(),)+)? }
            }
        }

        impl std::iter::Sum for $read {
            fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
                all.fold(Self::default(), |sum, one| Self {
                    $($field: sum.$field + one.$field,)+
                    $($($time: sum.$time + one.$time,)+)?
                })
            }
        }
    };
}

/// One count that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Counts one.
    pub fn one(&self) {
        self.add(1);
    }

    /// Counts one, and gives how many it are now.
    pub fn one_more(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Counts `many`.
    pub fn add(&self, many: u64) {
        self.0.fetch_add(many, Ordering::Relaxed);
    }

    /// The count.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

counters! {
    /// What one listener has seen.
    ListenerCounters => ListenerCounts {
        /// Connections accepted.
        opened,
        /// Connections closed, whatever the reason.
        closed,
        /// Closed by the peer between frames.
        closed_by_peer,
        /// Closed or reset by the peer inside a frame.
        closed_inside_frame,
        /// Closed because nothing came for `idle_timeout`.
        closed_idle,
        /// Closed because a frame stopped coming (`frame_idle_timeout`) or took too long (`frame_timeout`).
        closed_frame_timeout,
        /// Closed because the peer did not take its answer within `write_timeout`.
        closed_write_timeout,
        /// Closed after 64 KiB without the start of a frame.
        closed_no_frame,
        /// Closed after a payload over `max_message_size`.
        closed_too_large,
        /// Closed unanswered because the engine could not store.
        closed_unavailable,
        /// Closed unanswered because `max_buffered` was full for `unavailable_wait`.
        closed_no_room,
        /// Closed because the TLS handshake failed.
        closed_tls,
        /// Closed by the engine's drain.
        closed_draining,
        /// Closed by a read or write error.
        closed_error,
        /// Closed to make room for a newer connection of the same source.
        closed_replaced,
        /// Times the peer that this listener dials could not be reached.
        connect_failures,
        /// Newcomers closed at once because the listener or their source was full.
        refused_full,
        /// Newcomers closed at once because they are in no network of `allow`.
        refused_not_allowed,
        /// Messages that waited because their source was over its `rate`.
        slowed_rate,
        /// Messages that waited because their source had `max_in_flight_per_source` in hand.
        slowed_in_flight,
        /// Times a large message waited because `max_buffered` was full.
        slowed_memory,
        /// TLS handshakes that ended well.
        tls_handshakes,
        /// TLS handshakes that failed because the peer's certificate is not trusted, or missing.
        tls_refused,
        /// TLS handshakes that failed otherwise.
        tls_failed,
        /// Whole frames.
        frames,
        /// Bytes of their payloads.
        bytes,
        /// Frames, or files, that were split into several messages.
        batches,
        /// MLLP release 2: blocks that came again and got the answer they had before.
        blocks_again,
        /// MLLP release 2: blocks answered 15, because nothing could be stored.
        blocks_refused,
        /// Empty frames and lone MLLP release 2 blocks, ignored.
        frames_ignored,
        /// Bytes outside of frames, dropped.
        lost_bytes,
        /// Frames left unfinished because a new one began inside.
        frames_abandoned,
        /// Lint: frames that did not end in FS CR.
        lint_frame_end,
        /// Lint: frames with a VT inside.
        lint_inner_vt,
        /// Lint: segment ends, empty lines, BOM, missing last CR.
        lint_message,
        /// Lint: MSH-9, MSH-10, MSH-11 or MSH-12 missing and let pass.
        lint_header,
        /// Lint: messages that break a rule of the listener's profile, rejected ones included.
        lint_profile,
        /// Messages that one of the listener's rules refused.
        rules_refused,
        /// Messages that a rule, a condition or a transform could not judge or change: answered AE.
        rule_faults,
        /// Lint: MSH-15 or MSH-16 has a value outside of table 0155.
        lint_ack_condition,
        /// Messages that came in and were the answers that applications of destinations owed.
        answers_matched,
        /// Answers that came in as messages and that no route names: neither acknowledged nor kept.
        answers_unmatched,
        /// Files in hand, those taken again after a start included.
        files,
        /// Files whose messages are stored, moved or deleted.
        files_done,
        /// Files set aside with their reason.
        files_failed,
        /// Times a file rested because a handler did not decide about it or it could not be read.
        files_retried,
        /// Answers of a destination that went to the sender as ours.
        answers_relayed,
        /// Answers of a destination that were to be relayed and did not come in time, or not before an operator decides.
        answers_late,
        /// Answers AE for want of one of the destination: the delivery ended, and not with the message there.
        answers_undelivered,
        /// Messages stored with all their deliveries.
        stored,
        /// Messages stored that no route matched, received or emitted in their place.
        unrouted,
        /// Messages that no route matched, answered AA and not kept, as configured.
        discarded,
        /// Answers AA.
        answered_aa,
        /// Answers AE.
        answered_ae,
        /// Answers AR.
        answered_ar,
        /// Answers CA.
        answered_ca,
        /// Answers CE.
        answered_ce,
        /// Answers CR.
        answered_cr,
        /// Answers of the application that went by the destination `app_ack_to` names.
        answered_elsewhere,
        /// Messages that ended without an answer on their connection, as `ack = "none"`, `app_ack_to` or MSH-15 and MSH-16
        /// ask.
        unanswered,
        /// Messages that came before, processed again and marked.
        duplicates,
        /// Messages that came before and were answered as then, without a second delivery.
        duplicates_suppressed,
        /// Messages that came before and were delivered after all, as an operator said.
        duplicates_released,
        /// Messages with an id that came before with other bytes.
        duplicates_other_bytes,
        /// Times a sender began to send the same message again and again, and was slowed down.
        storms,
        /// Messages that came again though they asked for no answer: their sender waits for one.
        unasked_resends,
        /// Handler calls that panicked, timed out, failed or found the handler down.
        handler_faults,
        ;
        /// From the last byte of a frame to the last byte of its answers, or to where there is none.
        answer_latency,
    }
}

counters! {
    /// What one handler has done.
    HandlerCounters => HandlerCounts {
        /// Calls begun.
        calls,
        /// Verdict Accept.
        accepted,
        /// Verdict Reject.
        rejected,
        /// Verdict Fail.
        failed,
        /// Verdict Emit.
        emitted,
        /// Calls that panicked.
        panicked,
        /// Calls that ran past the timeout.
        timed_out,
        /// Calls given up because no instance was free in time.
        refused_busy,
        /// Calls refused at once because the handler is down.
        refused_down,
        /// Instances replaced.
        restarts,
        /// Threads found blocked and abandoned.
        threads_stuck,
        /// Of those, threads that came back.
        threads_returned,
    }
}

counters! {
    /// What one destination has done.
    DestinationCounters => DestinationCounts {
        /// Attempts to deliver.
        attempts,
        /// Delivered.
        delivered,
        /// Bytes of what was delivered.
        delivered_bytes,
        /// Attempts to be repeated.
        retried,
        /// Messages that its handler emitted and no route matched.
        emitted_unrouted,
        /// Withdrawn before they began: their sender was told to send again.
        returned,
        /// Dead letters.
        dead,
        /// Deliveries held as unclear.
        held,
        /// Times the destination was held because of dead letters in a row.
        destination_held,
        /// Connections opened.
        connects,
        /// Connections that could not be opened.
        connect_failures,
        /// Peers that dialled us and were closed at once because they are in no network of `allow`.
        refused_not_allowed,
        /// Peers that dialled us and were closed because enough wait already.
        refused_full,
        /// Connections closed by the peer or by a fault.
        disconnects,
        /// Answers AA or CA.
        replies_positive,
        /// Answers AE or CE.
        replies_error,
        /// Answers AR or CR.
        replies_reject,
        /// No answer within `ack_timeout`.
        ack_timeouts,
        /// Times a peer did not commit a message (15, MLLP release 2); it is sent again at once, a few times.
        commits_refused,
        /// Answers AA of applications behind a commit accept.
        application_positive,
        /// Answers AE or AR of applications behind a commit accept.
        application_negative,
        /// Applications' answers that did not come within `app_ack_within`.
        application_overdue,
        /// Late or second answers, skipped.
        replies_stale,
        /// Answers that could not be matched.
        replies_unclear,
        /// Lint: junk around an answer, or an answer in an unusual frame.
        lint_reply,
        ;
        /// From when a message was received to when it was delivered.
        delivery_latency,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_several_arbiters_sum() {
        let (one, two) = (ListenerCounters::default(), ListenerCounters::default());
        one.frames.one();
        two.frames.add(2);
        two.answered_aa.one();
        let sum: ListenerCounts = [one.read(), two.read()].into_iter().sum();
        assert_eq!((sum.frames, sum.answered_aa, sum.bytes), (3, 1, 0));
    }
}
