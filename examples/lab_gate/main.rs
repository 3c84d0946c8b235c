//! A handler before the answer: the laboratory takes no order that it cannot carry out.
//!
//! Stands between the message and the journal: what it rejects is answered AR and never stored.

use std::process::ExitCode;

use wardline::{Actor, Context, Decision, ErrorCode, Handler, Path, Received, Wardline};

struct LabGate {
    patient: Path,
    test: Path,
}

impl Actor for LabGate {
    type Context = Context<Self>;
}

impl Handler<Received> for LabGate {
    type Result = Decision;

    fn handle(&mut self, received: Received, _: &mut Context<Self>) -> Decision {
        let (order, missing) = (received.message, ErrorCode::RequiredFieldMissing);
        if !order.get(&self.patient).is_present() {
            return Decision::Reject { code: missing, text: "PID-3: whose blood is it?".into() };
        }
        if !order.all(&self.test).any(|test| test.is_present()) {
            return Decision::Reject { code: missing, text: "OBR-4: no test is ordered".into() };
        }
        Decision::Accept
    }
}

fn main() -> ExitCode {
    let (Ok(patient), Ok(test)) = ("PID-3.1".parse(), "OBR[*]-4.1".parse()) else {
        return ExitCode::FAILURE;
    };
    Wardline::new().handler("lab-gate", move || LabGate { patient, test }).main()
}
