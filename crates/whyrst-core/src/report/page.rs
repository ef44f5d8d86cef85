//! What a page shows beyond the machine's report: the ladder as data and the sentences of the text
//! report, as further fields of the same object. `whyrst serve` and `--format html` draw from it.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;

use super::Report;
use super::json::utc;
use super::ladder::Rung;
use crate::ending::{EndingKind, KernelWord};
use crate::history::{Notes, Record};
use crate::language::Language;
use crate::segment::{Flags, OptionSet};
use crate::vantage::Sight;

/// The fields that are added to an object of the JSON contract.
#[derive(Serialize)]
pub(super) struct PageObject<'a> {
    headline: String,
    sentence: String,
    /// The moment that the ladder's `ns` are counted from.
    ladder_from: Option<String>,
    ladder: Option<Vec<RungObject<'a>>>,
    /// What speaks for it beside `evidence`: what kernels and the RST itself say.
    told: Vec<String>,
    /// What several capture points know together.
    points: Vec<String>,
    unseen: Vec<String>,
    harm: Vec<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum RungObject<'a> {
    Segment(Box<SegmentObject<'a>>),
    Gap { gap: u64 },
}

/// What is nothing special is left out: a report has many of these.
#[derive(Serialize)]
struct SegmentObject<'a> {
    frame: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frames: Option<BTreeMap<&'a str, u64>>,
    /// Nanoseconds since `ladder_from`.
    ns: i64,
    from: &'static str,
    text: String,
    flags: String,
    seq: u32,
    seq_rel: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    ack: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ack_rel: Option<u32>,
    len: u32,
    win: u16,
    ttl: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    tos: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_id: Option<u16>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts_value: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    marked: Option<bool>,
}

/// In both languages.
type Words = [&'static str; 2];

const OPTIONS: [(OptionSet, Words); 15] = [
    (OptionSet::MSS, ["MSS", "MSS"]),
    (OptionSet::WINDOW_SCALE, ["window scale", "窗口缩放"]),
    (OptionSet::SACK_PERMITTED, ["SACK permitted", "允许 SACK"]),
    (OptionSet::SACK, ["SACK", "SACK"]),
    (OptionSet::TIMESTAMPS, ["timestamps", "时间戳"]),
    (OptionSet::MD5, ["MD5", "MD5"]),
    (OptionSet::AO, ["TCP-AO", "TCP-AO"]),
    (OptionSet::MPTCP, ["MPTCP", "MPTCP"]),
    (OptionSet::FAST_OPEN, ["fast open", "TCP Fast Open"]),
    (OptionSet::MP_CAPABLE, ["MP_CAPABLE", "MP_CAPABLE"]),
    (OptionSet::MP_JOIN, ["MP_JOIN", "MP_JOIN"]),
    (OptionSet::MP_FASTCLOSE, ["MP_FASTCLOSE", "MP_FASTCLOSE"]),
    (OptionSet::MP_TCPRST, ["MP_TCPRST", "MP_TCPRST"]),
    (OptionSet::OTHER, ["others", "其他"]),
    (OptionSet::CUT, ["cut off in the capture", "抓包中被截断"]),
];

const NOTES: [(Notes, Words); 7] = [
    (Notes::RETRANSMISSION, ["sent before", "此前发送过（重传）"]),
    (Notes::PROBE, ["keep-alive or window probe", "保活或窗口探测"]),
    (Notes::AFTER_GAP, ["after a gap in the capture", "前面缺段"]),
    (Notes::ACKS_UNSEEN, ["acknowledges what was not captured", "确认了没有抓到的数据"]),
    (Notes::CUT, ["cut off in the capture", "抓包中被截断"]),
    (Notes::OUT_OF_WINDOW, ["outside its receiver's window", "在接收方的窗口之外"]),
    (Notes::SYN_ON_LIVE, ["SYN in a living connection", "存活连接中的 SYN"]),
];

impl Report<'_> {
    pub(super) fn page_object(&self) -> PageObject<'_> {
        let effect = self.judgement.cause.map(|cause| self.words(cause.texts(self.language()).effect));
        let reset = self.ending.kind == EndingKind::Reset;
        PageObject {
            headline: self.headline(),
            sentence: self.sentence(),
            ladder_from: self.ending.has_frames().then(|| utc(self.zero())),
            ladder: self
                .ending
                .has_frames()
                .then(|| self.rungs().into_iter().map(|rung| self.rung_object(rung)).collect()),
            told: self.account_words().into_iter().map(|(_, text)| text).chain(self.said()).collect(),
            points: self.vantage_words(),
            unseen: self.unseen_words().into_iter().chain(self.unasked().filter(|_| reset)).collect(),
            harm: reset.then(|| self.harm_words()).into_iter().chain(effect).collect(),
        }
    }

    fn rung_object<'a>(&'a self, rung: Rung<'a>) -> RungObject<'a> {
        match rung {
            Rung::Gap { segments } => RungObject::Gap { gap: segments },
            Rung::Segment { record, decisive, seen } => {
                RungObject::Segment(Box::new(self.segment_object(record, decisive, seen)))
            }
        }
    }

    fn segment_object<'a>(&'a self, record: &Record, marked: bool, seen: &'a [Option<Sight>]) -> SegmentObject<'a> {
        let frame = self.first_named(record.frame);
        let ack = record.flags.has(Flags::ACK).then_some(record.ack);
        let has = |option| record.options.has(option);
        let called = |[english, chinese]: Words| self.language().pick(english, chinese);
        let one_file = self.context.files.len() <= 1;
        SegmentObject {
            frame: frame.number(),
            file: (!one_file).then(|| self.context.file(frame)),
            frames: (!seen.is_empty()).then(|| self.frames_seen(seen)),
            ns: record.time.since(self.zero()).nanos(),
            from: if record.from == self.ending.connection.client { "client" } else { "server" },
            text: self.segment(record),
            flags: record.flags.to_string(),
            seq: record.seq.raw(),
            seq_rel: self.relative(record.from, record.seq),
            ack: ack.map(crate::seq::Seq::raw),
            ack_rel: ack.map(|ack| self.relative(record.from.other(), ack)),
            len: record.len,
            win: record.window,
            ttl: record.ttl,
            tos: Some(record.traffic_class).filter(|class| *class != 0),
            ip_id: (!record.notes.has(Notes::IPV6)).then_some(record.ip_id),
            options: OPTIONS.iter().filter(|(option, _)| has(*option)).map(|(_, words)| called(*words)).collect(),
            ts_value: has(OptionSet::TIMESTAMPS).then_some(record.ts_value),
            notes: NOTES.iter().filter(|(note, _)| record.notes.has(*note)).map(|(_, words)| called(*words)).collect(),
            marked: marked.then_some(true),
        }
    }

    /// What only the kernel of the RST's sender could tell, and nobody asked it.
    pub(super) fn unasked(&self) -> Option<String> {
        let (packets, host) = match self.language() {
            Language::English => (
                "what {sender}'s kernel and its programs did: captures do not show it",
                "what {sender}'s kernel and its programs did: its own host can tell",
            ),
            Language::Chinese => {
                ("{sender}的内核和程序做了什么：抓包里看不到", "{sender}的内核和程序做了什么：要问那台主机自己")
            }
        };
        let words = if self.ending.has_frames() { packets } else { host };
        (self.ending.kernel == KernelWord::NotAsked).then(|| self.words(words))
    }
}
