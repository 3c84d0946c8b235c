//! Lines of the log, for whoever may see them.
//!
//! What Wardline writes has nothing of messages in it but ids (PHI-1). What scripts and other parts of a program write is
//! their authors' care: their text is for those who may see content.

use wardline_engine::observe::LogLine;

use crate::access::Right;
use crate::door::Who;

/// What a line of a script begins with.
const OF_A_SCRIPT: &str = "script: ";

/// The lines as this one may see them.
pub(crate) fn shown_to(who: &Who, mut lines: Vec<LogLine>) -> Vec<LogLine> {
    if !who.may(Right::Content) {
        for line in &mut lines {
            hide(line);
        }
    }
    lines
}

fn hide(line: &mut LogLine) {
    if line.text.starts_with(OF_A_SCRIPT) {
        "a line of a script, hidden: it may hold content".clone_into(&mut line.text);
    } else if !is_ours(&line.target) {
        "a line of another part of the program, hidden: it may hold content"
            .clone_into(&mut line.text);
    }
}

fn is_ours(target: &str) -> bool {
    let part = target.split("::").next().unwrap_or_default();
    part == "wardline" || part.starts_with("wardline_")
}

#[cfg(test)]
mod tests {
    use wardline_engine::observe::LogLevel;

    use super::*;
    use crate::access::Rights;
    use crate::door::By;

    fn line(target: &str, text: &str) -> LogLine {
        LogLine {
            number: 1,
            at: String::new(),
            level: LogLevel::Info,
            target: target.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn what_scripts_and_others_write_is_for_those_who_may_see_content() {
        let lines = || {
            vec![
                line("wardline_engine::desk", "listening address=0.0.0.0:2575"),
                line("wardline_script::workers", "script: DOE^JANE script=triage"),
                line("triage_of_ours", "DOE^JANE"),
                line("wardlinesque", "DOE^JANE"),
            ]
        };
        let who = |rights: &[Right]| Who {
            name: "ann".into(),
            rights: rights.iter().copied().collect::<Rights>(),
            by: By::Token,
        };
        let seen = shown_to(&who(&[Right::See, Right::Administer]), lines());
        assert_eq!(seen[0], lines()[0]);
        assert!(seen.iter().all(|line| !line.text.contains("DOE")), "{seen:?}");
        assert_eq!(shown_to(&who(&[Right::See, Right::Content]), lines()), lines());
    }
}
