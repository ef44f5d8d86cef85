//! What only captures at several points of the path can answer (docs/internals/capture-points.md): whether the RST
//! left the host that it claims to come from, whether it arrived, what became of the segment that it answers, and
//! whether a NAT lies between.
//!
//! From a single capture all of them are unknown.

use super::answer::{Answer, Value, no, yes};
use super::question::{AskedOf, Question, Wording, by, not};
use crate::flow::Side;
use crate::history::Record;
use crate::joined::{Joined, Point, Presence, Relation, View};
use crate::observation::Frame;
use crate::outcome::{Outcome, OutcomeKind};
use crate::rst::Rst;
use crate::segment::Flags;

/// Said where one capture is not enough.
const BOTH_ENDS: &str = "captures at both ends at the same time (`--vantage client=A.pcap --vantage server=B.pcap`)";
const BOTH_ENDS_ZH: &str = "同时在两端抓包（`--vantage client=A.pcap --vantage server=B.pcap`）";

/// The RST was sent by the host that it claims to come from.
pub static RST_LEFT_ITS_SENDER: Question = Question {
    id: "rst-left-its-sender",
    asked_of: AskedOf::SeveralPoints,
    yes: "{} passed {}, next to {sender}, with the same initial TTL as {sender}'s own packets: nothing between that point and {receiver} sent it",
    no: "{} reached {} but never passed {}, which is nearer to {sender} and recorded the connection before and after: {sender} did not send it",
    unknown: BOTH_ENDS,
    zh: Wording {
        yes: "{}经过了紧挨{sender}的{}，初始 TTL 与{sender}自己的报文相同：不是那一点与{receiver}之间的设备发的",
        no: "{}到达了{}，却从未经过离{sender}更近的{}，而那里记录了前后的连接：不是{sender}发的",
        unknown: BOTH_ENDS_ZH,
    },
    ask: by(|outcome| {
        let (Some(rst), Some(joined)) = (outcome.rst(), outcome.joined()) else {
            return Answer::Unknown;
        };
        if let Some((before, after)) = made_between(outcome, joined) {
            let facts = no().frame(&rst.record).value(Value::Point(after)).value(Value::Point(before));
            return Answer::No(facts);
        }
        match nearest(outcome, joined, outcome.sender()) {
            Some(point) if left_host(outcome, joined, rst, point) => Answer::Yes(
                yes()
                    .shown_by(rst.record.frame)
                    .value(Value::Frame(frame_at(joined, &rst.record, point)))
                    .value(Value::Point(point)),
            ),
            _ => Answer::Unknown,
        }
    }),
};

/// The RST was made on the path, between two of the points.
pub static RST_MADE_BETWEEN: Question = Question {
    id: "rst-made-between",
    asked_of: AskedOf::SeveralPoints,
    yes: "{} was sent from between {} and {}: it passed the second but never the first, which recorded the connection before and after without loss",
    no: "{} was not sent from between the capture points: it had passed {}, next to {sender}",
    unknown: BOTH_ENDS,
    zh: Wording {
        yes: "{}是从{}与{}之间发出的：它经过了后者，从未经过前者，而前者无遗漏地记录了前后的连接",
        no: "{}不是从抓包点之间发出的：它经过了紧挨{sender}的{}",
        unknown: BOTH_ENDS_ZH,
    },
    ask: by(|outcome| {
        let (Some(rst), Some(joined)) = (outcome.rst(), outcome.joined()) else {
            return Answer::Unknown;
        };
        if let Some((before, after)) = made_between(outcome, joined) {
            let facts = yes().frame(&rst.record).value(Value::Point(before)).value(Value::Point(after));
            return Answer::Yes(facts);
        }
        match RST_LEFT_ITS_SENDER.answer(outcome) {
            Answer::Yes(facts) => Answer::No(facts),
            _ => Answer::Unknown,
        }
    }),
};

/// The RST arrived at the other end.
pub static RST_REACHED_ITS_RECEIVER: Question = Question {
    id: "rst-reached-its-receiver",
    asked_of: AskedOf::SeveralPoints,
    yes: "{} passed {}, the point nearest to {receiver}",
    no: "{} passed {} and was lost before {}: {receiver} never received it",
    unknown: BOTH_ENDS,
    zh: Wording {
        yes: "{}经过了{}，即离{receiver}最近的点",
        no: "{}经过了{}，在{}之前丢失：{receiver}从未收到",
        unknown: BOTH_ENDS_ZH,
    },
    ask: by(|outcome| {
        let (Some(rst), Some(joined)) = (outcome.rst(), outcome.joined()) else {
            return Answer::Unknown;
        };
        let sender = outcome.sender();
        if let Some((last, lost)) = joined.lost_between(sender, outcome.connection().client, |view| view.rst) {
            return Answer::No(no().frame(&rst.record).value(Value::Point(last)).value(Value::Point(lost)));
        }
        arrived(outcome, joined, &rst.record, outcome.receiver(), |view| view.rst)
    }),
};

