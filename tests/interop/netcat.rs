//! `nc`: a person who types the frame by hand, at either end.

use std::io::{Read, Write};

use libtest_mimic::Trial;
use wardline_tests::message::{Unframed, adt, answer, field, framed};
use wardline_tests::nobody::Nobody;
use wardline_tests::peer::Peer;
use wardline_tests::requirement::Need;
use wardline_tests::trials;

use crate::foreign::{Foreign, command, delivering_to, receiving};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_frame_typed_into_nc_is_answered_on_it => [Need::Tool("nc")],
        a_person_behind_nc_can_be_a_destination => [Need::Tool("nc")],
    ]
}

/// The payload of the next frame that nc prints.
fn next(nc: &mut Foreign) -> Vec<u8> {
    let mut unframed = Unframed::default();
    loop {
        if let Some(payload) = unframed.take() {
            return payload;
        }
        let mut byte = [0];
        nc.stdout.read_exact(&mut byte).expect("nc goes on until the frame ends");
        unframed.add(&byte);
    }
}

fn type_in(nc: &mut Foreign, bytes: &[u8]) {
    let stdin = nc.stdin.as_mut().expect("a pipe");
    stdin.write_all(bytes).and_then(|()| stdin.flush()).expect("nc reads");
}

fn a_frame_typed_into_nc_is_answered_on_it() {
    let (_site, engine) = receiving();
    let port = engine.address("in").port().to_string();
    let mut nc = Foreign::start(&mut command("nc", &["127.0.0.1", &port]));
    for control_id in ["C1", "C2"] {
        type_in(&mut nc, &framed(&adt(control_id)));
        let answer = next(&mut nc);
        assert_eq!(
            (field(&answer, "MSA", 1), field(&answer, "MSA", 2)),
            ("AA".into(), control_id.into())
        );
    }
}

fn a_person_behind_nc_can_be_a_destination() {
    let place = Nobody::new();
    let port = place.address().port().to_string();
    let mut nc = Foreign::start(&mut command("nc", &["-l", "127.0.0.1", &port]));
    let (_site, engine) = delivering_to(place.address());
    let mut peer = Peer::connect(engine.address("in"));
    for control_id in ["C1", "C2"] {
        assert_eq!(peer.send(&adt(control_id)), "AA");
        assert_eq!(next(&mut nc), adt(control_id), "RAW-1");
        type_in(&mut nc, &framed(&answer("AA", control_id)));
        let row = engine.wait_for_queue("other", "delivered", |row| row.pending == 0);
        assert_eq!((row.dead, row.held), (0, 0), "{row:?}");
    }
}
