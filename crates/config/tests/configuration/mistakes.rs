//! What an operator reads after each usual mistake. The snapshots are the product: they must help without this file.

use insta::assert_snapshot;

use crate::{Site, site};

const LISTENER: &str = "\n[[listeners]]\nid = \"adt-in\"\nbind = \"127.0.0.1:2575\"\n";
const DESTINATION: &str =
    "\n[[destinations]]\nid = \"lis\"\nkind = \"mllp\"\naddress = \"10.1.2.3:2575\"\n";

fn faults_in(environment: &[(&str, &str)], site: &Site) -> String {
    let faults = site.load(environment).expect_err("faults");
    site.portable(&faults.to_string())
}

fn faults(text: &str) -> String {
    faults_in(&[], &site(text))
}

#[test]
fn an_unknown_key_is_refused_with_the_one_that_was_meant() {
    assert_snapshot!(faults(
        "[engine]\nnmae = \"x\"\n[[listeners]]\nid = \"a\"\nbind = \"127.0.0.1:1\"\nmonitoring = true\n"
    ));
}

#[test]
fn an_unknown_section_is_refused() {
    assert_snapshot!(faults("[dashboard]\nbind = \"127.0.0.1:8575\"\n"));
}

#[test]
fn an_unknown_destination_is_told_from_a_known_one() {
    assert_snapshot!(faults(&format!(
        "{LISTENER}{DESTINATION}\n[[routes]]\nid = \"r\"\nfrom = [\"adtin\"]\nto = [\"lis2\", \"archive\", \"adt-in\"]\n"
    )));
}

#[test]
fn an_id_stands_for_one_thing_in_all_files() {
    let more = format!(
        "{DESTINATION}{}",
        LISTENER.replace("adt-in", "orders-in").replace(":2575", ":2576")
    );
    let main = format!(
        "version = 1\ninclude = [\"more.toml\"]\n{LISTENER}{}",
        DESTINATION.replace("lis", "adt-in")
    );
    let site =
        Site::new(&[("wardline.toml", &main), ("more.toml", &more.replace("orders-in", "adt-in"))]);
    assert_snapshot!(faults_in(&[], &site));
}

#[test]
fn a_charset_that_nobody_knows_is_refused_with_those_that_are() {
    assert_snapshot!(faults(&format!(
        "{LISTENER}charset = \"shiftjs\"\ndefault_charset = \"UNICODE\"\n"
    )));
}

#[test]
fn a_profile_is_refused_with_the_place_of_each_mistake_in_it() {
    let profile = r#"
[[rules]]
id = "a"
require = "PID"
forbid = "PID-19"

[[rules]]
id = "a"
values = { path = "PID-8", table = "0001" }

[[rules]]
id = "b"
count = { path = "PID-3[*]", min = 3, max = 1 }

[[rules]]
id = "c"
message = ["ADT^*^*"]

[tables]
"0002" = ["S", "M"]
"#;
    let main = format!("version = 1\n{LISTENER}profile = \"adt.toml\"\n");
    assert_snapshot!(faults_in(
        &[],
        &Site::new(&[("wardline.toml", &main), ("adt.toml", profile)])
    ));
}

#[test]
fn a_profile_that_is_not_there_is_told_where_it_is_named() {
    assert_snapshot!(faults(&format!("{LISTENER}profile = \"adt.toml\"\n")));
}

#[test]
fn an_empty_list_says_neither_none_nor_all() {
    assert_snapshot!(faults(&format!(
        "{DESTINATION}\n[[routes]]\nid = \"r\"\nto = []\nmatch = {{ message = [] }}\n"
    )));
}

#[test]
fn one_thing_is_named_once_in_a_list() {
    assert_snapshot!(faults(&format!(
        "{DESTINATION}\n[[routes]]\nid = \"r\"\nto = [\n  \"lis\",\n  \"lis\",\n]\n"
    )));
}

#[test]
fn a_duration_needs_a_number_and_a_unit() {
    assert_snapshot!(faults(&format!(
        "[engine]\ndrain_timeout = 10\n{LISTENER}frame_timeout = \"10 minutes\"\nwrite_timeout = \"0s\"\n\
         handler_timeout = true\nidle_timeout = \"99999d\"\n"
    )));
}

