//! Why a reset was sent, by the functions that led to it: for kernels before 6.10, whose event has
//! no reason.
//!
//! The functions are those of `net/ipv4/tcp.c`, `tcp_input.c`, `tcp_timer.c` and
//! `tcp_minisocks.c`; what they call is as old as 6.1. Held against the kernel's own word wherever
//! there is one (`tests/kernel`). A reason that is not sure is none.
//!
//! The facts behind it: docs/internals/reasons.md#older-kernels.

use whyrst_core::connection::TcpState;
use whyrst_core::kernel::RstReason;
use whyrst_core::socket::{SocketEvent, SocketFacts, Told};

/// The reason of a reset that this host sent; `None` when its call stack does not decide.
pub fn of_stack(event: &SocketEvent) -> Option<RstReason> {
    let Told::Sent(word) = &event.told else { return None };
    let went = |symbol: &str| word.went_through(symbol);
    if event.trigger.is_none() { abort(event, went) } else { answer(event, &word.state, went) }
}

/// The host's own decision (`tcp_send_active_reset`).
fn abort(event: &SocketEvent, went: impl Fn(&str) -> bool) -> Option<RstReason> {
    let facts = event.account.socket.as_ref();
    // These all end in tcp_disconnect(), tcp_abort() or __tcp_close(), so the outermost is asked first.
    if went("inet_csk_listen_stop") || went("tcp_abort") || went("__inet_stream_connect") {
        return Some(RstReason::TcpState);
    }
    if went("tcp_keepalive_timer") {
        return Some(RstReason::TcpKeepaliveTimeout);
    }
    if went("tcp_out_of_resources") || went("tcp_check_oom") {
        return Some(RstReason::TcpAbortOnMemory);
    }
    if went("tcp_disconnect") {
        let fin_waits = facts.is_some_and(|facts| facts.unsent > 0 && has_sent_fin(facts));
        return Some(if fin_waits { RstReason::TcpDisconnectWithData } else { RstReason::TcpState });
    }
    if went("__tcp_close") {
        return closed(facts?);
    }
    None
}

/// `__tcp_close` itself: data unread, or `TCP_LINGER2` below zero when the own FIN was acknowledged.
fn closed(facts: &SocketFacts) -> Option<RstReason> {
    if facts.unread > 0 {
        return Some(RstReason::TcpAbortOnClose);
    }
    (facts.last_open_state() == Some(TcpState::FinWait2)).then_some(RstReason::TcpAbortOnLinger)
}

fn has_sent_fin(facts: &SocketFacts) -> bool {
    matches!(facts.last_open_state(), Some(TcpState::FinWait1 | TcpState::LastAck | TcpState::Closing))
}

/// An answer to a segment (`tcp_v4_send_reset`).
fn answer(event: &SocketEvent, state: &str, went: impl Fn(&str) -> bool) -> Option<RstReason> {
    let before = event.account.socket.as_ref().and_then(SocketFacts::last_open_state);
    match state {
        "UNKNOWN" => Some(RstReason::NoSocket),
        "TIME_WAIT" => Some(RstReason::TcpTimewaitSocket),
        // tcp_check_req() is given the listener: it refuses SYNs and what finds the queue full.
        "LISTEN" if went("tcp_check_req") => Some(RstReason::InvalidSyn),
        "LISTEN" => Some(RstReason::TcpFlags),
        // tcp_rcv_state_process() resets its own socket first, in these states alone.
        "CLOSE" if matches!(before, Some(TcpState::FinWait1 | TcpState::FinWait2)) => Some(RstReason::TcpAbortOnData),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use whyrst_core::kernel::KernelReset;
    use whyrst_core::segment::{Endpoint, Flags};
    use whyrst_core::seq::Seq;
    use whyrst_core::socket::{Account, Step, Trigger};
    use whyrst_core::time::Timestamp;

    fn event(stack: &[&str], state: &str, trigger: bool, facts: SocketFacts) -> SocketEvent {
        let end = Endpoint::new([10, 0, 0, 1].into(), 1);
        let word = KernelReset {
            time: Timestamp::default(),
            reason: None,
            reason_name: String::new(),
            state: state.into(),
            local: end,
            remote: Some(end),
            stack: stack.iter().map(ToString::to_string).collect(),
            comm: String::new(),
            pid: 0,
        };
        let seq = Seq::default();
        let trigger = trigger.then_some(Trigger { seq, ack: seq, len: 0, window: 0, flags: Flags::ACK, ttl: 64 });
        let account = Account { socket: Some(facts), ..Account::default() };
        let time = Timestamp::default();
        SocketEvent { time, told: Told::Sent(word), local: end, remote: end, trigger, account }
    }

    fn aborted(stack: &[&str], facts: SocketFacts) -> Option<RstReason> {
        of_stack(&event(stack, "CLOSE", false, facts))
    }

    fn after(state: TcpState) -> SocketFacts {
        let step = |state| Step { time: Timestamp::default(), state };
        SocketFacts {
            steps: vec![step(TcpState::Established), step(state), step(TcpState::Closed)],
            ..Default::default()
        }
    }

    #[test]
    fn a_close_is_recognised_by_what_the_socket_held() {
        let unread = SocketFacts { unread: 1, ..SocketFacts::default() };
        assert_eq!(aborted(&["__tcp_close", "tcp_close"], unread), Some(RstReason::TcpAbortOnClose));
        assert_eq!(aborted(&["__tcp_close"], after(TcpState::FinWait2)), Some(RstReason::TcpAbortOnLinger));
        assert_eq!(aborted(&["__tcp_close"], SocketFacts::default()), None, "nothing says why");
        assert_eq!(aborted(&["tcp_disconnect", "__tcp_close"], SocketFacts::default()), Some(RstReason::TcpState));
    }

    #[test]
    fn what_holds_a_call_decides_before_what_it_calls() {
        for symbol in ["inet_csk_listen_stop", "tcp_abort", "__inet_stream_connect"] {
            let stack = ["tcp_disconnect", symbol];
            assert_eq!(aborted(&stack, SocketFacts::default()), Some(RstReason::TcpState), "{symbol}");
        }
        assert_eq!(aborted(&["tcp_keepalive_timer"], SocketFacts::default()), Some(RstReason::TcpKeepaliveTimeout));
        assert_eq!(aborted(&["tcp_write_timer"], SocketFacts::default()), None);
    }

    #[test]
    fn an_answer_is_recognised_by_what_it_met() {
        let answered = |stack: &[&str], state| of_stack(&event(stack, state, true, SocketFacts::default()));
        assert_eq!(answered(&["tcp_v4_rcv"], "UNKNOWN"), Some(RstReason::NoSocket));
        assert_eq!(answered(&["tcp_v4_rcv"], "TIME_WAIT"), Some(RstReason::TcpTimewaitSocket));
        assert_eq!(answered(&["tcp_check_req"], "LISTEN"), Some(RstReason::InvalidSyn));
        assert_eq!(answered(&["tcp_v4_do_rcv"], "LISTEN"), Some(RstReason::TcpFlags));
        assert_eq!(answered(&["tcp_v4_do_rcv"], "CLOSE"), None);
        assert_eq!(answered(&["tcp_v4_do_rcv"], "SYN_SENT"), None, "three reasons are possible");
        let data = event(&["tcp_v4_do_rcv"], "CLOSE", true, after(TcpState::FinWait2));
        assert_eq!(of_stack(&data), Some(RstReason::TcpAbortOnData));
    }
}
