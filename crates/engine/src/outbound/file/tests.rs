//! The folder of a file destination, on a real file system.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::outbound::testing::{delivery, message};

struct Site {
    folder: TempDir,
    writer: FileWriter,
}

impl Site {
    fn new(order: Order, template: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(template);
        let template = path.to_str().expect("plain").parse().expect("a template");
        Self {
            writer: FileWriter::new(Arc::from("archive"), template, order, Turn::default()),
            folder,
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Every file below the folder, by name, with its content.
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let entries = fs::read_dir(self.path()).expect("the folder");
        let mut files: Vec<_> = entries
            .map(|entry| {
                let entry = entry.expect("an entry");
                let name = entry.file_name().into_string().expect("plain");
                (name, fs::read(entry.path()).unwrap_or_default())
            })
            .collect();
        files.sort();
        files
    }

    fn names(&self) -> Vec<String> {
        self.files().into_iter().map(|(name, _)| name).collect()
    }
}

#[test]
fn a_message_becomes_a_file_with_exactly_its_bytes() {
    let site = Site::new(Order::Fifo, "{control_id}.hl7");
    assert_eq!(site.writer.write(&[delivery(1)]), [Filed::Delivered]);
    assert_eq!(site.files(), [("M1.hl7".to_owned(), delivery(1).body.to_vec())]);
}

#[test]
fn a_group_is_written_whole() {
    let site = Site::new(Order::Fifo, "{control_id}.hl7");
    let group: Vec<_> = (1..=40).map(delivery).collect();
    assert_eq!(site.writer.write(&group), vec![Filed::Delivered; 40]);
    assert_eq!(site.files().len(), 40);
}

#[test]
fn missing_folders_are_made() {
    let site = Site::new(Order::Fifo, "{message_type}/{sending_facility}/{control_id}.hl7");
    assert_eq!(site.writer.write(&[delivery(1), delivery(2)]), [Filed::Delivered; 2]);
    assert!(site.path().join("ADT/B/M1.hl7").is_file());
    assert!(site.path().join("ADT/B/M2.hl7").is_file());
}

#[test]
fn a_file_with_the_same_bytes_is_the_same_delivery_after_a_crash() {
    let site = Site::new(Order::Fifo, "{control_id}.hl7");
    site.writer.write(&[delivery(1)]);
    assert_eq!(site.writer.write(&[delivery(1)]), [Filed::Delivered]);
    assert_eq!(site.names(), ["M1.hl7"]);
}

#[test]
fn a_file_with_other_bytes_is_never_overwritten() {
    let site = Site::new(Order::Fifo, "{message_type}.hl7");
    let group = [delivery(1), delivery(2), delivery(3)];
    assert_eq!(site.writer.write(&group), [Filed::Delivered; 3]);
    assert_eq!(site.writer.write(&[delivery(2)]), [Filed::Delivered], "found under its number");
    assert_eq!(
        site.files(),
        [
            ("ADT-2.hl7".to_owned(), delivery(2).body.to_vec()),
            ("ADT-3.hl7".to_owned(), delivery(3).body.to_vec()),
            ("ADT.hl7".to_owned(), delivery(1).body.to_vec()),
        ]
    );
}

#[test]
fn a_file_of_the_same_length_with_other_bytes_is_told_apart() {
    let site = Site::new(Order::Fifo, "{message_type}.hl7");
    assert_eq!(message("M1").len(), message("M2").len());
    site.writer.write(&[delivery(1), delivery(2)]);
    assert_eq!(site.names(), ["ADT-2.hl7", "ADT.hl7"]);
}

#[test]
fn what_a_crash_left_half_written_is_replaced() {
    let site = Site::new(Order::Fifo, "{control_id}.hl7");
    fs::write(site.path().join(".wardline-archive-1.part"), b"half").expect("written");
    assert_eq!(site.writer.write(&[delivery(1)]), [Filed::Delivered]);
    assert_eq!(site.files(), [("M1.hl7".to_owned(), delivery(1).body.to_vec())]);
}

#[test]
fn something_else_in_place_of_the_file_is_left_alone() {
    let site = Site::new(Order::Fifo, "{control_id}.hl7");
    fs::create_dir(site.path().join("M1.hl7")).expect("made");
    assert_eq!(site.writer.write(&[delivery(1)]), [Filed::Delivered]);
    assert!(site.path().join("M1-2.hl7").is_file());
}

/// The second of three cannot be written: its folder's name is taken by a file.
fn three_with_a_bad_one(order: Order) -> (Site, Vec<Filed>) {
    let site = Site::new(order, "{control_id}/{id}.hl7");
    fs::write(site.path().join("M2"), b"in the way").expect("written");
    let filed = site.writer.write(&[delivery(1), delivery(2), delivery(3)]);
    (site, filed)
}

#[test]
fn order_1_nothing_is_renamed_behind_a_failure_in_a_lane() {
    let (site, filed) = three_with_a_bad_one(Order::Fifo);
    assert_eq!(filed, [Filed::Delivered, Filed::Failed(FileFault::Failed), Filed::NotTried]);
    assert!(!site.path().join("M3").exists());
}

#[test]
fn without_order_a_failure_stops_no_other() {
    let (site, filed) = three_with_a_bad_one(Order::None);
    assert_eq!(filed, [Filed::Delivered, Filed::Failed(FileFault::Failed), Filed::Delivered]);
    assert!(site.path().join("M3/3.hl7").is_file());
}

#[test]
fn a_draft_that_finds_no_place_leaves_nothing_behind() {
    let site = Site::new(Order::Fifo, "{control_id}.hl7");
    let draft = Draft::write(site.path().join("M1.hl7"), "archive", &delivery(1)).expect("written");
    assert_eq!(site.names(), [".wardline-archive-1.part"]);
    drop(draft);
    assert!(site.names().is_empty());
}

#[test]
fn a_folder_that_may_not_be_written_is_denied() {
    let site = Site::new(Order::Fifo, "closed/{control_id}.hl7");
    let closed = site.path().join("closed");
    fs::create_dir(&closed).expect("made");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).expect("set");
    let may_write_anywhere = rustix::process::geteuid().is_root();
    let expected =
        if may_write_anywhere { Filed::Delivered } else { Filed::Failed(FileFault::Denied) };
    assert_eq!(site.writer.write(&[delivery(1)]), [expected]);
}

