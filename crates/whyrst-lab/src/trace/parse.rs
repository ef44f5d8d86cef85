//! Reads the text of a tracefs `trace` file. The text and not the binary record, because it names
//! reasons and states, whose numbers change from kernel to kernel.

use std::net::SocketAddr;

use whyrst_core::kernel::{KernelReset, RstReason};
use whyrst_core::segment::Endpoint;
use whyrst_core::time::Timestamp;

/// Every `tcp_send_reset` event with the stack that follows it. Times are those of the trace's clock.
pub(super) fn resets(trace: &str) -> Vec<KernelReset> {
    let mut resets: Vec<KernelReset> = Vec::new();
    let mut stack_belongs = false;
    for line in trace.lines() {
        if let Some(symbol) = line.trim_start().strip_prefix("=> ") {
            if let Some(reset) = resets.last_mut().filter(|_| stack_belongs) {
                reset.stack.push(function(symbol).into());
            }
        } else if let Some(header) = Header::parse(line) {
            stack_belongs = match header.event {
                "tcp_send_reset" => header.reset().is_some_and(|reset| {
                    resets.push(reset);
                    true
                }),
                _ => header.rest.contains("<stack trace>") || header.event == "<stack trace>",
            };
        }
    }
    resets.sort_by_key(|reset| reset.time);
    resets
}

/// The number after `overrun:` and `dropped events:` in a `per_cpu/cpuN/stats` file.
pub(super) fn overruns(stats: &str) -> u64 {
    let value = |line: &str| {
        let (name, value) = line.split_once(':')?;
        matches!(name.trim(), "overrun" | "dropped events").then(|| value.trim().parse::<u64>().ok())?
    };
    stats.lines().filter_map(value).sum()
}

/// `    comm-with-dashes-1234    [001] b.s4.  123.456789: event: the rest`
struct Header<'a> {
    comm: &'a str,
    pid: u32,
    nanos: i64,
    event: &'a str,
    rest: &'a str,
}

impl<'a> Header<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let cpu = line.match_indices(" [").find(|(at, _)| is_cpu(&line[at + 2..]))?.0;
        let (comm, pid) = line[..cpu].trim().rsplit_once('-')?;
        let after_cpu = line[cpu..].split_once(']')?.1.trim_start();
        let timed = after_cpu.split_once(' ')?.1.trim_start();
        let (time, what) = timed.split_once(": ")?;
        let (event, rest) = what.split_once(':').unwrap_or((what, ""));
        Some(Self { comm: comm.trim(), pid: pid.parse().ok()?, nanos: nanos(time)?, event: event.trim(), rest })
    }

    fn reset(&self) -> Option<KernelReset> {
        let field =
            |name: &str| self.rest.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        let local: SocketAddr = field("src")?.parse().ok()?;
        let remote: SocketAddr = field("dest")?.parse().ok()?;
        let end = |address: SocketAddr| Endpoint::new(address.ip(), address.port());
        let reason_name = field("reason").unwrap_or_default();
        Some(KernelReset {
            time: Timestamp::from_nanos(self.nanos),
            reason: RstReason::from_name(reason_name),
            reason_name: reason_name.into(),
            state: field("state").unwrap_or("UNKNOWN").into(),
            local: end(local),
            remote: (remote.port() != 0).then(|| end(remote)),
            stack: Vec::new(),
            comm: self.comm.into(),
            pid: self.pid,
        })
    }
}

fn is_cpu(text: &str) -> bool {
    text.split_once(']').is_some_and(|(cpu, _)| !cpu.is_empty() && cpu.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `123.456789` in seconds.
fn nanos(time: &str) -> Option<i64> {
    let (seconds, fraction) = time.trim().split_once('.')?;
    let digits = u32::try_from(fraction.len()).ok().filter(|digits| *digits <= 9)?;
    let fraction: i64 = fraction.parse().ok()?;
    seconds.parse::<i64>().ok()?.checked_mul(1_000_000_000)?.checked_add(fraction * 10_i64.pow(9 - digits))
}

/// The symbol without offset or module.
fn function(frame: &str) -> &str {
    frame.split(['+', ' ']).next().unwrap_or(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "\
# tracer: nop
#
# entries-in-buffer/entries-written: 6/6   #P:2
#
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
          worker-4711    [001] b..2.  2500.000250: tcp_send_reset: skbaddr=(null) skaddr=00000000c81d8f6d src=10.77.0.2:8888 dest=10.77.0.1:40000 state=TCP_CLOSE reason=TCP_ABORT_ON_CLOSE
          worker-4711    [001] b..3.  2500.000255: <stack trace>
 => __tcp_close
 => tcp_close+0x20/0x80
 => __x64_sys_close
  kworker/0:1-e-12      [000] b.s4.  2500.000100: tcp_send_reset: skbaddr=0000000012345678 skaddr=0000000012345678 src=0.0.0.0:8888 dest=0.0.0.0:0 state=TCP_LISTEN reason=TCP_FLAGS
  kworker/0:1-e-12      [000] b.s4.  2500.000101: <stack trace>
 => tcp_v4_send_reset
          <idle>-0      [000] b.s4.  2500.000300: tcp_send_reset: skbaddr=0 skaddr=0 src=[fd77::2]:8888 dest=[fd77::1]:40000 state=UNKNOWN reason=A_NEWER_ONE
";

    #[test]
    fn events_come_in_order_of_time_each_with_its_own_stack() {
        let resets = resets(TRACE);
        let reasons: Vec<_> = resets.iter().map(|reset| reset.reason_name.as_str()).collect();
        assert_eq!(reasons, ["TCP_FLAGS", "TCP_ABORT_ON_CLOSE", "A_NEWER_ONE"]);
        assert_eq!(resets[1].stack, ["__tcp_close", "tcp_close", "__x64_sys_close"]);
        assert_eq!(resets[0].stack, ["tcp_v4_send_reset"]);
        assert!(resets[2].stack.is_empty());
    }

    #[test]
    fn a_name_may_hold_dashes_and_slashes() {
        let reset = &resets(TRACE)[0];
        assert_eq!((reset.comm.as_str(), reset.pid), ("kworker/0:1-e", 12));
        assert_eq!(reset.time.nanos(), 2_500_000_100_000);
    }

    #[test]
    fn a_listener_does_not_tell_its_peer() {
        let resets = resets(TRACE);
        assert_eq!(resets[0].remote, None);
        assert_eq!(resets[1].remote.map(|end| end.port), Some(40_000));
        assert_eq!(resets[2].local.to_string(), "[fd77::2]:8888");
    }

    #[test]
    fn a_reason_that_we_do_not_know_keeps_its_name() {
        let reset = &resets(TRACE)[2];
        assert_eq!((reset.reason, reset.reason_name.as_str()), (None, "A_NEWER_ONE"));
    }

    #[test]
    fn lines_cut_anywhere_are_passed_over() {
        for len in 0..TRACE.len() {
            resets(&TRACE[..len]);
        }
    }

    #[test]
    fn overruns_and_dropped_events_are_added_up() {
        assert_eq!(overruns("entries: 6\noverrun: 3\ncommit overrun: 9\ndropped events: 4\n"), 7);
    }
}
