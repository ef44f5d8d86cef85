//! Conversations with the verdicts that they must get: `cases.txt` of each cause in the catalogue, and
//! `published.txt`, what standards, papers and vendors have published (the lab is Linux; these are the others).
//!
//! ```text
//! ## a sentence that says what the case shows
//! is closed-port possible              # the verdict; a third word is its severity where that is not the cause's own
//! beside fw-reject-syn                 # these are alternatives
//! 0.000 C > S S 0:0(0)                 # the packets, as `testing.rs` has them
//! +0.0001 C < S RA 0:0(0) ack 1
//!
//! ### a near miss: the conversation of the `##` above, and one thing is different
//! but S 0:0(0) => S 0:0(0) tos 72      # everywhere; ` / ` is a line end, nothing after `=>` leaves it out
//! is fw-reject-syn possible
//! kernel NO_SOCKET via tcp_v4_rcv      # from here on its sender's kernel says so, with these functions in its stack
//! is closed-port certain
//! unsent                               # from here on that kernel sent none
//! without closed-port                  # it is no alternative, and not the verdict
//! 2.000 C > S S 0:0(0)                 # packets of a near miss come after the others
//! # a line that says more to the reader
//! ```
//!
//! `family SHAPE CONFIDENCE`: the first step. `because ID CONFIDENCE`, `because nothing`: the first reason.
//! There is an `is` for each reset, in their order; with one reset it may be left out. `is nothing`: there is
//! no reset. `allows ID`, `forbids ID`: whether that may be the truth by the verdict. `kind active|passive`: the
//! form of the reset. `titled TEXT`: the title contains it. `first N`: only the first packets of the
//! conversation. `previews ID`, `previews nothing`: the causes in preview that fit. `watched N`: the capture goes on for so many seconds. `from TEXT`: where it was published.

use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use crate::causes;
use crate::kernel::KernelWord;
use crate::kernel::RstReason;
use crate::outcome::Outcome;
use crate::testing::{check_texts, read_conversation, sent};
use crate::verdict::{Judgement, Shape, judge};

const PUBLISHED: &str = include_str!("published.txt");

