//! The ladder: both ends side by side, each with its clock. A packet stands on one line with the
//! time at which it left and the time at which it arrived, unless it was under way for long; then
//! it has a line for each. Calls stand on the side of the host they were made on.

use std::fmt::Write;

use whyrst_core::time::{Span, Timestamp};

use super::notation::{self, Origins};
use crate::packet::Tcp;
use crate::played::{Call, Direction, End, Frame, Played, Returned};
use crate::plug::{ipv4_of, ipv6_of};
use crate::scenario::{Family, Host};

const CLOCK: usize = 8;

/// A packet under way for longer than this gets two lines.
const LONG: Span = Span::from_millis(20);

/// Calls that take longer say how long.
const NOTABLE: Span = Span::from_millis(1);

/// The ladder of a play, with its header, on a page of `width` columns.
pub(super) fn ladder(played: &Played, width: usize) -> String {
    let mut rungs = packets(&played.ends);
    let busy: Vec<Timestamp> = rungs.iter().map(|rung| rung.at).collect();
    for call in &played.calls {
        rungs.extend(call_rungs(call, &busy));
    }
    rungs.sort_by_key(|rung| rung.at);
    let zero = rungs.first().map_or(played.began, |rung| rung.at);
    let mut text = header(played, width);
    for rung in &rungs {
        text.push_str(rung.line(zero, width).trim_end());
        text.push('\n');
    }
    text
}

fn header(played: &Played, width: usize) -> String {
    let name = |host: Host| match played.scenario.family {
        Family::V4 => format!("{} {}", host.name(), ipv4_of(host)),
        Family::V6 => format!("{} {}", host.name(), ipv6_of(host)),
    };
    let (left, right) = (name(Host::Client), name(Host::Server));
    format!("{left}{right:>rest$}\n", rest = width.saturating_sub(left.len()))
}

/// One line, at one moment.
struct Rung {
    at: Timestamp,
    what: What,
}

enum What {
    /// A packet between the ends.
    Packet { text: String, rightward: bool, left: Mark, right: Mark },
    /// Something that an actor did.
    Call { text: String, on: Host },
}

/// What stands in the place of a clock.
#[derive(Clone, Copy)]
enum Mark {
    At(Timestamp),
    /// It has not arrived yet, or it left earlier.
    Later,
    /// It never arrived.
    Lost,
    /// This end did not send it: the wire did.
    Forged,
    /// The wire delivered it a second time.
    Copy,
}

impl Rung {
    fn line(&self, zero: Timestamp, width: usize) -> String {
        // What the clocks and their arrows leave.
        let (middle, room) = (width - 2 * (CLOCK + 4), width - CLOCK - 1);
        match &self.what {
            What::Packet { text, rightward, left, right } => {
                let arrow = if *rightward { "->" } else { "<-" };
                let text = notation::shortened(text, middle);
                format!("{} {arrow} {text:<middle$} {arrow} {}", left.show(zero), right.show(zero))
            }
            What::Call { text, on: Host::Client } => {
                format!("{} {}", Mark::At(self.at).show(zero), clipped(text, room))
            }
            What::Call { text, .. } => format!("{:>room$} {}", clipped(text, room), Mark::At(self.at).show(zero)),
        }
    }
}

impl Mark {
    fn show(self, zero: Timestamp) -> String {
        match self {
            Self::At(time) => {
                let micros = time.since(zero).nanos() / 1_000;
                format!("{}.{:06}", micros / 1_000_000, micros.rem_euclid(1_000_000))
            }
            Self::Later => "     ...".into(),
            Self::Lost => "    lost".into(),
            Self::Forged => "  forged".into(),
            Self::Copy => "    copy".into(),
        }
    }
}

/// A call with a long argument, such as a firewall's rules: its beginning, and what it returned.
fn clipped(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.into();
    }
    let (call, returned) = text.rfind(" = ").map_or((text, ""), |at| text.split_at(at));
    let room = width.saturating_sub(returned.chars().count() + 3);
    format!("{}...{returned}", call.chars().take(room).collect::<String>())
}

/// A packet with the frames that show it at its sender and at its receiver.
struct Transit<'a> {
    rightward: bool,
    sent: Option<&'a Frame>,
    received: Option<&'a Frame>,
    copy: bool,
}

fn packets(ends: &[End; 2]) -> Vec<Rung> {
    let [client, server] = ends;
    let mut transits = transits(client, server, true);
    transits.extend(self::transits(server, client, false));
    transits.sort_by_key(|transit| transit.sent.or(transit.received).map(|frame| frame.time));
    let mut origins = Origins::default();
    transits.iter().flat_map(|transit| packet_rungs(transit, &mut origins)).collect()
}

