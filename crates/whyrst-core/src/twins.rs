//! One handshake under two pairs of endpoints: what a NAT, a redirect or a bridge makes of a connection, and the
//! other leg of a proxy.
//!
//! An initial sequence number is drawn from 2^32 (RFC 6528), and whoever answers a SYN acknowledges that number plus
//! one. So a SYN and an answer between other endpoints with the same number belong together, and two SYNs with the
//! same number, and the same IP identification or the same timestamp, are one packet under two addresses. Stacks that
//! begin every connection with the same number exist: the number alone joins nothing where both sent a SYN.
//!
//! The keys of the SYNs that came last are kept in a fixed table, the refusals that came last in a short line. What
//! no longer stands there is no twin.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::connection::Connection;
use crate::flow::{FlowKey, Side};
use crate::half::{Half, Marks};
use crate::history::Record;
use crate::observation::{Frame, LinkAddress};
use crate::segment::{Endpoint, Flags};
use crate::seq::Seq;
use crate::time::{Span, Timestamp};

pub use whyrst_model::vocabulary::TwinRelation;

/// Sets in the table of SYNs: a power of two.
const SETS: usize = 1 << 10;
/// SYNs in a set, the latest first.
const WAYS: usize = 4;
/// Refusals remembered.
const REFUSALS: usize = 64;
/// A SYN and what belongs to it are at most this far apart: Linux sends the third copy of a SYN 7 s after the first.
const TOGETHER: Span = Span::from_secs(10);
/// A proxy that was refused gives its client up within this time.
const GIVES_UP_WITHIN: Span = Span::from_secs(1);
/// A proxy connects for a client within this time after it has accepted it, or has the request that says where to; a
/// name may have to be looked up first.
const CONNECTS_WITHIN: Span = Span::from_millis(100);
/// What stacks send with, and so what nobody has forwarded.
const UNROUTED: [u8; 3] = [64, 128, 255];

/// The same handshake, or the other half of the same errand, between other endpoints.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Twin {
    /// Who sent the SYN there.
    pub client: Endpoint,
    /// To whom.
    pub server: Endpoint,
    /// The frame of that SYN, or of the refusal in the other leg.
    pub frame: Frame,
    /// When it was seen.
    pub time: Timestamp,
    /// What the two have to do with each other.
    pub relation: TwinRelation,
    /// What became of the SYN there.
    pub answer: TwinAnswer,
}

/// What became of a SYN, between the endpoints that it was seen with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TwinAnswer {
    /// No answer was seen there.
    None,
    /// A SYN-ACK.
    Accepted,
    /// A RST.
    Refused,
}

/// The SYNs and refusals that came last.
#[derive(Debug, Default)]
pub(crate) struct Twins {
    /// Empty until the first SYN.
    asked: Vec<[Option<Asked>; WAYS]>,
    refusals: VecDeque<Refusal>,
}

/// A SYN.
#[derive(Clone, Copy, Debug)]
struct Asked {
    key: FlowKey,
    time: Timestamp,
    frame: Frame,
    /// What an answer acknowledges.
    expects: Seq,
    ts_value: u32,
    /// 0 where it has none.
    ip_id: u16,
    from: Side,
    answer: TwinAnswer,
    /// Its connection was reset, or never got an answer.
    went_wrong: bool,
}

/// A connect that was refused.
#[derive(Clone, Copy, Debug)]
struct Refusal {
    client: Endpoint,
    server: Endpoint,
    asked: Timestamp,
    time: Timestamp,
    frame: Frame,
    /// The SYN was seen where it was sent.
    unrouted: bool,
    /// The capturing host had sent it, of its own.
    own: bool,
}

impl Twins {
    /// A SYN, or an answer to one, was seen.
    pub(crate) fn saw(&mut self, key: FlowKey, record: &Record) {
        if record.flags.is_syn() {
            self.asked(key, record);
        } else if record.flags.is_syn_ack() {
            self.answered(key, record, TwinAnswer::Accepted);
        } else if record.flags.has(Flags::RST.with(Flags::ACK)) {
            self.answered(key, record, TwinAnswer::Refused);
        }
    }

    /// `connection` was reset, or its SYN never got an answer.
    pub(crate) fn went_wrong(&mut self, connection: &Connection) {
        let client = connection.half(connection.client);
        let expects = client.first_seq.add(1);
        let Some(set) = self.asked.get_mut(set_of(expects)) else { return };
        let own = |asked: &&mut Asked| asked.key == connection.key && asked.expects == expects;
        if let Some(asked) = set.iter_mut().flatten().find(own) {
            asked.went_wrong = true;
        }
    }

