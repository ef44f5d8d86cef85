//! What this host is set to and what it holds now: the facts that `whyrst check` judges. Everything
//! is read, nothing is changed; what cannot be read is said.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, setsockopt, socket, sockopt,
};
use nix::sys::time::TimeVal;
use std::os::fd::AsRawFd;
use whyrst_core::segment::Endpoint;

/// Everything that could be read.
#[derive(Clone, Debug, Default)]
pub struct HostFacts {
    /// Settings below `net.`, by name: `ipv4.tcp_abort_on_overflow`.
    pub settings: BTreeMap<&'static str, Vec<u64>>,
    /// Counters of `TcpExt`, by name, since the namespace was made.
    pub counters: BTreeMap<String, u64>,
    /// Orphans and memory pages of TCP, by the names of `/proc/net/sockstat`.
    pub sockstat: BTreeMap<String, u64>,
    /// TCP sockets of this network namespace.
    pub sockets: Vec<Socket>,
    /// Firewall rules that answer with a RST.
    pub rejects: Vec<RejectRule>,
    /// Packets that connection tracking called INVALID, since it was loaded; `None` where it is not.
    pub invalid: Option<u64>,
    /// What could not be read, and why.
    pub unread: Vec<String>,
}

/// One TCP socket, as `ss` shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Socket {
    /// Its state.
    pub state: State,
    /// Its own end.
    pub local: Endpoint,
    /// The other end.
    pub remote: Endpoint,
    /// Bytes not read; for a listener connections not accepted.
    pub queued: u32,
    /// Bytes not acknowledged; for a listener the most that it queues.
    pub bound: u32,
    /// Milliseconds since data last came.
    pub silent_ms: Option<u32>,
    /// Who holds it: process id and name.
    pub owner: Option<(u32, String)>,
}

/// The states that are asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Waits for connections.
    Listen,
    /// Data can flow.
    Established,
    /// The peer has closed.
    CloseWait,
}

/// A rule that answers with a RST.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RejectRule {
    /// As the firewall's own program prints it.
    pub text: String,
    /// Packets that it met, where it counts.
    pub packets: Option<u64>,
}

impl RejectRule {
    /// The rule without its counts: what stays the same while it counts.
    pub fn unnumbered(&self) -> String {
        let (mut words, mut kept) = (self.text.split(' ').skip_while(|word| word.starts_with('[')), Vec::new());
        while let Some(word) = words.next() {
            match word {
                "packets" | "bytes" => drop(words.next()),
                _ => kept.push(word),
            }
        }
        kept.join(" ")
    }
}

const SETTINGS: &[&str] = &[
    "ipv4.ip_local_port_range",
    "ipv4.tcp_abort_on_overflow",
    "ipv4.tcp_fin_timeout",
    "ipv4.tcp_keepalive_time",
    "ipv4.tcp_max_orphans",
    "ipv4.tcp_mem",
    "ipv4.tcp_syncookies",
    "netfilter.nf_conntrack_count",
    "netfilter.nf_conntrack_max",
    "netfilter.nf_conntrack_tcp_be_liberal",
    "netfilter.nf_conntrack_tcp_timeout_established",
];

impl HostFacts {
    /// Reads the network namespace that this process is in.
    pub fn read() -> Self {
        let mut facts = Self::default();
        for name in SETTINGS {
            let path = format!("/proc/sys/net/{}", name.replace('.', "/"));
            let numbers = fs::read_to_string(path)
                .ok()
                .map(|text| text.split_whitespace().filter_map(|word| word.parse().ok()).collect());
            facts.settings.extend(numbers.map(|numbers| (*name, numbers)));
        }
        facts.counters = fs::read_to_string("/proc/net/netstat").map(|text| counters(&text)).unwrap_or_default();
        facts.sockstat = fs::read_to_string("/proc/net/sockstat").map(|text| sockstat(&text)).unwrap_or_default();
        facts.invalid = fs::read_to_string("/proc/net/stat/nf_conntrack").ok().and_then(|text| invalid(&text));
        facts.read_sockets();
        facts.read_firewall();
        facts
    }

    /// The first number of a setting.
    pub fn setting(&self, name: &str) -> Option<u64> {
        self.settings.get(name)?.first().copied()
    }

    /// A counter; 0 when this kernel has none of that name.
    pub fn counter(&self, name: &str) -> u64 {
        self.counters.get(name).copied().unwrap_or_default()
    }

