//! Recordings of kernel events, as JSON lines: `events.jsonl` beside the captures of a lab run, or
//! what `whyrst watch --record` left behind. One line says what was covered, which is what makes silence
//! mean something; it is the first, or the last where the end was not known before. Each other line is
//! one event, with the sockets and processes of its ends where they were known (`socket.rs`).
//!
//! ```json
//! {"schema":"whyrst.events/1","from":"2026-01-31T12:00:00Z","to":"2026-01-31T12:00:05Z","addresses":["10.0.0.2"],"lost":0}
//! {"schema":"whyrst.event/1","time":"2026-01-31T12:00:01.5Z","event":"tcp_send_reset","reason":"NO_SOCKET","state":"CLOSE","local":{"ip":"10.0.0.2","port":80},"remote":{"ip":"10.0.0.1","port":40000},"stack":["tcp_v4_send_reset"],"comm":"swapper/0","pid":0}
//! ```
//!
//! A line that cannot be read is counted and said; the others still count. Without a readable
//! line of coverage the recording covers no address, so that nothing is concluded from its silence.

mod error;
mod line;
mod socket;

use std::collections::HashSet;
use std::io::{self, BufRead, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;

use whyrst_core::kernel::KernelReset;
use whyrst_core::recording::{self, Recording};
use whyrst_core::socket::Told;

pub use error::RecordingError;

use line::{BadLine, Line};

/// A line that was passed over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DamagedLine {
    /// Its number, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub cause: String,
}

/// A recording as far as it could be read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PartialRecording {
    /// What was read, events in order of time.
    pub recording: Recording,
    /// The first [`Self::KEPT`] lines that were passed over.
    pub damaged: Vec<DamagedLine>,
    /// How many lines were passed over in all.
    pub damaged_lines: u64,
}

impl PartialRecording {
    /// Damaged lines beyond this number are only counted.
    pub const KEPT: usize = 16;

    fn damage(&mut self, line: u64, cause: String) {
        self.damaged_lines += 1;
        if self.damaged.len() < Self::KEPT {
            self.damaged.push(DamagedLine { line, cause });
        }
    }
}

/// Reads the recording in the file at `path`.
pub fn open(path: &Path) -> Result<PartialRecording, RecordingError> {
    let name = path.display().to_string();
    match std::fs::File::open(path) {
        Ok(file) => read(io::BufReader::new(file), &name),
        Err(cause) => Err(RecordingError::Read { name, cause }),
    }
}

/// Reads the recording called `name`.
pub fn read(input: impl BufRead, name: &str) -> Result<PartialRecording, RecordingError> {
    let mut reading = PartialRecording::default();
    let mut covered = false;
    walk(input, name, |number, line| {
        match line {
            Ok(Line::Coverage(coverage)) if !covered => {
                covered = true;
                line::cover(&mut reading.recording, coverage);
            }
            Ok(Line::Coverage(_)) => reading.damage(number, "tells again what was covered".into()),
            Ok(Line::Event(event)) => {
                reading.recording.resets.extend(event.sent);
                reading.recording.told.extend(event.reported);
            }
            Err(bad) => reading.damage(number, bad.cause),
        }
        ControlFlow::Continue(())
    })?;
    finish(reading, covered, name)
}

/// What a recording holds beside the resets that are handed out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Omitted {
    /// Resets without the socket that they are of: an account of packets, no verdict by themselves.
    pub without_sockets: u64,
    /// Events that were lost or only counted while it was recorded.
    pub lost: u64,
    /// Lines that were passed over.
    pub damaged_lines: u64,
}

