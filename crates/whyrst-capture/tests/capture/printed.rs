//! Printed captures: what the real tcpdump and tshark print of every fixture must keep the packets' verdict as far as text
//! can, and never make it surer; and pastes as people make them.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;

use whyrst_capture::{Capture, Note, OpenError, Step};
use whyrst_core::outcome::OutcomeKind;
use whyrst_core::tracker::{Limits, Tracker};
use whyrst_core::verdict::{Confidence, judge};

/// tshark takes half a second to start: one fixture of so many is enough for each of its forms. The numbers of all are in
/// docs/formats.md.
const SLOW: usize = 9;

/// What is compared of a verdict.
#[derive(Clone, PartialEq, Debug)]
struct Verdict {
    family: Option<(&'static str, Confidence)>,
    lead: Option<&'static str>,
    confidence: Confidence,
}

fn verdicts(mut capture: Capture) -> Vec<Verdict> {
    let mut tracker = Tracker::new(Limits::default());
    loop {
        match capture.next().expect("it can be read") {
            Step::Observation(seen) => tracker.observe(&seen),
            Step::PassedOver(..) | Step::Idle => {}
            Step::End => break,
        }
    }
    tracker.finish();
    let resets = std::iter::from_fn(|| tracker.poll()).filter(|outcome| outcome.kind() == OutcomeKind::Reset);
    resets
        .map(|outcome| {
            let judgement = judge(&outcome);
            Verdict {
                family: judgement.shape.map(|shape| (shape.family.name(), shape.confidence)),
                lead: judgement.cause.map(|cause| cause.id),
                confidence: judgement.confidence,
            }
        })
        .collect()
}

fn open(text: &str) -> Result<Capture, OpenError> {
    Capture::from_reader(Cursor::new(text.to_owned()), "paste", 0)
}

/// The verdicts on `text`, and what is noted about it.
fn read(text: &str) -> (Vec<Verdict>, Vec<String>) {
    let judged = verdicts(open(text).unwrap_or_else(|error| panic!("{error}")));
    let mut capture = open(text).expect("as before");
    while !matches!(capture.next().expect("it can be read"), Step::End) {}
    (judged, capture.notes().iter().map(ToString::to_string).collect())
}

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let mut captures = Vec::new();
    for scenario in std::fs::read_dir(folder).expect("the fixtures are there").flatten().map(|entry| entry.path()) {
        let files = std::fs::read_dir(&scenario).into_iter().flatten().flatten().map(|entry| entry.path());
        captures.extend(files.filter(|path| path.extension().is_some_and(|kind| kind == "pcapng")));
    }
    captures.sort();
    captures
}

/// How many of the fixtures' resets keep what.
#[derive(Default, Debug)]
struct Kept {
    all: usize,
    family: usize,
    lead: usize,
    surer: Vec<String>,
}

impl Kept {
    /// Of what `program` prints of every so manieth fixture, the file as its last argument.
    fn of(program: &str, arguments: &[&str], every: usize) -> Self {
        let mut kept = Self::default();
        for path in fixtures().into_iter().step_by(every) {
            let printed = Command::new(program).args(arguments).arg(&path).output();
            let printed = printed.unwrap_or_else(|error| panic!("{program} does not run ({error}): cargo xtask setup"));
            let captured = verdicts(Capture::open(&path, 0).expect("a fixture"));
            let text = Capture::from_reader(Cursor::new(printed.stdout), "text", 0);
            let from_text = text.map(verdicts).unwrap_or_default();
            for (at, packets) in captured.iter().enumerate() {
                kept.count(packets, from_text.get(at), &path);
            }
        }
        kept
    }

    fn count(&mut self, packets: &Verdict, text: Option<&Verdict>, path: &Path) {
        self.all += 1;
        let Some(text) = text else { return };
        let name = |verdict: &Verdict| verdict.family.map(|(name, _)| name);
        let sure = |verdict: &Verdict| verdict.family.map(|(_, sure)| sure);
        self.family += usize::from(name(text) == name(packets));
        self.lead += usize::from(text.lead == packets.lead);
        // That too little is shown to name a shape is no claim.
        let claims = name(text) != Some("unseen");
        let is_surer = claims && (sure(text) > sure(packets) || text.confidence > packets.confidence);
        if is_surer {
            self.surer.push(format!("{}: {packets:?} became {text:?}", path.display()));
        }
    }

