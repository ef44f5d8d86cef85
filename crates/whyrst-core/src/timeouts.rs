//! Idle timeouts that are known by their default: who ends a silent connection after how long, and how.
//!
//! A reset after 350 seconds of silence names its suspects. A name in this table is a hint and never a
//! proof: every one of these times can be configured, and several share one number. The source of a line
//! says where its number comes from; not every one was read at its vendor, so look there before you
//! change a setting. Where a default changed over the versions, each value has a line of its own.
//!
//! The facts behind it: docs/internals/timers.md#where-an-idle-timeout-lives.

use crate::language::Language;
use crate::time::Span;
use crate::words::Protocol;

pub use whyrst_model::vocabulary::Expiry;

/// One default.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IdleTimeout {
    /// Product and setting.
    pub name: &'static str,
    /// Its default in seconds.
    pub seconds: u32,
    /// Which end of the connection it is, or whether it stands between the ends.
    pub place: Place,
    /// Of which connections it takes the time.
    pub of: Of,
    /// What those connections speak.
    pub speaks: Speaks,
    /// What it does when the time is over.
    pub expiry: Expiry,
    /// Where that is documented.
    pub source: &'static str,
}

/// Where a timeout acts. A pool of a client cannot make the server's reset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Something on the path that does not end the TCP connection.
    Device,
    /// A program that opens connections, or the upstream side of a proxy.
    Client,
    /// A program that accepts connections, or the downstream side of a proxy.
    Server,
    /// A program, a proxy or a kernel at either end.
    EitherEnd,
}

/// What the connections of a program speak. A timeout of an HTTP server ends no session of a database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Speaks {
    /// Anything: it passes bytes on, or does not look at them.
    Anything,
    /// HTTP, in clear text or in TLS, or a `WebSocket` that began as HTTP.
    Http,
    /// This and nothing else.
    Only(Protocol),
    /// A protocol of a database; which one depends on what is behind it.
    Database,
    /// A protocol that [`crate::words`] has no name for.
    Unnamed,
}

impl Speaks {
    /// Whether a connection whose end began with `spoken` may be one of these.
    pub fn admits(self, spoken: Protocol) -> bool {
        // Inside of TLS and behind a header for proxies anything may be spoken.
        let covers = matches!(spoken, Protocol::Tls | Protocol::Proxy | Protocol::Socks | Protocol::Text);
        covers
            || match self {
                Self::Anything => true,
                Self::Http => matches!(spoken, Protocol::Http | Protocol::Http2 | Protocol::WebSocket),
                Self::Only(protocol) => spoken == protocol,
                Self::Database => matches!(spoken, Protocol::MySql | Protocol::PostgreSql),
                Self::Unnamed => false,
            }
    }
}

/// Of which connections a timeout takes the time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Of {
    /// Those that neither end has closed.
    Open,
    /// Those that one end has closed and the other has not.
    HalfClosed,
}

/// Timers fire late, never early; a second of the round trip may hide in the measurement.
const EARLY: Span = Span::from_secs(1);
/// Sweeps over many connections run every second or two.
const LATE: Span = Span::from_secs(2);
/// Long timeouts are kept in coarser steps.
const LATE_PERCENT: i64 = 2;
/// A second more or less is no match for a timeout of a few seconds.
const SHORT_PERCENT: i64 = 10;

/// Times that people configure. Whoever leaves after one of them, to the millisecond, had a timer.
static ROUND: &[u32] = &[
    1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 45, 50, 60, 75, 90, 100, 120, 150, 180, 240, 300, 360, 600, 900,
    1_200, 1_800, 3_600, 7_200,
];
/// What stands between two packets of one host that a timer sets apart, when it seems too short.
const JITTER: Span = Span::from_millis(5);
/// A timer fires after its time: the kernel lets a program that waits sleep longer by a thousandth (fs/select.c,
/// `__estimate_accuracy`), and a busy host adds this. Of silences of any length from 1 s to 1 h one in seventy is a
/// round time by chance then.
const LATENESS: Span = Span::from_millis(10);
const LATENESS_PER_MILLE: i64 = 1;
/// Whatever the path adds, more is no match.
const MOST_PER_MILLE: i64 = 15;
/// Ordinary work takes as long as shorter times, so nothing follows of them.
const SHORTEST_TIMER: Span = Span::from_secs(1);

