//! Printed sequence numbers, put into one space for each connection.
//!
//! tcpdump prints the numbers of a connection from where they begin, unless `-S` is given: those of a SYN, of a SYN-ACK and
//! of the first segment with ACK as they are, all later ones from there, and those of a segment without ACK always as
//! they are (`tcp_print` in tcpdump's `print-tcp.c`). A segment that only acknowledges has no sequence number in print.
//! tshark and Wireshark print all numbers from where they begin, which they do not say (`tcp.relative_sequence_numbers`).
//! Where a beginning is not known one is assumed; what stands from what is right all the same.

use std::collections::{HashMap, VecDeque};

use whyrst_core::segment::{Endpoint, Flags};

use super::packet::{Length, Number, Placed, Tcp, Window};
use crate::unsaid::Unsaid;

/// Connections that are remembered; the oldest are forgotten.
const MOST: usize = 65_536;
/// A number that is this near to where it is expected stands there.
const NEAR: u32 = 1 << 21;
/// One that is so far off does not belong there.
const FAR: u32 = 1 << 26;
/// Numbers below this are printed from where they begin; few connections begin there by chance.
const SMALL: u32 = 1 << 22;
/// Where numbers begin of which no more is known, different for each end.
const ASSUMED: [u32; 2] = [0x4000_0000, 0xa000_0000];
/// From one assumed beginning of an end to the next.
const ANEW: u32 = 0x0123_4567;

/// All connections.
#[derive(Default)]
pub(crate) struct Numbers {
    flows: HashMap<(Endpoint, Endpoint), Flow>,
    order: VecDeque<(Endpoint, Endpoint)>,
    begun: u32,
}

/// One connection; by its two ends in order.
#[derive(Clone, Copy, Default)]
struct Flow {
    ends: [End; 2],
    /// What tcpdump prints as 0 of each end, since it has printed a segment with ACK. It outlives the connection.
    counted: Option<[Base; 2]>,
    /// A segment with ACK was printed.
    spoke: bool,
    /// A RST or both FINs were printed.
    over: bool,
    fins: u8,
}

#[derive(Clone, Copy, Default)]
struct End {
    /// What stands for 0 where numbers are printed as tshark prints them.
    base: Option<Base>,
    /// The number of its SYN.
    first: Option<u32>,
    /// After the highest byte sent.
    next: Option<u32>,
    scale: Option<u8>,
    /// The length of its frames without payload.
    bare_frame: Option<u32>,
}

#[derive(Clone, Copy)]
struct Base {
    at: u32,
    /// It is as in the header.
    known: bool,
}

impl Numbers {
    /// Where the numbers of `tcp` stand.
    pub(crate) fn place(&mut self, tcp: &Tcp) -> Placed {
        let (key, own) =
            if ordered(tcp.src) <= ordered(tcp.dst) { ((tcp.src, tcp.dst), 0) } else { ((tcp.dst, tcp.src), 1) };
        let mut flow = self.flow(key);
        let flags = Flags::from_bits(tcp.flags);
        if flags.is_syn() && (flow.over || flow.is_another(own, tcp.seq)) {
            flow = Flow { counted: flow.counted, ..Flow::default() };
            self.begun = self.begun.wrapping_add(1);
        }
        let placed = Placing { flow: &mut flow, own, tcp, flags, begun: self.begun }.place();
        flow.note(own, tcp, flags, &placed);
        self.flows.insert(key, flow);
        placed
    }

    /// The only connection between two hosts, its ends in the order of `from` and `to`.
    pub(crate) fn only_between(&self, from: std::net::IpAddr, to: std::net::IpAddr) -> Option<(Endpoint, Endpoint)> {
        let mut found = self.order.iter().rev().take(64).filter_map(|key| {
            self.flows.get(key).filter(|flow| !flow.over && flow.spoke)?;
            match (key.0.ip == from && key.1.ip == to, key.1.ip == from && key.0.ip == to) {
                (true, _) => Some((key.0, key.1)),
                (_, true) => Some((key.1, key.0)),
                _ => None,
            }
        });
        match (found.next(), found.next()) {
            (Some(one), None) => Some(one),
            _ => None,
        }
    }

    fn flow(&mut self, key: (Endpoint, Endpoint)) -> Flow {
        if let Some(flow) = self.flows.get(&key) {
            return *flow;
        }
        if self.order.len() >= MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.flows.remove(&oldest);
        }
        self.order.push_back(key);
        self.begun = self.begun.wrapping_add(1);
        Flow::default()
    }
}

