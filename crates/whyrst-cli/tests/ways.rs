//! However a capture is read, the same is told: twice or once, frame by frame, on one thread or on
//! several. Over the fixtures, over captures of random conversations, and over damaged ones.

#![expect(clippy::cast_possible_truncation, reason = "small random numbers become octets of packets")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What is told, and in which format.
const TELLINGS: &[&[&str]] = &[
    &["--format", "json", "--all"],
    &["--format", "text", "--fold", "never", "--no-ladder"],
    &["--summary", "--format", "json"],
];
/// Ways to read that must lead to the same as that which is chosen without a word; `--verbose` says more of it to
/// people, and the same to machines.
const WAYS: &[&[&str]] =
    &[&["--jobs", "1"], &["--jobs", "3"], &["--once", "--jobs", "1"], &["--once", "--jobs", "2"], &["--verbose"]];

fn explain(files: &[PathBuf], arguments: &[&[&str]]) -> Output {
    let arguments = arguments.iter().flat_map(|some| some.iter());
    let mut command = Command::new(env!("CARGO_BIN_EXE_whyrst"));
    command.env("LC_ALL", "C");
    command.arg("explain").args(arguments).args(files).output().expect("whyrst runs")
}

/// The members of two objects that differ; of anything else, both lines.
fn difference(got: &str, wanted: &str) -> String {
    let parsed = |line: &str| serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(line);
    let (Ok(one), Ok(other)) = (parsed(got), parsed(wanted)) else { return format!("{got}\n{wanted}") };
    let keys = one.keys().chain(other.keys().filter(|key| !one.contains_key(*key)));
    let unlike = keys.filter(|key| one.get(*key) != other.get(*key));
    let lines: Vec<String> = unlike.map(|key| format!("{key}: {:?}\nnot {:?}", one.get(key), other.get(key))).collect();
    lines.join("\n")
}

/// How many resets were told.
fn told_alike(files: &[PathBuf], tellings: &[&[&str]]) -> usize {
    let mut resets = 0;
    for telling in tellings {
        let expected = explain(files, &[telling]);
        resets += String::from_utf8_lossy(&expected.stdout).matches("\"whyrst.reset/1\"").count();
        let for_people = telling.contains(&"text");
        for way in WAYS.iter().filter(|way| !(for_people && way.contains(&"--verbose"))) {
            let output = explain(files, &[telling, way]);
            assert_eq!(output.status.code(), expected.status.code(), "{files:?} {telling:?} {way:?}");
            let [got, wanted] = [&output, &expected].map(|output| String::from_utf8_lossy(&output.stdout));
            let differs = got.lines().zip(wanted.lines()).find(|(got, wanted)| got != wanted);
            let where_it_differs = differs.map(|(got, wanted)| difference(got, wanted));
            assert!(got == wanted, "{files:?} {telling:?} {way:?}: {where_it_differs:#?}");
        }
    }
    resets
}

/// What a report concludes.
fn conclusion(told: &serde_json::Value) -> serde_json::Value {
    let keys = ["verdict", "family", "mechanism", "reasons", "alternatives", "severity", "siblings", "twin", "origin"];
    keys.into_iter().map(|key| (key.to_owned(), told[key].clone())).collect::<serde_json::Map<_, _>>().into()
}

fn resets_of(output: &Output) -> Vec<serde_json::Value> {
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let objects = lines.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    objects.filter(|object| object["schema"] == "whyrst.reset/1").collect()
}

#[test]
fn a_filter_chooses_among_reports_and_changes_none() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let fixtures: Vec<PathBuf> = fs::read_dir(folder).expect("fixtures").map(|one| one.expect("one").path()).collect();
    let captures = fixtures.iter().flat_map(|folder| ["client.pcapng", "server.pcapng"].map(|name| folder.join(name)));
    let mut compared = 0;
    for capture in captures.filter(|path| path.is_file()) {
        let files = [capture];
        let all = resets_of(&explain(&files, &[&["--format", "json"]]));
        for told in all.iter().filter(|_| all.len() > 1) {
            let filter = told["capture_filter"].as_str().expect("a filter");
            for way in [&[][..], &["--once"], &["--verbose"]] {
                let chosen = resets_of(&explain(&files, &[&["--format", "json", "--filter", filter], way]));
                let same = chosen.iter().find(|one| one["resets"] == told["resets"]);
                let same = same.unwrap_or_else(|| panic!("{files:?} {filter} {way:?}: it is not told"));
                assert_eq!(conclusion(same), conclusion(told), "{files:?} {filter} {way:?}");
                compared += 1;
            }
        }
    }
    assert!(compared > 30, "{compared} reports are few");
}

