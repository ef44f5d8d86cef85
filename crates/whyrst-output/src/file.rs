//! A file that is written: the one place where whyrst opens a file under a name that somebody gave.
//!
//! - A command never writes over what it reads (`explain F -o F`), nor twice into one file. A file has many names, so it is
//!   known by its device and inode.
//! - Nobody meets half a file, or another in the middle of being replaced: a new file gets the name, by rename(2).
//! - Root is not led into somebody else's file. Who may write into a folder can lay a symbolic link there (CWE-59), so
//!   root follows none, and neither replaces nor opens what another user owns.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::unistd::Uid;
use tempfile::NamedTempFile;

use crate::held_up::{opening, writing};

/// What a new file may be for whom, less the umask.
const ORDINARY: u32 = 0o666;

/// Why a file is not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// It would be written over while it is read, or after.
    #[error("cannot write {}: this command reads it", .0.display())]
    Read(PathBuf),
    /// Two options name it.
    #[error("cannot write {}: this command writes into it already", .0.display())]
    Twice(PathBuf),
    /// Where it leads is up to whoever made it.
    #[error("cannot write {}: it is a symbolic link, and root follows none: name the file itself", .0.display())]
    Link(PathBuf),
    /// It is not ours.
    #[error("cannot write {}: it belongs to user {owner}, and root writes over no other user's file", path.display())]
    Owner {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
    },
    /// The system said no.
    #[error("cannot write {}: {cause}", path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

/// Device and inode.
type FileId = (u64, u64);

fn id(of: &Metadata) -> FileId {
    (of.dev(), of.ino())
}

/// Where a command may write: not over what it reads or writes already.
#[derive(Clone, Debug, Default)]
pub struct Places {
    read: BTreeSet<FileId>,
    written: BTreeSet<(FileId, OsString)>,
}

impl Places {
    /// For a command that reads these files; `-` is standard input.
    pub fn beside<P: AsRef<Path>>(read: impl IntoIterator<Item = P>) -> Self {
        let mut places = Self::default();
        places.read(read);
        places
    }

    /// It reads these files as well.
    pub fn read<P: AsRef<Path>>(&mut self, read: impl IntoIterator<Item = P>) {
        let standard = Path::new("/proc/self/fd/0");
        let path =
            |path: &P| if path.as_ref() == Path::new("-") { standard.to_owned() } else { path.as_ref().to_owned() };
        // What is not there is nothing that could be lost.
        self.read.extend(read.into_iter().filter_map(|one| fs::metadata(path(&one)).ok()).map(|data| id(&data)));
    }

