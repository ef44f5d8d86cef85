//! Whose socket it is: the process, its command line, cgroup, container and unit.
//!
//! The probe knows process id, name and cgroup from the kernel, also when the process is gone. What
//! it does not know is read from `/proc` while the process lives.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use whyrst_core::socket::{Container, Process};

use crate::event::Who;
use crate::probe::{Probe, spaced};

/// Looks up what belongs to a process.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    cgroups: Cgroups,
}

impl Owners {
    /// The process called `who`; `None` when nobody knows one.
    pub(crate) fn process(&mut self, who: &Who, probe: &Probe) -> Option<Process> {
        if who.pid == 0 {
            return None;
        }
        let folder = PathBuf::from(format!("/proc/{}", who.pid));
        // A number that is in use again belongs to somebody else.
        let alive = fs::read_to_string(folder.join("comm")).is_ok_and(|comm| comm.trim_end() == who.comm);
        let living = |file: &str| alive.then(|| fs::read(folder.join(file)).ok())?;
        // A dying process has none any more.
        let cmdline = living("cmdline").map(|args| spaced(&args)).filter(|cmdline| !cmdline.is_empty());
        let cmdline = cmdline.or_else(|| probe.command_line(who.pid));
        let cgroup = living("cgroup").and_then(|text| hierarchy(&String::from_utf8_lossy(&text)));
        let cgroup = cgroup.or_else(|| self.cgroups.path(who.cgroup));
        Some(Process {
            pid: who.pid,
            comm: who.comm.clone(),
            cmdline,
            uid: who.uid.or_else(|| alive.then(|| fs::metadata(&folder).ok().map(|data| data.uid()))?),
            container: cgroup.as_deref().and_then(container),
            unit: cgroup.as_deref().and_then(unit),
            cgroup,
            ..Process::default()
        })
    }
}

/// Paths of the version 2 hierarchy by cgroup id, which is the inode of its folder.
#[derive(Debug, Default)]
struct Cgroups {
    paths: HashMap<u64, String>,
    read: Option<Instant>,
}

impl Cgroups {
    /// A system with many containers has some thousand cgroups: read again at most this often.
    const FRESH: Duration = Duration::from_secs(1);
    const DEEPEST: usize = 16;

    fn path(&mut self, id: u64) -> Option<String> {
        if id == 0 {
            return None;
        }
        if !self.paths.contains_key(&id) && self.read.is_none_or(|read| read.elapsed() > Self::FRESH) {
            self.read = Some(Instant::now());
            if let Some(root) = mount_point() {
                self.walk(&root, &root, 0);
            }
        }
        self.paths.get(&id).cloned()
    }

    fn walk(&mut self, root: &Path, folder: &Path, depth: usize) {
        let Ok(data) = fs::metadata(folder) else { return };
        let path = folder.strip_prefix(root).map(|path| format!("/{}", path.display())).unwrap_or_default();
        self.paths.insert(data.ino(), path);
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            if depth < Self::DEEPEST {
                self.walk(root, &entry.path(), depth + 1);
            }
        }
    }
}

/// Where the version 2 hierarchy is mounted: on hybrid systems not at `/sys/fs/cgroup`.
pub fn mount_point() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let mut lines = mounts.lines().map(|line| line.split(' '));
    lines.find_map(|mut words| {
        let (_, place, kind) = (words.next()?, words.next()?, words.next()?);
        (kind == "cgroup2").then(|| PathBuf::from(place))
    })
}

/// The most telling path of a `/proc/PID/cgroup`: version 2 where it is used, else the longest.
fn hierarchy(text: &str) -> Option<String> {
    let paths = || text.lines().filter_map(|line| line.splitn(3, ':').nth(2));
    let unified = text.lines().find_map(|line| line.strip_prefix("0::")).filter(|path| *path != "/");
    unified.or_else(|| paths().max_by_key(|path| path.len())).map(str::to_owned)
}

