//! Incidents in words and as `whyrst.incident/1` objects.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write};

use whyrst_model::Text;
use whyrst_model::incident::{FrameReport, IncidentReport, IncidentSchema};

use super::Context;
use super::catalogue::plain;
use super::layout::{padded, wrap};
use super::markdown::literal;
use super::style::{Part, Style};
use super::words::{digits, plural, severity};
use crate::cause::Cause;
use crate::incident::{Counted, Incident, IncidentKind, Subject};
use crate::language::Language;

/// Lines are no longer, however wide the terminal: nobody reads them then.
const WIDEST: usize = 120;
/// Nor shorter.
const NARROWEST: usize = 40;
const LABEL: usize = 11;
/// Incidents in a text; the rest is counted.
const SHOWN: usize = 10;

/// One line of JSON, without a line end.
pub fn line(incident: &Incident, context: &Context) -> String {
    serde_json::to_string(&record(incident, context)).unwrap_or_default()
}

/// The record of it: what JSON and table rows are made of.
pub fn record<'a>(incident: &'a Incident, context: &'a Context) -> IncidentReport<'a> {
    let (host, server) = match incident.subject {
        Subject::Host(host) => (Some(host), None),
        Subject::Service(server) => (None, Some(server.to_string().into())),
        Subject::Between(host, server) => (Some(host), Some(server.to_string().into())),
        Subject::Path | Subject::Name(_) => (None, None),
    };
    IncidentReport {
        schema: IncidentSchema::V1,
        kind: incident.kind,
        title: title(incident, context).into(),
        reading: reading(incident, context.language).into_owned().into(),
        severity: incident.severity,
        time: incident.first,
        last: incident.last,
        accepted_before: incident.accepted.map(|moment| moment.time),
        accepted_again: incident.back.map(|moment| moment.time),
        host,
        server,
        name: incident.name.as_deref().map(Text::from),
        connections: incident.connections,
        refused: incident.refused,
        clients: incident.clients,
        services: incident.services,
        rhythm_ms: incident.rhythm.map(crate::time::Span::as_millis_f64),
        causes: incident.causes.iter().map(|(cause, count)| ((*cause).into(), *count)).collect(),
        frames: incident
            .frames
            .iter()
            .map(|frame| FrameReport { file: context.file(*frame).into(), frame: frame.number() })
            .collect(),
    }
}

/// The first of them, for a person, and how many more there are; empty when there are none.
pub fn text(incidents: &[Incident], context: &Context, style: Style, width: usize) -> String {
    let width = width.clamp(NARROWEST, WIDEST);
    let mut out = String::new();
    for incident in incidents.iter().take(SHOWN) {
        // Writing to a String cannot fail.
        write(incident, context, style, width, &mut out).unwrap_or_default();
    }
    let more = incidents.len().saturating_sub(SHOWN);
    if more > 0 {
        // Writing to a String cannot fail.
        match context.language {
            Language::English => writeln!(out, "and {more} more incidents (--format json)\n"),
            Language::Chinese => writeln!(out, "另有 {more} 个事件（--format json）\n"),
        }
        .unwrap_or_default();
    }
    out
}

/// All of them, as a markdown list.
pub fn markdown(incidents: &[Incident], context: &Context) -> String {
    let item = |incident: &Incident| {
        let (title, reading) = (title(incident, context), reading(incident, context.language));
        let (how, extent) = (severity(incident.severity, context.language), extent(incident, context));
        let (title, extent) = (literal(&title), literal(&extent));
        match context.language {
            Language::English => format!("- **{title}** ({how}, {extent})\n  {reading}\n"),
            Language::Chinese => format!("- **{title}**（{how}，{extent}）\n  {reading}\n"),
        }
    };
    let items: String = incidents.iter().map(item).collect();
    let heading = context.language.pick("Across connections", "跨连接的事件");
    if items.is_empty() { items } else { format!("## {heading}\n\n{items}\n") }
}

