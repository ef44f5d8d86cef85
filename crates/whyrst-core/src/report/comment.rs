//! Comments for the packets of a capture: the verdict on the RST, and on each packet that it rests on
//! what that packet says.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Write;

use super::steps::MEANT;
use super::{Explanation, words};
use crate::evidence::Answer;
use crate::language::Language;
use crate::observation::Frame;
use crate::outcome::OutcomeKind;
use crate::verdict::{Evidence, Role};

impl Explanation<'_> {
    /// One comment a frame: the first is of the RST, or of the first packet where there was none, and
    /// tells the verdict. A connection told by sockets has no frames and no comments.
    pub fn comments(&self) -> Vec<(Frame, String)> {
        if !self.outcome.has_frames() {
            return Vec::new();
        }
        let main = self.outcome.rst().map_or(self.outcome.connection().first_frame, |rst| rst.record.frame);
        let mut comments = vec![(main, self.verdict_comment())];
        let others = self.said_by_frame(main);
        comments.extend(others.into_iter().map(|(frame, said)| (frame, self.evidence_comment(main, &said))));
        comments
    }

    fn verdict_comment(&self) -> String {
        let language = self.language();
        let (stop, colon) = language.pick((": ", ": "), ("：", "："));
        let sure = words::confidence(self.judgement.confidence, language);
        let family = self.judgement.shape.map_or_else(String::new, |shape| match language {
            Language::English => format!(" ({})", shape.family),
            Language::Chinese => format!("（{}）", shape.family),
        });
        let mut text = format!("whyrst: {} [{sure}]{family}{stop}{}", self.cause_id(), self.sentence());
        let mut section = |label: &str, lines: &mut dyn Iterator<Item = String>| {
            for line in lines {
                // Writing to a String cannot fail.
                write!(text, "\n{label}{colon}{line}").unwrap_or_default();
            }
        };
        let evidence = &self.judgement.evidence;
        let said = |one: &Evidence| self.answer(one.question, &one.answer);
        let speaks_for = evidence.iter().filter(|one| one.speaks_for() && one.role != Role::Refutes);
        section(language.pick("for", "依据"), &mut self.kernel_says().into_iter().chain(speaks_for.map(said)));
        section(language.pick("against", "反证"), &mut evidence.iter().filter(|one| one.speaks_against()).map(said));
        section(language.pick("said", "自述"), &mut self.said().into_iter());
        let open: Vec<&str> = self.judgement.alternatives.iter().map(|other| other.cause.id).collect();
        let open = (!open.is_empty()).then(|| open.join(language.pick(", ", "、")));
        section(language.pick("open", "待定"), &mut open.into_iter());
        section(language.pick("decide", "判别"), &mut self.decide_words(MEANT).into_iter());
        section(
            language.pick("more", "详见"),
            &mut self.judgement.cause.iter().map(|cause| format!("whyrst causes {}", cause.id)),
        );
        text + "\nfields: " + &self.comment_fields()
    }

    /// The same words in every language, for programs that read comments: `whyrst.lua` makes fields of them.
    fn comment_fields(&self) -> String {
        let judgement = &self.judgement;
        let accepted = self.harm.accepted.map(|accepted| if accepted { "true" } else { "false" });
        let fields = [
            ("id", Some(self.cause_id())),
            ("confidence", Some(judgement.confidence.name())),
            ("family", judgement.shape.map(|shape| shape.family.name())),
            ("mechanism", judgement.mechanism.as_ref().map(|how| how.cause.id)),
            ("reason", judgement.reasons.first().map(|why| why.cause.id)),
            ("accepted", accepted),
            ("severity", Some(judgement.severity.name())),
        ];
        let known = fields.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?)));
        known.collect::<Vec<_>>().join(" ")
    }

    /// What the answers say of each frame that they name, but for `main`.
    fn said_by_frame(&self, main: Frame) -> BTreeMap<Frame, Vec<String>> {
        let mut frames: BTreeMap<Frame, Vec<String>> = BTreeMap::new();
        for one in self.judgement.evidence.iter().filter(|one| one.speaks_for() || one.speaks_against()) {
            let (Answer::Yes(facts) | Answer::No(facts)) = &one.answer else { continue };
            for frame in facts.frames.iter().filter(|frame| **frame != main && frame.number() > 0) {
                frames.entry(*frame).or_default().push(self.answer(one.question, &one.answer));
            }
        }
        for frame in self.decisive().into_iter().filter(|frame| *frame != main) {
            frames.entry(frame).or_insert_with(|| vec![self.language().pick("decisive", "关键").to_string()]);
        }
        frames
    }

    fn evidence_comment(&self, main: Frame, said: &[String]) -> String {
        let (language, frame, cause) = (self.language(), self.frame(main), self.cause_id());
        let sure = words::confidence(self.judgement.confidence, language);
        let is_reset = self.outcome.kind() == OutcomeKind::Reset;
        let mut text = match language {
            Language::English => {
                let what = if is_reset { "the reset in" } else { "the failed connect from" };
                format!("whyrst: evidence on {what} frame {frame} ({cause}, {sure})")
            }
            Language::Chinese => {
                let what = if is_reset { "的重置" } else { "开始的失败建连" };
                format!("whyrst: 关于帧 {frame} {what}的依据（{cause}，{sure}）")
            }
        };
        for line in said {
            text.push('\n');
            text.push_str(line);
        }
        text
    }
}