    fn read_sockets(&mut self) {
        let mut owners = None;
        for family in [libc::AF_INET, libc::AF_INET6] {
            match dump(family) {
                Ok(found) => {
                    let owners = owners.get_or_insert_with(owners_by_inode);
                    self.sockets.extend(
                        found
                            .into_iter()
                            .map(|(socket, inode)| Socket { owner: owners.get(&inode).cloned(), ..socket }),
                    );
                }
                Err(errno) => self.unread.push(format!("the list of sockets (netlink sock_diag): {}", errno.desc())),
            }
        }
    }

    fn read_firewall(&mut self) {
        for (program, arguments) in FIREWALLS {
            match listed(program, arguments) {
                Ok(rules) => self.rejects.extend(rejects(&rules)),
                // Who has no iptables has no rules of it either.
                Err(_) if find(program).is_none() && *program != "nft" => {}
                Err(why) => self.unread.push(format!("firewall rules ({program}): {why}")),
            }
        }
    }
}

/// A program that lists rules may take so long.
const LISTING: Duration = Duration::from_secs(5);
/// And write so much.
const MOST_RULES: usize = 64 << 20;

/// The programs that list firewall rules. What iptables-nft made, `nft` lists.
const FIREWALLS: &[(&str, &[&str])] =
    &[("nft", &["-n", "list", "ruleset"]), ("iptables-legacy-save", &["-c"]), ("ip6tables-legacy-save", &["-c"])];

/// Whether this thread's namespace has a firewall at all, as far as that may be known: most of a host's thousands have
/// none, and listing one starts three programs.
pub(crate) fn has_firewall() -> bool {
    let legacy = ["ip_tables_names", "ip6_tables_names"].map(|file| Path::new("/proc/thread-self/net").join(file));
    // The file is not there where the module is not.
    let has_legacy = legacy.iter().any(|file| fs::read_to_string(file).is_ok_and(|names| !names.trim().is_empty()));
    has_legacy || has_nft_tables().unwrap_or(true)
}

/// Asks for a dump of all tables (`NFT_MSG_GETTABLE` of `linux/netfilter/nf_tables.h`): the answer begins with the first,
/// or with the end.
fn has_nft_tables() -> nix::Result<bool> {
    const GET_TABLE: u16 = (10 << 8) | 1; // NFNL_SUBSYS_NFTABLES
    let kernel = NetlinkAddr::new(0, 0);
    let flags = SockFlag::SOCK_CLOEXEC;
    let netlink = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkNetFilter)?;
    setsockopt(&netlink, sockopt::ReceiveTimeout, &TimeVal::new(0, 100_000))?;
    // struct nlmsghdr, then struct nfgenmsg: any family, version 0.
    let mut question = [0_u8; 20];
    question[..4].copy_from_slice(&20_u32.to_ne_bytes());
    question[4..6].copy_from_slice(&GET_TABLE.to_ne_bytes());
    let dump = u16::try_from(libc::NLM_F_REQUEST | libc::NLM_F_DUMP).unwrap_or_default();
    question[6..8].copy_from_slice(&dump.to_ne_bytes());
    sendto(netlink.as_raw_fd(), &question, &kernel, MsgFlags::empty())?;
    let mut answer = [0_u8; 4_096];
    let len = recv(netlink.as_raw_fd(), &mut answer, MsgFlags::empty())?;
    let answer = &answer[..len];
    let kind = answer.get(4..6).map(|kind| i32::from(u16::from_ne_bytes([kind[0], kind[1]])));
    let error = answer.get(16..20).map(|error| i32::from_ne_bytes([error[0], error[1], error[2], error[3]]));
    match (kind, error) {
        (Some(libc::NLMSG_DONE), _) => Ok(false),
        // There is no nf_tables to have tables (`nfnetlink_rcv_msg`).
        (Some(libc::NLMSG_ERROR), Some(error)) if error == -libc::EINVAL => Ok(false),
        (Some(libc::NLMSG_ERROR) | None, _) => Err(nix::errno::Errno::EIO),
        (Some(_), _) => Ok(true),
    }
}

/// The rules of this namespace that answer with a RST, as far as they may be read.
pub(crate) fn reject_rules() -> Vec<RejectRule> {
    let all = FIREWALLS.iter().filter_map(|(program, arguments)| listed(program, arguments).ok());
    all.flat_map(|rules| rejects(&rules)).collect()
}

