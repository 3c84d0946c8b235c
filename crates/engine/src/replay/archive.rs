//! The jobs on the disk: `<data_dir>/replay/`, for their owner alone.
//!
//! ```text
//!   7.json      the job: written under another name, synced, renamed, whenever it has come further
//!   7.list      the numbers of its messages, one a line: written once, before the job; gone when the job has ended
//!   7.edited    the new bytes of an edited copy: the same
//! ```
//!
//! A job is there when its `.json` is; what a crash left without one is removed by the next start. Everything here blocks.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use wardline_store::MessageId;

use super::job::Job;

const JOB: &str = "json";
const LIST: &str = "list";
const EDITED: &str = "edited";
const UNFINISHED: &str = "part";

/// The folder of all jobs.
#[derive(Debug, Clone)]
pub(super) struct Archive {
    folder: PathBuf,
}

/// What a job works through.
#[derive(Debug, Clone)]
pub(super) struct Work {
    pub(super) list: Vec<MessageId>,
    pub(super) edited: Option<Bytes>,
}

/// What a start found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) jobs: Vec<Job>,
    /// Numbers whose job cannot be read: they are not given again.
    pub(super) unreadable: Vec<u64>,
}

impl Archive {
    pub(super) fn in_folder(data_dir: &Path) -> Self {
        Self { folder: data_dir.join("replay") }
    }

    /// All jobs that are there. What is left of one that never was is removed.
    pub(super) fn load(&self) -> io::Result<Found> {
        let mut found = Found::default();
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(found),
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            let Some(job) = stem.and_then(|stem| stem.parse::<u64>().ok()) else { continue };
            match path.extension().and_then(|extension| extension.to_str()) {
                Some(JOB) => match read_job(&path) {
                    Ok(read) if read.number == job => found.jobs.push(read),
                    Ok(_) | Err(_) => found.unreadable.push(job),
                },
                Some(LIST | EDITED) if !self.path(job, JOB).exists() => fs::remove_file(&path)?,
                Some(UNFINISHED) => fs::remove_file(&path)?,
                Some(_) | None => {}
            }
        }
        Ok(found)
    }

    /// Keeps a new job: it is there, after a crash as well, when this returns. None takes the place of another.
    pub(super) fn begin(&self, job: &Job, work: &Work) -> io::Result<()> {
        match DirBuilder::new().mode(0o700).create(&self.folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            Ok(()) | Err(_) => {}
        }
        if let Some(parent) = self.folder.parent() {
            sync_folder(parent)?;
        }
        if self.path(job.number, JOB).try_exists()? {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let begun = self.write_work(job.number, work).and_then(|()| self.save(job));
        if begun.is_err() {
            // It never was: nothing of it stays, least of all content.
            for kind in [JOB, EDITED, LIST, UNFINISHED] {
                if let Err(error) = remove(&self.path(job.number, kind)) {
                    tracing::error!(%error, job = job.number, "what is left of a replay that did not begin cannot be removed");
                }
            }
        }
        begun
    }

    fn write_work(&self, job: u64, work: &Work) -> io::Result<()> {
        let write_list = |file: &mut dyn Write| {
            work.list.iter().try_for_each(|message| writeln!(file, "{message}"))
        };
        self.write(job, LIST, &write_list)?;
        let edited = work.edited.as_ref();
        edited.map_or(Ok(()), |edited| self.write(job, EDITED, &|file| file.write_all(edited)))
    }

    /// Keeps how a job stands.
    pub(super) fn save(&self, job: &Job) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(job)?;
        self.write(job.number, JOB, &|file| file.write_all(&text))?;
        if job.state.has_ended() {
            return [EDITED, LIST].iter().try_for_each(|kind| remove(&self.path(job.number, kind)));
        }
        Ok(())
    }

    /// What a job works through.
    pub(super) fn work(&self, job: &Job) -> io::Result<Work> {
        let lines = BufReader::new(File::open(self.path(job.number, LIST))?).lines();
        let no_number = |_| io::Error::from(ErrorKind::InvalidData);
        let list = lines.map(|line| line?.parse().map_err(no_number)).collect::<io::Result<_>>()?;
        let edited = job.edited.then(|| fs::read(self.path(job.number, EDITED)).map(Bytes::from));
        Ok(Work { list, edited: edited.transpose()? })
    }

    /// Forgets a job.
    pub(super) fn forget(&self, job: u64) -> io::Result<()> {
        [JOB, EDITED, LIST].into_iter().try_for_each(|kind| remove(&self.path(job, kind)))
    }

    fn path(&self, job: u64, kind: &str) -> PathBuf {
        self.folder.join(format!("{job}.{kind}"))
    }

    /// All of a file, or what was there before.
    fn write(
        &self,
        job: u64,
        kind: &str,
        content: &dyn Fn(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let (target, draft) = (self.path(job, kind), self.path(job, UNFINISHED));
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        let mut file = BufWriter::new(file);
        content(&mut file)?;
        file.flush()?;
        file.get_ref().sync_all()?;
        fs::rename(&draft, &target)?;
        sync_folder(&self.folder)
    }
}

