//! Keeps what was recorded: a capture of each end that Wireshark opens, and the kernel's events.

use std::fs;
use std::io::{self, BufWriter};
use std::path::Path;

use whyrst_capture::writer::{NewFrame, PcapNgWriter};
use whyrst_capture::{LinkType, recording};
use whyrst_core::recording::{Recording, Told};
use whyrst_core::socket::SocketReset;
use whyrst_core::socket::{Account, Translation};
use whyrst_output::{Places, WrittenFile};

use crate::error::LabError;
use crate::played::{End, Played};

impl Played {
    /// Writes `client.pcapng`, `server.pcapng` and, when the kernel was asked, `events.jsonl` (the trace's
    /// events) and `live.jsonl` (what the probe told) into `directory`, which is made if need be. Files
    /// of an earlier run are replaced; events that would belong to an earlier run are removed.
    pub fn keep(&self, directory: &Path) -> Result<(), LabError> {
        at(directory, fs::create_dir_all(directory))?;
        for end in &self.ends {
            let path = directory.join(format!("{}.pcapng", end.name));
            at(&path, self.write_capture(end, &path))?;
        }
        keep_recording(&directory.join("events.jsonl"), self.kernel.as_ref().ok())?;
        keep_recording(&directory.join("live.jsonl"), self.live().as_ref())
    }

    /// What the probe told, as `whyrst watch --record` keeps it, without what is this machine's alone.
    fn live(&self) -> Option<Recording> {
        let told = self.told.as_ref().ok()?;
        let told = told.iter().map(|reset| Told { reset: anywhere(reset), more: 0 }).collect();
        Some(Recording { from: self.began, to: self.ended, told, ..Recording::default() })
    }

    fn write_capture(&self, end: &End, path: &Path) -> io::Result<()> {
        let application = format!("whyrst {} lab, scenario {}", env!("CARGO_PKG_VERSION"), self.scenario.id);
        let mut capture = PcapNgWriter::new(BufWriter::new(created(path)?), &application)?;
        let interface = capture.add_interface(end.name, LinkType::RAW, 0)?;
        for frame in &end.frames {
            let original = u32::try_from(frame.bytes.len()).map_err(io::Error::other)?;
            capture.write(&NewFrame { interface, time: frame.time, bytes: &frame.bytes, original, comments: &[] })?;
        }
        capture.finish().map(drop)
    }
}

/// Where its processes ran is nobody's business: fixtures go into a repository.
fn anywhere(reset: &SocketReset) -> SocketReset {
    let mut reset = reset.clone();
    for event in [Some(&mut reset.event), reset.peer.as_mut()].into_iter().flatten() {
        let Account { process, closer, maker, .. } = &mut event.account;
        for process in [process, closer, maker].into_iter().flatten() {
            (process.cmdline, process.cgroup) = (None, None);
        }
        // The lab's namespaces are not the one whose table was asked.
        event.account.translation = Translation::Unknown;
    }
    reset
}

fn keep_recording(path: &Path, recording: Option<&Recording>) -> Result<(), LabError> {
    match recording {
        Some(events) => at(path, write_events(events, path)),
        None if path.exists() => at(path, fs::remove_file(path)),
        None => Ok(()),
    }
}

fn write_events(events: &Recording, path: &Path) -> io::Result<()> {
    recording::write(BufWriter::new(created(path)?), events).map_err(io::Error::other)
}

fn created(path: &Path) -> io::Result<WrittenFile> {
    Places::default().place(path).and_then(|place| place.growing()).map_err(io::Error::other)
}

fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, LabError> {
    result.map_err(|cause| LabError::Keep { path: path.into(), cause })
}
