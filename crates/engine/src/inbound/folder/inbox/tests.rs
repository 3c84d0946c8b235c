//! A folder on a real file system, and where its files go.

use std::time::Duration;

use tempfile::TempDir;

use super::*;

struct Site {
    folder: TempDir,
    inbox: Inbox,
}

impl Site {
    fn new(change: impl FnOnce(&mut WatchedFolder)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut settings = WatchedFolder::new(folder.path().to_owned());
        change(&mut settings);
        let inbox = Inbox::open(settings).expect("a folder that can be watched");
        Self { folder, inbox }
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.folder.path().join(name), content).expect("a writable folder");
    }

    /// A file as a look at the folder shows it.
    fn found(&self, name: &str) -> Found {
        let mut found = self.inbox.list().expect("a list").into_iter();
        found.find(|found| found.name == name).expect("the file is there")
    }

    fn take(&self, name: &str) -> InHand {
        let taken = self.inbox.take(&self.found(name)).expect("a rename");
        taken.expect("the file is there")
    }

    fn listed(&self) -> Vec<OsString> {
        self.inbox.list().expect("a list").into_iter().map(|found| found.name).collect()
    }

    /// The names of what lies in a folder below, sorted.
    fn names(&self, below: &str) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path().join(below)).expect("a folder");
        let name = |entry: io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
        let mut names: Vec<_> =
            entries.map(|entry| name(entry).into_string().expect("plain")).collect();
        names.sort();
        names
    }
}

/// Writes to a file as one does who has it open: at its end.
fn write_on(path: &Path) {
    let mut file = OpenOptions::new().append(true).open(path).expect("a file");
    file.write_all(b" and more").expect("a writable file");
}

#[test]
fn only_files_that_fit_and_hold_something_are_shown_in_their_order() {
    let site = Site::new(|_| ());
    for name in ["b.hl7", "a.HL7", "c.hl7.tmp", ".d.hl7"] {
        site.write(name, "x");
    }
    site.write("empty.hl7", "");
    fs::create_dir(site.folder.path().join("folder.hl7")).expect("a folder");
    std::os::unix::fs::symlink("/etc/hostname", site.folder.path().join("link.hl7"))
        .expect("a link");
    assert_eq!(site.listed(), ["a.HL7", "b.hl7"]);
}

#[test]
fn files_come_by_time_where_told_so() {
    let site = Site::new(|settings| settings.sort = FileSort::Time);
    for (name, age) in [("a.hl7", 1), ("b.hl7", 3), ("c.hl7", 2)] {
        site.write(name, "x");
        let path = site.folder.path().join(name);
        let file = File::options().write(true).open(path).expect("a file");
        let changed = SystemTime::now() - Duration::from_secs(age * 60);
        file.set_modified(changed).expect("a time");
    }
    assert_eq!(site.listed(), ["b.hl7", "c.hl7", "a.hl7"]);
}

#[test]
fn a_file_is_taken_by_one_and_put_away_under_its_name() {
    let site = Site::new(|_| ());
    site.write("a.hl7", "first");
    let found = site.found("a.hl7");
    let file = site.inbox.take(&found).expect("a rename").expect("the file is there");
    assert!(site.inbox.take(&found).expect("no fault").is_none());
    assert_eq!(site.names(TAKEN), ["a.hl7"]);
    assert_eq!(site.inbox.read(&file).ok().expect("bytes"), "first");
    site.inbox.put_away(&file).expect("a rename");
    assert_eq!((site.names(TAKEN), site.names("done")), (vec![], vec!["a.hl7".to_owned()]));
}

#[test]
fn a_file_never_takes_the_place_of_another() {
    let site = Site::new(|_| ());
    for content in ["first", "second", "third"] {
        site.write("a.hl7", content);
        site.inbox.put_away(&site.take("a.hl7")).expect("a rename");
    }
    let names = site.names("done");
    let mut contents: Vec<_> = names
        .iter()
        .map(|name| fs::read_to_string(site.folder.path().join("done").join(name)).expect("text"))
        .collect();
    contents.sort();
    assert_eq!(contents, ["first", "second", "third"]);
    let is_hl7 = |name: &String| Path::new(name).extension() == Some(OsStr::new("hl7"));
    assert!(names.iter().all(|name| name.starts_with('a') && is_hl7(name)), "{names:?}");
}

#[test]
fn a_file_is_deleted_where_told_so() {
    let site = Site::new(|settings| settings.when_done = WhenDone::Delete);
    site.write("a.hl7", "x");
    site.inbox.put_away(&site.take("a.hl7")).expect("a file to delete");
    assert_eq!(site.names("."), [TAKEN, "failed"]);
    assert_eq!(site.names(TAKEN), Vec::<String>::new());
}

#[test]
fn a_file_is_set_aside_with_its_reason_beside_it() {
    let site = Site::new(|_| ());
    site.write("a.hl7", "x");
    site.inbox.set_aside(&site.take("a.hl7"), &Reason::TooLarge { limit: 7 }).expect("a rename");
    assert_eq!(site.names("failed"), ["a.hl7", "a.hl7.reason"]);
    let reason = fs::read_to_string(site.folder.path().join("failed/a.hl7.reason")).expect("text");
    assert!(reason.starts_with("reason: too-large\n"), "{reason}");
}

