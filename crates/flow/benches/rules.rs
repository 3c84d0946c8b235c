//! What rules, conditions and transforms cost: one typical rule, and the way of a message through a typical route.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use divan::{Bencher, black_box};
use wardline_flow::transform::{Change, Content, Step};
use wardline_flow::{
    Expression, LookupTable, Lookups, OnMiss, Route, Routing, Rule, SearchKeys, Source, Strictness,
    Subject, Transform, rule,
};
use wardline_hl7::{ErrorCode, Message};

const ORU: &str = "MSH|^~\\&|LAB|ST-E|LIS|HOSP|20260229101500||ORU^R01^ORU_R01|MSG00001|P|2.5.1\r\
    PID|1||123456^^^HOSP^MR||DOE^JANE^Q||19700101|F|||1 MAIN ST^^TOWN^^12345^USA||555-0100\r\
    PV1|1|I|W1^101^1||||007^BOND^JAMES\r\
    OBR|1|A1|B1|24331-1^LIPID PANEL^LN|||20260229100000\r\
    OBX|1|NM|2093-3^CHOLESTEROL^LN||182|mg/dL|<200|N|||F\r\
    OBX|2|NM|2571-8^TRIGLYCERIDE^LN||101|mg/dL|<150|N|||F\r\
    OBX|3|NM|2085-9^HDL^LN||56|mg/dL|>40|N|||F\r\
    NTE|1||fasting\r";

fn main() {
    divan::main();
}

fn expression(text: &str) -> Arc<Expression> {
    Arc::new(Expression::compile(text).expect("an expression"))
}

fn message() -> Message {
    Message::parse(ORU.into()).expect("a message")
}

/// One rule over a message that nothing has been read of.
#[divan::bench(args = [
    "msh.msg_type == 'ORU' && msh.version == '2.5.1'",
    "pid.id != '' && pid.sex in ['F', 'M']",
    "hl7('PID-3.4') == 'HOSP'",
    "pid.id.matches('^[0-9]+$')",
    "obx_list.all(o, o.status == 'F')",
])]
fn typical_rule(bencher: Bencher<'_, '_>, text: &str) {
    let (expression, lookups) = (expression(text), Arc::new(Lookups::default()));
    bencher.with_inputs(message).bench_refs(|message| {
        let subject = Subject::new(message, &lookups, Strictness::Strict);
        black_box(subject.holds(&expression))
    });
}

/// Three rules, two conditions and four steps: from the parsed message to the body that is sent.
#[divan::bench]
fn typical_route(bencher: Bencher<'_, '_>) {
    let rules = ["pid.id != ''", "msh.sending_fac == 'ST-E'", "has('OBR-4')"].map(|text| Rule {
        name: "rule".to_owned(),
        expression: expression(text),
        message: String::new(),
        error: ErrorCode::ApplicationInternalError,
    });
    let path = |text: &str| text.parse().expect("a path");
    let step = |change| Step { when: None, change };
    let set = |place: &str, text: &str| {
        step(Change::Set { path: path(place), value: Content::Text(text.to_owned()) })
    };
    let steps = vec![
        set("MSH-5", "ARCHIVE"),
        set("MSH-6", "CENTRAL"),
        step(Change::Map { path: path("OBX-6.1"), table: "units".to_owned() }),
        Step {
            when: Some(expression("pid.country == 'USA'")),
            change: Change::Clear { path: path("PID-13") },
        },
    ];
    let units = HashMap::from([("mg/dL".to_owned(), "mg/dl".to_owned())]);
    let table = LookupTable::new(units, OnMiss::Keep);
    let routing = Routing {
        routes: vec![Route {
            id: "r".into(),
            from: None,
            matcher: None,
            when: Some(expression("pv1.patient_class == 'I'")),
            to: vec!["archive".into()],
            handlers: Vec::new(),
            transform: Transform { steps },
        }],
        lookups: Arc::new(Lookups::new(BTreeMap::from([("units".to_owned(), table)]))),
        ..Routing::default()
    };
    let source = Source::Listener("in".into());
    bencher.with_inputs(message).bench_refs(|message| {
        let subject = routing.subject(message);
        rule::check(&rules, &subject).expect("they hold");
        let routes = routing.matching(&source, &subject).expect("it can be judged");
        black_box(routing.plan_of(&routes, &subject).expect("a plan"))
    });
}

/// Everything a message is found by, header and segments read anew.
#[divan::bench]
fn search_keys(bencher: Bencher<'_, '_>) {
    let keys = SearchKeys::default();
    bencher.with_inputs(message).bench_refs(|message| black_box(keys.of(message).len()));
}
