//! What no message can meet, or every one meets alike: told of a configuration that can be used, at its place.

use insta::assert_snapshot;
use wardline_config::Paint;

use crate::{Site, site};

const DESTINATIONS: &str = "[[destinations]]\nid = \"lis\"\nkind = \"file\"\npath = \"{id}.hl7\"\n\
    [[destinations]]\nid = \"archive\"\nkind = \"file\"\npath = \"a/{id}.hl7\"\n";

fn warnings(site: &Site) -> String {
    let loaded = site.load(&[]).unwrap_or_else(|faults| unreachable!("{faults}"));
    site.portable(&loaded.render_warnings(Paint::Plain))
}

fn listener(id: &str, more: &str) -> String {
    format!("[[listeners]]\nid = \"{id}\"\nbind = \"127.0.0.1:0\"\n{more}")
}

fn rule(name: &str, expression: &str) -> String {
    format!(
        "[[listeners.rules]]\nname = \"{name}\"\nexpression = \"{expression}\"\nmessage = \"m\"\n"
    )
}

fn route(id: &str, keys: &str) -> String {
    format!("[[routes]]\nid = \"{id}\"\n{keys}")
}

#[test]
fn a_rule_that_every_message_meets_alike_is_told() {
    let rules = |rules: &[(&str, &str)]| -> String {
        rules.iter().map(|(name, expression)| rule(name, expression)).collect()
    };
    let again = "has( \\\"PID-3\\\" )";
    let one = [("id", "pid.id != '' && has('PID-3')"), ("again", again), ("always", "1 == 1")];
    let two = [("place", "has('PID-3.99') || pid.sex == 'F'"), ("born", "pid.dob < 20100101")];
    let three = [("text", "pid.id")];
    let four = [("closed", "false"), ("late", "pid.sex != ''")];
    let text = format!(
        "{}{}{}{}{}{DESTINATIONS}",
        listener("one", &rules(&one)),
        listener("two", &rules(&two)),
        listener("three", &rules(&three)),
        listener("four", &rules(&four)),
        route("r", "match = {}\nto = [\"lis\", \"archive\"]\n")
    );
    assert_snapshot!(warnings(&site(&text)));
}

#[test]
fn a_condition_that_no_message_meets_is_told() {
    let filtered = "[[destinations]]\nid = \"lis\"\nkind = \"file\"\npath = \"{id}.hl7\"\n\
        filter = \"pid.sex == 'M' && pid.sex == 'F'\"\n\
        [[destinations.transform]]\nclear = \"PID-19\"\nwhen = \"1 == 2\"\n\
        [[destinations.transform]]\nset = \"PID-19\"\nexpression = \"string(pid.id == 5)\"\n";
    let text = format!(
        "{}{}{}{filtered}",
        listener("in", ""),
        route("never", "when = \"false\"\nmatch = {}\nto = [\"lis\"]\n"),
        route("whole", "when = \"msh.msg_type == 'ADT^A01'\"\nmatch = {}\nto = [\"lis\"]\n"),
    );
    assert_snapshot!(warnings(&site(&text)));
}

#[test]
fn a_route_that_nothing_reaches_is_told() {
    let accept = "[listeners.accept]\nmessage = [\"ADT\"]\n";
    let text = [
        listener("adt", accept),
        listener("adt-by-rule", &rule("type", "msh.msg_type == 'ADT'")),
        listener("idle", ""),
        route(
            "results",
            "from = [\"adt\", \"adt-by-rule\"]\nmatch = { message = [\"ORU^R01\"] }\nto = [\"lis\"]\n",
        ),
        route(
            "discharges",
            "from = [\"adt\"]\nmatch = { message = [\"ADT^A03\"] }\nto = [\"lis\"]\n",
        ),
        route(
            "torn",
            "from = [\"adt\"]\nmatch = { message = [\"ADT^A01\"] }\nwhen = \"msh.trigger == 'A03'\"\nto = [\"lis\"]\n",
        ),
        route(
            "one",
            "from = [\"adt\"]\nmatch = { sending_application = [\"X\"] }\nwhen = \"msh.sending_app == 'Y'\"\nto = [\"archive\"]\n",
        ),
        DESTINATIONS.to_owned(),
    ];
    assert_snapshot!(warnings(&site(&text.concat())));
}

#[test]
fn a_sender_written_with_an_escape_is_the_text_that_expressions_see() {
    let of_escaped = route(
        "escaped",
        "from = [\"adt\"]\nmatch = { sending_application = ['A\\T\\B'] }\nwhen = \"msh.sending_app == 'A&B'\"\nto = [\"lis\", \"archive\"]\n",
    );
    let text = [listener("adt", ""), of_escaped, DESTINATIONS.to_owned()];
    assert_eq!(warnings(&site(&text.concat())), "");
}

#[test]
fn what_an_earlier_route_has_done_already_is_told() {
    let text = [
        listener("in", ""),
        route("adt", "match = { message = [\"ADT\"] }\nto = [\"lis\"]\n"),
        route("admissions", "match = { message = [\"ADT^A01\", \"ADT^A04\"] }\nto = [\"lis\"]\n"),
        route(
            "changed",
            "match = { message = [\"ADT\"] }\nwhen = \"pid.id != ''\"\nto = [\"archive\", \"lis\"]\n\
             [[routes.transform]]\nclear = \"PID-19\"\n",
        ),
        route("wider", "match = { message = [\"ADT\", \"ORU\"] }\nto = [\"lis\"]\n"),
        DESTINATIONS.to_owned(),
    ];
    assert_snapshot!(warnings(&site(&text.concat())));
}

#[test]
fn a_lookup_table_that_nothing_names_is_told() {
    let text = format!(
        "version = 1\n[lookups.used]\nfile = \"a.csv\"\n[lookups.idle]\nfile = \"a.csv\"\n{}{}{DESTINATIONS}",
        listener("in", ""),
        route(
            "r",
            "match = {}\nwhen = \"lookup('used', pid.id) == ''\"\nto = [\"lis\", \"archive\"]\n"
        )
    );
    let site = Site::new(&[("wardline.toml", &text), ("a.csv", "from,to\n")]);
    assert_snapshot!(warnings(&site));
}

#[test]
fn a_lookup_table_that_a_script_may_ask_for_is_not_told() {
    let script = "[handlers.triage]\nkind = \"lua\"\nfile = \"triage.lua\"\n";
    let text = format!(
        "version = 1\n[lookups.asked]\nfile = \"a.csv\"\n{script}{}{}{DESTINATIONS}",
        listener("in", "handlers = [\"triage\"]\n"),
        route("r", "match = {}\nto = [\"lis\", \"archive\"]\n")
    );
    let lua = "function handle(message) lookup('as' .. 'ked', '') end\n";
    let files = [("wardline.toml", text.as_str()), ("a.csv", "from,to\n"), ("triage.lua", lua)];
    assert_eq!(warnings(&Site::new(&files)), "");
}

#[test]
fn what_handlers_may_emit_is_not_guessed_at() {
    let accept = "handlers = [\"lab-gate\"]\n[listeners.accept]\nmessage = [\"ADT\"]\n";
    let text = [
        listener("adt", accept),
        route("results", "from = [\"adt\"]\nmatch = { message = [\"ORU^R01\"] }\nto = [\"lis\"]\n"),
        route("all", "match = {}\nto = [\"lis\", \"archive\"]\n"),
        route("again", "match = {}\nhandlers = [\"deduplicate\"]\nto = [\"lis\"]\n"),
        DESTINATIONS.to_owned(),
    ];
    assert_eq!(warnings(&site(&text.concat())), "");
}
