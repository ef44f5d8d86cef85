//! What is not needed any more is given back: loading needs much, watching little.
//!
//! Capabilities first, then system calls: after [`lock_down`] this thread cannot open a file for
//! writing, start a program, make a socket or a namespace, or load anything into the kernel. Landlock
//! is not used: a process in a Landlock domain may not look at the namespaces of processes outside
//! it (`ptrace_may_access`), which the account of `OutRsts` needs.

use std::collections::BTreeMap;

use caps::{CapSet, Capability, CapsHashSet};
use nix::sys::prctl::set_no_new_privs;

/// To see the namespaces, command lines and sockets of other users' processes; nothing that
/// changes anything.
const KEPT: &[Capability] = &[Capability::CAP_SYS_PTRACE, Capability::CAP_DAC_READ_SEARCH];

/// Gives every other capability of this thread back, for good.
///
/// To be called before other threads are started: each has capabilities of its own.
///
/// # Errors
///
/// What the system said, as a sentence; nothing is lost then but the care.
pub fn give_back_privileges() -> Result<(), String> {
    keep(KEPT)
}

/// For the thread that asks about connections: what that needs, and no more.
pub(crate) fn keep_for_conntrack() -> Result<(), String> {
    keep(&[Capability::CAP_NET_ADMIN])?;
    let words = |error: &dyn std::fmt::Display| format!("cannot restrict system calls: {error}");
    // `bind` for what it begins to listen to when that is needed: of the sockets that it has.
    let program = filter(&[libc::SYS_sendto, libc::SYS_bind]).map_err(|error| words(&error))?;
    seccompiler::apply_filter(&program).map_err(|error| words(&error))
}

/// For a thread that only closes what others opened.
pub(crate) fn keep_nothing() -> Result<(), String> {
    keep(&[]).and_then(|()| lock_down())
}

fn keep(capabilities: &[Capability]) -> Result<(), String> {
    let words = |error: caps::errors::CapsError| format!("cannot give capabilities back: {error}");
    let permitted = caps::read(None, CapSet::Permitted).map_err(words)?;
    let kept: CapsHashSet = capabilities.iter().copied().filter(|capability| permitted.contains(capability)).collect();
    // The bounding set can be lowered only while CAP_SETPCAP is there.
    if caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP).map_err(words)? {
        for capability in caps::runtime::procfs_all_supported(None).map_err(words)? {
            if !kept.contains(&capability) {
                caps::drop(None, CapSet::Bounding, capability).map_err(words)?;
            }
        }
    }
    caps::clear(None, CapSet::Ambient).map_err(words)?;
    caps::clear(None, CapSet::Inheritable).map_err(words)?;
    caps::set(None, CapSet::Effective, &kept).map_err(words)?;
    caps::set(None, CapSet::Permitted, &kept).map_err(words)?;
    set_no_new_privs().map_err(|errno| format!("cannot forbid new privileges: {errno}"))
}

/// `BPF_MAP_LOOKUP_ELEM`, `BPF_MAP_DELETE_ELEM` and `BPF_MAP_GET_NEXT_KEY` of linux/bpf.h: reading maps that
/// are open, and taking what was only counted out of them.
const ABOUT_MAPS: [u64; 3] = [1, 3, 4];
/// `TCGETS` and `TIOCGWINSZ`: is this a terminal, and how wide?
const ABOUT_TERMINALS: [u64; 2] = [0x5401, 0x5413];

/// System calls that watching needs, with nothing asked about their arguments.
const CALLS: &[libc::c_long] = &[
    // what was opened before, and files read
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_lseek,
    libc::SYS_getdents64,
    libc::SYS_readlinkat,
    libc::SYS_fcntl,
    libc::SYS_fsync,
    // sockets that were opened before
    libc::SYS_recvmsg,
    libc::SYS_recvfrom,
    libc::SYS_setsockopt,
    libc::SYS_getsockopt,
    // memory
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_brk,
    // time, waiting, signals, ending
    libc::SYS_ppoll,
    libc::SYS_epoll_pwait,
    libc::SYS_futex,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_tgkill,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getrandom,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_uname,
    libc::SYS_membarrier,
    libc::SYS_rseq,
];

/// Calls that only this architecture has.
#[cfg(target_arch = "x86_64")]
const OLD_CALLS: &[libc::c_long] =
    &[libc::SYS_poll, libc::SYS_epoll_wait, libc::SYS_readlink, libc::SYS_stat, libc::SYS_lstat];
#[cfg(not(target_arch = "x86_64"))]
const OLD_CALLS: &[libc::c_long] = &[];

/// From now on this thread, and threads that it starts, can only read files and go on with what is open:
/// everything else fails with EPERM (seccomp).
///
/// # Errors
///
/// What the system said, as a sentence; nothing is lost then but the care.
pub fn lock_down() -> Result<(), String> {
    let words = |error: &dyn std::fmt::Display| format!("cannot restrict system calls: {error}");
    let program = filter(&[]).map_err(|error| words(&error))?;
    seccompiler::apply_filter(&program).map_err(|error| words(&error))
}

/// What [`CALLS`] has, and `more`.
fn filter(more: &[libc::c_long]) -> Result<seccompiler::BpfProgram, seccompiler::BackendError> {
    use seccompiler::{
        SeccompAction, SeccompCmpArgLen as Width, SeccompCmpOp as Compare, SeccompCondition as Condition,
        SeccompFilter, SeccompRule as Rule,
    };
    let mut rules: BTreeMap<i64, Vec<Rule>> =
        CALLS.iter().chain(OLD_CALLS).chain(more).map(|call| (*call, Vec::new())).collect();
    let number = |argument, value| Condition::new(argument, Width::Dword, Compare::Eq, value);
    // Neither O_WRONLY nor O_RDWR, and nothing made.
    let writes = u64::from((libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC).unsigned_abs());
    let reads = Condition::new(2, Width::Dword, Compare::MaskedEq(writes), 0)?;
    rules.insert(libc::SYS_openat, vec![Rule::new(vec![reads])?]);
    let one_of = |argument, values: &[u64]| -> Result<Vec<Rule>, _> {
        values.iter().map(|value| Rule::new(vec![number(argument, *value)?])).collect()
    };
    rules.insert(libc::SYS_bpf, one_of(0, &ABOUT_MAPS)?);
    rules.insert(libc::SYS_ioctl, one_of(1, &ABOUT_TERMINALS)?);
    let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let architecture = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, refuse, SeccompAction::Allow, architecture)?.try_into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_thread_reads_and_can_do_nothing_else() {
        let folder = std::env::temp_dir().join(format!("whyrst-locked-{}", std::process::id()));
        let file = folder.clone();
        let locked = std::thread::spawn(move || {
            set_no_new_privs().unwrap();
            lock_down().unwrap();
            let read = std::fs::read_to_string("/proc/self/stat").is_ok();
            let listed = std::fs::read_dir("/proc").is_ok_and(|entries| entries.count() > 0);
            let kind = |error: std::io::Error| error.kind();
            let denied = [
                std::fs::write(&file, "x").map_err(kind),
                std::process::Command::new("/bin/true").status().map(drop).map_err(kind),
                std::net::UdpSocket::bind("127.0.0.1:0").map(drop).map_err(kind),
                std::fs::remove_file("/nonexistent").map_err(kind),
            ];
            (read, listed, denied)
        });
        let (read, listed, denied) = locked.join().unwrap();
        assert!(read && listed);
        assert_eq!(denied, [Err(std::io::ErrorKind::PermissionDenied); 4]);
        assert!(!folder.exists());
    }
}
