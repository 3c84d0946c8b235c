//! One test per row of what can come back: the peer's answer on the left, what becomes of the delivery on the right.

use wardline_hl7::ack::Reply;

use super::*;
use crate::received::{FileFault, HandlerFault, TransportFault, Unclear};
use crate::status::StatusMeaning;

const FIRST: Situation =
    Situation { attempts: 1, failures: 1, since_first_error: Duration::ZERO, random: 200 };
const HOUR: Duration = Duration::from_secs(60 * 60);

fn reply(code: AckCode) -> Received {
    Received::Reply { code, record_locked: false }
}

fn by_default(situation: Situation, received: Received) -> Verdict {
    classify(&DeliveryPolicy::default(), &situation, received)
}

fn retry_in_a_second(cause: Cause) -> Verdict {
    Verdict::RetryAfter { delay: Duration::from_secs(1), cause }
}

fn with_max_attempts(limit: u32) -> DeliveryPolicy {
    let retry = RetryPolicy { max_attempts: NonZeroU32::new(limit), ..RetryPolicy::default() };
    DeliveryPolicy { retry, ..DeliveryPolicy::default() }
}

#[test]
fn a_positive_answer_delivers_even_after_a_day_of_errors() {
    let late = Situation { attempts: 99, failures: 99, since_first_error: 24 * HOUR, random: 0 };
    for code in [AckCode::AA, AckCode::CA] {
        assert_eq!(by_default(FIRST, reply(code)), Verdict::Delivered);
        assert_eq!(by_default(late, reply(code)), Verdict::Delivered);
    }
    assert_eq!(by_default(late, Received::HandlerAccepted), Verdict::Delivered);
    assert_eq!(by_default(late, Received::FileWritten), Verdict::Delivered);
}

#[test]
fn an_error_is_retried_for_an_hour_and_then_dead() {
    let almost =
        Situation { attempts: 60, since_first_error: Duration::from_secs(60 * 60 - 1), ..FIRST };
    let over = Situation { since_first_error: HOUR, ..almost };
    for code in [AckCode::AE, AckCode::CE] {
        assert_eq!(by_default(FIRST, reply(code)), retry_in_a_second(Cause::Error));
        assert_eq!(by_default(almost, reply(code)), retry_in_a_second(Cause::Error));
        assert_eq!(by_default(over, reply(code)), Verdict::Dead { cause: Cause::Error });
    }
}

#[test]
fn an_error_that_outlasts_the_retries_holds_its_lane_where_the_destination_blocks() {
    let policy = DeliveryPolicy { on_exhausted: OnExhausted::Block, ..DeliveryPolicy::default() };
    let over = Situation { since_first_error: HOUR, ..FIRST };
    assert_eq!(classify(&policy, &over, reply(AckCode::AE)), Verdict::Hold { cause: Cause::Error });
}

#[test]
fn max_attempts_limits_errors_before_the_hour_is_over() {
    let policy = with_max_attempts(3);
    let second = Situation { attempts: 2, ..FIRST };
    let third = Situation { attempts: 3, ..FIRST };
    assert_eq!(classify(&policy, &second, reply(AckCode::AE)), retry_in_a_second(Cause::Error));
    assert_eq!(
        classify(&policy, &third, reply(AckCode::AE)),
        Verdict::Dead { cause: Cause::Error }
    );
}

#[test]
fn a_rejection_is_dead_at_once() {
    for code in [AckCode::AR, AckCode::CR] {
        assert_eq!(by_default(FIRST, reply(code)), Verdict::Dead { cause: Cause::Rejected });
    }
    let blocking = DeliveryPolicy { on_exhausted: OnExhausted::Block, ..DeliveryPolicy::default() };
    assert_eq!(
        classify(&blocking, &FIRST, reply(AckCode::AR)),
        Verdict::Dead { cause: Cause::Rejected }
    );
}

#[test]
fn a_rejection_because_of_a_locked_record_is_retried_like_an_error() {
    let over = Situation { since_first_error: HOUR, ..FIRST };
    for code in [AckCode::AR, AckCode::CR] {
        let locked = Received::Reply { code, record_locked: true };
        assert_eq!(by_default(FIRST, locked), retry_in_a_second(Cause::RecordLocked));
        assert_eq!(by_default(over, locked), Verdict::Dead { cause: Cause::RecordLocked });
    }
}