#[test]
fn each_case_of_the_catalogue_gets_its_verdict() {
    let wrong: Vec<String> = causes::CASES.iter().flat_map(|(file, text)| faults(file, text)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_published_case_gets_its_verdict() {
    let unnamed = |section: &str| !section.split_once('\n').is_some_and(|(_, rest)| rest.starts_with("from "));
    let nowhere: Vec<&str> = PUBLISHED.split("## ").skip(1).filter(|section| unnamed(section)).collect();
    assert!(nowhere.is_empty(), "where was it published? {nowhere:?}");
    let wrong = faults("src/published.txt", PUBLISHED);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is not as the cases of a file want it, each with its line.
fn faults(file: &str, text: &str) -> Vec<String> {
    let (mut faults, mut base) = (Vec::new(), String::new());
    let sections = sections(text);
    if sections.is_empty() {
        faults.push(format!("{file}: there are no cases"));
    }
    for section in sections {
        if let Err(Fault { line, what }) = section.run(&mut base) {
            faults.push(format!("{file}:{line}: {}: {what}", section.title));
        }
    }
    faults
}

struct Fault {
    line: usize,
    what: String,
}

/// A case: its words, each with its line, and its packets.
struct Section<'a> {
    title: &'a str,
    line: usize,
    is_near_miss: bool,
    words: Vec<(usize, &'a str)>,
    packets: Vec<&'a str>,
}

fn sections(text: &str) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for (line, content) in (1..).zip(text.lines()) {
        let content = content.split(" # ").next().unwrap_or_default().trim();
        let content = if content.starts_with("# ") { "" } else { content };
        let near_miss = content.strip_prefix("### ");
        if let Some(title) = near_miss.or_else(|| content.strip_prefix("## ")) {
            let is_near_miss = near_miss.is_some();
            sections.push(Section { title, line, is_near_miss, words: Vec::new(), packets: Vec::new() });
        } else if let (Some(section), false) = (sections.last_mut(), content.is_empty()) {
            if content.starts_with(|first: char| first == '+' || first.is_ascii_digit()) {
                section.packets.push(content);
            } else {
                section.words.push((line, content));
            }
        }
    }
    sections
}

impl Section<'_> {
    /// Runs the case. `base` is the conversation of the last one that was no near miss.
    fn run(&self, base: &mut String) -> Result<(), Fault> {
        let at = |line: usize| move |what: String| Fault { line, what };
        let mut text = if self.is_near_miss { base.clone() } else { String::new() };
        let (mut watched, mut expectations) = (0, Vec::new());
        for (line, word) in self.words.iter().copied() {
            let (name, rest) = word.split_once(' ').unwrap_or((word, ""));
            match name {
                "from" => {}
                "but" => text = changed(&text, rest).map_err(at(line))?,
                "first" => text = first(&text, rest).map_err(at(line))?,
                "watched" => watched = rest.parse().map_err(|_| at(line)("how many seconds?".to_string()))?,
                _ => expectations.push((line, name, rest)),
            }
        }
        text.extend(self.packets.iter().flat_map(|packet| [plain(packet).as_str(), "\n"].map(ToString::to_string)));
        if !self.is_near_miss {
            base.clone_from(&text);
        }
        let mut conversation = read_conversation(&text).map_err(at(self.line))?;
        if watched > 0 {
            conversation = conversation.watched_for(watched);
        }
        let mut trial = Trial::of(conversation.outcomes());
        for (line, name, rest) in expectations {
            trial.step(name, rest).map_err(at(line))?;
        }
        trial.finish().map_err(at(self.line))
    }
}

/// Blanks say nothing.
fn plain(packet: &str) -> String {
    packet.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `OLD => NEW` everywhere in a conversation.
fn changed(text: &str, change: &str) -> Result<String, String> {
    let (old, new) = change.split_once("=>").ok_or("expected: but OLD => NEW")?;
    let [old, new] = [old, new].map(|side| side.trim().replace(" / ", "\n"));
    if old.is_empty() || !text.contains(&old) {
        return Err(format!("{old:?} is not in the conversation:\n{text}"));
    }
    let lines = text.replace(&old, &new);
    Ok(lines.lines().map(plain).filter(|line| line.contains(' ')).flat_map(|line| [line, "\n".into()]).collect())
}

fn first(text: &str, count: &str) -> Result<String, String> {
    let count = count.parse().map_err(|_| "how many packets?")?;
    Ok(text.lines().take(count).flat_map(|line| [line, "\n"]).collect())
}

/// A conversation's resets, judged with what a kernel says.
struct Trial {
    outcomes: Vec<Outcome>,
    judgements: Vec<Judgement>,
    /// How many verdicts were compared, and how many expectations since the kernel's word.
    verdicts: usize,
    expectations: usize,
}

impl Trial {
    fn of(mut outcomes: Vec<Outcome>) -> Self {
        // A connect that failed beside a reset is no case of its own.
        if outcomes.iter().any(|outcome| outcome.reset().is_some()) {
            outcomes.retain(|outcome| outcome.reset().is_some());
        }
        outcomes.iter().for_each(check_texts);
        let judgements = outcomes.iter().map(judge).collect();
        Self { outcomes, judgements, verdicts: 0, expectations: 0 }
    }

    fn step(&mut self, name: &str, rest: &str) -> Result<(), String> {
        match name {
            "kernel" => return self.ask(&kernel(rest)?),
            "unsent" => return self.ask(&KernelWord::SentNone),
            "in-transit" => return self.ask(&KernelWord::MadeInTransit),
            _ => self.expectations += 1,
        }
        if (name, rest) == ("is", "nothing") {
            return if self.outcomes.is_empty() { Ok(()) } else { Err(format!("resets: {:#?}", self.outcomes)) };
        }
        self.verdicts += usize::from(name == "is");
        let judgement = self.judgements.get(self.verdicts.saturating_sub(1)).ok_or("there is no such reset")?;
        compare(judgement, name, rest).map_err(|what| format!("{name} {rest}: {what}\n{}", judgement.explained()))
    }

    /// From here on the kernel of the sender says `word`.
    fn ask(&mut self, word: &KernelWord) -> Result<(), String> {
        if self.expectations > 0 {
            self.finish()?;
        }
        let said = |outcome: &Outcome| {
            let mut outcome = outcome.clone();
            outcome.note_kernel(word.clone());
            judge(&outcome)
        };
        self.judgements = self.outcomes.iter().map(said).collect();
        (self.verdicts, self.expectations) = (0, 0);
        Ok(())
    }

    /// Each reset has got its verdict.
    fn finish(&self) -> Result<(), String> {
        let count = self.outcomes.len();
        match (self.expectations, self.verdicts) {
            (0, _) => Err("nothing is expected of it".to_string()),
            (_, verdicts) if verdicts == count || verdicts == 0 && count == 1 => Ok(()),
            (_, verdicts) => Err(format!("{verdicts} verdicts for {count} resets")),
        }
    }
}

/// `REASON` or `REASON via FUNCTION FUNCTION ...`.
fn kernel(text: &str) -> Result<KernelWord, String> {
    let (name, stack) = text.split_once(" via ").unwrap_or((text, ""));
    let reason = RstReason::ALL.iter().find(|reason| reason.name() == name).ok_or("no such reason")?;
    Ok(sent(*reason, &stack.split_whitespace().collect::<Vec<_>>()))
}

fn compare(judgement: &Judgement, name: &str, rest: &str) -> Result<(), String> {
    let ids = || rest.split_whitespace();
    let id = judgement.cause.map_or("unexplained", |cause| cause.id);
    let known = |id: &str| causes::find(id).is_some();
    let ids_matter = matches!(name, "beside" | "without" | "allows" | "forbids");
    if let Some(unknown) = ids().find(|id| ids_matter && !known(id)) {
        return Err(format!("there is no cause {unknown}"));
    }
    let (holds, found) = match name {
        "is" => {
            let found = verdict(judgement);
            (found == rest, found)
        }
        "family" => {
            let found = judgement.shape.map_or_else(|| "none".to_string(), shape_words);
            (found == rest, found)
        }
        "because" => {
            let first = judgement.reasons.first();
            let found = first.map_or("nothing".to_string(), |one| format!("{} {}", one.cause.id, one.confidence));
            (found == rest, found)
        }
        "beside" => (ids().all(|id| judgement.names(id)), "not all are alternatives".to_string()),
        "without" => (ids().all(|other| !judgement.names(other) && other != id), "not all are excluded".to_string()),
        "allows" => (ids().all(|id| judgement.allows(id)), "not all are allowed".to_string()),
        "forbids" => (ids().all(|id| !judgement.allows(id)), "not all are forbidden".to_string()),
        "previews" => {
            let ids: Vec<&str> = judgement.previews.iter().map(|cause| cause.id).collect();
            let found = if ids.is_empty() { "nothing".to_string() } else { ids.join(" ") };
            (found == rest, found)
        }
        "kind" => (judgement.kind.name() == rest, judgement.kind.name().to_string()),
        "titled" => (judgement.title.contains(rest), judgement.title.to_string()),
        _ => (false, "no such word".to_string()),
    };
    if holds { Ok(()) } else { Err(found) }
}

/// As `family` has it.
fn shape_words(shape: Shape) -> String {
    format!("{} {}", shape.family, shape.confidence)
}

/// As `is` has it.
fn verdict(judgement: &Judgement) -> String {
    let id = judgement.cause.map_or("unexplained", |cause| cause.id);
    let confidence = judgement.confidence.name();
    match judgement.cause {
        Some(cause) if judgement.severity != cause.rule.severity => {
            format!("{id} {confidence} {}", judgement.severity.name())
        }
        Some(_) => format!("{id} {confidence}"),
        None => id.to_string(),
    }
}

/// What would make a case that cannot fail.
#[test]
fn a_case_that_is_wrong_or_says_nothing_is_a_fault() {
    const REFUSED: &str = "0 C > S S 0:0(0)\n+0.0001 C < S RA 0:0(0) ack 1";
    let fails = |words: &str| {
        let faults = faults("a", &format!("## a case\n{words}\n{REFUSED}"));
        assert_eq!(faults.len(), usize::from(!words.contains("is closed-port possible")), "{words}: {faults:?}");
        faults.join("\n")
    };
    fails("is closed-port possible\nbeside fw-reject-syn\nallows fw-reject-syn\nkind passive\ntitled listens");
    assert!(fails("is closed-port likely").contains("a:2: a case: is closed-port likely: closed-port possible"));
    for words in ["", "unsent", "kernel NO_SOCKET", "from RFC 9293"] {
        assert!(fails(words).contains("nothing is expected of it"), "{words}");
    }
    for (words, complaint) in [
        ("is closed-port", "closed-port possible"),
        ("is nothing", "resets"),
        ("beside linger-zero", "not all are alternatives"),
        ("without fw-reject-syn", "not all are excluded"),
        ("without closed-port", "not all are excluded"),
        ("without closed-prot", "there is no cause closed-prot"),
        ("allows linger-zero", "not all are allowed"),
        ("forbids fw-reject-syn", "not all are forbidden"),
        ("previews closed-port", "nothing"),
        ("kind active", "passive"),
        ("titled came back", "listens"),
        ("kernel NO_SUCH_REASON", "no such reason"),
        ("besides fw-reject-syn", "no such word"),
        ("but 4711 => 1", "is not in the conversation"),
        ("watched long", "how many seconds"),
        ("first one", "how many packets"),
    ] {
        assert!(fails(words).contains(complaint), "{words}");
    }
    let twice = faults("a", &format!("## a case\nis closed-port possible\nis closed-port possible\n{REFUSED}"));
    assert!(twice.join("").contains("no such reset"), "{twice:?}");
    assert!(!faults("a", "## a case\nis orphan-rst possible\n0.1 C > S what").is_empty());
    assert_eq!(faults("a", ""), ["a: there are no cases"]);
}
