//! What is asked of the engine before and after something is changed, seen by an engine that only listens.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::thread::{self, JoinHandle};

use wardline_engine::control::protocol::{DiscardFrom, Rest};

use super::*;

const TERMINAL: Terminal = Terminal { json: true, interactive: false };

/// An engine that gives these answers, one for each request, and tells at the end what it was asked.
fn engine(answers: Vec<Response>) -> (Reach, JoinHandle<Vec<Request>>) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("control.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let engine = thread::spawn(move || {
        let mut stream = BufReader::new(listener.accept().unwrap().0);
        let mut asked = Vec::new();
        for answer in answers {
            let mut line = String::new();
            stream.read_line(&mut line).unwrap();
            asked.push(serde_json::from_str(&line).unwrap());
            let mut answer = serde_json::to_vec(&answer).unwrap();
            answer.push(b'\n');
            stream.get_mut().write_all(&answer).unwrap();
        }
        asked
    });
    (Reach::at(&socket).unwrap(), engine)
}

fn done(affected: u64, dry_run: bool) -> Response {
    Response::Done { affected, dry_run, queue: None, message: None, rest: None }
}

fn discard(dry_run: bool) -> Request {
    Request::Discard {
        destination: "lis".to_owned(),
        from: DiscardFrom::Queue,
        which: Which::All,
        by: "anna".to_owned(),
        reason: "a test".to_owned(),
        dry_run,
    }
}

fn carry_out(reach: &mut Reach, care: &Care) -> Result<Option<u64>, Failed> {
    let request = |dry_run, _| discard(dry_run);
    Ending { verb: "discard", destination: "lis", request: &request }
        .carry_out(reach, TERMINAL, care)
}

fn care(dry_run: bool, yes: bool) -> Care {
    Care { reason: "a test".to_owned(), dry_run, yes }
}

#[test]
fn what_ends_deliveries_is_counted_first() {
    let (mut reach, engine) = engine(vec![done(3, true), done(3, false)]);
    assert_eq!(carry_out(&mut reach, &care(false, true)).unwrap(), Some(3));
    assert_eq!(engine.join().unwrap(), [discard(true), discard(false)]);
}

#[test]
fn a_dry_run_and_an_empty_queue_only_count() {
    for (care, count) in [(care(true, false), 3), (care(false, true), 0)] {
        let (mut reach, engine) = engine(vec![done(count, true)]);
        assert_eq!(carry_out(&mut reach, &care).unwrap(), Some(count));
        assert_eq!(engine.join().unwrap(), [discard(true)]);
    }
}

#[test]
fn without_a_terminal_and_without_yes_nothing_is_ended() {
    let (mut reach, engine) = engine(vec![done(3, true)]);
    let refused = carry_out(&mut reach, &care(false, false)).unwrap_err();
    assert_eq!(refused.exit(), Exit::Usage);
    assert_eq!(engine.join().unwrap(), [discard(true)]);
}

#[test]
fn a_list_goes_on_behind_the_last_message_until_it_has_enough() {
    let row = |id: &str| DeliveryRow {
        message: id.parse().unwrap(),
        destination: "lis".to_owned(),
        state: DeliveryState::Pending,
        control_id: String::new(),
        message_type: String::new(),
        received: String::new(),
        listener: String::new(),
        attempts: 0,
        cause: None,
        due: None,
        size: 0,
    };
    let page = |ids: &[&str], next: &str| Response::Deliveries {
        deliveries: ids.iter().map(|id| row(id)).collect(),
        next: Some(next.parse().unwrap()),
    };
    let (mut reach, engine) =
        engine(vec![page(&["1", "2"], "2/lis"), page(&[], "7"), page(&["8"], "8/lis")]);
    let wanted = Page { limit: NonZeroUsize::new(3).unwrap(), after: None };
    list(&mut reach, TERMINAL, Some("lis"), DeliveryState::Pending, &wanted).unwrap();
    let ask = |after: Option<&str>, limit| Request::Deliveries {
        destination: Some("lis".to_owned()),
        state: DeliveryState::Pending,
        after: after.map(|id| id.parse().unwrap()),
        limit,
    };
    assert_eq!(engine.join().unwrap(), [ask(None, 3), ask(Some("2/lis"), 1), ask(Some("7"), 1)]);
}

#[test]
fn touching_fewer_than_were_named_ends_partly_and_none_is_not_found() {
    let messages = vec!["1".parse().unwrap(), "2".parse().unwrap()];
    let some = Selection { messages, all: false };
    assert_eq!(
        [some.exit(2), some.exit(1), some.exit(0)],
        [Exit::Ok, Exit::Partly, Exit::NotFound]
    );
    let all = Selection { messages: Vec::new(), all: true };
    assert_eq!(all.exit(0), Exit::Ok);
}

#[test]
fn what_is_skipped_is_what_was_seen() {
    let seen: MessageId = "4711".parse().unwrap();
    let first = |dry_run| Response::Done {
        affected: 1,
        dry_run,
        queue: None,
        message: Some(seen),
        rest: None,
    };
    let (mut reach, engine) = engine(vec![first(true), first(false)]);
    let request = |dry_run, message| Request::Skip {
        destination: "lis".to_owned(),
        message,
        by: "anna".to_owned(),
        reason: "a test".to_owned(),
        dry_run,
    };
    let ending = Ending { verb: "skip", destination: "lis", request: &request };
    assert_eq!(ending.carry_out(&mut reach, TERMINAL, &care(false, true)).unwrap(), Some(1));
    assert_eq!(engine.join().unwrap(), [request(true, None), request(false, Some(seen))]);
}

#[test]
fn what_the_engine_has_left_of_all_is_asked_for_again_and_counted_together() {
    let rest = Rest {
        began: Timestamp::UNIX_EPOCH,
        state: DeliveryState::Pending,
        after: Some("1000".parse().unwrap()),
    };
    let part = Response::Done {
        affected: 1000,
        dry_run: false,
        queue: None,
        message: None,
        rest: Some(rest.clone()),
    };
    let (mut reach, engine) = engine(vec![part, done(500, false)]);
    assert_eq!(change(&mut reach, TERMINAL, &discard(false)).unwrap().affected, 1500);
    assert_eq!(engine.join().unwrap(), [discard(false), discard(false).going_on(rest)]);
}