const fn ordered(end: Endpoint) -> (std::net::IpAddr, u16) {
    (end.ip, end.port)
}

impl Flow {
    /// Whether a SYN with this number begins another connection.
    fn is_another(&self, own: usize, seq: Number) -> bool {
        match (seq, self.ends[own].first) {
            (Number::Absolute(seq) | Number::AsTcpdump(seq), Some(first)) => seq != first,
            _ => false,
        }
    }

    fn note(&mut self, own: usize, tcp: &Tcp, flags: Flags, placed: &Placed) {
        let controls = u32::from(flags.has(Flags::SYN)) + u32::from(flags.has(Flags::FIN));
        let end = placed.seq.wrapping_add(placed.len).wrapping_add(controls);
        let is_rst = flags.has(Flags::RST);
        let one = &mut self.ends[own];
        if !is_rst && one.next.is_none_or(|next| end.wrapping_sub(next) < 1 << 31) {
            one.next = Some(end);
        }
        if flags.has(Flags::SYN) {
            one.scale = tcp.options.window_scale();
            one.first = Some(placed.seq);
        }
        if let (Some(whole), 0, false) = (tcp.frame, placed.len, flags.has(Flags::SYN)) {
            one.bare_frame = Some(whole);
        }
        if flags.has(Flags::FIN) {
            self.fins |= 1 << own;
        }
        // What the other end acknowledged, it has received: also where that was not printed.
        if flags.has(Flags::ACK) && !is_rst {
            let other = &mut self.ends[1 - own];
            if other.next.is_none_or(|next| placed.ack.wrapping_sub(next) < 1 << 31) {
                other.next = Some(placed.ack);
            }
        }
        self.spoke |= flags.has(Flags::ACK);
        self.over |= is_rst || self.fins == 3;
    }
}

impl Base {
    const fn plus(self, number: u32) -> Self {
        Self { at: self.at.wrapping_add(number), known: self.known }
    }
}

struct Placing<'a> {
    flow: &'a mut Flow,
    own: usize,
    tcp: &'a Tcp,
    flags: Flags,
    begun: u32,
}

