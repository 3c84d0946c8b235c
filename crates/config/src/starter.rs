//! The commented configuration that `wardline init` writes for somebody who has none.

/// The files, each with its path below the folder that was asked for, and its text.
pub const STARTER: &[(&str, &str)] = &[
    ("wardline.toml", include_str!("../starter/wardline.toml")),
    ("routes.d/routes.toml", include_str!("../starter/routes.d/routes.toml")),
];

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_init_writes_can_be_loaded_and_raises_no_warning() {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in STARTER {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        let loaded = crate::load(&folder.path().join("wardline.toml"), &|_| None, &[]);
        let loaded = loaded.unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(loaded.warnings, []);
        assert_eq!(loaded.config.routing.routes.len(), 1);
    }
}
