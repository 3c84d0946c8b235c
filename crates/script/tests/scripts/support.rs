//! A script, one message, and what came of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use wardline_flow::Lookups;
use wardline_hl7::Message;
use wardline_script::{
    Around, Fault, From, Interpreter, Limits, LogLevel, Outcome, Role, Script, ScriptFault,
    Simulated,
};

pub(crate) const MESSAGE: &str = "MSH|^~\\&|ADT|ST-E|LAB|ST-E|20260403120000||ADT^A01^ADT_A01|M1|P|2.5\r\
    PID|1||4711^^^MRN~0815^^^SSN||Doe^Jane&van^\\T\\||19800101|F\r\
    OBX|1|NM|GLU^Glucose||5.4|mmol/L\r\
    OBX|2|NM|NA^Sodium||140|mmol/L\r";

/// Limits that a test meets quickly.
pub(crate) const SMALL: Limits =
    Limits { time: Duration::from_millis(900), instructions: 20_000_000, memory: 8 * 1024 * 1024 };

pub(crate) fn message() -> Message {
    Message::parse(Bytes::from_static(MESSAGE.as_bytes())).expect("a message")
}

pub(crate) fn script(text: &str) -> Script {
    check(text, Role::Handler).unwrap_or_else(|fault| unreachable!("{fault}"))
}

pub(crate) fn check(text: &str, role: Role) -> Result<Script, ScriptFault> {
    Script::check("test.lua", text.to_owned(), role, SMALL, false)
}

/// What is logged.
pub(crate) type Logged = Arc<Mutex<Vec<(LogLevel, String)>>>;

pub(crate) fn around(logged: &Logged) -> Around {
    let logged = Arc::clone(logged);
    Around {
        peers: Some(Arc::new(Simulated)),
        log: Arc::new(move |level, text| {
            logged.lock().expect("no panic").push((level, text.to_owned()));
        }),
        is_test: true,
    }
}

pub(crate) fn interpreter(script: &Script) -> Interpreter {
    Interpreter::new(script, around(&Logged::default()))
        .unwrap_or_else(|fault| unreachable!("{fault}"))
}

pub(crate) fn ask(interpreter: &mut Interpreter) -> Result<Outcome, Fault> {
    let from = From { listener: "adt-in", peer: Some("10.0.0.1:5".into()), ..From::default() };
    interpreter.handle(&message(), &from, &Arc::new(Lookups::default()))
}

/// What a script says of [`MESSAGE`].
pub(crate) fn handled(text: &str) -> Result<Outcome, Fault> {
    ask(&mut interpreter(&script(text)))
}

/// What the body of a `handle(message, from)` fails with: the text it gives to `fail`.
pub(crate) fn told(body: &str) -> String {
    match handled(&format!("function handle(message, from)\n{body}\nend")) {
        Ok(Outcome::Fail { text }) => text,
        Ok(other) => unreachable!("{other:?} instead of a text"),
        Err(fault) => unreachable!("{fault}"),
    }
}
