//! What this host is set to and what it holds now: the facts that `whyrst check` judges. Everything
//! is read, nothing is changed; what cannot be read is said.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::Read as _;
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, setsockopt, socket, sockopt,
};
use nix::sys::time::TimeVal;
use nix::unistd::{SysconfVar, sysconf};
use std::os::fd::AsRawFd;
use whyrst_core::segment::Endpoint;

use crate::sock_diag::{Listed, SocketList, states};

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
    /// The same counters a moment before.
    pub earlier: Earlier,
    /// How long they have counted; `None` where that is not known: a namespace does not say when it was made.
    pub counting_for: Option<Duration>,
    /// Sockets of this host that hold a port of its own choice, by the destination that they hold it for.
    pub ports_in_use: BTreeMap<Endpoint, u32>,
    /// Devices whose `rp_filter` is strict (1).
    pub strict_devices: Vec<String>,
    /// Whether a rule translates addresses.
    pub translates: bool,
    /// Addresses on a bridge of this host to which a rule translates.
    pub bridged_targets: Vec<IpAddr>,
    /// Rules that drop ICMP whatever it says.
    pub icmp_drops: Vec<String>,
    /// What could not be read, and why.
    pub unread: Vec<String>,
}

/// Counters as they were before.
#[derive(Clone, Debug, Default)]
pub struct Earlier {
    /// By name.
    pub counters: BTreeMap<String, u64>,
    /// How long before.
    pub within: Duration,
}

impl Earlier {
    /// A counter; `None` where nobody looked.
    pub fn counter(&self, name: &str) -> Option<u64> {
        let looked = !self.counters.is_empty();
        looked.then(|| self.counters.get(name).copied().unwrap_or_default())
    }
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

impl Socket {
    fn of(listed: &Listed, owners: &HashMap<u64, (u32, String)>) -> Option<Self> {
        let state = match listed.state {
            states::ESTABLISHED => State::Established,
            states::CLOSE_WAIT => State::CloseWait,
            states::LISTEN => State::Listen,
            _ => return None,
        };
        let Listed { local, remote, queued, bound, silent_ms, inode, .. } = *listed;
        Some(Self { state, local, remote, queued, bound, silent_ms, owner: owners.get(&inode.into()).cloned() })
    }
}

/// A rule that answers with a RST.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RejectRule {
    /// As the firewall's own program prints it.
    pub text: String,
    /// Packets that it met, where it counts.
    pub packets: Option<u64>,
    /// Which packets its chain looks at, where that is known: a chain that others jump to has no hook of its own.
    pub hook: Option<Hook>,
}

/// Where netfilter looks at a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hook {
    /// On its way to this host's own sockets.
    Input,
    /// On its way from them.
    Output,
    /// On its way through.
    Forward,
}

impl Hook {
    /// By the name of netfilter's hook, which iptables' chains bear in capitals.
    fn named(name: &str) -> Option<Self> {
        match name {
            "input" | "INPUT" => Some(Self::Input),
            "output" | "OUTPUT" => Some(Self::Output),
            "forward" | "FORWARD" => Some(Self::Forward),
            _ => None,
        }
    }
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
    "bridge.bridge-nf-call-iptables",
    "ipv4.ip_local_port_range",
    "ipv4.tcp_abort_on_overflow",
    "ipv4.tcp_fin_timeout",
    "ipv4.tcp_keepalive_intvl",
    "ipv4.tcp_keepalive_probes",
    "ipv4.tcp_keepalive_time",
    "ipv4.tcp_max_orphans",
    "ipv4.tcp_max_tw_buckets",
    "ipv4.tcp_mem",
    "ipv4.tcp_retries2",
    "ipv4.tcp_syncookies",
    "netfilter.nf_conntrack_count",
    "netfilter.nf_conntrack_max",
    "netfilter.nf_conntrack_tcp_be_liberal",
    "netfilter.nf_conntrack_tcp_timeout_established",
];

