//! What becomes of each packet on the wire: the pure part of it.

use std::time::Duration;

use whyrst_core::segment::Flags;

use super::Delivery;
use crate::packet::{Bare, Tcp, without_mptcp};
use crate::scenario::{Host, Injected, Packet, PacketKind, Treatment, Wire, WireRule};

/// The scenario's rules, and how far each has counted.
#[derive(Debug)]
pub(crate) struct Rulebook {
    wire: Wire,
    tallies: Vec<Tally>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    /// Packets seen that `after` describes.
    earlier: u32,
    /// Packets seen that `on` describes, since `after` was fulfilled.
    matched: u32,
}

impl Rulebook {
    /// Nothing has been counted yet. `hops` wires in a row share each delay.
    pub(crate) fn new(wire: Wire, hops: u32) -> Self {
        let (to_server_us, to_client_us) = (wire.to_server_us / hops, wire.to_client_us / hops);
        let wire = Wire { to_server_us, to_client_us, ..wire };
        Self { wire, tallies: vec![Tally::default(); wire.rules.len()] }
    }

    /// The packets that must be delivered because `from` sent this one.
    pub(crate) fn treat(&mut self, from: Host, packet: &[u8]) -> Vec<Delivery> {
        let tcp = Tcp::parse(packet);
        let kind = tcp.as_ref().map_or(PacketKind::Other, Tcp::kind);
        let usual = self.delay_from(from);
        let arrives = |after| Delivery { to: from.other(), after, packet: packet.to_vec() };
        match self.treatment_of(from, kind) {
            None => vec![arrives(usual)],
            Some(Treatment::Drop) => vec![],
            Some(Treatment::DelayMs(more)) => vec![arrives(usual + millis(more))],
            Some(Treatment::DuplicateAfterMs(later)) => vec![arrives(usual), arrives(usual + millis(later))],
            Some(Treatment::Reject { ttl }) => tcp.as_ref().map(|tcp| reject(from, tcp, ttl)).into_iter().collect(),
            Some(Treatment::StripMptcp) => {
                let packet = without_mptcp(packet).unwrap_or_else(|| packet.to_vec());
                vec![Delivery { to: from.other(), after: usual, packet }]
            }
            Some(Treatment::Inject(forgeries)) => {
                let forge = |forged: &Injected| forge(*forged, from, usual, tcp.as_ref()?);
                core::iter::once(arrives(usual)).chain(forgeries.iter().filter_map(forge)).collect()
            }
        }
    }

    /// Every rule counts every packet; the first one whose turn it is decides.
    fn treatment_of(&mut self, from: Host, kind: PacketKind) -> Option<Treatment> {
        let mut decided = None;
        for (rule, tally) in self.wire.rules.iter().zip(&mut self.tallies) {
            if tally.is_turn_of(rule, from, kind) && decided.is_none() {
                decided = Some(rule.treatment);
            }
        }
        decided
    }

    /// How long a packet takes that comes from the side of `from`.
    pub(crate) fn delay_from(&self, from: Host) -> Duration {
        let micros = match from {
            Host::Client => self.wire.to_server_us,
            Host::Server | Host::Silent | Host::Router | Host::Standby => self.wire.to_client_us,
        };
        Duration::from_micros(micros.into())
    }
}

impl Tally {
    fn is_turn_of(&mut self, rule: &WireRule, from: Host, kind: PacketKind) -> bool {
        let is = |packet: &Packet| packet.from == from && packet.kind == kind;
        let awake = rule.after.is_none_or(|earlier| self.earlier >= earlier.nth.max(1));
        if rule.after.as_ref().is_some_and(is) {
            self.earlier += 1;
        }
        if !awake || !is(&rule.on) {
            return false;
        }
        self.matched += 1;
        rule.on.nth == 0 || rule.on.nth == self.matched
    }
}

/// A reset with the numbers that the victim accepts right after the packet that provoked it.
fn forge(forged: Injected, from: Host, usual: Duration, provoked_by: &Tcp<'_>) -> Option<Delivery> {
    let soon = Duration::from_micros(forged.after_us.into());
    let onward = forged.victim == from.other();
    let (src, dst) = (provoked_by.src, provoked_by.dst);
    let (seq, ack) = (provoked_by.end(), provoked_by.ack);
    let numbers = if onward { (src, dst, seq, ack) } else { (dst, src, ack, seq) };
    let (src, dst, seq, ack) = numbers;
    let seq = seq.wrapping_add(forged.ahead);
    let reset = Bare { src, dst, seq, ack, flags: Flags::RST.with(Flags::ACK), window: 0 };
    matches!(forged.victim, Host::Client | Host::Server).then(|| Delivery {
        to: forged.victim,
        after: if onward { usual + soon } else { soon },
        packet: reset.packet(forged.ttl, forged.ip_id),
    })
}

/// What a device answers that has forgotten the connection (RFC 9293 section 3.5.2). It stands near
/// the sender.
fn reject(from: Host, provoked_by: &Tcp<'_>, ttl: u8) -> Delivery {
    let (src, dst) = (provoked_by.dst, provoked_by.src);
    let reset = Bare { src, dst, seq: provoked_by.ack, ack: 0, flags: Flags::RST, window: 0 };
    Delivery { to: from, after: millis(1), packet: reset.packet(ttl, 0) }
}

