//! What the article that started this project tells, beside what the lab recorded: for docs/article.md.
//!
//! The numbers come from the fixtures, which `cargo xtask fixtures` records: packets and the kernel's words. What calls
//! return stands in the steps, and every play holds that.

use std::fs;
use std::path::Path;

use whyrst_capture::recording;
use whyrst_core::language::Language;
use whyrst_core::time::Timestamp;

use crate::code::call_words;
use crate::played::{Direction, End, Frame};
use crate::render::measures::{fill, kind_of, packet, time_between};
use crate::scenario::{ArticleClaim, ExpectedReturn, Host, Scenario};
use crate::scenarios::scenarios;

/// A claim, and what was measured.
#[derive(Debug)]
pub struct Told {
    /// What plays it.
    pub scenario: &'static Scenario,
    /// What the article says.
    pub claim: &'static ArticleClaim,
    /// The reasons of the kernels, in order; equal ones in a row are one.
    pub kernel: Vec<String>,
    ends: [End; 2],
}

/// Everything that the article tells, in the order of the catalogue.
///
/// # Errors
///
/// Where a fixture cannot be read.
pub fn told(fixtures: &Path) -> Result<Vec<Told>, String> {
    let with_claim = scenarios().filter_map(|scenario| Some((scenario, scenario.article.as_ref()?)));
    with_claim.map(|(scenario, claim)| read(&fixtures.join(scenario.id), scenario, claim)).collect()
}

fn read(folder: &Path, scenario: &'static Scenario, claim: &'static ArticleClaim) -> Result<Told, String> {
    let end = |host: Host| capture(&folder.join(format!("{}.pcapng", host.name())), host);
    let path = folder.join("events.jsonl");
    let text = fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let events = recording::read(text.as_slice(), scenario.id).map_err(|error| error.to_string())?;
    let mut kernel: Vec<String> =
        events.recording.resets.iter().map(|reset| reset.reason_name.as_str().to_owned()).collect();
    kernel.dedup();
    Ok(Told { scenario, claim, kernel, ends: [end(Host::Client)?, end(Host::Server)?] })
}

impl Told {
    /// `template` with its words in braces replaced, as [`ArticleClaim::measured`] has them.
    pub fn measured(&self, template: &str, language: Language) -> String {
        fill(template, |name| self.measure(name, language))
    }

    fn measure(&self, name: &str, language: Language) -> Option<String> {
        if name == "kernel" {
            let (none, comma) = language.pick(("none", ", "), ("无", "、"));
            return Some(if self.kernel.is_empty() { none.into() } else { self.kernel.join(comma) });
        }
        if let Some((end, packets)) = name.split_once(' ') {
            let end = self.ends.iter().find(|candidate| candidate.name == end)?;
            return match packets.split_once('>') {
                Some((first, second)) => time_between(end, kind_of(first)?, kind_of(second)?),
                None => packet(end, kind_of(packets)?),
            };
        }
        let (actor, call) = name.split_once('.')?;
        let (call, nth) = call.split_once('#').unwrap_or((call, "1"));
        self.result(actor, call, nth.parse().ok()?, language)
    }

    /// What that call must return.
    fn result(&self, actor: &str, name: &str, nth: i64, language: Language) -> Option<String> {
        let is_such = |call: &str| call.split('(').next() == Some(name);
        let all: Vec<ExpectedReturn> = self
            .scenario
            .steps
            .iter()
            .filter(|step| step.actor.name == actor && call_words(&step.action).is_some_and(|call| is_such(&call)))
            .map(|step| step.outcome)
            .collect();
        let at = if nth > 0 { nth - 1 } else { i64::try_from(all.len()).ok()? + nth };
        // A connect that is tried again and again is one step: refused first, at last not.
        let outcome = all.get(usize::try_from(at).ok()?).or(all.last())?;
        Some(match outcome {
            ExpectedReturn::Succeeds => "= 0".into(),
            ExpectedReturn::GivesBetween(..) if nth < 0 => "= 0".into(),
            ExpectedReturn::GivesBetween(..) => "= -1 ECONNREFUSED".into(),
            ExpectedReturn::Gives(value) => format!("= {value}"),
            ExpectedReturn::Fails(errno) => format!("= -1 {errno}"),
            ExpectedReturn::DiesOf(signal) => format!("{}{signal}", language.pick("never returned: ", "没有返回：")),
        })
    }
}

/// A capture that the lab has written: one interface, nanoseconds, raw IP.
fn capture(path: &Path, host: Host) -> Result<End, String> {
    /// Enhanced Packet Block (draft-ietf-opsawg-pcapng section 4.3).
    const PACKET: u32 = 6;
    let bytes = fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let broken = || format!("{} is not what the lab writes", path.display());
    let number = |at: usize| -> Option<u32> { Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?)) };
    let mut end = End { host, name: host.name(), frames: Vec::new(), dropped: 0 };
    let mut at = 0;
    while at < bytes.len() {
        let size = number(at + 4).and_then(|size| usize::try_from(size).ok()).filter(|size| *size >= 12);
        let size = size.ok_or_else(broken)?;
        if number(at) == Some(PACKET) {
            let field = |offset: usize| number(at + offset).ok_or_else(broken);
            let time = u64::from(field(12)?) << 32 | u64::from(field(16)?);
            let length = usize::try_from(field(20)?).map_err(|_| broken())?;
            let data = bytes.get(at + 28..at + 28 + length).ok_or_else(broken)?;
            let time = Timestamp::from_nanos(i64::try_from(time).map_err(|_| broken())?);
            end.frames.push(Frame { time, direction: Direction::Sent, bytes: data.to_vec() });
        }
        at += size;
    }
    Ok(end)
}
