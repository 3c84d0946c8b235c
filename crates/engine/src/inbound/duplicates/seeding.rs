//! What the journal knows of the last hours, so that a copy is known after a start as well.

use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use jiff::Timestamp;
use wardline_store::{Recent, Store};

use super::{Duplicates, REMEMBERED_IDS};

/// How long a start waits for it. A long journal is read on while messages come in; a copy that is early is processed.
const PATIENCE: Duration = Duration::from_secs(1);

/// Fills the tables, by listener.
pub(super) fn seed(store: &Arc<impl Store>, tables: BTreeMap<Arc<str>, Arc<Duplicates>>) {
    let Some(window) = tables.values().map(|table| table.window).max() else { return };
    let second = Timestamp::now().as_second().saturating_sub(window);
    let since = Timestamp::from_second(second).unwrap_or(Timestamp::MIN);
    let store = Arc::clone(store);
    let (done, filled) = mpsc::channel();
    let filling = move || {
        let told = store.recent(since, REMEMBERED_IDS, &mut |recent| {
            if let Recent::Stored { at, listener, digest, marks, answer, .. } = recent
                && let Some(table) = tables.get(listener)
            {
                table.remember(at, digest, marks, answer);
            }
        });
        if let Err(error) = told {
            tracing::warn!(%error, "what came before this start is not known: copies of it are processed");
        }
        let _nobody_waits_any_more = done.send(());
    };
    match std::thread::Builder::new().name("duplicates".to_owned()).spawn(filling) {
        Ok(_) => {
            let _filled_or_going_on = filled.recv_timeout(PATIENCE);
        }
        Err(error) => tracing::warn!(%error, "copies of what came before this start are processed"),
    }
}
