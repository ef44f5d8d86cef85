//! Pipes that somebody still writes to.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use whyrst_capture::{Capture, Step};

use crate::support::containers::{self as wrap, Order, Pcap, timed};
use crate::support::frames;

fn capture() -> Vec<u8> {
    wrap::pcap(Order::Little, Pcap::Micro, 1, &timed(frames::all()))
}

fn named_pipe(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo is part of every system").success());
    path
}

/// The shape of a reading: a letter for each step.
fn letters(capture: &mut Capture, until: char) -> String {
    let mut letters = String::new();
    while !letters.ends_with(until) {
        letters.push(match capture.next().unwrap() {
            Step::Observation(_) => 'o',
            Step::PassedOver(..) => '-',
            Step::Idle => 'i',
            Step::End => '.',
        });
    }
    letters
}

#[test]
fn a_pipe_is_idle_between_its_writes_and_over_at_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = named_pipe(folder.path());
    let bytes = capture();
    let writer_path = path.clone();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let writer = thread::spawn(move || {
        let mut pipe: File = OpenOptions::new().write(true).open(writer_path).unwrap();
        // All of the first frame and half of the header of the second.
        let half = 24 + 16 + 74 + 7;
        pipe.write_all(&bytes[..half]).unwrap();
        wait.recv().unwrap();
        pipe.write_all(&bytes[half..]).unwrap();
    });
    let mut capture = Capture::open(&path, 0).unwrap();
    capture.idle_after(Duration::from_millis(20));
    assert_eq!(letters(&mut capture, 'i'), "oi");
    assert_eq!(letters(&mut capture, 'i'), "i");
    go.send(()).unwrap();
    assert_eq!(letters(&mut capture, '.').trim_start_matches('i'), "o--oo.");
    writer.join().unwrap();
}

#[test]
fn a_compressed_pipe_is_idle_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = named_pipe(folder.path());
    let bytes = capture();
    let writer_path = path.clone();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let writer = thread::spawn(move || {
        let pipe = OpenOptions::new().write(true).open(writer_path).unwrap();
        let mut encoder = flate2::write::GzEncoder::new(pipe, flate2::Compression::fast());
        encoder.write_all(&bytes).unwrap();
        encoder.flush().unwrap();
        wait.recv().unwrap();
        encoder.finish().unwrap();
    });
    let mut capture = Capture::open(&path, 0).unwrap();
    capture.idle_after(Duration::from_millis(20));
    assert_eq!(letters(&mut capture, 'i').trim_end_matches('i'), "oo--oo");
    go.send(()).unwrap();
    assert_eq!(letters(&mut capture, '.').trim_start_matches('i'), ".");
    writer.join().unwrap();
}

#[test]
fn a_compressed_capture_that_is_not_read_to_its_end_does_not_hold_its_thread() {
    let many: Vec<_> = std::iter::repeat_n(timed(frames::all()), 50_000).flatten().collect();
    let bytes = wrap::pcap(Order::Little, Pcap::Micro, 1, &many);
    let packed = zstd::encode_all(&bytes[..], 1).unwrap();
    let mut capture = Capture::from_reader(std::io::Cursor::new(packed), "large", 0).unwrap();
    assert!(matches!(capture.next().unwrap(), Step::Observation(_)));
    let threads = || {
        std::fs::read_dir("/proc/self/task")
            .unwrap()
            .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
            .filter(|name| name.trim() == "unzstd")
            .count()
    };
    drop(capture);
    let gone = (0..500).any(|_| {
        thread::sleep(Duration::from_millis(10));
        threads() == 0
    });
    assert!(gone, "the thread is still there after five seconds");
}