#[test]
fn a_transport_fault_is_retried_for_ever_whatever_the_limits() {
    let policy = with_max_attempts(1);
    let old = Situation {
        attempts: 10_000,
        failures: 10_000,
        since_first_error: 1000 * HOUR,
        random: 200,
    };
    for (fault, cause) in [
        (TransportFault::Unresolved, Cause::Unresolved),
        (TransportFault::Refused, Cause::Refused),
        (TransportFault::Unreachable, Cause::Unreachable),
        (TransportFault::ConnectTimeout, Cause::ConnectTimeout),
        (TransportFault::Tls, Cause::Tls),
        (TransportFault::Certificate, Cause::TlsCertificate),
        (TransportFault::Reset, Cause::Reset),
        (TransportFault::Closed, Cause::Closed),
        (TransportFault::WriteTimeout, Cause::WriteTimeout),
        (TransportFault::AckTimeout, Cause::AckTimeout),
        (TransportFault::NotCommitted, Cause::NotCommitted),
        (TransportFault::NoSecret, Cause::NoSecret),
        (TransportFault::Denied, Cause::Denied),
        (TransportFault::Unavailable, Cause::DatabaseUnavailable),
    ] {
        let verdict = classify(&policy, &old, Received::Transport(fault));
        assert_eq!(verdict, Verdict::RetryAfter { delay: Duration::from_secs(60), cause });
    }
}

#[test]
fn an_unclear_answer_is_retried_up_to_ten_sends_and_then_held() {
    let ninth = Situation { attempts: 9, ..FIRST };
    let tenth = Situation { attempts: 10, ..FIRST };
    for (unclear, cause) in [
        (Unclear::UnknownControlId, Cause::UnclearUnknownId),
        (Unclear::NoMsa, Cause::UnclearNoMsa),
        (Unclear::Unreadable, Cause::UnclearUnreadable),
        (Unclear::Empty, Cause::UnclearEmpty),
        (Unclear::UnknownCode, Cause::UnclearUnknownCode),
        (Unclear::Early, Cause::UnclearEarly),
        (Unclear::Status, Cause::UnclearStatus),
        (Unclear::NoAnswer, Cause::UnclearNoAnswer),
    ] {
        assert_eq!(by_default(ninth, Received::Unclear(unclear)), retry_in_a_second(cause));
        assert_eq!(by_default(tenth, Received::Unclear(unclear)), Verdict::Hold { cause });
    }
}

#[test]
fn an_unclear_answer_ends_dead_where_the_destination_says_so_and_counts_its_own_limit() {
    let policy = DeliveryPolicy { on_unclear: OnUnclear::Dead, ..with_max_attempts(2) };
    let unclear = Received::Unclear(Unclear::NoMsa);
    let second = Situation { attempts: 2, ..FIRST };
    assert_eq!(classify(&policy, &FIRST, unclear), retry_in_a_second(Cause::UnclearNoMsa));
    assert_eq!(classify(&policy, &second, unclear), Verdict::Dead { cause: Cause::UnclearNoMsa });
}

#[test]
fn a_handler_that_fails_is_retried_like_an_error() {
    let over = Situation { since_first_error: HOUR, ..FIRST };
    for (fault, cause) in [
        (HandlerFault::Failed, Cause::HandlerFailed),
        (HandlerFault::Panicked, Cause::HandlerPanicked),
        (HandlerFault::TimedOut, Cause::HandlerTimeout),
    ] {
        assert_eq!(by_default(FIRST, Received::Handler(fault)), retry_in_a_second(cause));
        assert_eq!(by_default(over, Received::Handler(fault)), Verdict::Dead { cause });
    }
}

#[test]
fn a_handler_that_is_down_or_busy_is_waited_for() {
    let over = Situation { since_first_error: 100 * HOUR, ..FIRST };
    for (fault, cause) in
        [(HandlerFault::Down, Cause::HandlerDown), (HandlerFault::Busy, Cause::HandlerBusy)]
    {
        assert_eq!(by_default(over, Received::Handler(fault)), retry_in_a_second(cause));
    }
}

#[test]
fn a_handler_that_rejects_and_a_loop_are_dead_at_once() {
    assert_eq!(
        by_default(FIRST, Received::HandlerRejected),
        Verdict::Dead { cause: Cause::HandlerRejected }
    );
    assert_eq!(by_default(FIRST, Received::Loop), Verdict::Dead { cause: Cause::Loop });
    let unframeable = Verdict::Dead { cause: Cause::Unframeable };
    assert_eq!(by_default(FIRST, Received::Unframeable), unframeable);
}

#[test]
fn a_file_that_cannot_be_written_is_retried_for_ever() {
    let over = Situation { attempts: 1000, since_first_error: 100 * HOUR, ..FIRST };
    for (fault, cause) in [
        (FileFault::NoSpace, Cause::FileNoSpace),
        (FileFault::Denied, Cause::FileDenied),
        (FileFault::NamesTaken, Cause::FileNamesTaken),
        (FileFault::Failed, Cause::FileFailed),
    ] {
        assert_eq!(by_default(over, Received::File(fault)), retry_in_a_second(cause));
    }
}

