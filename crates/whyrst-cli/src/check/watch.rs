//! `check --watch`: what changes while one looks. Each finding that is new, each counter that moved, and, where
//! the kernel may be asked, each service that others asked for in vain because it listens on loopback
//! only.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use whyrst_core::language::Language;
use whyrst_core::socket::Told;
use whyrst_output::Places;
use whyrst_probe::{HostFacts, Live, LiveEvent, SocketReset};

use super::counters::{COUNTERS, Counter};
use super::findings::{Finding, Tense, asked_elsewhere, findings, for_this_host_only};
use super::firewall::cause_of;
use super::words;
use crate::Completion;
use crate::args::Check;
use crate::interrupt::Interrupt;
use crate::output::{self, Output};

/// How long a signal may go unnoticed.
const PATIENCE: Duration = Duration::from_millis(100);

pub(super) fn run(arguments: &Check, mut before: HostFacts) -> Result<Completion> {
    let interrupt = Interrupt::heed().context("cannot heed signals")?;
    let language = output::language(&arguments.common, arguments.format);
    let style = output::style(&arguments.common);
    let mut output = Output::stream(&arguments.common, &mut Places::default())?;
    let mut live =
        Live::start().map_err(|error| output::remark(&format!("who asks in vain is not seen: {error}"))).ok();
    let mut known = BTreeSet::new();
    let mut say = |found: Vec<Finding>, output: &mut Output| -> Result<()> {
        for finding in found {
            // What has happened happens again; what will happen is said once.
            if finding.tense == Tense::Has || known.insert((finding.cause, finding.subject.clone())) {
                output.write(&words(&finding, arguments.format, style, language)?)?;
            }
        }
        output.flush()
    };
    let standing = |facts: &HostFacts| -> Vec<Finding> {
        findings(facts, language).into_iter().filter(|finding| finding.tense != Tense::Has).collect()
    };
    say(standing(&before), &mut output)?;
    let (began, every) = (Instant::now(), Duration::from_secs(arguments.interval.max(1)));
    let mut looked = began;
    while !interrupt.came() && arguments.duration.is_none_or(|seconds| began.elapsed() < Duration::from_secs(seconds)) {
        match live.as_mut().map(|live| live.next(PATIENCE)).transpose()?.flatten() {
            Some(LiveEvent::Reset(reset)) => {
                say(in_vain(&before, &reset, language).into_iter().collect(), &mut output)?;
            }
            None if live.is_none() => std::thread::sleep(PATIENCE),
            Some(LiveEvent::Folded(_)) | None => {}
        }
        if looked.elapsed() >= every {
            let now = HostFacts::read();
            say(moved(&before, &now, looked.elapsed(), language), &mut output)?;
            say(standing(&now), &mut output)?;
            (before, looked) = (now, Instant::now());
        }
    }
    output.finish()?;
    Ok(Completion::Clean)
}

/// Counters that have moved.
fn moved(before: &HostFacts, now: &HostFacts, within: Duration, language: Language) -> Vec<Finding> {
    let counters = COUNTERS.iter().filter_map(|Counter { name, cause, what, advice }| {
        let more = now.counter(name).saturating_sub(before.counter(name));
        let [what, advice] = [what, advice].map(|[english, chinese]| language.pick(*english, *chinese));
        (more > 0).then(|| Finding::counted(cause, format!("{name} +{more}"), evidence(what, within, language), advice))
    });
    let rules = now.rejects.iter().filter_map(|rule| {
        let was = before.rejects.iter().find(|other| other.unnumbered() == rule.unnumbered())?;
        let more = rule.packets?.saturating_sub(was.packets?);
        let what = match language {
            Language::English => format!("{more} packets met a rule that answers with RST"),
            Language::Chinese => format!("{more} 个报文命中了以 RST 应答的规则"),
        };
        (more > 0).then(|| {
            Finding::counted(
                cause_of(rule),
                rule.text.clone(),
                evidence(&what, within, language),
                language.pick("drop the rule where it is not wanted", "不需要的地方删掉这条规则"),
            )
        })
    });
    let invalid = now.invalid.unwrap_or_default().saturating_sub(before.invalid.unwrap_or_default());
    let invalid = (invalid > 0).then(|| {
        let what = match language {
            Language::English => format!("connection tracking called {invalid} packets INVALID"),
            Language::Chinese => format!("连接跟踪把 {invalid} 个报文判为 INVALID"),
        };
        let advice = language.pick(
            "sysctl net.netfilter.nf_conntrack_tcp_be_liberal, or a rule: ct state invalid drop",
            "sysctl net.netfilter.nf_conntrack_tcp_be_liberal，或者加一条规则：ct state invalid drop",
        );
        let who = language.pick("connection tracking", "连接跟踪");
        Finding::counted("conntrack-invalid-dnat", who.into(), evidence(&what, within, language), advice)
    });
    counters.chain(rules).chain(invalid).collect()
}

fn evidence(what: &str, within: Duration, language: Language) -> String {
    let seconds = within.as_secs_f64();
    match language {
        Language::English => format!("{what}, in the last {seconds:.1} s"),
        Language::Chinese => format!("{what}，最近 {seconds:.1} s 内"),
    }
}

/// A refused SYN for a port that something listens on, at loopback only.
fn in_vain(facts: &HostFacts, reset: &SocketReset, language: Language) -> Option<Finding> {
    let event = &reset.event;
    let refused = matches!(event.told, Told::Sent(_)) && event.trigger.is_some_and(|trigger| trigger.flags.is_syn());
    let outside = !event.local.ip.is_loopback();
    let own = for_this_host_only(facts).into_iter().find(|socket| socket.local.port == event.local.port)?;
    (refused && outside).then(|| asked_elsewhere(own, &event.local.to_string(), &event.remote.ip.to_string(), language))
}
