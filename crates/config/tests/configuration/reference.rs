//! `config/reference.toml` says what is true: every key is there, and every default is the one that holds.

use std::collections::BTreeSet;

use wardline_config::{
    Admin, Awaited, Config, Destination, DestinationKind, Dialled, Dialling, FileDestination,
    HandlerDestination, HandlerLimits, HttpDestination, HttpUrl, Listener, MllpDestination,
    PeerEndpoint, PostgresDestination, Statement, WatchedFolder,
};
use wardline_flow::{Route, Routing, Transform};

use crate::Site;

const REFERENCE: &str = include_str!("../../../../config/reference.toml");
const UNKNOWN: &str = "zzzzzz";

/// The keys whose default is that they are not there.
const ABSENT: &str = r#"
    "PID-3[*].4" ack_connection ack_from ack_type allow allow_fingerprints allow_names app_ack_to arbiters as at ca certificate
    charset clear client_ca code content_type copy crl dead_letter_retention default error expression file filter for_each
    format_date format_name from handlers handshake_timeout headers idle_timeout include instances into join keep_state
    key kind map max_attempts max_in_flight_per_source max_instructions max_memory max_per_source max_restarts max_stuck
    message min_version name on_miss order_by
    order_id_type password path pattern processing_id profile rate receiving_application receiving_facility remove
    renumber replace restart_window retain_for script sending_application sending_facility server_name set shutdown_delay split status table text
    then timeout to unique value
    version when with with_id
"#;

/// One table of the reference, with the names of what is in it.
struct Block {
    header: String,
    keys: BTreeSet<String>,
}

#[test]
fn every_default_in_the_reference_is_the_one_that_holds() {
    let site = Site::new(&[("reference.toml", REFERENCE)]);
    let loaded = site.load(&[]).unwrap_or_else(|faults| unreachable!("{faults}"));

    let mut expected = Config {
        admin: Some(Admin::new(([127, 0, 0, 1], 8575).into())),
        handlers: vec![HandlerLimits::new("lab-gate".into())],
        listeners: vec![
            Listener::new("inbound".into(), ([127, 0, 0, 1], 2575).into()),
            Listener::dialling(
                "chemistry".into(),
                Dialling::new(Dialled { address: "10.1.2.3:4000".to_owned(), tls: None }),
            ),
            Listener::watching(
                "dropbox".into(),
                WatchedFolder::new(
                    std::path::absolute("var/dropbox").expect("a working directory"),
                ),
            ),
        ],
        routing: Routing {
            routes: vec![Route {
                id: "results".into(),
                from: None,
                matcher: None,
                when: None,
                to: vec!["lis".into(), "archive".into(), "gate".into()],
                handlers: Vec::new(),
                transform: Transform::default(),
            }],
            ..Routing::default()
        },
        destinations: destinations(),
        ..Config::default()
    };
    expected.engine.data_dir =
        std::path::absolute(&expected.engine.data_dir).expect("a working directory");
    assert_eq!(loaded.config, expected);
}

fn destinations() -> Vec<Destination> {
    let path = "var/archive/{received:%Y-%m-%d}/{control_id}.hl7".parse().expect("a template");
    let url = HttpUrl {
        is_encrypted: true,
        authority: "portal.example".to_owned(),
        address: "portal.example:443".to_owned(),
        path_and_query: "/hl7".to_owned(),
    };
    let column = |(name, source): (&str, &str)| (name.to_owned(), source.parse().expect("a value"));
    let columns = [("body", "{message}"), ("id", "{id}"), ("mrn", "PID-3.1")].map(column);
    let row = Statement::insert("hl7.messages", &columns, &[]);
    let upsert = Statement {
        sql: "insert into census (mrn, ward) values ($1, $2) on conflict (mrn) do update set ward = excluded.ward"
            .to_owned(),
        parameters: ["PID-3.1", "PV1-3.1"].map(|path| path.parse().expect("a path")).into(),
    };
    vec![
        Destination::new(
            "lis".into(),
            DestinationKind::Mllp(Box::new(MllpDestination::new("10.1.2.3:2575"))),
        ),
        awaited("analyzer", "127.0.0.1:2600"),
        Destination::new("archive".into(), DestinationKind::File(FileDestination { path })),
        Destination::new(
            "gate".into(),
            DestinationKind::Handler(HandlerDestination::new("lab-gate".into())),
        ),
        Destination::new(
            "portal".into(),
            DestinationKind::Http(Box::new(HttpDestination::new(url))),
        ),
        database("warehouse", row),
        database("census", upsert),
    ]
}

fn database(id: &str, statement: Statement) -> Destination {
    let postgres = PostgresDestination::new("10.1.2.4:5432", "warehouse", "wardline", statement);
    Destination::new(id.into(), DestinationKind::Postgres(Box::new(postgres)))
}

fn awaited(id: &str, bind: &str) -> Destination {
    let mut mllp = MllpDestination::new("");
    mllp.endpoint = PeerEndpoint::Awaited(Awaited {
        bind: bind.parse().expect("an address"),
        allow: Vec::new(),
        tls: None,
    });
    Destination::new(id.into(), DestinationKind::Mllp(Box::new(mllp)))
}