    /// `connection` was refused by `rst`.
    pub(crate) fn refused(&mut self, connection: &Connection, rst: &Record) {
        if self.refusals.len() >= REFUSALS {
            self.refusals.pop_front();
        }
        let client = connection.half(connection.client);
        self.refusals.push_back(Refusal {
            client: connection.endpoint(connection.client),
            server: connection.endpoint(connection.server()),
            asked: connection.first,
            time: rst.time,
            frame: rst.frame,
            unrouted: is_unrouted(client),
            own: is_own(client),
        });
    }

    /// The handshake of a connection between other endpoints. Its remembered segments are `records`, and it ended with
    /// `rst` or without. A flow that went well is not followed where the input is read twice, so it is no twin
    /// elsewhere either: `waits` says whether the SYN of a flow still has no answer.
    pub(crate) fn handshake(
        &self,
        connection: &Connection,
        records: &[Record],
        rst: Option<&Record>,
        waits: impl Fn(FlowKey) -> bool,
    ) -> Option<Twin> {
        let end = rst.map_or(connection.last, |rst| rst.time);
        let own = Own::of(connection, records, rst)?;
        let set = self.asked.get(set_of(own.expects))?;
        let fits = |asked: &&Asked| {
            let elsewhere = asked.key != connection.key && asked.expects == own.expects;
            let near = elsewhere && asked.time.since(end).abs() <= TOGETHER;
            near && own.belongs_to(asked, connection) && (asked.went_wrong || waits(asked.key))
        };
        let mut found = set.iter().flatten().filter(fits);
        // Two that fit are no twin: nobody knows which.
        let (one, None) = (found.next()?, found.next()) else { return None };
        Some(Twin {
            client: one.key.endpoint(one.from),
            server: one.key.endpoint(one.from.other()),
            frame: one.frame,
            time: one.time,
            relation: if own.syn.is_some() { TwinRelation::Translated } else { TwinRelation::Answered },
            answer: one.answer,
        })
    }

    /// The connect of a proxy that was refused while its client waited, right before it gave the client up. A proxy
    /// has several clients at once, and its connects for one of them say nothing of another: the first of them follows
    /// this client's own segment.
    pub(crate) fn upstream(&self, connection: &Connection, before: &[Record], rst: &Record) -> Option<Twin> {
        let server = connection.server();
        let host = connection.endpoint(server).ip;
        // A proxy may have one address for its clients and another one for its upstream.
        let own = is_own(connection.half(server));
        if rst.from != server || !connection.handshake_complete() {
            return None;
        }
        let fin = before.iter().find(|record| record.from == server && record.flags.has(Flags::FIN));
        let left = fin.map_or(rst.time, |fin| fin.time);
        let of_host = |refusal: &&Refusal| {
            let here = refusal.client.ip == host || (host.is_loopback() && refusal.unrouted) || (own && refusal.own);
            here && refusal.asked >= connection.first && refusal.time <= left
        };
        let last = self.refusals.iter().rev().find(of_host)?;
        if left.since(last.time) > GIVES_UP_WITHIN {
            return None;
        }
        let caused = |refusal: &&Refusal| {
            let promptly = |time: Timestamp| time <= refusal.asked && refusal.asked.since(time) <= CONNECTS_WITHIN;
            let by_client = |record: &Record| record.from == connection.client && promptly(record.time);
            refusal.server == last.server && (promptly(connection.first) || before.iter().any(by_client))
        };
        self.refusals.iter().filter(of_host).find(caused)?;
        Some(Twin {
            client: last.client,
            server: last.server,
            frame: last.frame,
            time: last.time,
            relation: TwinRelation::Upstream,
            answer: TwinAnswer::Refused,
        })
    }

    fn asked(&mut self, key: FlowKey, syn: &Record) {
        if self.asked.is_empty() {
            self.asked.resize(SETS, [None; WAYS]);
        }
        let expects = syn.seq.add(1);
        let Some(set) = self.asked.get_mut(set_of(expects)) else { return };
        if set.iter().flatten().any(|asked| asked.key == key && asked.expects == expects) {
            return;
        }
        set.rotate_right(1);
        set[0] = Some(Asked {
            key,
            time: syn.time,
            frame: syn.frame,
            expects,
            ts_value: syn.ts_value,
            ip_id: identification(syn),
            from: syn.from,
            answer: TwinAnswer::None,
            went_wrong: false,
        });
    }

    fn answered(&mut self, key: FlowKey, record: &Record, answer: TwinAnswer) {
        let Some(set) = self.asked.get_mut(set_of(record.ack)) else { return };
        let own =
            |asked: &&mut Asked| asked.key == key && asked.expects == record.ack && asked.from == record.from.other();
        if let Some(asked) = set.iter_mut().flatten().find(own).filter(|asked| asked.answer == TwinAnswer::None) {
            asked.answer = answer;
        }
    }
}

