//! Databases as destinations: rows, transactions, and what an SQLSTATE means.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use libtest_mimic::Trial;
use wardline_engine::control::protocol::{
    DeliveryDetail, DeliveryState, QueueRow, Request, Response,
};
use wardline_tests::certificates::Authority;
use wardline_tests::message::adt;
use wardline_tests::peer::Peer;
use wardline_tests::postgres::{PASSWORD, Postgres, USER};
use wardline_tests::requirement::Need;
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::ours::PROGRAM;

const POSTGRES: Need = Need::Postgres;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        every_message_is_a_row_of_typed_columns => [POSTGRES],
        a_statement_takes_its_values_as_parameters => [POSTGRES],
        a_row_that_is_refused_is_a_dead_letter_and_its_neighbours_are_written => [POSTGRES],
        what_is_there_already_is_delivered => [POSTGRES],
        a_deadlock_or_a_lock_is_tried_again => [POSTGRES],
        a_table_that_is_not_there_holds_the_queue_before_it_is_emptied => [POSTGRES],
        a_database_that_is_killed_and_comes_back_misses_nothing => [POSTGRES],
        an_engine_that_is_killed_writes_what_it_promised => [POSTGRES],
        who_is_not_let_in_waits => [POSTGRES],
        a_database_is_reached_over_tls_by_its_issuer => [POSTGRES],
        check_tells_what_no_statement_can_be,
        a_trial_shows_the_statement_and_its_values,
    ]
}

const TABLE: &str = "create table messages (id bigint primary key, control_id text not null, mrn int, \
                     received timestamptz, raw bytea, whole jsonb)";

const COLUMNS: &str = r#"table = "public.messages"
columns = { id = "{id}", control_id = "{control_id}", mrn = "PID-3.1", received = "{received}", raw = "{message}", whole = "{json}" }
unique = ["id"]
"#;

fn configuration(address: &str, keys: &str) -> String {
    format!(
        r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[routes]]
id = "all"
match = {{}}
to = ["warehouse"]

[[destinations]]
id = "warehouse"
kind = "postgres"
address = "{address}"
database = "postgres"
user = "{USER}"
password = {{ file = "password" }}
retry = {{ first = "20ms", max = "100ms" }}
{keys}
"#
    )
}

fn site(address: &str, keys: &str) -> Site {
    let site = Site::new(PROGRAM, &configuration(address, keys));
    password(&site, PASSWORD);
    site
}

fn password(site: &Site, text: &str) {
    let path = site.folder().join("password");
    fs::write(&path, text).expect("a folder");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("our file");
}

fn send(engine: &Engine, messages: &[Vec<u8>]) {
    let mut peer = Peer::connect(engine.address("in"));
    for message in messages {
        assert_eq!(peer.send(message), "AA");
    }
}

fn adts(ids: impl Iterator<Item = u32>) -> Vec<Vec<u8>> {
    ids.map(|id| adt(&id.to_string())).collect()
}

/// A message whose PID-3.1 is this.
fn of_patient(control_id: &str, mrn: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|A|B|C|D|20260403120000||ADT^A01|{control_id}|P|2.5\rPID|1||{mrn}^^^H||DOE^JANE\r"
    )
    .into_bytes()
}

fn is_empty(engine: &Engine) {
    engine.wait_for_queue("warehouse", "delivered", |row| row.pending + row.held == 0);
}

fn listed(engine: &Engine, state: DeliveryState) -> Vec<DeliveryDetail> {
    let destination = Some("warehouse".to_owned());
    let rows = match engine.ask(&Request::Deliveries { destination, state, after: None, limit: 10 })
    {
        Response::Deliveries { deliveries, .. } => deliveries,
        other => panic!("asked for deliveries, got {other:?}"),
    };
    let detail = |message| {
        let destination = "warehouse".to_owned();
        match engine.ask(&Request::Delivery { destination, message, content: true }) {
            Response::Message(detail) => *detail,
            other => panic!("asked for a delivery, got {other:?}"),
        }
    };
    rows.into_iter().map(|row| detail(row.message)).collect()
}