#[test]
fn fixtures_are_told_alike() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let mut resets = 0;
    for entry in fs::read_dir(folder).expect("there are fixtures").flatten() {
        let ends = ["client.pcapng", "server.pcapng"].map(|name| entry.path().join(name));
        for end in ends.into_iter().filter(|path| path.exists()) {
            resets += told_alike(&[end], &TELLINGS[..1]);
        }
    }
    assert!(resets > 20, "{resets}");
}

#[test]
fn random_conversations_are_told_alike() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for seed in 1..=4 {
        let capture = folder.path().join(format!("{seed}.pcap"));
        fs::write(&capture, Maker::new(seed).pcap(20_000)).expect("the folder is writable");
        assert!(told_alike(&[capture], TELLINGS) > 100, "seed {seed}");
    }
}

#[test]
fn files_of_one_time_and_of_one_after_the_other_are_told_alike() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let names = ["first.pcap", "second.pcap", "third.pcap"].map(|name| folder.path().join(name));
    let mut maker = Maker::new(11);
    // The second goes on where the first ends, the third begins with it.
    for (name, from) in names.iter().zip([0, 3_000, 3_000]) {
        maker.now = Maker::START + from * 1_000_000_000;
        fs::write(name, maker.pcap(6_000)).expect("the folder is writable");
    }
    assert!(told_alike(&names, TELLINGS) > 100);
}

#[test]
fn blocks_of_every_kind_are_told_alike() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for seed in 31..=32 {
        let capture = folder.path().join(format!("{seed}.pcapng"));
        fs::write(&capture, Maker::new(seed).pcapng(10_000)).expect("the folder is writable");
        assert!(told_alike(&[capture], TELLINGS) > 100, "seed {seed}");
    }
}

/// Some are read twice and some once; damaged ones as far as they can be unpacked.
#[test]
fn compressed_captures_are_told_alike() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let plain = Maker::new(41).pcap(10_000);
    for (ending, packed) in [("gz", gzip(&plain)), ("zst", zstandard(&plain)), ("lz4", lz4(&plain))] {
        let (whole, cut) = ([ending, "pcap"].join("."), ["cut", ending].join("."));
        let [whole, cut] = [whole, cut].map(|name| folder.path().join(name));
        fs::write(&whole, &packed).expect("the folder is writable");
        fs::write(&cut, &packed[..packed.len() / 3 * 2]).expect("the folder is writable");
        assert!(told_alike(&[whole], TELLINGS) > told_alike(&[cut], TELLINGS), "{ending}");
    }
}

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    flate2::read::GzEncoder::new(octets, flate2::Compression::fast()).read_to_end(&mut packed).expect("it is packed");
    packed
}

fn zstandard(octets: &[u8]) -> Vec<u8> {
    zstd::encode_all(octets, 1).expect("it is packed")
}

fn lz4(octets: &[u8]) -> Vec<u8> {
    let mut packed = lz4_flex::frame::FrameEncoder::new(Vec::new());
    packed.write_all(octets).expect("it is packed");
    packed.finish().expect("it is packed")
}

#[test]
fn damaged_captures_are_told_alike() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for seed in 21..=28 {
        let mut maker = Maker::new(seed);
        let mut octets = if seed % 2 == 0 { maker.pcap(8_000) } else { maker.pcapng(8_000) };
        for _ in 0..40 {
            let at = 24 + maker.below(octets.len() as u64 - 24) as usize;
            octets[at] = maker.below(256) as u8;
        }
        octets.truncate(octets.len() - maker.below(60) as usize);
        let capture = folder.path().join(format!("{seed}.pcap"));
        fs::write(&capture, octets).expect("the folder is writable");
        told_alike(&[capture], TELLINGS);
    }
}

