//! The simulated client behind the same trait as the real one.

use tokio::io::duplex;
use wardline_mllp::{Client, ClientError, ClientOptions, Exchange, SimulatedClient, Timeouts};

const M1: &[u8] =
    b"MSH|^~\\&|SEND^1.2.3^ISO|FAC^X|RECV|LAB^Y|20260403120000||ADT^A01|M1|T|2.5\rPID|1\r";

/// What a program does that does not care who answers.
async fn code_of(client: &mut impl Exchange, payload: &[u8]) -> Result<Vec<u8>, ClientError> {
    let answer = client.exchange(payload).await?;
    let segment = answer.payload.split(|byte| *byte == b'\r').find(|s| s.starts_with(b"MSA"));
    Ok(segment.and_then(|s| s.split(|byte| *byte == b'|').nth(1)).unwrap_or_default().to_vec())
}

#[tokio::test]
async fn the_same_program_runs_with_and_without_a_peer() {
    assert_eq!(code_of(&mut SimulatedClient::new(), M1).await.unwrap(), b"AA");

    let (ours, peer) = duplex(1024);
    let mut client = Client::over(ours, ClientOptions::default());
    let mut other_side = Client::over(peer, ClientOptions::default());
    let (answered, ()) = tokio::join!(code_of(&mut client, M1), async {
        assert_eq!(&other_side.receive().await.unwrap().payload[..], M1);
        let answer = b"MSH|^~\\&|C|D|A|B|||ACK|1|P|2.5\rMSA|AE|M1\r";
        other_side.send(answer).await.unwrap();
    });
    assert_eq!(answered.unwrap(), b"AE");
}

#[tokio::test]
async fn the_answer_has_the_first_components_swapped_and_the_id_of_the_message() {
    let answer = SimulatedClient::new().exchange(M1).await.unwrap();
    let expected = b"MSH|^~\\&|RECV|LAB|SEND|FAC|||ACK|M1|P|2.5\rMSA|AA|M1\r";
    assert_eq!(&answer.payload[..], expected);
    assert!(answer.lost.is_empty());
}

#[tokio::test]
async fn the_answer_is_written_in_the_separators_of_the_message() {
    let message = b"MSH$%~\\&$A%1$B$C$D$$$ADT%A01$7$P$2.3\r";
    let answer = SimulatedClient::new().exchange(message).await.unwrap();
    assert_eq!(&answer.payload[..], b"MSH$%~\\&$C$D$A$B$$$ACK$7$P$2.3\rMSA$AA$7\r");
}

#[tokio::test]
async fn what_was_not_sent_is_not_answered() {
    let mut client = SimulatedClient::default();
    assert_eq!(client.receive().await.unwrap_err().to_string(), "timeout");
    assert!(matches!(client.send(b"Hello World").await, Err(ClientError::NotAMessage)));
    client.send(M1).await.unwrap();
    assert!(matches!(client.send(M1).await, Err(ClientError::InFlight)));
    client.receive().await.unwrap();
    client.close().await;
    assert_eq!(client.send(M1).await.unwrap_err().to_string(), "not connected");
    assert_eq!(client.receive().await.unwrap_err().to_string(), "not connected");
}

#[test]
fn each_operation_has_five_seconds_unless_told_otherwise() {
    let five = Timeouts::each(std::time::Duration::from_secs(5));
    assert_eq!(Timeouts::default(), five);
    assert_eq!(SimulatedClient::new().timeouts(), five);
    assert_eq!(ClientOptions::default().timeouts, five);
}
