//! What a process belongs to, by the path of its cgroup: a container, a pod, a unit of systemd.
//!
//! Runtimes name the cgroups that they make; nothing else on a host says so surely, without asking
//! a daemon. Each form is one that the runtime documents, or that its source builds.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use whyrst_core::socket::Container;

/// Prefixes of systemd scopes and of folders that hold a container's id.
const PREFIXES: &[(&str, &str)] = &[
    // dockerd, systemd driver: /system.slice/docker-ID.scope
    ("docker-", "docker"),
    // containerd's CRI plugin: /kubepods.slice/.../cri-containerd-ID.scope
    ("cri-containerd-", "containerd"),
    // nerdctl: /system.slice/nerdctl-ID.scope
    ("nerdctl-", "containerd"),
    // CRI-O, both drivers; its monitor is crio-conmon-ID.scope and no container
    ("crio-", "cri-o"),
    // podman, also without root; its monitor is libpod-conmon-ID.scope
    ("libpod-", "podman"),
];
/// Folders above a bare id: cgroupfs drivers.
const FOLDERS: &[(&str, &str)] = &[("docker", "docker"), ("libpod_parent", "podman"), ("default", "containerd")];

/// The container of a cgroup path.
pub(crate) fn container(path: &str) -> Option<Container> {
    // A container within a container: the innermost is meant.
    let parts: Vec<&str> = path.split('/').collect();
    let named = |part: &&str| by_prefix(part).or_else(|| by_colons(part));
    let (runtime, id) = parts.iter().rev().find_map(named).or_else(|| by_folder(&parts))?;
    Some(Container { runtime, id, pod: parts.iter().find_map(|part| pod_uid(part)) })
}

