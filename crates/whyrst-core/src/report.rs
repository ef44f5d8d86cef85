//! Verdicts put into words: the same words in every format.
//!
//! Only this module joins texts and values. Texts come as templates from causes and questions;
//! whatever came out of a packet passes through [`escape`] before it is printed.

mod account;
mod advice;
pub mod beside;
pub mod catalogue;
mod claims;
mod comment;
pub mod escape;
mod filters;
mod harm;
pub mod incident;
mod issues;
pub mod json;
mod ladder;
pub mod layout;
pub mod live_line;
mod makers;
pub mod markdown;
mod packets;
mod page;
mod reception;
mod said;
mod service_map;
mod steps;
pub mod style;
pub mod summary;
pub mod symptom;
pub mod text;
mod unsaid;
mod vantage;
pub mod why;
pub mod words;

use alloc::format;
use alloc::string::{String, ToString};

use jiff::tz::TimeZone;

use self::layout::capitalised;
use crate::flow::Side;
use crate::harm::{Harm, harm};
use crate::language::Language;
use crate::observation::Frame;
use crate::outcome::{Outcome, OutcomeKind};
use crate::time::Timestamp;
use crate::verdict::{Alternative, Judgement, NamedBy, UNEXPLAINED_HERE, judge};

/// What a report needs to know of the world it is printed in.
#[derive(Clone, Debug)]
pub struct Context {
    /// Names of the files read, in the order of their frame numbering.
    pub files: alloc::vec::Vec<String>,
    /// The time zone for times of day in text; JSON is always UTC.
    pub zone: TimeZone,
    /// The language of all texts, those of JSON included; names and ids are the same in all.
    pub language: Language,
}

impl Context {
    /// The file that a frame is in.
    pub fn file(&self, frame: Frame) -> &str {
        self.files.get(frame.file() as usize).map_or("-", String::as_str)
    }

    /// A frame as a reader finds it: the number alone when there is one file only.
    pub fn frame(&self, frame: Frame) -> String {
        if self.files.len() > 1 {
            format!("{}:{}", self.file(frame), frame.number())
        } else {
            frame.number().to_string()
        }
    }

    /// A moment of the wall clock, with microseconds.
    pub fn time(&self, time: Timestamp) -> String {
        jiff::Timestamp::from_nanosecond(i128::from(time.nanos())).map_or_else(
            |_| format!("{} ns", time.nanos()),
            |at| at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S.%6f %Z").to_string(),
        )
    }

    /// The date and the zone that times of day alone lack: `2026-11-30 UTC +00:00`.
    pub fn date(&self, time: Timestamp) -> String {
        jiff::Timestamp::from_nanosecond(i128::from(time.nanos())).map_or_else(
            |_| String::from("1970-01-01 UTC +00:00"),
            |at| at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %Z %:z").to_string(),
        )
    }

    /// The time of day alone.
    pub fn time_of_day(&self, time: Timestamp) -> String {
        jiff::Timestamp::from_nanosecond(i128::from(time.nanos())).map_or_else(
            |_| format!("{} ns", time.nanos()),
            |at| at.to_zoned(self.zone.clone()).strftime("%H:%M:%S.%6f").to_string(),
        )
    }
}

/// One outcome with its judgement, ready to be written.
#[derive(Debug)]
pub struct Explanation<'a> {
    /// What happened.
    pub outcome: &'a Outcome,
    /// Why.
    pub judgement: Judgement,
    /// What it did.
    pub harm: Harm,
    /// Where it is printed.
    pub context: &'a Context,
}

impl<'a> Explanation<'a> {
    /// Judges `outcome`.
    pub fn new(outcome: &'a Outcome, context: &'a Context) -> Self {
        Self::judged(outcome, judge(outcome), context)
    }

    /// With a judgement that was made already.
    pub fn judged(outcome: &'a Outcome, judgement: Judgement, context: &'a Context) -> Self {
        let harm = harm(outcome, judgement.kind);
        Self { outcome, judgement, harm, context }
    }

    /// "The connection was reset because nothing listens on the server's port", without a full stop.
    pub fn sentence(&self) -> String {
        if let Some((_, text)) = self.without_effect_words() {
            return capitalised(&text);
        }
        let title = self.title();
        if self.language() == Language::Chinese {
            return match self.outcome.kind() {
                OutcomeKind::Reset => format!("连接被重置：{title}"),
                OutcomeKind::FailedConnect => format!("建连失败：{title}"),
            };
        }
        match (self.outcome.kind(), self.judgement.cause) {
            (OutcomeKind::Reset, Some(_)) => format!("The connection was reset because {title}"),
            (OutcomeKind::FailedConnect, Some(_)) => format!("The connection failed because {title}"),
            (OutcomeKind::Reset, None) => format!("The connection was reset; {title}"),
            (OutcomeKind::FailedConnect, None) => format!("The connection failed; {title}"),
        }
    }

    /// The title of the cause, or of its variant that fits, or that nothing fits.
    pub fn title(&self) -> String {
        let title = self.judgement.title;
        self.words(match (self.judgement.cause, self.language()) {
            (Some(cause), language) => cause.title_in(language, title),
            (None, Language::English) => title,
            (None, Language::Chinese) if title == UNEXPLAINED_HERE => "只有发出 RST 的主机，或者抓包，才能说明原因",
            (None, Language::Chinese) => "目录中没有任何原因与抓包所见相符",
        })
    }

    /// What would tell another cause from the verdict: what proves it.
    pub fn told_apart_by(&self, other: &Alternative) -> String {
        match other.named_by {
            NamedBy::OtherPoint => String::from(self.language().pick(
                "the capture of another point, taken alone, says so: one of the two is incomplete",
                "另一个抓包点单独看会得出这个结论：两者之一不完整",
            )),
            NamedBy::Rule => self.words(other.cause.texts(self.language()).confirm),
        }
    }

    /// The verdict's id.
    pub fn cause_id(&self) -> &'static str {
        self.judgement.cause.map_or("unexplained", |cause| cause.id)
    }

    /// A frame as a reader finds it; with the capture point where there are several.
    pub(crate) fn frame(&self, frame: Frame) -> String {
        let joined = self.outcome.joined();
        let Some(name) = joined.and_then(|joined| joined.names.iter().find(|name| name.files.contains(&frame.file())))
        else {
            return self.context.frame(frame);
        };
        match name.files.len() {
            1 => format!("{}:{}", name.name, frame.number()),
            _ => format!("{}:{}:{}", name.name, self.context.file(frame), frame.number()),
        }
    }

    /// A sequence number of one side as Wireshark shows it.
    fn relative(&self, side: Side, seq: crate::seq::Seq) -> u32 {
        self.outcome.connection().relative(side, seq)
    }
}
