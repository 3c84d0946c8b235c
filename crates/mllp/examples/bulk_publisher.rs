//! Sends many messages on one connection, each after the answer to the last, and prints messages per second.
//!
//! ```sh
//! cargo run --release --package wardline-mllp --features client --example bulk_publisher -- localhost:2575 10000
//! ```
//!
//! With `--quiet` it prints nothing but that one line.

#![expect(clippy::print_stdout, reason = "the rate is what it is run for")]

use std::env;
use std::error::Error;
use std::time::Instant;

use wardline_mllp::{Client, ClientOptions, Exchange, Verify};

/// Between two lines about the progress.
const TOLD_EVERY: u32 = 1000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (flags, places): (Vec<String>, Vec<String>) =
        env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let quiet = flags.iter().any(|flag| flag == "--quiet");
    let address = places.first().map_or("localhost:2575", String::as_str);
    let count: u32 = places.get(1).map_or(Ok(10_000), |count| count.parse())?;

    let options =
        ClientOptions { verify: Verify::VerifiedAcknowledgement, ..ClientOptions::default() };
    let mut client = Client::connect(address, options).await?;
    let begun = Instant::now();
    for number in 1..=count {
        let message =
            format!("MSH|^~\\&|A|B|C|D|20260403120000||ADT^A01|M{number}|P|2.5\rPID|1||1^^^H\r");
        client.exchange(message.as_bytes()).await?;
        if !quiet && number % TOLD_EVERY == 0 {
            println!("{number} of {count} answered");
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("{count} messages in {seconds:.3} s, {:.0} messages/s", f64::from(count) / seconds);
    client.close().await;
    Ok(())
}