/// Hands out each reset with its sockets, in the order of the lines and without keeping any, until `each` breaks.
pub fn each_reset(
    input: impl BufRead,
    name: &str,
    mut each: impl FnMut(&recording::Told) -> ControlFlow<()>,
) -> Result<Omitted, RecordingError> {
    let mut omitted = Omitted::default();
    walk(input, name, |_, line| {
        match line {
            Ok(Line::Coverage(coverage)) => omitted.lost = omitted.lost.saturating_add(coverage.lost),
            Ok(Line::Event(event)) => match &event.reported {
                Some(reset) => return each(reset),
                None => omitted.without_sockets += 1,
            },
            Err(_) => omitted.damaged_lines += 1,
        }
        ControlFlow::Continue(())
    })?;
    Ok(omitted)
}

/// Hands out every line with its number, from 1; one that cannot be read with the reason.
fn walk(
    mut input: impl BufRead,
    name: &str,
    mut each: impl FnMut(u64, Result<Line, BadLine>) -> ControlFlow<()>,
) -> Result<(), RecordingError> {
    let mut text = Vec::new();
    for number in 1.. {
        let more = next_line(&mut input, &mut text);
        if !more.map_err(|cause| RecordingError::Read { name: name.into(), cause })? {
            break;
        }
        match Line::parse(&text) {
            Err(bad) if number == 1 && !bad.ours => {
                return Err(RecordingError::NotARecording { name: name.into(), cause: bad.cause });
            }
            line => {
                if each(number, line).is_break() {
                    break;
                }
            }
        }
    }
    Ok(())
}

fn finish(mut reading: PartialRecording, covered: bool, name: &str) -> Result<PartialRecording, RecordingError> {
    let nothing = reading.recording.resets.is_empty() && reading.recording.told.is_empty();
    if !covered && nothing && reading.damaged_lines == 0 {
        return Err(RecordingError::Empty { name: name.into() });
    }
    if !covered && reading.damaged.first().is_none_or(|damaged| damaged.line != 1) {
        reading.damage(1, "does not tell what was covered".into());
    }
    reading.recording.resets.sort_by_key(|reset| reset.time);
    reading.recording.told.sort_by_key(|told| told.reset.event.time);
    Ok(reading)
}

/// Reads one line without its end; false when there is none. What of a line goes beyond the limit
/// is thrown away: it is damaged anyway.
fn next_line(input: &mut impl BufRead, text: &mut Vec<u8>) -> io::Result<bool> {
    const LONGEST: u64 = 1 << 20;
    text.clear();
    if input.take(LONGEST).read_until(b'\n', text)? == 0 {
        return Ok(false);
    }
    if text.last() != Some(&b'\n') {
        input.skip_until(b'\n')?;
    }
    Ok(true)
}

/// Writes `recording`, its coverage first. A reset with its sockets stands in one line with its event.
pub fn write(mut out: impl Write, recording: &Recording) -> Result<(), RecordingError> {
    write_line(&mut out, &line::coverage(recording))?;
    let identity = |event: &KernelReset| (event.time, event.local, event.remote);
    let sent = recording.told.iter().filter_map(|reported| match &reported.reset.event.told {
        Told::Sent(event) if reported.more == 0 => Some(identity(event)),
        _ => None,
    });
    let with_sockets: HashSet<_> = sent.collect();
    for reset in recording.resets.iter().filter(|event| !with_sockets.contains(&identity(event))) {
        write_event(&mut out, reset)?;
    }
    for reported in &recording.told {
        write_reset(&mut out, reported)?;
    }
    out.flush().map_err(|cause| RecordingError::Write { cause })
}

/// Writes one event as a line.
pub fn write_event(out: impl Write, reset: &KernelReset) -> Result<(), RecordingError> {
    write_line(out, &line::event(reset))
}

/// Writes one reset that was reported, with its sockets, as a line.
pub fn write_reset(out: impl Write, reported: &recording::Told) -> Result<(), RecordingError> {
    write_line(out, &line::reported_event(reported))
}

/// What a recording begins with.
const BEGINS: &[u8] = b"{\"schema\":\"whyrst.event";

/// Whether these bytes begin as a recording does.
pub fn begins(octets: &[u8]) -> bool {
    octets.starts_with(BEGINS)
}

