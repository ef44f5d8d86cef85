//! What several capture points know together, in words, as a ladder with a column for each point,
//! and as fields of the machine's report.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write};

use whyrst_model::Text;
use whyrst_model::report::{Ends, VantageReport};

use super::Explanation;
use super::ladder::{AFTER_SHOWN, BEFORE_SHOWN, OPENING_SHOWN, RESETS_SHOWN, Rung, relative_time};
use super::layout::{right, spaced};
use super::style::{Part, Style};
use crate::connection::Roles;
use crate::evidence::vantage::{RST_LEFT_ITS_SENDER, RST_MADE_BETWEEN, TRIGGER_DROPPED, TRIGGER_REACHED_SENDER};
use crate::evidence::{Answer, Question, vantage};
use crate::history::Record;
use crate::joined::{Crossing, Joined, Loss, OrderBy, Point, Presence, Relation, Sight, View};
use crate::language::Language;
use crate::observation::Frame;
use crate::outcome::OutcomeKind;
use crate::rst::Rst;
use crate::segment::Flags;
use crate::time::{Span, Timestamp};
use crate::verdict::{Evidence, Role};

impl Explanation<'_> {
    /// What a capture point is called.
    pub(super) fn point(&self, point: Point) -> &str {
        let names = self.outcome.joined().map(|joined| &joined.names);
        names.and_then(|names| names.get(point.index())).map_or("?", |name| name.name.as_str())
    }

    /// What can be answered because there are several points.
    pub(super) fn vantage_answers(&self) -> Vec<(&'static Question, Answer)> {
        if self.outcome.joined().is_none() {
            return Vec::new();
        }
        let asked = self.judgement.evidence.iter().map(|one| one.question);
        let new = vantage::ALL.iter().filter(|question| asked.clone().all(|other| other != **question));
        new.map(|question| (*question, question.answer(self.outcome)))
            .filter(|(_, answer)| *answer != Answer::Unknown)
            .collect()
    }

    /// The points, their clocks, and what they know together.
    pub(super) fn vantage_words(&self) -> Vec<String> {
        let Some(joined) = self.outcome.joined() else { return Vec::new() };
        let mut words: Vec<String> = self.vantage_sentences();
        let points = || (0..joined.views.len()).map(crate::joined::point);
        words.extend(points().filter_map(|point| self.state_of(joined, point)));
        words.extend(self.order_words(joined));
        words.extend(points().skip(1).filter_map(|point| self.clock_words(joined, point)));
        words
    }

    /// The answers that the evidence does not show already, each matter once.
    fn vantage_sentences(&self) -> Vec<String> {
        let shown = |question: &Question| {
            let told = |one: &Evidence| one.role != Role::Refutes && one.answer != Answer::Unknown;
            self.judgement.evidence.iter().any(|one| one.question == question && told(one))
        };
        let told_by = |one: &Question, other: &Question| shown(one) || shown(other);
        let wanted = |question: &&&Question| match question.id {
            id if id == RST_LEFT_ITS_SENDER.id => !told_by(&RST_LEFT_ITS_SENDER, &RST_MADE_BETWEEN),
            id if id == TRIGGER_REACHED_SENDER.id => !told_by(&TRIGGER_REACHED_SENDER, &TRIGGER_DROPPED),
            // The same the other way round.
            id => id != RST_MADE_BETWEEN.id && id != TRIGGER_DROPPED.id && !shown(question),
        };
        let answers = vantage::ALL.iter().filter(wanted).map(|question| (question, question.answer(self.outcome)));
        let known = answers.filter(|(_, answer)| *answer != Answer::Unknown);
        known.map(|(question, answer)| self.answer(question, &answer)).collect()
    }

    /// What a point cannot say, and why.
    fn state_of(&self, joined: &Joined, point: Point) -> Option<String> {
        let (view, name) = (joined.view(point), self.point(point));
        let covered = [view.rst, view.trigger].contains(&Presence::Absent);
        if self.language() == Language::Chinese {
            return chinese_state(view, name, covered);
        }
        match (view.relation, view.loss) {
            (Relation::Nothing, _) if covered => Some(format!(
                "{name} recorded no packet of this connection, but did record other packets of the same two hosts \
                 just before and after"
            )),
            (Relation::Nothing, _) => {
                Some(format!("{name} recorded no packet of this connection: whether it passed there is unknown"))
            }
            (Relation::OtherNumbers, _) => Some(format!(
                "{name} has the same addresses and ports with other sequence numbers: a proxy or a device that \
                 rewrites sequence numbers lies in between, or it is another connection; the two cannot be compared"
            )),
            (_, Some(loss)) => Some(format!(
                "packets may have passed {name} without being recorded: {}",
                words_of(loss, Language::English)
            )),
            _ => None,
        }
    }

    fn order_words(&self, joined: &Joined) -> Option<String> {
        let names: Vec<&str> = joined.path.iter().map(|point| self.point(*point)).collect();
        let language = self.language();
        let how = match joined.known {
            OrderBy::Hops => language.pick("by their hop counts", "依据跳数"),
            OrderBy::Clocks => {
                language.pick("by the times of their segments, in both directions", "依据两个方向上报文的时间")
            }
            OrderBy::Given if joined.path.len() > 2 => language.pick(
                "by hop counts and times, and in the order given where those are inconclusive",
                "依据跳数和时间，无法判断之处按给定的顺序",
            ),
            OrderBy::Given => language.pick(
                "in the order given: hop counts and times are inconclusive",
                "按给定的顺序：跳数和时间都无法判断",
            ),
        };
        let (client, server) =
            (self.end(self.outcome.connection().client), self.end(self.outcome.connection().server()));
        let names = (names.len() > 1).then(|| names.join(language.pick(", ", "、")))?;
        Some(match language {
            Language::English => format!("on the path from {client} to {server}: {names}, {how}"),
            Language::Chinese => spaced(&["从", &client, "到", &server, "的路径上依次是：", &names, "，", how]),
        })
    }

    fn clock_words(&self, joined: &Joined, point: Point) -> Option<String> {
        let view = joined.view(point);
        let (name, first) = (self.point(point), self.point(Point(0)));
        if !matches!(view.relation, Relation::Same | Relation::Rewritten) {
            return None;
        }
        if self.language() == Language::Chinese {
            return Some(chinese_clock(view, name, first));
        }
        Some(match view.clock {
            None => format!("the offset of {name}'s clock from {first}'s is unknown: their times cannot be compared"),
            Some(offset) => {
                let side = if offset.by.nanos() < 0 { "behind" } else { "ahead of" };
                format!("{name}'s clock is {} {side} {first}'s, give or take {}", offset.by.abs(), offset.uncertainty)
            }
        })
    }

    /// The rungs of one ladder for all points.
    pub(super) fn joint_rungs<'a>(&'a self, joined: &'a Joined) -> Vec<Rung<'a>> {
        let decisive = self.decisive();
        let is_decisive = |sight: &Sight| decisive.contains(&sight.frame);
        let (crossings, hidden) = chosen(joined, self.outcome.rst().map(|rst| rst.record.frame));
        let mut rungs: Vec<Rung<'_>> = crossings
            .into_iter()
            .map(|Crossing { record, seen }| Rung::Segment {
                record,
                decisive: seen.iter().flatten().any(is_decisive),
                seen,
            })
            .collect();
        if hidden > 0 {
            rungs.insert(OPENING_SHOWN.min(rungs.len()), Rung::Gap { segments: hidden });
        }
        rungs
    }

    /// Writes one ladder for all points. With two points each has its frame and its time, both counted
    /// from the connection's first segment; with more there is one time for all.
    pub(super) fn joint_ladder(&self, joined: &Joined, style: Style, out: &mut String) -> fmt::Result {
        let several = joined.views.len() > 2;
        for line in self.joint_head(joined, several) {
            writeln!(out, "{}", style.paint(Part::Label, line.trim_end()))?;
        }
        for rung in self.rungs() {
            match rung {
                Rung::Gap { segments } => {
                    writeln!(out, "{}", style.paint(Part::Dim, format!("      ...  {}", self.hidden(segments))))?;
                }
                Rung::Segment { record, decisive, seen } => {
                    self.joint_rung(joined, (record, seen), decisive, style, out)?;
                }
            }
        }
        Ok(())
    }

    fn joint_rung(
        &self,
        joined: &Joined,
        (record, seen): (&Record, &[Option<Sight>]),
        decisive: bool,
        style: Style,
        out: &mut String,
    ) -> fmt::Result {
        let zero = self.zero();
        let places = if joined.views.len() > 2 {
            self.frames_only(joined, (record, seen), zero)
        } else {
            self.frames_and_times(joined, seen, zero)
        };
        let arrow = if record.from == self.outcome.connection().client { "--->" } else { "<---" };
        let mark = if decisive { '>' } else { ' ' };
        let line = format!(" {mark} {places}  {arrow} {}", self.segment(record));
        let line = line.trim_end();
        if decisive { writeln!(out, "{}", style.paint(self.decisive_part(), line)) } else { writeln!(out, "{line}") }
    }

    fn joint_head(&self, joined: &Joined, several: bool) -> Vec<String> {
        let connection = self.outcome.connection();
        let seen = connection.roles == Roles::Seen;
        let roles = self.language().pick(("client ", "server "), ("客户端 ", "服务端 "));
        let (client, server) = if seen { roles } else { ("", "") };
        let (from, to) = (connection.endpoint(connection.client).ip, connection.endpoint(connection.server()).ip);
        let ends = format!("{client}{from} ---> {server}{to}");
        if several {
            let points =
                (0..joined.views.len()).map(|at| format!(" {:>9}", cut(self.point(crate::joined::point(at)), 9)));
            let names: String = points.collect();
            let time = self.language().pick("      time", "      时间");
            return alloc::vec![format!("  {ends}"), format!("  {names} {time}")];
        }
        let names = (0..joined.views.len()).map(|at| format!(" {:>16}", cut(self.point(crate::joined::point(at)), 16)));
        let columns = self.language().pick("frame       time", "   帧       时间");
        alloc::vec![format!("   {}", names.collect::<String>().split_off(1)), format!("   {columns} {columns}  {ends}"),]
    }

    fn frames_only(&self, joined: &Joined, (record, seen): (&Record, &[Option<Sight>]), zero: Timestamp) -> String {
        let frames = (0..joined.views.len()).map(|at| format!("{} ", right(&self.frame_or_why(joined, seen, at), 9)));
        frames.collect::<String>() + &format!("{:>10}", relative_time(record.time, zero))
    }

    fn frames_and_times(&self, joined: &Joined, seen: &[Option<Sight>], zero: Timestamp) -> String {
        let both = (0..joined.views.len()).map(|at| {
            let time = seen[at].map_or_else(String::new, |sight| time_there(joined, at, sight.time, zero));
            format!("{} {time:>10}", right(&self.frame_or_why(joined, seen, at), 5))
        });
        both.collect::<Vec<_>>().join(" ")
    }

    /// The frame; for the RST and its trigger also whether it is known that there is none.
    fn frame_or_why(&self, joined: &Joined, seen: &[Option<Sight>], at: usize) -> String {
        if let Some(sight) = seen[at] {
            return sight.frame.number().to_string();
        }
        let is =
            |frame: Option<Frame>| frame.is_some_and(|frame| seen.iter().flatten().any(|sight| sight.frame == frame));
        let view = &joined.views[at];
        let rst = self.outcome.rst();
        let presence = if is(rst.map(|rst| rst.record.frame)) {
            view.rst
        } else if is(rst.and_then(|rst| rst.trigger).map(|trigger| trigger.frame)) {
            view.trigger
        } else {
            Presence::Unknown
        };
        match presence {
            Presence::Absent => self.language().pick("never", "没有"),
            _ => "-",
        }
        .to_string()
    }

    /// All RSTs of the connection, wherever they were recorded, by the outcome's clock.
    pub(super) fn all_resets(&self) -> Vec<&Rst> {
        let elsewhere = self.outcome.joined().into_iter().flat_map(|joined| &joined.elsewhere);
        let mut all: Vec<&Rst> = self.outcome.rsts().iter().chain(elsewhere).collect();
        if self.outcome.joined().is_some() {
            all.sort_by_key(|rst| rst.record.time);
        }
        all
    }

    pub(super) fn resets_elsewhere(&self) -> u32 {
        let count = self.outcome.joined().map_or(0, |joined| joined.elsewhere.len());
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// The frame that the first-named of the points has of the same segment.
    pub(super) fn first_named(&self, frame: Frame) -> Frame {
        let sights = self.outcome.joined().and_then(|joined| joined.sights(frame));
        sights.and_then(|sights| sights.iter().flatten().next()).map_or(frame, |sight| sight.frame)
    }

    /// The frame that each point has of the same segment.
    pub(super) fn frames_by_point(&self, frame: Frame) -> Option<BTreeMap<Text<'_>, u64>> {
        let joined = self.outcome.joined()?;
        Some(self.frames_seen(joined.sights(frame).unwrap_or_default()))
    }

    /// The frame of each point that saw it.
    pub(super) fn frames_seen(&self, sights: &[Option<Sight>]) -> BTreeMap<Text<'_>, u64> {
        let named = |(at, sight): (usize, &Option<Sight>)| {
            Some((self.point(crate::joined::point(at)).into(), sight.as_ref()?.frame.number()))
        };
        sights.iter().enumerate().filter_map(named).collect()
    }

    pub(super) fn vantage_reports(&self) -> Option<Vec<VantageReport<'_>>> {
        let joined = self.outcome.joined()?;
        let report = |(at, view): (usize, &View)| self.vantage_report(joined, crate::joined::point(at), view);
        Some(joined.views.iter().enumerate().map(report).collect())
    }

    fn vantage_report<'a>(&'a self, joined: &'a Joined, point: Point, view: &View) -> VantageReport<'a> {
        let name = &joined.names[point.index()];
        let place = joined.path.iter().position(|other| *other == point);
        let reset = self.outcome.kind() == OutcomeKind::Reset;
        VantageReport {
            name: (&name.name).into(),
            source: name.files.clone().next().and_then(|file| self.context.files.get(file as usize)).map(Text::from),
            frames: view.frames,
            clock_offset_ns: view.clock.map(|offset| offset.by.nanos()),
            clock_uncertainty_ns: view.clock.map(|offset| offset.uncertainty.nanos()),
            saw_rst: known(view.rst).filter(|_| reset),
            saw_trigger: known(view.trigger).filter(|_| reset),
            tuple: view.client.zip(view.server).map(|(client, server)| Ends { client, server }),
            relation: view.relation,
            loss: view.loss,
            place,
            place_known_by: place.map(|_| joined.known),
        }
    }
}