#[test]
fn every_default_stands_written_and_every_key_is_there() {
    let text = uncommented(REFERENCE);
    let mut blocks = blocks(&text);
    let site = Site::new(&[
        ("reference.toml", &with_unknown_keys(&text)),
        ("adt.toml", ""),
        ("lookups/units.csv", "theirs,ours\n"),
        ("secrets/portal.token", "s3cret"),
        ("scripts/triage.lua", "function handle() end\n"),
        ("scripts/names.lua", "function transform() end\n"),
        ("secrets/warehouse", "s3cret"),
    ]);
    let faults = site.load(&[]).expect_err("a fault for every table");
    let known: Vec<BTreeSet<String>> = faults
        .diagnostics()
        .iter()
        .map(|fault| {
            let rendered = fault.render(faults.files(), wardline_config::Paint::Plain);
            assert_eq!(fault.message(), format!("unknown key `{UNKNOWN}`"), "{rendered}");
            let (_, hint) = rendered.split_once("help: ").expect("the known keys");
            let (_, list) = hint.split_once(" has ").expect("the known keys");
            list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
        })
        .collect();

    assert_eq!(known.len(), blocks.len(), "one fault for every table");
    for known in known {
        let at = blocks.iter().position(|block| block.keys == known);
        let at =
            at.unwrap_or_else(|| unreachable!("no table of the reference has exactly {known:?}"));
        blocks.remove(at);
    }
    let headers: Vec<_> = blocks.iter().map(|block| &block.header).collect();
    assert!(headers.is_empty(), "{headers:?}");
}

#[test]
fn every_default_of_a_script_is_the_one_that_holds() {
    let begin = REFERENCE.find("# [handlers.triage]").expect("a script's table");
    let table = REFERENCE[begin..].lines().take_while(|line| line.starts_with("# "));
    let table: Vec<&str> = table.map(|line| line.trim_start_matches("# ")).collect();
    let bare = ["[handlers.triage]", "kind = \"lua\"", "file = \"scripts/triage.lua\""];
    let handlers = |table: &[&str]| {
        let table = table.join("\n");
        let rest = "[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:1\"\nhandlers = [\"triage\"]\n";
        let site = Site::new(&[
            ("reference.toml", &format!("version = 1\n{table}\n{rest}")),
            ("scripts/triage.lua", "function handle() end\n"),
        ]);
        site.load(&[]).unwrap_or_else(|faults| unreachable!("{faults}")).config.handlers
    };
    assert_eq!(handlers(&table), handlers(&bare));
    let script = handlers(&bare).remove(0).script.expect("a script");
    assert_eq!(script.limits(), wardline_script::Limits::HANDLER);
}

/// Every `# key = value` and `# [table]` as if it were no comment; `include`, whose sample leads to no file, stays one.
fn uncommented(text: &str) -> String {
    let line = |line: &str| {
        let bare = line.trim_start().trim_start_matches("# ");
        let is_key =
            bare.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ') && key != "include");
        if is_key || bare.starts_with('[') { bare.to_owned() } else { line.to_owned() }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The tables of the file and of every `[[…]]`, each with its keys and the tables inside it. A path as a key of `match`
/// is a sample, and `match` lists its other keys. Every step may have a `when`, and `set` has either of two keys.
fn blocks(text: &str) -> Vec<Block> {
    let root = ["include".to_owned()].into_iter().collect();
    let mut blocks = vec![Block { header: String::new(), keys: root }];
    for line in text.lines() {
        if line.trim_start().starts_with('[') {
            let header =
                line.trim_start().trim_start_matches('[').split(']').next().unwrap_or_default();
            let (parent, name) = header.rsplit_once('.').unwrap_or(("", header));
            let parent = if ["handlers", "lookups"].contains(&parent) { "" } else { parent };
            let name =
                if parent.is_empty() { header.split('.').next().unwrap_or_default() } else { name };
            let outer = blocks
                .iter_mut()
                .rfind(|block| block.header == parent)
                .expect("the table around it");
            outer.keys.insert(name.to_owned());
            let is_step = ["transform", "steps"].contains(&name);
            let keys = is_step.then(|| "when".to_owned()).into_iter().collect();
            blocks.push(Block { header: header.to_owned(), keys });
        } else if let Some((key, _)) =
            line.split_once(" = ").filter(|_| !line.starts_with(['#', '"']))
        {
            let last = blocks.last_mut().expect("the file itself");
            last.keys.insert(key.trim().to_owned());
            if key.trim() == "set" {
                last.keys.insert("expression".to_owned());
            }
        }
    }
    blocks
}

/// The same with a key in each table that no table has.
fn with_unknown_keys(text: &str) -> String {
    let unknown = format!("{UNKNOWN} = [\"\"]");
    let line = |line: &str| {
        if line.trim_start().starts_with('[') {
            format!("{line}\n{unknown}")
        } else {
            line.to_owned()
        }
    };
    let lines: Vec<_> = text.lines().map(line).collect();
    format!("{unknown}\n{}", lines.join("\n"))
}

#[test]
fn only_keys_whose_default_is_to_be_absent_stand_in_comments() {
    let commented: BTreeSet<&str> = REFERENCE
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("# ")?.trim_start().split_once(" = "))
        .map(|(key, _)| key)
        .filter(|key| !key.contains(' '))
        .collect();
    assert_eq!(commented, ABSENT.split_whitespace().collect());
}
