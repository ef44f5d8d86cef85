//! Several captures that are read as one: rotated, overlapping, in directories and archives.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use whyrst_capture::{CaptureSet, Compression, Step};

use crate::containers::compress;
use crate::support::containers::{self as wrap, Order, Pcap, Timed};
use crate::support::frames;

/// A capture of RSTs at these microseconds.
fn capture(micros: &[u64]) -> Vec<u8> {
    let frames: Vec<Timed> = micros.iter().map(|&micros| Timed { micros, octets: frames::rst() }).collect();
    wrap::pcap(Order::Little, Pcap::Micro, 1, &frames)
}

fn write(folder: &TempDir, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    path
}

/// File number, interface and microsecond of every observation, in the order in which they came.
fn order(set: &mut CaptureSet) -> Vec<(u32, u16, i64)> {
    let mut order = Vec::new();
    loop {
        match set.next().expect("files that can be read") {
            Step::Observation(seen) => order.push((seen.frame.file(), seen.interface.0, seen.time.nanos() / 1_000)),
            Step::PassedOver(frame, reason) => panic!("{frame}: {reason}"),
            Step::Idle => {}
            Step::End => return order,
        }
    }
}

fn times<P: AsRef<Path>>(paths: &[P]) -> Vec<i64> {
    let mut set = CaptureSet::open(paths);
    assert_eq!(set.failures().len(), 0, "{:?}", set.failures());
    order(&mut set).into_iter().map(|(_, _, time)| time).collect()
}

fn failures(set: &CaptureSet) -> Vec<String> {
    set.failures().iter().map(ToString::to_string).collect()
}

#[test]
fn rotated_files_are_read_in_the_order_of_time_whatever_their_names() {
    let folder = TempDir::new().unwrap();
    let names = ["ring.pcap0", "ring.pcap1", "ring.pcap2"];
    let paths = [[30, 31], [10, 11], [20, 21]].iter().zip(names).map(|(at, name)| write(&folder, name, &capture(at)));
    let paths: Vec<_> = paths.collect();
    let mut set = CaptureSet::open(&paths);
    assert_eq!(order(&mut set), [(1, 0, 10), (1, 0, 11), (2, 0, 20), (2, 0, 21), (0, 0, 30), (0, 0, 31)]);
    assert!(set.names().zip(names).all(|(name, end)| name.ends_with(end)));
    assert_eq!(set.counts().segments, 6);
    assert_eq!(set.readings().map(|reading| reading.file).collect::<Vec<_>>(), [1, 2, 0]);
}

#[test]
fn overlapping_files_are_merged_and_their_interfaces_told_apart() {
    let folder = TempDir::new().unwrap();
    let one = write(&folder, "one", &capture(&[10, 40, 70]));
    let two = write(&folder, "two", &capture(&[20, 50, 60]));
    let three = write(&folder, "three", &capture(&[55]));
    let four = write(&folder, "four", &capture(&[90]));
    let read = order(&mut CaptureSet::open(&[one, two, three, four]));
    assert_eq!(
        read.iter().map(|seen| (seen.0, seen.2)).collect::<Vec<_>>(),
        [(0, 10), (1, 20), (0, 40), (1, 50), (2, 55), (1, 60), (0, 70), (3, 90)]
    );
    let interface = |file| read.iter().find(|seen| seen.0 == file).map(|seen| seen.1);
    assert_eq!([0, 1, 2, 3].map(interface), [Some(0), Some(256), Some(512), Some(0)]);
}

#[test]
fn of_many_overlapping_files_no_frame_is_lost() {
    let folder = TempDir::new().unwrap();
    for n in 0..100 {
        write(&folder, &format!("{n}.pcap"), &capture(&[n, 1_000 - n]));
    }
    let mut read = times(&[folder.path()]);
    read.sort_unstable();
    let expected: Vec<i64> = (0..100).chain(901..=1_000).collect();
    assert_eq!(read, expected);
}

