//! Incidents in words and as `whyrst.incident/1` objects.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write};

use serde::Serialize;

use super::Context;
use super::json::utc;
use super::style::{Part, Style};
use super::words::{grouped, plural, wrap};
use crate::incident::{Incident, IncidentKind, Subject};

const WIDTH: usize = 80;
const LABEL: usize = 11;

/// `whyrst.incident/1`.
#[derive(Serialize)]
pub(super) struct Object {
    schema: &'static str,
    kind: &'static str,
    title: String,
    reading: String,
    severity: &'static str,
    time: String,
    last: String,
    accepted_before: Option<String>,
    accepted_again: Option<String>,
    host: Option<String>,
    server: Option<String>,
    name: Option<String>,
    connections: u64,
    refused: u64,
    clients: u64,
    services: u64,
    rhythm_ms: Option<f64>,
    causes: BTreeMap<&'static str, u64>,
    frames: Vec<FrameObject>,
}

#[derive(Serialize)]
struct FrameObject {
    file: String,
    frame: u64,
}

/// One line of JSON, without a line end.
pub fn line(incident: &Incident, context: &Context) -> String {
    serde_json::to_string(&object(incident, context)).unwrap_or_default()
}

pub(super) fn object(incident: &Incident, context: &Context) -> Object {
    let (host, server) = match incident.subject {
        Subject::Host(host) => (Some(host.to_string()), None),
        Subject::Service(server) => (None, Some(server.to_string())),
        Subject::Between(host, server) => (Some(host.to_string()), Some(server.to_string())),
        Subject::Path | Subject::Name(_) => (None, None),
    };
    Object {
        schema: "whyrst.incident/1",
        kind: incident.kind.name(),
        title: title(incident, context),
        reading: reading(incident),
        severity: incident.severity.name(),
        time: utc(incident.first),
        last: utc(incident.last),
        accepted_before: incident.accepted.map(|moment| utc(moment.time)),
        accepted_again: incident.back.map(|moment| utc(moment.time)),
        host,
        server,
        name: incident.name.as_deref().map(String::from),
        connections: incident.connections,
        refused: incident.refused,
        clients: incident.clients,
        services: incident.services,
        rhythm_ms: incident.rhythm.map(crate::time::Span::as_millis_f64),
        causes: incident.causes.iter().copied().collect(),
        frames: incident
            .frames
            .iter()
            .map(|frame| FrameObject { file: context.file(*frame).to_string(), frame: frame.number() })
            .collect(),
    }
}

/// All of them, for a person; empty when there are none.
pub fn text(incidents: &[Incident], context: &Context, style: Style) -> String {
    let mut out = String::new();
    for incident in incidents {
        // Writing to a String cannot fail.
        write(incident, context, style, &mut out).unwrap_or_default();
    }
    out
}

/// All of them, as a markdown list.
pub fn markdown(incidents: &[Incident], context: &Context) -> String {
    let item = |incident: &Incident| {
        let (title, reading) = (title(incident, context), reading(incident));
        format!("- **{title}** ({}, {})\n  {reading}\n", incident.severity.name(), extent(incident, context))
    };
    let items: String = incidents.iter().map(item).collect();
    if items.is_empty() { items } else { format!("## Across connections\n\n{items}\n") }
}

fn write(incident: &Incident, context: &Context, style: Style, out: &mut String) -> fmt::Result {
    for (at, line) in wrap(&format!("{}.", title(incident, context)), WIDTH - LABEL).enumerate() {
        let label = format!("{:<LABEL$}", if at == 0 { "incident" } else { "" });
        writeln!(out, "{}{}", style.paint(Part::Label, label), style.paint(Part::Heading, line.to_string()))?;
    }
    for line in wrap(&reading(incident), WIDTH - LABEL) {
        writeln!(out, "{:LABEL$}{line}", "")?;
    }
    let extent = format!("{}; {}", incident.severity.name(), extent(incident, context));
    for line in wrap(&extent, WIDTH - LABEL) {
        writeln!(out, "{:LABEL$}{}", "", style.paint(Part::Dim, line.to_string()))?;
    }
    out.push('\n');
    Ok(())
}