/// The container of a cgroup path, by the names that runtimes give their cgroups.
fn container(path: &str) -> Option<Container> {
    const SCOPES: &[(&str, &str)] =
        &[("docker-", "docker"), ("cri-containerd-", "containerd"), ("crio-", "cri-o"), ("libpod-", "podman")];
    let pod = path.split('/').find_map(pod_uid);
    let parts: Vec<&str> = path.split('/').collect();
    let by_scope = parts.iter().rev().find_map(|part| {
        let (id, runtime) = SCOPES.iter().find_map(|(prefix, runtime)| Some((part.strip_prefix(prefix)?, *runtime)))?;
        let id = id.strip_suffix(".scope").unwrap_or(id);
        is_id(id).then(|| (Some(runtime), id.to_owned()))
    });
    // cgroupfs driver: /docker/ID, /kubepods/burstable/podUID/ID
    let by_folder = || {
        let id = parts.iter().rposition(|part| is_id(part))?;
        let runtime = parts[..id].contains(&"docker").then_some("docker");
        Some((runtime, parts[id].to_owned()))
    };
    let (runtime, id) = by_scope.or_else(by_folder)?;
    Some(Container { runtime, id, pod })
}

fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `pod1234-...` or, from systemd, `kubepods-burstable-pod1234_....slice`.
fn pod_uid(part: &str) -> Option<String> {
    let part = part.strip_suffix(".slice").unwrap_or(part);
    let uid = part.rsplit_once("-pod").map_or_else(|| part.strip_prefix("pod"), |(_, uid)| Some(uid))?;
    let uid = uid.replace('_', "-");
    (uid.len() == 36 && uid.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')).then_some(uid)
}

fn unit(path: &str) -> Option<String> {
    let is_unit = |part: &&str| part.ends_with(".service") || part.ends_with(".socket");
    path.split('/').rev().find(is_unit).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "3f2ac0ffee3f2ac0ffee3f2ac0ffee3f2ac0ffee3f2ac0ffee3f2ac0ffee0123";

    #[test]
    fn containers_are_known_by_the_names_of_their_cgroups() {
        for (path, runtime) in [
            (format!("/docker/{ID}"), Some("docker")),
            (format!("/system.slice/docker-{ID}.scope"), Some("docker")),
            (format!("/machine.slice/libpod-{ID}.scope/container"), Some("podman")),
            (format!("/kubepods.slice/cri-containerd-{ID}.scope"), Some("containerd")),
            (format!("/kubepods.slice/crio-{ID}.scope"), Some("cri-o")),
            (format!("/kubepods/burstable/pod8b1f0a4e-1111-2222-3333-444455556666/{ID}"), None),
        ] {
            let container = container(&path).expect(&path);
            assert_eq!((container.id.as_str(), container.runtime), (ID, runtime), "{path}");
        }
        assert_eq!(container("/system.slice/nginx.service"), None);
    }

    #[test]
    fn a_pod_is_known_in_both_spellings() {
        let uid = Some("8b1f0a4e-1111-2222-3333-444455556666".to_owned());
        assert_eq!(pod_uid("pod8b1f0a4e-1111-2222-3333-444455556666"), uid);
        assert_eq!(pod_uid("kubepods-burstable-pod8b1f0a4e_1111_2222_3333_444455556666.slice"), uid);
        assert_eq!(pod_uid("podman.service"), None);
    }

    #[test]
    fn the_version_2_path_is_taken_where_it_says_something() {
        assert_eq!(
            hierarchy("1:name=systemd:/system.slice/a.service\n0::/\n").as_deref(),
            Some("/system.slice/a.service")
        );
        assert_eq!(hierarchy("1:cpu:/long/long/path\n0::/x\n").as_deref(), Some("/x"));
        assert_eq!(unit("/system.slice/nginx.service").as_deref(), Some("nginx.service"));
    }
}
