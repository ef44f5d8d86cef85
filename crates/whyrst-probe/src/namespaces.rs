//! The network namespaces of this host: those that a process is in, and those that have a name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Where `ip netns` and Docker name network namespaces, also those that no process holds.
pub const NAMED: [&str; 2] = ["/run/netns", "/run/docker/netns"];

/// Every network namespace by its inode, with a way to it.
pub(crate) fn all() -> BTreeMap<u32, PathBuf> {
    let entries = |folder: &str| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let of_processes = entries("/proc").map(|process| process.join("ns/net"));
    let named = NAMED.iter().flat_map(|folder| entries(folder));
    of_processes.chain(named).filter_map(|path| Some((inode(&path)?, path))).collect()
}

/// Their inodes alone, as `lsns -t net` shows them.
pub fn inodes() -> BTreeSet<u32> {
    all().into_keys().collect()
}

/// The inode of what stands there, as the kernel numbers a namespace.
pub(crate) fn inode(path: impl AsRef<Path>) -> Option<u32> {
    fs::metadata(path).ok().and_then(|data| u32::try_from(data.ino()).ok())
}
