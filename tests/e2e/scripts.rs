//! Scripts that do what scripts should not: each is answered AE in time, and harms nobody. And what they are for.

use libtest_mimic::Trial;
use wardline_engine::control::protocol::HandlerRow;
use wardline_tests::message::{adt, field, framed};
use wardline_tests::peer::Peer;
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_script_that_loops_for_ever_is_answered_ae_and_harms_nobody,
        a_script_that_allocates_without_end_is_answered_ae_and_harms_nobody,
        a_script_that_throws_is_answered_ae_with_its_text_and_harms_nobody,
        a_script_that_swallows_errors_is_answered_ae_and_harms_nobody,
        a_script_with_a_catastrophic_pattern_is_answered_ae_and_harms_nobody,
        a_script_that_outlives_its_listener_is_answered_ae_and_comes_back,
        a_script_decides_on_messages,
        what_a_script_changes_is_what_is_stored,
        what_a_script_throws_stays_out_of_the_log,
        a_script_that_is_no_lua_is_refused_with_its_line,
        a_script_has_a_name_of_its_own_and_all_its_keys,
        a_script_behind_the_queue_delivers_retries_and_emits,
        a_script_is_a_step_of_a_transform_and_harms_nobody,
    ]
}

/// A listener `gated` behind a script and one `open` without it, before a folder. The script does `evil` with a message
/// whose id begins with it, and passes every other.
fn gated(evil: &str, handler_keys: &str, listener_keys: &str) -> (Site, Engine) {
    let script = format!(
        "function handle(message)\n  if message['MSH-10']:find('EVIL', 1, true) then\n    {evil}\n  end\nend\n"
    );
    let site = with_script(&script, handler_keys, listener_keys);
    let engine = site.start();
    (site, engine)
}

fn with_script(script: &str, handler_keys: &str, listener_keys: &str) -> Site {
    let site = Site::new(
        PROGRAM,
        &format!(
            r#"
[handlers.gate]
kind = "lua"
file = "scripts/gate.lua"
{handler_keys}

[[listeners]]
id = "gated"
bind = "127.0.0.1:0"
handlers = ["gate"]
{listener_keys}

[[listeners]]
id = "open"
bind = "127.0.0.1:0"

[[routes]]
id = "all"
from = ["gated", "open"]
to = ["folder"]

[[destinations]]
id = "folder"
kind = "file"
path = "out/{{control_id}}.hl7"
"#
        ),
    );
    std::fs::create_dir(site.folder().join("scripts")).expect("a folder");
    std::fs::write(site.folder().join("scripts/gate.lua"), script).expect("a script");
    site
}

fn handler(engine: &Engine) -> HandlerRow {
    engine.status().handlers.into_iter().next().expect("one handler")
}

/// The evil message is answered AE with this text, a neighbour is served meanwhile, the next message is taken.
fn is_answered_and_harms_nobody(engine: &Engine, text: &str) {
    let mut evil = Peer::connect(engine.address("gated"));
    let mut neighbour = Peer::connect(engine.address("open"));
    evil.write(&framed(&adt("EVIL-1")));
    for number in 0..50 {
        assert_eq!(neighbour.send(&adt(&format!("NEAR-{number}"))), "AA", "the neighbour");
    }
    let answer = evil.read();
    assert_eq!(field(&answer, "MSA", 1), "AE");
    let told = field(&answer, "MSA", 3);
    assert!(told.contains(text), "{told}");
    assert_eq!(evil.send(&adt("FINE-1")), "AA", "the next message of the same connection");
    let row = handler(engine);
    assert_eq!((row.state.as_str(), row.counts.failed, row.counts.accepted), ("up", 1, 1));
    assert_eq!((row.stuck, row.counts.restarts), (0, 0), "the thread went on");
}

fn a_script_that_loops_for_ever_is_answered_ae_and_harms_nobody() {
    let (_site, engine) =
        gated("while true do end", "timeout = \"300ms\"\nmax_instructions = 1000000000000", "");
    is_answered_and_harms_nobody(&engine, "longer than 300 ms");
    let (_site, engine) = gated("while true do end", "max_instructions = 100000", "");
    is_answered_and_harms_nobody(&engine, "more than 100000 instructions");
}

