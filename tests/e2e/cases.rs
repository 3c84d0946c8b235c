//! `wardline test` on cases that this project ships, and on handlers.

use std::process::Command;

use libtest_mimic::Trial;
use wardline_tests::message::adt;
use wardline_tests::site::Site;
use wardline_tests::trials;

use crate::ours::PROGRAM;
use crate::shipped;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        the_cases_of_the_hospital_pass,
        a_handler_that_is_asked_decides_the_case,
        what_was_written_is_told_although_the_case_fails,
    ]
}

fn the_cases_of_the_hospital_pass() {
    let arguments = ["--config", "examples/hospital/wardline.toml", "test"];
    let tested = Command::new(shipped::example("hospital"))
        .args(arguments)
        .arg("examples/hospital/cases")
        .current_dir(shipped::file("."))
        .env("NO_COLOR", "1")
        .output()
        .expect("the hospital");
    let told = shipped::printed(&tested);
    let last = told.lines().last().expect("a sum");
    assert!(last.ends_with(" passed"), "{told}");
    let cases = last.split(' ').next().and_then(|count| count.parse::<u32>().ok());
    assert!(cases > Some(10), "{last}");
}

fn a_handler_that_is_asked_decides_the_case() {
    let site = Site::new(
        PROGRAM,
        "[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\nhandlers = [\"misbehaving\"]\n",
    );
    let case = site.folder().join("cases/rejected");
    std::fs::create_dir_all(&case).expect("a folder");
    std::fs::write(case.join("message.hl7"), adt("REJECT-1")).expect("a file");
    let settings = "answer = \"AR\"\ntext = \"asked to reject\"\n";
    std::fs::write(case.join("case.toml"), settings).expect("a file");
    let test = |arguments: &[&str]| {
        let fixed = ["--config", "wardline.toml", "test", "cases"];
        let output = site.command(fixed.iter().chain(arguments));
        (String::from_utf8(output.stdout).expect("text"), output.status.code())
    };
    assert_eq!(test(&["--ask"]), ("ok      rejected\n1 case: 1 passed\n".to_owned(), Some(0)));
    let (told, exit) = test(&[]);
    assert!(told.contains("answer: expected: AR, now: AA"), "{told}");
    assert_eq!(exit, Some(1));
}

fn what_was_written_is_told_although_the_case_fails() {
    let site = Site::new(PROGRAM, "[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\n");
    let case = site.folder().join("cases/told");
    std::fs::create_dir_all(&case).expect("a folder");
    std::fs::write(case.join("message.hl7"), adt("A1")).expect("a file");
    std::fs::write(case.join("case.toml"), "text = \"something else\"\n").expect("a file");
    let update = ["--config", "wardline.toml", "test", "cases", "--update"];
    let output = site.command(update);
    let told = String::from_utf8(output.stdout).expect("text");
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("FAILED  told"), "{told}");
    assert!(told.contains("updated all the same: answer (new)"), "{told}");
    assert!(case.join("expected/ack.hl7").is_file());
}
