//! Two makers of the RSTs of one connection: a host resets it, and so does a device on the path in that host's name. Each
//! RST gets a verdict of its own.
//!
//! All packets of a host begin with one TTL and, on a link, come from one address. Where two RSTs in the name of one end
//! differ in that, and one of them is as all other packets of that end are, the other is another's. A number that is far
//! off, or another run of identifications, does not say so much: hosts answer segments of any number.

use super::{Judgement, judge};
use crate::half::Marks;
use crate::history::Record;
use crate::kernel::KernelWord;
use crate::observation::LinkAddress;
use crate::outcome::{Basis, Outcome};
use crate::rst::{Rst, Rsts};
use crate::stack::Stack;

/// What another maker than that of the first RST did.
#[derive(Debug)]
pub struct OtherMaker {
    /// Its first RST, among those of the connection.
    pub at: usize,
    /// What tells it from the first one.
    pub difference: Difference,
    /// The verdict on it.
    pub judgement: Judgement,
}

/// What tells two makers apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Difference {
    /// The TTL.
    Ttl {
        /// Of the other RST.
        other: u8,
        /// Of the first one.
        first: u8,
    },
    /// The address on the link.
    Link {
        /// Of the other RST.
        other: LinkAddress,
        /// Of the first one.
        first: LinkAddress,
    },
}

/// The other maker, where there is one: the first RST in the name of the same end that cannot be of the same maker.
pub fn other_maker(outcome: &Outcome) -> Option<OtherMaker> {
    let first = outcome.rst().filter(|_| outcome.basis() == Basis::Packets)?;
    let mut others = outcome.rsts().iter().enumerate().skip(1);
    let (at, difference) = others.find_map(|(at, rst)| Some((at, difference(outcome, first, rst)?)))?;
    let judgement = judge(&outcome.as_if_first(at)?);
    Some(OtherMaker { at, difference, judgement })
}

fn difference(outcome: &Outcome, first: &Rst, other: &Rst) -> Option<Difference> {
    let (side, marks) = (first.record.from, outcome.connection().half(first.record.from).marks);
    // What answers a segment after the first RST shows no more than that the connection is gone. And libslirp answers with
    // another TTL than that of its connections.
    let answers = other.trigger.is_some() || Stack::of(outcome.before(), side).is_some();
    if other.record.from != side || !marks.has(Marks::SPOKE) || answers {
        return None;
    }
    let own = outcome.connection().half(side);
    if let (Some(other), Some(first), Some(own)) = (other.record.ttl(), first.record.ttl(), own.ttl())
        && !marks.has(Marks::TTL_VARIES)
        && [other, first].contains(&own)
        && other != first
    {
        return Some(Difference::Ttl { other, first });
    }
    let outside = |rst: &Rst| rst.link.filter(|link| *link != LinkAddress::OWN);
    let links = [outside(other)?, outside(first)?];
    let known = marks.has(Marks::LINK_KNOWN) && !marks.has(Marks::LINK_VARIES);
    (known && links.contains(&own.link) && links[0] != links[1])
        .then_some(Difference::Link { other: links[0], first: links[1] })
}

impl Outcome {
    /// The same connection as if the RST at `at` were the first of all, and those of the first one's maker had not come.
    fn as_if_first(&self, at: usize) -> Option<Self> {
        let Self::Reset(reset) = self else { return None };
        let rst = reset.rsts.as_slice().get(at)?.clone();
        let frame = rst.record.frame;
        let alike = |later: &&Rst| {
            (later.record.from, later.record.ttl(), later.link) == (rst.record.from, rst.record.ttl(), rst.link)
        };
        let mut rsts = Rsts::new(rst.clone());
        for later in reset.rsts.as_slice().iter().skip(at + 1).filter(alike) {
            rsts.push(later.clone());
        }
        let mut same = reset.clone();
        let is_earlier = |record: &&Record| record.frame < frame;
        same.incarnation.before.extend(reset.after.iter().filter(is_earlier));
        same.after.retain(|record| record.frame > frame);
        if same.after.len() < reset.after.len() {
            same.incarnation.connection = reset.incarnation.finally;
        }
        same.after_total = u32::try_from(same.after.len()).unwrap_or(u32::MAX);
        same.rsts_total = u32::try_from(rsts.as_slice().len()).unwrap_or(u32::MAX);
        same.rsts = rsts;
        // Both are about the first RST.
        same.kernel = KernelWord::NotAsked;
        same.incarnation.joined = None;
        Some(Self::Reset(same))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::conversation;

    const OPENED: &str = "
        0.000 C > S S 0:0(0)
        +0.020 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.100 C > S PA 1:101(100) ack 1
        +0.020 C < S PA 1:51(50) ack 101
        +0.001 C > S A 101:101(0) ack 51\n";
    const DEVICE: &str = "0.500 C < S RA 5000051:5000051(0) ack 101 ttl 255 ts none win 0\n";
    const HOST: &str = "0.510 C < S RA 51:51(0) ack 101\n";

    fn of(rest: &[&str]) -> Option<OtherMaker> {
        other_maker(&conversation(&[&[OPENED], rest].concat().concat()).outcome())
    }

    fn leads(maker: &OtherMaker) -> &'static str {
        maker.judgement.mechanism.as_ref().map_or("unexplained", |mechanism| mechanism.cause.id)
    }

    #[test]
    fn a_host_that_resets_after_a_device_gets_a_verdict_of_its_own() {
        let host = of(&[DEVICE, HOST]).expect("two makers");
        assert_eq!(host.difference, Difference::Ttl { other: 64, first: 255 });
        assert_eq!(leads(&host), judge(&conversation(&[OPENED, HOST].concat()).outcome()).mechanism.unwrap().cause.id);
    }

    #[test]
    fn so_does_a_device_that_resets_after_a_host() {
        let device =
            of(&[HOST, "0.520 C < S RA 5000051:5000051(0) ack 101 ttl 255 ts none win 0\n"]).expect("two makers");
        assert_eq!((device.at, leads(&device)), (1, "device-artefact"));
    }

    #[test]
    fn resets_of_one_host_are_of_one_maker() {
        assert!(of(&[HOST, "0.520 C > S PA 101:201(100) ack 51\n", "+0.0001 C < S R 51:51(0)\n"]).is_none());
        assert!(of(&[DEVICE]).is_none());
        assert!(of(&[DEVICE, "0.520 C > S R 101:101(0)\n"]).is_none());
        assert!(of(&[DEVICE, "0.520 C > S PA 101:201(100) ack 51\n", "+0.0001 C < S R 51:51(0)\n"]).is_none());
    }

    #[test]
    fn on_one_link_the_address_tells_them_apart() {
        let lines = [OPENED, HOST].concat();
        let lines = lines.lines().filter(|line| !line.trim().is_empty()).map(|line| std::format!("{line} mac 1\n"));
        let text = lines.collect::<std::string::String>() + "0.520 C < S RA 51:51(0) ack 101 mac 9\n";
        let other = other_maker(&conversation(&text).outcome()).expect("two makers");
        assert!(matches!(other.difference, Difference::Link { .. }));
    }
}
