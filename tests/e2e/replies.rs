//! What a peer's answers count as, where the configuration says so: `ack_match`.

use libtest_mimic::Trial;
use wardline_tests::message::{answer, framed};
use wardline_tests::sink::{Reply, Sink};
use wardline_tests::trials;

use crate::deliveries::{QUICK, running, send};

pub(crate) fn trials() -> Vec<Trial> {
    trials![an_answer_to_another_id_counts_where_told_so_and_is_warned_of_wherever_it_shows]
}

fn an_answer_to_another_id_counts_where_told_so_and_is_warned_of_wherever_it_shows() {
    let sink = Sink::start(|_| Reply::Raw(framed(&answer("AA", "OF-ITS-OWN"))));
    let (site, engine) = running(&sink, &format!("ack_match = \"any-ack\"\n{QUICK}"));
    send(&engine, &["1", "2"]);
    let row = engine.wait_for_queue("lis", "done", |row| row.pending == 0);
    assert_eq!(sink.control_ids(), ["1", "2"], "each once");
    assert_eq!(row.counts.expect("a running engine").delivered, 2);

    let warning = "ack_match = \"any-ack\": an answer counts whatever message it names";
    assert_eq!(row.warnings, [warning]);
    for arguments in [["status"].as_slice(), &["queue", "list"], &["check"]] {
        let shown = site.command([arguments, &["--config", "wardline.toml"]].concat());
        let text = [shown.stdout, shown.stderr].concat();
        assert!(String::from_utf8_lossy(&text).contains(warning), "{arguments:?}");
    }
}