fn every_message_is_a_row_of_typed_columns() {
    let database = Postgres::start();
    database.query(TABLE);
    let site = site(&database.address(), COLUMNS);
    let engine = site.start();
    send(&engine, &adts(1..=250));
    is_empty(&engine);
    assert_eq!(
        database.query("select count(*), count(distinct control_id) from messages"),
        ["250|250"]
    );
    let row = "select control_id, mrn, received > now() - interval '1 hour', id = (whole->>'id')::int \
               from messages where control_id = '7'";
    assert_eq!(database.query(row), ["7|1|t|t"]);
    let raw = database.query("select encode(raw, 'hex') from messages where control_id = '7'");
    let hex = adt("7").iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    assert_eq!(raw, [hex], "RAW-1");
    let json =
        "select whole->'segments'->1->'fields'->'5'->0->1->>0 from messages where control_id = '7'";
    assert_eq!(database.query(json), ["JANE"]);
    let order = "select string_agg(control_id, ',' order by ctid) from (select ctid, control_id from messages order by \
                 ctid limit 5) first";
    assert_eq!(database.query(order), ["1,2,3,4,5"], "ORDER-1");
    let row = engine.queue("warehouse");
    assert_eq!((row.kind.as_str(), row.dead), ("postgres", 0));
    assert_eq!(row.endpoint, format!("{}/postgres", database.address()));
}

fn a_statement_takes_its_values_as_parameters() {
    let database = Postgres::start();
    database.query("create table seen (name text primary key, times int)");
    let statement = "statement = \"insert into seen values ($1, 1) on conflict (name) do update set times = seen.times \
                     + $2::int\"\nparameters = [\"PID-5.1\", \"PID-1\"]";
    let site = site(&database.address(), statement);
    let engine = site.start();
    let named = |name: &str| {
        format!("MSH|^~\\&|A|B|C|D|20260403120000||ADT^A01|1|P|2.5\rPID|1||7||{name}^JANE\r")
            .into_bytes()
    };
    send(&engine, &[named("DOE"), named("DOE"), named("x'); drop table seen; --")]);
    is_empty(&engine);
    let rows = database.query("select name, times from seen order by name");
    assert_eq!(rows, ["DOE|2", "x'); drop table seen; --|1"]);
}

fn a_row_that_is_refused_is_a_dead_letter_and_its_neighbours_are_written() {
    let database = Postgres::start();
    database.query(TABLE);
    let site = site(&database.address(), COLUMNS);
    let engine = site.start();
    let mut messages = adts(1..=20);
    messages[4] = of_patient("5", "PATIENT-X");
    messages[11] = of_patient("12", "PATIENT-Y");
    send(&engine, &messages);
    engine.wait_for_queue("warehouse", "two dead letters", |row| row.dead == 2 && row.pending == 0);
    assert_eq!(database.query("select count(*) from messages"), ["18"]);
    let dead = listed(&engine, DeliveryState::Dead);
    let told: Vec<_> =
        dead.iter().map(|one| (one.row.control_id.as_str(), one.row.cause.as_deref())).collect();
    assert_eq!(told, [("5", Some("db-rejected")), ("12", Some("db-rejected"))]);
    let reply = dead[0].reply.clone().expect("what the database said");
    assert_eq!(String::from_utf8_lossy(&reply), "SQLSTATE 22P02");
    assert!(!engine.log().contains("PATIENT"), "PHI-1");
}

