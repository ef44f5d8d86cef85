//! What the kernels of other systems wrote down, for `--events`: claims beside the packets, and where such a kernel says
//! that it sent a RST itself, its word ([`KernelReset`] without a reason, since none of them gives Linux's).
//!
//! - Windows: the events of the provider Microsoft-Windows-TCPIP, as text (`netsh trace convert`, `pktmon etl2txt`) and as
//!   XML or CSV (`tracerpt -of`). Numbers and texts of the events are those of the provider's manifest.
//! - macOS: `log show`, the lines of XNU's `bsd/netinet/tcp_log.c` (sysctl `net.inet.tcp.log.enable`).
//! - FreeBSD: the lines of `netinet/tcp_subr.c` `tcp_log_addrs` (sysctl `net.inet.tcp.log_debug`, `net.inet.tcp.log_in_vain`),
//!   and of the script in `dtrace_tcp(4)` that logs segments.
//!
//! Nobody knows which events were recorded and which were not: that such a kernel says nothing means nothing.

mod bsd;
mod event;
mod windows;

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use jiff::tz::TimeZone;
use whyrst_core::claim::{About, ClaimantRole, Leg, PartialEnd};
use whyrst_core::kernel::KernelReset;
use whyrst_core::recording::{Recording, Silence};
use whyrst_core::segment::Endpoint;
use whyrst_core::symptom::Came;
use whyrst_core::time::Timestamp;

use super::lines::Lines;
use super::said::{MOST, Said, Tally, begin};
use super::stamp::Stamp;
use event::{Event, Line};

/// Octets at the beginning of a file that show what it is.
const LOOKED_AT: u64 = 1 << 16;
/// Connections whose process is remembered.
const MOST_OWNERS: usize = 1 << 16;

/// What the kernel of another system wrote down.
#[derive(Debug, Default)]
pub struct Foreign {
    pub(super) claims: Vec<(u64, String, Said)>,
    pub(super) resets: Vec<SentRst>,
    pub(super) tally: Tally,
    /// Claims that were too many.
    pub(super) beyond: u64,
}

/// A RST that such a kernel says it sent. Where its line names no year, that is the one nearest to the packets.
#[derive(Clone, Debug)]
pub struct SentRst {
    reset: KernelReset,
    stamp: Stamp,
}

/// What stands in a file of events.
pub enum Events {
    /// The record of another system.
    Foreign(Foreign),
    /// Anything else, to be read as a recording of `watch`.
    Recording(Box<dyn BufRead>),
}

/// What the file at `path` is, by its beginning. It is opened once: it may be a pipe.
pub fn events(path: &Path, zone: &TimeZone) -> io::Result<Events> {
    let mut file = std::fs::File::open(path)?;
    let mut begin = Vec::new();
    (&mut file).take(LOOKED_AT).read_to_end(&mut begin)?;
    let is_foreign = looks_foreign(&begin);
    let whole = io::Cursor::new(begin).chain(file);
    if !is_foreign {
        return Ok(Events::Recording(Box::new(BufReader::new(whole))));
    }
    Foreign::read(whole, &path.display().to_string(), zone).map(Events::Foreign)
}

/// Whether this is the beginning of such a record.
fn looks_foreign(begin: &[u8]) -> bool {
    if crate::recording::begins(begin) {
        return false;
    }
    let Ok(mut lines) = Lines::of(begin) else { return false };
    while let Ok(Some((_, line))) = lines.next_line() {
        if windows::shows(line) || bsd::shows(line) {
            return true;
        }
    }
    false
}

impl Foreign {
    /// Reads the record called `name`; times without a zone are those of `zone`.
    pub fn read(input: impl Read, name: &str, zone: &TimeZone) -> io::Result<Self> {
        let mut lines = Lines::of(input)?;
        let mut foreign = Self { tally: Tally { name: name.to_owned(), ..Tally::default() }, ..Self::default() };
        let mut form = windows::Form::default();
        let mut owners: HashMap<String, u32> = HashMap::new();
        let mut held = None;
        while let Some((number, text)) = lines.next_line()? {
            if text.trim().is_empty() {
                continue;
            }
            foreign.tally.lines += 1;
            if let Some(more) = bsd::continued(text) {
                foreign.go_on(more, held.take());
                continue;
            }
            foreign.add_held(held.take());
            match form.take(text, zone) {
                windows::Taken::Events(events) => {
                    for (found, shown) in events {
                        foreign.take(number, shown, found, &mut owners);
                    }
                }
                windows::Taken::Part => {}
                windows::Taken::Line => match windows::line(text, zone) {
                    Line::Unknown => match bsd::line(text, zone) {
                        Line::Held(event) => held = Some((number, text.to_owned(), event)),
                        found => foreign.take(number, text.trim().to_owned(), found, &mut owners),
                    },
                    found => foreign.take(number, text.trim().to_owned(), found, &mut owners),
                },
            }
        }
        foreign.add_held(held);
        if let Some(text) = form.unfinished() {
            let last = foreign.tally.lines;
            foreign.count_unread(last, text);
        }
        Ok(foreign)
    }