/// Whether the file at `path` begins as a recording does: what a user gives to `explain` may be one.
pub fn is_recording(path: &Path) -> bool {
    let mut begin = [0; BEGINS.len()];
    // A pipe would lose what is read here.
    let mut read = |path: &Path| std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut begin));
    path.is_file() && read(path).is_ok() && begins(&begin)
}

/// Whether the recording at `path` has a reset with its sockets.
pub fn has_sockets(path: &Path) -> bool {
    let mut found = false;
    let Ok(file) = std::fs::File::open(path) else { return false };
    let name = path.display().to_string();
    let read = each_reset(io::BufReader::new(file), &name, |_| {
        found = true;
        ControlFlow::Break(())
    });
    read.is_ok() && found
}

fn write_line(mut out: impl Write, line: &impl serde::Serialize) -> Result<(), RecordingError> {
    let written = serde_json::to_vec(line).map_err(io::Error::from).and_then(|mut text| {
        text.push(b'\n');
        out.write_all(&text)
    });
    written.map_err(|cause| RecordingError::Write { cause })
}

#[cfg(test)]
mod tests {
    use super::*;
    use whyrst_core::connection::TcpState;
    use whyrst_core::kernel::RstReason;
    use whyrst_core::segment::{Endpoint, Flags};
    use whyrst_core::seq::Seq;
    use whyrst_core::socket::SocketReset;
    use whyrst_core::socket::{
        Account, Container, Errno, Listened, Listening, Opened, Process, SocketEvent, SocketFacts, Step, Timeouts,
        Translation, Trigger, Wire,
    };
    use whyrst_core::time::{Span, Timestamp};

    fn reset(nanos: i64) -> KernelReset {
        KernelReset {
            time: Timestamp::from_nanos(nanos),
            reason: Some(RstReason::NoSocket),
            reason_name: "NO_SOCKET".into(),
            state: "UNKNOWN".into(),
            local: Endpoint::new([10, 0, 0, 2].into(), 80),
            remote: None,
            stack: vec!["tcp_v4_send_reset".into(), "tcp_v4_rcv".into()],
            comm: "a \"b\"\n".into(),
            pid: 7,
        }
    }

    fn recording() -> Recording {
        let local = Endpoint::new("2001:db8::1".parse().unwrap(), 443);
        let second =
            KernelReset { reason: None, reason_name: "A_NEWER_ONE".into(), remote: Some(local), ..reset(2_000) };
        Recording {
            addresses: vec![[10, 0, 0, 2].into(), local.ip],
            from: Timestamp::from_nanos(-1),
            to: Timestamp::from_nanos(1_700_000_000_123_456_789),
            lost: 3,
            silence: recording::Silence::Means,
            resets: vec![
                reset(1_000),
                second,
                KernelReset { reason: None, reason_name: String::new(), ..reset(3_000) },
            ],
            told: Vec::new(),
        }
    }

    fn process(pid: u32) -> Process {
        let container = Container { runtime: Some("docker"), id: "4f".into(), pod: None };
        Process {
            pid,
            comm: "nginx".into(),
            cmdline: Some("nginx: worker".into()),
            uid: Some(33),
            container: Some(container),
            exit_signal: Some(9),
            exiting: true,
            oom_killed: true,
            ..Process::default()
        }
    }