#[test]
fn a_size_needs_a_unit_that_exists_and_has_limits() {
    assert_snapshot!(faults(&format!(
        "[store]\nsegment_size = \"64Mb\"\nmin_free = 1\nmax_index_lag = \"1MiB\"\nretain_bytes = \"64KiB\"\n\
         {LISTENER}max_message_size = \"2GiB\"\n"
    )));
}

#[test]
fn a_count_is_at_least_one() {
    assert_snapshot!(faults(&format!("{LISTENER}max_connections = 0\nmax_per_source = -1\n")));
}

#[test]
fn a_listener_needs_an_address_and_a_port() {
    assert_snapshot!(faults(
        "[[listeners]]\nid = \"a\"\nbind = \"localhost:2575\"\n[[listeners]]\nid = \"b\"\nbind = \"0.0.0.0\"\n\
         [[listeners]]\nid = \"c\"\nbind = 2575\n[[listeners]]\nid = \"d\"\nbind = \"*:2575\"\n"
    ));
}

#[test]
fn a_peer_has_a_host_and_a_port() {
    assert_snapshot!(faults(
        "[[destinations]]\nid = \"a\"\nkind = \"mllp\"\naddress = \"lis.example\"\n\
         [[destinations]]\nid = \"b\"\nkind = \"mllp\"\naddress = \"::1:2575\"\n"
    ));
}

#[test]
fn a_file_s_path_has_only_known_placeholders() {
    assert_snapshot!(faults(
        "[[destinations]]\nid = \"a\"\nkind = \"file\"\npath = \"var/{controlid}.hl7\"\n\
         [[destinations]]\nid = \"b\"\nkind = \"file\"\npath = \"var/{patient}.hl7\"\n\
         [[destinations]]\nid = \"c\"\nkind = \"file\"\npath = \"var/messages.hl7\"\n\
         [[destinations]]\nid = \"d\"\nkind = \"file\"\npath = \"var/{received:%Y/%m}/{id}.hl7\"\n"
    ));
}

#[test]
fn a_match_has_patterns_and_paths() {
    assert_snapshot!(faults(&format!(
        "{DESTINATION}\n[[routes]]\nid = \"r\"\nto = [\"lis\"]\n[routes.match]\n\
         message = [\"ADT^A0*\", \"ADT_A01^\"]\nsending_facilty = [\"ST-E\"]\n\"PID-x\" = [\"1\"]\n\"PID-3.4\" = \"MRN\"\n"
    )));
}

#[test]
fn two_listeners_have_two_addresses() {
    assert_snapshot!(faults(&format!(
        "{LISTENER}\n[[listeners]]\nid = \"b\"\nbind = \"0.0.0.0:2575\"\n"
    )));
}

#[test]
fn a_handler_is_one_that_the_program_has() {
    assert_snapshot!(faults(&format!(
        "{LISTENER}handlers = [\"labgate\"]\n[handlers.deduplicat]\ninstances = 2\n\
         [[destinations]]\nid = \"d\"\nkind = \"handler\"\nhandler = \"billing\"\n"
    )));
}

#[test]
fn a_configuration_has_a_version() {
    assert_snapshot!(faults_in(
        &[],
        &Site::new(&[("wardline.toml", "# nothing\n[engine]\nname = \"x\"\n")])
    ));
}

#[test]
fn another_version_is_not_guessed_at() {
    assert_snapshot!(faults_in(
        &[],
        &Site::new(&[("wardline.toml", "version = 2\nsomething = \"new\"\n")])
    ));
}

#[test]
fn an_include_leads_to_files_and_only_from_the_main_one() {
    let site = Site::new(&[
        (
            "wardline.toml",
            "version = 1\ninclude = [\"a.toml\", \"gone.toml\", \"*/x.toml\", \"a.*\"]\n",
        ),
        ("a.toml", "include = [\"b.toml\"]\n[store]\nmin_free = \"2GiB\"\n"),
    ]);
    assert_snapshot!(faults_in(&[], &site));
}

#[test]
fn a_variable_of_the_environment_is_set() {
    assert_snapshot!(faults(
        "[[destinations]]\nid = \"a\"\nkind = \"mllp\"\naddress = \"${LIS_HOST}:2575\"\nconnections = \"${COUNT\"\n"
    ));
}

#[test]
fn what_the_environment_overrides_must_be_right_as_well() {
    let environment = [
        ("WARDLINE_STORE_SEGMENT_SIZE", "big"),
        ("WARDLINE_ENGINE_NAME", "a b"),
        ("PORT", "99999"),
    ];
    assert_snapshot!(faults_in(
        &environment,
        &site("[[listeners]]\nid = \"a\"\nbind = \"0.0.0.0:${PORT}\"\n")
    ));
}