    fn take(&mut self, line: u64, text: String, found: Line, owners: &mut HashMap<String, u32>) {
        match found {
            Line::Event(event) | Line::Held(event) => self.add(line, text, *event, owners),
            Line::Owner(handle, pid) => {
                if owners.len() < MOST_OWNERS || owners.contains_key(&handle) {
                    owners.insert(handle, pid);
                }
            }
            Line::Other => {}
            Line::Unknown => self.count_unread(line, &text),
        }
    }

    fn count_unread(&mut self, line: u64, text: &str) {
        self.tally.unread += 1;
        self.tally.first_unread.get_or_insert_with(|| (line, begin(text).into()));
    }

    fn add(&mut self, line: u64, text: String, event: Event, owners: &HashMap<String, u32>) {
        let Event { by, stamp, near, far, came, process, pid, handle, sent } = event;
        let pid = pid.or_else(|| owners.get(handle.as_deref()?).copied());
        self.tally.claims += 1;
        if self.claims.len() >= MOST {
            self.beyond += 1;
            return;
        }
        if let (Some(name), Some(stamp), Some(local), Some(remote)) = (sent, stamp, endpoint(near), endpoint(far)) {
            let reset = KernelReset {
                time: Timestamp::default(),
                reason: None,
                reason_name: name.into(),
                state: "UNKNOWN".into(),
                local,
                remote: Some(remote),
                stack: Vec::new(),
                comm: process.clone().unwrap_or_default(),
                pid: pid.unwrap_or_default(),
            };
            self.resets.push(SentRst { reset, stamp });
        }
        let about = About { near, far, role: ClaimantRole::Either };
        let said = Said { stamp, process, pid, came, about: vec![(about, Leg::This)], ..Said::new(by) };
        self.claims.push((line, text, said));
    }

    /// An event whose second line did not come.
    fn add_held(&mut self, held: Option<Held>) {
        if let Some((line, text, event)) = held {
            self.add(line, text, *event, &HashMap::new());
        }
    }

    /// The second line of an entry names the process of the first, and why it was logged.
    fn go_on(&mut self, more: bsd::More, held: Option<Held>) {
        let bsd::More { process, came } = more;
        if let Some((line, text, mut event)) = held {
            event.came = came.unwrap_or(Came::Nothing);
            self.add(line, text, *event, &HashMap::new());
        }
        let Some((.., said)) = self.claims.last_mut().filter(|(.., said)| said.process.is_none()) else { return };
        if let Some((name, pid)) = process {
            (said.process, said.pid) = (Some(name), Some(pid));
        }
    }

    /// The resets that it says its kernel sent, as a recording whose silence means nothing; those without a year are
    /// about the one nearest to `near`.
    pub fn recording(sent: &[SentRst], near: Timestamp, zone: &TimeZone) -> Recording {
        let dated = |sent: &SentRst| Some(KernelReset { time: sent.stamp.resolve(near, zone)?, ..sent.reset.clone() });
        let mut resets: Vec<KernelReset> = sent.iter().filter_map(dated).collect();
        resets.sort_by_key(|reset| reset.time);
        let mut addresses: Vec<_> = resets.iter().map(|reset| reset.local.ip).collect();
        addresses.sort_unstable();
        addresses.dedup();
        let from = resets.iter().map(|reset| reset.time).min().unwrap_or_default();
        let to = resets.iter().map(|reset| reset.time).max().unwrap_or_default();
        // An event of the same host may stand a little before or after its packet.
        let from = from.plus(whyrst_core::time::Span::from_secs(-2));
        Recording { addresses, from, to, resets, silence: Silence::MeansNothing, ..Recording::default() }
    }
}