/// What a program writes, as long as it does so in time and in bounds: `iptables-save` waits for a lock that another holds.
fn listed(program: &str, arguments: &[&str]) -> Result<String, String> {
    let path = find(program).ok_or_else(|| "the program is not installed".to_owned())?;
    let mut command = Command::new(path);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let written = written_by(&mut child, Instant::now() + LISTING);
    // It has ended, or is not wanted any more.
    let _ = child.kill();
    let status = child.wait().map_err(|error| error.to_string())?;
    let [rules, said] = written?;
    if status.success() {
        return Ok(String::from_utf8_lossy(&rules).into_owned());
    }
    let said = String::from_utf8_lossy(&said);
    Err(said.lines().next().unwrap_or("it failed").trim().to_owned())
}

/// Both outputs of `child`, which has ended then.
fn written_by(child: &mut Child, until: Instant) -> Result<[Vec<u8>; 2], String> {
    let mut streams = [child.stdout.take().map(file), child.stderr.take().map(file)];
    let mut written = [Vec::new(), Vec::new()];
    while streams.iter().any(Option::is_some) {
        let mut ready: Vec<PollFd<'_>> =
            streams.iter().flatten().map(|stream| PollFd::new(stream.as_fd(), PollFlags::POLLIN)).collect();
        let left = until.checked_duration_since(Instant::now()).ok_or("it does not end")?;
        poll(&mut ready, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)).map_err(|errno| errno.to_string())?;
        let ready: Vec<bool> = ready.iter().map(|one| one.any() == Some(true)).collect();
        let open = streams.iter_mut().zip(&mut written).filter(|(stream, _)| stream.is_some());
        for ((stream, written), _) in open.zip(ready).filter(|(_, ready)| *ready) {
            let mut piece = [0; 16 << 10];
            let len =
                stream.as_mut().map_or(Ok(0), |stream| stream.read(&mut piece)).map_err(|error| error.to_string())?;
            written.extend_from_slice(&piece[..len]);
            if len == 0 {
                *stream = None;
            }
            if written.len() > MOST_RULES {
                return Err(format!("it lists more than {} MiB", MOST_RULES >> 20));
            }
        }
    }
    while child.try_wait().map_err(|error| error.to_string())?.is_none() {
        until.checked_duration_since(Instant::now()).ok_or("it does not end")?;
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(written)
}

fn file(stream: impl Into<OwnedFd>) -> File {
    File::from(stream.into())
}

fn find(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    places.map(|place| place.join(program)).find(|program| program.is_file())
}

/// The `TcpExt:` lines: names, then values.
fn counters(text: &str) -> BTreeMap<String, u64> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("TcpExt: "));
    let (Some(names), Some(values)) = (lines.next(), lines.next()) else { return BTreeMap::new() };
    let values = values.split(' ').map(|value| value.parse().unwrap_or_default());
    names.split(' ').map(str::to_owned).zip(values).collect()
}

/// `TCP: inuse 1 orphan 13 tw 0 alloc 16 mem 385`.
fn sockstat(text: &str) -> BTreeMap<String, u64> {
    let tcp = text.lines().find_map(|line| line.strip_prefix("TCP: ")).unwrap_or_default();
    let words: Vec<&str> = tcp.split(' ').collect();
    words.chunks_exact(2).filter_map(|pair| Some((pair[0].to_owned(), pair[1].parse().ok()?))).collect()
}

/// The column `invalid`, one line a processor, in hexadecimal.
fn invalid(text: &str) -> Option<u64> {
    let mut lines = text.lines();
    let column = lines.next()?.split_whitespace().position(|name| name == "invalid")?;
    Some(lines.filter_map(|line| u64::from_str_radix(line.split_whitespace().nth(column)?, 16).ok()).sum())
}

/// Lines of `nft list ruleset` and `iptables-save -c` that answer with a RST.
fn rejects(rules: &str) -> Vec<RejectRule> {
    let resets = |line: &&str| line.contains("reject with tcp reset") || line.contains("--reject-with tcp-reset");
    rules
        .lines()
        .map(str::trim)
        .filter(resets)
        .map(|line| RejectRule { text: line.to_owned(), packets: packets(line) })
        .collect()
}

/// `counter packets 3 bytes 180`, or `[3:180]` in front.
fn packets(rule: &str) -> Option<u64> {
    let after = |mark: &str| rule.split_once(mark).map(|(_, rest)| rest);
    let number = after("packets ").or_else(|| rule.strip_prefix('['))?;
    number.split(|byte: char| !byte.is_ascii_digit()).next()?.parse().ok()
}

/// Processes by the inodes of their sockets.
fn owners_by_inode() -> HashMap<u64, (u32, String)> {
    let mut owners = HashMap::new();
    let Ok(processes) = fs::read_dir("/proc") else { return owners };
    for process in processes.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let comm = fs::read_to_string(process.path().join("comm")).unwrap_or_default().trim_end().to_owned();
        for inode in socket_inodes(&process.path()) {
            owners.entry(inode).or_insert_with(|| (pid, comm.clone()));
        }
    }
    owners
}

