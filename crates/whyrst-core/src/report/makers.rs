//! The RSTs of another maker than that of the first, in words: what tells them apart, and the verdict on the other.

use alloc::format;
use alloc::string::String;

use whyrst_model::report::Verdict;

use super::Explanation;
use crate::language::Language;
use crate::verdict::Confidence;
use crate::verdict::makers::{Difference, OtherMaker};

impl Explanation<'_> {
    /// That two reset the connection, and what made the RST of the second.
    pub(super) fn makers_words(&self, other: &OtherMaker) -> Option<(Confidence, String)> {
        let (first, rst) = (self.outcome.rst()?, self.outcome.rsts().get(other.at)?);
        let (first, frame) = (self.named(first.record.frame), self.named(rst.record.frame));
        let (own, others) = match other.difference {
            Difference::Ttl { other, first } => (format!("TTL {other}"), format!("TTL {first}")),
            Difference::Link { other, first } => (format!("MAC address {other}"), format!("MAC address {first}")),
        };
        let title = self.title_of_maker(other);
        let id = other.judgement.cause.map_or("unexplained", |cause| cause.id);
        let text = match self.language() {
            Language::English => {
                format!("two senders reset it: {frame} came with {own}, {first} with {others}; {frame}: {title} ({id})")
            }
            Language::Chinese => {
                format!("重置它的有两方：{frame}带着 {own} 到来，{first}带着 {others}；{frame}的原因：{title}（{id}）")
            }
        };
        Some((other.judgement.confidence, text))
    }

    /// The same for a machine.
    pub(super) fn maker_verdict(&self, other: &OtherMaker) -> Verdict<'static> {
        Verdict {
            cause: other.judgement.cause.map_or("unexplained", |cause| cause.id).into(),
            confidence: other.judgement.confidence,
            title: self.title_of_maker(other).into(),
        }
    }

    fn title_of_maker(&self, other: &OtherMaker) -> String {
        match other.judgement.cause {
            Some(cause) => self.title_of(cause, other.judgement.title),
            None => self.language().pick("nothing in the catalogue fits it", "目录中没有与它相符的原因").into(),
        }
    }
}
