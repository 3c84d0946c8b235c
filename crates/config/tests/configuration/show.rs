//! A configuration shown is the configuration: what is printed can be read again, and says where each value comes from.

use std::fmt::Write;

use wardline_config::{Loaded, ShownTable};

use crate::{HANDLERS, Site};

const REFERENCE: &str = include_str!("../../../../config/reference.toml");

fn environment<'e>(variables: &'e [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'e {
    move |wanted| {
        let found = variables.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| (*value).to_owned())
    }
}

fn loaded(site: &Site, variables: &[(&str, &str)]) -> Loaded {
    site.load(variables).unwrap_or_else(|faults| unreachable!("{faults}"))
}

/// As it could stand in a file, with the origins as comments.
fn written(tables: &[ShownTable]) -> String {
    let mut text = String::new();
    for table in tables {
        writeln!(text, "{}", table.header).expect("a text");
        for shown in &table.settings {
            let (key, value) = (shown.written_key(), shown.written_value());
            writeln!(text, "{key} = {value} # {}", shown.origin).expect("a text");
        }
    }
    text
}

const MAIN: &str = "version = 1\ninclude = [\"routes.d/*.toml\"]\n\
    [engine]\nname = \"ours\"\n\
    [handlers.lab-gate]\nmax_stuck = 2\n\
    [[listeners]]\nid = \"in\"\nbind = \"${HOST}:2575\"\nhandlers = [\"lab-gate\"]\n\
    [[listeners.rules]]\nname = \"id\"\nexpression = \"pid.id != ''\"\nmessage = \"from ${HOST}\"\n\
    [[listeners]]\nid = \"drop\"\nkind = \"file\"\npath = \"inbox\"\n";
const ROUTES: &str = "[[routes]]\nid = \"r\"\nto = [\"lis\"]\n\
    [routes.match]\nmessage = [\"ADT\"]\n\"PID-3[*].4\" = [\"MRN\"]\n\
    [[routes.transform]]\nfor_each = \"OBX\"\n[[routes.transform.steps]]\nclear = \"OBX-5\"\n\
    [[routes.transform]]\nclear = \"PID-19\"\n\
    [[destinations]]\nid = \"lis\"\nkind = \"mllp\"\naddress = \"10.1.2.3:2575\"\n";
const VARIABLES: [(&str, &str); 2] =
    [("HOST", "127.0.0.1"), ("WARDLINE_ENGINE_DRAIN_TIMEOUT", "5s")];

#[test]
fn every_value_has_its_origin() {
    let site = Site::new(&[("wardline.toml", MAIN), ("routes.d/a.toml", ROUTES)]);
    let shown = loaded(&site, &VARIABLES).settings(&environment(&VARIABLES), false);
    insta::assert_snapshot!(site.portable(&written(&shown)));
}

#[test]
fn what_nothing_sets_is_shown_with_its_default() {
    let site = Site::new(&[("wardline.toml", MAIN), ("routes.d/a.toml", ROUTES)]);
    let shown = loaded(&site, &VARIABLES).settings(&environment(&VARIABLES), true);
    insta::assert_snapshot!(site.portable(&written(&shown)));
}

#[test]
fn what_is_shown_is_the_same_configuration_again() {
    let profile = [("adt.toml", ""), ("lookups/units.csv", "theirs,ours\n")];
    for (main, variables, effective) in [
        (REFERENCE, &[][..], true),
        (REFERENCE, &[][..], false),
        (MAIN, &VARIABLES[..], true),
        (MAIN, &VARIABLES[..], false),
    ] {
        let site = Site::new(
            &[&[("wardline.toml", main), ("routes.d/a.toml", ROUTES)][..], &profile].concat(),
        );
        let before = loaded(&site, variables);
        let text = written(&before.settings(&environment(variables), effective));
        let again = site.folder.path().join("again.toml");
        std::fs::write(&again, &text).expect("a file");
        // The variables that override keys are in what is shown, and texts with variables still name them.
        let rest: Vec<_> = variables.iter().copied().filter(|(name, _)| *name == "HOST").collect();
        let after = wardline_config::load(&again, &environment(&rest), HANDLERS);
        let after = after.unwrap_or_else(|faults| unreachable!("{faults}\n{text}"));
        assert_eq!(after.config, before.config, "{text}");
    }
}

#[test]
fn what_may_be_a_secret_is_not_shown() {
    let text = "version = 1\n[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\n\
        [[routes]]\nid = \"r\"\nmatch = {}\nto = [\"web\"]\n\
        [[destinations]]\nid = \"web\"\nkind = \"http\"\nurl = \"https://lis.example/hl7?key=qu3ry\"\n\
        [destinations.headers]\nAuthorization = \"Bearer ${TOKEN}\"\nX-Key = \"s3cret\"\n";
    let variables = [("TOKEN", "t0ken")];
    let site = Site::new(&[("wardline.toml", text)]);
    let shown = written(&loaded(&site, &variables).settings(&environment(&variables), true));
    for secret in ["s3cret", "t0ken", "qu3ry"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    for masked in
        ["Authorization = \"***\"", "X-Key = \"***\"", "url = \"https://lis.example/hl7?***\""]
    {
        assert!(shown.contains(masked), "{shown}");
    }
}
