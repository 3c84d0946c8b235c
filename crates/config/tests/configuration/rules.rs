//! Rules, conditions, transforms and lookup tables: compiled when they are read, every mistake at its place.

use wardline_config::Paint;
use wardline_flow::transform::Change;

use crate::{Site, site};

const LISTENER: &str = "[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\n";
const DESTINATION: &str = "[[destinations]]\nid = \"out\"\nkind = \"file\"\npath = \"{id}.hl7\"\n";

fn faults(files: &[(&str, &str)]) -> String {
    let site = Site::new(files);
    let faults = site.load(&[]).expect_err("something is wrong");
    site.portable(&faults.render(Paint::Plain))
}

#[test]
fn rules_conditions_filters_and_transforms_become_the_model() {
    let text = format!(
        "[lookups.units]\nfile = \"units.csv\"\n{LISTENER}\
         [[listeners.rules]]\nname = \"id\"\nexpression = \"pid.id != ''\"\nmessage = \"PID-3?\"\nerror = 101\n\
         [[routes]]\nid = \"r\"\nto = [\"out\"]\nwhen = \"lookup('units', obx.unit) == 'g/l'\"\n\
         [[routes.transform]]\nreplace = \"PID-13\"\npattern = '(\\d)-(\\d)'\nwith = \"${{1}}${{2}}\"\n\
         [[routes.transform]]\nmap = \"OBX[*]-6\"\ntable = \"units\"\nwhen = \"has('OBX-6')\"\n\
         {DESTINATION}filter = \"msh.msg_type == 'ORU'\"\n[[destinations.transform]]\nclear = \"PID-19\"\n"
    );
    let text = format!("version = 1\n{text}");
    let site = Site::new(&[("wardline.toml", &text), ("units.csv", "from,to\n\"g/dL\",g/l\n")]);
    let config = site.load(&[]).unwrap_or_else(|faults| unreachable!("{faults}")).config;
    let rule = &config.listeners[0].rules[0];
    assert_eq!((rule.name.as_str(), rule.error.number()), ("id", 101));
    let route = &config.routing.routes[0];
    assert!(route.when.is_some());
    assert!(
        matches!(&route.transform.steps[0].change, Change::Replace { with, .. } if with == "${1}${2}")
    );
    assert!(route.transform.steps[1].when.is_some());
    assert_eq!(config.routing.lookups.find("units", "g/dL").as_deref(), Ok("g/l"));
    assert_eq!(config.routing.filters.len(), 1);
    assert_eq!(config.routing.transforms.len(), 1);
}

#[test]
fn what_cannot_be_judged_or_done_is_refused_at_its_place() {
    let text = format!(
        "version = 1\n{LISTENER}\
         [[listeners.rules]]\nname = \"a\"\nexpression = \"pid.id = ''\"\nmessage = \"m\"\n\
         [[listeners.rules]]\nname = \"b\"\nexpression = \"pid.idd == '' && lookup('unit', pid.id) == ''\"\nmessage = \"m\"\n\
         [[listeners.rules]]\nname = \"c\"\nexpression = \"lookup('unit', pid.id) == ''\"\nmessage = \"m\"\nerror = 999\n\
         [[routes]]\nid = \"r\"\nto = [\"out\"]\nwhen = \"hl7('PID') == ''\"\n\
         [[routes.transform]]\nset = \"MSH-1\"\nvalue = \"x\"\n\
         [[routes.transform]]\nset = \"MSH-5\"\nvalue = \"x\"\nexpression = \"'y'\"\n\
         [[routes.transform]]\nset = \"MSH-5\"\nclear = \"MSH-6\"\n\
         [[routes.transform]]\nwhen = \"true\"\n\
         [[routes.transform]]\nremove = \"PID-3\"\n\
         [[routes.transform]]\nremove = \"MSH\"\n\
         [[routes.transform]]\nmap = \"PID-8\"\ntable = \"sex\"\n\
         [[routes.transform]]\nreplace = \"PID-8\"\npattern = \"(\"\nwith = \"\"\n\
         [[routes.transform]]\nformat_date = \"PID-7\"\nas = \"%!\"\n\
         [[routes.transform]]\nformat_name = \"PID-5\"\nas = \"{{first}}\"\n\
         [[routes.transform]]\nfor_each = \"OBX[2]\"\n\
         [[routes.transform]]\ncopy = \"OBX[*]-5\"\nto = \"NTE-3\"\nfrom = \"x\"\n\
         {DESTINATION}"
    );
    insta::assert_snapshot!(faults(&[("wardline.toml", &text)]));
}

#[test]
fn who_writes_another_language_is_told_what_cel_has() {
    for (expression, hint) in [
        ("pid.id = '7'", "`==` compares"),
        ("has(pid.id) and pid.id == '7'", "`&&` stands between"),
        ("pid.id == '7' OR pid.id == '8'", "`||` stands between"),
        ("has(PID-19)", "has('PID-19')"),
        (r"pid.id.matches('^\d+$')", "matches(r'^\\d+$')"),
    ] {
        let text = format!(
            "version = 1\n{LISTENER}[[listeners.rules]]\nname = \"a\"\nexpression = \"\"\"{}\"\"\"\n\
             message = \"m\"\n",
            expression.replace('\\', r"\\")
        );
        let told = faults(&[("wardline.toml", &text)]);
        assert!(told.contains("not an expression") && told.contains(hint), "{expression}: {told}");
    }
}

#[test]
fn a_lookup_table_that_cannot_be_read_is_refused_at_its_line() {
    let main = "version = 1\n\
        [lookups.absent]\nfile = \"absent.csv\"\n\
        [lookups.other]\nfile = \"other.txt\"\n\
        [lookups.columns]\nfile = \"columns.csv\"\nvalue = \"too\"\n\
        [lookups.twice]\nfile = \"twice.csv\"\non_miss = \"keep\"\ndefault = \"x\"\n\
        [lookups.uneven]\nfile = \"uneven.csv\"\non_miss = \"default\"\n\
        [lookups.narrow]\nfile = \"narrow.csv\"\n\
        [lookups.texts]\nfile = \"texts.toml\"\n";
    let files = [
        ("wardline.toml", main),
        ("other.txt", ""),
        ("columns.csv", "from,to\na,b\n"),
        ("twice.csv", "from,to\na,b\na,c\n"),
        ("uneven.csv", "from,to\na,b\nc\n"),
        ("narrow.csv", "from\na\n"),
        ("texts.toml", "a = \"b\"\nc = 1\n"),
    ];
    insta::assert_snapshot!(faults(&files));
}

#[test]
fn lenient_rules_are_a_setting_of_the_engine() {
    let loaded = site("[engine]\nrules = \"lenient\"\n").load(&[]);
    let config = loaded.unwrap_or_else(|faults| unreachable!("{faults}")).config;
    assert_eq!(config.routing.strictness, wardline_flow::Strictness::Lenient);
}