    #[track_caller]
    fn assert_keeps(&self, family: usize, lead: usize) {
        assert!(self.all > 20, "{self:?}");
        assert!(self.family * 100 >= self.all * family, "family: {} of {}", self.family, self.all);
        assert!(self.lead * 100 >= self.all * lead, "leading id: {} of {}", self.lead, self.all);
        assert!(self.surer.is_empty(), "{:#?}", self.surer);
    }
}

#[test]
fn what_tcpdump_prints_keeps_the_verdict() {
    Kept::of("tcpdump", &["-n", "-r"], 1).assert_keeps(95, 72);
}

#[test]
fn what_tcpdump_prints_of_headers_keeps_more() {
    Kept::of("tcpdump", &["-n", "-vv", "-r"], 1).assert_keeps(95, 85);
}

#[test]
fn a_dump_of_tcpdump_keeps_all_that_is_in_the_packets() {
    Kept::of("tcpdump", &["-n", "-x", "-r"], 1).assert_keeps(99, 97);
}

#[test]
fn the_packet_list_of_tshark_keeps_the_verdict() {
    Kept::of("tshark", &["-n", "-r"], SLOW).assert_keeps(85, 65);
}

#[test]
fn the_json_of_tshark_keeps_what_is_in_the_packets() {
    Kept::of("tshark", &["-n", "-T", "json", "-r"], SLOW).assert_keeps(95, 85);
}

#[test]
fn the_pdml_of_tshark_keeps_what_is_in_the_packets() {
    Kept::of("tshark", &["-n", "-T", "pdml", "-r"], SLOW).assert_keeps(95, 85);
}

#[test]
fn the_details_of_tshark_keep_what_is_in_the_headers() {
    Kept::of("tshark", &["-n", "-V", "-r"], SLOW).assert_keeps(95, 75);
}

const REFUSED: &str = "\
12:00:00.000000 IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 4126685846, win 64240, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0
12:00:00.010000 IP 10.0.0.2.80 > 10.0.0.1.40000: Flags [R.], seq 0, ack 4126685847, win 0, length 0
";

const ABORTED: &str = "\
12:00:00.000 IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 4126685846, win 64240, options [mss 1460], length 0
12:00:00.010 IP 10.0.0.2.80 > 10.0.0.1.40000: Flags [S.], seq 99, ack 4126685847, win 65160, options [mss 1460], length 0
12:00:00.010 IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [.], ack 1, win 64240, length 0
12:00:00.011 IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [P.], seq 1:101, ack 1, win 64240, length 100: HTTP: GET / HTTP/1.1
12:00:00.021 IP 10.0.0.2.80 > 10.0.0.1.40000: Flags [R.], seq 1, ack 101, win 65060, length 0
";

#[track_caller]
fn assert_family(text: &str, family: &str) {
    let (judged, notes) = read(text);
    let shown: Vec<_> = judged.iter().map(|one| one.family.map(|(name, _)| name)).collect();
    assert_eq!(shown, [Some(family)], "{notes:?}");
}

#[test]
fn a_paste_is_read_through_what_mails_and_chats_put_around_it() {
    let quoted = |text: &str, by: &str| text.lines().flat_map(|line| [by, line, "\n"]).collect::<String>();
    let numbered: Vec<String> =
        ABORTED.lines().enumerate().map(|(at, line)| format!("{:4}  {line}\n", at + 1)).collect();
    let numbered = numbered.concat();
    let wrapped: String = ABORTED
        .split(' ')
        .enumerate()
        .fold(String::new(), |text, (at, word)| text + word + if at % 9 == 8 { "\n" } else { " " });
    let pastes = [
        quoted(ABORTED, "> "),
        quoted(ABORTED, "> > "),
        quoted(ABORTED, "    "),
        format!("Hi all, we see this since monday:\n\n```text\n{ABORTED}```\nany ideas?\n"),
        ABORTED.replace('>', "&gt;"),
        ABORTED.replace('\n', "\r\n"),
        ABORTED.replace(", length", ",  length"),
        quoted(ABORTED, "\u{1b}[32m"),
        numbered,
        wrapped,
    ];
    for paste in pastes {
        assert_family(&paste, "aborted");
    }
}

