//! `config/wardline.toml`, the file of the README's first command.

use std::path::Path;

use wardline_config::{DestinationKind, Entrance, load};

#[test]
fn the_first_command_s_configuration_loads_without_a_warning() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/wardline.toml");
    let loaded = load(&path, &|_| None, &[]).unwrap_or_else(|faults| unreachable!("{faults}"));
    assert_eq!(loaded.warnings, []);
    let entrances: Vec<_> = loaded.config.listeners.iter().map(|one| &one.entrance).collect();
    assert_eq!(entrances, [&Entrance::Bind(([127, 0, 0, 1], 2575).into())]);
    let kinds: Vec<_> = loaded
        .config
        .destinations
        .iter()
        .map(|destination| match &destination.kind {
            DestinationKind::Mllp(mllp) => mllp.endpoint.shown(),
            DestinationKind::File(file) => file.path.to_string(),
            DestinationKind::Handler(handler) => handler.handler.to_string(),
            DestinationKind::Http(http) => http.url.to_string(),
            DestinationKind::Postgres(postgres) => postgres.shown(),
        })
        .collect();
    assert_eq!(kinds, ["var/inbox/{received:%Y-%m-%d}/{control_id}.hl7", "127.0.0.1:2576"]);
}