/// The round time that `waited` is, where the path may add `trip` to it: not before it, and at most 1.5 % later
/// (much less without the path). `None` below one second.
pub fn round_time(waited: Span, trip: Span) -> Option<Span> {
    let fits = |seconds: &&u32| {
        let timer = i64::from(**seconds).saturating_mul(1_000_000_000);
        let late = LATENESS.nanos().saturating_add(timer / 1_000 * LATENESS_PER_MILLE).saturating_add(trip.nanos());
        let beyond = waited.nanos().saturating_sub(timer);
        beyond >= -JITTER.nanos() && beyond <= late.min(timer / 1_000 * MOST_PER_MILLE)
    };
    let round = ROUND.iter().find(fits).filter(|_| waited >= SHORTEST_TIMER)?;
    Some(Span::from_secs(i64::from(*round)))
}

impl IdleTimeout {
    /// What happens when the time is over, as a report says it after "then".
    pub const fn expiry_words(&self, language: Language) -> &'static str {
        match self.expiry {
            Expiry::ResetBoth => language.pick("RST to both ends", "向两端发 RST"),
            Expiry::ResetLater => language.pick("RST in reply to the next packet", "对下一个报文回 RST"),
            Expiry::Silent => language.pick("dropped silently", "静默删除表项"),
            Expiry::Close => language.pick("closed", "关闭"),
        }
    }

    /// The time as a span.
    pub const fn span(&self) -> Span {
        Span::from_secs(self.seconds as i64)
    }

    /// Whether a silence of `idle` ends when this timeout would end it: at most one second earlier,
    /// and later by at most two seconds or two percent, whichever is more; and never by more than a tenth.
    pub fn fits(&self, idle: Span) -> bool {
        let time = self.span().nanos();
        let beyond = idle.nanos().saturating_sub(time);
        let late = LATE.nanos().max(time / 100 * LATE_PERCENT);
        let tenth = time / 100 * SHORT_PERCENT;
        beyond >= -EARLY.nanos().min(tenth) && beyond <= late.min(tenth)
    }
}

impl IdleTimeout {
    /// Whether a silence of `idle` is this timeout within 1.5 %, and not shorter.
    pub fn fits_closely(&self, idle: Span) -> bool {
        let beyond = idle.nanos().saturating_sub(self.span().nanos());
        beyond >= -JITTER.nanos() && beyond <= self.span().nanos() / 1_000 * MOST_PER_MILLE
    }
}

/// All defaults that fit a silence of `idle`, the nearest first.
pub fn suspects(idle: Span) -> impl Iterator<Item = &'static IdleTimeout> {
    let mut fitting: alloc::vec::Vec<&'static IdleTimeout> = ALL.iter().filter(|one| one.fits(idle)).collect();
    fitting.sort_by_key(|one| idle.nanos().saturating_sub(one.span().nanos()).saturating_abs());
    fitting.into_iter()
}

/// What stacks do with keepalive until they give up, by default: a RST when the probe after the last was due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keepalive {
    /// Whose.
    pub stacks: &'static str,
    /// The TTLs that their packets begin with.
    pub ttls: &'static [u8],
    /// Between two probes; each begins after two hours of silence (RFC 1122 section 4.2.3.6).
    pub interval: Span,
    /// How many unanswered probes are too many.
    pub probes: u16,
    /// Where that is documented.
    pub source: &'static str,
}