/// The segment that the RST answers arrived at the end that the RST claims to come from.
pub static TRIGGER_REACHED_SENDER: Question = Question {
    id: "trigger-reached-sender",
    asked_of: AskedOf::SeveralPoints,
    yes: "{}, which the RST answers, passed {}, the point nearest to {sender}",
    no: "{}, which the RST answers, passed {} and was dropped before {}: {sender} never received it",
    unknown: BOTH_ENDS,
    zh: Wording {
        yes: "RST 所应答的{}经过了{}，即离{sender}最近的点",
        no: "RST 所应答的{}经过了{}，在{}之前被丢弃：{sender}从未收到",
        unknown: BOTH_ENDS_ZH,
    },
    ask: by(|outcome| {
        let (Some(rst), Some(joined)) = (outcome.rst(), outcome.joined()) else {
            return Answer::Unknown;
        };
        let Some(trigger) = &rst.trigger else { return Answer::Unknown };
        let receiver = outcome.receiver();
        if let Some((last, lost)) = joined.lost_between(receiver, outcome.connection().client, |view| view.trigger) {
            return Answer::No(no().frame(trigger).value(Value::Point(last)).value(Value::Point(lost)));
        }
        arrived(outcome, joined, trigger, outcome.sender(), |view| view.trigger)
    }),
};

/// The segment that the RST answers was dropped on its way: what sent the RST took it.
pub static TRIGGER_DROPPED: Question = not("trigger-dropped", &TRIGGER_REACHED_SENDER);

/// Nothing was dropped that the RST could have been the answer to.
pub static ALL_REACHED_SENDER: Question = Question {
    id: "all-reached-sender",
    asked_of: AskedOf::SeveralPoints,
    yes: "everything that {receiver} sent in the seconds before {} passed {}, next to {sender}: nothing was rejected on the way",
    no: "something that {receiver} sent in the seconds before {} was recorded at {} but never reached {}: it was dropped on the way",
    unknown: BOTH_ENDS,
    zh: Wording {
        yes: "在{}之前的几秒里，{receiver}发送的一切都经过了紧挨{sender}的{}：路上没有拒绝任何报文",
        no: "在{}之前的几秒里，{receiver}发送的某个报文在{}被记录，却从未到达{}：它在路上被丢弃",
        unknown: BOTH_ENDS_ZH,
    },
    ask: by(|outcome| {
        let (Some(rst), Some(joined)) = (outcome.rst(), outcome.joined()) else {
            return Answer::Unknown;
        };
        let receiver = outcome.receiver();
        if let Some((last, lost)) = joined.lost_between(receiver, outcome.connection().client, |view| view.arrivals) {
            return Answer::No(no().frame(&rst.record).value(Value::Point(last)).value(Value::Point(lost)));
        }
        arrived(outcome, joined, &rst.record, outcome.sender(), |view| view.arrivals)
    }),
};

/// The SYN that nobody answered came as far as the server.
pub static SYN_REACHED_SERVER: Question = Question {
    id: "syn-reached-server",
    asked_of: AskedOf::SeveralPoints,
    yes: "{} passed {}, the point nearest to {server}: nothing beyond it answered",
    no: "{} passed {} and was dropped before {}: {server} never received it",
    unknown: BOTH_ENDS,
    zh: Wording {
        yes: "{}经过了{}，即离{server}最近的点：那一点之外没有应答",
        no: "{}经过了{}，在{}之前被丢弃：{server}从未收到",
        unknown: BOTH_ENDS_ZH,
    },
    ask: by(|outcome| {
        let (OutcomeKind::FailedConnect, Some(syn), Some(joined)) = (outcome.kind(), outcome.syn(), outcome.joined())
        else {
            return Answer::Unknown;
        };
        let client = outcome.connection().client;
        if let Some((last, lost)) = joined.lost_between(client, client, |view| view.trigger) {
            return Answer::No(no().frame(syn).value(Value::Point(last)).value(Value::Point(lost)));
        }
        arrived(outcome, joined, syn, outcome.connection().server(), |view| view.trigger)
    }),
};

