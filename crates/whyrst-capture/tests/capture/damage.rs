//! Input that is broken: what is readable is read, the rest is said, and nothing panics.

use std::fs;
use std::io::{self, Cursor, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;

use nix::unistd::{Uid, setfsuid};
use proptest::prelude::*;
use whyrst_capture::{Capture, LinkType, OpenError, Reason, Step};

use crate::support::containers::{self as wrap, Order, Pcap, Timed, timed};
use crate::support::{Kept, frames, notes, open, read, steps};

const ETHERNET: u16 = 1;

fn sample() -> Vec<Timed> {
    timed(frames::all())
}

fn pcap() -> Vec<u8> {
    wrap::pcap(Order::Little, Pcap::Micro, ETHERNET, &sample())
}

fn pcapng() -> Vec<u8> {
    wrap::pcapng(Order::Big, ETHERNET, &sample())
}

fn open_error(bytes: &[u8]) -> String {
    open(bytes).expect_err("no capture").to_string()
}

#[test]
fn what_is_no_capture_says_in_one_line_what_it_looks_like() {
    assert_eq!(open_error(b""), "cannot read test: it is empty");
    assert_eq!(
        open_error(b"PK\x03\x04...."),
        "cannot read test: not a capture, it looks like a ZIP archive where one capture is expected (unpack it first)"
    );
    assert_eq!(
        open_error(b"no"),
        "cannot read test: not a capture, it looks like text without a packet as tcpdump, tshark or \
         Wireshark prints them (best: `tcpdump -n -S -vv`)"
    );
    assert_eq!(
        open_error(&zstd::encode_all(&b"\x7fELF\x02"[..], 1).unwrap()),
        "cannot read test: not a capture, it looks like an ELF program"
    );
    assert_eq!(
        open_error(&[&pcapng()[..8], &[0; 4]].concat()),
        "cannot read test: not a capture, it looks like pcapng whose byte-order magic is damaged"
    );
}

#[test]
fn a_file_header_that_is_cut_says_how_much_is_missing() {
    assert_eq!(open_error(&pcap()[..20]), "cannot read the file header of test: 24 bytes needed, 20 present");
    assert_eq!(open_error(&pcapng()[..11]), "cannot read the file header of test: 12 bytes needed, 11 present");
}

#[test]
fn damaged_compression_before_the_file_header_is_an_error() {
    assert_eq!(open_error(&[0x1f, 0x8b, 8, 0]), "cannot decompress test: unexpected end of file");
    assert!(open_error(&[0x28, 0xb5, 0x2f, 0xfd, 0xff, 0xff]).starts_with("cannot decompress test: "));
    assert!(open_error(&[0x04, 0x22, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff]).starts_with("cannot decompress test: "));
}

fn open_path_error(path: &Path) -> String {
    Capture::open(path, 0).expect_err("no capture").to_string()
}

#[test]
fn files_that_cannot_be_opened_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    assert_eq!(open_path_error(folder.path()), format!("cannot read {path}: it is a directory"));
    let missing = folder.path().join("missing.pcap");
    assert_eq!(
        open_path_error(&missing),
        format!("cannot open {path}/missing.pcap: No such file or directory (os error 2)")
    );
}

/// `/proc/self/mem` opens, and its first page cannot be read.
#[test]
fn a_file_that_opens_but_cannot_be_read_says_why() {
    assert_eq!(
        open_path_error("/proc/self/mem".as_ref()),
        "cannot open /proc/self/mem: Input/output error (os error 5)"
    );
}

/// The superuser would read it all the same, but not as the user "nobody", whom this thread
/// becomes where files are concerned.
#[test]
fn a_file_without_permission_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("forbidden.pcap");
    fs::write(&path, pcap()).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    let name = path.display().to_string();
    let error = thread::spawn(move || {
        setfsuid(Uid::from_raw(65_534));
        open_path_error(&path)
    });
    assert_eq!(error.join().unwrap(), format!("cannot open {name}: Permission denied (os error 13)"));
}

#[test]
fn a_capture_cut_anywhere_gives_what_stood_before_the_cut() {
    for whole in [pcap(), pcapng()] {
        let all = read(&whole).0;
        for end in 0..whole.len() {
            let Ok(mut capture) = open(&whole[..end]) else {
                assert!(end < 24, "the file header is there at {end}");
                continue;
            };
            let mut before = steps(&mut capture);
            if let Some(Kept::PassedOver(frame, Reason::RecordCut)) = before.last().cloned() {
                before.pop();
                assert_eq!(frame, before.len() as u64 + 1);
                assert!(notes(&capture)[0].starts_with(&format!("cut in the middle of frame {frame}: ")));
            } else {
                assert_eq!(notes(&capture), [""; 0], "cut between records at {end}");
            }
            assert_eq!(before, all[..before.len()]);
        }
    }
}