#[test]
fn what_a_variable_holds_is_never_shown() {
    let keys = [
        "[[listeners]]\nid = \"a-${SECRET}-\u{e4}\"\nbind = \"${SECRET}:2575\"\nmax_connections = \"${SECRET}\"\n",
        "idle_timeout = \"${SECRET}\"\nmax_message_size = \"${SECRET}\"\nunrouted = \"${SECRET}\"\n",
        "[[destinations]]\nid = \"a\"\nkind = \"mllp\"\naddress = \"${SECRET}\"\n",
        "[[destinations]]\nid = \"b\"\nkind = \"file\"\npath = \"{${SECRET}}\"\n",
        "[[routes]]\nid = \"r\"\nto = [\"a\"]\nmatch = { message = [\"^^${SECRET}\"] }\n",
    ];
    for secret in ["hunter2", "hunter 2", "hunter:2", "localhost:hunter2", "[hunter2"] {
        let shown = faults_in(&[("SECRET", secret)], &site(&keys.concat()));
        assert!(!shown.contains("hunter"), "{shown}");
        let told = shown.matches("with its variables filled in").count();
        assert!(told >= 8, "hunter:2 is an address, and the rest is wrong: {shown}");
    }
}

#[test]
fn every_place_that_is_no_toml_is_shown() {
    assert_snapshot!(faults(
        "[engine\nname = \"x\"\n[store]\nmin_free = 1GiB\nretain_for = \"30d\n"
    ));
}

#[test]
fn a_list_of_tables_has_double_brackets() {
    assert_snapshot!(faults("[listeners]\nid = \"a\"\nbind = \"127.0.0.1:1\"\n"));
}

#[test]
fn a_table_is_no_text() {
    assert_snapshot!(faults(&format!("engine = \"x\"\n{DESTINATION}retry = \"1s\"\n")));
}

#[test]
fn what_is_required_is_asked_for_with_an_example() {
    assert_snapshot!(faults(
        "[[listeners]]\n[[routes]]\n[[destinations]]\n[[destinations]]\nid = \"lis\"\nkind = \"mllp\"\n"
    ));
}

#[test]
fn a_word_is_one_of_a_few() {
    assert_snapshot!(faults(&format!(
        "[log]\nfilter = \"verbose\"\nformat = \"xml\"\n{LISTENER}ack = \"after-store\"\n\
         [[destinations]]\nid = \"d\"\nkind = \"mlp\"\n"
    )));
}

#[test]
fn a_key_of_another_kind_of_destination_is_unknown() {
    assert_snapshot!(faults(
        "[[destinations]]\nid = \"archive\"\nkind = \"file\"\npath = \"var/{id}.hl7\"\nack_timeout = \"30s\"\n"
    ));
}

#[test]
fn messages_come_from_listeners_and_handlers_only() {
    assert_snapshot!(faults(&format!(
        "{DESTINATION}\n[[routes]]\nid = \"r\"\nfrom = [\"lis\"]\nto = [\"lis\"]\nmatch = {{}}\n"
    )));
}

#[test]
fn waits_grow_and_do_not_shrink() {
    assert_snapshot!(faults(&format!(
        "{DESTINATION}retry = {{ first = \"2min\", max = \"1min\", max_attempts = 0 }}\n"
    )));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let faults = faults_in(&[], &Site::new(&[]));
    assert_snapshot!(faults);
}

#[test]
fn an_answer_is_relayed_from_a_peer_that_a_route_leads_to() {
    let relaying = |keys: &str| format!("{LISTENER}ack = \"after_delivery\"\n{keys}\n");
    let archive = "\n[[destinations]]\nid = \"archive\"\nkind = \"file\"\npath = \"{id}.hl7\"\n";
    let route = "\n[[routes]]\nid = \"r\"\nmatch = {}\nto = [\"archive\"]\n";
    for (name, keys) in [
        ("absent", ""),
        ("unknown", "ack_from = \"lsi\""),
        ("no_peer", "ack_from = \"archive\""),
        ("no_way", "ack_from = \"lis\""),
    ] {
        let text = format!("{}{DESTINATION}{archive}{route}", relaying(keys));
        assert_snapshot!(format!("relay_{name}"), faults(&text));
    }
}
