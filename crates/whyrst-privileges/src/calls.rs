//! System calls of the calling thread, as a seccomp filter: what is not listed fails with EPERM.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen as Width, SeccompCmpOp as Compare,
    SeccompCondition as Condition, SeccompFilter, SeccompRule as Rule,
};

use crate::Duty;

type Call = libc::c_long;
/// Each call with what its arguments must be; nothing: they may be anything.
type Rules = BTreeMap<i64, Vec<Rule>>;

/// `BPF_MAP_LOOKUP_ELEM`, `BPF_MAP_DELETE_ELEM` and `BPF_MAP_GET_NEXT_KEY` of linux/bpf.h: reading maps that
/// are open, and taking what was only counted out of them.
const ABOUT_MAPS: [u64; 3] = [1, 3, 4];
/// `TCGETS` and `TIOCGWINSZ`: is this a terminal, and how wide?
const ABOUT_TERMINALS: [u64; 2] = [0x5401, 0x5413];
/// `FIONREAD` and `FIONBIO` of asm-generic/ioctls.h: what waits in a socket, and whether it is waited for.
const ABOUT_SOCKETS: [u64; 2] = [0x541B, 0x5421];
/// `PR_SET_NAME`: what a thread is called.
const NAMING: [u64; 1] = [15];
/// Internet, what the resolver asks on this host (nscd), and this host's own addresses (rtnetlink).
const FAMILIES: [libc::c_int; 4] = [libc::AF_INET, libc::AF_INET6, libc::AF_UNIX, libc::AF_NETLINK];