fn write(incident: &Incident, context: &Context, style: Style, width: usize, out: &mut String) -> fmt::Result {
    let language = context.language;
    let title = title(incident, context) + language.pick(".", "。");
    for (at, line) in wrap(&title, width - LABEL).enumerate() {
        let label = padded(if at == 0 { language.pick("incident", "事件") } else { "" }, LABEL);
        writeln!(out, "{}{}", style.paint(Part::Label, label), style.paint(Part::Heading, line.to_string()))?;
    }
    for line in wrap(&reading(incident, language), width - LABEL) {
        writeln!(out, "{:LABEL$}{line}", "")?;
    }
    let extent =
        format!("{}{}{}", severity(incident.severity, language), language.pick("; ", "；"), extent(incident, context));
    for line in wrap(&extent, width - LABEL) {
        writeln!(out, "{:LABEL$}{}", "", style.paint(Part::Dim, line.to_string()))?;
    }
    out.push('\n');
    Ok(())
}

/// What was seen, and nothing more.
fn title(incident: &Incident, context: &Context) -> String {
    if context.language == Language::Chinese {
        return chinese_title(incident, context);
    }
    let about = subject(incident.subject, Language::English);
    let counted = |number, thing| at_least(incident, Language::English).to_string() + &plural(number, thing);
    let connections = counted(incident.connections, "connection");
    let resets = counted(incident.connections - incident.refused, "connection");
    let refused = match incident.kind {
        // Of these, all are counted.
        IncidentKind::ServiceAbsent => plural(incident.refused, "connect"),
        _ => counted(incident.refused, "connect"),
    };
    let (clients, services) = (counted(incident.clients, "client"), counted(incident.services, "service"));
    let times = at_least(incident, Language::English).to_string() + &digits(incident.connections);
    let rhythm = incident.rhythm.map_or_else(String::new, |span| span.to_string());
    let until = incident.back.map_or_else(
        || ", and was not seen accepting connections again".to_string(),
        |moment| format!(", until it accepted again at {}", context.time_of_day(moment.time)),
    );
    match incident.kind {
        IncidentKind::ServiceDied if incident.forgot => {
            format!("{about} no longer knew {resets} that it had not closed, and refused {refused}{until}")
        }
        IncidentKind::ServiceDied => format!("{about} stopped: it reset {resets} and refused {refused}{until}"),
        IncidentKind::ServiceDown => format!("{about} refused {refused} from {clients}{until}"),
        IncidentKind::ServiceAbsent => {
            format!("{about} refused {refused} from {clients} and was never seen accepting a connection")
        }
        IncidentKind::Intermittent => {
            format!("{about} refused {refused} from {clients} and accepted others in between")
        }
        IncidentKind::HostForgot => {
            format!("{about} no longer knew {connections} on several ports")
        }
        IncidentKind::AbortedTogether => format!("{about} aborted {connections} at the same time"),
        IncidentKind::PolicyPushed => {
            format!("{connections} between {clients} and {services} were reset on the path at the same time")
        }
        IncidentKind::PathResets => format!("{connections} from {clients} to {about} were reset on the path"),
        IncidentKind::IdleTimeout => format!("{connections} to {about} were reset after {rhythm} of silence"),
        IncidentKind::Repeated => {
            let every = if rhythm.is_empty() { rhythm } else { format!(", every {rhythm}") };
            format!("{about}: {times} times{every}: {}", repeated(incident, Language::English))
        }
        IncidentKind::SameName => {
            let name = incident.name.as_deref().unwrap_or_default();
            format!("{resets} from {clients} to {services} were reset after requesting {name}")
        }
        IncidentKind::Scan => {
            format!("{about} probed {services} on {} without sending data", counted(incident.hosts, "host"))
        }
        IncidentKind::HealthCheck => {
            format!("{about}: opened and reset without data {times} times, every {rhythm}")
        }
    }
}