fn millis(ms: u32) -> Duration {
    Duration::from_millis(ms.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use whyrst_core::segment::Endpoint;

    const CLIENT: u8 = 1;
    const SERVER: u8 = 2;

    fn packet(from: u8, flags: Flags) -> Vec<u8> {
        let end = |octet| Endpoint::new([10, 77, 0, octet].into(), 1000);
        Bare { src: end(from), dst: end(3 - from), seq: 100, ack: 200, flags, window: 1 }.packet(64, 0)
    }

    fn book(rules: &'static [WireRule]) -> Rulebook {
        Rulebook::new(Wire::delays_us(1_000, 2_000).with(rules), 1)
    }

    fn delays_ms(deliveries: &[Delivery]) -> Vec<u128> {
        deliveries.iter().map(|delivery| delivery.after.as_millis()).collect()
    }

    #[test]
    fn without_rules_each_direction_has_its_own_delay() {
        let mut book = book(&[]);
        let there = book.treat(Host::Client, &packet(CLIENT, Flags::SYN));
        let back = book.treat(Host::Server, b"not even IP");
        assert_eq!((delays_ms(&there), there[0].to), (vec![1], Host::Server));
        assert_eq!((delays_ms(&back), back[0].to), (vec![2], Host::Client));
    }

    #[test]
    fn the_nth_packet_is_counted_from_the_moment_the_earlier_one_was_carried() {
        static RULES: &[WireRule] = &[WireRule::on(Packet::first(PacketKind::Ack, Host::Server), Treatment::Drop)
            .after(Packet::first(PacketKind::Fin, Host::Client))];
        let mut book = book(RULES);
        let ack = packet(SERVER, Flags::ACK);
        assert_eq!(book.treat(Host::Server, &ack).len(), 1, "too early");
        book.treat(Host::Client, &packet(CLIENT, Flags::FIN.with(Flags::ACK)));
        assert_eq!(book.treat(Host::Server, &ack).len(), 0, "the first one after the FIN");
        assert_eq!(book.treat(Host::Server, &ack).len(), 1, "the second one");
    }

    #[test]
    fn a_rejected_packet_is_answered_as_by_a_host_without_the_connection() {
        static RULES: &[WireRule] =
            &[WireRule::on(Packet::first(PacketKind::Ack, Host::Client), Treatment::Reject { ttl: 63 })];
        let deliveries = book(RULES).treat(Host::Client, &packet(CLIENT, Flags::ACK));
        let reset = Tcp::parse(&deliveries[0].packet).expect("a segment");
        assert_eq!((deliveries.len(), deliveries[0].to), (1, Host::Client));
        assert_eq!((reset.flags, reset.seq, deliveries[0].packet[8]), (Flags::RST, 200, 63));
    }

    #[test]
    fn stripped_options_leave_nops_and_a_right_checksum() {
        static RULES: &[WireRule] =
            &[WireRule::on(Packet::first(PacketKind::Syn, Host::Client), Treatment::StripMptcp)];
        let end = |octet| Endpoint::new([10, 77, 0, octet].into(), 1000);
        let syn = Bare { src: end(1), dst: end(2), seq: 1, ack: 0, flags: Flags::SYN, window: 9 };
        let mut sent = syn.packet(64, 0);
        sent.truncate(20);
        sent.extend(syn.segment_with(&[30, 4, 0x01, 0x81], &[]));
        sent[3] += 4;
        let mut bare = sent.clone();
        bare.truncate(20);
        bare.extend(syn.segment_with(&[1; 4], &[]));
        let deliveries = book(RULES).treat(Host::Client, &sent);
        assert_eq!(deliveries[0].packet, bare);
    }

    #[test]
    fn a_rule_for_every_packet_never_tires() {
        static RULES: &[WireRule] =
            &[WireRule::on(Packet::every(PacketKind::Syn, Host::Client), Treatment::DelayMs(60))];
        let mut book = book(RULES);
        let syn = packet(CLIENT, Flags::SYN);
        assert_eq!(delays_ms(&book.treat(Host::Client, &syn)), [61]);
        assert_eq!(delays_ms(&book.treat(Host::Client, &syn)), [61]);
    }

    #[test]
    fn a_duplicate_arrives_besides_the_packet_itself() {
        static RULES: &[WireRule] =
            &[WireRule::on(Packet::first(PacketKind::Ack, Host::Client), Treatment::DuplicateAfterMs(20))];
        let deliveries = book(RULES).treat(Host::Client, &packet(CLIENT, Flags::ACK));
        assert_eq!(delays_ms(&deliveries), [1, 21]);
        assert_eq!(deliveries[0].packet, deliveries[1].packet);
    }

    #[test]
    fn forged_resets_have_the_numbers_that_each_end_expects() {
        const fn at(victim: Host) -> Injected {
            Injected { victim, after_us: 100, ttl: 61, ip_id: 9, ahead: 0 }
        }
        static BOTH: &[Injected] = &[at(Host::Client), at(Host::Server)];
        static RULES: &[WireRule] =
            &[WireRule::on(Packet::first(PacketKind::Fin, Host::Client), Treatment::Inject(BOTH))];
        let fin = packet(CLIENT, Flags::FIN.with(Flags::ACK));
        let deliveries = book(RULES).treat(Host::Client, &fin);
        let resets: Vec<_> = deliveries[1..].iter().map(|d| Tcp::parse(&d.packet).expect("a segment")).collect();
        assert_eq!(deliveries[0].packet, fin);
        assert_eq!((deliveries[1].to, resets[0].seq, resets[0].ack), (Host::Client, 200, 101));
        assert_eq!((deliveries[2].to, resets[1].seq, resets[1].ack), (Host::Server, 101, 200));
        assert_eq!(resets[0].src, resets[1].dst, "each in the name of the other");
        assert_eq!(deliveries[2].after, Duration::from_micros(1_100));
    }
}