/// tcpdump prints the first line of what SMTP, FTP, RTSP and HTTP say.
#[test]
fn the_line_that_tcpdump_prints_of_a_text_protocol_is_what_was_said() {
    let text = "\
12:00:00.000 IP 10.0.0.1.40000 > 10.0.0.2.25: Flags [S], seq 1000, win 64240, options [mss 1460], length 0
12:00:00.010 IP 10.0.0.2.25 > 10.0.0.1.40000: Flags [S.], seq 5000, ack 1001, win 65160, options [mss 1460], length 0
12:00:00.010 IP 10.0.0.1.40000 > 10.0.0.2.25: Flags [.], ack 1, win 64240, length 0
12:00:00.020 IP 10.0.0.2.25 > 10.0.0.1.40000: Flags [P.], seq 1:32, ack 1, win 65160, length 31: SMTP: 421 4.7.0 Too many connections
12:00:00.020 IP 10.0.0.2.25 > 10.0.0.1.40000: Flags [F.], seq 32, ack 1, win 65160, length 0
12:00:00.030 IP 10.0.0.1.40000 > 10.0.0.2.25: Flags [P.], seq 1:7, ack 33, win 64240, length 6: SMTP: QUIT
12:00:00.031 IP 10.0.0.2.25 > 10.0.0.1.40000: Flags [R], seq 5033, win 0, length 0
";
    let (judged, notes) = read(text);
    assert_eq!(judged.iter().map(|one| one.lead).collect::<Vec<_>>(), [Some("refused-in-words")], "{notes:?}");
    let silent = text.replace(": SMTP: 421 4.7.0 Too many connections", "").replace(": SMTP: QUIT", "");
    assert_eq!(read(&silent).0[0].lead, Some("data-after-close"));
}

#[test]
fn a_text_of_16_bits_as_powershell_writes_it_is_read() {
    let units = std::iter::once(0xfeff).chain(ABORTED.encode_utf16());
    let bytes: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
    let capture = Capture::from_reader(Cursor::new(bytes), "utf16", 0).expect("it is text");
    assert_eq!(verdicts(capture).len(), 1);
}

#[test]
fn what_tcpdump_printed_until_version_3_is_read() {
    let old = "\
10:00:00.1 10.0.0.1.40000 > 10.0.0.2.80: S 1000:1000(0) win 5840 <mss 1460,sackOK,timestamp 1 0,nop,wscale 0>
10:00:00.2 10.0.0.2.80 > 10.0.0.1.40000: R 0:0(0) ack 1001 win 0
";
    assert_family(old, "refused");
}

#[test]
fn names_have_addresses_that_stand_for_them_and_it_is_said() {
    let named = REFUSED.replace("10.0.0.1.", "web1.example.com.").replace("10.0.0.2.80", "db.http");
    let (judged, notes) = read(&named);
    assert_eq!(judged.len(), 1);
    assert!(notes.iter().any(|note| note.contains("web1.example.com (and 1 more) is shown as 240.0.0.1")), "{notes:?}");
}

#[test]
fn lines_that_are_no_packets_are_counted_and_the_first_is_shown() {
    let text = format!("hello\n{REFUSED}what is this?\n");
    let (_, notes) = read(&text);
    let said = "2 lines could not be read as packets, the first is line 1: hello";
    assert!(notes.iter().any(|note| note == said), "{notes:?}");
    let unknown = "read from text: TTL, IP ID, DSCP and checksums unknown; its times have no date";
    assert!(notes.iter().any(|note| note == unknown), "{notes:?}");
}

#[test]
fn a_text_without_packets_is_no_capture_and_it_is_said_what_would_help() {
    for text in [
        "Dear all,\nthe connection is reset.\n",
        "{\"a\": 1}\n",
        "State Recv-Q Send-Q Local Address:Port Peer Address:Port\nESTAB 0 0 10.0.0.1:22 10.0.0.2:4000\n",
        "[NEW] tcp 6 120 SYN_SENT src=10.0.0.1 dst=10.0.0.2 sport=40000 dport=80 [UNREPLIED]\n",
        "curl: (56) Recv failure: Connection reset by peer\n",
    ] {
        let Err(error) = open(text) else { panic!("{text:?} is no capture") };
        assert!(error.is_no_capture(), "{error}");
    }
}

