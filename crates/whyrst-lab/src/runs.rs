//! What the lab recorded, for programs that are installed without the repository: of each cause its first scenario, one
//! end's capture and the kernel's events, as they lie in `fixtures/`.
//!
//! `runs.zst` is written by `WHYRST_BLESS=1 cargo test -p whyrst-lab --test fixtures`, which is run for every new
//! fixture anyway, and held against the fixtures by the same test. It is 31 kB for a hundred causes, since captures of
//! one laboratory resemble each other; each is explained when it is asked for, like any capture.

use std::sync::OnceLock;

use whyrst_core::language::Language;
use whyrst_core::report::beside::LabRun;
use whyrst_explain::played::Played;

use crate::scenario::Scenario;
use crate::scenarios::reproduction;

static PACKED: &[u8] = include_bytes!("../runs.zst");
/// How dense: these files are packed once and read seldom.
const LEVEL: i32 = 19;
const CAPTURE: &str = "pcapng";
const EVENTS: &str = "jsonl";

/// A file of a fixture.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Packed<'a> {
    /// `<scenario>.pcapng` or `<scenario>.jsonl`.
    pub name: &'a str,
    /// What is in it.
    pub content: &'a [u8],
}

/// All of them as one: a line with name and length before each.
///
/// # Errors
/// When there is no memory to compress them.
pub fn pack<'a>(files: impl IntoIterator<Item = Packed<'a>>) -> std::io::Result<Vec<u8>> {
    let mut all = Vec::new();
    for Packed { name, content } in files {
        all.extend(format!("{name} {}\n", content.len()).bytes());
        all.extend(content);
    }
    zstd::encode_all(all.as_slice(), LEVEL)
}

/// The files that were [`pack`]ed.
pub fn unpacked(all: &[u8]) -> impl Iterator<Item = Packed<'_>> {
    let mut rest = all;
    std::iter::from_fn(move || {
        let end = rest.iter().position(|octet| *octet == b'\n')?;
        let (name, length) = std::str::from_utf8(&rest[..end]).ok()?.split_once(' ')?;
        let content = rest.get(end + 1..)?.get(..length.parse().ok()?)?;
        rest = &rest[end + 1 + content.len()..];
        Some(Packed { name, content })
    })
}

/// What this program brings.
pub fn brought() -> &'static [u8] {
    static ALL: OnceLock<Vec<u8>> = OnceLock::new();
    // A test unpacks it: it cannot be broken.
    ALL.get_or_init(|| zstd::decode_all(PACKED).unwrap_or_default())
}

/// The scenario that stands for a cause.
pub fn leading(cause: &str) -> Option<&'static Scenario> {
    reproduction(cause)?.scenarios().first()
}

/// The files of the scenario that stands for a cause: its capture, and the kernel's events.
pub fn files(scenario: &Scenario) -> Option<(&'static [u8], Option<&'static [u8]>)> {
    let file = |kind: &str| {
        let name = |packed: &Packed<'_>| {
            packed.name.strip_prefix(scenario.id).and_then(|rest| rest.strip_prefix('.')) == Some(kind)
        };
        unpacked(brought()).find(name).map(|packed| packed.content)
    };
    Some((file(CAPTURE)?, file(EVENTS)))
}

/// The recorded run of the cause of that id, explained in `language`; `None` where the lab does not play it.
pub fn run(cause: &str, language: Language) -> Option<LabRun> {
    played(cause)?.explained(cause, language)
}

/// The packets of that run as a ladder, as in a report.
pub fn ladder(cause: &str, language: Language) -> Option<String> {
    played(cause)?.ladder(cause, language)
}

fn played(cause: &str) -> Option<Played<'static>> {
    let scenario = leading(cause)?;
    let (capture, events) = files(scenario)?;
    Some(Played { scenario: scenario.id, story: scenario.story, capture, events })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked() {
        let files = [Packed { name: "a.pcapng", content: b"1\n2" }, Packed { name: "b.jsonl", content: b"" }];
        let packed = pack(files).expect("memory");
        let all = zstd::decode_all(packed.as_slice()).expect("it was packed just now");
        assert_eq!(unpacked(&all).collect::<Vec<_>>(), files);
    }

    #[test]
    fn a_run_is_explained_in_both_languages_with_the_kernels_word() {
        for language in Language::ALL {
            let run = run("close-unread", language).expect("the lab plays it");
            assert_eq!(run.report.verdict.cause.as_str(), "close-unread");
            let reason = run.report.kernel.and_then(|kernel| kernel.reason).expect("root recorded it");
            assert_eq!(reason.as_str(), "TCP_ABORT_ON_CLOSE");
        }
        assert!(run("no-such-cause", Language::English).is_none());
    }
}
