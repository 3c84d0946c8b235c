//! What encryption costs: durable receive over TLS beside the same in the clear.

use std::fs;
use std::sync::Arc;

use wardline_config::ClientTls;
use wardline_engine::tls::Connector;

use super::engine::Engine;
use super::error::BenchError;
use super::pair::Pair;
use super::row::{Cost, Row, Target};
use super::site::{CERTIFICATE, KEY, Site};
use super::work::{Effort, SMALL};

/// Connections of a large hospital's engine.
const CONNECTIONS: usize = 128;
/// The name in the certificate.
const NAME: &str = "localhost";

impl Effort<'_> {
    /// Receive over TLS, store, queue, answer.
    pub(super) fn tls(&self) -> Result<Row, BenchError> {
        let connector = self.connector()?;
        let plain = Engine::start(self.folder, "plain", &Site::Queue)?;
        let site = Site::Encrypted(self.folder.to_owned());
        let encrypted = Engine::start(self.folder, "encrypted", &site)?;
        let load_plain = self.load(&plain, CONNECTIONS, SMALL);
        let load = self.load(&encrypted, CONNECTIONS, SMALL);
        let mut cost = Cost::default();
        let pair = Pair::measure(
            self.turns,
            || {
                let carried = load_plain.run()?.per_second;
                plain.settle()?;
                Ok(carried)
            },
            || {
                let carried = cost.of(&encrypted, || load.run_over(Some(&connector)));
                encrypted.settle()?;
                carried
            },
        )?;
        let work = format!("durable receive over TLS 1.3, {SMALL} B, {CONNECTIONS} connections");
        Ok(cost.row(work, "the same in the clear", pair, Target::AtLeast(0.7)))
    }

    /// Writes a certificate for the listener into the folder, and trusts it.
    pub(super) fn connector(&self) -> Result<Arc<Connector>, BenchError> {
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()])
            .map_err(BenchError::Certificate)?;
        let unusable = |source| BenchError::Folder { folder: self.folder.to_owned(), source };
        let certificate = self.folder.join(CERTIFICATE);
        fs::write(&certificate, made.cert.pem()).map_err(unusable)?;
        fs::write(self.folder.join(KEY), made.signing_key.serialize_pem()).map_err(unusable)?;
        let settings = ClientTls { ca: Some(certificate), ..ClientTls::default() };
        Ok(Connector::build(&settings, NAME)?)
    }
}
