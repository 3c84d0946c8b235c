//! Takes connections and answers every message with AA, by the codec alone.
//!
//! ```sh
//! cargo run --package wardline-mllp --example listener -- 127.0.0.1:2575
//! ```
//!
//! It prints where it listens, and the size of each message: a message is no business of a terminal.

#![expect(clippy::print_stdout, reason = "what arrives is what it is run for")]

use std::env;
use std::error::Error;

use bytes::BytesMut;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::Framed;
use wardline_mllp::{CodecError, MllpCodec};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:2575".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        tokio::spawn(async move {
            match serve(stream).await {
                Ok(()) => println!("{peer} closed"),
                Err(error) => println!("{peer} ended: {error}"),
            }
        });
    }
}

async fn serve(stream: TcpStream) -> Result<(), CodecError> {
    let mut framed = Framed::new(stream, MllpCodec::new());
    while let Some(payload) = framed.next().await.transpose()? {
        println!("{} bytes", payload.len());
        framed.send(acknowledgement(&payload)).await?;
    }
    Ok(())
}

/// The shortest answer that a sender takes: its MSH-10 in MSA-2. Real ones are built by `wardline-hl7`.
fn acknowledgement(message: &[u8]) -> BytesMut {
    let header = message.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let control_id = header.split(|byte| *byte == b'|').nth(9).unwrap_or_default();
    let mut answer = BytesMut::from(&b"MSH|^~\\&|||||||ACK|1|P|2.5\rMSA|AA|"[..]);
    answer.extend_from_slice(control_id);
    answer.extend_from_slice(b"\r");
    answer
}