fn chinese_title(incident: &Incident, context: &Context) -> String {
    let about = subject(incident.subject, Language::Chinese);
    let counted = |number, thing: &str| format!("{}{} {thing}", at_least(incident, Language::Chinese), digits(number));
    let connections = counted(incident.connections, "条连接");
    let resets = counted(incident.connections - incident.refused, "条连接");
    let refused = match incident.kind {
        // Of these, all are counted.
        IncidentKind::ServiceAbsent => format!("{} 次建连", digits(incident.refused)),
        _ => counted(incident.refused, "次建连"),
    };
    let (clients, services) = (counted(incident.clients, "个客户端"), counted(incident.services, "个服务"));
    let rhythm = incident.rhythm.map_or_else(String::new, |span| span.to_string());
    let until = incident.back.map_or_else(
        || "，之后没有看到它恢复接受连接".to_string(),
        |moment| format!("，直到 {} 恢复接受连接", context.time_of_day(moment.time)),
    );
    match incident.kind {
        IncidentKind::ServiceDied if incident.forgot => {
            format!("{about} 不再认识它从未关闭的 {resets}，并拒绝了 {refused}{until}")
        }
        IncidentKind::ServiceDied => format!("{about} 停止服务：重置了 {resets}，拒绝了 {refused}{until}"),
        IncidentKind::ServiceDown => format!("{about} 拒绝了 {clients}的 {refused}{until}"),
        IncidentKind::ServiceAbsent => {
            format!("{about} 拒绝了 {clients}的 {refused}；从未看到它接受过连接")
        }
        IncidentKind::Intermittent => format!("{about} 拒绝了 {clients}的 {refused}，其间又接受了别的连接"),
        IncidentKind::HostForgot => format!("{about} 不再认识多个端口上的 {connections}"),
        IncidentKind::AbortedTogether => format!("{about} 同时中止了 {connections}"),
        IncidentKind::PolicyPushed => format!("{clients}与 {services}之间的 {connections}同时在路径上被重置"),
        IncidentKind::SameName => {
            let name = incident.name.as_deref().unwrap_or_default();
            format!("{clients}到 {services}的 {resets}在请求 {name} 之后被重置")
        }
        IncidentKind::PathResets => format!("{clients}到 {about} 的 {connections}在路径上被重置"),
        IncidentKind::IdleTimeout => format!("到 {about} 的 {connections}在空闲 {rhythm} 后被重置"),
        IncidentKind::Repeated => {
            let every = if rhythm.is_empty() { rhythm } else { format!("，每隔 {rhythm} 一次") };
            let times = counted(incident.connections, "次");
            format!("{about}：{times}{every}：{}", repeated(incident, Language::Chinese))
        }
        IncidentKind::Scan => {
            format!("{about} 探测了 {}上的 {services}，没有发送数据", counted(incident.hosts, "台主机"))
        }
        IncidentKind::HealthCheck => {
            format!("{about}：建连后不发数据就重置，共 {}，每隔 {rhythm} 一次", counted(incident.connections, "次"))
        }
    }
}

/// What happened again and again: its title, and the id that filters take.
fn repeated(incident: &Incident, language: Language) -> String {
    let id = incident.causes.first().map_or("unexplained", |(cause, _)| *cause);
    let Some(cause) = crate::causes::find(id) else { return id.to_string() };
    let title = plain(cause.title_in(language, cause.en.title), language);
    match language {
        Language::English => format!("{title} ({id})"),
        Language::Chinese => format!("{title}（{id}）"),
    }
}

/// Where more may belong to it than are counted.
const fn at_least(incident: &Incident, language: Language) -> &'static str {
    match (incident.counted, language) {
        (Counted::All, _) => "",
        (Counted::AtLeast, Language::English) => "at least ",
        (Counted::AtLeast, Language::Chinese) => "至少 ",
    }
}

fn subject(subject: Subject, language: Language) -> String {
    match subject {
        Subject::Host(host) => host.to_string(),
        Subject::Service(server) => server.to_string(),
        Subject::Between(host, server) => format!("{host} > {server}"),
        Subject::Path | Subject::Name(_) => language.pick("the path", "路径").to_string(),
    }
}