impl HostFacts {
    /// Reads the network namespace that this process is in, and how its counters move in so long.
    pub fn read_over(within: Duration) -> Self {
        let (began, counters) = (Instant::now(), read_counters());
        let mut facts = Self::read();
        std::thread::sleep(within.saturating_sub(began.elapsed()));
        facts.counters = read_counters();
        facts.earlier = Earlier { counters, within: began.elapsed() };
        facts
    }

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
        facts.counters = read_counters();
        facts.counting_for = counting_for();
        facts.strict_devices = strict_devices();
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
        match SocketList::here().and_then(|list| list.list(u32::MAX)) {
            Ok(found) => {
                let owners = owners_by_inode();
                self.ports_in_use = self.own_ports(&found);
                self.sockets.extend(found.iter().filter_map(|listed| Socket::of(listed, &owners)));
            }
            Err(errno) => self.unread.push(format!("the list of sockets (netlink sock_diag): {}", errno.desc())),
        }
    }

    /// Sockets that hold a port which the kernel chose, by their destination. Where somebody listens, it chose none.
    fn own_ports(&self, sockets: &[Listed]) -> BTreeMap<Endpoint, u32> {
        let range = self.settings.get("ipv4.ip_local_port_range").map(Vec::as_slice);
        let Some([first, last]) = range else { return BTreeMap::new() };
        let is_listener = |one: &&Listed| one.state == states::LISTEN;
        let served: BTreeSet<u16> = sockets.iter().filter(is_listener).map(|one| one.local.port).collect();
        let mut ports = BTreeMap::new();
        for one in sockets.iter().filter(|one| !is_listener(one) && !served.contains(&one.local.port)) {
            if (*first..=*last).contains(&u64::from(one.local.port)) {
                *ports.entry(one.remote).or_default() += 1;
            }
        }
        ports
    }

    fn read_firewall(&mut self) {
        let bridges = bridged_networks();
        for (program, arguments) in FIREWALLS {
            match listed(program, arguments) {
                Ok(rules) => {
                    self.rejects.extend(rejects(&rules));
                    self.icmp_drops
                        .extend(rules.lines().map(str::trim).filter(|rule| drops_all_icmp(rule)).map(str::to_owned));
                    self.translates |= rules.lines().any(translates);
                    let targets = rules.lines().filter_map(target);
                    self.bridged_targets.extend(targets.filter(|target| lies_in_one_of(&bridges, *target)));
                }
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

fn read_counters() -> BTreeMap<String, u64> {
    fs::read_to_string("/proc/net/netstat").map(|text| counters(&text)).unwrap_or_default()
}

/// Since boot, in the namespace that the machine's init is in. A container has a process 1 of its own, which began later,
/// and mostly a namespace that was made for it.
fn counting_for() -> Option<Duration> {
    const BOOTING: Duration = Duration::from_mins(1);
    let inode = |process: &str| fs::metadata(format!("/proc/{process}/ns/net")).ok().map(|data| data.ino());
    let is_first = inode("1").is_some() && inode("1") == inode("self");
    let began = began_after_boot(&fs::read_to_string("/proc/1/stat").ok()?)?;
    let uptime = fs::read_to_string("/proc/uptime").ok().filter(|_| is_first && began < BOOTING)?;
    uptime.split('.').next()?.parse().ok().map(Duration::from_secs)
}

/// How long after boot a process began: field 22 of its `stat`, in ticks (`proc_pid_stat(5)`). Its name, the second field,
/// may hold anything but stands in parentheses.
fn began_after_boot(stat: &str) -> Option<Duration> {
    let (_, rest) = stat.rsplit_once(')')?;
    let ticks: u64 = rest.split_whitespace().nth(19)?.parse().ok()?;
    let in_a_second = u64::try_from(sysconf(SysconfVar::CLK_TCK).ok()??).ok()?;
    Some(Duration::from_secs(ticks / in_a_second.max(1)))
}

/// The larger of the two settings counts (`IN_DEV_RPFILTER`); loopback asks nobody.
fn strict_devices() -> Vec<String> {
    let conf = Path::new("/proc/sys/net/ipv4/conf");
    let of = |device: &str| -> Option<u8> {
        fs::read_to_string(conf.join(device).join("rp_filter")).ok()?.trim().parse().ok()
    };
    let all = of("all").unwrap_or_default();
    let names =
        fs::read_dir(conf).into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let devices = names.filter(|name| !["all", "default", "lo"].contains(&name.as_str()));
    let mut strict: Vec<String> = devices.filter(|name| of(name).unwrap_or_default().max(all) == 1).collect();
    strict.sort();
    strict
}

/// Networks that a bridge of this host has, address and mask as `/proc/net/route` has them.
fn bridged_networks() -> Vec<(u32, u32)> {
    let routes = fs::read_to_string("/proc/net/route").unwrap_or_default();
    let is_bridge = |device: &str| Path::new("/sys/class/net").join(device).join("bridge").exists();
    let networks = routes.lines().skip(1).filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| u32::from_str_radix(words.get(at)?, 16).ok();
        let (network, gateway, mask) = (number(1)?, number(2)?, number(7)?);
        (gateway == 0 && mask != 0 && is_bridge(words[0])).then_some((network, mask))
    });
    networks.collect()
}

fn lies_in_one_of(networks: &[(u32, u32)], ip: IpAddr) -> bool {
    let IpAddr::V4(ip) = ip else { return false };
    // The file has addresses as the machine has them in memory.
    let ip = u32::from_ne_bytes(ip.octets());
    networks.iter().any(|(network, mask)| ip & mask == *network)
}

/// Whether a rule of nft or iptables changes addresses.
fn translates(rule: &str) -> bool {
    ["dnat", "snat", "masquerade", "DNAT", "SNAT", "MASQUERADE"]
        .iter()
        .any(|word| rule.split(' ').any(|other| other == *word))
}

/// `dnat to 10.1.0.2:80`, `dnat ip to 10.1.0.2`, `--to-destination 10.1.0.2:80`.
fn target(rule: &str) -> Option<IpAddr> {
    let words: Vec<&str> = rule.split_whitespace().collect();
    let after =
        |mark: &str, from: usize| words.iter().skip(from).position(|word| *word == mark).map(|at| from + at + 1);
    let at = words.iter().position(|word| *word == "dnat").and_then(|dnat| after("to", dnat));
    let place = words.get(at.or_else(|| after("--to-destination", 0))?)?;
    place.split(':').next()?.parse().ok()
}

/// A rule that drops ICMP and asks neither for its type nor for who it is from.
fn drops_all_icmp(rule: &str) -> bool {
    let words: Vec<&str> = rule.split(' ').filter(|word| !word.starts_with('[')).collect();
    matches!(
        words.as_slice(),
        ["ip", "protocol", "icmp", rest @ .., "drop"]
        | ["meta", "l4proto", "icmp" | "ipv6-icmp", rest @ .., "drop"]
        | ["-A", "INPUT" | "FORWARD", "-p", "icmp" | "ipv6-icmp", rest @ .., "-j", "DROP"]
        if rest.is_empty() || rest.first() == Some(&"counter")
    )
}

/// The programs that list firewall rules. What iptables-nft made, `nft` lists.
const FIREWALLS: &[(&str, &[&str])] =
    &[("nft", &["list", "ruleset"]), ("iptables-legacy-save", &["-c"]), ("ip6tables-legacy-save", &["-c"])];

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
    let mut hook = None;
    let mut found = Vec::new();
    for line in rules.lines().map(str::trim) {
        if line.starts_with("chain ") {
            hook = None;
        }
        if let Some(rest) = line.strip_prefix("type ") {
            hook = word_after(rest, "hook").and_then(Hook::named);
        }
        if resets(&line) {
            let hook = word_after(line, "-A").map_or(hook, Hook::named);
            found.push(RejectRule { text: line.to_owned(), packets: packets(line), hook });
        }
    }
    found
}