fn what_is_there_already_is_delivered() {
    let database = Postgres::start();
    database.query("create table messages (control_id text unique, mrn int)");
    database.query("insert into messages values ('2', 99)");
    let columns =
        "table = \"messages\"\ncolumns = { control_id = \"{control_id}\", mrn = \"PID-3.1\" }\n";
    let site = site(&database.address(), &format!("{columns}unique = [\"control_id\"]"));
    let engine = site.start();
    send(&engine, &adts(1..=3));
    is_empty(&engine);
    assert_eq!(engine.queue("warehouse").dead, 0);
    let rows = database.query("select control_id, mrn from messages order by 1");
    assert_eq!(rows, ["1|1", "2|99", "3|1"]);
    engine.stop();

    site.configure(&configuration(&database.address(), columns));
    let engine = site.start();
    send(&engine, &adts(3..=4));
    engine.wait_for_queue("warehouse", "a dead letter", |row| row.dead == 1 && row.pending == 0);
    let dead = listed(&engine, DeliveryState::Dead);
    let reply = dead[0].reply.clone().expect("what the database said");
    let told = "SQLSTATE 23505, table messages, constraint messages_control_id_key";
    assert_eq!(String::from_utf8_lossy(&reply), told);
}

fn a_deadlock_or_a_lock_is_tried_again() {
    let database = Postgres::start();
    database.query("create table messages (control_id text)");
    database.query(
        "create function fail() returns trigger language plpgsql as $$ begin \
         if (select last_value from counted) < 3 then perform nextval('counted'); \
         raise exception 'no' using errcode = '40P01'; end if; return new; end $$",
    );
    database.query("create sequence counted; select nextval('counted')");
    database.query(
        "create trigger failing before insert on messages for each row execute function fail()",
    );
    let site = site(
        &database.address(),
        "table = \"messages\"\ncolumns = { control_id = \"{control_id}\" }",
    );
    let engine = site.start();
    send(&engine, &adts(1..=3));
    is_empty(&engine);
    assert_eq!(engine.queue("warehouse").dead, 0);
    assert_eq!(
        database.query("select control_id from messages order by ctid"),
        ["1", "2", "3"],
        "ORDER-1"
    );
    let counts = engine.queue("warehouse").counts.expect("a running engine");
    assert!(counts.retried >= 1, "it failed before");
}

fn a_table_that_is_not_there_holds_the_queue_before_it_is_emptied() {
    let database = Postgres::start();
    let site = site(&database.address(), COLUMNS);
    let engine = site.start();
    send(&engine, &adts(1..=10));
    let is_held =
        |row: &QueueRow| row.state == "held" && row.dead + row.pending == 10 && row.dead >= 5;
    let row = engine.wait_for_queue("warehouse", "held", is_held);
    assert_eq!((row.dead, row.pending), (5, 5), "`max_consecutive_dead`");
    let dead = listed(&engine, DeliveryState::Dead);
    let reply = dead[0].reply.clone().expect("what the database said");
    assert_eq!(String::from_utf8_lossy(&reply), "SQLSTATE 42P01");
    database.query(TABLE);
    assert!(
        site.command(["--config", "wardline.toml", "queue", "retry", "warehouse"]).status.success()
    );
    engine.wait_for_queue("warehouse", "delivered", |row| row.pending == 0);
    assert_eq!(database.query("select count(*) from messages"), ["5"]);
}

fn a_database_that_is_killed_and_comes_back_misses_nothing() {
    let mut database = Postgres::start();
    database.query(TABLE);
    let site = site(&database.address(), COLUMNS);
    let engine = site.start();
    send(&engine, &adts(1..=200));
    wait::until_so("a few rows", || database.query("select count(*) > 3 from messages") == ["t"]);
    database.kill();
    send(&engine, &adts(201..=400));
    engine.wait_for_queue("warehouse", "down", |row| row.state == "down" && row.pending > 0);
    database.restart();
    is_empty(&engine);
    assert_eq!(engine.queue("warehouse").dead, 0);
    assert_eq!(
        database.query("select count(*), count(distinct control_id) from messages"),
        ["400|400"]
    );
    let ordered = "select bool_and(id > before) from (select id, lag(id) over (order by ctid) before from messages) t";
    assert_eq!(database.query(ordered), ["t"], "ORDER-1");
}

fn an_engine_that_is_killed_writes_what_it_promised() {
    let database = Postgres::start();
    database.query(TABLE);
    let site = site(&database.address(), COLUMNS);
    let engine = site.start();
    send(&engine, &adts(1..=300));
    wait::until_so("a few rows", || database.query("select count(*) > 0 from messages") == ["t"]);
    engine.kill();
    let engine = site.start();
    is_empty(&engine);
    assert_eq!(
        database.query("select count(*), count(distinct control_id) from messages"),
        ["300|300"]
    );
}