fn a_script_that_allocates_without_end_is_answered_ae_and_harms_nobody() {
    let evil = "local kept = {} while true do kept[#kept + 1] = ('x'):rep(1000) .. #kept end";
    let (_site, engine) = gated(evil, "max_memory = \"4MiB\"", "");
    is_answered_and_harms_nobody(&engine, "more than 4194304 bytes of memory");
}

fn a_script_that_throws_is_answered_ae_with_its_text_and_harms_nobody() {
    let (_site, engine) = gated("error('no such ward')", "", "");
    is_answered_and_harms_nobody(&engine, "gate.lua:3: no such ward");
}

fn a_script_that_swallows_errors_is_answered_ae_and_harms_nobody() {
    let evil = "while true do pcall(function() while true do end end) end";
    let (_site, engine) = gated(evil, "timeout = \"300ms\"\nmax_instructions = 1000000000000", "");
    is_answered_and_harms_nobody(&engine, "longer than 300 ms");
    let evil = "xpcall(function() while true do end end, function() while true do end end)";
    let (_site, engine) = gated(evil, "timeout = \"300ms\"\nmax_instructions = 1000000000000", "");
    is_answered_and_harms_nobody(&engine, "longer than 300 ms");
}

fn a_script_with_a_catastrophic_pattern_is_answered_ae_and_harms_nobody() {
    let evil = "return ('a'):rep(5000):find('a*a*a*a*a*a*a*a*b')";
    let (_site, engine) = gated(evil, "timeout = \"300ms\"\nmax_instructions = 1000000000000", "");
    is_answered_and_harms_nobody(&engine, "longer than 300 ms");
}

fn a_script_that_outlives_its_listener_is_answered_ae_and_comes_back() {
    let keys = "timeout = \"2s\"\nmax_instructions = 1000000000000";
    let (_site, engine) = gated("while true do end", keys, "handler_timeout = \"100ms\"");
    let mut peer = Peer::connect(engine.address("gated"));
    assert_eq!(peer.send(&adt("EVIL-1")), "AE", "the listener's clock");
    wait::until("the script to take messages again", || {
        (peer.send(&adt("FINE-1")) == "AA").then_some(())
    });
}

fn a_script_decides_on_messages() {
    let script = "function handle(message, from)\n\
        if from.listener ~= 'gated' then fail('from ' .. from.listener) end\n\
        local id = message['MSH-10']\n\
        if id:match('^REJECT') then reject('not ' .. id, 204) end\n\
        if id:match('^FAIL') then fail('later') end\nend\n";
    let site = with_script(script, "", "");
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("gated"));
    let answer = peer.exchange(&adt("REJECT-1"));
    assert_eq!(
        (field(&answer, "MSA", 1), field(&answer, "MSA", 3)),
        ("AR".into(), "not REJECT-1".into())
    );
    assert!(field(&answer, "ERR", 3).starts_with("204^"));
    let answer = peer.exchange(&adt("FAIL-1"));
    assert_eq!((field(&answer, "MSA", 1), field(&answer, "MSA", 3)), ("AE".into(), "later".into()));
    assert_eq!(peer.send(&adt("FINE-1")), "AA");
}

fn what_a_script_changes_is_what_is_stored() {
    let script = "function handle(message) message['MSH-5'] = 'LIS' end";
    let site = with_script(script, "", "");
    let engine = site.start();
    assert_eq!(Peer::connect(engine.address("gated")).send(&adt("M1")), "AA");
    let file = site.folder().join("out/M1.hl7");
    let written = wait::until("the file", || std::fs::read(&file).ok());
    assert_eq!(field(&written, "MSH", 5), "LIS");
}

fn what_a_script_throws_stays_out_of_the_log() {
    let (_site, engine) = gated("log.warn('as its author wants it') error('Doe^Jane')", "", "");
    assert_eq!(Peer::connect(engine.address("gated")).send(&adt("EVIL-1")), "AE");
    let log = engine.log();
    assert!(log.contains("the script failed") && log.contains("line=3"), "{log}");
    assert!(log.contains("script: as its author wants it"), "{log}");
    assert!(!log.contains("Doe^Jane"), "PHI-1: {log}");
}

