use serde_json::json;

use super::*;

fn tried(change: impl FnOnce(&mut serde_json::Value)) -> Tried {
    let mut account = json!({
        "listener": "adt-in", "message": "ADT^A01 A1, 99 bytes", "refused": null,
        "rules": [{ "name": "patient-id", "holds": true }],
        "handlers": ["gate", "actor"], "asked": ["gate"],
        "routes": [
            { "id": "to-lab", "wants": true },
            { "id": "results", "wants": false, "because": "`message` does not match" },
        ],
        "destinations": [
            { "id": "lis", "route": "to-lab", "is_changed": true, "steps": [{
                "step": "map OBX[*]-6 by units",
                "differences": [{ "message": 1, "path": "OBX-6.1", "left": "g/dL", "right": "<g/l>" }],
            }] },
            { "id": "billing", "route": "", "kept_from": "its `filter` is false", "is_changed": false, "steps": [] },
        ],
        "answers": [["MSH|^~\\&|", "MSA|AA|A1"]],
    });
    change(&mut account);
    let tried = json!({ "listener": "adt-in", "accounts": [account] });
    serde_json::from_value(tried).expect("an account")
}

fn shown(outcome: Option<Result<Tried, Fault>>) -> String {
    let asked = Asked { text: "MSH|<b>".to_owned(), ..Asked::default() };
    let trying = Trying {
        asked,
        listeners: vec!["adt-in".to_owned()],
        csrf: html! { input type="hidden" name="csrf" value="token"; },
        outcome,
    };
    trying.body().into_string()
}

#[test]
fn each_decision_stands_there_with_its_reason() {
    let page = shown(Some(Ok(tried(|_| {}))));
    for part in [
        "<h1>It would be taken, and go to 1 destination.</h1>",
        "`message` does not match",
        "not this one: its `filter` is false",
        "&lt;g/l&gt;",
        "was g/dL",
        "MSA|AA|A1",
        "would be asked: here it is taken to accept",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(page.contains("MSH|&lt;b&gt;</textarea>"), "what was pasted is there to be changed");
}

#[test]
fn the_headline_is_the_verdict() {
    let verdict = |change: fn(&mut serde_json::Value)| account::verdict(&tried(change).accounts[0]);
    let refused = verdict(|account| {
        account["refused"] = json!({ "code": "AR", "error": 200, "text": "no route" });
    });
    assert_eq!(refused, "It would be refused: AR.");
    let nowhere = verdict(|account| account["destinations"] = json!([]));
    assert_eq!(nowhere, "It would be taken, and go nowhere.");
    let passed_over = verdict(|account| {
        account["destinations"] = json!([]);
        account["kept"] = json!("no: it is an answer, and no route names its type");
    });
    assert_eq!(passed_over, "It would be passed over.");
}

#[test]
fn why_it_was_not_tried_stands_above_the_form_with_what_was_pasted() {
    let page = shown(Some(Err(Fault::BadRequest("there is no message to try"))));
    assert!(page.contains("It was not tried."), "{page}");
    assert!(page.contains("MSH|&lt;b&gt;</textarea>") && page.contains("token"), "{page}");
}

#[test]
fn a_text_or_a_number_says_what_is_tried_and_never_both() {
    let number = Some("7".parse().expect("a number"));
    assert!(what(Some("MSH|".to_owned()), None).is_ok() && what(None, number).is_ok());
    for (text, message) in [(None, None), (Some("MSH|"), number), (Some(" \n"), None)] {
        assert!(what(text.map(str::to_owned), message).is_err());
    }
}
