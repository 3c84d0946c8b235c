//! Reload: a running engine goes by another configuration without being stopped.
//!
//! ```text
//!   read anew ─▶ diff ─▶ may it be done? ─▶ prepare: bind, TLS files, handlers ─▶ apply, which cannot fail
//!      │faults            │a restart is needed,    │one cannot be had                 pools, ways, listeners: downstream
//!      ▼                  │a queue would be left   ▼                                  first, as at a start
//!   everything stays as it was, and whoever asked is told all that is wrong
//! ```
//!
//! What is not changed is not touched: connections, queues, what handlers remember. What is removed finishes what it has in
//! hand.

mod applying;
mod diff;
mod farewell;
mod fault;
mod keys;
mod moving;
mod prepared;
mod queues;
mod returning;

use std::sync::Arc;

use jiff::Timestamp;
use wardline_config::{Config, Loaded, Paint};

use self::diff::Diff;
pub(super) use self::farewell::Departure;
use self::fault::NotReloaded;
use self::prepared::Prepared;
use self::queues::Left;
use super::running::Running;
use crate::control::protocol::Reload;
use crate::control::reloading::{Asked, Refusal};
use crate::tls::Renewed;

impl Running {
    /// Reads the configuration and applies what is changed, or nothing. What was applied, or was to be, is told in the log.
    pub(super) async fn reload(&mut self, asked: &Asked) -> Result<Reload, Refusal> {
        match self.try_reload(asked).await {
            Ok(reload) => {
                if !reload.dry_run {
                    tell(&reload, &asked.by);
                }
                Ok(reload)
            }
            Err(fault) => {
                // Who only looks sees it himself: the log is for what was to happen and did not.
                if !asked.dry_run {
                    fault.tell(&asked.by);
                }
                Err(fault.refusal())
            }
        }
    }

    async fn try_reload(&mut self, asked: &Asked) -> Result<Reload, NotReloaded> {
        let reread = Arc::clone(&self.reread);
        let loaded = tokio::task::spawn_blocking(move || reread()).await??;
        let warnings = loaded.warnings.iter();
        let warnings = warnings.map(|one| one.render(&loaded.files, Paint::Plain)).collect();
        for warning in loaded.warnings.iter().filter(|_| !asked.dry_run) {
            let (warning, place) = (warning.message(), warning.place(&loaded.files));
            tracing::warn!(place, "the configuration: {warning}");
        }
        let texts = digest_of(&loaded);
        let config = self.counting_on(loaded);
        let diff = Diff::between(&self.config, &config);
        let digest = diff.digest(texts);
        if asked.expected.as_ref().is_some_and(|expected| *expected != digest) {
            return Err(NotReloaded::Another);
        }
        let certificates = self.certificates_of(&config).await;
        if !asked.dry_run {
            self.settle(&config, asked).await?;
        }
        let left = Left::look(&diff, &config, asked, &self.store()).await;
        let mut reload = Reload {
            dry_run: asked.dry_run,
            changes: diff.changes.clone(),
            warnings,
            certificates: self.version.certificates.rows(Timestamp::now()),
            digest,
            ..Reload::default()
        };
        if asked.dry_run {
            let at_start = NotReloaded::at_start(&diff).map(|fault| fault.to_string());
            let faults = [at_start, fault_of(&certificates), fault_of(&left)];
            reload.refused = faults.into_iter().flatten().collect();
            return Ok(reload);
        }
        if let Some(fault) = NotReloaded::at_start(&diff) {
            return Err(fault);
        }
        let (certificates, left) = (certificates?, left?);
        if diff.changes.is_empty() && left.is_empty() {
            self.version.certificates = certificates.take();
        } else {
            let prepared = Prepared::of(self, Arc::new(config), certificates).await?;
            reload.queues = self.apply(prepared, left, asked).await;
        }
        self.show();
        reload.certificates = self.version.certificates.rows(Timestamp::now());
        Ok(reload)
    }

    /// The configuration, with the counts of the tables that say what they said before.
    fn counting_on(&self, loaded: Loaded) -> Config {
        let mut config = loaded.config;
        let lookups = config.routing.lookups.counting_on(&self.config.routing.lookups);
        config.routing.lookups = Arc::new(lookups);
        config
    }

    async fn certificates_of(&self, config: &Config) -> Result<Renewed, NotReloaded> {
        let (certificates, config) = (Arc::clone(&self.version.certificates), config.clone());
        let read = tokio::task::spawn_blocking(move || certificates.renewed(&config)).await?;
        read.map_err(NotReloaded::Tls)
    }
}

/// Of every file's name and text, lookup tables and scripts among them.
fn digest_of(loaded: &Loaded) -> blake3::Hasher {
    let mut digest = blake3::Hasher::new();
    for (path, text) in loaded.texts() {
        let path = path.as_os_str().as_encoded_bytes();
        for part in [path, text.as_bytes()] {
            digest.update(&(part.len() as u64).to_le_bytes());
            digest.update(part);
        }
    }
    digest
}

fn fault_of<T>(result: &Result<T, NotReloaded>) -> Option<String> {
    result.as_ref().err().map(ToString::to_string)
}

/// One line in the log for each change.
fn tell(reload: &Reload, by: &str) {
    for row in &reload.changes {
        let (part, id, change, keys) = (row.part, &row.id, row.change, row.keys.join(", "));
        tracing::info!(%part, id, %change, keys, effect = %row.effect, "configuration changed");
    }
    for moved in &reload.queues {
        let (destination, deliveries) = (&moved.destination, moved.deliveries);
        let to = moved.to.as_deref().unwrap_or("itself, parked");
        tracing::warn!(
            destination,
            to,
            deliveries,
            left = moved.left,
            by,
            "a queue goes elsewhere"
        );
    }
    tracing::info!(by, changes = reload.changes.len(), "configuration reloaded");
}