fn a_script_that_is_no_lua_is_refused_with_its_line() {
    let site = with_script("function handle(message)\n  if then\nend\n", "", "");
    let output = site.command(["check", "wardline.toml"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("scripts/gate.lua:2") && told.contains("if then"), "{told}");
    let site = with_script("function handel(message) end\n", "", "");
    let output = site.command(["check", "wardline.toml"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("no function `handle(message)`"), "{told}");
    let output = site.command(["run", "wardline.toml"]);
    assert_eq!(output.status.code(), Some(3), "nothing runs with it");
}

fn a_script_has_a_name_of_its_own_and_all_its_keys() {
    let refused = |configuration: &str, hint: &str| {
        let site = Site::new(PROGRAM, configuration);
        let output = site.command(["check", "wardline.toml"]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{told}");
        assert!(told.contains(hint), "{told}");
    };
    refused(
        "[handlers.misbehaving]\nkind = \"lua\"\nfile = \"x.lua\"\n",
        "this program has a handler",
    );
    refused("[handlers.gate]\nkind = \"lua\"\n", "`file` is missing");
    refused("[handlers.gate]\nkind = \"lua\"\nfile = \"x.lua\"\n", "cannot read");
    refused("[handlers.misbehaving]\nfile = \"x.lua\"\n", "add `kind = \"lua\"`");
}

fn a_script_behind_the_queue_delivers_retries_and_emits() {
    let script = "function handle(message, from)\n\
        if message['MSH-10'] == 'DEAD' then reject('never') end\n\
        if not from.id then fail('no id') end\n\
        local copy = message:copy() copy['MSH-10'] = 'COPY' emit(copy)\nend\n";
    let site = Site::new(
        PROGRAM,
        r#"
[handlers.gate]
kind = "lua"
file = "gate.lua"

[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[routes]]
id = "to-script"
from = ["in"]
to = ["script"]

[[routes]]
id = "from-script"
from = ["script"]
to = ["folder"]

[[destinations]]
id = "script"
kind = "handler"
handler = "gate"

[[destinations]]
id = "folder"
kind = "file"
path = "out/{control_id}.hl7"
"#,
    );
    std::fs::write(site.folder().join("gate.lua"), script).expect("a script");
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&adt("M1")), "AA");
    let file = site.folder().join("out/COPY.hl7");
    let written = wait::until("what was emitted", || std::fs::read(&file).ok());
    assert_eq!(field(&written, "MSH", 10), "COPY");
    assert_eq!(peer.send(&adt("DEAD")), "AA");
    engine.wait_for_queue("script", "the dead letter", |row| row.dead == 1);
}

fn a_script_is_a_step_of_a_transform_and_harms_nobody() {
    let script = "function transform(message)\n\
        if message['MSH-10'] == 'EVIL' then while true do pcall(function() while true do end end) end end\n\
        if message['MSH-10'] == 'BAD' then error('Doe^Jane') end\n\
        message['MSH-5'] = message['MSH-5']:lower()\nend\n";
    let site = Site::new(
        PROGRAM,
        r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[listeners]]
id = "open"
bind = "127.0.0.1:0"
unrouted = "discard"

[[routes]]
id = "all"
from = ["in"]
to = ["folder"]

  [[routes.transform]]
  set = "MSH-5"
  value = "LIS"

  [[routes.transform]]
  script = "names.lua"
  timeout = "300ms"
  max_instructions = 1000000000000

[[destinations]]
id = "folder"
kind = "file"
path = "out/{control_id}.hl7"
"#,
    );
    std::fs::write(site.folder().join("names.lua"), script).expect("a script");
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    let mut neighbour = Peer::connect(engine.address("open"));
    peer.write(&framed(&adt("EVIL")));
    for number in 0..50 {
        assert_eq!(neighbour.send(&adt(&format!("NEAR-{number}"))), "AA", "the neighbour");
    }
    let answer = peer.read();
    let told = field(&answer, "MSA", 3);
    assert_eq!(field(&answer, "MSA", 1), "AE");
    assert!(told.contains("step 2: names.lua: the script took longer than 300 ms"), "{told}");
    let answer = peer.exchange(&adt("BAD"));
    assert_eq!(field(&answer, "MSA", 1), "AE");
    assert!(field(&answer, "MSA", 3).contains("the script failed at names.lua:3"), "{answer:?}");
    assert_eq!(peer.send(&adt("FINE")), "AA", "the next message");
    let file = site.folder().join("out/FINE.hl7");
    let written = wait::until("the file", || std::fs::read(&file).ok());
    assert_eq!(field(&written, "MSH", 5), "lis");
    assert!(!engine.log().contains("Doe^Jane"), "PHI-1");
}
