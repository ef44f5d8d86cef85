//! Network namespaces without external programs: as root directly, otherwise inside a user
//! namespace in which the caller is root.

use std::fs::{self, File};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::{getegid, geteuid};

use crate::error::{LabError, Tried};

/// A network namespace, alive as long as this value.
#[derive(Debug)]
pub(crate) struct Netns {
    handle: File,
}

impl Netns {
    /// The one this thread is in.
    pub(crate) fn current() -> Result<Self, LabError> {
        let path = "/proc/thread-self/ns/net";
        File::open(path).tried(|| format!("open {path}")).map(|handle| Self { handle })
    }

    /// Makes a new one and enters it.
    pub(crate) fn fresh() -> Result<Self, LabError> {
        match unshare(CloneFlags::CLONE_NEWNET) {
            Err(Errno::EPERM) => enter_user_namespace()?,
            result => result.tried(|| "make a network namespace".into())?,
        }
        Self::current()
    }

    /// What names it: 0 when the system does not say.
    pub(crate) fn inode(&self) -> u32 {
        self.handle.metadata().ok().and_then(|data| u32::try_from(data.ino()).ok()).unwrap_or_default()
    }

    /// Moves this thread into it.
    pub(crate) fn enter(&self) -> Result<(), LabError> {
        setns(&self.handle, CloneFlags::CLONE_NEWNET).tried(|| "enter a network namespace of the lab".into())
    }
}

impl AsFd for Netns {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }
}

/// Fails unless this process has exactly one thread. One that was joined a moment ago may still be
/// listed, so it looks for a while.
pub(crate) fn ensure_single_thread() -> Result<(), LabError> {
    let patience = Instant::now() + Duration::from_millis(200);
    loop {
        let threads = fs::read_dir("/proc/self/task").tried(|| "list /proc/self/task".into())?.count();
        if threads == 1 {
            return Ok(());
        }
        if Instant::now() > patience {
            return Err(LabError::ManyThreads { threads });
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Becomes root of a new user namespace, and enters a network namespace owned by it. There is no
/// way back: the process stays there.
fn enter_user_namespace() -> Result<(), LabError> {
    let (uid, gid) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET).map_err(|cause| LabError::NoNamespace { cause })?;
    write_map("setgroups", "deny")?;
    write_map("uid_map", &format!("0 {uid} 1"))?;
    write_map("gid_map", &format!("0 {gid} 1"))
}

fn write_map(name: &str, value: &str) -> Result<(), LabError> {
    let path = format!("/proc/self/{name}");
    fs::write(&path, value).tried(|| format!("write \"{value}\" to {path}"))
}

/// Sets a sysctl of the network namespace that this thread is in; one that this kernel does not
/// have is passed over.
pub(crate) fn set_sysctl(name: &str, value: &str) -> Result<(), LabError> {
    match fs::write(sysctl_path(name), value) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        result => result.tried(|| format!("set sysctl {name} to {value}")),
    }
}

/// The file behind a sysctl.
pub(crate) fn sysctl_path(name: &str) -> String {
    format!("/proc/sys/{}", name.replace('.', "/"))
}