/// Nobody has forwarded what this end sent.
fn is_unrouted(half: &Half) -> bool {
    half.ttl().is_some_and(|ttl| UNROUTED.contains(&ttl))
}

/// The capturing host sent it and had not received it before: it is that host.
fn is_own(half: &Half) -> bool {
    half.marks.has(Marks::LINK_KNOWN) && half.link == LinkAddress::OWN && is_unrouted(half)
}

/// What is looked for in the table: the handshake of the connection itself.
struct Own<'a> {
    syn: Option<&'a Record>,
    expects: Seq,
}

impl<'a> Own<'a> {
    fn of(connection: &Connection, records: &'a [Record], rst: Option<&Record>) -> Option<Self> {
        let syn = records.iter().find(|record| record.flags.is_syn() && record.from == connection.client);
        if let Some(syn) = syn {
            return Some(Self { syn: Some(syn), expects: syn.seq.add(1) });
        }
        let syn_ack = records.iter().find(|record| record.flags.is_syn_ack() && record.from == connection.server());
        // Without any SYN only a lone RST that acknowledges something may be an answer to one.
        let lone = || {
            rst.filter(|rst| records.is_empty() && rst.flags.has(Flags::ACK) && rst.absolute_seq() == Some(Seq::new(0)))
        };
        syn_ack.or_else(lone).map(|answer| Self { syn: None, expects: answer.ack })
    }

    /// Beyond the number.
    fn belongs_to(&self, asked: &Asked, connection: &Connection) -> bool {
        let (client, server) = (connection.endpoint(connection.client), connection.endpoint(connection.server()));
        let (opener, target) = (asked.key.endpoint(asked.from), asked.key.endpoint(asked.from.other()));
        match self.syn {
            Some(syn) => {
                let same_id = asked.ip_id != 0 && asked.ip_id == identification(syn);
                same_id || (asked.ts_value != 0 && asked.ts_value == syn.ts_value)
            }
            // A lone RST does not say which end had asked.
            None if !connection.half(connection.server()).marks.has(Marks::SYN) => {
                [client, server].contains(&opener) || (target == server && opener.ip == client.ip)
            }
            None => opener == client || (target == server && opener.ip == client.ip),
        }
    }
}

/// IPv4: names one packet unless it is 0 (RFC 6864 section 4.1). A flow label of IPv6 names a flow.
const fn identification(record: &Record) -> u16 {
    match record.own_id() {
        Some(id) => id,
        None => 0,
    }
}

/// Fibonacci hashing: numbers of one stack may differ in few bits.
const fn set_of(number: Seq) -> usize {
    (number.raw().wrapping_mul(0x9E37_79B1) >> 16) as usize & (SETS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::conversation;

    fn twins(text: &str) -> std::vec::Vec<Option<(TwinRelation, TwinAnswer)>> {
        let outcomes = conversation(text).outcomes();
        let resets = outcomes.iter().filter(|outcome| outcome.reset().is_some());
        resets.map(|outcome| outcome.twin().map(|twin| (twin.relation, twin.answer))).collect()
    }

    #[test]
    fn both_sides_of_a_translation_are_each_others_twin() {
        let text = "
            0 C > V:80 S 0:0(0) id 5
            +0.0001 C > S S 0:0(0) id 5 ttl 63
            +0.0001 C < S RA 0:0(0) ack 1
            +0.0001 C < V:80 RA 0:0(0) ack 1";
        assert_eq!(twins(text), [Some((TwinRelation::Translated, TwinAnswer::Refused)); 2]);
    }

    #[test]
    fn the_same_number_alone_joins_no_two_syns() {
        let text = "
            0 C > V:80 S 0:0(0) id 5 ts none
            +0.0001 C > S S 0:0(0) id 6 ts none
            +0.0001 C < S RA 0:0(0) ack 1";
        assert_eq!(twins(text), [None]);
    }

    #[test]
    fn of_two_that_fit_neither_is_the_twin() {
        let text = "
            0 C > V:80 S 0:0(0)
            0 C > W:80 S 0:0(0)
            +0.0001 C < S SA 0:0(0) ack 1
            +0.0001 C > S R 1:1(0)";
        assert_eq!(twins(text), [None]);
    }

    #[test]
    fn a_flow_that_goes_well_is_no_twin() {
        let text = "
            0 C > V:80 S 0:0(0) id 5
            +0.0001 C > S S 0:0(0) id 5 ttl 63
            +0.0001 C < S SA 0:0(0) ack 1
            +0.0001 C < V:80 SA 0:0(0) ack 1
            +0.0001 C > V:80 A 1:1(0) ack 1
            +0.0001 C > S A 1:1(0) ack 1
            +0.0001 C < S RA 1:1(0) ack 1";
        assert_eq!(twins(text), [None]);
    }
}
