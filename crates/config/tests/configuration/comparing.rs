//! Where two configurations differ, as it is told before one takes the other's place.

use insta::assert_snapshot;
use wardline_config::compare::{Difference, How, KeyChange, compare};

use super::{Site, site};

const BEFORE: &str = r#"
[[listeners]]
id = "adt-in"
bind = "127.0.0.1:2575"

[[routes]]
id = "orders"
match = { message = ["ORM"] }
to = ["lis"]

[[routes]]
id = "all"
to = ["archive"]

[[destinations]]
id = "lis"
kind = "mllp"
address = "127.0.0.1:2576"

[[destinations]]
id = "archive"
kind = "file"
path = "{control_id}.hl7"
"#;

fn told(before: &Site, after: &Site) -> String {
    let [old, new] = [before, after].map(|site| site.load(&[]).expect("a configuration"));
    let lines = compare(&old, &new).into_iter().map(|Difference { section, id, how }| {
        let id = id.unwrap_or_default();
        let how = match how {
            How::Added => "added".to_owned(),
            How::Removed => "removed".to_owned(),
            How::Moved => "moved".to_owned(),
            How::Changed(keys) => keys.into_iter().map(key).collect::<Vec<_>>().join("; "),
        };
        format!("{section} {id}: {how}\n")
    });
    lines.collect()
}

fn key(KeyChange { key, old, new }: KeyChange) -> String {
    let side = |side: Option<String>| side.unwrap_or_else(|| "-".to_owned());
    format!("{key}: {} -> {}", side(old), side(new))
}

#[test]
fn what_came_went_and_changed_is_told_with_its_keys() {
    let after = BEFORE
        .replace("to = [\"lis\"]", "to = [\"lis\", \"billing\"]\nwhen = \"has(pid.id)\"")
        .replace("127.0.0.1:2575", "127.0.0.1:2580")
        .replace(
            "id = \"archive\"\nkind = \"file\"",
            "id = \"archive\"\nkind = \"file\"\nfilter = \"true\"",
        );
    let after = format!(
        "[engine]\nname = \"north\"\n{after}\n[[destinations]]\nid = \"billing\"\nkind = \"mllp\"\naddress = \"127.0.0.1:2577\"\n\
         \n[[routes]]\nid = \"new\"\nto = [\"billing\"]\n  [[routes.transform]]\n  clear = \"PID-19\"\n"
    );
    assert_snapshot!(told(&site(BEFORE), &site(&after)), @r#"
    engine : name: - -> "north"
    listener adt-in: bind: "127.0.0.1:2575" -> "127.0.0.1:2580"
    route orders: to: ["lis"] -> ["lis", "billing"]; when: - -> "has(pid.id)"
    route new: added
    destination archive: filter: - -> "true"
    destination billing: added
    "#);
}

#[test]
fn what_says_the_same_in_other_words_is_no_difference() {
    let spelled = BEFORE
        .replace("bind = \"127.0.0.1:2575\"", "bind = \"127.0.0.1:2575\"\nunrouted = \"accept\"");
    assert_eq!(told(&site(BEFORE), &site(&spelled)), "");
}

#[test]
fn the_order_of_routes_counts() {
    let (first, rest) = BEFORE.split_once("[[routes]]\nid = \"all\"").expect("two routes");
    let (head, orders) = first.split_once("[[routes]]").expect("the first");
    let swapped = format!(
        "{head}[[routes]]\nid = \"all\"\nto = [\"archive\"]\n\n[[routes]]{orders}{}",
        rest.replacen("to = [\"archive\"]", "", 1).trim_start()
    );
    assert_eq!(told(&site(BEFORE), &site(&swapped)), "route orders: moved\n");
}

#[test]
fn a_table_that_holds_something_else_has_changed_although_its_section_has_not() {
    let files = |value: &str| {
        Site::new(&[
            ("wardline.toml", "version = 1\n[lookups.units]\nfile = \"units.csv\"\n"),
            ("units.csv", &format!("theirs,ours\nmg,{value}\n")),
        ])
    };
    assert_eq!(told(&files("g"), &files("kg")), "lookup units: \n");
}

#[test]
fn of_what_may_be_a_secret_it_is_told_that_it_changed_and_not_what_it_says() {
    let web = |secret: &str| {
        let web = format!(
            "\n[[destinations]]\nid = \"web\"\nkind = \"http\"\n\
             url = \"https://lis.example/hl7?key={secret}\"\nbody = {{ mrn = \"PID-3.1\", note = \"{{id}}\" }}\n\
             [destinations.headers]\nAuthorization = \"Bearer {secret}\"\n\
             X-Token = {{ file = \"token\", prefix = \"{secret} \" }}\nX-Site = \"north\"\n"
        );
        let routed = BEFORE.replace("to = [\"lis\"]", "to = [\"lis\", \"web\"]");
        let text = format!("version = 1\n{routed}{web}");
        Site::new(&[("wardline.toml", &text), ("token", "t0ken")])
    };
    assert_snapshot!(told(&web("0ld"), &web("n3w")), @r#"destination web: headers.Authorization: "***" -> "***"; headers.X-Token.prefix: "***" -> "***"; url: "https://lis.example/hl7?***" -> "https://lis.example/hl7?***""#);
}