impl Placing<'_> {
    fn place(mut self) -> Placed {
        let mut unsaid = Unsaid::NOTHING;
        let has_ack = self.flags.has(Flags::ACK);
        let counted = self.counted();
        let other = 1 - self.own;
        let ack = match self.tcp.ack {
            _ if !has_ack => Base { at: 0, known: true },
            Number::Relative(ack) => self.base(other).plus(ack),
            Number::AsTcpdump(ack) => counted.map_or(Base { at: ack, known: true }, |bases| bases[other].plus(ack)),
            Number::Absolute(ack) => Base { at: ack, known: true },
            Number::Unsaid => match self.flow.ends[other].next {
                Some(next) => Base { at: next, known: true },
                None => self.base(other),
            },
        };
        let (seq, said) = self.seq(counted);
        if !said {
            unsaid.insert(Unsaid::SEQ);
        }
        if !ack.known || (said && !seq.known) {
            unsaid.insert(Unsaid::BASE);
        }
        let window = self.window(&mut unsaid);
        // Blocks are counted from where the acknowledged numbers are.
        let by = match self.tcp.ack {
            Number::AsTcpdump(said) | Number::Relative(said) => ack.at.wrapping_sub(said),
            Number::Absolute(_) | Number::Unsaid => 0,
        };
        let sack = self.tcp.sack.map(|(from, to)| (from.wrapping_add(by), to.wrapping_add(by)));
        Placed { seq: seq.at, ack: ack.at, window, sack, len: self.length(), unsaid }
    }

    /// The sequence number, and whether it was said.
    fn seq(&mut self, counted: Option<[Base; 2]>) -> (Base, bool) {
        let own = self.own;
        let as_is = |at| (Base { at, known: true }, true);
        match self.tcp.seq {
            Number::Absolute(seq) => as_is(seq),
            // A SYN has number 0 where numbers are relative: this one says that they are not.
            Number::Relative(seq) if self.flags.has(Flags::SYN) && seq != 0 => {
                self.flow.ends.iter_mut().for_each(|end| end.base = Some(Base { at: 0, known: true }));
                as_is(seq)
            }
            Number::Relative(seq) => (self.base(own).plus(seq), true),
            Number::AsTcpdump(seq) if self.flags.has(Flags::ACK) => {
                counted.map_or(as_is(seq), |bases| (bases[own].plus(seq), true))
            }
            // Without ACK it is as in the header. Where the beginning of the others is assumed, its place among them is
            // not known.
            Number::AsTcpdump(seq) => match (self.flow.counted, self.flow.ends[own].next) {
                (Some(bases), Some(next)) if !bases[own].known && !self.flags.is_syn() => {
                    (Base { at: next, known: true }, false)
                }
                _ => as_is(seq),
            },
            Number::Unsaid => {
                let next = self.flow.ends[own].next.map(|at| Base { at, known: true });
                let base = next.or_else(|| self.flow.counted.map(|bases| bases[own]));
                (base.unwrap_or_else(|| self.base(own)), false)
            }
        }
    }

    /// From where the numbers of this segment are counted by tcpdump; `None` where they are as in the header.
    fn counted(&mut self) -> Option<[Base; 2]> {
        let (Number::AsTcpdump(ack), true) = (self.tcp.ack, self.flags.has(Flags::ACK)) else { return None };
        let (own, other) = (self.own, 1 - self.own);
        let seq = if let Number::AsTcpdump(seq) = self.tcp.seq { Some(seq) } else { None };
        let anew = self.flow.counted.is_none() || self.flags.has(Flags::SYN);
        let is_absolute = self.is_absolute(ack, seq, anew);
        if is_absolute && anew {
            let assumed = self.assumed(own);
            let mut bases = [assumed; 2];
            let next = self.flow.ends[own].next;
            bases[own] = seq.or(next).map_or(assumed, |at| Base { at, known: true });
            bases[other] = Base { at: ack.wrapping_sub(1), known: true };
            self.flow.counted = Some(bases);
        } else if self.flow.counted.is_none() {
            // Counted from the SYN, or an excerpt.
            let base = |end: usize| self.flow.ends[end].first.map_or(self.assumed(end), |at| Base { at, known: true });
            self.flow.counted = Some([base(0), base(1)]);
        }
        self.flow.counted.filter(|_| !is_absolute)
    }

    /// In an excerpt numbers stay as they were printed. Where a SYN was, each connection begins elsewhere.
    fn assumed(&self, end: usize) -> Base {
        let begins = self.flags.has(Flags::SYN) || self.flow.ends.iter().any(|end| end.first.is_some());
        let at = if begins { ASSUMED[end].wrapping_add(ANEW.wrapping_mul(self.begun)) } else { 0 };
        Base { at, known: false }
    }

    fn base(&mut self, end: usize) -> Base {
        let assumed = self.assumed(end);
        *self.flow.ends[end].base.get_or_insert(assumed)
    }

    /// Whether the numbers of a segment are printed as in the header: the first of a connection by rule, all of them with
    /// `-S`, none in an excerpt.
    fn is_absolute(&self, ack: u32, seq: Option<u32>, by_rule: bool) -> bool {
        let other = &self.flow.ends[1 - self.own];
        let off = |number: u32, next: u32| number.wrapping_sub(next).min(next.wrapping_sub(number));
        let Some(next) = other.next else {
            let small = ack < SMALL && seq.is_none_or(|seq| seq < SMALL);
            return by_rule && !small;
        };
        let base = self.flow.counted.map(|bases| bases[1 - self.own].at).or(other.first);
        let counted = base.map_or(u32::MAX, |base| off(base.wrapping_add(ack), next));
        let as_is = off(ack, next);
        if by_rule { !(counted < NEAR && as_is > FAR) } else { as_is < NEAR && counted > FAR }
    }

    fn window(&self, unsaid: &mut Unsaid) -> u16 {
        let ends = &self.flow.ends;
        let both = ends.iter().all(|end| end.first.is_none() || end.scale.is_some());
        match self.tcp.window {
            Window::Field(field) => field,
            Window::Scaled(bytes) => {
                let shift = ends[self.own].scale.filter(|_| both && !self.flags.has(Flags::SYN)).unwrap_or(0);
                u16::try_from(bytes >> shift).unwrap_or(u16::MAX)
            }
            Window::Unsaid => {
                unsaid.insert(Unsaid::WINDOW);
                u16::MAX
            }
        }
    }

    fn length(&self) -> u32 {
        match self.tcp.len {
            Length::Payload(len) => len,
            Length::Frame(whole) => {
                const PLAIN: u32 = 54;
                whole.saturating_sub(self.flow.ends[self.own].bare_frame.unwrap_or(PLAIN))
            }
        }
    }
}