/// System calls that every duty needs, with nothing asked about their arguments.
const ALL: &[Call] = &[
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
const ALL_OLD: &[Call] = &[libc::SYS_poll, libc::SYS_readlink, libc::SYS_stat, libc::SYS_lstat];
#[cfg(not(target_arch = "x86_64"))]
const ALL_OLD: &[Call] = &[];

/// Packets of many namespaces at once: the epoll is there already.
const WATCHING: &[Call] = &[libc::SYS_epoll_pwait];
#[cfg(target_arch = "x86_64")]
const WATCHING_OLD: &[Call] = &[libc::SYS_epoll_wait];
#[cfg(not(target_arch = "x86_64"))]
const WATCHING_OLD: &[Call] = &[];

/// Speaking and hearing on sockets. `socket` itself is asked for its family.
const SOCKETS: &[Call] = &[
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_recvmmsg,
    libc::SYS_shutdown,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
];

/// Answering many at once (tokio).
const ANSWERING: &[Call] = &[
    libc::SYS_accept4,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_shutdown,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_eventfd2,
    libc::SYS_socketpair,
];
#[cfg(target_arch = "x86_64")]
const ANSWERING_OLD: &[Call] = &[libc::SYS_epoll_wait];
#[cfg(not(target_arch = "x86_64"))]
const ANSWERING_OLD: &[Call] = &[];

/// Writing, naming and removing files. `openat` is then not asked how it opens.
const FILES: &[Call] = &[
    libc::SYS_openat,
    libc::SYS_pwrite64,
    libc::SYS_renameat2,
    libc::SYS_renameat,
    libc::SYS_unlinkat,
    libc::SYS_mkdirat,
    libc::SYS_ftruncate,
    libc::SYS_fchmod,
];
#[cfg(target_arch = "x86_64")]
const FILES_OLD: &[Call] = &[libc::SYS_open, libc::SYS_rename, libc::SYS_unlink, libc::SYS_mkdir];
#[cfg(not(target_arch = "x86_64"))]
const FILES_OLD: &[Call] = &[];

/// What opens files, with the place of its flags: glibc calls `openat`, musl `open` where the architecture has it.
#[cfg(target_arch = "x86_64")]
const OPENING: &[(Call, u8)] = &[(libc::SYS_openat, 2), (libc::SYS_open, 1)];
#[cfg(not(target_arch = "x86_64"))]
const OPENING: &[(Call, u8)] = &[(libc::SYS_openat, 2)];

/// Threads of the same process.
const THREADS: &[Call] = &[libc::SYS_clone3, libc::SYS_set_robust_list];

/// Starting a reader of captures, and what that reader itself needs: the filter is its own as well.
const PROCESSES: &[Call] = &[
    libc::SYS_execve,
    libc::SYS_wait4,
    libc::SYS_waitid,
    libc::SYS_kill,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_send_signal,
    libc::SYS_pipe2,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_set_tid_address,
    libc::SYS_prlimit64,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_getcwd,
    libc::SYS_sysinfo,
    libc::SYS_fadvise64,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getppid,
    libc::SYS_fstatfs,
    libc::SYS_statfs,
    libc::SYS_getrusage,
    libc::SYS_close_range,
    libc::SYS_chdir,
];
#[cfg(target_arch = "x86_64")]
const PROCESSES_OLD: &[Call] =
    &[libc::SYS_arch_prctl, libc::SYS_access, libc::SYS_vfork, libc::SYS_dup2, libc::SYS_open];
#[cfg(not(target_arch = "x86_64"))]
const PROCESSES_OLD: &[Call] = &[];

/// Namespaces are not made: with one an ordinary process meets far more of the kernel.
const NAMESPACES: libc::c_int = libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET;

/// From now on this thread can make the calls of `duty` only, and `PR_SET_NO_NEW_PRIVS` is set.
pub(crate) fn allow(duty: Duty) -> Result<(), String> {
    let words = |error: &dyn std::fmt::Display| format!("cannot restrict system calls: {error}");
    if starts_threads(duty) {
        let program = without_clone3().map_err(|error| words(&error))?;
        seccompiler::apply_filter(&program).map_err(|error| words(&error))?;
    }
    let program = compiled(rules(duty).map_err(|error| words(&error))?).map_err(|error| words(&error))?;
    seccompiler::apply_filter(&program).map_err(|error| words(&error))
}

/// `Send` because its resolver has a thread of its own.
const fn starts_threads(duty: Duty) -> bool {
    matches!(duty, Duty::Send | Duty::Serve)
}

fn rules(duty: Duty) -> Result<Rules, BackendError> {
    let mut rules = Rules::new();
    let mut add = |calls: &[Call]| rules.extend(calls.iter().map(|call| (*call, Vec::new())));
    add(ALL);
    add(ALL_OLD);
    let mut about = ABOUT_TERMINALS.to_vec();
    match duty {
        Duty::Watch => [WATCHING, WATCHING_OLD].into_iter().for_each(add),
        Duty::ReadProcesses | Duty::Wait => {}
        // `bind` for what it begins to listen to when that is needed: of the sockets that it has.
        Duty::AskConntrack => add(&[libc::SYS_sendto, libc::SYS_bind]),
        Duty::Send => [SOCKETS, THREADS].into_iter().for_each(add),
        // Its own addresses stand in what it keeps: rtnetlink says them.
        Duty::Keep => {
            let all = [FILES, FILES_OLD, &[libc::SYS_bind, libc::SYS_sendto, libc::SYS_getsockname]];
            all.into_iter().for_each(add);
        }
        Duty::Answer => [ANSWERING, ANSWERING_OLD].into_iter().for_each(add),
        Duty::Serve => {
            let all =
                [ANSWERING, ANSWERING_OLD, FILES, FILES_OLD, THREADS, PROCESSES, PROCESSES_OLD, &[libc::SYS_connect]];
            all.into_iter().for_each(add);
        }
    }
    if matches!(duty, Duty::Send | Duty::Answer | Duty::Serve) {
        about.extend(ABOUT_SOCKETS);
    }
    rules.insert(libc::SYS_ioctl, one_of(1, &about)?);
    rules.insert(libc::SYS_prctl, one_of(0, &NAMING)?);
    if duty == Duty::Watch {
        rules.insert(libc::SYS_bpf, one_of(0, &ABOUT_MAPS)?);
    }
    for (call, flags) in OPENING {
        if let Entry::Vacant(open) = rules.entry(*call) {
            // Neither O_WRONLY nor O_RDWR, and nothing made.
            let writes = libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC;
            open.insert(vec![none_of(*flags, writes)?]);
        }
    }
    match duty {
        Duty::Send => {
            let families = FAMILIES.map(|family| u64::from(family.unsigned_abs()));
            rules.insert(libc::SYS_socket, one_of(0, &families)?);
            let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
            let is_thread = Condition::new(0, Width::Qword, Compare::MaskedEq(thread), thread)?;
            rules.insert(libc::SYS_clone, vec![Rule::new(vec![is_thread])?]);
        }
        Duty::Keep => {
            rules.insert(libc::SYS_socket, one_of(0, &[u64::from(libc::AF_NETLINK.unsigned_abs())])?);
        }
        Duty::Serve => {
            rules.insert(libc::SYS_socket, one_of(0, &[u64::from(libc::AF_UNIX.unsigned_abs())])?);
            rules.insert(libc::SYS_clone, vec![none_of(0, NAMESPACES)?]);
        }
        Duty::Watch | Duty::ReadProcesses | Duty::AskConntrack | Duty::Wait | Duty::Answer => {}
    }
    Ok(rules)
}

fn one_of(argument: u8, values: &[u64]) -> Result<Vec<Rule>, BackendError> {
    let equals = |value: &u64| Condition::new(argument, Width::Dword, Compare::Eq, *value);
    values.iter().map(|value| Rule::new(vec![equals(value)?])).collect()
}

/// None of the bits of `mask`.
fn none_of(argument: u8, mask: libc::c_int) -> Result<Rule, BackendError> {
    let mask = u64::from(mask.unsigned_abs());
    Rule::new(vec![Condition::new(argument, Width::Dword, Compare::MaskedEq(mask), 0)?])
}

fn compiled(rules: Rules) -> Result<BpfProgram, BackendError> {
    let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    SeccompFilter::new(rules, refuse, SeccompAction::Allow, std::env::consts::ARCH.try_into()?)?.try_into()
}

/// What `clone3` is to make stands in memory, where no filter can look. Told that there is no such call, C libraries
/// use `clone`, whose flags are seen.
fn without_clone3() -> Result<BpfProgram, BackendError> {
    let absent = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let rules = Rules::from([(libc::SYS_clone3, Vec::new())]);
    SeccompFilter::new(rules, SeccompAction::Allow, absent, std::env::consts::ARCH.try_into()?)?.try_into()
}

#[cfg(test)]
mod tests {
    use std::io::{self, ErrorKind};
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::process::Command;

    use super::*;
    use crate::restrict;

    /// What happens in a thread with this duty.
    fn under<T: Send + 'static>(duty: Duty, run: impl FnOnce() -> T + Send + 'static) -> T {
        std::thread::spawn(move || {
            restrict(duty).unwrap();
            run()
        })
        .join()
        .unwrap()
    }

    fn is_denied<T>(result: io::Result<T>) -> bool {
        result.err().map(|error| error.kind()) == Some(ErrorKind::PermissionDenied)
    }

    /// What no duty but one may: a file is written, a program started, a packet sent.
    fn denied(file: std::path::PathBuf) -> [bool; 3] {
        [
            is_denied(std::fs::write(file, "x")),
            is_denied(Command::new("/bin/true").status()),
            is_denied(UdpSocket::bind("127.0.0.1:0")),
        ]
    }

    #[test]
    fn a_watching_thread_reads_and_can_do_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        for duty in [Duty::Watch, Duty::ReadProcesses, Duty::Wait, Duty::Answer, Duty::AskConntrack] {
            let file = folder.path().join("written");
            let (read, listed, denied) = under(duty, || {
                let read = std::fs::read_to_string("/proc/self/stat").is_ok();
                let listed = std::fs::read_dir("/proc").is_ok_and(|entries| entries.count() > 0);
                (read, listed, denied(file))
            });
            assert!(read && listed);
            assert_eq!(denied, [true; 3], "{duty:?}");
        }
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn a_sending_thread_resolves_names_and_writes_no_file() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("written");
        let (connected, resolved, denied) = under(Duty::Send, move || {
            let resolving = std::thread::spawn(|| {
                use std::net::ToSocketAddrs as _;
                ("localhost", 1).to_socket_addrs().is_ok_and(|mut all| all.next().is_some())
            });
            (TcpStream::connect(("127.0.0.1", port)).is_ok(), resolving.join().unwrap(), denied(file))
        });
        assert!(connected && resolved);
        assert_eq!(denied, [true, true, false]);
    }

    #[test]
    fn a_keeping_thread_writes_files_and_speaks_to_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let (half, whole) = (folder.path().join("half"), folder.path().join("whole"));
        let (kept, denied) = under(Duty::Keep, move || {
            let kept = std::fs::write(&half, "x").and_then(|()| std::fs::rename(&half, &whole));
            (kept.and_then(|()| std::fs::remove_file(&whole)).is_ok(), denied(half))
        });
        assert!(kept);
        assert_eq!(denied, [false, true, true]);
    }

    #[test]
    fn a_serving_thread_starts_readers_that_can_do_no_more_than_it() {
        let (read, told) = under(Duty::Serve, || {
            let read = Command::new("/bin/sh").args(["-c", "cat /proc/self/status"]).output().unwrap();
            // A namespace of its own would let it meet far more of the kernel.
            let told = Command::new("unshare").args(["--user", "true"]).output().unwrap();
            (String::from_utf8_lossy(&read.stdout).into_owned(), told.status.success())
        });
        assert!(read.contains("CapEff:\t0000000000000000") && read.contains("Seccomp:\t2"), "{read}");
        assert!(!told);
    }
}
