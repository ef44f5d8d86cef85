//! What several of these tests need.

/// A client that is refused, then one whose server leaves three octets unread.
pub(crate) const TROUBLE: &str = "
import socket, time
try: socket.create_connection(('127.0.0.1', 1))
except ConnectionRefusedError: pass
l = socket.socket(); l.bind(('127.0.0.1', 0)); l.listen(1)
c = socket.create_connection(l.getsockname()); s, _ = l.accept()
c.send(b'abc'); time.sleep(0.05); s.close(); time.sleep(0.05)
";

/// Every thread of the process has given back what it does not need: all system calls are filtered, nobody has a
/// capability but `proc` (`CAP_SYS_PTRACE`, `CAP_DAC_READ_SEARCH`) and `conntrack` (`CAP_NET_ADMIN`). `wanted` threads must
/// be there beside them.
#[allow(dead_code, reason = "not every test of this folder asks the kernel")]
pub(crate) fn assert_least_privilege(pid: u32, wanted: &[&str]) {
    const READING: u64 = 1 << 2 | 1 << 19;
    const NET_ADMIN: u64 = 1 << 12;
    let mut threads = Vec::new();
    for task in std::fs::read_dir(format!("/proc/{pid}/task")).expect("its threads").flatten() {
        // A thread that ended meanwhile has nothing.
        let Ok(status) = std::fs::read_to_string(task.path().join("status")) else { continue };
        let of =
            |key: &str| status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().trim().to_owned();
        let capabilities = u64::from_str_radix(&of("CapEff:"), 16).expect("capabilities");
        assert_eq!(capabilities, u64::from_str_radix(&of("CapPrm:"), 16).expect("capabilities"), "{status}");
        assert_eq!(of("Seccomp:"), "2", "{status}");
        threads.push((of("Name:"), capabilities));
    }
    for name in wanted.iter().chain(&["proc", "conntrack"]) {
        assert!(threads.iter().any(|(thread, _)| thread == name), "no thread {name}: {threads:?}");
    }
    threads.retain(|(_, capabilities)| *capabilities != 0);
    threads.sort_unstable();
    assert_eq!(threads, [("conntrack".to_owned(), NET_ADMIN), ("proc".to_owned(), READING)]);
}