/// A device between two of the points changes addresses or ports.
pub static ADDRESSES_REWRITTEN: Question = Question {
    id: "addresses-rewritten",
    asked_of: AskedOf::SeveralPoints,
    yes: "a NAT lies between {} and {}: {} > {} at the first is {} > {} at the second",
    no: "no NAT lies between {} and {}: the addresses and ports are the same",
    unknown: BOTH_ENDS,
    zh: Wording {
        yes: "{}与{}之间有 NAT：前者处的{} > {}在后者处是{} > {}",
        no: "{}与{}之间没有 NAT：地址和端口相同",
        unknown: BOTH_ENDS_ZH,
    },
    ask: by(|outcome| {
        let Some(joined) = outcome.joined() else { return Answer::Unknown };
        if let Some((one, other)) = joined.rewritten() {
            let ends = |point: Point| [joined.view(point).client, joined.view(point).server];
            let points = yes().value(Value::Point(one)).value(Value::Point(other));
            let all = ends(one).into_iter().chain(ends(other)).flatten();
            return Answer::Yes(all.fold(points, |facts, end| facts.value(Value::Endpoint(end))));
        }
        match joined.path.as_slice() {
            [first, .., last] => Answer::No(no().value(Value::Point(*first)).value(Value::Point(*last))),
            _ => Answer::Unknown,
        }
    }),
};

/// Everything that several points can tell, in the order in which a reader wants to know it.
pub static ALL: &[&Question] = &[
    &RST_LEFT_ITS_SENDER,
    &RST_MADE_BETWEEN,
    &RST_REACHED_ITS_RECEIVER,
    &TRIGGER_REACHED_SENDER,
    &TRIGGER_DROPPED,
    &ALL_REACHED_SENDER,
    &SYN_REACHED_SERVER,
    &ADDRESSES_REWRITTEN,
];

fn made_between(outcome: &Outcome, joined: &Joined) -> Option<(Point, Point)> {
    joined.made_between(outcome.sender(), outcome.connection().client)
}

/// The point nearest to `side`, when at least two recorded the connection and their order is known,
/// or does not matter.
fn nearest(outcome: &Outcome, joined: &Joined, side: Side) -> Option<Point> {
    let path = joined.path_from(side, outcome.connection().client);
    (path.len() > 1).then(|| path[0])
}

/// Initial hop counts in use (docs/internals/capture-points.md#hop-counts): such a packet has passed no router.
const INITIAL_TTLS: [u8; 3] = [64, 128, 255];

/// Recorded on the sender's host or in its own network: no router had seen it, nor what else that
/// host sent, and it has the same hop count.
fn left_host(outcome: &Outcome, joined: &Joined, rst: &Rst, point: Point) -> bool {
    let placed = is_placed(joined, point, |view| view.rst);
    let ttl_of = |frame: Frame| {
        let sights = joined.sights(frame)?;
        sights[point.index()].and_then(|sight| sight.ttl)
    };
    let Some(ttl) = ttl_of(rst.record.frame) else { return false };
    let same = joined
        .crossings
        .iter()
        .filter(|crossing| crossing.record.from == outcome.sender() && !crossing.record.flags.has(Flags::RST));
    let own = same.filter_map(|crossing| crossing.seen[point.index()]);
    let alike = own.clone().all(|sight| sight.ttl == Some(ttl));
    // A router has a first TTL of its own too, and a point that has nothing of all this may lie behind it.
    let at_router = own.count() == 0 && joined.views.iter().any(|view| view.relation == Relation::Nothing);
    joined.view(point).rst == Presence::Seen && placed && alike && !at_router && INITIAL_TTLS.contains(&ttl)
}

/// Recorded at the point nearest to `side`.
fn arrived(outcome: &Outcome, joined: &Joined, record: &Record, side: Side, what: fn(&View) -> Presence) -> Answer {
    match nearest(outcome, joined, side) {
        Some(point) if what(joined.view(point)) == Presence::Seen && is_placed(joined, point, what) => {
            Answer::Yes(yes().frame(record).value(Value::Point(point)))
        }
        _ => Answer::Unknown,
    }
}

/// Whether the point is known to be the nearest, or the others saw it as well, so that it does not matter.
fn is_placed(joined: &Joined, point: Point, what: fn(&View) -> Presence) -> bool {
    let mut others = joined.path.iter().filter(|other| **other != point);
    others.all(|other| joined.is_ordered(point, *other) || what(joined.view(*other)) == Presence::Seen)
}

fn frame_at(joined: &Joined, record: &Record, point: Point) -> Frame {
    let there = joined.sights(record.frame).and_then(|sights| sights[point.index()]);
    there.map_or(record.frame, |sight| sight.frame)
}
