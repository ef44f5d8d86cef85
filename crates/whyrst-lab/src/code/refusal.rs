//! Which scenarios sockets alone cannot make, and what they need instead: read from their steps and their wire.

use crate::scenario::{
    Action, ExpectedReturn, Host, Limit, Link, Scenario, SocketOption, Step, Treatment, Wire, WireRule,
};

use super::options::Opt;
use super::{NoPrograms, Program};

/// Why there are no programs of this scenario in any language.
pub(super) fn of(scenario: &'static Scenario) -> Option<NoPrograms> {
    of_wire(&scenario.wire)
        .or_else(|| scenario.steps.iter().find_map(of_step))
        .or_else(|| of_end(scenario))
        .or_else(|| of_clocks(scenario))
}

/// Why there are none in this language.
pub(super) fn of_language(scenario: &'static Scenario, program: Program) -> Option<NoPrograms> {
    scenario.steps.iter().find_map(|step| of_step_in(scenario, step, program))
}

/// What depends on milliseconds between several processes, which only a conductor keeps.
const BEYOND_CLOCKS: [&str; 2] = ["app-suspended", "reload-drops-queue"];

fn of_clocks(scenario: &Scenario) -> Option<NoPrograms> {
    BEYOND_CLOCKS.contains(&scenario.id).then(|| {
        NoPrograms::new(
            "it lies in the milliseconds between several processes, which the lab keeps and sleeps do not",
            "关键在于多个进程之间的毫秒级时序，lab 能保证，sleep 不能",
        )
    })
}

fn of_wire(wire: &Wire) -> Option<NoPrograms> {
    let makes_resets = |rule: &WireRule| matches!(rule.treatment, Treatment::Reject { .. } | Treatment::Inject(_));
    if wire.rules.iter().any(makes_resets) {
        return Some(NoPrograms::new(
            "a device on the path makes its RST, not a program: the lab's wire plays that device",
            "RST 由路径上的设备发出，而不是由程序造成：lab 的线路扮演该设备",
        ));
    }
    let changes = |rule: &WireRule| matches!(rule.treatment, Treatment::StripMptcp);
    if wire.rules.iter().any(changes) {
        return Some(NoPrograms::new(
            "a device on the path has to change options of its packets, which the lab's wire does",
            "路径上的设备必须改动报文的选项，由 lab 的线路完成",
        ));
    }
    if !wire.rules.is_empty() {
        return Some(NoPrograms::new(
            "the network has to lose, delay or repeat certain packets, which the lab's wire does",
            "网络必须丢弃、延迟或重复特定的包，由 lab 的线路完成",
        ));
    }
    if wire.link == Link::Ethernet {
        return Some(NoPrograms::new("it needs a link layer of its own", "需要独立的链路层"));
    }
    let (there, back) = (wire.to_server_us, wire.to_client_us);
    if (there, back) != (Wire::PLAIN.to_server_us, Wire::PLAIN.to_client_us) {
        let ms = f64::from(there + back) / 1_000.0;
        return Some(NoPrograms::new(
            format!("it needs a network with a round trip of {ms} ms; loopback takes none"),
            format!("需要往返时间为 {ms} ms 的网络；回环没有延迟"),
        ));
    }
    None
}

/// A story without a reset that ends with sockets whose end would make one.
fn of_end(scenario: &Scenario) -> Option<NoPrograms> {
    let is_quiet = scenario.expect.kernel.is_empty();
    let vanishes = scenario.steps.iter().any(|step| matches!(step.action, Action::Vanish));
    let ends_badly = vanishes || [Host::Client, Host::Server].iter().any(|host| leaves_unread(scenario, *host));
    let reason = "nothing is reset only as long as its programs run: \
                  their end closes sockets with data unread or unknown";
    let chinese = "只有程序一直运行才不会重置：程序结束会关闭仍有未读数据或对端不认识的套接字";
    (is_quiet && ends_badly).then(|| NoPrograms::new(reason, chinese))
}