#[test]
fn faults_are_told_by_kind_alone() {
    use std::io::{Error, ErrorKind};
    for (kind, expected) in [
        (ErrorKind::StorageFull, FileFault::NoSpace),
        (ErrorKind::QuotaExceeded, FileFault::NoSpace),
        (ErrorKind::PermissionDenied, FileFault::Denied),
        (ErrorKind::ReadOnlyFilesystem, FileFault::Denied),
        (ErrorKind::NotADirectory, FileFault::Failed),
    ] {
        assert_eq!(fault(&Error::from(kind)), expected, "{kind}");
    }
}

#[test]
fn the_writers_of_a_destination_take_turns() {
    let site = Site::new(Order::Fifo, "{control_id}.hl7");
    let writer = &site.writer;
    let next = FileWriter {
        destination: Arc::clone(&writer.destination),
        template: writer.template.clone(),
        order: writer.order.clone(),
        time_zone: writer.time_zone.clone(),
        turn: writer.turn.clone(),
    };
    let mut large = delivery(1);
    large.body = [&message("M1")[..], &vec![b'A'; 500_000]].concat().into();
    for _ in 0..50 {
        thread::scope(|scope| {
            let other = scope.spawn(|| next.write(std::slice::from_ref(&large)));
            assert_eq!(writer.write(std::slice::from_ref(&large)), [Filed::Delivered]);
            assert_eq!(other.join().expect("written"), [Filed::Delivered]);
        });
        assert_eq!(site.files(), [("M1.hl7".to_owned(), large.body.to_vec())]);
        fs::remove_file(site.path().join("M1.hl7")).expect("removed");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_however_often_its_parent_is_there() {
    let removed = tempfile::tempdir().expect("a folder");
    let open = fs::File::open(removed.path()).expect("open");
    removed.close().expect("removed");
    let nowhere = format!("/proc/self/fd/{}/below", std::os::fd::AsRawFd::as_raw_fd(&open));
    folders::make_folder(Path::new(&nowhere))
        .expect_err("what is below a removed folder is nowhere");
}
