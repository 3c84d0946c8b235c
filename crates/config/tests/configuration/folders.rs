//! Listeners that watch folders.

use std::path::Path;
use std::time::Duration;

use insta::assert_snapshot;
use wardline_config::{Entrance, FileSort, WhenDone};

use crate::site;

#[test]
fn a_folder_s_paths_begin_where_they_are_named() {
    let site = site(
        r#"
[[listeners]]
id = "exports"
kind = "file"
path = "/srv/exports"
pattern = "ADT*"
sort = "time"
stable_for = "10s"
when_done = "delete"
done = "/srv/kept"
failed = "bad"
"#,
    );
    let loaded = site.load(&[]).unwrap_or_else(|faults| unreachable!("{faults}"));
    let Some(Entrance::Folder(folder)) =
        loaded.config.listeners.first().map(|listener| &listener.entrance)
    else {
        unreachable!("a listener that watches a folder")
    };
    assert_eq!(folder.path, Path::new("/srv/exports"));
    assert_eq!(folder.done, Path::new("/srv/kept"));
    assert_eq!(folder.failed, Path::new("/srv/exports/bad"));
    assert_eq!((folder.sort, folder.when_done), (FileSort::Time, WhenDone::Delete));
    assert_eq!(folder.stable_for, Duration::from_secs(10));
    assert!(folder.pattern.fits(b"adt1.hl7"));
}

#[test]
fn a_folder_is_named_by_one_listener_and_is_no_goal_of_its_own() {
    let site = site(
        r#"
[[listeners]]
id = "one"
kind = "file"
path = "/srv/exports"
pattern = "in/*.hl7"
done = "."
failed = "/srv/exports/"
max_file_size = "1B"

[[listeners]]
id = "two"
kind = "file"
path = "/srv/exports/"
bind = "127.0.0.1:2575"

[[listeners]]
id = "three"
kind = "file"

[[listeners]]
id = "four"
kind = "folder"
bind = "127.0.0.1:2575"
"#,
    );
    let faults = site.load(&[]).expect_err("faults");
    assert_snapshot!(site.portable(&faults.to_string()));
}

#[test]
fn a_goal_is_no_folder_that_another_listener_watches() {
    let site = site(
        r#"
[[listeners]]
id = "one"
kind = "file"
path = "/srv/exports"
failed = "../again"

[[listeners]]
id = "two"
kind = "file"
path = "/srv/results"
done = "/srv/exports/"

[[listeners]]
id = "three"
kind = "file"
path = "/srv/orders"
when_done = "delete"
done = "/srv/exports"
failed = "/srv/results/failed"
"#,
    );
    let faults = site.load(&[]).expect_err("files would be taken again");
    assert_snapshot!(site.portable(&faults.to_string()));
}
