//! `wardline hl7 keys`: what an order by key would be worth, before it is switched on.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use wardline_flow::KeyOrder;
use wardline_flow::lane::Spread;
use wardline_hl7::Path;

use super::super::amounts;
use super::super::failure::{Outcome, TerminalError};
use super::super::terminal::Terminal;
use super::{Reading, each_message};

/// Tell how messages spread over keys: what `order_by` would be worth.
///
/// Give a day's messages of one destination, in their order.
#[derive(Debug, Args)]
pub(crate) struct Keys {
    /// Files, or - for standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    files: Vec<PathBuf>,
    /// Where the key stands, as `order_by` of a destination would say it.
    #[arg(long, value_name = "PATH", default_value = "PID-3")]
    order_by: Path,
    /// The type of id that PID-3 is looked through for.
    #[arg(long, value_name = "TYPE", default_value = "MR")]
    order_id_type: String,
    #[command(flatten)]
    reading: Reading,
}

/// The spread as `--json` shows it.
#[derive(Serialize)]
struct Report {
    order_by: String,
    messages: u64,
    keys: u64,
    messages_per_key: PerKey,
    merges: u64,
    barriers: u64,
    longest_chain: u64,
    at_most_faster: f64,
}

#[derive(Serialize)]
struct PerKey {
    p50: u64,
    p99: u64,
    max: u64,
}

impl Keys {
    pub(super) fn execute(self, terminal: Terminal) -> Outcome {
        let order = KeyOrder::new(self.order_by, self.order_id_type);
        let mut spread = Spread::default();
        let exit = each_message(&self.files, self.reading, terminal, |_, message| {
            spread.add(&order.lanes(message));
            Ok(())
        })?;
        Report::of(&order, &spread).show(terminal)?;
        Ok(exit)
    }
}

impl Report {
    fn of(order: &KeyOrder, spread: &Spread) -> Self {
        let [p50, p99, max] = [50, 99, 100].map(|percent| spread.messages_of_key(percent));
        Self {
            order_by: order.path().to_string(),
            messages: spread.messages(),
            keys: spread.keys(),
            messages_per_key: PerKey { p50, p99, max },
            merges: spread.merges(),
            barriers: spread.barriers(),
            longest_chain: spread.longest_chain(),
            at_most_faster: spread.at_most_faster(),
        }
    }

    fn show(&self, terminal: Terminal) -> Result<(), TerminalError> {
        if terminal.json {
            return terminal.value(self);
        }
        let Self { order_by, messages_per_key: PerKey { p50, p99, max }, at_most_faster, .. } =
            self;
        let [messages, keys, merges, barriers, chain] =
            [self.messages, self.keys, self.merges, self.barriers, self.longest_chain]
                .map(amounts::count);
        terminal.line(format!("{messages} messages, {keys} keys in {order_by}"))?;
        terminal
            .line(format!("messages of a key: {p50} in the middle, {p99} at p99, {max} at most"))?;
        terminal.line(format!("{merges} merge several keys and wait for each"))?;
        terminal.line(format!("{barriers} have no key, or are a part: all wait for them"))?;
        terminal.line(format!(
            "the longest chain is {chain}: at most {at_most_faster:.1} times as fast as one line, with as many connections"
        ))
    }
}
