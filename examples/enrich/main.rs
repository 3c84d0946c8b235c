//! A handler behind the queue: it writes the patient's ward into each result and sends the result on.
//!
//! The sender was answered before this handler is called. So it may fail: the message waits in its queue and is tried
//! again. The wards stand in a text file that the ward clerk keeps, one `patient number, ward` a line.

use std::path::{Path as FilePath, PathBuf};
use std::process::ExitCode;

use wardline::{Actor, Context, Decision, ErrorCode, Handler, Message, Path, Received, Wardline};

/// Where the clerk keeps the wards, below the working directory.
const WARDS: &str = "var/enrich/wards.txt";

struct Enrich {
    wards: PathBuf,
    places: Places,
}

/// What is read and what is written.
#[derive(Clone, Copy)]
struct Places {
    patient: Path,
    ward: Path,
}

impl Actor for Enrich {
    type Context = Context<Self>;
}

impl Handler<Received> for Enrich {
    type Result = Decision;

    fn handle(&mut self, received: Received, _: &mut Context<Self>) -> Decision {
        let (wards, places) = (self.wards.clone(), self.places);
        Decision::later(async move {
            // The file may lie on a share that hangs: read it on a thread that is not the handler's own.
            let read = tokio::task::spawn_blocking(move || std::fs::read_to_string(wards)).await;
            match read {
                Ok(Ok(wards)) => places.enrich(&received.message, &wards),
                Ok(Err(_)) | Err(_) => Decision::fail("the list of wards cannot be read"),
            }
        })
    }
}

impl Places {
    fn named() -> Option<Self> {
        Some(Self { patient: "PID-3.1".parse().ok()?, ward: "PV1-3.1".parse().ok()? })
    }

    /// The result with the ward in it. A patient who is not in the list is a mistake that time does not mend.
    fn enrich(&self, result: &Message, wards: &str) -> Decision {
        let patient = result.text(&self.patient).unwrap_or_default();
        let Some(ward) = ward_of(&patient, wards) else {
            let text = "the patient is on no ward".to_owned();
            return Decision::Reject { code: ErrorCode::UnknownKeyIdentifier, text };
        };
        match result.set(&self.ward, ward) {
            Ok(enriched) => Decision::Emit(vec![enriched.bytes().clone()]),
            Err(error) => Decision::reject(error.to_string()),
        }
    }
}

fn ward_of<'w>(patient: &str, wards: &'w str) -> Option<&'w str> {
    let lines = wards.lines().filter_map(|line| line.split_once(','));
    lines
        .map(|(number, ward)| (number.trim(), ward.trim()))
        .find_map(|(number, ward)| (number == patient && !ward.is_empty()).then_some(ward))
}

fn main() -> ExitCode {
    let Some(places) = Places::named() else { return ExitCode::FAILURE };
    let wards = FilePath::new(WARDS);
    Wardline::new().handler("enrich", move || Enrich { wards: wards.to_owned(), places }).main()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result() -> Message {
        let text =
            "MSH|^~\\&|LIS|LAB|||20260403120000||ORU^R01|1|P|2.5\rPID|1||4711^^^ST-E\rPV1|1|I\r";
        Message::parse(text.into()).expect("a message")
    }

    #[test]
    fn the_ward_stands_in_what_is_sent_on() {
        let places = Places::named().expect("paths");
        let Decision::Emit(emitted) = places.enrich(&result(), "4711, 3 WEST\n") else {
            panic!("the patient is on a ward");
        };
        assert!(emitted[0].ends_with(b"PV1|1|I|3 WEST\r"));
    }

    #[test]
    fn a_patient_on_no_ward_is_rejected() {
        let places = Places::named().expect("paths");
        let decision = places.enrich(&result(), "4712, 3 WEST\n");
        assert!(matches!(decision, Decision::Reject { code: ErrorCode::UnknownKeyIdentifier, .. }));
    }
}
