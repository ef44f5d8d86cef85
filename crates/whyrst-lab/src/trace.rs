//! The kernel's own account: `tcp:tcp_send_reset` with a call stack for each event, from a private
//! tracefs instance.
//!
//! An instance has its own ring buffer and its own switches, so nobody else's tracing is touched.
//! Events come from the whole host; [`crate::conductor`] keeps those that belong to a RST of this
//! play.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::time::{ClockId, clock_gettime};
use whyrst_core::kernel::KernelReset;
use whyrst_core::time::{Span, Timestamp};

use crate::actor::now;
use crate::tap::timestamp_of;

mod parse;

const MOUNT_POINT: &str = "/sys/kernel/tracing";

/// Per CPU. Some thousand resets of other programs fit beside ours; more are counted as lost.
const BUFFER_KB: &str = "1024";

/// A running trace. Dropping it removes the instance.
#[derive(Debug)]
pub(crate) struct Trace {
    instance: PathBuf,
    /// Start of the recording, on the wall clock.
    pub(crate) from: Timestamp,
}

/// What the ring buffer held.
#[derive(Debug)]
pub(crate) struct Traced {
    /// Every reset of the host, in order of time.
    pub(crate) resets: Vec<KernelReset>,
    /// Events that did not fit.
    pub(crate) lost: u64,
}

impl Trace {
    /// Starts to record, or says why the kernel cannot be asked.
    pub(crate) fn start() -> Result<Self, String> {
        let root = tracefs()?;
        remove_leftovers(&root);
        let instance = root.join(format!("instances/whyrst-lab-{}", std::process::id()));
        fs::create_dir(&instance).map_err(|error| not_asked(&error, &instance))?;
        let trace = Self { instance, from: now() };
        trace.configure().map(|()| trace)
    }

    fn configure(&self) -> Result<(), String> {
        self.write("trace_clock", "mono")?;
        self.write("buffer_size_kb", BUFFER_KB)?;
        self.write("events/tcp/tcp_send_reset/trigger", "stacktrace")?;
        self.write("events/tcp/tcp_send_reset/enable", "1")?;
        self.write("tracing_on", "1")
    }

    /// Stops recording and reads what was recorded.
    pub(crate) fn finish(self) -> Result<Traced, String> {
        self.write("tracing_on", "0")?;
        let text = self.read("trace")?;
        let offset = wall_clock_offset();
        let mut resets = parse::resets(&text);
        for reset in &mut resets {
            reset.time = reset.time.plus(offset);
        }
        Ok(Traced { resets, lost: self.overruns()? })
    }

    fn overruns(&self) -> Result<u64, String> {
        let cpus = self.instance.join("per_cpu");
        let entries = fs::read_dir(&cpus).map_err(|error| not_asked(&error, &cpus))?;
        let stats = entries.flatten().filter_map(|cpu| fs::read_to_string(cpu.path().join("stats")).ok());
        Ok(stats.map(|text| parse::overruns(&text)).sum())
    }

    fn write(&self, file: &str, value: &str) -> Result<(), String> {
        let path = self.instance.join(file);
        fs::write(&path, value).map_err(|error| not_asked(&error, &path))
    }

    fn read(&self, file: &str) -> Result<String, String> {
        let path = self.instance.join(file);
        fs::read(&path)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .map_err(|error| not_asked(&error, &path))
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        let _ = self.write("events/tcp/tcp_send_reset/enable", "0");
        let _ = fs::remove_dir(&self.instance); // what remains is removed by the next run
    }
}

/// Where tracefs is; mounted in a mount namespace of our own when it is nowhere.
fn tracefs() -> Result<PathBuf, String> {
    let places = [MOUNT_POINT, "/sys/kernel/debug/tracing"];
    if let Some(place) = places.into_iter().map(PathBuf::from).find(|place| place.join("instances").is_dir()) {
        return Ok(place);
    }
    mount_privately().map_err(|errno| not_asked(&errno.into(), Path::new(MOUNT_POINT)))?;
    Ok(MOUNT_POINT.into())
}

fn mount_privately() -> nix::Result<()> {
    const NOTHING: Option<&str> = None;
    unshare(CloneFlags::CLONE_NEWNS)?;
    mount(NOTHING, "/", NOTHING, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NOTHING)?;
    mount(Some("tracefs"), MOUNT_POINT, Some("tracefs"), MsFlags::empty(), NOTHING)
}

/// Instances of labs that were killed before they could clean up.
fn remove_leftovers(root: &Path) {
    let Ok(instances) = fs::read_dir(root.join("instances")) else { return };
    for instance in instances.flatten() {
        let name = instance.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix("whyrst-lab-"));
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = fs::remove_dir(instance.path());
        }
    }
}

fn not_asked(error: &std::io::Error, path: &Path) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => "the kernel was not asked: tracefs needs root".into(),
        _ => format!("the kernel was not asked: {}: {error}", path.display()),
    }
}

/// What must be added to the trace's clock (monotonic) to get the wall clock.
fn wall_clock_offset() -> Span {
    let monotonic = clock_gettime(ClockId::CLOCK_MONOTONIC).map(timestamp_of).unwrap_or_default();
    now().since(monotonic)
}
