//! `wardline reload`: the running engine reads its certificates again, as SIGHUP makes it do.

use clap::Args;
use wardline_engine::control::protocol::{Request, Response};

use super::Invocation;
use super::certificates;
use super::exit::Exit;
use super::failure::Outcome;
use super::reach::{Reach, ReachError};

/// Read certificates, keys, issuers and revocation lists again. Connections stay.
///
/// All of them are replaced, or none: with a file that cannot be used everything stays as it was, and the command exits
/// with 3. The configuration itself is read at the start only.
#[derive(Debug, Args)]
pub(crate) struct Reload {}

impl Reload {
    /// Asks and prints what is shown from now on.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        let Self {} = self;
        let terminal = invocation.terminal;
        let answer = Reach::running(invocation)?.ask(&Request::ReloadCertificates)?;
        let Response::CertificatesReloaded { certificates } = answer else {
            return Err(ReachError::Unexpected.into());
        };
        if terminal.json {
            terminal.value(&certificates)?;
        } else if certificates.is_empty() {
            terminal.talk("reloaded; no listener and no destination shows a certificate");
        } else {
            certificates::table(&certificates, terminal)?;
        }
        Ok(Exit::Ok)
    }
}