    /// The place at `path`, which from now on is taken.
    pub fn place(&mut self, path: &Path) -> Result<Place, WriteError> {
        if fs::metadata(path).is_ok_and(|there| self.read.contains(&id(&there))) {
            return Err(WriteError::Read(path.to_owned()));
        }
        // Into a device, several may write.
        let is_file = fs::metadata(path).map_or(true, |there| there.is_file());
        let folder = fs::metadata(folder_of(path)).ok().filter(|_| is_file);
        if let (Some(folder), Some(name)) = (folder, path.file_name())
            && !self.written.insert((id(&folder), name.to_owned()))
        {
            return Err(WriteError::Twice(path.to_owned()));
        }
        Ok(Place { path: path.to_owned() })
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Where a file is to be written.
#[derive(Clone, Debug)]
pub struct Place {
    path: PathBuf,
}

/// What there is already.
enum There {
    Nothing,
    /// A file, which will be replaced.
    Regular(Metadata),
    /// A pipe or a device, which has to be opened as it is.
    Special(Metadata),
}

impl Place {
    /// Its name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file that gets its name when it is [complete](WrittenFile::finish).
    pub fn whole(&self) -> Result<WrittenFile, WriteError> {
        let there = self.look(Uid::effective())?;
        if let There::Special(seen) = there {
            return self.open(&seen).map(|file| self.written(Form::There(file)));
        }
        self.beside(&there).map(|file| self.written(Form::Beside(file)))
    }

    /// A file that others may read while it grows.
    pub fn growing(&self) -> Result<WrittenFile, WriteError> {
        let there = self.look(Uid::effective())?;
        if let There::Special(seen) = there {
            return self.open(&seen).map(|file| self.written(Form::There(file)));
        }
        let file = self.beside(&there)?.persist(&self.path).map_err(|error| self.system(error.error))?;
        Ok(self.written(Form::There(file)))
    }

    fn written(&self, form: Form) -> WrittenFile {
        WrittenFile { form, path: self.path.clone() }
    }

    /// Whether `user` may write there.
    fn look(&self, user: Uid) -> Result<There, WriteError> {
        let link = match fs::symlink_metadata(&self.path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(There::Nothing),
            link => link.map_err(|cause| self.system(cause))?,
        };
        // A link that leads nowhere is replaced, as one that leads to a file is.
        let seen = fs::metadata(&self.path).unwrap_or_else(|_| link.clone());
        let is_special = !seen.is_file() && !seen.is_dir() && !seen.is_symlink();
        if user.is_root() {
            // `/dev/stdout` is a link of root's to what standard output is.
            if link.is_symlink() && !(is_special && link.uid() == 0) {
                return Err(WriteError::Link(self.path.clone()));
            }
            // A terminal belongs to whoever sits there.
            if seen.uid() != 0 && !seen.file_type().is_char_device() {
                return Err(WriteError::Owner { path: self.path.clone(), owner: seen.uid() });
            }
        }
        Ok(if is_special { There::Special(seen) } else { There::Regular(seen) })
    }

    /// A new file beside its place: hidden, and of no ending that a reader of the folder would look for.
    fn beside(&self, there: &There) -> Result<NamedTempFile, WriteError> {
        let mode = match there {
            There::Regular(seen) if seen.is_file() => seen.mode() & 0o777,
            _ => ORDINARY,
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".part").suffix(".tmp").permissions(Permissions::from_mode(mode));
        // Its error names the temporary file, which is nobody's business.
        let kind = |error: io::Error| self.system(io::Error::from(error.kind()));
        builder.tempfile_in(folder_of(&self.path)).map_err(kind)
    }

    /// Opens what was seen, and nothing that was put into its place since.
    fn open(&self, seen: &Metadata) -> Result<File, WriteError> {
        // A pipe is open when somebody reads it.
        let file = opening(|| File::options().write(true).custom_flags(OFlag::O_NOCTTY.bits()).open(&self.path));
        let file = file.map_err(|cause| self.system(cause))?;
        let opened = file.metadata().map_err(|cause| self.system(cause))?;
        if opened.is_file() || (id(&opened) != id(seen) && Uid::effective().is_root()) {
            return Err(self.system(io::Error::other("it was replaced while it was opened")));
        }
        Ok(file)
    }

    fn system(&self, cause: io::Error) -> WriteError {
        WriteError::System { path: self.path.clone(), cause }
    }
}

/// A file that is being written. Nothing of it is buffered here.
#[derive(Debug)]
pub struct WrittenFile {
    form: Form,
    path: PathBuf,
}

#[derive(Debug)]
enum Form {
    /// It has another name until it is complete.
    Beside(NamedTempFile),
    /// It has its name.
    There(File),
}

impl WrittenFile {
    /// The name that it has or will have.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Completes it: it has its name now. Whoever drops it instead leaves everything as it was.
    pub fn finish(self) -> Result<(), WriteError> {
        match self.form {
            Form::There(_) => Ok(()),
            Form::Beside(file) => {
                let system = |cause| WriteError::System { path: self.path.clone(), cause };
                file.persist(&self.path).map(drop).map_err(|error| system(error.error))
            }
        }
    }
}

impl Write for WrittenFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.form {
            Form::Beside(file) => writing(|| file.write(bytes)),
            Form::There(file) => writing(|| file.write(bytes)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.form {
            Form::Beside(file) => file.flush(),
            Form::There(file) => file.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{chown, symlink};

    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn put(place: &Place, text: &str) {
        let mut file = place.whole().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.finish().unwrap();
    }

    #[test]
    fn what_is_read_is_not_written_whatever_it_is_called() {
        let folder = folder();
        let [read, hard, soft] = ["read", "hard", "soft"].map(|name| folder.path().join(name));
        fs::write(&read, "a capture").unwrap();
        fs::hard_link(&read, &hard).unwrap();
        symlink(&read, &soft).unwrap();
        let mut places = Places::beside([&read]);
        for path in [&read, &hard, &soft] {
            assert!(matches!(places.place(path), Err(WriteError::Read(_))), "{}", path.display());
        }
        let roundabout = folder.path().join("../").join(folder.path().file_name().unwrap()).join("read");
        assert!(matches!(places.place(&roundabout), Err(WriteError::Read(_))));
        assert!(places.place(&folder.path().join("other")).is_ok());
    }

    #[test]
    fn nothing_is_written_twice() {
        let folder = folder();
        let mut places = Places::default();
        assert!(places.place(&folder.path().join("out")).is_ok());
        let again = places.place(&folder.path().join(".").join("out"));
        assert!(matches!(again, Err(WriteError::Twice(_))));
        assert!(places.place(Path::new("/dev/null")).is_ok() && places.place(Path::new("/dev/null")).is_ok());
    }

    #[test]
    fn a_file_has_its_name_when_it_is_complete_and_keeps_its_mode() {
        let folder = folder();
        let path = folder.path().join("out");
        fs::write(&path, "before").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let before = File::open(&path).unwrap().metadata().unwrap();
        let place = Places::default().place(&path).unwrap();
        let mut file = place.whole().unwrap();
        file.write_all(b"after").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        file.finish().unwrap();
        let after = fs::metadata(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "after");
        assert_eq!(after.mode() & 0o777, 0o600);
        assert_ne!(before.ino(), after.ino());
        drop(place.whole().unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else stays");
    }

    #[test]
    fn a_growing_file_is_a_new_one_under_the_old_name() {
        let folder = folder();
        let path = folder.path().join("out");
        fs::write(&path, "before").unwrap();
        let mut reader = File::open(&path).unwrap();
        let mut file = Places::default().place(&path).unwrap().growing().unwrap();
        file.write_all(b"now").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "now");
        let mut read = String::new();
        io::Read::read_to_string(&mut reader, &mut read).unwrap();
        assert_eq!(read, "before");
    }

    #[test]
    fn root_follows_no_link_and_leaves_the_files_of_others() {
        let folder = folder();
        let [victim, link, lost] = ["victim", "link", "lost"].map(|name| folder.path().join(name));
        fs::write(&victim, "theirs").unwrap();
        symlink(&victim, &link).unwrap();
        symlink(folder.path().join("nowhere"), &lost).unwrap();
        let place = |path: &Path| Place { path: path.to_owned() };
        for path in [&link, &lost] {
            assert!(matches!(place(path).look(Uid::from_raw(0)), Err(WriteError::Link(_))), "{}", path.display());
        }
        assert!(place(&link).look(Uid::from_raw(1000)).is_ok(), "an ordinary user's link is replaced");
        assert!(matches!(place(Path::new("/dev/null")).look(Uid::from_raw(0)), Ok(There::Special(_))));
        if Uid::effective().is_root() {
            chown(&victim, Some(1000), None).unwrap();
            let refused = place(&victim).look(Uid::from_raw(0));
            assert!(matches!(refused, Err(WriteError::Owner { owner: 1000, .. })));
        }
        put(&place(&folder.path().join("new")), "ours");
        assert_eq!(fs::read_to_string(&victim).unwrap(), "theirs");
    }
}
