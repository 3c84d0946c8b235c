//! `llp.connect`, simulated: what it takes, what it gives, what it raises.

use wardline_script::Outcome;

use crate::support::{handled, told};

/// The text that `body` raises.
fn raised(body: &str) -> String {
    told(&format!("local _, e = pcall(function() {body} end) fail(e)"))
}

#[test]
fn a_simulated_peer_answers_each_message_with_aa() {
    let body = "local s = require('llp').connect{ host = 'lab', port = 7013 }\n\
                s:send(message) local answer, lost = s:recv() s:close()\n\
                answer = answer:gsub('\\r', '!') fail(answer .. '<' .. lost .. '>')";
    assert_eq!(told(body), "MSH|^~\\&|LAB|ST-E|ADT|ST-E|||ACK|M1|P|2.5!MSA|AA|M1!<>");
}

#[test]
fn what_is_missing_or_of_another_type_is_named() {
    assert!(raised("llp.connect{ host = 'lab' }").ends_with(": Parameter 'port' is required."));
    assert!(raised("llp.connect{ port = 1 }").ends_with(": Parameter 'host' is required."));
    for port in ["'x'", "25.5", "-1", "65536"] {
        let text = raised(&format!("llp.connect{{ host = 'lab', port = {port} }}"));
        assert!(text.ends_with("test.lua:2: Parameter 'port' should be a number."), "{text}");
    }
    let text = raised("llp.connect{ host = 'lab', port = 1, timeout = 'x' }");
    assert!(text.ends_with("Parameter 'timeout' should be a number."), "{text}");
    assert!(raised("llp.connect()").contains("not a table"));
}

#[test]
fn what_was_not_sent_is_not_answered() {
    let connect = "local s = llp.connect{ host = 'lab', port = 1 }";
    assert_eq!(raised(&format!("{connect} s:recv()")), "test.lua:2: timeout");
    assert_eq!(raised(&format!("{connect} s:close() s:send('MSH|')")), "test.lua:2: not connected");
    assert_eq!(raised(&format!("{connect} s:close() s:recv()")), "test.lua:2: not connected");
}

#[test]
fn a_script_in_the_form_of_iguana_runs_as_it_is_written() {
    let text = "local llp = require 'llp'\n\
        function main(Data)\n\
          local s = llp.connect{host='localhost',port=7013}\n\
          s:send(Data)\n\
          local Ack = s:recv()\n\
          trace(Ack)\n\
          s:close()\n\
          iguana.logInfo('sent')\n\
          if iguana.isTest() then return end\n\
          util.sleep(50)\n\
        end";
    assert_eq!(handled(text), Ok(Outcome::Accept));
}

#[test]
fn connections_are_bounded() {
    let text =
        raised("held = {} for i = 1, 100 do held[i] = llp.connect{ host = 'lab', port = 1 } end");
    assert!(text.contains("connections are open"), "{text}");
    let body = "for i = 1, 100 do llp.connect{ host = 'lab', port = 1 } end fail('fine')";
    assert_eq!(told(body), "fine", "what the script lost hold of is closed");
}
