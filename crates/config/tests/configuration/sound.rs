//! What right configurations mean.

use std::path::Path;
use std::time::Duration;

use insta::assert_snapshot;
use wardline_config::{Config, DestinationKind, Paint};
use wardline_flow::Source;

use crate::{Site, site};

fn config(environment: &[(&str, &str)], site: &Site) -> Config {
    match site.load(environment) {
        Ok(loaded) => loaded.config,
        Err(faults) => unreachable!("{faults}"),
    }
}

#[test]
fn a_configuration_of_nothing_but_its_version_has_the_defaults() {
    let loaded = config(&[], &site(""));
    let mut expected = Config::default();
    expected.engine.data_dir = std::path::absolute("var/wardline").expect("a working directory");
    assert_eq!(loaded, expected);
}

#[test]
fn files_are_read_in_the_order_of_the_list_and_of_their_names() {
    let route = |id: &str| format!("[[routes]]\nid = \"{id}\"\nto = [\"out\"]\n");
    let destination = "[[destinations]]\nid = \"out\"\nkind = \"file\"\npath = \"{id}\"\n";
    let main =
        format!("version = 1\ninclude = [\"late.toml\", \"routes.d/*.toml\"]\n{}", route("main"));
    let site = Site::new(&[
        ("wardline.toml", main.as_str()),
        ("routes.d/b.toml", &route("b")),
        ("routes.d/a.toml", &route("a")),
        ("routes.d/.a.toml", "no TOML"),
        ("routes.d/a.toml.bak", "no TOML"),
        ("late.toml", &format!("{destination}{}", route("late"))),
    ]);
    let routing = config(&[], &site).routing;
    let ids: Vec<_> = routing.routes.iter().map(|route| route.id.as_str()).collect();
    assert_eq!(ids, ["main", "late", "a", "b"]);
}

#[test]
fn the_environment_overrides_the_file_and_fills_what_it_leaves_open() {
    let site = site(
        "[engine]\nname = \"file\"\n[[destinations]]\nid = \"lis\"\nkind = \"mllp\"\n\
         address = \"${LIS_HOST}:${LIS_PORT}\"\nconnections = \"${COUNT}\"\norder = \"none\"\n",
    );
    let environment = [
        ("WARDLINE_ENGINE_NAME", "environment"),
        ("WARDLINE_ENGINE_ARBITERS", "3"),
        ("WARDLINE_STORE_MIN_FREE", "2GiB"),
        ("WARDLINE_STORE_RETAIN_FOR", "1d"),
        ("LIS_HOST", "lis.example"),
        ("LIS_PORT", "6661"),
        ("COUNT", "4"),
    ];
    let config = config(&environment, &site);
    assert_eq!(config.engine.name, "environment");
    assert_eq!(config.engine.arbiters.map(std::num::NonZeroUsize::get), Some(3));
    assert_eq!(config.store.min_free, 2 << 30);
    assert_eq!(config.store.retain_for, Duration::from_secs(24 * 60 * 60));
    let kinds: Vec<_> = config.destinations.iter().map(|destination| &destination.kind).collect();
    let [DestinationKind::Mllp(mllp)] = kinds[..] else {
        unreachable!("one destination over MLLP")
    };
    assert_eq!((mllp.endpoint.shown().as_str(), mllp.connections.get()), ("lis.example:6661", 4));
}

#[test]
fn a_relative_data_dir_starts_at_the_working_directory_and_an_absolute_one_stays() {
    let here = std::path::absolute("x").expect("a working directory");
    assert_eq!(config(&[], &site("[engine]\ndata_dir = \"x\"\n")).engine.data_dir, here);
    assert_eq!(
        config(&[], &site("[engine]\ndata_dir = \"/x\"\n")).engine.data_dir,
        Path::new("/x")
    );
}

#[test]
fn a_route_takes_from_listeners_and_from_handlers() {
    let site = site(
        "[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\n\
         [[destinations]]\nid = \"gate\"\nkind = \"handler\"\nhandler = \"lab-gate\"\n\
         [[routes]]\nid = \"r\"\nfrom = [\"in\", \"gate\"]\nto = [\"gate\"]\n",
    );
    let config = config(&[], &site);
    let expected = vec![Source::Listener("in".into()), Source::Handler("gate".into())];
    assert_eq!(
        config.routing.routes.iter().map(|route| route.from.clone()).collect::<Vec<_>>(),
        [Some(expected)]
    );
    let handlers: Vec<_> = config.handlers.iter().map(|limits| limits.name.as_str()).collect();
    assert_eq!(handlers, ["lab-gate"]);
}

#[test]
fn free_ports_and_different_interfaces_do_not_clash() {
    let listener =
        |id: &str, bind: &str| format!("[[listeners]]\nid = \"{id}\"\nbind = \"{bind}\"\n");
    let text = [
        listener("a", "127.0.0.1:0"),
        listener("b", "127.0.0.1:0"),
        listener("c", "127.0.0.1:2575"),
        listener("d", "127.0.0.2:2575"),
        listener("e", "0.0.0.0:2576"),
        listener("f", "[::]:2576"),
    ];
    assert_eq!(config(&[], &site(&text.concat())).listeners.len(), 6);
}

#[test]
fn what_looks_wrong_is_a_warning_with_its_place() {
    let site = site(
        "include = [\"routes.d/*.toml\"]\n[handlers.lab-gate]\n\
         [[destinations]]\nid = \"lis\"\nkind = \"mllp\"\naddress = \"10.1.2.3:2575\"\nconnections = 4\n\
         [[destinations]]\nid = \"archive\"\nkind = \"file\"\npath = \"var/{id}.hl7\"\n\
         [[destinations]]\nid = \"gate\"\nkind = \"handler\"\nhandler = \"deduplicate\"\n\
         [[routes]]\nid = \"all\"\nto = [\"archive\", \"gate\"]\n",
    );
    let loaded = site.load(&[]).expect("no fault");
    assert_snapshot!(site.portable(&loaded.render_warnings(Paint::Plain)));
}

#[test]
fn a_configuration_without_anything_to_do_is_valid_and_says_so() {
    let site = site("");
    let loaded = site.load(&[]).expect("no fault");
    assert_snapshot!(site.portable(&loaded.render_warnings(Paint::Plain)));
}

#[test]
fn a_terminal_sees_colours_and_a_file_does_not() {
    let faults = site("nmae = 1\n").load(&[]).expect_err("a fault");
    assert!(faults.render(Paint::Ansi).contains("\u{1b}["));
    assert!(!faults.render(Paint::Plain).contains("\u{1b}["));
}

#[test]
fn an_editor_s_byte_order_mark_and_line_ends_do_no_harm() {
    let site =
        Site::new(&[("wardline.toml", "\u{feff}version = 1\r\n[engine]\r\nname = \"x\"\r\n")]);
    assert_eq!(config(&[], &site).engine.name, "x");
}

#[test]
fn the_documented_profile_can_be_used() {
    let page = include_str!("../../../../docs/hl7.md");
    let (_, example) = page.split_once("```toml\n").expect("an example");
    let (example, _) = example.split_once("```").expect("its end");
    let main = "version = 1\n[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:2575\"\nprofile = \"adt.toml\"\n";
    let site = Site::new(&[("wardline.toml", main), ("adt.toml", example)]);
    let loaded = site.load(&[]).unwrap_or_else(|faults| unreachable!("{faults}"));
    let profile = loaded.config.listeners[0].profile.as_ref().expect("a profile");
    let ids: Vec<&str> = profile.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids, ["mrn", "no-ssn", "names", "sex", "short"]);
}
