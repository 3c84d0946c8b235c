//! Sends one message and prints the answer.
//!
//! ```sh
//! cargo run --package wardline-mllp --features client --example publisher -- localhost:2575 "Hello World"
//! ```
//!
//! Without a text it sends an ADT^A01.

#![expect(clippy::print_stdout, reason = "the answer is what it is run for")]

use std::env;
use std::error::Error;

use wardline_mllp::{Client, ClientOptions, Exchange};

const ADT: &str = "MSH|^~\\&|A|B|C|D|20260403120000||ADT^A01|M1|P|2.5\rPID|1||1^^^H\r";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "localhost:2575".to_owned());
    let payload = arguments.next().unwrap_or_else(|| ADT.to_owned());

    let mut client = Client::connect(address, ClientOptions::default()).await?;
    let answer = client.exchange(payload.as_bytes()).await?;
    println!("{}", String::from_utf8_lossy(&answer.payload).replace('\r', "\n").trim_end());
    client.close().await;
    Ok(())
}