    fn told(nanos: i64) -> recording::Told {
        let at = |nanos| Timestamp::from_nanos(nanos);
        let socket = SocketFacts {
            unread: 904,
            linger: Some(0),
            snd_nxt: Seq::new(u32::MAX),
            told_earlier: Some((Errno(110), at(5))),
            timeouts: Timeouts { user: Some(Span::from_millis(30_000)), ..Timeouts::default() },
            last_sent: Some(at(-7)),
            tick: Span::from_millis(4),
            opened: Opened::Passively,
            steps: vec![
                Step { time: at(1), state: TcpState::SynReceived },
                Step { time: at(2), state: TcpState::Unknown },
            ],
            gone: Some(at(900)),
            orphan: true,
            linger2_negative: true,
            ..SocketFacts::default()
        };
        let (near, far) = (Endpoint::new([10, 0, 0, 2].into(), 80), Endpoint::new([10, 0, 0, 1].into(), 40_000));
        let account = Account {
            socket: Some(socket),
            process: Some(process(812)),
            maker: Some(process(1)),
            errno: Some(Errno(104)),
            netns: 4_026_531_840,
            listening: Listening::At(far),
            listened: Some(Box::new(Listened { until: at(3), process: Some(process(5)), killer: None })),
            translation: Translation::To(Wire { local: far, remote: near }),
            ..Account::default()
        };
        let trigger =
            Some(Trigger { seq: Seq::new(1), ack: Seq::new(2), len: 3, window: 4, flags: Flags::ACK, ttl: 64 });
        let word = KernelReset { remote: Some(far), ..reset(nanos) };
        let event = SocketEvent { time: at(nanos), told: Told::Sent(word), local: near, remote: far, trigger, account };
        let peer = SocketEvent {
            told: Told::Received,
            local: far,
            remote: near,
            trigger: None,
            account: Account { process: Some(process(7)), ..Account::default() },
            ..event.clone()
        };
        recording::Told { reset: SocketReset { event, peer: Some(peer), unsent: false }, more: 0 }
    }

    #[test]
    fn a_line_that_stands_for_more_than_can_be_is_damaged() {
        let mut text = Vec::new();
        write(&mut text, &recording()).unwrap();
        write_reset(&mut text, &recording::Told { more: u64::MAX, ..told(70) }).unwrap();
        let reading = read(&*text, "told").unwrap();
        assert_eq!((reading.damaged_lines, reading.recording.told.len()), (1, 0));
    }

    #[test]
    fn what_was_told_is_read_again_with_its_sockets() {
        let received = SocketReset { event: told(60).reset.peer.unwrap(), peer: None, unsent: true };
        let all =
            vec![told(50), recording::Told { reset: received, more: 0 }, recording::Told { more: 4_000, ..told(70) }];
        let mut text = Vec::new();
        // As `watch` does: what it covers is known at the end.
        for told in &all {
            write_reset(&mut text, told).unwrap();
        }
        let covered = Recording { resets: Vec::new(), ..recording() };
        write(&mut text, &covered).unwrap();
        let reading = read(&*text, "told").unwrap();
        assert_eq!(reading.damaged, []);
        assert_eq!(reading.recording.told, all);
        // Only the one that was sent is an event beside packets.
        let Told::Sent(word) = &all[0].reset.event.told else { panic!("it was sent") };
        assert_eq!(reading.recording.resets, std::slice::from_ref(word));
        assert_eq!(reading.recording.addresses, recording().addresses);
        // Written in one piece, each event stands in one line.
        let mut whole = Vec::new();
        write(&mut whole, &reading.recording).unwrap();
        assert_eq!(String::from_utf8(whole).unwrap().lines().count(), 4);
    }

    #[test]
    fn what_was_told_is_handed_out_one_by_one_and_the_rest_counted() {
        let mut text = Vec::new();
        let all = [told(50), recording::Told { more: 4_000, ..told(70) }];
        for told in &all {
            write_reset(&mut text, told).unwrap();
        }
        text.extend(b"no JSON\n");
        write(&mut text, &recording()).unwrap();
        let mut handed_out = Vec::new();
        let mut take = |told: &recording::Told| {
            handed_out.push(told.clone());
            ControlFlow::Continue(())
        };
        let omitted = each_reset(&*text, "told", &mut take).unwrap();
        assert_eq!(omitted, Omitted { without_sockets: 3, lost: 3, damaged_lines: 1 });
        assert_eq!(handed_out, all);
        let mut first = 0;
        let stop = each_reset(&*text, "told", |_| {
            first += 1;
            ControlFlow::Break(())
        });
        assert_eq!((stop.unwrap(), first), (Omitted::default(), 1));
    }