/// Makes captures in which most things happen that can happen to a connection, and some that cannot.
struct Maker {
    state: u64,
    now: i64,
}

impl Maker {
    const START: i64 = 1_700_000_000_000_000_000;

    fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, now: Self::START }
    }

    /// Less than `bound` (xorshift64*).
    fn below(&mut self, bound: u64) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        (self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    }

    fn one_of<T: Copy>(&mut self, some: &[T]) -> T {
        some[self.below(some.len() as u64) as usize]
    }

    fn pcap(&mut self, frames: usize) -> Vec<u8> {
        let words = [0xa1b2_3c4d, 0x0004_0002, 0, 0, 65_535, 1u32];
        let mut file: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        for _ in 0..frames {
            self.pass_time();
            let frame = self.frame();
            let (second, nanos) = (self.now / 1_000_000_000, self.now % 1_000_000_000);
            let word = |number: i64| u32::try_from(number).expect("times of a test are after 1970");
            let header = [word(second), word(nanos), frame.len() as u32, frame.len() as u32 + 7];
            file.extend(header.iter().flat_map(|word| word.to_le_bytes()));
            file.extend(frame);
        }
        file
    }

    /// Of three interfaces, the last of which is none of Ethernet, and with blocks that are no packets or odd.
    fn pcapng(&mut self, frames: usize) -> Vec<u8> {
        let mut file = block(0x0a0d_0d0a, &[&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat());
        let nanos = [9u8, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0];
        for (link, options) in [(1u16, &nanos[..]), (1, &[]), (101, &nanos)] {
            let start = [&link.to_le_bytes()[..], &[0; 6]].concat();
            file.extend(block(1, &[&start[..], options].concat()));
        }
        for _ in 0..frames {
            self.pass_time();
            let frame = self.frame();
            file.extend(self.packet_block(&frame));
        }
        file
    }

    fn packet_block(&mut self, frame: &[u8]) -> Vec<u8> {
        const ETHERNET: usize = 14;
        let odd = self.below(400);
        let interface = match odd {
            0 => 7,
            1..=4 if frame[12..14] == [8, 0] => 2,
            _ => self.below(8) as u32 / 7,
        };
        let frame = if interface == 2 { &frame[ETHERNET..] } else { frame };
        let ticks = self.now.unsigned_abs() / if interface == 1 { 1_000 } else { 1 };
        let length = frame.len() as u32;
        let captured = if odd == 5 { length + 90 } else { length };
        let original = if odd == 6 { length - 10 } else { captured + 7 };
        let words = [interface, (ticks >> 32) as u32, ticks as u32, captured, original];
        let mut body: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        body.extend(frame);
        body.resize(body.len().next_multiple_of(4), 0);
        if odd == 8 {
            body.extend([1, 0, 3, 0, b'y', b'e', b's', 0, 0, 0, 0, 0]);
        }
        let mut packet = block(6, &body);
        match odd {
            9 => packet.extend(block(5, &[0; 12])),
            10 => packet.extend(block(0x0bad, &[0; 8])),
            11 => *packet.last_mut().expect("a block ends with its length") = 9,
            12 => packet.extend(block(3, &[&60u32.to_le_bytes()[..], &[0; 60]].concat())),
            _ => {}
        }
        packet
    }

    /// Mostly some microseconds, sometimes as long as something is waited for.
    fn pass_time(&mut self) {
        self.now += match self.below(2_000) {
            0 => 131_000_000_000,
            1 => 21_000_000_000,
            2..20 => self.below(11_000_000_000).cast_signed(),
            20..24 => -self.below(3_000_000).cast_signed(),
            _ => self.below(2_000_000).cast_signed(),
        };
    }

    fn frame(&mut self) -> Vec<u8> {
        let ethernet = [[2u8, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]].concat();
        let tag: &[u8] = if self.below(50) == 0 { &[0x81, 0, 0, 7] } else { &[] };
        let (client, server) = (40_000 + self.below(300) as u16, self.one_of(&[80u16, 443, 8_888, 50_000]));
        let by_client = self.below(2) == 0;
        let tcp = self.tcp(if by_client { [client, server] } else { [server, client] });
        let hosts = if by_client { [1u8, 2] } else { [2, 1] };
        let ip = match (client % 4, self.below(400)) {
            (_, 0) => self.icmp(hosts, &tcp),
            (_, 1) => return [&ethernet[..], &[8, 6], &[0; 28]].concat(),
            (0, _) => v6(hosts, &tcp),
            (_, number) => {
                let fragment = if number == 2 { [0x20, 0] } else { [0x40, 0] };
                v4(hosts, 6, self.below(30) as u16, fragment, &tcp)
            }
        };
        let kind: [u8; 2] = if client % 4 == 0 && ip[0] >> 4 == 6 { [0x86, 0xdd] } else { [8, 0] };
        [&ethernet[..], tag, &kind, &ip].concat()
    }

    fn tcp(&mut self, ports: [u16; 2]) -> Vec<u8> {
        const FLAGS: [u8; 20] = [
            2, 2, 2, 0x12, 0x12, 0x10, 0x10, 0x10, 0x10, 0x10, 0x18, 0x18, 0x18, 0x18, 0x18, 0x11, 0x11, 0x11, 4, 0x14,
        ];
        let flags = if self.below(300) == 0 { self.below(256) as u8 } else { self.one_of(&FLAGS) };
        // Resets are few, as they are.
        let flags = if flags & 4 != 0 && self.below(3) > 0 { 0x10 } else { flags };
        // Kernels begin a connection at a number of its own (RFC 6528): the same handshake under two tuples is none by chance.
        let first = u32::from(ports[0]).wrapping_mul(u32::from(ports[1])) & 0x3fff_ffff;
        let numbers = [first + self.below(4) as u32, first + self.below(6) as u32];
        let options: &[u8] = match self.below(10) {
            0..5 => &[1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 8],
            5 if flags & 2 != 0 => &[2, 4, 5, 0xb4, 1, 3, 3, 7],
            6 => &[30, 4, 1, 2],
            7 => &[8, 3, 0, 0],
            _ => &[],
        };
        let payload = if flags & 8 == 0 { 0 } else { self.below(3) as usize };
        let offset = (20 + options.len() as u8) << 2;
        let fixed = [&[offset, flags][..], &(1_000 + self.below(3) as u16).to_be_bytes(), &[0; 4]].concat();
        let head = [ports.map(u16::to_be_bytes).concat(), numbers.map(u32::to_be_bytes).concat(), fixed].concat();
        [&head[..], options, &b"abc"[..payload]].concat()
    }

    /// A router says that `tcp` did not arrive.
    fn icmp(&mut self, hosts: [u8; 2], tcp: &[u8]) -> Vec<u8> {
        let quoted = v4(hosts, 6, 0, [0x40, 0], tcp);
        let code = self.one_of(&[0u8, 1, 3, 13]);
        v4([9, hosts[0]], 1, 0, [0, 0], &[&[3, code, 0, 0, 0, 0, 0, 0][..], &quoted].concat())
    }
}

/// A block of pcapng.
fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let length = (12 + body.len() as u32).to_le_bytes();
    [&kind.to_le_bytes()[..], &length, body, &length].concat()
}

fn v4(hosts: [u8; 2], protocol: u8, id: u16, fragment: [u8; 2], payload: &[u8]) -> Vec<u8> {
    let total = 20 + payload.len() as u16;
    let first = [&[0x45, 0][..], &total.to_be_bytes(), &id.to_be_bytes(), &fragment, &[64, protocol, 0, 0]].concat();
    [&first[..], &[10, 0, 0, hosts[0], 10, 0, 0, hosts[1]], payload].concat()
}

fn v6(hosts: [u8; 2], payload: &[u8]) -> Vec<u8> {
    let first = [&[0x60, 0, 0, 0][..], &(payload.len() as u16).to_be_bytes(), &[6, 64]].concat();
    let address = |host: u8| [&[0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &[host]].concat();
    [first, address(hosts[0]), address(hosts[1]), payload.to_vec()].concat()
}