#[test]
fn a_file_that_was_set_aside_or_put_away_is_so_when_asked_again() {
    let site = Site::new(|_| ());
    site.write("a.hl7", "x");
    site.write("b.hl7", "x");
    let (bad, good) = (site.take("a.hl7"), site.take("b.hl7"));
    for _ in 0..2 {
        assert_eq!(site.inbox.set_aside(&bad, &Reason::NoFile).expect("no fault"), None);
        assert_eq!(site.inbox.put_away(&good).expect("no fault"), Away::Done);
    }
    assert_eq!(site.names("failed"), ["a.hl7", "a.hl7.reason"]);
    assert_eq!(site.names("done"), ["b.hl7"]);
}

#[test]
fn folders_that_were_tidied_away_are_made_again() {
    let site = Site::new(|_| ());
    for below in ["done", "failed", TAKEN] {
        fs::remove_dir(site.folder.path().join(below)).expect("an empty folder");
    }
    site.write("a.hl7", "x");
    site.write("b.hl7", "x");
    site.inbox.set_aside(&site.take("a.hl7"), &Reason::NoFile).expect("a rename");
    site.inbox.put_away(&site.take("b.hl7")).expect("a rename");
    assert_eq!(site.names("failed"), ["a.hl7", "a.hl7.reason"]);
    assert_eq!(site.names("done"), ["b.hl7"]);
    let second = Inbox::open(WatchedFolder::new(site.folder.path().to_owned()));
    assert_eq!(second.err().map(|error| error.kind()), Some(ErrorKind::ResourceBusy));
}

#[test]
fn names_of_the_greatest_length_are_set_aside_and_put_away() {
    let site = Site::new(|_| ());
    for length in 249..=LONGEST_NAME {
        let name = format!("{}.hl7", "x".repeat(length - 4));
        // The second of each name gets the time into it.
        for _ in 0..2 {
            site.write(&name, "x");
            let unwritten = site.inbox.set_aside(&site.take(&name), &Reason::NoFile);
            assert_eq!(unwritten.expect("a rename"), None, "{length}");
            site.write(&name, "x");
            site.inbox.put_away(&site.take(&name)).expect("a rename");
        }
    }
    let reasons = site.names("failed").iter().filter(|name| name.ends_with(REASON)).count();
    assert_eq!((reasons, site.names("failed").len(), site.names("done").len()), (14, 28, 14));
}

#[test]
fn a_reason_never_takes_the_place_of_another_file() {
    let site = Site::new(|_| ());
    let kept = site.folder.path().join("failed/a.hl7.reason");
    fs::write(&kept, "a message of this name").expect("a writable folder");
    site.write("a.hl7", "x");
    site.inbox.set_aside(&site.take("a.hl7"), &Reason::NoFile).expect("a rename");
    assert_eq!(fs::read_to_string(&kept).expect("text"), "a message of this name");
    assert_eq!(site.names("failed").len(), 3, "the file and its reason have another name");
}

#[test]
fn a_reason_that_cannot_be_written_holds_no_file_up() {
    let site = Site::new(|_| ());
    site.write("a.hl7", "x");
    let file = site.take("a.hl7");
    let full = |_: &Path| Err(ErrorKind::StorageFull.into());
    let unwritten = site.inbox.set_aside_with(&file, full).expect("a rename");
    assert_eq!(unwritten, Some(ErrorKind::StorageFull));
    assert_eq!(site.names("failed"), ["a.hl7"]);
}

#[test]
fn a_file_over_the_limit_is_not_read() {
    let site = Site::new(|settings| settings.max_file_size = 4);
    site.write("a.hl7", "1234");
    site.write("b.hl7", "12345");
    assert_eq!(site.inbox.read(&site.take("a.hl7")).ok().expect("bytes"), "1234");
    assert!(matches!(site.inbox.read(&site.take("b.hl7")), Err(Unread::TooLarge)));
}

#[test]
fn a_link_that_takes_the_place_of_a_file_is_not_followed() {
    let site = Site::new(|_| ());
    site.write("a.hl7", "x");
    site.write("b.hl7", "x");
    let link = |path: &Path| {
        fs::remove_file(path).expect("a file");
        std::os::unix::fs::symlink("/etc/hostname", path).expect("a link");
    };
    let found = site.found("a.hl7");
    link(&site.folder.path().join("a.hl7"));
    assert!(site.inbox.take(&found).expect("no fault").is_none());
    let file = site.take("b.hl7");
    link(&file.path);
    assert!(matches!(site.inbox.read(&file), Err(Unread::Failed(_))));
}

