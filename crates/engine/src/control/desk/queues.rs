//! One row for each destination that is configured or has a queue.

use std::collections::BTreeMap;
use std::sync::Arc;

use wardline_config::{Destination, DestinationKind, PeerEndpoint};
use wardline_store::DestinationState;

use super::super::face::DestinationFace;
use super::super::protocol::QueueRow;
use super::{Desk, DeskError};

impl Desk {
    /// The queues in the order of the configuration, orphaned ones last.
    pub(super) async fn queues(&self) -> Result<Vec<QueueRow>, DeskError> {
        let store = Arc::clone(&self.store);
        let states = tokio::task::spawn_blocking(move || store.destinations()).await??;
        let mut states: BTreeMap<Arc<str>, DestinationState> =
            states.into_iter().map(|state| (Arc::clone(&state.destination), state)).collect();
        let mut rows = Vec::new();
        for destination in &self.configured() {
            let state = states.remove(destination.id.as_str());
            rows.push(self.row(destination, state).await);
        }
        let orphaned =
            states.into_values().filter(|state| state.pending + state.held + state.dead > 0);
        rows.extend(orphaned.map(|state| base(&state.destination, "orphaned", "", Some(&state))));
        Ok(rows)
    }

    async fn row(&self, destination: &Destination, state: Option<DestinationState>) -> QueueRow {
        let (kind, endpoint) = endpoint(destination);
        let mut row = base(destination.id.as_str(), kind, &endpoint, state.as_ref());
        row.role = role(destination).map(str::to_owned);
        row.warnings = destination.warnings().map(str::to_owned).collect();
        row.withheld = self.face().map_or(0, |face| face.withheld.from(&destination.id));
        match self.face_of(destination.id.as_str()) {
            Some(face) => describe(&mut row, &face).await,
            None if row.state == "held" => {}
            None => "stopped".clone_into(&mut row.state),
        }
        row
    }
}

/// What the running pool knows better than the store.
async fn describe(row: &mut QueueRow, face: &DestinationFace) {
    if let Some(reception) = &face.reception {
        row.endpoint = reception.address().to_string();
    }
    let pool = face.pool.describe().await;
    if !(pool.is_starting() && row.state == "held") {
        pool.state.clone_into(&mut row.state);
    }
    row.reason = pool.reason.or_else(|| row.reason.take());
    row.head_attempts = pool.head_attempts;
    row.next_retry = pool.next_retry.map(|at| at.to_string());
    row.last_close = pool.last_close.map(str::to_owned);
    row.last_delivered = face.last_delivered.get().map(|at| at.to_string());
    row.application_awaited = face.apart.applications.owed() as u64;
    row.counts = Some(face.counters.read());
}

fn base(id: &str, kind: &str, endpoint: &str, state: Option<&DestinationState>) -> QueueRow {
    let hold = state.and_then(|state| state.hold.as_ref());
    QueueRow {
        destination: id.to_owned(),
        kind: kind.to_owned(),
        endpoint: endpoint.to_owned(),
        role: None,
        state: if hold.is_some() { "held" } else { kind }.to_owned(),
        reason: hold.map(|hold| format!("{}: {}", hold.by, hold.reason)),
        pending: state.map_or(0, |state| state.pending),
        held: state.map_or(0, |state| state.held),
        dead: state.map_or(0, |state| state.dead),
        oldest: state.and_then(|state| state.oldest).map(|at| at.to_string()),
        head_attempts: 0,
        next_retry: None,
        last_close: None,
        last_delivered: None,
        application_awaited: 0,
        warnings: Vec::new(),
        withheld: 0,
        counts: None,
    }
}

/// Who dials: `client` where we do, `server` where the peer does.
fn role(destination: &Destination) -> Option<&'static str> {
    match &destination.kind {
        DestinationKind::Mllp(mllp) => Some(match mllp.endpoint {
            PeerEndpoint::Dialled(_) => "client",
            PeerEndpoint::Awaited(_) => "server",
        }),
        DestinationKind::File(_)
        | DestinationKind::Handler(_)
        | DestinationKind::Http(_)
        | DestinationKind::Postgres(_) => None,
    }
}

/// The kind of a destination, and where it delivers.
fn endpoint(destination: &Destination) -> (&'static str, String) {
    match &destination.kind {
        DestinationKind::Mllp(mllp) => ("mllp", mllp.endpoint.shown()),
        DestinationKind::File(file) => ("file", file.path.to_string()),
        DestinationKind::Handler(handler) => ("handler", handler.handler.to_string()),
        DestinationKind::Http(http) => ("http", http.url.to_string()),
        DestinationKind::Postgres(postgres) => ("postgres", postgres.shown()),
    }
}