impl Joined {
    /// What to add to a time of `from`'s clock to have that of `to`'s.
    fn shift(&self, from: Point, to: Point) -> Option<Span> {
        if from == to {
            return Some(Span::ZERO);
        }
        let (from, to) = (self.view(from).clock?, self.view(to).clock?);
        Some(Span::from_nanos(to.by.nanos().saturating_sub(from.by.nanos())))
    }
}

/// A time of another clock, counted from the same moment; by itself where the clocks are unknown.
fn time_there(joined: &Joined, at: usize, time: Timestamp, zero: Timestamp) -> String {
    let shift = joined.shift(joined.at, crate::joined::point(at));
    let zero = shift.map_or_else(
        || {
            let mut own = joined.crossings.iter().filter_map(|crossing| crossing.seen[at]);
            own.next().map_or(zero, |first| first.time)
        },
        |by| zero.plus(by),
    );
    relative_time(time, zero)
}

const fn known(presence: Presence) -> Option<bool> {
    match presence {
        Presence::Seen => Some(true),
        Presence::Absent => Some(false),
        Presence::Unknown => None,
    }
}

/// What a point cannot say, and why.
fn chinese_state(view: &View, name: &str, covered: bool) -> Option<String> {
    let parts: [&str; 3] = match (view.relation, view.loss) {
        (Relation::Nothing, _) if covered => {
            ["", name, "没有记录到这条连接，但在其前后不久记录到了同样两台主机之间的其他报文"]
        }
        (Relation::Nothing, _) => ["", name, "没有记录到这条连接：它是否经过那里未知"],
        (Relation::OtherNumbers, _) => {
            ["", name, "上有同样的地址和端口，但序列号不同：中间隔着代理或改写序列号的设备，或者是另一条连接；无法比较"]
        }
        (_, Some(loss)) => {
            let why = words_of(loss, Language::Chinese);
            return Some(spaced(&[name, "可能有报文经过而没有记录到：", why]));
        }
        _ => return None,
    };
    Some(spaced(&parts))
}