/// What that most likely means, and where to look.
fn reading(incident: &Incident, language: Language) -> Cow<'static, str> {
    if let Some(reason) = common_reason(incident) {
        let title = plain(reason.title_in(language, reason.en.title), language);
        return match language {
            Language::English => format!("each of them has the same reason by its own report: {title} ({})", reason.id),
            Language::Chinese => format!("它们各自的报告给出了同一个原因：{title}（{}）", reason.id),
        }
        .into();
    }
    match incident.kind {
        IncidentKind::AbortedTogether if incident.went_on => language.pick(WENT_ON, WENT_ON_ZH),
        IncidentKind::ServiceDied if incident.forgot => language.pick(FORGOT, FORGOT_ZH),
        kind => language.pick(english_reading(kind), chinese_reading(kind)),
    }
    .into()
}

/// The reason that the report of every member gives, where the finder knows nothing but that they came together: a reason
/// that leads a verdict is likely at least.
fn common_reason(incident: &Incident) -> Option<&'static Cause> {
    let by_moment = matches!(
        incident.kind,
        IncidentKind::AbortedTogether
            | IncidentKind::ServiceDied
            | IncidentKind::ServiceDown
            | IncidentKind::ServiceAbsent
            | IncidentKind::Intermittent
            | IncidentKind::HostForgot
    );
    match incident.causes.as_slice() {
        [(cause, _)] if by_moment => crate::causes::find(cause).filter(|cause| cause.is_reason()),
        _ => None,
    }
}

const WENT_ON: &str = "others were accepted or answered right afterwards, so the service as a whole did not end: most likely \
                       one of its workers did, or it closed these for one reason; look at its last log lines before \
                       that time";
const WENT_ON_ZH: &str = "紧接着其他连接仍被接受或得到应答，所以服务整体没有结束：最可能是它的一个工作进程退出，或者因为\
                          同一个原因关闭了这些连接；看它在那一刻之前的最后几行日志";
// A kernel closes what a process leaves behind, with FIN or RST (`__tcp_close`).
const FORGOT: &str = "a process that ends closes its connections, and this host forgot them: most likely it was rebooted or \
                      replaced, another host answers in its address (failover, a duplicate address, a balancer's other \
                      backend), or a firewall rule rejects with resets since: compare TTL and link address before and after, \
                      check its `uptime`, and look for rules that were added at that time";
const FORGOT_ZH: &str = "进程退出时内核会关闭它的连接，而这台主机忘了它们：最可能是主机被重启或替换，另一台主机在用它的地址应答\
                         （故障切换、地址冲突、负载均衡的另一个后端），或者从那时起有防火墙规则以 RST 拒绝：比较前后的 TTL 和\
                         链路地址，看它的 `uptime`，并查当时新增的规则";

const fn chinese_reading(kind: IncidentKind) -> &'static str {
    match kind {
        IncidentKind::ServiceDied => {
            "最可能是进程退出（随后又被拉起），或者防火墙规则加上又撤掉：看服务的日志和当时的 `journalctl -u`；\
             下面的重置都是它的后果"
        }
        IncidentKind::ServiceDown => {
            "最可能是那段时间没有程序监听（重启、崩溃），或者有规则或限额在拒绝：与服务的日志和发布记录对照"
        }
        IncidentKind::ServiceAbsent => "最可能是没有程序监听，或者防火墙在拒绝：在该主机上用 `ss -ltn` 可以分辨",
        IncidentKind::Intermittent => {
            "监听一直都在，所以不是停机：最可能是这个地址后面的多个后端之一没有监听（`kubectl get endpointslices`、负载均衡的\
             健康检查），也可能是限额或防火墙规则拒绝了一部分：比较被拒绝与被接受时的 TTL 和链路地址"
        }
        IncidentKind::HostForgot => {
            "最可能是它被重启、恢复或替换（故障切换，地址已属于另一台主机），或者它前面的 NAT、防火墙丢了会话表：\
             看它的 `uptime`，以及它前面那些设备的日志"
        }
        IncidentKind::AbortedTogether => {
            "最可能是一个进程退出或被重启，或者因为同一个原因关闭了所有连接：看它在那一刻之前的最后几行日志"
        }
        IncidentKind::PolicyPushed => "最可能是共同路径上的某台设备下发了规则，或者丢了会话状态：查那个时间点的变更",
        IncidentKind::SameName => {
            "地址不同而请求的目标相同：最可能是路径上或这些服务器前面的过滤设备按请求的目标判断；请求同一目标的其他\
             连接是否通过，没有检查"
        }
        IncidentKind::PathResets => "路径上有设备在重置这个服务的连接：见下面的单条报告",
        IncidentKind::IdleTimeout => {
            "有一个这么长的定时器在断开它们，在某一端或在路径上：把保活间隔调到它以下，或者调大那个定时器"
        }
        IncidentKind::Repeated => "同一个故障反复出现：第一份报告可以代表全部",
        IncidentKind::Scan => "有人在扫描开放的端口或主机：属于噪声，除非这里本不该有扫描",
        IncidentKind::HealthCheck => "最可能是负载均衡或监控在检查端口是否开放",
    }
}