/// `socket:[12345]` behind `/proc/PID/fd/*`.
fn socket_inodes(process: &Path) -> impl Iterator<Item = u64> {
    let files = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
    files.filter_map(|file| {
        let link = fs::read_link(file.path()).ok()?;
        link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    })
}

/// `SOCK_DIAG_BY_FAMILY` of `linux/sock_diag.h`.
const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// `INET_DIAG_INFO` of `linux/inet_diag.h`.
const INET_DIAG_INFO: u16 = 2;
/// `tcpi_last_data_recv` in `struct tcp_info` of linux/tcp.h.
const LAST_DATA_RECV: usize = 52;
/// `sizeof(struct inet_diag_msg)`.
const DIAG_MSG: usize = 72;
/// Sockets looked at; on a host with more, `ss` lists them.
const MOST: usize = 200_000;

/// All sockets of one family in the states that matter, each with its inode.
fn dump(family: i32) -> nix::Result<Vec<(Socket, u64)>> {
    let netlink = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkSockDiag)?;
    sendto(netlink.as_raw_fd(), &request(family), &NetlinkAddr::new(0, 0), MsgFlags::empty())?;
    let mut found = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    while found.len() < MOST {
        let len = recv(netlink.as_raw_fd(), &mut buffer, MsgFlags::empty())?;
        if messages(&buffer[..len], &mut found)? == Dump::Ends {
            break;
        }
    }
    Ok(found)
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Dump {
    GoesOn,
    Ends,
}

/// `struct nlmsghdr`, then `struct inet_diag_req_v2`.
fn request(family: i32) -> Vec<u8> {
    const LEN: u32 = 16 + 56;
    // 1: ESTABLISHED, 8: CLOSE_WAIT, 10: LISTEN (net/tcp_states.h)
    const STATES: u32 = 1 << 1 | 1 << 8 | 1 << 10;
    let flags = u16::try_from(libc::NLM_F_REQUEST | libc::NLM_F_DUMP).unwrap_or_default();
    let mut bytes = Vec::new();
    bytes.extend(LEN.to_ne_bytes());
    bytes.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend([0; 8]); // sequence number and port
    bytes.extend([u8::try_from(family).unwrap_or_default(), 6, 1 << (INET_DIAG_INFO - 1), 0]); // IPPROTO_TCP
    bytes.extend(STATES.to_ne_bytes());
    bytes.extend([0; 48]); // any socket
    bytes
}

fn messages(mut bytes: &[u8], found: &mut Vec<(Socket, u64)>) -> nix::Result<Dump> {
    const DONE: u16 = 3;
    const ERROR: u16 = 2;
    while bytes.len() >= 16 {
        let len = u32_at(bytes, 0).unwrap_or_default() as usize;
        let (Some(message), Some(kind)) = (bytes.get(16..len), u16_at(bytes, 4)) else { break };
        match kind {
            DONE => return Ok(Dump::Ends),
            ERROR => {
                let code = u32_at(message, 0).map_or(0, u32::cast_signed);
                return if code == 0 { Ok(Dump::Ends) } else { Err(nix::Error::from_raw(-code)) };
            }
            _ => found.extend(diag(message)),
        }
        bytes = bytes.get(len.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(Dump::GoesOn)
}

/// `struct inet_diag_msg` and what follows it.
fn diag(message: &[u8]) -> Option<(Socket, u64)> {
    let state = match message.get(1)? {
        1 => State::Established,
        8 => State::CloseWait,
        10 => State::Listen,
        _ => return None,
    };
    let family = i32::from(*message.first()?);
    let port = |at: usize| message.get(at..at + 2).map(|port| u16::from_be_bytes([port[0], port[1]]));
    let address = |at: usize| -> Option<IpAddr> {
        let octets: [u8; 16] = message.get(at..at + 16)?.try_into().ok()?;
        Some(if family == libc::AF_INET {
            Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]).into()
        } else {
            Ipv6Addr::from(octets).to_canonical()
        })
    };
    let socket = Socket {
        state,
        local: Endpoint::new(address(8)?, port(4)?),
        remote: Endpoint::new(address(24)?, port(6)?),
        queued: u32_at(message, 56)?,
        bound: u32_at(message, 60)?,
        silent_ms: info(message.get(DIAG_MSG..)?).and_then(|info| u32_at(info, LAST_DATA_RECV)),
        owner: None,
    };
    Some((socket, u32_at(message, 68)?.into()))
}