/// Whether less is read on that host than the other writes; where a read does not say how much, it is all.
fn leaves_unread(scenario: &Scenario, host: Host) -> bool {
    let (mut written, mut read) = (0_i64, 0_i64);
    for step in scenario.steps {
        let is_here = step.actor.host == host;
        match (step.action, step.outcome) {
            (Action::Write { bytes }, ExpectedReturn::Gives(_)) if !is_here => written += i64::from(bytes),
            (Action::Say(octets), _) if !is_here => written += i64::try_from(octets.len()).unwrap_or(i64::MAX),
            (Action::Read { .. }, ExpectedReturn::Gives(bytes)) if is_here => read += bytes,
            (Action::Read { .. }, ExpectedReturn::Succeeds) if is_here => return false,
            _ => {}
        }
    }
    written > read
}

fn of_step(step: &Step) -> Option<NoPrograms> {
    if matches!(step.actor.host, Host::Router | Host::Standby) {
        return Some(NoPrograms::new(
            format!("it needs a third host, the {}", step.actor.host.name()),
            format!("需要第三台主机（{}）", step.actor.host.name()),
        ));
    }
    let (english, chinese) = match step.action {
        Action::StandIn | Action::Segment(_) => {
            ("some of its segments are made by hand, which no socket sends", "其中有手工构造的段，套接字发不出来")
        }
        Action::RawSyn { .. }
        | Action::RawJoin { .. }
        | Action::RawAck { .. }
        | Action::RawXmas { .. }
        | Action::RawSynAck { .. } => {
            ("some of its segments come from a raw socket, made by hand", "其中有由原始套接字发出的手工构造的段")
        }
        Action::Firewall { .. } | Action::Nft(_) | Action::Iptables(_) => {
            ("a firewall or NAT makes it, not a program", "由防火墙或 NAT 造成，而不是由程序造成")
        }
        Action::ForgetConnections => ("a firewall has to forget its connections", "需要防火墙丢掉连接记录"),
        Action::Ip(_) | Action::LinkDown | Action::TakesAddress | Action::LosesAddress => {
            ("an address, a route or a device has to change meanwhile", "其间地址、路由或设备必须变化")
        }
        Action::IsDestroyed => (
            "an administrator destroys the connection (`ss -K`), not a program",
            "由管理员销毁连接（`ss -K`），而不是程序",
        ),
        Action::Sysctl { .. } | Action::MachineSysctl { .. } => {
            ("it needs a sysctl that is not the default", "需要非默认的 sysctl")
        }
        Action::ConnectWithin { limit: Limit::NonBlocking, .. } => {
            ("it connects to who does not answer, and loopback answers at once", "连接的对端不应答，而回环会立刻应答")
        }
        Action::Connect { to, .. } | Action::ConnectWithin { to, .. } | Action::ConnectUntilAccepted { to, .. }
            if to == Host::Silent =>
        {
            ("it connects to an address that nobody has", "连接的是无人使用的地址")
        }
        Action::ListenOnLoopback { .. } => {
            ("its client comes from another host, not over loopback", "客户端来自另一台主机，而不是回环")
        }
        Action::AwaitUnread { .. } if matches!(step.outcome, ExpectedReturn::GivesBetween(..)) => (
            "part of the data must still be on its way, and loopback takes no time",
            "必须有数据还在路上，而回环没有延迟",
        ),
        Action::Set(option @ SocketOption::Md5Key(..)) if Opt::of(option).is_none() => {
            ("its hosts sign their segments (TCP MD5)", "主机对段签名（TCP MD5）")
        }
        _ => return None,
    };
    Some(NoPrograms::new(english, chinese))
}

fn of_step_in(scenario: &Scenario, step: &Step, program: Program) -> Option<NoPrograms> {
    let threads = matches!(program, Program::Rust | Program::Go);
    let is_child = scenario.steps.iter().any(|other| other.action.child() == Some(step.actor));
    match step.action {
        Action::HeedSigpipe if program == Program::Go => Some(NoPrograms::new(
            "Go ignores SIGPIPE on sockets (package os/signal), so it cannot end the program",
            "Go 忽略套接字上的 SIGPIPE（os/signal 包），程序不会因此结束",
        )),
        Action::IsKilled if threads && is_child => Some(NoPrograms::new(
            "it kills one process of two, and this language serves with threads",
            "需要杀掉两个进程之一，而该语言用线程服务",
        )),
        _ => None,
    }
}
