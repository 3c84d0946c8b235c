//! `wardline dead`: the dead letters, which only an operator ends.

use clap::{Args, Subcommand};
use wardline_engine::control::protocol::{DeliveryState, DiscardFrom, Request};
use wardline_store::MessageId;

use super::Invocation;
use super::deliveries::{self, Care, Export, Page, Selection};
use super::exit::Exit;
use super::failure::Outcome;
use super::queue;
use super::reach::{Reach, operator};
use super::terminal::Terminal;

/// See and end dead letters.
#[derive(Debug, Subcommand)]
pub(crate) enum Dead {
    List(List),
    /// One dead letter with all that is known of it.
    Show {
        /// The destination's id.
        destination: String,
        /// The message.
        message: MessageId,
        /// Print its bytes and the peer's answer too.
        #[arg(long)]
        content: bool,
    },
    Retry(Retry),
    /// End dead letters for good, undelivered.
    Discard {
        /// The destination's id.
        destination: String,
        #[command(flatten)]
        selection: Selection,
        #[command(flatten)]
        care: Care,
    },
    Export(Export),
}

/// Dead letters, the oldest first.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Of this destination; of all where absent.
    destination: Option<String>,
    #[command(flatten)]
    page: Page,
}

/// Put dead letters back in line.
#[derive(Debug, Args)]
pub(crate) struct Retry {
    /// The destination's id.
    destination: String,
    #[command(flatten)]
    selection: Selection,
    /// Tell how many would be put back, and put none.
    #[arg(long)]
    dry_run: bool,
}

impl Dead {
    /// Runs the command named.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        let terminal = invocation.terminal;
        let reach = &mut Reach::open(invocation)?;
        match self {
            Self::List(List { destination, page }) => {
                let dead = DeliveryState::Dead;
                deliveries::list(reach, terminal, destination.as_deref(), dead, &page)?;
                Ok(Exit::Ok)
            }
            Self::Show { destination, message, content } => {
                deliveries::show(reach, terminal, destination, message, content)
            }
            Self::Retry(retry) => retry.execute(reach, terminal),
            Self::Discard { destination, selection, care } => {
                queue::discard(reach, terminal, &destination, DiscardFrom::Dead, &selection, &care)
            }
            Self::Export(export) => export.execute(reach, terminal, DiscardFrom::Dead),
        }
    }
}

impl Retry {
    fn execute(self, reach: &mut Reach, terminal: Terminal) -> Outcome {
        let request = Request::Revive {
            destination: self.destination,
            which: self.selection.which(),
            by: operator(),
            dry_run: self.dry_run,
        };
        let verb = if self.dry_run { "would retry" } else { "retry" };
        let changed = deliveries::change(reach, terminal, &request)?;
        let exit = self.selection.exit(changed.affected);
        deliveries::tell(terminal, verb, self.dry_run, changed)?;
        Ok(exit)
    }
}
