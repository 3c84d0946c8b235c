//! `wardline check`: whether a configuration can be used, and what it would touch.

mod machine;

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use wardline_config::{
    ClientTls, Config, DestinationKind, Diagnostic, Entrance, Loaded, Paint, PeerEndpoint,
    ServerTls, Severity, SourceFile,
};
use wardline_engine::control::socket_path;

use super::Invocation;
use super::configuration::{self, ConfigInvalid};
use super::exit::Exit;
use super::failure::{Outcome, TerminalError};

/// Check a configuration without running it.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The configuration; --config where absent.
    #[arg(value_name = "CONFIG")]
    file: Option<PathBuf>,
    /// Try this machine too: bind every address, and look whether folders can be read and written. Nothing is made or
    /// changed; what a running engine with this configuration has already is left alone.
    #[arg(long)]
    bind: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Checked {
    ok: bool,
    diagnostics: Vec<Told>,
    #[serde(skip_serializing_if = "Option::is_none")]
    touches: Option<Touches>,
}

/// One fault or warning.
#[derive(Serialize)]
struct Told {
    severity: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(flatten)]
    place: Option<ToldPlace>,
    rendered: String,
}

/// Where it is, counted from 1.
#[derive(Serialize)]
struct ToldPlace {
    file: PathBuf,
    line: usize,
    column: usize,
}

/// Every path that is read or written, absolute.
#[derive(Serialize)]
struct Touches {
    reads: Vec<PathBuf>,
    data_dir: PathBuf,
    control_socket: PathBuf,
    writes: Vec<PathBuf>,
}

impl Check {
    /// Checks and tells.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        let loaded = match configuration::read(self.file.as_deref(), invocation) {
            Ok(loaded) => loaded,
            Err(faults) if invocation.terminal.json => {
                let diagnostics = told(faults.diagnostics(), faults.files());
                invocation.terminal.value(&Checked { ok: false, diagnostics, touches: None })?;
                return Err(ConfigInvalid.into());
            }
            Err(faults) => {
                invocation.terminal.talk(faults.render(Paint::Ansi));
                return Err(ConfigInvalid.into());
            }
        };
        let mut unusable = machine::unusable_for_tls(&loaded);
        if self.bind {
            unusable.extend(machine::unavailable(&loaded)?);
        }
        let all = [loaded.warnings.as_slice(), unusable.as_slice()].concat();
        if invocation.terminal.json {
            let (ok, touches) = (unusable.is_empty(), Some(touches(&loaded)));
            let diagnostics = told(&all, &loaded.files);
            invocation.terminal.value(&Checked { ok, diagnostics, touches })?;
        } else {
            let blocks = all.iter().map(|one| one.render(&loaded.files, Paint::Ansi));
            blocks.for_each(|block| invocation.terminal.talk(block));
            if unusable.is_empty() {
                print(&loaded, invocation)?;
            }
        }
        if unusable.is_empty() { Ok(Exit::Ok) } else { Err(ConfigInvalid.into()) }
    }
}

fn told(diagnostics: &[Diagnostic], files: &[SourceFile]) -> Vec<Told> {
    diagnostics
        .iter()
        .map(|diagnostic| Told {
            severity: match diagnostic.severity() {
                Severity::Fault => "fault",
                Severity::Warning => "warning",
            },
            message: diagnostic.message().to_owned(),
            hint: diagnostic.way_out().map(str::to_owned),
            place: diagnostic.location(files).map(|(file, line, column)| ToldPlace {
                file: file.to_owned(),
                line,
                column,
            }),
            rendered: diagnostic.render(files, Paint::Plain),
        })
        .collect()
}

fn print(loaded: &Loaded, invocation: &Invocation) -> Result<(), TerminalError> {
    let terminal = invocation.terminal;
    let Config { listeners, routing, destinations, .. } = &loaded.config;
    terminal.line(format!(
        "ok: {} listeners, {} routes, {} destinations",
        listeners.len(),
        routing.routes.len(),
        destinations.len()
    ))?;
    let touches = touches(loaded);
    for path in &touches.reads {
        terminal.line(format!("reads    {}", path.display()))?;
    }
    for path in [&touches.data_dir, &touches.control_socket].into_iter().chain(&touches.writes) {
        terminal.line(format!("writes   {}", path.display()))?;
    }
    for listener in listeners {
        match &listener.entrance {
            Entrance::Bind(bind) => terminal.line(format!("listens  {bind} ({})", listener.id))?,
            Entrance::Dial(dialling) => {
                terminal.line(format!("dials    {} ({})", dialling.peer.address, listener.id))?;
            }
            Entrance::Folder(folder) => {
                let path = folder.path.display();
                terminal.line(format!("watches  {path}/{} ({})", folder.pattern, listener.id))?;
            }
        }
    }
    for destination in destinations.iter().filter(|one| one.refuses_tests()) {
        terminal.line(format!("no tests {} (processing id T and D)", destination.id))?;
    }
    Ok(())
}

fn touches(loaded: &Loaded) -> Touches {
    let data_dir = absolute(&loaded.config.engine.data_dir);
    let templates =
        loaded.config.destinations.iter().filter_map(|destination| match &destination.kind {
            DestinationKind::File(file) => Some(PathBuf::from(file.path.to_string())),
            DestinationKind::Mllp(_)
            | DestinationKind::Handler(_)
            | DestinationKind::Http(_)
            | DestinationKind::Postgres(_) => None,
        });
    Touches {
        reads: reads(loaded),
        control_socket: socket_path(&data_dir),
        writes: templates.map(|path| absolute(&path)).collect(),
        data_dir,
    }
}

/// The files of the configuration, and those that it names for TLS and with secrets.
fn reads(loaded: &Loaded) -> Vec<PathBuf> {
    let Config { listeners, destinations, .. } = &loaded.config;
    let mut servers: Vec<&ServerTls> =
        listeners.iter().filter_map(|listener| listener.tls.as_ref()).collect();
    let mut clients: Vec<&ClientTls> = Vec::new();
    let mut secrets: Vec<&Path> = Vec::new();
    for listener in listeners {
        match &listener.entrance {
            Entrance::Dial(dialling) => clients.extend(&dialling.peer.tls),
            Entrance::Bind(_) | Entrance::Folder(_) => {}
        }
    }
    for destination in destinations {
        match &destination.kind {
            DestinationKind::Mllp(mllp) => match &mllp.endpoint {
                PeerEndpoint::Dialled(peer) => clients.extend(&peer.tls),
                PeerEndpoint::Awaited(peer) => servers.extend(&peer.tls),
            },
            DestinationKind::Http(http) => {
                clients.extend(&http.tls);
                secrets.extend(http.secret_files());
            }
            DestinationKind::Postgres(postgres) => {
                clients.extend(&postgres.tls);
                secrets.extend(postgres.secret_file());
            }
            DestinationKind::File(_) | DestinationKind::Handler(_) => {}
        }
    }
    let servers = servers.into_iter().flat_map(ServerTls::files);
    let tls = servers.chain(clients.into_iter().flat_map(ClientTls::files));
    loaded.files_on_disk().chain(tls).chain(secrets).map(absolute).collect()
}

/// The path from the root. It stays as it is where the working directory is gone.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
