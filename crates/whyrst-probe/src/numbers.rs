//! The two ends of one RST, where NAT gives them other names than their own.
//!
//! NAT changes addresses and ports (`nf_nat_manip_pkt` in `net/netfilter/nf_nat_proto.c`); sequence numbers stay as they
//! were but for the helpers of some protocols (`nf_ct_seqadj`), and behind a SYN proxy. So whoever received a RST
//! expected exactly the number that it bears (RFC 5961 section 3.2; in SYN-SENT the acknowledgment of its SYN, RFC 9293
//! section 3.10.7.3), and its sender knows that number too. 32 bits of one moment are no accident, whatever lies
//! between the ends: DNAT of another network namespace, a hairpin, a service address.

use whyrst_core::connection::TcpState;
use whyrst_core::segment::Flags;
use whyrst_core::seq::Seq;
use whyrst_core::socket::{SocketEvent, Told, Trigger};
use whyrst_core::time::{Span, Timestamp};

/// The two events of one RST are traced within microseconds, on a busy machine later.
const SAME_MOMENT: Span = Span::from_millis(100);
/// No window is larger (RFC 7323 section 2.3).
const LARGEST_WINDOW: i32 = 1 << 30;

/// A RST by what it bears.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Numbers {
    time: Timestamp,
    number: Number,
    /// What its sender had received.
    seen: Seq,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Number {
    Seq(Seq),
    Ack(Seq),
}

impl Numbers {
    /// Of a RST that was sent: RFC 9293 section 3.10.7.1 for an answer, `tcp_send_active_reset` for an abort.
    pub(crate) fn of(sent: &SocketEvent) -> Option<Self> {
        if sent.told == Told::Received {
            return None;
        }
        let (number, seen) = match &sent.trigger {
            Some(trigger) if trigger.flags.has(Flags::ACK) => (Number::Seq(trigger.ack), end(trigger)),
            Some(trigger) => (Number::Ack(end(trigger)), end(trigger)),
            None => {
                let facts = sent.account.socket.as_ref()?;
                (Number::Seq(facts.snd_nxt), facts.rcv_nxt)
            }
        };
        Some(Self { time: sent.time, number, seen })
    }

    /// Whether that is what `received` got.
    pub(crate) fn are_of(&self, received: &SocketEvent) -> bool {
        let is_near = self.time.since(received.time).abs() <= SAME_MOMENT && received.told == Told::Received;
        let Some(socket) = received.account.socket.as_ref().filter(|_| is_near) else { return false };
        let expected = if socket.last_open_state() == Some(TcpState::SynSent) {
            Number::Ack(socket.snd_nxt)
        } else {
            Number::Seq(socket.rcv_nxt)
        };
        // What the sender had received, the receiver had sent.
        self.number == expected && (0..LARGEST_WINDOW).contains(&socket.snd_nxt.diff(self.seen))
    }
}

/// Whether two events are the ends of one RST.
pub(crate) fn are_ends_of_one(one: &SocketEvent, other: &SocketEvent) -> bool {
    [(one, other), (other, one)]
        .iter()
        .any(|(sent, received)| Numbers::of(sent).is_some_and(|rst| rst.are_of(received)))
}

/// The number after the last of a segment.
fn end(trigger: &Trigger) -> Seq {
    let counted = u32::from(trigger.flags.has(Flags::SYN)) + u32::from(trigger.flags.has(Flags::FIN));
    trigger.seq.add(trigger.len).add(counted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use whyrst_core::kernel::KernelReset;
    use whyrst_core::segment::Endpoint;
    use whyrst_core::socket::{Account, SocketFacts, Step};

    /// A socket with these numbers, which was last in `state`.
    fn event(told: Told, trigger: Option<Trigger>, (snd_nxt, rcv_nxt): (u32, u32), state: TcpState) -> SocketEvent {
        let end = Endpoint::new([10, 0, 0, 1].into(), 1);
        let steps = vec![Step { time: Timestamp::default(), state }];
        let socket =
            SocketFacts { snd_nxt: Seq::new(snd_nxt), rcv_nxt: Seq::new(rcv_nxt), steps, ..SocketFacts::default() };
        let account = Account { socket: Some(socket), ..Account::default() };
        SocketEvent { time: Timestamp::default(), told, local: end, remote: end, trigger, account }
    }

    fn word() -> Told {
        Told::Sent(KernelReset {
            time: Timestamp::default(),
            reason: None,
            reason_name: String::new(),
            state: "CLOSE".into(),
            local: Endpoint::new([10, 0, 0, 2].into(), 80),
            remote: None,
            stack: vec![],
            comm: String::new(),
            pid: 0,
        })
    }

    fn segment(flags: Flags, seq: u32, ack: u32, len: u32) -> Trigger {
        Trigger { seq: Seq::new(seq), ack: Seq::new(ack), len, window: 0, flags, ttl: 64 }
    }

    #[test]
    fn a_rst_is_known_by_its_number_at_both_ends() {
        let open = TcpState::Established;
        let received = |numbers, state| event(Told::Received, None, numbers, state);
        // An abort: the client has sent 3 bytes more than the server had received by then.
        let abort = event(word(), None, (501, 1_004), open);
        assert!(are_ends_of_one(&abort, &received((1_007, 501), open)));
        assert!(are_ends_of_one(&received((1_007, 501), open), &abort));
        assert!(!are_ends_of_one(&abort, &received((1_007, 502), open)), "another number");
        assert!(!are_ends_of_one(&abort, &received((1_000, 501), open)), "the sender had more than was sent to it");
        // An answer to data, and one to a SYN.
        let answer = event(word(), Some(segment(Flags::ACK, 1_004, 501, 3)), (0, 0), TcpState::Closed);
        assert!(are_ends_of_one(&answer, &received((1_007, 501), open)));
        let refusal = event(word(), Some(segment(Flags::SYN, 1_003, 0, 0)), (0, 0), TcpState::Closed);
        assert!(are_ends_of_one(&refusal, &received((1_004, 0), TcpState::SynSent)));
        assert!(!are_ends_of_one(&refusal, &received((1_005, 0), TcpState::SynSent)));
        // Neither two senders nor two receivers, nor what lies far apart.
        assert!(!are_ends_of_one(&abort, &abort));
        let late = SocketEvent { time: Timestamp::from_nanos(200_000_000), ..received((1_007, 501), open) };
        assert!(!are_ends_of_one(&abort, &late));
    }
}
