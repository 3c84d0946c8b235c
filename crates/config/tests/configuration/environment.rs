//! A configuration of variables alone.

use std::path::Path;

use insta::assert_snapshot;
use wardline_config::{
    DestinationKind, Entrance, Faults, FileDestination, Loaded, ServerTls, load_environment,
};

fn loaded(environment: &[(&str, &str)]) -> Option<Result<Loaded, Faults>> {
    let look_up = |wanted: &str| {
        let found = environment.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| (*value).to_owned())
    };
    load_environment(&look_up, &[])
}

fn sound(environment: &[(&str, &str)]) -> Loaded {
    let loaded = loaded(environment).expect("a configuration");
    loaded.unwrap_or_else(|faults| unreachable!("{faults}"))
}

#[test]
fn without_an_address_the_environment_is_no_configuration() {
    assert!(loaded(&[("WARDLINE_FOLDER_PATH", "/srv/{id}.hl7")]).is_none());
}

#[test]
fn an_address_is_enough() {
    let loaded = sound(&[("WARDLINE_LISTENER_BIND", "127.0.0.1:2575")]);
    assert_eq!(loaded.warnings, []);
    let [listener] = &loaded.config.listeners[..] else { unreachable!("one listener") };
    assert_eq!(listener.entrance, Entrance::Bind(([127, 0, 0, 1], 2575).into()));
    let [destination] = &loaded.config.destinations[..] else { unreachable!("one destination") };
    let path = "var/archive/{received:%Y-%m-%d}/{control_id}.hl7".parse().expect("a template");
    assert_eq!(destination.kind, DestinationKind::File(FileDestination { path }));
    assert_eq!(loaded.config.routing.routes[0].to, ["folder".into()]);
    assert!(loaded.files_on_disk().next().is_none());
}

#[test]
fn variables_are_keys() {
    let loaded = sound(&[
        ("WARDLINE_LISTENER_BIND", "0.0.0.0:2575"),
        ("WARDLINE_LISTENER_MAX_CONNECTIONS", "7"),
        ("WARDLINE_LISTENER_ACK_MODE", "original"),
        ("WARDLINE_LISTENER_TLS_CERTIFICATE", "/tls/server.pem"),
        ("WARDLINE_LISTENER_TLS_KEY", "/tls/server.key"),
        ("WARDLINE_FOLDER_PATH", "/srv/{id}.hl7"),
        ("WARDLINE_ENGINE_NAME", "ward-7"),
        ("WARDLINE_LOG_FORMAT", "json"),
    ]);
    let listener = &loaded.config.listeners[0];
    assert_eq!(listener.max_connections.get(), 7);
    let tls: Vec<_> = listener.tls.iter().flat_map(ServerTls::files).collect();
    assert_eq!(tls, [Path::new("/tls/server.pem"), Path::new("/tls/server.key")]);
    let path = "/srv/{id}.hl7".parse().expect("a template");
    assert_eq!(loaded.config.destinations[0].kind, DestinationKind::File(FileDestination { path }));
    assert_eq!(loaded.config.engine.name, "ward-7");
    assert_eq!(loaded.config.log.format, wardline_config::LogFormat::Json);
}

#[test]
fn what_is_wrong_in_a_variable_is_told_with_its_name() {
    let faults = loaded(&[
        ("WARDLINE_LISTENER_BIND", "2575"),
        ("WARDLINE_LISTENER_MAX_MESSAGE_SIZE", "1B"),
        ("WARDLINE_LISTENER_TLS_CERTIFICATE", "/tls/server.pem"),
        ("WARDLINE_FOLDER_PATH", "/srv/archive"),
        ("WARDLINE_STORE_MIN_FREE", "much"),
    ]);
    let faults = faults.expect("a configuration").expect_err("faults");
    assert_snapshot!(faults.to_string());
}
