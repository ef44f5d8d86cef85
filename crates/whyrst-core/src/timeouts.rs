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

pub use whyrst_model::vocabulary::Expiry;

/// One default.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IdleTimeout {
    /// Product and setting.
    pub name: &'static str,
    /// Its default in seconds.
    pub seconds: u32,
    /// Whether it is an end of the connection or something between the ends.
    pub place: Place,
    /// What it does when the time is over.
    pub expiry: Expiry,
    /// Where that is documented.
    pub source: &'static str,
}

/// Where a timeout acts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Something on the path that does not end the TCP connection.
    Device,
    /// A program or a proxy that holds the socket.
    Endpoint,
}

/// Timers fire late, never early; a second of the round trip may hide in the measurement.
const EARLY: Span = Span::from_secs(1);
/// Sweeps over many connections run every second or two.
const LATE: Span = Span::from_secs(2);
/// Long timeouts are kept in coarser steps.
const LATE_PERCENT: i64 = 2;

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
    /// and later by at most two seconds or two percent, whichever is more.
    pub fn fits(&self, idle: Span) -> bool {
        let beyond = idle.nanos().saturating_sub(self.span().nanos());
        let late = LATE.nanos().max(self.span().nanos() / 100 * LATE_PERCENT);
        beyond >= -EARLY.nanos() && beyond <= late
    }
}

/// All defaults that fit a silence of `idle`, the nearest first.
pub fn suspects(idle: Span) -> impl Iterator<Item = &'static IdleTimeout> {
    let mut fitting: alloc::vec::Vec<&'static IdleTimeout> = ALL.iter().filter(|one| one.fits(idle)).collect();
    fitting.sort_by_key(|one| idle.nanos().saturating_sub(one.span().nanos()).saturating_abs());
    fitting.into_iter()
}

const fn device(name: &'static str, seconds: u32, expiry: Expiry, source: &'static str) -> IdleTimeout {
    IdleTimeout { name, seconds, place: Place::Device, expiry, source }
}

const fn endpoint(name: &'static str, seconds: u32, source: &'static str) -> IdleTimeout {
    IdleTimeout { name, seconds, place: Place::Endpoint, expiry: Expiry::Close, source }
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
    endpoint("undici (Node.js fetch) keepAliveTimeout", 4, "undici, Client options: keepAliveTimeout 4 s"),
    endpoint("Apache httpd KeepAliveTimeout", 5, "Apache HTTP Server 2.4, core: KeepAliveTimeout 5"),
    endpoint(
        "Node.js server.keepAliveTimeout",
        5,
        "Node.js http: server.keepAliveTimeout 5000 ms (65000 in newer versions)",
    ),
    endpoint("uvicorn --timeout-keep-alive", 5, "uvicorn settings: timeout-keep-alive 5"),
    endpoint(
        "Apache httpd KeepAliveTimeout (2.2)",
        15,
        "Apache HTTP Server 2.2, core: KeepAliveTimeout 15 in older configurations",
    ),
    endpoint(
        "Apache Tomcat connectionTimeout",
        20,
        "Apache Tomcat, HTTP connector: 20 s in the server.xml that it ships with",
    ),
    endpoint("Jetty idleTimeout", 30, "Eclipse Jetty, HTTP connector: idle timeout 30 s"),
    endpoint("Java HttpClient keepalive", 30, "JDK, jdk.httpclient.keepalive.timeout: 30 s since 21"),
    endpoint("AWS Application or Classic Load Balancer", 60, "AWS Elastic Load Balancing: idle timeout 60 s"),
    endpoint(
        "nginx proxy_read_timeout, send_timeout, client_header_timeout",
        60,
        "nginx, core and proxy modules: 60 s",
    ),
    endpoint("nginx upstream keepalive_timeout", 60, "nginx, upstream module: keepalive_timeout 60 s"),
    endpoint(
        "Apache Tomcat connectionTimeout (no server.xml value)",
        60,
        "Apache Tomcat, HTTP connector: default 60 s",
    ),
    endpoint("Windows WinINet keep-alive", 60, "Microsoft, Internet Explorer keep-alive: 60 s"),
    endpoint("Node.js server.keepAliveTimeout (newer)", 65, "Node.js http: server.keepAliveTimeout 65000 ms"),
    endpoint(
        "OCI Load Balancer, client side",
        65,
        "Oracle Cloud Infrastructure, load balancer connection settings: 65 s",
    ),
    endpoint("nginx keepalive_timeout", 75, "nginx, core module: keepalive_timeout 75 s"),
    endpoint("aiohttp keepalive_timeout", 75, "aiohttp web server: keepalive_timeout 75 s in older versions"),
    endpoint("Go http.DefaultTransport IdleConnTimeout", 90, "Go net/http: DefaultTransport IdleConnTimeout 90 s"),
    endpoint("Microsoft .NET SocketsHttpHandler pool", 60, ".NET 5 and newer: PooledConnectionIdleTimeout 1 minute"),
    endpoint("Firefox keep-alive", 115, "Firefox, network.http.keep-alive.timeout 115 s"),
    endpoint("Windows HTTP.sys, IIS connectionTimeout", 120, "Microsoft, HTTP.sys TimeoutManager: 2 minutes"),
    endpoint("ASP.NET Core Kestrel KeepAliveTimeout", 130, "Microsoft, KestrelServerLimits.KeepAliveTimeout: 130 s"),
    endpoint(
        "OCI Load Balancer, backend side",
        300,
        "Oracle Cloud Infrastructure, load balancer connection settings: 300 s",
    ),
    endpoint("OkHttp connection pool", 300, "OkHttp, ConnectionPool: 5 minutes"),
    endpoint("Chromium idle sockets", 300, "Chromium net, used idle sockets: 300 s"),
    endpoint("Envoy stream idle timeout", 300, "Envoy, timeouts: stream_idle_timeout 5 minutes"),
    endpoint(
        "Google Front End, backend side",
        600,
        "Google Cloud, external Application Load Balancer: backend keep-alive 600 s",
    ),
    endpoint(
        "Google Front End, client side",
        610,
        "Google Cloud, external Application Load Balancer: client keep-alive 610 s",
    ),
    endpoint("Windows SMB server autodisconnect", 900, "Microsoft, LanmanServer autodisconnect: 15 minutes"),
    endpoint("Envoy idle_timeout (HTTP and TCP proxy)", 3_600, "Envoy, timeouts: 1 hour"),
    endpoint(
        "Linux or Windows TCP keepalive",
        7_200,
        "RFC 1122 section 4.2.3.6; Linux tcp_keepalive_time 7200; Windows KeepAliveTime 2 h",
    ),
    endpoint("MySQL wait_timeout", 28_800, "MySQL, server system variables: wait_timeout 28800"),
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