const fn english_reading(kind: IncidentKind) -> &'static str {
    match kind {
        IncidentKind::ServiceDied => {
            "most likely its process exited (and was restarted), or a firewall rule was added and removed: check the \
             service's log and `journalctl -u` for that time; the resets below are its consequences"
        }
        IncidentKind::ServiceDown => {
            "most likely nothing listened during that time (a restart, a crash), or a firewall rule or a limit refused: \
             compare with the service's log and with deployments"
        }
        IncidentKind::ServiceAbsent => {
            "most likely nothing listens there, or a firewall refuses: `ss -ltn` on the host shows which"
        }
        IncidentKind::Intermittent => {
            "its listener was there, so the service was not down: most likely one of several backends behind this \
             address does not listen (`kubectl get endpointslices`, the balancer's health checks), or a limit or \
             firewall rule refuses some: compare the TTL and link address of refusals and SYN-ACKs"
        }
        IncidentKind::HostForgot => {
            "most likely it was rebooted, restored or replaced (failover, another host has its address), or a NAT or \
             firewall in front of it lost its table: check its `uptime` and the logs of the devices in front of it"
        }
        IncidentKind::AbortedTogether => {
            "most likely one process exited or was restarted, or closed all its connections for one reason: look at \
             its last log lines before that time"
        }
        IncidentKind::PolicyPushed => {
            "most likely one device on their common path received a new rule or lost its state: look for a change at \
             that time"
        }
        IncidentKind::PathResets => {
            "a device on the path resets this service's connections: see the individual reports"
        }
        IncidentKind::IdleTimeout => {
            "a timer of that length ends them, at one end or on the path: send keepalives more often, or raise the timer"
        }
        IncidentKind::Repeated => "the same fault keeps recurring: the first report represents all of them",
        IncidentKind::SameName => {
            "the addresses differ but the requested name is the same: most likely a filter on the path, or in front of \
             all these servers, decides by name; whether other connections with this name passed was not checked"
        }
        IncidentKind::Scan => {
            "somebody is scanning for open ports or hosts: noise, unless nobody should be scanning here"
        }
        IncidentKind::HealthCheck => "most likely a load balancer or monitor that checks whether the port is open",
    }
}

/// When and where.
fn extent(incident: &Incident, context: &Context) -> String {
    let (first, last) = (context.time(incident.first), context.time_of_day(incident.last));
    let frames: Vec<String> = incident.frames.iter().map(|frame| context.frame(*frame)).collect();
    if frames.is_empty() {
        return match context.language {
            Language::English => format!("{first} to {last}"),
            Language::Chinese => format!("{first} 至 {last}"),
        };
    }
    let more = if incident.connections > incident.frames.len() as u64 { ", ..." } else { "" };
    let frames = frames.join(", ");
    match context.language {
        Language::English => format!("{first} to {last}; frames {frames}{more}"),
        Language::Chinese => format!("{first} 至 {last}；帧 {frames}{more}"),
    }
}