    fn written() -> String {
        let mut text = Vec::new();
        write(&mut text, &recording()).unwrap();
        String::from_utf8(text).unwrap()
    }

    fn read_text(text: &str) -> Result<PartialRecording, RecordingError> {
        read(text.as_bytes(), "events.jsonl")
    }

    #[test]
    fn what_is_written_is_read_again() {
        let reading = read_text(&written()).unwrap();
        assert_eq!(reading.recording, recording());
        assert_eq!(reading.damaged_lines, 0);
    }

    #[test]
    fn the_lines_are_those_of_the_contract() {
        let text = written();
        let mut lines = text.lines();
        assert_eq!(
            lines.next().unwrap(),
            r#"{"schema":"whyrst.events/1","from":"1969-12-31T23:59:59.999999999Z","to":"2023-11-14T22:13:20.123456789Z","addresses":["10.0.0.2","2001:db8::1"],"lost":3}"#
        );
        assert_eq!(
            lines.next().unwrap(),
            r#"{"schema":"whyrst.event/1","time":"1970-01-01T00:00:00.000001Z","event":"tcp_send_reset","reason":"NO_SOCKET","state":"UNKNOWN","local":{"ip":"10.0.0.2","port":80},"remote":null,"stack":["tcp_v4_send_reset","tcp_v4_rcv"],"comm":"a \"b\"\n","pid":7}"#
        );
    }

    #[test]
    fn damaged_lines_are_counted_and_the_others_read() {
        let mut lines: Vec<String> = written().lines().map(String::from).collect();
        lines.insert(1, r#"{"schema":"whyrst.event/1","time":"yesterday"}"#.into());
        lines.insert(2, r#"{"schema":"whyrst.event/1","ti"#.into());
        lines.insert(3, r#"{"schema":"whyrst.drop/1"}"#.into());
        lines.push("x".repeat(3 << 20));
        let reading = read_text(&lines.join("\n")).unwrap();
        assert_eq!(reading.recording, recording());
        assert_eq!(reading.damaged_lines, 4);
        assert_eq!(reading.damaged.iter().map(|damaged| damaged.line).collect::<Vec<_>>(), [2, 3, 4, 8]);
        assert!(reading.damaged[2].cause.contains("whyrst.drop/1"));
    }

    #[test]
    fn without_its_first_line_a_recording_covers_nothing() {
        let text = written();
        let events = text.split_once('\n').unwrap().1;
        for text in [events.to_owned(), format!("{{\"schema\":\"whyrst.events/1\"}}\n{events}")] {
            let reading = read_text(&text).unwrap();
            assert!(reading.recording.addresses.is_empty());
            assert_eq!(reading.recording.resets, recording().resets);
            assert_eq!((reading.damaged_lines, reading.damaged[0].line), (1, 1));
        }
    }

    #[test]
    fn what_is_no_recording_says_so() {
        let text = |error: Result<PartialRecording, RecordingError>| error.unwrap_err().to_string();
        assert_eq!(text(read_text("")), "cannot read events.jsonl: it is empty");
        assert_eq!(
            text(read_text("[1]\n")),
            "cannot read events.jsonl: not a recording of kernel events, its first line is damaged at column 2: \
             invalid type: integer `1`, expected a string"
        );
        assert!(text(read_text("{\"schema\":\"whyrst.reset/1\"}")).contains("unknown schema \"whyrst.reset/1\""));
        assert!(text(read_text("\u{fffd}PNG")).contains("first line is damaged"));
        assert!(text(open("/nonexistent/events.jsonl".as_ref())).starts_with("cannot read /nonexistent/events.jsonl"));
    }

    #[test]
    fn any_prefix_can_be_read_or_says_why_not() {
        let text = written().into_bytes();
        for end in 0..text.len() {
            let resets = match read(&text[..end], "cut") {
                Ok(reading) => reading.recording.resets,
                Err(_) => continue,
            };
            assert_eq!(resets, recording().resets[..resets.len()]);
        }
    }
}