#[test]
fn a_directory_is_read_recursively_and_what_is_no_capture_in_it_is_no_failure() {
    let folder = TempDir::new().unwrap();
    write(&folder, "b/c/2.pcap", &capture(&[2]));
    write(&folder, "a.pcap", &capture(&[3]));
    write(&folder, "b/1.pcap.xz", &compress(Compression::Xz, &capture(&[1])));
    write(&folder, "README", b"how this was recorded\n");
    std::os::unix::fs::symlink(folder.path(), folder.path().join("b/around")).unwrap();
    let mut set = CaptureSet::open(&[folder.path()]);
    assert_eq!(order(&mut set).iter().map(|seen| (seen.0, seen.2)).collect::<Vec<_>>(), [(1, 1), (2, 2), (0, 3)]);
    assert_eq!(failures(&set), [""; 0]);
    assert_eq!(set.others().len(), 1);
    assert!(set.others()[0].to_string().contains("README: not a capture, it looks like text"));
}

#[test]
fn files_that_cannot_be_opened_are_failures_and_the_others_are_read() {
    let folder = TempDir::new().unwrap();
    let good = write(&folder, "good", &capture(&[5]));
    let text = write(&folder, "text", b"12:00 IP\n");
    let mut set = CaptureSet::open(&[folder.path().join("missing"), text.clone(), good]);
    assert_eq!(order(&mut set).len(), 1);
    assert_eq!(set.failures().len(), 2);
    assert!(failures(&set)[0].ends_with("missing: No such file or directory (os error 2)"), "{:?}", failures(&set));
    assert!(failures(&set)[1].contains("it looks like text"), "{:?}", failures(&set));
    let mut alone = CaptureSet::open(&[text]);
    assert!(matches!(alone.next(), Ok(Step::End)));
    assert_eq!(alone.failures().len(), 1);
}

#[test]
fn a_capture_without_frames_is_read_beside_others() {
    let folder = TempDir::new().unwrap();
    let paths = [write(&folder, "none", &capture(&[])), write(&folder, "some", &capture(&[7]))];
    assert_eq!(times(&paths), [7]);
}

#[test]
fn a_pipe_is_read_after_the_files_and_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let file = write(&folder, "file", &capture(&[9]));
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::File::create(pipe).unwrap().write_all(&capture(&[1, 2]))
    });
    assert_eq!(times(&[pipe, file]), [9, 1, 2]);
    writer.join().unwrap().unwrap();
}

/// The header of a member of a tar, by POSIX.1-1988.
pub(crate) fn tar_header(name: &str, kind: u8, size: u64) -> Vec<u8> {
    let mut header = vec![0u8; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
    header[148..156].fill(b' ');
    header[156] = kind;
    header[257..263].copy_from_slice(b"ustar\0");
    let sum: u32 = header.iter().map(|&octet| u32::from(octet)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    header
}

/// One member of a tar.
fn tarred(name: &str, kind: u8, content: &[u8]) -> Vec<u8> {
    let mut member = tar_header(name, kind, content.len() as u64);
    member.extend(content);
    member.resize(member.len().next_multiple_of(512), 0);
    member
}

pub(crate) fn tar(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let members = members.iter().flat_map(|(name, content)| tarred(name, b'0', content));
    members.chain([0; 1024]).collect()
}

fn three() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("c.pcap", capture(&[30, 31])),
        ("notes.txt", b"about this".to_vec()),
        ("a.pcap.gz", compress(Compression::Gzip, &capture(&[10, 35]))),
        ("b.pcap", capture(&[20, 21])),
    ]
}

#[test]
fn a_tar_plain_or_compressed_is_read_in_the_order_of_time() {
    let folder = TempDir::new().unwrap();
    let plain = tar(&three());
    let kinds = [Compression::Gzip, Compression::Zstd, Compression::Xz, Compression::Bzip2, Compression::Lz4];
    let packed = kinds.iter().map(|&kind| compress(kind, &plain));
    for (n, file) in [plain.clone()].into_iter().chain(packed).enumerate() {
        let path = write(&folder, &format!("{n}.tar"), &file);
        let mut set = CaptureSet::open(&[path]);
        let read = order(&mut set);
        assert_eq!(
            read.iter().map(|seen| (seen.0, seen.2)).collect::<Vec<_>>(),
            [(1, 10), (2, 20), (2, 21), (0, 30), (0, 31), (1, 35)]
        );
        assert!(set.names().nth(1).unwrap().ends_with(".tar/a.pcap.gz"));
        assert_eq!((set.failures().len(), set.others().len()), (0, 1));
    }
}

