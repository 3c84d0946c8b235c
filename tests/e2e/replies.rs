//! What a peer's answers count as, where the configuration says so: `ack_match`, `on_reply`.

use libtest_mimic::Trial;
use wardline_tests::message::{answer, framed};
use wardline_tests::sink::{Reply, Sink};
use wardline_tests::trials;

use crate::deliveries::{QUICK, dead_letters, running, send};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        an_answer_to_another_id_counts_where_told_so_and_is_warned_of_wherever_it_shows,
        the_first_rule_that_fits_says_what_an_answer_means,
    ]
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

fn the_first_rule_that_fits_says_what_an_answer_means() {
    let sink = Sink::start(|arrived| {
        let (code, error) = match arrived.control_id.as_str() {
            "known" => ("AE", "205^known already^HL70357"),
            "poison" => ("AE", "207^internal^HL70357"),
            _ => ("AR", "207^internal^HL70357"),
        };
        let mut payload = answer(code, &arrived.control_id);
        payload.extend_from_slice(format!("ERR||PID^1|{error}|E\r").as_bytes());
        if arrived.control_id == "rejected" && arrived.nth > 2 {
            return Reply::Code("AA");
        }
        Reply::Raw(framed(&payload))
    });
    let keys = format!(
        r#"{QUICK}
[[destinations.on_reply]]
text = "known *"
then = "delivered"
[[destinations.on_reply]]
code = ["AE"]
error = ["207"]
then = "dead"
[[destinations.on_reply]]
code = ["AR"]
then = "retry"
"#
    );
    let (_site, engine) = running(&sink, &keys);
    send(&engine, &["known", "poison", "rejected"]);
    let row = engine.wait_for_queue("lis", "done", |row| row.pending == 0);
    assert_eq!(sink.control_ids(), ["known", "poison", "rejected", "rejected"]);
    assert_eq!(row.counts.expect("a running engine").delivered, 2);
    let dead = dead_letters(&engine);
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].control_id.as_str(), dead[0].cause.as_deref()), ("poison", Some("ruled")));
}