#[test]
fn an_answer_is_read_by_its_code_and_its_locked_record() {
    let read = |msa_and_err: &str| {
        let payload = format!("MSH|^~\\&|A|B|C|D|20260403120000||ACK|1|P|2.5\r{msa_and_err}\r");
        Reply::read(payload.as_bytes())
            .map(|reply| Received::reply(&reply))
            .map_err(|error| Unclear::from(&error))
    };
    assert_eq!(read("MSA|AA|M1"), Ok(reply(AckCode::AA)));
    assert_eq!(read("MSA|AR|M1\rERR||PID^1^3|101^missing^HL70357|E"), Ok(reply(AckCode::AR)));
    let locked = Received::Reply { code: AckCode::AR, record_locked: true };
    assert_eq!(read("MSA|AR|M1\rERR|||206^locked^HL70357|E"), Ok(locked));
    assert_eq!(read("MSA|XX|M1"), Ok(Received::Unclear(Unclear::UnknownCode)));
    assert_eq!(read("PID|1"), Err(Unclear::NoMsa));
}

#[test]
fn a_rule_puts_an_answer_into_another_row() {
    let ruled = |then| Received::Ruled { then, code: Some(AckCode::AE) };
    let over = Situation { since_first_error: HOUR, ..FIRST };
    let dead = Verdict::Dead { cause: Cause::Ruled };
    assert_eq!(by_default(over, ruled(ReplyOutcome::Delivered)), Verdict::Delivered);
    assert_eq!(by_default(FIRST, ruled(ReplyOutcome::Retry)), retry_in_a_second(Cause::Ruled));
    assert_eq!(by_default(over, ruled(ReplyOutcome::Retry)), dead);
    assert_eq!(by_default(FIRST, ruled(ReplyOutcome::Dead)), dead);
    assert_eq!(by_default(FIRST, ruled(ReplyOutcome::Hold)), Verdict::Hold { cause: Cause::Ruled });
}

#[test]
fn what_is_no_answer_is_told_by_kind() {
    let unclear = |payload: &[u8]| Reply::read(payload).err().map(|error| Unclear::from(&error));
    assert_eq!(unclear(b""), Some(Unclear::Empty));
    assert_eq!(unclear(b"OK"), Some(Unclear::Unreadable));
}

fn status(meaning: StatusMeaning) -> Received {
    Received::Status { meaning, wait: None }
}

#[test]
fn a_status_is_delivered_retried_like_an_error_or_dead_like_a_rejection() {
    let over = Situation { since_first_error: HOUR, ..FIRST };
    assert_eq!(by_default(over, status(StatusMeaning::Delivered)), Verdict::Delivered);
    for (meaning, cause) in
        [(StatusMeaning::Failed, Cause::HttpFailed), (StatusMeaning::Busy, Cause::HttpBusy)]
    {
        assert_eq!(by_default(FIRST, status(meaning)), retry_in_a_second(cause));
        assert_eq!(by_default(over, status(meaning)), Verdict::Dead { cause });
    }
    let rejected = Verdict::Dead { cause: Cause::HttpRejected };
    assert_eq!(by_default(FIRST, status(StatusMeaning::Rejected)), rejected);
    let ruled = |then| status(StatusMeaning::Ruled(then));
    assert_eq!(by_default(over, ruled(ReplyOutcome::Delivered)), Verdict::Delivered);
    assert_eq!(by_default(FIRST, ruled(ReplyOutcome::Retry)), retry_in_a_second(Cause::Ruled));
    assert_eq!(by_default(FIRST, ruled(ReplyOutcome::Dead)), Verdict::Dead { cause: Cause::Ruled });
    assert_eq!(by_default(FIRST, ruled(ReplyOutcome::Hold)), Verdict::Hold { cause: Cause::Ruled });
}

#[test]
fn a_server_that_asks_for_a_longer_wait_gets_it_as_far_as_the_policy_goes() {
    let busy = |seconds| Received::Status {
        meaning: StatusMeaning::Busy,
        wait: Some(Duration::from_secs(seconds)),
    };
    for (asked, waited) in [(0, 1), (7, 7), (60, 60), (3600, 60)] {
        let delay = Duration::from_secs(waited);
        let verdict = Verdict::RetryAfter { delay, cause: Cause::HttpBusy };
        assert_eq!(by_default(FIRST, busy(asked)), verdict, "{asked}");
    }
}

#[test]
fn a_database_that_takes_nothing_is_waited_for_and_a_row_that_it_refuses_is_dead() {
    let over = Situation { since_first_error: 100 * HOUR, ..FIRST };
    let database = Received::Database;
    assert_eq!(by_default(over, Received::Inserted), Verdict::Delivered);
    let away = retry_in_a_second(Cause::DatabaseUnavailable);
    assert_eq!(by_default(over, database(DatabaseFault::Unavailable)), away);
    let failed = database(DatabaseFault::Failed);
    assert_eq!(by_default(FIRST, failed), retry_in_a_second(Cause::DatabaseFailed));
    assert_eq!(by_default(over, failed), Verdict::Dead { cause: Cause::DatabaseFailed });
    let dead = Verdict::Dead { cause: Cause::DatabaseRejected };
    assert_eq!(by_default(FIRST, database(DatabaseFault::Rejected)), dead);
}
