//! Whatever stands in the file: an answer, and a fault that can be shown.

use proptest::prelude::*;

use crate::Site;

const REFERENCE: &str = include_str!("../../../../config/reference.toml");

/// Loads the text; where it is refused, the reason must be tellable.
fn answers(text: &str) -> Result<(), TestCaseError> {
    let site = Site::new(&[("wardline.toml", text)]);
    if let Err(faults) = site.load(&[]) {
        prop_assert!(!faults.diagnostics().is_empty());
        prop_assert!(faults.to_string().ends_with("in the configuration"));
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_loaded_or_refused_with_a_reason(text in "\\PC{0,80}(\n|\r|\t|=|\"|\\[|\\]|\\{|\u{feff}|ä){0,8}\\PC{0,80}") {
        answers(&text)?;
    }

    #[test]
    fn the_reference_with_a_slip_of_the_hand_is_loaded_or_refused_with_a_reason(
        at in 0..REFERENCE.chars().count(),
        gone in 0_usize..40,
        put in "[-a-z0-9=\"\\[\\]{}.#$*ä\n]{0,10}",
    ) {
        let before: String = REFERENCE.chars().take(at).collect();
        let behind: String = REFERENCE.chars().skip(at + gone).collect();
        answers(&format!("{before}{put}{behind}"))?;
    }
}
