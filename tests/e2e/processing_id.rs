//! Tests (processing id T or D) and destinations that are for production.

use libtest_mimic::Trial;
use wardline_tests::message::adt;
use wardline_tests::peer::Peer;
use wardline_tests::sink::Sink;
use wardline_tests::site::Site;
use wardline_tests::trials;

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_test_never_reaches_a_production_system_and_is_kept_and_counted,
        what_every_destination_is_kept_from_is_stored_and_not_unrouted,
        a_production_system_that_takes_tests_gets_them_and_is_warned_of,
    ]
}

/// Everything goes to `lis`, with these keys, and to `twin`, of which nobody said what it is for.
fn site(lis: &Sink, keys: &str, twin: &Sink) -> Site {
    Site::new(
        PROGRAM,
        &format!(
            r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"
unrouted = "reject"

[[routes]]
id = "admissions"
match = {{ message = ["ADT"] }}
to = ["lis", "twin"]

[[routes]]
id = "results"
match = {{ message = ["ORU"] }}
to = ["lis"]

[[destinations]]
id = "lis"
kind = "mllp"
address = "{}"
{keys}

[[destinations]]
id = "twin"
kind = "mllp"
address = "{}"
"#,
            lis.address(),
            twin.address()
        ),
    )
}

/// An admission of this processing id.
fn admission(control_id: &str, processing_id: &str) -> Vec<u8> {
    let text = String::from_utf8(adt(control_id)).expect("text");
    text.replace("|P|2.5", &format!("|{processing_id}|2.5")).into_bytes()
}

fn a_test_never_reaches_a_production_system_and_is_kept_and_counted() {
    let (lis, twin) = (Sink::accepting(), Sink::accepting());
    let site = site(&lis, "processing_id = \"P\"", &twin);
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    for (id, processing_id) in [("1", "T"), ("2", "D"), ("3", ""), ("4", "P")] {
        assert_eq!(peer.send(&admission(id, processing_id)), "AA", "{processing_id}");
    }
    twin.wait_for(4);
    lis.wait_for(2);
    assert_eq!(lis.control_ids(), ["3", "4"]);
    assert_eq!((engine.queue("lis").withheld, engine.queue("twin").withheld), (2, 0));
    assert_eq!(engine.log().matches("was for a production system").count(), 1, "told once");
    let status = site.command(["--config", "wardline.toml", "status"]);
    assert!(String::from_utf8_lossy(&status.stdout).contains("withheld: lis: 2 tests"));
    let check = site.command(["check", "wardline.toml"]);
    assert!(String::from_utf8_lossy(&check.stdout).contains("no tests lis"), "{check:?}");
}

fn what_every_destination_is_kept_from_is_stored_and_not_unrouted() {
    let (lis, twin) = (Sink::accepting(), Sink::accepting());
    let site = site(&lis, "processing_id = \"P\"", &twin);
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    let result =
        String::from_utf8(admission("1", "T")).expect("text").replace("ADT^A01", "ORU^R01");
    assert_eq!(peer.send(result.as_bytes()), "AA", "`unrouted` is for what no route takes");
    let counts = engine.counts("in");
    assert_eq!((counts.stored, counts.unrouted, engine.queue("lis").withheld), (1, 0, 1));
}

fn a_production_system_that_takes_tests_gets_them_and_is_warned_of() {
    let (lis, twin) = (Sink::accepting(), Sink::accepting());
    let site = site(&lis, "processing_id = \"P\"\naccept_test = true", &twin);
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&admission("1", "T")), "AA");
    lis.wait_for(1);
    let queue = engine.queue("lis");
    let warning = "tests (processing id T or D) go to this production system";
    assert_eq!((queue.warnings, queue.withheld), (vec![warning.to_owned()], 0));
    let check = site.command(["check", "wardline.toml"]);
    assert!(String::from_utf8_lossy(&check.stderr).contains(warning), "{check:?}");
}
