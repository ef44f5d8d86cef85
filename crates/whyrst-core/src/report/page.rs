//! What a page shows beyond the machine's report: the ladder as data and the sentences of the text
//! report, as further fields of the same object. `whyrst serve` and `--format html` draw from it.

use alloc::boxed::Box;
use alloc::string::String;

use whyrst_model::Text;
use whyrst_model::report::{PacketsReport, Page, Rung, SegmentRung};

use super::Explanation;
use super::ladder;
use crate::history::{Notes, Record};
use crate::joined::Sight;
use crate::kernel::KernelWord;
use crate::language::Language;
use crate::observation::Frame;
use crate::outcome::OutcomeKind;
use crate::segment::{Flags, OptionSet};
use crate::whole::Whole;

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

impl Explanation<'_> {
    pub(super) fn page(&self) -> Page<'_> {
        let effect = self.effect_words();
        let reset = self.outcome.kind() == OutcomeKind::Reset;
        Page {
            sentence: self.sentence().into(),
            ladder_from: self.outcome.has_frames().then(|| self.zero()),
            ladder: self
                .outcome
                .has_frames()
                .then(|| self.rungs().into_iter().map(|rung| self.page_rung(rung)).collect()),
            told: self
                .account_words()
                .into_iter()
                .map(|(_, text)| text)
                .chain(self.said())
                .chain(self.claim_words())
                .map(Text::from)
                .collect(),
            points: self.vantage_words().into_iter().map(Text::from).collect(),
            unseen: self.unseen_words().into_iter().chain(self.unasked().filter(|_| reset)).map(Text::from).collect(),
            harm: reset.then(|| self.harm_words()).into_iter().chain(effect).map(Text::from).collect(),
        }
    }

    /// The packets of `whole`, as a page shows them: one line of JSON.
    pub fn packets_line(&self, whole: &Whole) -> String {
        let decisive = self.decisive();
        let shown = |record| self.whole_rung(record, &decisive);
        let gap = (whole.left_out > 0).then_some(Rung::Gap { gap: whole.left_out });
        let packets = PacketsReport {
            schema: "whyrst.packets/1",
            ladder_from: self.zero(),
            ladder: whole.head.iter().map(shown).chain(gap).chain(whole.tail.iter().map(shown)).collect(),
            total: whole.total(),
            copies: whole.copies,
        };
        serde_json::to_string(&packets).unwrap_or_default()
    }

    fn whole_rung<'a>(&'a self, record: &'a Record, decisive: &[Frame]) -> Rung<'a> {
        self.page_rung(ladder::Rung::Segment { record, decisive: decisive.contains(&record.frame), seen: &[] })
    }

    fn page_rung<'a>(&'a self, rung: ladder::Rung<'a>) -> Rung<'a> {
        match rung {
            ladder::Rung::Gap { segments } => Rung::Gap { gap: segments },
            ladder::Rung::Segment { record, decisive, seen } => {
                Rung::Segment(Box::new(self.segment_rung(record, decisive, seen)))
            }
        }
    }

    fn segment_rung<'a>(&'a self, record: &Record, marked: bool, seen: &'a [Option<Sight>]) -> SegmentRung<'a> {
        let frame = self.first_named(record.frame);
        let ack = record.flags.has(Flags::ACK).then_some(record.ack);
        let has = |option| record.options.has(option);
        let called = |[english, chinese]: Words| Text::from(self.language().pick(english, chinese));
        let one_file = self.context.files.len() <= 1;
        SegmentRung {
            frame: frame.number(),
            file: (!one_file).then(|| self.context.file(frame).into()),
            frames: (!seen.is_empty()).then(|| self.frames_seen(seen)),
            ns: record.time.since(self.zero()).nanos(),
            from: self.end_word(record.from),
            text: self.segment(record).into(),
            flags: record.flags,
            seq: record.absolute_seq(),
            seq_rel: self.relative(record.from, record.seq),
            ack: record.absolute_ack(),
            ack_rel: ack.map(|ack| self.relative(record.from.other(), ack)),
            len: record.len,
            win: record.window,
            offers: self.outcome.connection().offered_by(record),
            ttl: record.ttl(),
            tos: record.traffic_class().filter(|class| *class != 0),
            ip_id: record.ip_id().filter(|_| !record.notes.has(Notes::IPV6)),
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
        let words = if self.outcome.has_frames() { packets } else { host };
        (*self.outcome.kernel() == KernelWord::NotAsked).then(|| self.words(words))
    }
}