/// The keepalive defaults of stacks. lwIP has those of Linux, where it is built with keepalive at all.
pub static KEEPALIVES: [Keepalive; 3] = [
    Keepalive {
        stacks: "Linux and lwIP",
        ttls: &[64, 255],
        interval: Span::from_secs(75),
        probes: 9,
        source: "Linux Documentation/networking/ip-sysctl.rst: tcp_keepalive_intvl 75 s, tcp_keepalive_probes 9; lwIP src/include/lwip/priv/tcp_priv.h: TCP_KEEPINTVL_DEFAULT, TCP_KEEPCNT_DEFAULT",
    },
    Keepalive {
        stacks: "FreeBSD, NetBSD and macOS",
        ttls: &[64],
        interval: Span::from_secs(75),
        probes: 8,
        source: "sys/netinet/tcp_timer.h: TCPTV_KEEPINTVL 75 s, TCPTV_KEEPCNT 8; tcp(4): net.inet.tcp.keepintvl, keepcnt",
    },
    Keepalive {
        stacks: "Windows",
        ttls: &[128],
        interval: Span::from_secs(1),
        probes: 10,
        source: "Microsoft, SIO_KEEPALIVE_VALS: 10 probes since Windows Vista; KeepAliveInterval: 1000 ms",
    },
];

/// How often stacks repeat data until they give up and send a RST, by default.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retransmission {
    /// Whose.
    pub stacks: &'static str,
    /// The TTL that their packets begin with.
    pub ttls: &'static [u8],
    /// How many repetitions in vain are too many.
    pub repetitions: u16,
    /// The upper bound of the doubled timeout, where there is one.
    pub longest: Option<Span>,
    /// Where that is documented.
    pub source: &'static str,
}

/// Linux and lwIP stand not here: they give up without a word (`tcp_write_err`; lwIP `tcp_slowtmr`, `pcb_remove`).
pub static RETRANSMISSIONS: [Retransmission; 2] = [
    Retransmission {
        stacks: "Windows",
        ttls: &[128],
        repetitions: 5,
        longest: None,
        source: "Microsoft KB 170359: TcpMaxDataRetransmissions 5, the timeout doubles with each",
    },
    Retransmission {
        stacks: "FreeBSD, NetBSD and macOS",
        ttls: &[64],
        repetitions: 12,
        longest: Some(Span::from_secs(64)),
        source: "sys/netinet/tcp_timer.h: TCP_MAXRXTSHIFT 12, TCPTV_REXMTMAX 64 s; tcp_timer.c: tcp_timer_rexmt, tcp_drop",
    },
];

const fn device(name: &'static str, seconds: u32, expiry: Expiry, source: &'static str) -> IdleTimeout {
    IdleTimeout { name, seconds, place: Place::Device, of: Of::Open, speaks: Speaks::Anything, expiry, source }
}

const fn half_closed(name: &'static str, seconds: u32, source: &'static str) -> IdleTimeout {
    IdleTimeout {
        name,
        seconds,
        place: Place::Device,
        of: Of::HalfClosed,
        speaks: Speaks::Anything,
        expiry: Expiry::ResetLater,
        source,
    }
}

const fn client(name: &'static str, seconds: u32, source: &'static str) -> IdleTimeout {
    IdleTimeout {
        name,
        seconds,
        place: Place::Client,
        of: Of::Open,
        speaks: Speaks::Anything,
        expiry: Expiry::Close,
        source,
    }
}

const fn server(name: &'static str, seconds: u32, source: &'static str) -> IdleTimeout {
    IdleTimeout {
        name,
        seconds,
        place: Place::Server,
        of: Of::Open,
        speaks: Speaks::Anything,
        expiry: Expiry::Close,
        source,
    }
}

const fn either(name: &'static str, seconds: u32, source: &'static str) -> IdleTimeout {
    IdleTimeout {
        name,
        seconds,
        place: Place::EitherEnd,
        of: Of::Open,
        speaks: Speaks::Anything,
        expiry: Expiry::Close,
        source,
    }
}

impl IdleTimeout {
    const fn speaks(self, speaks: Speaks) -> Self {
        Self { speaks, ..self }
    }

    const fn http(self) -> Self {
        self.speaks(Speaks::Http)
    }