#[test]
fn a_cut_says_how_much_is_missing() {
    let whole = pcap();
    let (_, capture) = read(&whole[..24 + 16 + 12]);
    assert_eq!(notes(&capture), ["cut in the middle of frame 1: 90 bytes needed, 28 present"]);
}

/// A capture of several copies of the sample, with one record header overwritten.
fn with_damaged_record(captured: u32) -> Vec<u8> {
    let order = Order::Little;
    let mut file = wrap::pcap_header(order, Pcap::Micro, ETHERNET);
    for (number, frame) in sample().iter().chain(&sample()).enumerate() {
        let mut record = wrap::pcap_record(order, Pcap::Micro, frame);
        if number == 3 {
            record[8..12].copy_from_slice(&order.u32(captured));
        }
        file.extend(record);
    }
    file
}

#[test]
fn after_an_absurd_length_reading_goes_on_at_the_next_record() {
    let whole = [read(&pcap()).0, read(&pcap()).0].concat();
    for captured in [u32::MAX, 0x8000_0000, 300_000] {
        let (steps, capture) = read(&with_damaged_record(captured));
        assert_eq!(steps[..3], whole[..3]);
        assert_eq!(steps[3], Kept::PassedOver(4, Reason::RecordDamaged));
        assert_eq!(steps[4..], renumbered(&whole[4..]));
        let said = notes(&capture);
        assert_eq!(said[0], format!("frame 4: a length of {captured} bytes cannot be true"));
        assert_eq!(said[1], "frame 4: 76 bytes passed over up to what looks like the next record");
    }
}

fn renumbered(steps: &[Kept]) -> Vec<Kept> {
    let numbered = steps.iter().cloned().zip(5..);
    numbered
        .map(|(step, number)| match step {
            Kept::Seen { nanos, interface, what, .. } => Kept::Seen { frame: number, nanos, interface, what },
            Kept::PassedOver(_, reason) => Kept::PassedOver(number, reason),
        })
        .collect()
}

#[test]
fn when_nothing_like_a_record_follows_that_is_said() {
    let mut file = pcap();
    let end = file.len();
    file.extend(vec![0xff; 100_000]);
    let (steps, capture) = read(&file);
    assert_eq!(steps.len(), 7);
    assert_eq!(
        notes(&capture)[1],
        format!("frame 7: nothing in the {} bytes that follow looks like a record", file.len() - end)
    );
}

#[test]
fn a_damaged_block_costs_itself_only() {
    let whole = read(&pcapng()).0;
    let packets: Vec<_> =
        sample().iter().map(|frame| wrap::enhanced(Order::Big, 0, frame.micros, &frame.octets)).collect();
    let second = pcapng().len() - packets[1..].concat().len();
    for length in [u32::MAX, 5, 0, 0x0200_0000] {
        let mut file = pcapng();
        file[second + 4..second + 8].copy_from_slice(&length.to_be_bytes());
        let (steps, capture) = read(&file);
        assert_eq!(steps[0], whole[0]);
        assert_eq!(steps[1], Kept::PassedOver(2, Reason::RecordDamaged));
        assert_eq!(steps[2..], whole[2..]);
        assert!(notes(&capture)[1].starts_with("frame 2: "));
    }
}

#[test]
fn a_packet_longer_than_its_block_is_passed_over() {
    let mut file = pcapng();
    let body = 28 + 20 + 8;
    file[body + 12..body + 16].copy_from_slice(&1_000u32.to_be_bytes());
    let (steps, _) = read(&file);
    assert_eq!(steps[0], Kept::PassedOver(1, Reason::RecordDamaged));
    assert_eq!(steps[1..], read(&pcapng()).0[1..]);
}

#[test]
fn lengths_that_disagree_harmlessly_are_counted() {
    let mut file = pcapng();
    let end = file.len();
    file[end - 1] ^= 1;
    let (steps, capture) = read(&file);
    assert_eq!(steps, read(&pcapng()).0);
    assert_eq!(capture.counts().bad_lengths, 1);
    let mut file = pcap();
    file[24 + 12..24 + 16].copy_from_slice(&10u32.to_le_bytes());
    let (steps, capture) = read(&file);
    assert_eq!((steps, capture.counts().bad_lengths), (read(&pcap()).0, 1));
}