#[test]
fn frames_have_the_numbers_that_were_printed() {
    let list = "\
   17 0.000000 10.0.0.1 → 10.0.0.2 TCP 74 40000 → 80 [SYN] Seq=0 Win=64240 Len=0 MSS=1460
   23 0.010000 10.0.0.2 → 10.0.0.1 TCP 54 80 → 40000 [RST, ACK] Seq=1 Ack=1 Win=0 Len=0
";
    let mut capture = open(list).expect("a packet list");
    let mut numbers = Vec::new();
    loop {
        match capture.next().expect("it can be read") {
            Step::Observation(seen) => numbers.push(seen.frame.number()),
            Step::End => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(numbers, [17, 23]);
    assert!(capture.notes().iter().any(|note| matches!(note, Note::FromText { .. })));
    assert_family(list, "refused");
}

#[test]
fn an_export_as_csv_is_read_with_its_header_and_without() {
    let csv = "\
\"No.\",\"Time\",\"Source\",\"Destination\",\"Protocol\",\"Length\",\"Info\"
\"1\",\"0.000000\",\"10.0.0.1\",\"10.0.0.2\",\"TCP\",\"74\",\"40000  >  80 [SYN] Seq=0 Win=64240 Len=0 MSS=1460\"
\"2\",\"0.010000\",\"10.0.0.2\",\"10.0.0.1\",\"TCP\",\"54\",\"80  >  40000 [RST, ACK] Seq=1 Ack=1 Win=0 Len=0\"
";
    assert_family(csv, "refused");
    assert_family(csv.split_once('\n').expect("lines").1, "refused");
    let fields = "\
frame.number\tframe.time_epoch\tip.src\tip.dst\ttcp.srcport\ttcp.dstport\ttcp.flags\ttcp.seq_raw\ttcp.ack_raw\ttcp.len
1\t1700000000.0\t10.0.0.1\t10.0.0.2\t40000\t80\t0x0002\t1000\t0\t0
2\t1700000000.1\t10.0.0.2\t10.0.0.1\t80\t40000\t0x0014\t0\t1001\t0
";
    assert_family(fields, "refused");
}

#[test]
fn flows_of_hubble_are_read_without_numbers() {
    let flow = |from: &str, to: &str, ports: (u16, u16), flags: &str, at: u32| {
        format!(
            r#"{{"flow":{{"time":"2026-01-31T12:00:0{at}.000000000Z","verdict":"FORWARDED","IP":{{"source":"{from}","destination":"{to}","ipVersion":"IPv4"}},"l4":{{"TCP":{{"source_port":{},"destination_port":{},"flags":{{{flags}}}}}}}}},"node_name":"n"}}"#,
            ports.0, ports.1
        ) + "\n"
    };
    let text = flow("10.0.0.1", "10.0.0.2", (40_000, 80), r#""SYN":true"#, 0)
        + &flow("10.0.0.2", "10.0.0.1", (80, 40_000), r#""RST":true,"ACK":true"#, 1);
    assert_family(&text, "refused");
}

#[test]
fn an_excerpt_with_relative_numbers_alone_is_read() {
    let (judged, notes) = read(
        "\
12:00:00.011 IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [P.], seq 1:101, ack 1, win 64240, length 100
12:00:00.015 IP 10.0.0.2.80 > 10.0.0.1.40000: Flags [P.], seq 1:51, ack 101, win 65060, length 50
12:00:00.016 IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [.], ack 51, win 64240, length 0
12:00:00.021 IP 10.0.0.2.80 > 10.0.0.1.40000: Flags [R.], seq 51, ack 101, win 65060, length 0
",
    );
    assert_eq!(judged[0].family.map(|(name, _)| name), Some("aborted"));
    assert!(notes[0].contains("absolute sequence numbers"), "{notes:?}");
}

#[test]
fn hostile_lines_are_read_to_their_end() {
    let long = "A".repeat(200_000);
    let brackets = "[{".repeat(100_000);
    let arrows = "1.2.3.4.5 > ".repeat(20_000);
    for evil in [
        long.as_str(),
        &brackets,
        &arrows,
        "12:00:00.1 IP \u{0}\u{202e}",
        "\"\"\"\"\"\",\",\",\"",
        "<packet><field name=\"",
    ] {
        for text in
            [format!("{REFUSED}{evil}\n"), format!("{evil}\n{REFUSED}"), format!("{REFUSED}12:00:01.0 IP {evil}\n")]
        {
            if let Ok(capture) = open(&text) {
                assert!(verdicts(capture).len() <= 1);
            }
        }
    }
}
