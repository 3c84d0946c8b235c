//! `llp.connect` in a running engine: real sockets, whatever the peer does.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use libtest_mimic::Trial;
use wardline_tests::message::{adt, field, framed};
use wardline_tests::peer::Peer;
use wardline_tests::sink::Sink;
use wardline_tests::site::Site;
use wardline_tests::trials;

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_running_script_opens_a_socket_and_gets_the_answer,
        what_comes_before_the_answer_and_the_end_of_the_connection_are_told,
        what_fails_is_raised_in_its_words,
        a_peer_that_says_nothing_holds_nobody_up,
        an_answer_that_came_too_late_is_never_taken_for_the_next_one,
        a_script_that_is_tried_reaches_nobody_unless_it_asks_for_who_is_live_and_of_the_past_never,
    ]
}

/// What a script tells its sender; `PEER` in it stands for host and port.
fn told(peer: SocketAddr, handler_keys: &str, body: &str) -> String {
    let site = Site::new(
        PROGRAM,
        &format!(
            r#"
[handlers.gate]
kind = "lua"
file = "gate.lua"
{handler_keys}

[[listeners]]
id = "gated"
bind = "127.0.0.1:0"
handlers = ["gate"]

[[listeners]]
id = "open"
bind = "127.0.0.1:0"
unrouted = "discard"
"#
        ),
    );
    let place = format!("host = '{}', port = {}", peer.ip(), peer.port());
    let script = format!("local llp = require 'llp'\nfunction handle(message)\n{body}\nend\n");
    let written = std::fs::write(site.folder().join("gate.lua"), script.replace("PEER", &place));
    written.expect("a script");
    let engine = site.start();
    let mut sender = Peer::connect(engine.address("gated"));
    let mut neighbour = Peer::connect(engine.address("open"));
    sender.write(&framed(&adt("M1")));
    for number in 0..20 {
        assert_eq!(neighbour.send(&adt(&format!("NEAR-{number}"))), "AA", "the neighbour");
    }
    let answer = sender.read();
    assert_eq!(field(&answer, "MSA", 1), "AE");
    field(&answer, "MSA", 3)
}

/// A peer that does this with its first connection once a frame has come.
fn peer(then: impl FnOnce(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut bytes = Vec::new();
        let mut piece = [0; 4096];
        while !bytes.ends_with(b"\x1c\r") {
            match stream.read(&mut piece).expect("a frame") {
                0 => return,
                read => bytes.extend_from_slice(&piece[..read]),
            }
        }
        then(stream);
    });
    address
}

fn a_running_script_opens_a_socket_and_gets_the_answer() {
    let sink = Sink::accepting();
    let body = "local s = llp.connect{ PEER }\nlocal sent = s:send(message)\n\
                local answer, lost = s:recv()\ns:close()\n\
                fail(hl7.parse(answer)['MSA-1'] .. (sent - #message:bytes()) .. #lost ..\n\
                  tostring(iguana.isTest()))";
    assert_eq!(told(sink.address(), "", body), "AA30false");
    assert_eq!(sink.arrived()[0].payload, adt("M1"));
}

fn what_comes_before_the_answer_and_the_end_of_the_connection_are_told() {
    let address = peer(|mut stream| {
        stream.write_all(b"noise\x0bone\x1c\r\x0btwo\x1c\r").expect("a connection");
    });
    let body = "local s = llp.connect{ PEER }\ns:send(message)\n\
                local one, lost = s:recv()\nlocal two = s:recv()\nlocal none, rest = s:recv()\n\
                fail(lost .. one .. two .. tostring(none) .. '<' .. rest .. '>')";
    assert_eq!(told(address, "", body), "noiseonetwonil<>");
}

fn what_fails_is_raised_in_its_words() {
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = nobody.local_addr().expect("an address");
    drop(nobody);
    let body = "local _, e = pcall(llp.connect, { PEER })\nfail(e)";
    let text = told(address, "", body);
    assert!(text.contains("the connection failed"), "{text}");
    let address = peer(|stream| {
        // Nothing is said until the script has gone.
        let _ = (&stream).read(&mut [0; 1]);
    });
    let body = "local s = llp.connect{ PEER, timeout = 0.2 }\ns:send(message)\n\
                local _, one = pcall(s.recv, s)\nlocal _, two = pcall(s.recv, s)\n\
                fail(one .. '/' .. two)";
    let text = told(address, "", body);
    assert!(text.contains("timeout/") && text.ends_with("not connected"), "{text}");
}

fn a_peer_that_says_nothing_holds_nobody_up() {
    let address = peer(|stream| {
        let _ = (&stream).read(&mut [0; 1]);
    });
    let body = "local s = llp.connect{ PEER, timeout = 60 }\ns:send(message)\n\
                while true do pcall(s.recv, s) end";
    let text = told(address, "timeout = \"300ms\"", body);
    assert_eq!(text, "the script took longer than 300 ms");
}

fn an_answer_that_came_too_late_is_never_taken_for_the_next_one() {
    let address = peer(|mut stream| {
        stream.write_all(b"\x0bone\x1c\r\x0bstale\x1c\r").expect("a connection");
        let _ = stream.read(&mut [0; 1]);
    });
    let body = "local s = llp.connect{ PEER, timeout = 1 }\ns:send(message)\n\
                local one = s:recv()\nutil.sleep(100)\n\
                local _, e = pcall(s.send, s, message)\nfail(one .. e)";
    let text = told(address, "", body);
    assert!(text.starts_with("one") && text.contains("answer nothing"), "{text}");
}

/// A handler before the answer that tells what its peer said, tried and not run.
fn a_script_that_is_tried_reaches_nobody_unless_it_asks_for_who_is_live_and_of_the_past_never() {
    let sink = Sink::accepting();
    let place = format!("host = '127.0.0.1', port = {}", sink.address().port());
    for (live, arrived) in [("", 0), (", live = true", 1)] {
        let site = Site::new(
            PROGRAM,
            "[handlers.gate]\nkind = \"lua\"\nfile = \"gate.lua\"\n\n[[listeners]]\nid = \"in\"\n\
             bind = \"127.0.0.1:0\"\nhandlers = [\"gate\"]\n",
        );
        let script = format!(
            "function handle(message)\nlocal s = llp.connect{{ {place}{live} }}\n\
             s:send(message)\nlocal answer = s:recv()\n\
             reject(hl7.parse(answer)['MSH-9'] .. tostring(iguana.isTest()))\nend\n"
        );
        std::fs::write(site.folder().join("gate.lua"), &script).expect("a script");
        std::fs::write(site.folder().join("a.hl7"), adt("M1")).expect("a message");
        let output = site.command(["--config", "wardline.toml", "try", "--ask", "a.hl7"]);
        let told = String::from_utf8_lossy(&output.stdout);
        let code = if arrived == 0 { "ACKtrue" } else { "true" };
        assert!(told.contains("AR") && told.contains(code), "{told}");
        assert_eq!(sink.arrived().len(), arrived, "{told}");

        let config = std::fs::read_to_string(site.folder().join("wardline.toml")).expect("a file");
        let other = config.replace("gate.lua", "other.lua");
        std::fs::write(site.folder().join("other.toml"), other).expect("a configuration");
        std::fs::write(site.folder().join("other.lua"), script.replace("'MSH-9'", "'MSH-10'"))
            .expect("a script");
        let against = ["diff", "wardline.toml", "other.toml", "--against", "a.hl7"];
        let compared = site.command(against);
        assert_eq!(compared.status.code(), Some(1), "the reasons differ");
        assert_eq!(sink.arrived().len(), arrived, "nobody is reached for the past");
    }
}