fn who_is_not_let_in_waits() {
    let database = Postgres::start();
    database.query(TABLE);
    let site = site(&database.address(), COLUMNS);
    password(&site, "wrong");
    let engine = site.start();
    send(&engine, &adts(1..=2));
    let row = engine.wait_for_queue("warehouse", "down", |row| row.state == "down");
    assert_eq!((row.reason.as_deref(), row.pending, row.dead), (Some("denied"), 2, 0));
    password(&site, PASSWORD);
    is_empty(&engine);
    assert_eq!(database.query("select count(*) from messages"), ["2"]);
    assert!(!engine.log().contains(PASSWORD));
}

fn a_database_is_reached_over_tls_by_its_issuer() {
    let authority = Authority::new("Hospital CA");
    let database = Postgres::start_encrypted(&authority.issue(&["localhost"]));
    database.query(TABLE);
    let address = format!("localhost:{}", database.port());
    let site = site(&address, &format!("{COLUMNS}tls = {{ ca = \"ca.pem\" }}"));
    let ca = site.folder().join("ca.pem");
    fs::write(&ca, Authority::new("Another CA").pem()).expect("a folder");
    let engine = site.start();
    send(&engine, &adts(1..=1));
    let row = engine.wait_for_queue("warehouse", "down", |row| row.state == "down");
    assert_eq!(row.reason.as_deref(), Some("tls-certificate"));
    fs::write(&ca, authority.pem()).expect("a folder");
    assert!(site.command(["--config", "wardline.toml", "reload"]).status.success());
    is_empty(&engine);
    assert_eq!(database.query("select count(*) from messages"), ["1"]);
    engine.stop();

    site.configure(&configuration(&address, COLUMNS));
    let engine = site.start();
    send(&engine, &adts(2..=2));
    let row = engine.wait_for_queue("warehouse", "down", |row| row.state == "down");
    assert_eq!(row.reason.as_deref(), Some("denied"), "the server wants TLS");
}

fn check_tells_what_no_statement_can_be() {
    let told = |keys: &str| {
        let site = site("127.0.0.1:9", keys);
        let output = site.command(["--config", "wardline.toml", "check"]);
        let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!output.status.success(), "{told}");
        told
    };
    for (keys, part) in [
        ("columns = { a = \"PID-3\" }", "`table` is missing"),
        ("table = \"t\"", "`columns` is missing"),
        (
            "table = \"t\"\ncolumns = { a = \"OBX[*]-5\" }",
            "`OBX[*]-5` is a list, and a column holds one value",
        ),
        ("table = \"t\"\ncolumns = { a = \"{idd}\" }", "did you mean `{id}`"),
        ("table = \"t\"\ncolumns = { a = \"PID-3\" }\nunique = [\"b\"]", "`b` is not in `columns`"),
        (
            "statement = \"call f($1, $2)\"\nparameters = [\"PID-3\"]",
            "goes up to $2, and there are 1 parameters",
        ),
        (
            "statement = \"call f($1)\"\nparameters = [\"PID-3\"]\ntable = \"t\"",
            "unknown key `table`",
        ),
    ] {
        let told = told(keys);
        assert!(told.contains(part), "{part} is not in {told}");
    }
}

fn a_trial_shows_the_statement_and_its_values() {
    let site =
        site("127.0.0.1:9", "table = \"t\"\ncolumns = { mrn = \"PID-3.1\", ward = \"PV1-3\" }");
    fs::write(site.folder().join("adt.hl7"), adt("7")).expect("a folder");
    let output = site.command(["--config", "wardline.toml", "try", "adt.hl7"]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}");
    for part in ["INSERT INTO \"t\" (\"mrn\", \"ward\") VALUES ($1, $2)", "$1 = 1", "$2 = NULL"] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    assert!(!told.contains(PASSWORD), "{told}");
}
