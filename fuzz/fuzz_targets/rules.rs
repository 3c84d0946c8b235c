//! Whatever an analyst writes in a rule or a transform, and whatever message it meets: an outcome or a fault, the same
//! each time, with nothing of the message in the fault, and no byte changed that no step names.
//!
//! The input: an expression, a line feed, steps (`rules/script.rs`), an empty line, the payload.

#![no_main]

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use libfuzzer_sys::{Corpus, fuzz_target};
use wardline_flow::transform::{Surroundings, Transform};
use wardline_flow::{Expression, LookupTable, Lookups, OnMiss, Strictness, Subject};
use wardline_hl7::{Message, ParseOptions};

#[path = "rules/script.rs"]
mod script;

/// The shortest value of a message that is looked for in a fault: shorter ones stand in words as well.
const TELLING: usize = 4;

static LOOKUPS: LazyLock<Arc<Lookups>> = LazyLock::new(|| {
    let codes = HashMap::from([("M".to_owned(), "1".to_owned()), ("F".to_owned(), "2".to_owned())]);
    let table = |on_miss| LookupTable::new(codes.clone(), on_miss);
    let tables = [("sex", table(OnMiss::Fail)), ("kept", table(OnMiss::Keep))];
    Arc::new(Lookups::new(BTreeMap::from(tables.map(|(name, table)| (name.to_owned(), table)))))
});

fuzz_target!(|input: &[u8]| -> Corpus {
    let Some((text, payload)) = script::parts(input) else { return Corpus::Reject };
    let options = ParseOptions::default();
    let Ok(message) = Message::parse_with(Bytes::copy_from_slice(payload), options) else {
        return Corpus::Reject;
    };
    let (expression, steps) = text.split_once('\n').unwrap_or((text, ""));
    let expression = match Expression::compile(expression) {
        Ok(expression) => Some(Arc::new(expression)),
        Err(error) => {
            assert!(error.at <= expression.len(), "a place in the text");
            assert!(!error.to_string().is_empty());
            None
        }
    };
    for strictness in [Strictness::Strict, Strictness::Lenient] {
        if let Some(expression) = &expression {
            judge(expression, &message, strictness, text);
        }
        let around = Surroundings { lookups: &LOOKUPS, strictness };
        let transform = Transform { steps: script::steps(steps, expression.as_ref()) };
        change(&transform, &message, around, text);
    }
    Corpus::Keep
});

fn judge(expression: &Expression, message: &Message, strictness: Strictness, text: &str) {
    let judged = || Subject::new(message, &LOOKUPS, strictness).holds(expression);
    let first = judged();
    assert_eq!(first, judged(), "judged again it is the same");
    if let Err(fault) = first {
        says_nothing_of(&fault.to_string(), message, text);
    }
}

fn change(transform: &Transform, message: &Message, around: Surroundings<'_>, text: &str) {
    let made = match transform.apply(message, around) {
        Ok(made) => made,
        Err(fault) => return says_nothing_of(&fault.to_string(), message, text),
    };
    let named = script::segments(&transform.steps);
    let rest = |message: &Message| -> Vec<Vec<u8>> {
        let others = message.segments().filter(|segment| !named.contains(&segment.name().to_vec()));
        others.map(|segment| segment.bytes().to_vec()).collect()
    };
    assert_eq!(rest(message), rest(&made), "RAW-1 for what no step names");
    if transform.is_empty() {
        assert_eq!(message.bytes(), made.bytes(), "RAW-1");
    }
    let again = Message::parse_with(made.bytes().clone(), ParseOptions::default());
    assert!(again.is_ok(), "what is made is a message");
}

/// PHI-1: no value of the message that its author has not written himself.
fn says_nothing_of(fault: &str, message: &Message, text: &str) {
    for value in message.segments().skip(1).flat_map(|segment| segment.fields().collect::<Vec<_>>()) {
        let Ok(value) = std::str::from_utf8(value.raw()) else { continue };
        let is_telling = value.len() >= TELLING && value.bytes().any(|byte| byte.is_ascii_digit());
        if is_telling && !text.contains(value) {
            assert!(!fault.contains(value), "PHI-1");
        }
    }
}