type Named = (Option<&'static str>, String);

fn by_prefix(part: &str) -> Option<Named> {
    let (id, runtime) = PREFIXES.iter().find_map(|(prefix, runtime)| Some((part.strip_prefix(prefix)?, *runtime)))?;
    let id = id.strip_suffix(".scope").unwrap_or(id);
    is_id(id).then(|| (Some(runtime), id.to_owned()))
}

/// containerd with a systemd parent and the cgroupfs driver: `SLICE:cri-containerd:ID`.
fn by_colons(part: &str) -> Option<Named> {
    let (rest, id) = part.rsplit_once(':')?;
    let (_, name) = rest.rsplit_once(':')?;
    let runtime =
        PREFIXES.iter().find(|(prefix, _)| prefix.strip_suffix('-') == Some(name)).map(|(_, runtime)| *runtime);
    is_id(id).then(|| (runtime, id.to_owned()))
}

/// `/docker/ID`, `/kubepods/burstable/podUID/ID`.
fn by_folder(parts: &[&str]) -> Option<Named> {
    let at = parts.iter().rposition(|part| is_id(part))?;
    let above = *parts.get(at.checked_sub(1)?)?;
    let runtime = FOLDERS.iter().find(|(folder, _)| *folder == above).map(|(_, runtime)| *runtime);
    Some((runtime, parts[at].to_owned()))
}

fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `pod1234-...` or, from systemd, `kubepods-burstable-pod1234_....slice`. Pods from a file of the
/// kubelet have a hash without dashes.
fn pod_uid(part: &str) -> Option<String> {
    let part = part.split(':').next()?;
    let part = part.strip_suffix(".slice").unwrap_or(part);
    let uid = part.rsplit_once("-pod").map_or_else(|| part.strip_prefix("pod"), |(_, uid)| Some(uid))?;
    let uid = uid.replace('_', "-");
    let hex = uid.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    (hex && (uid.len() == 36 || uid.len() == 32 && !uid.contains('-'))).then_some(uid)
}

/// The systemd unit of a cgroup path: the innermost that is not a container's.
pub(crate) fn unit(path: &str) -> Option<String> {
    let is_unit = |part: &&str| {
        [".service", ".socket", ".scope"].iter().any(|kind| part.ends_with(kind)) && by_prefix(part).is_none()
    };
    path.split('/').rev().find(is_unit).map(str::to_owned)
}

/// The most specific path of a `/proc/PID/cgroup`: version 2 where it is used, else the longest.
pub(crate) fn hierarchy(text: &str) -> Option<String> {
    let paths = || text.lines().filter_map(|line| line.splitn(3, ':').nth(2));
    let unified = text.lines().find_map(|line| line.strip_prefix("0::")).filter(|path| *path != "/");
    unified.or_else(|| paths().max_by_key(|path| path.len())).map(str::to_owned)
}

/// Paths of the version 2 hierarchy by cgroup id, which is the inode of its folder.
#[derive(Debug, Default)]
pub(crate) struct Cgroups {
    paths: HashMap<u64, String>,
    read: Option<Instant>,
}

impl Cgroups {
    /// A system with many containers has some thousand cgroups: read again at most this often.
    const FRESH: Duration = Duration::from_secs(1);
    const DEEPEST: usize = 16;

    pub(crate) fn path(&mut self, id: u64) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "3f2ac0ffee3f2ac0ffee3f2ac0ffee3f2ac0ffee3f2ac0ffee3f2ac0ffee0123";
    const POD: &str = "8b1f0a4e-1111-2222-3333-444455556666";

    #[test]
    fn containers_are_known_by_the_names_of_their_cgroups() {
        for (path, runtime) in [
            (format!("/docker/{ID}"), Some("docker")),
            (format!("/system.slice/docker-{ID}.scope"), Some("docker")),
            (format!("/docker/{ID}/system.slice/nginx.service"), Some("docker")),
            (format!("/machine.slice/libpod-{ID}.scope/container"), Some("podman")),
            (
                format!("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope/container"),
                Some("podman"),
            ),
            (format!("/libpod_parent/libpod-{ID}"), Some("podman")),
            (format!("/kubepods.slice/cri-containerd-{ID}.scope"), Some("containerd")),
            (format!("/system.slice/nerdctl-{ID}.scope"), Some("containerd")),
            (format!("/default/{ID}"), Some("containerd")),
            (format!("/kubepods.slice/crio-{ID}.scope"), Some("cri-o")),
            (format!("/kubepods/besteffort/pod{POD}/crio-{ID}"), Some("cri-o")),
            (format!("/kubepods/burstable/pod{POD}/{ID}"), None),
            (format!("/ecs/0123456789abcdef/{ID}"), None),
        ] {
            let container = container(&path).expect(&path);
            assert_eq!((container.id.as_str(), container.runtime), (ID, runtime), "{path}");
        }
    }

    #[test]
    fn neither_units_nor_monitors_are_containers() {
        for path in [
            "/system.slice/nginx.service".to_owned(),
            "/".into(),
            format!("/machine.slice/libpod-conmon-{ID}.scope"),
            format!("/system.slice/crio-conmon-{ID}.scope"),
            "/system.slice/docker-1234.scope".into(),
        ] {
            assert_eq!(container(&path), None, "{path}");
        }
    }

    #[test]
    fn a_pod_is_known_in_every_spelling() {
        let underscores = POD.replace('-', "_");
        let hash = "d41d8cd98f00b204e9800998ecf8427e";
        for (path, pod) in [
            (format!("/kubepods/burstable/pod{POD}/{ID}"), POD),
            (format!("/kubepods/pod{POD}/{ID}"), POD),
            (
                format!(
                    "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{underscores}.slice/cri-containerd-{ID}.scope"
                ),
                POD,
            ),
            (format!("/kubepods.slice/kubepods-pod{underscores}.slice/crio-{ID}.scope"), POD),
            (format!("/system.slice/containerd.service/kubepods-pod{underscores}.slice:cri-containerd:{ID}"), POD),
            (format!("/kubepods/burstable/pod{hash}/{ID}"), hash),
        ] {
            let container = container(&path).expect(&path);
            assert_eq!((container.pod.as_deref(), container.id.as_str()), (Some(pod), ID), "{path}");
        }
        assert_eq!(pod_uid("podman.service"), None);
    }

    #[test]
    fn the_runtime_of_a_colon_path_is_known() {
        let path = format!("/system.slice/containerd.service/kubepods.slice:cri-containerd:{ID}");
        assert_eq!(container(&path).unwrap().runtime, Some("containerd"));
    }

    #[test]
    fn a_unit_is_the_innermost_that_is_not_a_container() {
        for (path, expected) in [
            ("/system.slice/nginx.service".to_owned(), Some("nginx.service")),
            (
                "/system.slice/system-postgresql.slice/postgresql@15-main.service".into(),
                Some("postgresql@15-main.service"),
            ),
            ("/user.slice/user-1000.slice/session-3.scope".into(), Some("session-3.scope")),
            (format!("/system.slice/docker-{ID}.scope"), None),
            (format!("/user.slice/user@1000.service/user.slice/libpod-{ID}.scope"), Some("user@1000.service")),
            ("/".into(), None),
        ] {
            assert_eq!(unit(&path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn the_version_2_path_is_taken_where_it_says_something() {
        assert_eq!(
            hierarchy("1:name=systemd:/system.slice/a.service\n0::/\n").as_deref(),
            Some("/system.slice/a.service")
        );
        assert_eq!(hierarchy("1:cpu:/long/long/path\n0::/x\n").as_deref(), Some("/x"));
    }
}
