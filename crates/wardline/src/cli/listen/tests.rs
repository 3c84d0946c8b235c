//! The simulator over a real socket, met by the connection that `send` uses.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wardline_hl7::ack::Reply;

use super::super::send::connection::{Connection, ExchangeError};
use super::*;

/// Longer than anything here takes; only a test that fails waits for it.
const PATIENCE: Duration = Duration::from_secs(10);

fn well_behaved() -> Behaviour {
    Behaviour {
        reply: AckCode::AA,
        rules: Vec::new(),
        when: When::Always,
        delay: Duration::ZERO,
        late: None,
        fault: None,
    }
}

fn message(control_id: &str) -> Vec<u8> {
    format!("MSH|^~\\&|A|B|C|D|20260403||ADT^A01|{control_id}|P|2.5\r").into_bytes()
}

/// Runs `peer` against a simulator that behaves so and returns what it found.
fn with_simulator<T>(
    behaviour: Behaviour,
    save: Option<PathBuf>,
    peer: impl AsyncFnOnce(String) -> T,
) -> T {
    let detail = log::Detail { json: false, show: false, quiet: true, save, count: None };
    let simulator = Rc::new(Simulator {
        behaviour,
        answers: Answers::new(),
        log: Log::new(detail),
        deaf: false,
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap().to_string();
        tokio::select! {
            accepted = accept(socket, &simulator) => panic!("the simulator ended: {accepted:?}"),
            found = peer(address) => found,
        }
    })
}

/// The MSA-2 of the answers to these messages, sent one after the other on one connection.
async fn acknowledged(address: &str, ids: &[&str]) -> Vec<String> {
    let mut connection = Connection::open(address, None, PATIENCE).await.unwrap();
    let mut acknowledged = Vec::new();
    for id in ids {
        let answer = connection.exchange(&message(id), PATIENCE).await.unwrap();
        let reply = Reply::read(&answer).unwrap();
        acknowledged.push(String::from_utf8_lossy(reply.acknowledged()).into_owned());
    }
    acknowledged
}

#[test]
fn every_message_is_answered_and_kept_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let save = Some(folder.path().to_owned());
    let ids = with_simulator(well_behaved(), save, async |address| {
        acknowledged(&address, &["M1", "M2"]).await
    });
    assert_eq!(ids, ["M1", "M2"]);
    let kept = std::fs::read(folder.path().join("000002-M2.hl7")).unwrap();
    assert_eq!(kept, message("M2"));
}

#[test]
fn an_answer_for_another_message_names_another_message() {
    let behaviour = Behaviour {
        fault: Some(Fault::WrongId),
        when: "first:1".parse().unwrap(),
        ..well_behaved()
    };
    let ids = with_simulator(behaviour, None, async |address| {
        acknowledged(&address, &["M1", "M2"]).await
    });
    assert_ne!(ids[0], "M1");
    assert_eq!(ids[1], "M2");
}

#[test]
fn close_and_reset_end_the_connection_and_the_next_one_is_taken() {
    for fault in [Fault::Close, Fault::Reset] {
        let behaviour =
            Behaviour { fault: Some(fault), when: "first:1".parse().unwrap(), ..well_behaved() };
        with_simulator(behaviour, None, async |address| {
            let mut connection = Connection::open(&address, None, PATIENCE).await.unwrap();
            let ended = connection.exchange(&message("M1"), PATIENCE).await;
            assert!(
                matches!(ended, Err(ExchangeError::Closed | ExchangeError::Broken(_))),
                "{fault:?}: {ended:?}"
            );
            assert_eq!(acknowledged(&address, &["M2"]).await, ["M2"]);
        });
    }
}

#[test]
fn without_an_answer_the_connection_stays_open() {
    let behaviour = Behaviour {
        fault: Some(Fault::Silent),
        when: "first:1".parse().unwrap(),
        ..well_behaved()
    };
    with_simulator(behaviour, None, async |address| {
        let frames = [b"\x0b", &message("M1")[..], b"\x1c\r\x0b", &message("M2")[..], b"\x1c\r"];
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(&frames.concat()).await.unwrap();
        let first = answer(&mut stream).await;
        assert!(first.contains("MSA|AA|M2"), "{first}");
    });
}

#[test]
fn a_late_answer_comes_behind_the_answer_to_the_next_message() {
    let behaviour = Behaviour {
        late: Some(Duration::from_millis(20)),
        when: "first:1".parse().unwrap(),
        ..well_behaved()
    };
    with_simulator(behaviour, None, async |address| {
        let frames = [b"\x0b", &message("M1")[..], b"\x1c\r\x0b", &message("M2")[..], b"\x1c\r"];
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(&frames.concat()).await.unwrap();
        let (first, second) = (answer(&mut stream).await, answer(&mut stream).await);
        assert!(first.contains("MSA|AA|M2") && second.contains("MSA|AA|M1"), "{first} {second}");
    });
}

/// The text of the next frame.
async fn answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\x1c\r") {
        let byte = tokio::time::timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap();
        answer.push(byte);
    }
    String::from_utf8(answer).unwrap()
}

#[test]
fn a_frame_that_ends_in_silence_is_answered() {
    with_simulator(well_behaved(), None, async |address| {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(&[b"\x0b", &message("M1")[..], b"\x1c"].concat()).await.unwrap();
        assert!(answer(&mut stream).await.contains("MSA|AA|M1"));
    });
}
