//! What a script costs for each message.

use std::hint::black_box;
use std::sync::Arc;

use bytes::Bytes;
use divan::Bencher;
use wardline_flow::Lookups;
use wardline_hl7::Message;
use wardline_script::{Around, From, Interpreter, Limits, Role, Script};

const MESSAGE: &[u8] = b"MSH|^~\\&|ADT|ST-E|LAB|ST-E|20260403120000||ADT^A01^ADT_A01|M1|P|2.5\r\
    PID|1||4711^^^MRN~0815^^^SSN||Doe^Jane||19800101|F\rPV1|1|I|W1^2^3\r";

fn main() {
    divan::main();
}

fn interpreter(text: &str, role: Role) -> Interpreter {
    let script = Script::check("bench.lua", text.to_owned(), role, Limits::HANDLER, false);
    let around = Around { peers: None, log: Arc::new(|_, _| ()), is_test: false };
    Interpreter::new(&script.expect("it is sound"), around).expect("it is sound")
}

/// A script that looks at two fields and accepts.
#[divan::bench]
fn handler_of_two_fields(bencher: Bencher<'_, '_>) {
    let text =
        "function handle(m) if m['PV1-2'] == 'O' and m['PID-3.1'] == '' then reject('no') end end";
    let mut interpreter = interpreter(text, Role::Handler);
    let message = Message::parse(Bytes::from_static(MESSAGE)).expect("a message");
    let (from, lookups) = (From::default(), Arc::new(Lookups::default()));
    bencher.bench_local(|| black_box(interpreter.handle(&message, &from, &lookups)));
}

/// A script that edits two fields.
#[divan::bench]
fn transform_of_two_fields(bencher: Bencher<'_, '_>) {
    let text = "function transform(m) m['MSH-5'] = 'LIS' m['PID-5.1'] = m['PID-5.1']:upper() end";
    let mut interpreter = interpreter(text, Role::Transform);
    let message = Message::parse(Bytes::from_static(MESSAGE)).expect("a message");
    let lookups = Arc::new(Lookups::default());
    bencher.bench_local(|| black_box(interpreter.transform(&message, &lookups)));
}