#[test]
fn what_was_in_hand_is_found_at_the_next_start() {
    let site = Site::new(|_| ());
    site.write("b.hl7", "x");
    site.write("a.hl7", "x");
    site.take("b.hl7");
    site.take("a.hl7");
    let Site { folder, inbox } = site;
    drop(inbox);
    let inbox = Inbox::open(WatchedFolder::new(folder.path().to_owned())).expect("a folder");
    let left = inbox.left_behind().expect("a list");
    let names: Vec<_> = left.iter().map(InHand::name).collect();
    assert_eq!(names, ["a.hl7", "b.hl7"]);
}

#[test]
fn a_folder_has_one_engine() {
    let site = Site::new(|_| ());
    let second = Inbox::open(WatchedFolder::new(site.folder.path().to_owned()));
    assert_eq!(second.err().map(|error| error.kind()), Some(ErrorKind::ResourceBusy));
}

#[test]
fn a_folder_that_is_not_there_is_not_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let opened = Inbox::open(WatchedFolder::new(folder.path().join("share")));
    assert_eq!(opened.err().map(|error| error.kind()), Some(ErrorKind::NotFound));
    assert!(!folder.path().join("share").exists());
}

#[test]
fn a_file_that_was_written_to_since_it_lay_still_is_left_where_it_is() {
    let site = Site::new(|_| ());
    site.write("a.hl7", "half");
    let found = site.found("a.hl7");
    write_on(&site.folder.path().join("a.hl7"));
    assert!(site.inbox.take(&found).expect("no fault").is_none());
    assert_eq!(site.names(TAKEN), Vec::<String>::new());
}

#[test]
fn a_file_that_is_written_to_in_hand_is_not_read_and_goes_back() {
    let site = Site::new(|_| ());
    site.write("a.hl7", "half");
    let file = site.take("a.hl7");
    write_on(&file.path);
    assert!(matches!(site.inbox.read(&file), Err(Unread::Changed)));
    assert!(site.inbox.give_back(&file).expect("a rename"));
    assert_eq!(site.inbox.read(&site.take("a.hl7")).ok().expect("bytes"), "half and more");
}

#[test]
fn a_file_does_not_go_back_where_another_has_its_name() {
    let site = Site::new(|_| ());
    site.write("a.hl7", "first");
    let file = site.take("a.hl7");
    site.write("a.hl7", "second");
    assert!(!site.inbox.give_back(&file).expect("no fault"));
    assert_eq!(site.inbox.read(&file).ok().expect("bytes"), "first");
}

#[test]
fn a_file_that_was_written_to_after_it_was_read_is_neither_deleted_nor_done() {
    for when_done in [WhenDone::Delete, WhenDone::Move] {
        let site = Site::new(|settings| settings.when_done = when_done);
        site.write("a.hl7", "half");
        let file = site.take("a.hl7");
        assert_eq!(site.inbox.read(&file).ok().expect("bytes"), "half");
        write_on(&file.path);
        assert_eq!(site.inbox.put_away(&file).expect("no fault"), Away::WrittenOn);
        assert_eq!(fs::read_to_string(&file.path).expect("text"), "half and more");
    }
}

#[test]
fn a_goal_that_is_the_folder_itself_under_another_name_is_refused() {
    type Change = fn(&mut WatchedFolder, PathBuf);
    let (done, failed): (Change, Change) = (|to, path| to.done = path, |to, path| to.failed = path);
    for (change, leads_to) in [(done, "."), (failed, "."), (done, TAKEN), (failed, TAKEN)] {
        let folder = tempfile::tempdir().expect("a folder");
        let elsewhere = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join(TAKEN)).expect("a folder");
        let link = elsewhere.path().join("link");
        std::os::unix::fs::symlink(folder.path().join(leads_to), &link).expect("a link");
        let mut settings = WatchedFolder::new(folder.path().to_owned());
        change(&mut settings, link);
        let error = Inbox::open(settings).err().expect("no folder that can be watched");
        assert!(error.to_string().contains("would be taken again"), "{error}");
    }
}

#[test]
fn a_goal_that_another_listener_watches_is_refused_by_whatever_name() {
    type Change = fn(&mut WatchedFolder, PathBuf);
    let (done, failed): (Change, Change) = (|to, path| to.done = path, |to, path| to.failed = path);
    let below = tempfile::tempdir().expect("a folder");
    let watched = |name: &str| {
        let path = below.path().join(name);
        fs::create_dir_all(&path).expect("a folder");
        WatchedFolder::new(path)
    };
    let other = Inbox::open(watched("other")).expect("a folder that can be watched");
    let one = Inbox::open(watched("one")).expect("a folder that can be watched");
    one.is_apart_from(&other, &"other".into()).expect("nothing of it goes there");
    drop(one);
    for (change, leads_to) in
        [(done, "other"), (failed, "one/../other"), (done, "other/.wardline-taken")]
    {
        let mut settings = watched("one");
        change(&mut settings, below.path().join(leads_to));
        let one = Inbox::open(settings).expect("a folder that can be watched");
        let error =
            one.is_apart_from(&other, &"other".into()).expect_err("it would be taken again");
        assert!(error.to_string().contains("listener other watches it"), "{error}");
        other.is_apart_from(&one, &"one".into()).expect("nothing of the other comes here");
    }
}