#[test]
fn long_names_of_gnu_and_pax_are_read() {
    let folder = TempDir::new().unwrap();
    let long = format!("{}.pcap", "n".repeat(200));
    let members = [
        tarred("@LongLink", b'L', long.as_bytes()),
        tarred("short", b'0', &capture(&[1])),
        tarred("pax", b'x', b"16 path=pax.pcap\n"),
        tarred("other", b'0', &capture(&[2])),
    ];
    let set = CaptureSet::open(&[write(&folder, "a.tar", &members.concat())]);
    let names: Vec<_> = set.names().map(|name| name.rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!(names, [long.as_str(), "pax.pcap"]);
}

#[test]
fn of_a_tar_cut_anywhere_what_stands_before_the_cut_is_read() {
    let folder = TempDir::new().unwrap();
    let whole = tar(&three());
    for length in (1..whole.len()).step_by(7) {
        let path = write(&folder, "cut.tar", &whole[..length]);
        let mut set = CaptureSet::open(&[path]);
        let mut seen = 0;
        while let Ok(step) = set.next() {
            match step {
                Step::Observation(_) => seen += 1,
                Step::End => break,
                _ => {}
            }
        }
        let whole_members = [(600 + 512, 2), (3072 + 512, 4)];
        assert!(whole_members.iter().all(|&(end, frames)| length < end || seen >= frames), "{length}: {seen}");
    }
}

#[test]
fn what_is_wrong_with_a_tar_is_said_with_how_far_it_was_read() {
    let folder = TempDir::new().unwrap();
    let first = tarred("a", b'0', &capture(&[1]));
    let mut checksum = tarred("b\x1b[2J", b'0', &capture(&[2]));
    checksum[148..156].fill(0x1b);
    let mut size = tarred("b", b'0', &capture(&[2]));
    size[124..136].fill(b'z');
    let digits: u32 = size[..512].iter().map(|&octet| u32::from(octet)).sum::<u32>()
        - size[148..156].iter().map(|&octet| u32::from(octet)).sum::<u32>()
        + 8 * u32::from(b' ');
    size[148..156].copy_from_slice(format!("{digits:06o}\0 ").as_bytes());
    let whole = tarred("b", b'0', &capture(&[2]));
    let wrong = [
        (checksum, "a header with a wrong checksum"),
        (size, "a member without a size"),
        (whole[..100].to_vec(), "it ends inside a header"),
        (whole[..512].to_vec(), "it ends inside a member"),
        (tarred("@LongLink", b'L', &[b'n'; 600])[..700].to_vec(), "it ends inside a name"),
    ];
    for (second, what) in wrong {
        let mut set = CaptureSet::open(&[write(&folder, "a.tar", &[&first[..], &second].concat())]);
        order(&mut set);
        let expected = format!("a.tar beyond member {}: {what}", if what.ends_with("inside a member") { 2 } else { 1 });
        assert!(failures(&set)[0].ends_with(&expected), "{what}: {:?}", failures(&set));
    }
}

/// A zip, by APPNOTE 6.3: local headers with data, then the directory.
fn zip(members: &[(&str, u16, Vec<u8>)]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut directory = Vec::new();
    for (name, method, content) in members {
        let at = file.len() as u32;
        let packed = if *method == 8 { compress(Compression::Deflate, content) } else { content.clone() };
        let sizes = [0, packed.len() as u32, content.len() as u32].map(u32::to_le_bytes).concat();
        let lengths = [name.len() as u16, 0].map(u16::to_le_bytes).concat();
        let common = [&20u16.to_le_bytes()[..], &[0; 2], &method.to_le_bytes(), &[0; 4], &sizes, &lengths].concat();
        file.extend([b"PK\x03\x04", &common[..], name.as_bytes(), &packed].concat());
        directory.extend([b"PK\x01\x02\x14\0", &common[..], &[0; 10], &at.to_le_bytes(), name.as_bytes()].concat());
    }
    let count = (members.len() as u16).to_le_bytes();
    let place = [directory.len() as u32, file.len() as u32].map(u32::to_le_bytes).concat();
    file.extend([&directory[..], b"PK\x05\x06", &[0; 4], &count, &count, &place, &[0; 2]].concat());
    file
}

#[test]
fn a_zip_is_read_in_the_order_of_time() {
    let folder = TempDir::new().unwrap();
    let members: Vec<_> =
        three().into_iter().zip([8, 0, 0, 8]).map(|((name, content), m)| (name, m, content)).collect();
    let mut set = CaptureSet::open(&[write(&folder, "a.zip", &zip(&members))]);
    assert_eq!(order(&mut set).iter().map(|seen| seen.2).collect::<Vec<_>>(), [10, 20, 21, 30, 31, 35]);
    assert_eq!((set.failures().len(), set.others().len()), (0, 1), "{:?}", set.failures());
}

#[test]
fn a_zip_whose_members_share_octets_is_refused() {
    let folder = TempDir::new().unwrap();
    let mut bomb = zip(&[("a", 8, capture(&[1])), ("b", 8, capture(&[2]))]);
    // Both entries of the directory at the first member's place.
    let second = bomb.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
    bomb[second + 42..second + 46].fill(0);
    let mut set = CaptureSet::open(&[write(&folder, "bomb.zip", &bomb)]);
    assert!(matches!(set.next(), Ok(Step::End)));
    assert!(failures(&set)[0].ends_with("its members share bytes (a zip bomb)"), "{:?}", failures(&set));
}

#[test]
fn an_encrypted_member_and_an_unknown_method_are_named() {
    let folder = TempDir::new().unwrap();
    let good = ("good", 0, capture(&[1]));
    let mut file = zip(&[("secret", 0, capture(&[2])), ("odd", 97, capture(&[3])), good]);
    let first = file.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    file[first + 8] = 1;
    let mut set = CaptureSet::open(&[write(&folder, "a.zip", &file)]);
    assert_eq!(order(&mut set).len(), 1);
    assert!(failures(&set)[0].ends_with("a.zip/secret: it is encrypted"), "{:?}", failures(&set));
    assert!(failures(&set)[1].ends_with("a.zip/odd: its compression method 97 is not read"), "{:?}", failures(&set));
}

#[test]
fn a_comment_that_looks_like_the_end_of_a_zip_is_passed_over() {
    let folder = TempDir::new().unwrap();
    let mut file = zip(&[("a", 8, capture(&[1]))]);
    let comment = [b"PK\x05\x06".repeat(3), vec![0xff; 40]].concat();
    let length = file.len() - 2;
    file[length..].copy_from_slice(&(comment.len() as u16).to_le_bytes());
    file.extend(comment);
    assert_eq!(times(&[write(&folder, "a.zip", &file)]), [1]);
}

#[test]
fn a_member_that_is_not_where_the_directory_says_is_named() {
    let folder = TempDir::new().unwrap();
    let mut file = zip(&[("gone", 0, capture(&[1])), ("there", 0, capture(&[2]))]);
    file[..4].fill(0);
    file[0] = b'P';
    file[1..4].copy_from_slice(b"K\x05\x06");
    let mut set = CaptureSet::open(&[write(&folder, "a.zip", &file)]);
    assert_eq!(order(&mut set).len(), 1);
    assert!(
        failures(&set)[0].ends_with("a.zip/gone: its header is not where the directory says"),
        "{:?}",
        failures(&set)
    );
}

#[test]
fn an_archive_of_the_system_s_own_tar_is_read() {
    let folder = TempDir::new().unwrap();
    for (name, content) in three() {
        write(&folder, &format!("in/{name}"), &content);
    }
    for format in ["gnu", "pax", "ustar", "v7"] {
        let archive = folder.path().join(format!("{format}.tgz"));
        let command = Command::new("tar")
            .args(["-czf".as_ref(), archive.as_os_str(), format!("--format={format}").as_ref(), "-C".as_ref()])
            .args([folder.path().as_os_str(), "in".as_ref()])
            .status();
        assert!(command.expect("tar is on every Unix").success());
        assert_eq!(times(&[archive]), [10, 20, 21, 30, 31, 35], "{format}");
    }
}
