//! Whatever stands in a configuration, it is loaded or refused with a reason that can be shown.
//!
//! The input: what every variable of the environment holds, a line feed, the text of the file.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use wardline_config::{Paint, load};

/// The file that the text is written to, over and over.
static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("wardline-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a writable folder");
    folder.join("wardline.toml")
});

fuzz_target!(|input: &str| -> Corpus {
    let Some((value, text)) = input.split_once('\n') else { return Corpus::Reject };
    // What is included lies outside of the input.
    if text.contains("include") {
        return Corpus::Reject;
    }
    std::fs::write(&*FILE, text).expect("a writable folder");
    let environment = |name: &str| (!name.starts_with("WARDLINE_")).then(|| value.to_owned());
    match load(&FILE, &environment, &["lab-gate"]) {
        Ok(loaded) => {
            for paint in [Paint::Plain, Paint::Ansi] {
                assert_eq!(loaded.render_warnings(paint).is_empty(), loaded.warnings.is_empty());
            }
        }
        Err(faults) => {
            assert!(!faults.diagnostics().is_empty(), "a refusal has a reason");
            for paint in [Paint::Plain, Paint::Ansi] {
                assert!(!faults.render(paint).is_empty());
            }
        }
    }
    Corpus::Keep
});