#[test]
fn an_unknown_link_layer_is_named_once() {
    let (steps, capture) = read(&wrap::pcap(Order::Little, Pcap::Micro, 189, &sample()));
    assert!(steps.iter().all(|step| matches!(step, Kept::PassedOver(_, Reason::UnsupportedLinkType))));
    assert_eq!(notes(&capture), ["frame 1: link layer USB_LINUX (189) is not read"]);
}

#[test]
fn a_link_layer_for_private_use_is_what_it_is_said_to_be() {
    let mut capture = open(&wrap::pcapng(Order::Little, 150, &sample())).unwrap();
    capture.treat_user_link_as(LinkType(149), LinkType::RAW);
    capture.treat_user_link_as(LinkType(150), LinkType::ETHERNET);
    assert_eq!(steps(&mut capture), read(&pcapng()).0);
}

#[test]
fn a_file_that_shrinks_while_it_is_read_is_said_to_have_shrunk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rotated.pcap");
    let many: Vec<_> = std::iter::repeat_n(sample(), 5_000).flatten().collect();
    let whole = wrap::pcap(Order::Little, Pcap::Micro, ETHERNET, &many);
    let mut file = fs::File::create(&path).unwrap();
    file.write_all(&whole).unwrap();
    let mut capture = Capture::open(&path, 0).unwrap();
    assert!(matches!(capture.next().unwrap(), Step::Observation(_)));
    file.set_len(1_000_000).unwrap();
    let delivered = steps(&mut capture).len();
    assert!(delivered > 5_000 && delivered < many.len());
    let last = notes(&capture).pop().unwrap();
    assert_eq!(last, format!("had {} bytes when it was opened, only 1000000 could be read", whole.len()));
}

/// Delivers some octets, then fails.
struct Failing(Cursor<Vec<u8>>);

impl Read for Failing {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.read(into)? {
            0 => Err(io::Error::from_raw_os_error(5)),
            count => Ok(count),
        }
    }
}

#[test]
fn a_failing_disk_is_an_error_that_names_the_last_good_frame() {
    for whole in [pcap(), zstd::encode_all(&pcap()[..], 1).unwrap()] {
        let mut capture = Capture::from_reader(Failing(Cursor::new(whole)), "a.pcap", 0).unwrap();
        let error = loop {
            match capture.next() {
                Ok(Step::End) => panic!("no error"),
                Ok(_) => {}
                Err(error) => break error.to_string(),
            }
        };
        assert_eq!(error, "cannot read a.pcap after frame 6: Input/output error (os error 5)");
        assert!(matches!(capture.next(), Ok(Step::End)), "an error ends the capture");
    }
}

#[test]
fn errors_name_the_file_as_it_was_named() {
    let error = Capture::from_reader(Cursor::new(b"%PDF-1.4"), "dir/b.pcap", 0).unwrap_err();
    assert!(matches!(error, OpenError::NotACapture { .. }));
    assert_eq!(error.to_string(), "cannot read dir/b.pcap: not a capture, it looks like a PDF document");
}

fn arbitrary_capture() -> impl Strategy<Value = Vec<u8>> {
    let noise = prop::collection::vec(any::<u8>(), 0..600);
    let begun = prop_oneof![
        Just(wrap::pcap_header(Order::Big, Pcap::Nano, ETHERNET)),
        Just([wrap::section(Order::Little), wrap::interface(Order::Little, ETHERNET, 0, &[])].concat()),
        Just(vec![0x1f, 0x8b, 8, 0]),
        Just(vec![0x28, 0xb5, 0x2f, 0xfd]),
        Just(vec![0x04, 0x22, 0x4d, 0x18]),
        Just(Vec::new()),
    ];
    (begun, noise).prop_map(|(begun, noise)| [begun, noise].concat())
}

proptest! {
    #[test]
    fn no_octets_whatever_make_it_panic_or_lose_count(bytes in arbitrary_capture()) {
        if open(&bytes).is_ok() {
            read(&bytes);
        }
    }

    #[test]
    fn no_damage_to_a_capture_makes_it_panic_or_lose_count(
        whole in prop_oneof![Just(pcap()), Just(pcapng()), Just(zstd::encode_all(&pcap()[..], 1).expect("in memory"))],
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut damaged = whole.clone();
        for (index, octet) in damage {
            let at = index.index(damaged.len());
            damaged[at] = octet;
        }
        if open(&damaged).is_ok() {
            read(&damaged);
        }
    }
}