/// What was seen, and nothing more.
fn title(incident: &Incident, context: &Context) -> String {
    let about = subject(incident.subject);
    let connections = plural(incident.connections, "connection");
    let resets = plural(incident.connections - incident.refused, "connection");
    let refused = plural(incident.refused, "connect");
    let (clients, services) = (plural(incident.clients, "client"), plural(incident.services, "service"));
    let rhythm = incident.rhythm.map_or_else(String::new, |span| span.to_string());
    let until = incident.back.map_or_else(
        || ", and was not seen to accept again".to_string(),
        |moment| format!(", until it accepted again at {}", context.time_of_day(moment.time)),
    );
    match incident.kind {
        IncidentKind::ServiceDied => format!("{about} stopped: it reset {resets} and refused {refused}{until}"),
        IncidentKind::ServiceDown => format!("{about} refused {refused} of {clients}{until}"),
        IncidentKind::ServiceAbsent => {
            format!("{about} refused all {refused} of {clients}; it was never seen to accept one")
        }
        IncidentKind::HostForgot => {
            format!("{about} did not know {connections} on several ports any more")
        }
        IncidentKind::AbortedTogether => format!("{about} aborted {connections} at once"),
        IncidentKind::PolicyPushed => {
            format!("{connections} between {clients} and {services} were reset on the path at once")
        }
        IncidentKind::PathResets => format!("{connections} of {clients} to {about} were reset on the path"),
        IncidentKind::IdleTimeout => format!("{connections} to {about} were reset after {rhythm} of silence"),
        IncidentKind::Repeated => {
            let cause = incident.causes.first().map_or("unexplained", |(cause, _)| *cause);
            let every = if rhythm.is_empty() { rhythm } else { format!(", every {rhythm}") };
            format!("{about}: {cause} {} times{every}", grouped(incident.connections))
        }
        IncidentKind::SameName => {
            let name = incident.name.as_deref().unwrap_or_default();
            format!("{resets} of {clients} to {services} were reset once they had asked for {name}")
        }
        IncidentKind::Scan => {
            format!("{about} tried {services} of {} without sending data", plural(incident.hosts, "host"))
        }
        IncidentKind::HealthCheck => {
            format!("{about}: opened and reset without data {} times, every {rhythm}", grouped(incident.connections))
        }
    }
}

fn subject(subject: Subject) -> String {
    match subject {
        Subject::Host(host) => host.to_string(),
        Subject::Service(server) => server.to_string(),
        Subject::Between(host, server) => format!("{host} > {server}"),
        Subject::Path | Subject::Name(_) => "the path".to_string(),
    }
}

/// What that most likely means, and where to look.
fn reading(incident: &Incident) -> String {
    match incident.kind {
        IncidentKind::ServiceDied => {
            "most likely its process ended (and was started again), or a firewall rule came and went: read the \
             service's log and `journalctl -u` of that time; the resets below are its consequences"
        }
        IncidentKind::ServiceDown => {
            "most likely nobody listened for that time (a restart, a crash), or a rule refused for it: compare with \
             the service's log and with deployments"
        }
        IncidentKind::ServiceAbsent => {
            "most likely nobody listens there, or a firewall refuses: `ss -ltn` on the host tells which"
        }
        IncidentKind::HostForgot => {
            "most likely it was rebooted, restored or replaced (failover, another host has its address), or a NAT or \
             firewall in front of it lost its table: `uptime` on it, and the log of what stands before it"
        }
        IncidentKind::AbortedTogether => {
            "most likely one process ended or was restarted, or closed all its connections for one reason: look for \
             its last log lines at that time"
        }
        IncidentKind::PolicyPushed => {
            "most likely one device on their common path was given a rule or lost its state: look for a change at \
             that time"
        }
        IncidentKind::PathResets => "one device on the path resets this service's connections: see the single reports",
        IncidentKind::IdleTimeout => {
            "a timer of that length ends them, at an end or on the path: keep-alives below it, or a longer timer there"
        }
        IncidentKind::Repeated => "one fault that comes again and again: the first report stands for all",
        IncidentKind::SameName => {
            "the addresses differ and the name is the same: most likely a filter on the path, or in front of all \
             these servers, decides by name; whether others with this name went through is not compared"
        }
        IncidentKind::Scan => "somebody looks for open ports, or for hosts: noise, unless nobody should",
        IncidentKind::HealthCheck => "most likely a load balancer or monitor that looks whether the port is open",
    }
    .to_string()
}

/// When and where.
fn extent(incident: &Incident, context: &Context) -> String {
    let (first, last) = (context.time(incident.first), context.time_of_day(incident.last));
    let frames: Vec<String> = incident.frames.iter().map(|frame| context.frame(*frame)).collect();
    let more = if incident.connections > incident.frames.len() as u64 { ", ..." } else { "" };
    format!("{first} to {last}; frames {}{more}", frames.join(", "))
}