fn read_job(path: &Path) -> io::Result<Job> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use jiff::Timestamp;

    use super::*;
    use crate::control::protocol::{
        DEFAULT_RATE, EditedBody, ReplayMode, ReplayOrder, ReplayState,
    };
    use crate::replay::job::Stopped;

    fn id(number: u64) -> MessageId {
        MessageId::from_number(number).expect("not 0")
    }

    fn edited_copy() -> (Job, Work) {
        let body = Bytes::from_static(b"MSH|\xe4\r");
        let order = ReplayOrder {
            messages: vec![id(3)],
            ranges: Vec::new(),
            search: None,
            list: None,
            mode: ReplayMode::Reprocess,
            destinations: Vec::new(),
            edited: Some(EditedBody(body.clone())),
            rate: DEFAULT_RATE,
        };
        let who = ("ann".to_owned(), "a wrong ward".to_owned());
        let job = Job::new(4, &order, who, None, Timestamp::UNIX_EPOCH);
        (job, Work { list: vec![id(3)], edited: Some(body) })
    }

    #[test]
    fn a_job_and_its_work_are_there_again_for_their_owner_alone() {
        let data = tempfile::tempdir().expect("a folder");
        let archive = Archive::in_folder(data.path());
        let (mut job, work) = edited_copy();
        archive.begin(&job, &work).expect("kept");
        for kind in [JOB, LIST, EDITED] {
            let mode = fs::metadata(archive.path(4, kind)).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{kind}");
        }
        let found = archive.load().expect("read");
        assert_eq!((&found.jobs[..], found.unreadable.len()), (&[job.clone()][..], 0));
        let read = archive.work(&job).expect("read");
        assert_eq!((read.list, read.edited), (work.list, work.edited));
        let stopped = Stopped { by: "ann".to_owned(), because: "wrong".to_owned() };
        job.stop(ReplayState::Cancelled, stopped, Timestamp::UNIX_EPOCH);
        archive.save(&job).expect("kept");
        assert!(!archive.path(4, EDITED).exists(), "no content outlives its job");
        assert!(!archive.path(4, LIST).exists(), "nobody reads what it was about any more");
        archive.forget(4).expect("removed");
        assert_eq!(fs::read_dir(data.path().join("replay")).expect("there").count(), 0);
    }

    #[test]
    fn no_job_takes_the_place_of_another() {
        let data = tempfile::tempdir().expect("a folder");
        let archive = Archive::in_folder(data.path());
        let (job, work) = edited_copy();
        archive.begin(&job, &work).expect("kept");
        let other = Work { list: vec![id(8)], edited: None };
        let refused = archive.begin(&job, &other).expect_err("there is one");
        assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
        assert_eq!(archive.work(&job).expect("read").list, work.list);
    }

    #[test]
    fn a_job_that_could_not_begin_leaves_nothing() {
        let data = tempfile::tempdir().expect("a folder");
        let archive = Archive::in_folder(data.path());
        let (job, work) = edited_copy();
        fs::create_dir_all(archive.path(4, EDITED)).expect("made");
        archive.begin(&job, &work).expect_err("a folder is in the way of its content");
        let left = fs::read_dir(data.path().join("replay")).expect("there");
        let left: Vec<_> = left.flatten().map(|entry| entry.file_name()).collect();
        assert_eq!(left, ["4.edited"], "but what was there before");
    }

    #[test]
    fn what_a_crash_left_of_a_job_that_never_was_is_removed_and_a_damaged_one_told() {
        let data = tempfile::tempdir().expect("a folder");
        let archive = Archive::in_folder(data.path());
        let (job, work) = edited_copy();
        archive.begin(&job, &work).expect("kept");
        fs::remove_file(archive.path(4, JOB)).expect("removed");
        fs::write(archive.path(9, JOB), "{").expect("written");
        fs::write(archive.path(10, UNFINISHED), "{").expect("written");
        let found = archive.load().expect("read");
        assert_eq!((found.jobs.len(), &found.unreadable[..]), (0, &[9][..]));
        let left: Vec<_> = fs::read_dir(data.path().join("replay")).expect("there").collect();
        assert_eq!(left.len(), 1, "what is damaged is somebody's to look at");
    }
}
