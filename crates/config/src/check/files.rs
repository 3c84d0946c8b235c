//! Files that others on this machine must not read.

use std::os::unix::fs::PermissionsExt;

use crate::diagnostic::Diagnostic;
use crate::reading::{Context, Named};

/// Whoever is neither the owner of a file nor in its group may read it.
const READABLE_BY_ALL: u32 = 0o004;

/// Reports private keys and secrets that everybody on the machine can read. One that is not there is told of where it is read.
pub(super) fn warn(context: &Context<'_>) {
    for (named, place) in context.named() {
        let Named::Secret(path) = named else { continue };
        let found = std::fs::metadata(&path).map(|found| found.permissions().mode());
        if found.is_ok_and(|mode| mode & READABLE_BY_ALL != 0) {
            let path = path.display();
            let text =
                format!("everybody on this machine can read the private key or secret `{path}`");
            let hint = "`chmod 600`, and let it belong to the engine's user";
            context.report(Diagnostic::warning(text).at(&place).hint(hint));
        }
    }
}
