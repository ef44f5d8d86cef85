//! This run's own numbers, put where a claim's text has words in braces (the table of them is at
//! `ArticleClaim::measured` in whyrst-core).

use whyrst_core::segment::Endpoint;

use super::notation::Origins;
use crate::packet::Tcp;
use crate::played::{Call, End, Frame, Played};
use crate::scenario::PacketKind;

/// The text with every `{...}` replaced. What this run cannot tell becomes `(not seen)`.
pub(crate) fn fill_in(played: &Played, template: &str) -> String {
    fill(template, |name| measure(played, name))
}

/// The same with numbers from elsewhere.
pub(crate) fn fill(template: &str, measure: impl Fn(&str) -> Option<String>) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        text.push_str(before);
        text.push_str(&measure(name).unwrap_or_else(|| "(not seen)".into()));
        rest = after;
    }
    text + rest
}

fn measure(played: &Played, name: &str) -> Option<String> {
    if name == "kernel" {
        return Some(kernel(played));
    }
    if let Some((end, packets)) = name.split_once(' ') {
        let end = played.ends.iter().find(|candidate| candidate.name == end)?;
        return match packets.split_once('>') {
            Some((first, second)) => time_between(end, kind_of(first)?, kind_of(second)?),
            None => packet(end, kind_of(packets)?),
        };
    }
    let (actor, call) = name.split_once('.')?;
    let (call, nth) = call.split_once('#').unwrap_or((call, "1"));
    call_result(&played.calls, actor, call, nth.parse().ok()?)
}

fn kernel(played: &Played) -> String {
    match played.kernel_reasons() {
        None => "not asked".into(),
        Some(reasons) if reasons.is_empty() => "none".into(),
        Some(reasons) => reasons.join(", "),
    }
}

/// Of packets, by letters.
pub(crate) fn kind_of(letters: &str) -> Option<PacketKind> {
    Some(match letters {
        "S" => PacketKind::Syn,
        "SA" => PacketKind::SynAck,
        "F" => PacketKind::Fin,
        "R" => PacketKind::Rst,
        "D" => PacketKind::Data,
        "A" => PacketKind::Ack,
        _ => return None,
    })
}

fn segments(end: &End) -> impl Iterator<Item = (&Frame, Tcp<'_>)> {
    end.frames.iter().filter_map(|frame| Some((frame, Tcp::parse(&frame.bytes)?)))
}

/// The time between the first of one kind and the first of another on the same connection.
pub(crate) fn time_between(end: &End, first: PacketKind, second: PacketKind) -> Option<String> {
    let mut segments = segments(end);
    let (from, opening) = segments.find(|(_, tcp)| tcp.kind() == first)?;
    let of_same_pair = |tcp: &Tcp<'_>| pair(tcp) == pair(&opening);
    let (to, _) = segments.find(|(_, tcp)| tcp.kind() == second && of_same_pair(tcp))?;
    Some(to.time.since(from.time).to_string())
}

fn pair(tcp: &Tcp<'_>) -> (Endpoint, Endpoint) {
    (tcp.src.min(tcp.dst), tcp.src.max(tcp.dst))
}

/// The first of that kind, in tcpdump's notation.
pub(crate) fn packet(end: &End, wanted: PacketKind) -> Option<String> {
    let mut origins = Origins::default();
    for (_, tcp) in segments(end) {
        origins.learn(&tcp);
        if tcp.kind() == wanted {
            return Some(origins.describe(&tcp));
        }
    }
    None
}

/// `nth` counts from 1, or backwards from -1.
fn call_result(calls: &[Call], actor: &str, name: &str, nth: i64) -> Option<String> {
    let of_name: Vec<&Call> = calls.iter().filter(|call| call.actor.name == actor && call.name() == name).collect();
    let at = if nth > 0 { nth - 1 } else { i64::try_from(of_name.len()).ok()? + nth };
    let call = of_name.get(usize::try_from(at).ok()?)?;
    Some(format!("{} after {}", call.returned, call.took()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;
    use crate::scenarios::scenarios;

    fn names(template: &str) -> impl Iterator<Item = &str> {
        template.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
    }

    fn can_be_measured(scenario: &Scenario, name: &str) -> bool {
        if name == "kernel" {
            return true;
        }
        if let Some((end, packets)) = name.split_once(' ') {
            return matches!(end, "client" | "server") && packets.split('>').all(|letters| kind_of(letters).is_some());
        }
        let actor = name.split_once('.').map(|(actor, _)| actor);
        scenario.cast().any(|member| Some(member.name) == actor)
    }

    #[test]
    fn every_word_in_braces_of_the_catalogue_names_something_that_its_scenario_has() {
        let told = scenarios().filter_map(|scenario| Some((scenario, scenario.article?)));
        let mut checked = 0;
        for (scenario, claim) in told {
            for name in names(claim.measured) {
                assert!(can_be_measured(scenario, name), "{}: {{{name}}}", scenario.id);
                checked += 1;
            }
        }
        assert!(checked > 10, "only {checked} names were found at all");
    }
}
