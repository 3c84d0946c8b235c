//! What this machine says to a configuration: files that cannot be used, addresses that are taken, folders that are not
//! there. Looked at as the user who types the command; nothing is made or changed.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use rustix::fs::Access;
use socket2::{Domain, Protocol, Socket, Type};
use wardline_config::{Diagnostic, Loaded, Named};
use wardline_engine::control::protocol::{Request, Response};
use wardline_engine::control::socket_path;

use super::super::failure::in_words;
use super::super::reach::{Reach, ReachError};

/// Certificates, keys, issuers and revocation lists that cannot be used, each at the place that names it.
pub(super) fn unusable_for_tls(loaded: &Loaded) -> Vec<Diagnostic> {
    let unusable = wardline_engine::tls::check(&loaded.config);
    let fault = |one: &wardline_engine::tls::Unusable| {
        let files = one.files().into_iter();
        let named = files
            .flat_map(|file| [Named::File(file.to_owned()), Named::Secret(file.to_owned())])
            .find(|file| loaded.named().any(|known| known == file));
        let named = named.unwrap_or_else(|| Named::File(PathBuf::new()));
        loaded.unusable(&named, in_words(one), None)
    };
    unusable.iter().map(fault).collect()
}

/// Addresses that cannot be bound, and folders that cannot be used.
pub(super) fn unavailable(loaded: &Loaded) -> Result<Vec<Diagnostic>, ReachError> {
    let ours = bound_already(loaded)?;
    let mut faults: Vec<Diagnostic> = data_folder(loaded).into_iter().collect();
    // Held until all are bound: two that want the same address are told as well.
    let mut held = Vec::new();
    for named in loaded.named() {
        match named {
            Named::Address(address) if ours.contains(&address.to_string()) => {}
            Named::Address(address) => match bound(*address) {
                Ok(socket) => held.push(socket),
                Err(error) => {
                    let text = format!("cannot bind {address}: {error}");
                    faults.push(loaded.unusable(named, text, hint_of_address(&error)));
                }
            },
            Named::Folder(path) => faults.extend(watched(loaded, named, path)),
            Named::Goal(path) => faults.extend(goal(path).map(|text| {
                loaded.unusable(named, text, Some("let it belong to the engine's user".to_owned()))
            })),
            Named::File(_) | Named::Secret(_) => {}
        }
    }
    Ok(faults)
}

/// The addresses that a running engine with this configuration listens at.
fn bound_already(loaded: &Loaded) -> Result<Vec<String>, ReachError> {
    let mut engine = match Reach::at(&socket_path(&loaded.config.engine.data_dir)) {
        Err(ReachError::NotRunning { .. }) => return Ok(Vec::new()),
        other => other?,
    };
    match engine.ask(&Request::Status)? {
        Response::Status(status) => {
            let listeners = status.listeners.into_iter().map(|row| row.address);
            let destinations = status.destinations.into_iter().map(|row| row.endpoint);
            Ok(listeners.chain(destinations).collect())
        }
        _ => Err(ReachError::Unexpected),
    }
}

/// Bound as a listener binds: for one family alone, whatever waits from a connection of before.
fn bound(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(1)?;
    Ok(socket)
}

fn hint_of_address(error: &io::Error) -> Option<String> {
    let hint = match error.kind() {
        io::ErrorKind::AddrInUse => "another program listens there: `ss -ltnp` names it",
        io::ErrorKind::AddrNotAvailable => "this machine has no such address: `ip addr` lists them",
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 are for root: take another, or give CAP_NET_BIND_SERVICE"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

fn watched(loaded: &Loaded, named: &Named, path: &Path) -> Option<Diagnostic> {
    let shown = path.display();
    if !path.is_dir() {
        let text = format!("there is no folder `{shown}`");
        return Some(loaded.unusable(named, text, Some(format!("make it: `mkdir -p {shown}`"))));
    }
    let all = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
    let error = rustix::fs::access(path, all).err()?;
    let text = format!("files cannot be taken from `{shown}`: {}", io::Error::from(error));
    let hint = "they are moved or deleted: its user must read and write it";
    Some(loaded.unusable(named, text, Some(hint.to_owned())))
}

fn data_folder(loaded: &Loaded) -> Option<Diagnostic> {
    let path = &loaded.config.engine.data_dir;
    let text = goal(path)?;
    let hint = "`data_dir` must belong to the engine's user".to_owned();
    Some(loaded.unusable(&Named::Goal(path.clone()), text, Some(hint)))
}

/// Why nothing can be written below this folder, which may have to be made.
fn goal(folder: &Path) -> Option<String> {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let there = folder.ancestors().find(|folder| folder.exists())?;
    let shown = there.display();
    if !there.is_dir() {
        return Some(format!("`{shown}` is no folder"));
    }
    let error = rustix::fs::access(there, Access::WRITE_OK | Access::EXEC_OK).err()?;
    Some(format!("cannot write to `{shown}`: {}", io::Error::from(error)))
}