    const fn only(self, protocol: Protocol) -> Self {
        self.speaks(Speaks::Only(protocol))
    }
}

/// The table. Devices first, then ends; the commoner first where the time is the same.
pub static ALL: &[IdleTimeout] = &[
    device(
        "AWS Network Load Balancer",
        350,
        Expiry::ResetLater,
        "AWS, Network Load Balancers: TCP idle timeout 350 s (60 to 6000), TLS listeners fixed at 350 s",
    ),
    device(
        "AWS NAT gateway",
        350,
        Expiry::ResetLater,
        "AWS, troubleshoot NAT gateways: idle for 350 s or more, then RST",
    ),
    device(
        "AWS Network Firewall",
        350,
        Expiry::Silent,
        "AWS Network Firewall API, FlowTimeouts: TcpIdleTimeoutSeconds 350 (60 to 6000), packets are dropped afterwards",
    ),
    device(
        "AWS Gateway Load Balancer",
        350,
        Expiry::Silent,
        "AWS, Gateway Load Balancers: TCP idle timeout 350 s (60 to 6000)",
    ),
    device(
        "Azure Load Balancer with TCP reset",
        240,
        Expiry::ResetBoth,
        "Microsoft, Load Balancer TCP reset and idle timeout: 4 minutes (4 to 100); RST both ways only when enabled",
    ),
    device(
        "Azure Load Balancer",
        240,
        Expiry::Silent,
        "Microsoft, Load Balancer TCP reset and idle timeout: 4 minutes, dropped silently by default",
    ),
    device(
        "Azure NAT Gateway",
        240,
        Expiry::ResetLater,
        "Microsoft, Azure NAT Gateway: TCP idle timeout 4 minutes (4 to 120)",
    ),
    device(
        "kube-proxy IPVS, tcp",
        900,
        Expiry::ResetLater,
        "Linux net/netfilter/ipvs/ip_vs_proto_tcp.c: tcp_timeouts[IP_VS_TCP_S_ESTABLISHED] 15 min; kube-proxy --ipvs-tcp-timeout; the node has no socket for what comes later",
    ),
    device(
        "Google Cloud passthrough Network Load Balancer",
        600,
        Expiry::Silent,
        "Google Cloud, passthrough Network Load Balancer: connection tracking idle timeout 600 s",
    ),
    device(
        "Alibaba Cloud CLB, TCP listener",
        900,
        Expiry::Silent,
        "Alibaba Cloud, CLB TCP listener: connection timeout 900 s (10 to 900)",
    ),
    device(
        "Cilium connection tracking",
        8_000,
        Expiry::Silent,
        "Cilium, bpf-ct-timeout-regular-tcp: 2 h 13 min 20 s (6 h in older versions)",
    ),
    half_closed(
        "kube-proxy IPVS, tcpfin",
        120,
        "Linux net/netfilter/ipvs/ip_vs_proto_tcp.c: tcp_timeouts[IP_VS_TCP_S_FIN_WAIT] 2 min; kube-proxy --ipvs-tcpfin-timeout",
    ),
    half_closed(
        "IPVS, close wait",
        60,
        "Linux net/netfilter/ipvs/ip_vs_proto_tcp.c: tcp_timeouts[IP_VS_TCP_S_CLOSE_WAIT] 60 s",
    ),
    half_closed(
        "Linux conntrack, close wait",
        60,
        "Linux Documentation/networking/nf_conntrack-sysctl.rst: nf_conntrack_tcp_timeout_close_wait 60 s",
    ),
    half_closed(
        "Linux conntrack, FIN wait",
        120,
        "Linux Documentation/networking/nf_conntrack-sysctl.rst: nf_conntrack_tcp_timeout_fin_wait 120 s",
    ),
    half_closed(
        "NAT at the RFC 5382 minimum, partially closed",
        240,
        "RFC 5382 REQ-5: transitory connection idle-timeout not less than 4 min",
    ),
    device(
        "Google Cloud VPC firewall",
        600,
        Expiry::Silent,
        "Google Cloud, VPC firewall: idle connections are tracked 10 minutes",
    ),
    device("Google Cloud NAT", 1_200, Expiry::Silent, "Google Cloud, Cloud NAT: TCP established idle timeout 1200 s"),
    device(
        "FortiGate session-ttl",
        3_600,
        Expiry::Silent,
        "Fortinet, config system session-ttl: 3600 s; RST only with timeout-send-rst",
    ),
    device("Palo Alto Networks TCP session", 3_600, Expiry::Silent, "Palo Alto Networks, session timeouts: TCP 3600 s"),
    device("Cisco ASA timeout conn", 3_600, Expiry::Silent, "Cisco, ASA command reference: timeout conn 1:00:00"),
    device(
        "Check Point TCP session",
        3_600,
        Expiry::Silent,
        "Check Point, stateful inspection: TCP session timeout 3600 s",
    ),
    device("Juniper SRX TCP session", 1_800, Expiry::Silent, "Juniper, session characteristics: TCP 30 minutes"),
    device(
        "F5 BIG-IP TCP or FastL4 profile",
        300,
        Expiry::ResetBoth,
        "F5, TCP and FastL4 profiles: idle timeout 300 s, reset on timeout",
    ),
    device("Huawei USG TCP session", 1_200, Expiry::Silent, "Huawei, firewall session aging-time: TCP 1200 s"),
    device(
        "Kubernetes kube-proxy conntrack",
        86_400,
        Expiry::Silent,
        "Kubernetes, kube-proxy --conntrack-tcp-timeout-established: 24 h",
    ),
    device(
        "Linux conntrack",
        432_000,
        Expiry::Silent,
        "Linux Documentation/networking/nf_conntrack-sysctl.rst: nf_conntrack_tcp_timeout_established 5 days",
    ),
    device(
        "carrier-grade NAT at the RFC 5382 minimum",
        7_440,
        Expiry::Silent,
        "RFC 5382 REQ-5: not less than 2 h 4 min; many are shorter",
    ),
    either(
        "Docker Desktop port forwarder (vpnkit)",
        300,
        "moby/vpnkit --port-max-idle-time: 300 s; vpnKitMaxPortIdleTime in Docker Desktop's settings.json",
    ),
    server("gunicorn --keep-alive", 2, "Gunicorn settings: keepalive 2 s").http(),
    server("lighttpd server.max-keep-alive-idle", 5, "lighttpd, server.max-keep-alive-idle: 5 s").http(),
    server("MySQL connect_timeout", 10, "MySQL, server system variables: connect_timeout 10").only(Protocol::MySql),
    server("RabbitMQ handshake_timeout", 10, "RabbitMQ, networking: handshake_timeout 10000 ms").only(Protocol::Amqp),
    server("Puma persistent_timeout", 20, "Puma, persistent_timeout: 20 s (65 s in newer versions)").http(),
    server("MySQL net_read_timeout", 30, "MySQL, server system variables: net_read_timeout 30").only(Protocol::MySql),
    either("HAProxy timeout client, timeout server (packaged)", 50, "HAProxy packages, haproxy.cfg: 50000 ms"),
    server("MySQL net_write_timeout", 60, "MySQL, server system variables: net_write_timeout 60").only(Protocol::MySql),
    server("Apache httpd Timeout", 60, "Apache HTTP Server 2.4, core: Timeout 60").http(),
    server("OpenSSH LoginGraceTime", 120, "sshd_config(5): LoginGraceTime 120 s").only(Protocol::Ssh),
    server("Traefik entry point idleTimeout", 180, "Traefik, respondingTimeouts.idleTimeout: 180 s"),
    client("Traefik forwardingTimeouts.idleConnTimeout", 90, "Traefik, forwardingTimeouts.idleConnTimeout: 90 s")
        .http(),
    server("Caddy idle timeout", 300, "Caddy, servers: timeouts, idle 5 min").http(),
    server("Cloudflare, client side", 400, "Cloudflare, connection limits: keep-alive to the client 400 s").http(),
    client("Cloudflare, origin side", 900, "Cloudflare, connection limits: keep-alive to the origin 900 s").http(),
    client("Apache Kafka client connections.max.idle.ms", 540, "Apache Kafka, client configuration: 9 minutes")
        .speaks(Speaks::Unnamed),
    server("Apache Kafka broker connections.max.idle.ms", 600, "Apache Kafka, broker configuration: 10 minutes")
        .speaks(Speaks::Unnamed),
    client("PgBouncer server_idle_timeout", 600, "PgBouncer configuration: server_idle_timeout 600 s")
        .only(Protocol::PostgreSql),
    client("HikariCP idleTimeout", 600, "HikariCP: idleTimeout 10 minutes").speaks(Speaks::Database),
    client("HikariCP maxLifetime", 1_800, "HikariCP: maxLifetime 30 minutes").speaks(Speaks::Database),
    client("undici (Node.js fetch) keepAliveTimeout", 4, "undici, Client options: keepAliveTimeout 4 s").http(),
    server("Apache httpd KeepAliveTimeout", 5, "Apache HTTP Server 2.4, core: KeepAliveTimeout 5").http(),
    server(
        "Node.js server.keepAliveTimeout",
        5,
        "Node.js http: server.keepAliveTimeout 5000 ms (65000 in newer versions)",
    )
    .http(),
    server("uvicorn --timeout-keep-alive", 5, "uvicorn settings: timeout-keep-alive 5").http(),
    server(
        "Apache httpd KeepAliveTimeout (2.2)",
        15,
        "Apache HTTP Server 2.2, core: KeepAliveTimeout 15 in older configurations",
    )
    .http(),
    server(
        "Apache Tomcat connectionTimeout",
        20,
        "Apache Tomcat, HTTP connector: 20 s in the server.xml that it ships with",
    )
    .http(),
    server("Jetty idleTimeout", 30, "Eclipse Jetty, HTTP connector: idle timeout 30 s").http(),
    client("Java HttpClient keepalive", 30, "JDK, jdk.httpclient.keepalive.timeout: 30 s since 21").http(),
    either("AWS Application or Classic Load Balancer", 60, "AWS Elastic Load Balancing: idle timeout 60 s"),
    either("nginx proxy_read_timeout, send_timeout, client_header_timeout", 60, "nginx, core and proxy modules: 60 s"),
    client("nginx upstream keepalive_timeout", 60, "nginx, upstream module: keepalive_timeout 60 s").http(),
    server("Apache Tomcat connectionTimeout (no server.xml value)", 60, "Apache Tomcat, HTTP connector: default 60 s")
        .http(),
    client("Windows WinINet keep-alive", 60, "Microsoft, Internet Explorer keep-alive: 60 s").http(),
    server("Node.js server.keepAliveTimeout (newer)", 65, "Node.js http: server.keepAliveTimeout 65000 ms").http(),
    server(
        "OCI Load Balancer, client side",
        65,
        "Oracle Cloud Infrastructure, load balancer connection settings: 65 s",
    ),
    server("nginx keepalive_timeout", 75, "nginx, core module: keepalive_timeout 75 s").http(),
    server("aiohttp keepalive_timeout", 75, "aiohttp web server: keepalive_timeout 75 s in older versions").http(),
    client("Go http.DefaultTransport IdleConnTimeout", 90, "Go net/http: DefaultTransport IdleConnTimeout 90 s").http(),
    client("Microsoft .NET SocketsHttpHandler pool", 60, ".NET 5 and newer: PooledConnectionIdleTimeout 1 minute")
        .http(),
    client("Firefox keep-alive", 115, "Firefox, network.http.keep-alive.timeout 115 s").http(),
    server("Windows HTTP.sys, IIS connectionTimeout", 120, "Microsoft, HTTP.sys TimeoutManager: 2 minutes").http(),
    server("ASP.NET Core Kestrel KeepAliveTimeout", 130, "Microsoft, KestrelServerLimits.KeepAliveTimeout: 130 s")
        .http(),
    client(
        "OCI Load Balancer, backend side",
        300,
        "Oracle Cloud Infrastructure, load balancer connection settings: 300 s",
    ),
    client("OkHttp connection pool", 300, "OkHttp, ConnectionPool: 5 minutes").http(),
    client("Chromium idle sockets", 300, "Chromium net, used idle sockets: 300 s").http(),
    either("Envoy stream idle timeout", 300, "Envoy, timeouts: stream_idle_timeout 5 minutes").http(),
    client(
        "Google Front End, backend side",
        600,
        "Google Cloud, external Application Load Balancer: backend keep-alive 600 s",
    )
    .http(),
    server(
        "Google Front End, client side",
        610,
        "Google Cloud, external Application Load Balancer: client keep-alive 610 s",
    )
    .http(),
    server("Windows SMB server autodisconnect", 900, "Microsoft, LanmanServer autodisconnect: 15 minutes")
        .only(Protocol::Smb),
    either("Envoy idle_timeout (HTTP and TCP proxy)", 3_600, "Envoy, timeouts: 1 hour"),
    either(
        "Linux or Windows TCP keepalive",
        7_200,
        "RFC 1122 section 4.2.3.6; Linux tcp_keepalive_time 7200; Windows KeepAliveTime 2 h",
    ),
    server("MySQL wait_timeout", 28_800, "MySQL, server system variables: wait_timeout 28800").only(Protocol::MySql),
];

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::vec::Vec;

    fn names(millis: i64) -> Vec<&'static str> {
        suspects(Span::from_millis(millis)).map(|one| one.name).collect()
    }

    #[test]
    fn a_silence_of_350_2_seconds_names_its_suspects() {
        let found = names(350_200);
        assert!(found.contains(&"AWS Network Load Balancer") && found.contains(&"AWS NAT gateway"), "{found:?}");
        assert!(!found.contains(&"Envoy stream idle timeout"));
    }

    #[test]
    fn timers_fire_late_and_hardly_early() {
        assert!(names(75_040).contains(&"nginx keepalive_timeout"));
        assert!(names(73_900).is_empty() && names(77_100).is_empty());
        assert!(names(3_671_000).contains(&"Cisco ASA timeout conn") && names(3_673_000).is_empty());
    }

    #[test]
    fn a_timeout_of_a_few_seconds_is_matched_closer() {
        assert!(names(5_050).contains(&"Apache httpd KeepAliveTimeout") && names(5_900).is_empty());
        assert!(names(2_010).contains(&"gunicorn --keep-alive") && names(1_500).is_empty());
    }

    #[test]
    fn a_round_time_is_met_late_and_never_early() {
        let met = |millis, trip| {
            round_time(Span::from_millis(millis), Span::from_millis(trip)).map(|met| met.nanos() / 1_000_000_000)
        };
        assert_eq!((met(1_002, 0), met(60_060, 0), met(300_100, 0)), (Some(1), Some(60), Some(300)));
        assert_eq!((met(990, 0), met(1_020, 0), met(2_960, 0), met(7_000, 0)), (None, None, None, None));
        assert_eq!((met(3_040, 0), met(3_040, 30), met(3_100, 90)), (None, Some(3), None));
        assert_eq!((met(60_200, 0), met(60_200, 200)), (None, Some(60)));
    }

    #[test]
    fn the_nearest_comes_first() {
        assert_eq!(names(65_000)[0], "Node.js server.keepAliveTimeout (newer)");
    }

    #[test]
    fn every_line_has_a_name_of_its_own_and_a_source() {
        let all: BTreeSet<_> = ALL.iter().map(|one| one.name).collect();
        assert_eq!(all.len(), ALL.len());
        assert!(ALL.iter().all(|one| one.seconds > 0 && !one.source.is_empty() && one.name.is_ascii()));
    }
}