fn chinese_clock(view: &View, name: &str, first: &str) -> String {
    let Some(offset) = view.clock else {
        return spaced(&[name, "与", first, "的时钟差未知：两者的时间无法比较"]);
    };
    let side = if offset.by.nanos() < 0 { "慢" } else { "快" };
    let (by, give) = (offset.by.abs().to_string(), offset.uncertainty.to_string());
    spaced(&[name, "的时钟比", first, side, &by, "，误差", &give])
}

const fn words_of(loss: Loss, language: Language) -> &'static str {
    if let Language::Chinese = language {
        return match loss {
            Loss::Dropped => "抓包主机丢了包",
            Loss::Cut => "报文在 TCP 头结束之前就被截断",
            Loss::Unread => "它的文件没能读完",
            Loss::Holes => "它的抓包里缺少必定经过那里的报文",
            Loss::Memory => "内存放不下它的全部报文（--memory）",
        };
    }
    match loss {
        Loss::Dropped => "the capturing host dropped packets",
        Loss::Cut => "packets were cut before the end of their TCP header",
        Loss::Unread => "its files could not be read to the end",
        Loss::Holes => "segments that must have passed there are missing from its capture",
        Loss::Memory => "not all of its segments fit into memory (--memory)",
    }
}

/// The opening, the last segments before the RST, the RSTs and what followed; and how many between
/// the first two are not shown.
fn chosen(joined: &Joined, rst: Option<Frame>) -> (Vec<&Crossing>, u64) {
    let all = &joined.crossings;
    let is = |crossing: &Crossing| crossing.seen.iter().flatten().any(|sight| Some(sight.frame) == rst);
    let at = all.iter().position(is).unwrap_or(all.len());
    let (before, end) = all.split_at(at);
    let skip = before.len().saturating_sub(OPENING_SHOWN + BEFORE_SHOWN);
    let (mut resets, mut others) = (0, 0);
    let end = end.iter().filter(|crossing| {
        let (count, most) = if crossing.record.flags.has(Flags::RST) {
            (&mut resets, RESETS_SHOWN)
        } else {
            (&mut others, AFTER_SHOWN)
        };
        *count += 1;
        *count <= most
    });
    let opening = before.iter().take(OPENING_SHOWN);
    let last = before.iter().skip(OPENING_SHOWN + skip);
    (opening.chain(last).chain(end).collect(), skip as u64)
}

fn cut(name: &str, most: usize) -> String {
    name.chars().take(most).collect()
}