/// Pairs what one end sent with what the other received: the same packet, not before it was sent.
fn transits<'a>(from: &'a End, to: &'a End, rightward: bool) -> Vec<Transit<'a>> {
    let mut arrived: Vec<&Frame> = of(to, Direction::Received).collect();
    let mut transits: Vec<Transit<'_>> = of(from, Direction::Sent)
        .map(|sent| {
            let at = arrived.iter().position(|frame| is_same(&frame.bytes, &sent.bytes) && frame.time >= sent.time);
            Transit { rightward, sent: Some(sent), received: at.map(|at| arrived.remove(at)), copy: false }
        })
        .collect();
    let copy = |frame: &Frame| of(from, Direction::Sent).any(|sent| is_same(&sent.bytes, &frame.bytes));
    let unsent = |frame| Transit { rightward, sent: None, received: Some(frame), copy: copy(frame) };
    transits.extend(arrived.into_iter().map(unsent));
    transits
}

/// A router on the way takes one from the TTL, and a NAT changes addresses and ports.
fn is_same(received: &[u8], sent: &[u8]) -> bool {
    let (Some(one), Some(other)) = (Tcp::parse(received), Tcp::parse(sent)) else { return received == sent };
    let identification = |packet: &[u8]| (packet[0] >> 4 == 4).then(|| [packet[4], packet[5]]);
    let translated = Tcp { src: other.src, dst: other.dst, ..one };
    translated == other && identification(received) == identification(sent)
}

fn of(end: &End, direction: Direction) -> impl Iterator<Item = &Frame> {
    end.frames.iter().filter(move |frame| frame.direction == direction)
}

fn packet_rungs(transit: &Transit<'_>, origins: &mut Origins) -> Vec<Rung> {
    let Some(frame) = transit.sent.or(transit.received) else { return vec![] };
    let text = match Tcp::parse(&frame.bytes) {
        Some(tcp) => {
            origins.learn(&tcp);
            origins.describe(&tcp)
        }
        None => not_tcp(&frame.bytes),
    };
    let sent = transit.sent.map(|frame| frame.time);
    let received = transit.received.map(|frame| frame.time);
    let rung = |at, departure: Mark, arrival: Mark| {
        let (left, right) = if transit.rightward { (departure, arrival) } else { (arrival, departure) };
        Rung { at, what: What::Packet { text: text.clone(), rightward: transit.rightward, left, right } }
    };
    match (sent, received) {
        (Some(sent), Some(received)) if received.since(sent) > LONG => {
            vec![rung(sent, Mark::At(sent), Mark::Later), rung(received, Mark::Later, Mark::At(received))]
        }
        (Some(sent), Some(received)) => vec![rung(sent, Mark::At(sent), Mark::At(received))],
        (Some(sent), None) => vec![rung(sent, Mark::At(sent), Mark::Lost)],
        (None, Some(received)) if transit.copy => vec![rung(received, Mark::Copy, Mark::At(received))],
        (None, Some(received)) => vec![rung(received, Mark::Forged, Mark::At(received))],
        (None, None) => vec![],
    }
}

fn not_tcp(packet: &[u8]) -> String {
    let protocol = match packet.first().map(|byte| byte >> 4) {
        Some(4) => packet.get(9),
        Some(6) => packet.get(6),
        _ => None,
    };
    let name = match protocol {
        Some(1) => "ICMP",
        Some(58) => "ICMPv6",
        _ => "not TCP",
    };
    match (name, packet.get(20), packet.get(21)) {
        ("ICMP", Some(3), Some(3)) => "ICMP destination port unreachable".into(),
        _ => format!("{name}, {} bytes", packet.len()),
    }
}