/// The attribute with `struct tcp_info`.
fn info(mut attributes: &[u8]) -> Option<&[u8]> {
    loop {
        let (len, kind) = (usize::from(u16_at(attributes, 0)?), u16_at(attributes, 2)?);
        if kind == INET_DIAG_INFO {
            return attributes.get(4..len);
        }
        attributes = attributes.get(len.next_multiple_of(4).max(4)..)?;
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|two| u16::from_ne_bytes(*two))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|four| u32::from_ne_bytes(*four))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn rules_that_reset_are_found_with_their_counts() {
        let nft = "table inet f {\n chain in {\n  tcp dport 25 counter packets 3 bytes 180 reject with tcp reset\n  accept\n }\n}";
        assert_eq!(rejects(nft)[0].packets, Some(3));
        let legacy = "[7:420] -A INPUT -p tcp -j REJECT --reject-with tcp-reset\n-A INPUT -j REJECT";
        assert_eq!(rejects(legacy), [RejectRule { text: legacy.lines().next().unwrap().into(), packets: Some(7) }]);
        assert_eq!(rejects("tcp dport 25 reject with tcp reset")[0].packets, None);
    }

    #[test]
    fn a_program_that_hangs_or_never_stops_is_not_waited_for() {
        let run = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            let written = written_by(&mut child, Instant::now() + Duration::from_secs(1));
            let _ = child.kill();
            child.wait().unwrap();
            written
        };
        assert_eq!(run("echo rules; echo no >&2").unwrap(), [b"rules\n".to_vec(), b"no\n".to_vec()]);
        for script in ["exec sleep 20", "exec >&- 2>&-; exec sleep 20", "exec yes"] {
            let began = Instant::now();
            assert!(run(script).is_err(), "{script}");
            assert!(began.elapsed() < Duration::from_secs(5), "{script}");
        }
    }

    #[test]
    fn a_rule_that_counts_on_is_the_same_rule() {
        let rule = |text: &str| RejectRule { text: text.into(), packets: None }.unnumbered();
        let nft = "tcp dport 25 counter packets 3 bytes 180 reject with tcp reset";
        assert_eq!(rule(nft), "tcp dport 25 counter reject with tcp reset");
        assert_eq!(rule("[7:420] -A INPUT -j REJECT"), rule("[9:540] -A INPUT -j REJECT"));
    }

    #[test]
    fn invalid_packets_are_counted_over_all_processors() {
        let text = "entries  searched found new invalid ignore\n00000001 0 0 0 0000000a 0\n00000001 0 0 0 00000001 0\n";
        assert_eq!(invalid(text), Some(11));
        assert_eq!(invalid("entries\n1\n"), None);
    }

    #[test]
    fn counters_stand_under_their_names() {
        let text = "TcpExt: A ListenOverflows\nTcpExt: 1 22\nIpExt: X\nIpExt: 3\n";
        assert_eq!(counters(text)["ListenOverflows"], 22);
        assert_eq!(sockstat("sockets: used 2\nTCP: inuse 1 orphan 13 mem 385\n")["orphan"], 13);
    }

    #[test]
    fn damaged_netlink_messages_are_no_panic() {
        let mut found = Vec::new();
        for len in 0..200 {
            let mut bytes = vec![0xff; len];
            assert!(messages(&bytes, &mut found).is_ok());
            if len >= 4 {
                bytes[..4].copy_from_slice(&u32::try_from(len).unwrap().to_ne_bytes());
                let _ = messages(&bytes, &mut found);
            }
            assert!(info(&vec![1; len]).is_none());
        }
    }

    #[test]
    fn the_kernel_lists_a_listener_and_what_was_not_read() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.write_all(b"unread").unwrap();
        let port = listener.local_addr().unwrap().port();
        let sockets: Vec<Socket> = dump(libc::AF_INET).unwrap().into_iter().map(|(socket, _)| socket).collect();
        let waits = sockets.iter().find(|socket| socket.state == State::Listen && socket.local.port == port).unwrap();
        assert_eq!((waits.queued, waits.bound), (1, 128));
        let (server, _) = listener.accept().unwrap();
        let facts = HostFacts::read();
        let unread = facts
            .sockets
            .iter()
            .find(|socket| socket.local.port == port && socket.state == State::Established)
            .unwrap();
        assert_eq!(unread.queued, 6);
        assert!(unread.silent_ms.unwrap() < 10_000);
        assert_eq!(unread.owner.as_ref().unwrap().0, std::process::id());
        drop(server);
    }
}
