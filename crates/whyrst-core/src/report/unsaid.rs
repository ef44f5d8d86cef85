//! What the source of the packets did not say: a printed packet has only what its program printed.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Explanation;
use crate::history::{Notes, Record};
use crate::language::Language;

/// What is worth a word, by its name in both languages.
const NAMES: [(Notes, [&str; 2]); 5] = [
    (Notes::TTL_UNKNOWN, ["TTL", "TTL"]),
    (Notes::ID_UNKNOWN, ["IP ID", "IP ID"]),
    (Notes::SEQ_ASSUMED, ["sequence number", "序列号"]),
    (Notes::BASE_ASSUMED, ["absolute sequence numbers", "绝对序列号"]),
    (Notes::WINDOW_ASSUMED, ["window", "窗口"]),
];

impl Explanation<'_> {
    /// `from text: TTL and IP ID unknown`; `None` where the packets were captured.
    pub(super) fn unsaid_words(&self) -> Option<String> {
        let record = self.judged_by()?;
        let names: Vec<&str> = NAMES
            .iter()
            .filter(|(note, _)| record.notes.has(*note))
            .map(|(_, [english, chinese])| self.language().pick(*english, *chinese))
            .collect();
        let (last, others) = names.split_last()?;
        Some(match self.language() {
            Language::English if others.is_empty() => format!("from text: {last} unknown"),
            Language::English => format!("from text: {} and {last} unknown", others.join(", ")),
            Language::Chinese => format!("来自文本：{} 未知", names.join("、")),
        })
    }

    /// The RST; where there is none, the SYN.
    fn judged_by(&self) -> Option<&Record> {
        let seen = self.outcome.has_frames();
        self.outcome.rst().map(|rst| &rst.record).or_else(|| self.outcome.syn()).filter(|_| seen)
    }
}