/// One line when nothing happened between entering and leaving, otherwise one for each.
fn call_rungs(call: &Call, busy: &[Timestamp]) -> Vec<Rung> {
    let rung = |at, text| Rung { at, what: What::Call { text, on: call.actor.host } };
    let who = call.actor.name;
    let interrupted = busy.iter().any(|at| (call.began..call.ended).contains(at)) && call.took() > NOTABLE;
    let text = if interrupted { format!("{}()", call.name()) } else { call.text.clone() };
    let mut result = format!("{who}: {text} {}", call.returned);
    if call.took() > NOTABLE && !matches!(call.returned, Returned::Never(_)) {
        let _ = write!(result, " after {}", call.took());
    }
    let end = rung(call.ended, result);
    if interrupted { vec![rung(call.began, format!("{who}: {} ...", call.text)), end] } else { vec![end] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Bare;
    use crate::scenario::{CLIENT, Expect, SERVER, Scenario};
    use whyrst_core::segment::{Endpoint, Flags};

    static STORY: Scenario = Scenario::new("x", "", &[], Expect::QUIET);

    fn packet(from: u8, flags: Flags) -> Vec<u8> {
        let end = |octet| Endpoint::new([10, 77, 0, octet].into(), 1000);
        Bare { src: end(from), dst: end(3 - from), seq: 100, ack: 101, flags, window: 9 }.packet(64, 0)
    }

    fn frame(ms: i64, direction: Direction, bytes: Vec<u8>) -> Frame {
        Frame { time: Timestamp::from_nanos(ms * 1_000_000), direction, bytes }
    }

    fn played(client: Vec<Frame>, server: Vec<Frame>, calls: Vec<Call>) -> Played {
        let end = |host, frames| End { frames, ..End::empty(host) };
        Played {
            scenario: &STORY,
            began: Timestamp::default(),
            ended: Timestamp::default(),
            wiring: crate::Wiring::Tun,
            calls,
            ends: [end(Host::Client, client), end(Host::Server, server)],
            bystanders: vec![],
            kernel: Err("not asked".into()),
            told: Err("not asked".into()),
            foreign_resets: 0,
            disagreements: vec![],
            disturbance: None,
            earlier_attempts: vec![],
        }
    }

    fn call(actor: crate::scenario::Actor, began: i64, ended: i64) -> Call {
        let at = |ms: i64| Timestamp::from_nanos(ms * 1_000_000);
        let (text, returned) = ("connect(10.77.0.2:1)".into(), Returned::Error("EINPROGRESS".into()));
        Call { actor, step: 0, text, began: at(began), ended: at(ended), returned }
    }

    fn lines(played: &Played) -> Vec<String> {
        ladder(played, 80).lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn a_packet_stands_between_the_clocks_of_both_ends() {
        let syn = packet(1, Flags::SYN);
        let sent = vec![frame(10, Direction::Sent, syn.clone())];
        let lines = lines(&played(sent, vec![frame(15, Direction::Received, syn)], vec![]));
        assert_eq!(lines, ["0.000000 -> Flags [S], seq 0, win 9, length 0 -> 0.005000"]);
    }

    #[test]
    fn lost_forged_doubled_and_slow_packets_say_so() {
        let (syn, rst, ack) = (packet(1, Flags::SYN), packet(2, Flags::RST), packet(2, Flags::ACK));
        let client = vec![
            frame(0, Direction::Sent, syn),
            frame(1, Direction::Received, rst),
            frame(90, Direction::Received, ack.clone()),
            frame(95, Direction::Received, ack.clone()),
        ];
        let lines = lines(&played(client, vec![frame(2, Direction::Sent, ack)], vec![]));
        assert_eq!(
            lines,
            [
                "0.000000 -> Flags [S], seq 0, win 9, length 0 -> lost",
                "0.001000 <- Flags [R], seq 100, win 9, length 0 <- forged",
                "... <- Flags [.], ack 1, win 9, length 0 <- 0.002000",
                "0.090000 <- Flags [.], ack 1, win 9, length 0 <- ...",
                "0.095000 <- Flags [.], ack 1, win 9, length 0 <- copy",
            ]
        );
    }

    #[test]
    fn a_call_during_which_packets_moved_has_a_beginning_and_an_end() {
        let sent = vec![frame(10, Direction::Sent, packet(1, Flags::SYN))];
        let lines = lines(&played(sent, vec![], vec![call(CLIENT, 5, 105), call(SERVER, 200, 200)]));
        assert_eq!(lines[0], "0.000000 client: connect(10.77.0.2:1) ...");
        assert_eq!(lines[2], "0.100000 client: connect() = -1 EINPROGRESS after 100.0 ms");
        assert_eq!(lines[3], "server: connect(10.77.0.2:1) = -1 EINPROGRESS 0.195000");
    }

    #[test]
    fn no_line_is_wider_than_the_page() {
        let syn = packet(1, Flags::SYN);
        let sent = vec![frame(10, Direction::Sent, syn.clone())];
        let mut long = call(SERVER, 5, 5);
        long.text = format!("nft -f \"{}\"", "add rule inet t input; ".repeat(20));
        let played = played(sent, vec![frame(15, Direction::Received, syn)], vec![call(SERVER, 5, 30), long]);
        for width in [60, 80, 120] {
            let page = ladder(&played, width);
            assert!(page.lines().all(|line| line.chars().count() <= width), "{page}");
            assert!(page.contains("... = -1 EINPROGRESS"), "{page}");
        }
    }
}