fn word_after<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    line.split(' ').skip_while(|word| *word != mark).nth(1)
}

/// Addresses of the namespace that this thread is in, by the kernel's own tables.
pub(crate) fn own_addresses() -> BTreeSet<IpAddr> {
    let read = |file: &str| fs::read_to_string(Path::new("/proc/thread-self/net").join(file)).unwrap_or_default();
    v4_addresses(&read("fib_trie")).chain(v6_addresses(&read("if_inet6"))).collect()
}

/// `|-- 10.0.0.1`, and below it `/32 host LOCAL`.
fn v4_addresses(trie: &str) -> impl Iterator<Item = IpAddr> {
    let lines = trie.lines().map(str::trim);
    let pairs = lines.clone().zip(lines.skip(1)).filter(|(_, below)| below.ends_with("/32 host LOCAL"));
    let found: Vec<IpAddr> = pairs.filter_map(|(leaf, _)| leaf.strip_prefix("|-- ")?.parse().ok()).collect();
    found.into_iter()
}

/// `fe80000000000000a8bbccfffe000001 02 40 20 80 eth0`.
fn v6_addresses(interfaces: &str) -> impl Iterator<Item = IpAddr> + '_ {
    let addresses = interfaces.lines().filter_map(|line| u128::from_str_radix(line.split(' ').next()?, 16).ok());
    addresses.map(|bits| Ipv6Addr::from_bits(bits).into())
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
        let text = legacy.lines().next().unwrap().into();
        assert_eq!(rejects(legacy), [RejectRule { text, packets: Some(7), hook: Some(Hook::Input) }]);
        assert_eq!(rejects("tcp dport 25 reject with tcp reset")[0].packets, None);
    }

    #[test]
    fn a_process_is_as_old_as_its_stat_says() {
        let ticks = sysconf(SysconfVar::CLK_TCK).unwrap().unwrap();
        let stat = |start: i64| format!("1 (a b) c) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 {start} 9 10\n");
        assert_eq!(began_after_boot(&stat(0)), Some(Duration::ZERO));
        assert_eq!(began_after_boot(&stat(90 * ticks)), Some(Duration::from_secs(90)));
        assert_eq!(began_after_boot("1 (init"), None);
        assert!(began_after_boot(&fs::read_to_string("/proc/self/stat").unwrap()).is_some());
    }

    #[test]
    fn a_rule_has_the_hook_of_its_chain() {
        let nft = "table inet f {\n chain in {\n  type filter hook input priority filter; policy accept;\n  \
                   tcp dport 25 reject with tcp reset\n }\n chain through {\n  type filter hook forward priority 0;\n  \
                   tcp dport 26 reject with tcp reset\n }\n chain called {\n  reject with tcp reset\n }\n}";
        let hooks = |rules: &str| rejects(rules).into_iter().map(|rule| rule.hook).collect::<Vec<_>>();
        assert_eq!(hooks(nft), [Some(Hook::Input), Some(Hook::Forward), None]);
        let legacy = "*filter\n[0:0] -A FORWARD -p tcp -j REJECT --reject-with tcp-reset\n-A mine -p tcp -j REJECT --reject-with tcp-reset";
        assert_eq!(hooks(legacy), [Some(Hook::Forward), None]);
    }

    #[test]
    fn addresses_are_those_of_the_kernels_tables() {
        let trie = "Local:\n  +-- 0.0.0.0/0 2 0 2\n     |-- 10.0.0.0\n        /24 link UNICAST\n     |-- 10.0.0.1\n        /32 host LOCAL\n     |-- 10.0.0.255\n        /32 link BROADCAST\n";
        assert_eq!(v4_addresses(trie).collect::<Vec<_>>(), [IpAddr::from([10, 0, 0, 1])]);
        let v6 = "00000000000000000000000000000001 01 80 10 80       lo\nnonsense\n";
        assert_eq!(v6_addresses(v6).collect::<Vec<_>>(), ["::1".parse::<IpAddr>().unwrap()]);
        assert!(own_addresses().contains(&[127, 0, 0, 1].into()));
    }

    #[test]
    fn translations_and_icmp_that_nobody_hears_are_found_among_the_rules() {
        for (rule, to) in [
            ("tcp dport 8080 dnat to 10.1.0.2:80", Some([10, 1, 0, 2])),
            ("tcp dport 8080 dnat ip to 10.1.0.2", Some([10, 1, 0, 2])),
            ("[0:0] -A PREROUTING -p tcp -j DNAT --to-destination 10.1.0.2:80", Some([10, 1, 0, 2])),
            ("tcp dport 80 accept comment \"to 10.1.0.2\"", None),
        ] {
            assert_eq!(target(rule), to.map(IpAddr::from), "{rule}");
            assert_eq!(translates(rule), to.is_some(), "{rule}");
        }
        for (rule, drops) in [
            ("ip protocol icmp drop", true),
            ("ip protocol icmp counter packets 3 bytes 252 drop", true),
            ("[3:252] -A INPUT -p icmp -j DROP", true),
            ("icmp type echo-request drop", false),
            ("-A INPUT -p icmp -m icmp --icmp-type 8 -j DROP", false),
            ("ip protocol icmp ip saddr 10.0.0.0/8 drop", false),
        ] {
            assert_eq!(drops_all_icmp(rule), drops, "{rule}");
        }
        let network = (u32::from_ne_bytes([10, 1, 0, 0]), u32::from_ne_bytes([255, 255, 0, 0]));
        assert!(lies_in_one_of(&[network], [10, 1, 0, 2].into()) && !lies_in_one_of(&[network], [10, 2, 0, 2].into()));
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
        let rule = |text: &str| RejectRule { text: text.into(), packets: None, hook: None }.unnumbered();
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
    fn the_kernel_lists_a_listener_and_what_was_not_read() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.write_all(b"unread").unwrap();
        let port = listener.local_addr().unwrap().port();
        let sockets = HostFacts::read().sockets;
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