/// An event that is understood with its next line, with its own line and the number of that.
type Held = (u64, String, Box<Event>);

fn endpoint(end: PartialEnd) -> Option<Endpoint> {
    Some(Endpoint::new(end.ip?, end.port?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Foreign {
        Foreign::read(text.as_bytes(), "events", &TimeZone::UTC).expect("memory can be read")
    }

    /// The form of the lines is that of learn.microsoft.com, "Diagnosing packet loss" (`netsh trace convert`); the texts of
    /// the events are those of the provider's manifest. Put together for this test.
    const NETSH: &str = "\
[0]0000.0000::2025/03/27-16:12:19.900000000 [Microsoft-Windows-TCPIP]TCP: connection 0xFFFFE189BD811AA0 \
(local=192.168.5.68:55330 remote=6.6.0.27:443) connect completed. PID = 4711.
[31]0000.0000::2025/03/27-16:12:19.937105000 [Microsoft-Windows-TCPIP]TCP: Connection 0xFFFFE189BD811AA0 \
0(RetransmitTimer) timer has expired.
[31]0000.0000::2025/03/27-16:12:20.000000000 [Microsoft-Windows-TCPIP]TCP: connection 0xFFFFE189BD811AA0 \
(local=192.168.5.68:55330 remote=6.6.0.27:443) abort issued.
[31]0000.0000::2025/03/27-16:12:21.000000000 [Microsoft-Windows-TCPIP]TCP: connection 0xFFFFE189BD811AA0 \
(local=192.168.5.68:55330 remote=6.6.0.27:443) connection terminated: received RST.
[31]0000.0000::2025/03/27-16:12:22.000000000 [Microsoft-Windows-TCPIP]TCP: connection 0xFFFFE189BD811AA0 \
(local=192.168.5.68:55330 remote=6.6.0.27:443) terminating: retransmission timeout expired.
nonsense
";

    fn sent(foreign: &Foreign) -> Vec<KernelReset> {
        let near: jiff::Timestamp = "2026-12-24T00:00:00Z".parse().expect("a time");
        let near = i64::try_from(near.as_nanosecond()).expect("it fits");
        Foreign::recording(&foreign.resets, Timestamp::from_nanos(near), &TimeZone::UTC).resets
    }

    fn came(foreign: &Foreign) -> Vec<(Came, Option<u32>)> {
        foreign.claims.iter().map(|(.., said)| (said.came, said.pid)).collect()
    }

    #[test]
    fn the_text_of_netsh_is_read_with_the_process_of_the_connection() {
        let foreign = read(NETSH);
        let pid = Some(4_711);
        assert_eq!(came(&foreign), [(Came::Own, pid), (Came::Rst, pid), (Came::Silence, pid)]);
        assert_eq!(foreign.tally.first_unread, Some((6, "nonsense".to_owned())));
        let [sent] = &sent(&foreign)[..] else { panic!("one RST was sent: {:?}", foreign.resets) };
        assert_eq!((sent.reason_name.as_str(), sent.pid, sent.local.port), ("abort issued", 4_711, 55_330));
    }

    /// Put together for this test: the elements are those of the event schema, the fields those of the manifest. Windows
    /// writes UTF-16.
    #[test]
    fn the_xml_of_tracerpt_is_read() {
        let xml = "\u{feff}<?xml version=\"1.0\"?>\r\n<Events>\r\n\
            <Event xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\">\r\n <System>\r\n  \
            <Provider Name=\"Microsoft-Windows-TCPIP\" Guid=\"{2f07e2ee-15db-40f1-90ef-9d7ba282188a}\" />\r\n  \
            <EventID>1039</EventID>\r\n  <TimeCreated SystemTime=\"2025-03-27T16:12:20.000000000Z\" />\r\n  \
            <Execution ProcessID=\"4\" ThreadID=\"8\" />\r\n </System>\r\n <EventData>\r\n  \
            <Data Name=\"LocalAddressLength\">      16</Data>\r\n  <Data Name=\"LocalAddress\">192.168.5.68:55330</Data>\r\n  \
            <Data Name=\"RemoteAddress\">020001BB0606001B0000000000000000</Data>\r\n  \
            <Data Name=\"ProcessId\">    4711</Data>\r\n </EventData>\r\n</Event>\r\n</Events>\r\n";
        let octets: Vec<u8> = xml.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let foreign = Foreign::read(octets.as_slice(), "events", &TimeZone::UTC).expect("memory can be read");
        assert_eq!(came(&foreign), [(Came::Own, Some(4_711))]);
        assert_eq!(sent(&foreign)[0].remote.map(|end| end.to_string()).as_deref(), Some("6.6.0.27:443"));
    }

    /// Put together for this test: the columns are read by their names.
    #[test]
    fn the_csv_of_tracerpt_is_read() {
        let csv = "\
Event Name,       Type,   Event ID,  Version,    Channel,      Level,     Opcode,       Task,            Keyword,        \
PID,        TID, Processor Number, Instance ID, Parent Instance ID,                            Activity ID,                    \
Related Activity ID,              Clock-Time, Kernel(ms),   User(ms), User Data
Microsoft-Windows-TCPIP,   Info, 1184, 0, 16, 4, 0, 1, 0x8000000000000000, 0x00001267, 0x0000, 0,,, {0}, , \
133875655400000000, 0, 0, 0xFFFFE189, 16, \"192.168.5.68:55330\", 16, \"6.6.0.27:443\", 4
";
        let foreign = read(csv);
        // Whoever ran when the packet came is not its owner.
        assert_eq!(came(&foreign), [(Came::Rst, None)]);
        let aborted = read(&csv.replace(" 1184,", " 1039,"));
        assert_eq!(came(&aborted), [(Came::Own, Some(0x1267))]);
        let time = foreign.claims[0].2.stamp.and_then(|stamp| stamp.resolve(Timestamp::default(), &TimeZone::UTC));
        assert_eq!(time.map(|time| time.utc().to_string()).as_deref(), Some("2025-03-27T16:12:20.000000000Z"));
    }

    /// The formats are those of XNU's `tcp_log_th_flags` and `tcp_log_drop_pcb`, behind what `log show` writes before each
    /// line. Put together for this test.
    #[test]
    fn the_lines_of_macos_are_read() {
        let log = "\
Timestamp                       Thread     Type        Activity             PID    TTL
2026-11-30 03:12:07.123456+0100 0x1c9      Default     0x0                  0      0    kernel: tcp control outgoing RST ACK \
[10.0.0.1:40000<->10.0.0.2:80] interface: en0 (skipped: 0)
so_gencnt: 7 t_state: ESTABLISHED process: curl:812 SYN in/out: 0/1
2026-11-30 03:12:08.123456+0100 0x1c9      Default     0x0                  0      0    kernel: tcp drop incoming \
[10.0.0.1:40000<->10.0.0.2:80] interface: en0 (skipped: 0)
so_gencnt: 7 t_state: ESTABLISHED process: curl:812 t_state: ESTABLISHED so_error: 54 reason: reset
2026-11-30 03:12:08.2+0100 0x1c9      Default     0x0                  0      0    kernel: tcp drop incoming \
[10.0.0.1:40001<->10.0.0.2:80] interface: en0 (skipped: 0)
so_gencnt: 8 t_state: LISTEN process: curl:812 t_state: LISTEN so_error: 0 reason:  listen drop
2026-11-30 03:12:09.1+0100 0x1 Default 0x0 0 0 kernel: tcp drop incoming [<IPv4-redacted>:1<->x:2] reason: x
";
        let foreign = read(log);
        let by: Vec<_> = foreign.claims.iter().map(|(.., said)| (said.came, said.process.clone(), said.pid)).collect();
        let curl = Some("curl".to_owned());
        // A drop is no RST: only the socket's error says what came.
        let all = [Came::Own, Came::Rst, Came::Nothing].map(|came| (came, curl.clone(), Some(812)));
        assert_eq!(by, all);
        assert_eq!(sent(&foreign)[0].time.utc().to_string(), "2026-11-30T02:12:07.123456000Z");
    }

    /// The formats are those of `tcp_log_addrs` and of the script in `dtrace_tcp(4)`. Put together for this test.
    #[test]
    fn the_lines_of_freebsd_are_read() {
        let log = "\
Nov 30 03:12:07 host kernel: TCP: [10.0.0.1]:40000 to [10.0.0.2]:80 tcpflags 0x18<PUSH,ACK>; tcp_do_segment: FIN_WAIT_2: \
Received 5 bytes of data after socket was closed, sending RST and removing tcpcb
Nov 30 03:12:07 host kernel: TCP: [10.0.0.1]:40001 to [10.0.0.2]:81 tcpflags 0x2<SYN>; tcp_input: Connection attempt to \
closed port
  0         10.0.0.2:80    ->         10.0.0.1:40000      0  (RST|ACK)
  0         10.0.0.2:80    <-         10.0.0.1:40000      0  (RST)
  0         10.0.0.2:80    <-         10.0.0.1:40000      5  (PUSH|ACK)
";
        let foreign = read(log);
        let all: Vec<Came> = foreign.claims.iter().map(|(.., said)| said.came).collect();
        assert_eq!(all, [Came::Own, Came::Own, Came::Own, Came::Rst]);
        assert_eq!(foreign.tally.unread, 0);
        let (.., said) = &foreign.claims[0];
        assert_eq!((said.about[0].0.near.port, said.about[0].0.far.port), (Some(80), Some(40_000)));
        // In the year of the packets. With net.inet.tcp.blackhole a closed port is logged and no RST is sent.
        let times: Vec<String> = sent(&foreign).iter().map(|reset| reset.time.utc().to_string()).collect();
        assert_eq!(times, ["2026-11-30T03:12:07.000000000Z"]);
    }

    /// Put together for this test: two events in one line, attributes in single quotes, an event that is cut off.
    #[test]
    fn xml_of_any_layout_is_read_and_what_is_cut_off_is_counted() {
        let event = |number: u32, port: u16| {
            format!(
                "<Event xmlns='http://x'><System><Provider Name='Microsoft-Windows-TCPIP'/><EventID>{number}</EventID>\
                 <TimeCreated SystemTime='2026-11-30T19:40:25.004Z'/></System><EventData>\
                 <Data Name='LocalAddress'>10.9.0.1:{port}</Data><Data Name='RemoteAddress'>10.9.0.2:8081</Data>\
                 </EventData></Event>"
            )
        };
        let xml = format!("<?xml version='1.0'?><Events>{}{}\n{}", event(1184, 1), event(1200, 2), event(1201, 3));
        let foreign = read(&format!("{xml}<Event xmlns='http://x'><System>\n"));
        let all: Vec<_> = foreign.claims.iter().map(|(_, _, said)| (said.came, said.about[0].0.near.port)).collect();
        assert_eq!(all, [(Came::Rst, Some(1)), (Came::Silence, Some(2)), (Came::Silence, Some(3))]);
        assert!(foreign.claims.iter().all(|(.., said)| said.stamp.is_some()));
        assert_eq!(foreign.tally.unread, 1);
    }

    /// Other programs write into the same files, and whoever logs in chooses a name.
    #[test]
    fn only_the_kernels_own_lines_are_its_word() {
        let lines = [
            "Nov 30 03:12:07 host sshd[8]: Invalid user kernel: TCP: [10.0.0.1]:40000 to [10.0.0.2]:80 tcpflags \
             0x18<PUSH,ACK>; tcp_do_segment: x, sending RST from 1.2.3.4 port 5",
            "2026-11-30 03:12:07.1+0100 0x1 Default 0x0 812 0 app: kernel: tcp control outgoing RST ACK \
             [10.0.0.1:40000<->10.0.0.2:80] interface: en0",
            "<Event xmlns='x'><System><Provider Name='App'/><EventID>1039</EventID></System><EventData><Data Name='x'>\
             Microsoft-Windows-TCPIP</Data><Data Name='LocalAddress'>10.0.0.1:1</Data><Data \
             Name='RemoteAddress'>10.0.0.2:2</Data></EventData></Event>",
        ];
        for line in lines {
            let foreign = read(line);
            assert_eq!((foreign.claims.len(), foreign.resets.len()), (0, 0), "{line}");
        }
    }

    #[test]
    fn whatever_is_cut_off_is_counted_and_never_ends_in_a_panic() {
        for end in 0..NETSH.len() {
            let foreign = read(NETSH.get(..end).unwrap_or_default());
            assert!(foreign.tally.claims <= 3);
        }
        let hostile =
            ["<Event>", "</Event><Event", "Event Name,User Data\n,,,\"", "[0]::[Microsoft-Windows-TCPIP]TCP: (local="];
        for text in hostile {
            assert_eq!(read(text).claims.len(), 0, "{text}");
        }
    }
}
