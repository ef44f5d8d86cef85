//! A reader of long standing finds the resets in the same frames, whatever stands around them.

use std::fs;
use std::io::Cursor;
use std::process::Command;

use whyrst_capture::{Capture, Step};
use whyrst_core::observation::Seen;
use whyrst_core::segment::Flags;

use super::fixture::Packet;
use super::{fixtures, wrap};

/// What one of Wireshark's programs says; `cargo xtask setup` installs them.
fn says(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program} is needed (cargo xtask setup): {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Numbers of the frames with RST. What an ICMP error quotes is none.
fn resets(file: Vec<u8>) -> Vec<u64> {
    let mut capture = Capture::from_reader(Cursor::new(file), "a capture", 0).unwrap();
    let mut found = Vec::new();
    loop {
        match capture.next().unwrap() {
            Step::Observation(seen) => {
                if matches!(seen.what, Seen::Segment(segment) if segment.flags.has(Flags::RST)) {
                    found.push(seen.frame.number());
                }
            }
            Step::End => return found,
            _ => {}
        }
    }
}

#[test]
fn tshark_finds_the_resets_in_the_same_frames() {
    let folder = tempfile::tempdir().unwrap();
    let packets: Vec<Packet> = fixtures().flat_map(|(_, _, packets)| packets).collect();
    let (mut files, mut ours) = (Vec::new(), Vec::new());
    for (at, wrapping) in wrap::ALL.iter().enumerate() {
        let file = wrap::file(&packets, wrapping);
        let path = folder.path().join(format!("{at:02}.pcapng")).display().to_string();
        fs::write(&path, &file).unwrap();
        files.push(path);
        ours.extend(resets(file).into_iter().map(|number| (wrapping.name, number)));
    }
    let merged = folder.path().join("merged.pcapng").display().to_string();
    let arguments: Vec<&str> = ["-a", "-w", &merged].into_iter().chain(files.iter().map(String::as_str)).collect();
    says("mergecap", &arguments);
    let filter = "tcp.flags.reset == 1 && !icmp && !icmpv6";
    let numbers = says("tshark", &["-n", "-r", &merged, "-Y", filter, "-T", "fields", "-e", "frame.number"]);
    let place = |number: u64| {
        let (file, within) = ((number - 1) / packets.len() as u64, (number - 1) % packets.len() as u64);
        (wrap::ALL[file as usize].name, within + 1)
    };
    let theirs: Vec<_> = numbers.lines().map(|number| place(number.parse().unwrap())).collect();
    assert!(theirs.len() > 100 * wrap::ALL.len(), "{}", theirs.len());
    let differs: Vec<_> = ours.iter().zip(&theirs).filter(|(ours, theirs)| ours != theirs).take(3).collect();
    assert!(ours == theirs, "{} and {}: {differs:?}", ours.len(), theirs.len());
}
