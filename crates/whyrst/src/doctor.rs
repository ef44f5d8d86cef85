//! `whyrst doctor`: what this machine permits, by trying it, and how to get the rest.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use serde::Serialize;
use whyrst_core::report::escape::escape_name;
use whyrst_core::report::style::{Part, Style};
use whyrst_probe::Live;

use crate::Outcome;
use crate::args::{Doctor, Format};
use crate::output::{self, Output};

/// One `whyrst.doctor/1` object.
#[derive(Debug, Serialize)]
struct Check {
    schema: &'static str,
    #[serde(rename = "check")]
    name: &'static str,
    status: Status,
    /// The commands that need it.
    needed_by: &'static [&'static str],
    /// What was found.
    found: String,
    /// How to get it; `null` where nothing is missing.
    advice: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    /// Less is told.
    Less,
    Missing,
}

pub(crate) fn run(arguments: &Doctor) -> Result<Outcome> {
    if arguments.try_namespaces {
        return try_namespaces();
    }
    let checks = [
        kernel(),
        btf(),
        capabilities(),
        lockdown(),
        unprivileged_bpf(),
        probe(),
        packets(),
        namespaces(),
        tun(),
        trace_events(),
        program("nft", &["lab run", "check"], "sudo apt-get install nftables"),
        program("tshark", &[], "sudo apt-get install tshark: shows annotated captures in a terminal"),
        program("wireshark", &["explain --wireshark"], "sudo apt-get install wireshark"),
    ];
    let style = output::style(&arguments.common);
    let mut output = Output::open(&arguments.common)?;
    for check in &checks {
        output.write(&match arguments.format {
            Format::Json => serde_json::to_string(check)? + "\n",
            _ => text(check, style),
        })?;
    }
    let missing = checks.iter().filter(|check| check.status == Status::Missing).count();
    if arguments.format != Format::Json && !arguments.common.quiet {
        output.write(match missing {
            0 => "\nwhyrst can do everything here\n",
            _ => "\nexplain and causes need none of what is missing\n",
        })?;
    }
    output.finish()?;
    Ok(if missing == 0 { Outcome::Clean } else { Outcome::Unexplained })
}

fn text(check: &Check, style: Style) -> String {
    let (word, part) = match check.status {
        Status::Ok => ("ok", Part::Firm),
        Status::Less => ("less", Part::Weak),
        Status::Missing => ("missing", Part::Decisive),
    };
    let mut out = String::new();
    let head = style.paint(part, format!("{word:<8}"));
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{head} {:<19} {}", check.name, escape_name(&check.found));
    if let Some(advice) = check.advice {
        let _ = writeln!(out, "{:29}{}", "", style.paint(Part::Dim, advice));
    }
    out
}

impl Check {
    fn new(name: &'static str, needed_by: &'static [&'static str], found: impl Into<String>) -> Self {
        Self { schema: "whyrst.doctor/1", name, status: Status::Ok, needed_by, found: found.into(), advice: None }
    }

    fn but(self, status: Status, advice: &'static str) -> Self {
        Self { status, advice: Some(advice), ..self }
    }
}

const LIVE: &[&str] = &["watch", "run"];

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

fn kernel() -> Check {
    let release = read("/proc/sys/kernel/osrelease").unwrap_or_default();
    let check = Check::new("kernel", LIVE, format!("Linux {release}"));
    let mut numbers = release.split(['.', '-']).map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= (6, 1) => check,
        _ => check.but(Status::Missing, "the probe needs Linux 6.1 or newer"),
    }
}

fn btf() -> Check {
    const PATH: &str = "/sys/kernel/btf/vmlinux";
    match File::open(PATH) {
        Ok(_) => Check::new("kernel types (BTF)", LIVE, PATH),
        Err(error) => Check::new("kernel types (BTF)", LIVE, format!("{PATH}: {error}"))
            .but(Status::Missing, "use a kernel built with CONFIG_DEBUG_INFO_BTF=y, as distributions' kernels are"),
    }
}

fn capabilities() -> Check {
    /// Bits of `CapEff` (linux/capability.h).
    const WANTED: [(&str, u32); 4] = [("CAP_NET_ADMIN", 12), ("CAP_NET_RAW", 13), ("CAP_PERFMON", 38), ("CAP_BPF", 39)];
    let status = read("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let mask = mask.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0);
    let (have, lack): (Vec<_>, Vec<_>) = WANTED.iter().partition(|(_, bit)| mask >> bit & 1 == 1);
    let names = |list: &[&(&'static str, u32)]| list.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    if lack.is_empty() {
        return Check::new("capabilities", LIVE, names(&have));
    }
    let lacking = format!("without {}", names(&lack));
    Check::new("capabilities", LIVE, lacking).but(
        Status::Missing,
        "run it with sudo, or: sudo setcap cap_bpf,cap_perfmon,cap_net_raw,cap_net_admin+ep WHYRST",
    )
}

fn lockdown() -> Check {
    let Some(text) = read("/sys/kernel/security/lockdown") else {
        return Check::new("lockdown", LIVE, "not in this kernel, or not readable");
    };
    let check = Check::new("lockdown", LIVE, text.clone());
    if text.contains("[confidentiality]") {
        check.but(
            Status::Missing,
            "lockdown=confidentiality forbids reading kernel memory: boot with lockdown=integrity",
        )
    } else {
        check
    }
}

fn unprivileged_bpf() -> Check {
    let value = read("/proc/sys/kernel/unprivileged_bpf_disabled");
    let words = match value.as_deref() {
        Some("0") => "0: anybody may load some BPF programs; whyrst needs more than those",
        Some("1") => "1: only root and CAP_BPF, until the next boot",
        Some("2") => "2: only root and CAP_BPF",
        _ => "not readable",
    };
    Check::new("unprivileged BPF", LIVE, words)
}

/// What counts: loading the probe.
fn probe() -> Check {
    match Live::start() {
        Ok(live) if live.missing().is_empty() => Check::new("the probe", LIVE, "loads, and finds all that it asks for"),
        Ok(live) => {
            let missing: Vec<&str> = live.missing().iter().map(|missing| missing.what).collect();
            Check::new("the probe", LIVE, format!("loads; not there: {}", missing.join(", ")))
                .but(Status::Less, "a newer kernel, or kernel.kptr_restrict=0, tells more")
        }
        Err(error) => Check::new("the probe", LIVE, error.to_string()).but(Status::Missing, "see the lines above"),
    }
}

fn packets() -> Check {
    let opened = socket(AddressFamily::Packet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None);
    match opened {
        Ok(_) => Check::new("packet capture", &["extcap"], "packet sockets can be opened"),
        Err(error) => Check::new("packet capture", &["extcap"], format!("packet socket: {error}"))
            .but(Status::Missing, "needs CAP_NET_RAW: run it with sudo, or give whyrst the capability"),
    }
}

/// In another process: whoever made a namespace stays in it.
fn namespaces() -> Check {
    let name = "user namespaces";
    let tried = std::env::current_exe().and_then(|program| {
        let mut command = Command::new(program);
        command.args(["doctor", "--try-namespaces"]).stdin(Stdio::null()).stdout(Stdio::null()).output()
    });
    let allowed = read("/proc/sys/user/max_user_namespaces").unwrap_or_else(|| "an unknown number of".into());
    match tried {
        Ok(output) if output.status.success() => {
            Check::new(name, &["lab run"], format!("work without root; {allowed} allowed"))
        }
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.trim().trim_start_matches("whyrst: ").to_owned();
            Check::new(name, &["lab run"], said).but(
                Status::Missing,
                "set user.max_user_namespaces above 0 and kernel.unprivileged_userns_clone, and on Ubuntu \
                 kernel.apparmor_restrict_unprivileged_userns=0; or run the lab with sudo",
            )
        }
        Err(error) => Check::new(name, &["lab run"], error.to_string()).but(Status::Missing, "cannot run whyrst again"),
    }
}

fn try_namespaces() -> Result<Outcome> {
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET)
        .context("cannot make a user and network namespace")?;
    Ok(Outcome::Clean)
}

fn tun() -> Check {
    const PATH: &str = "/dev/net/tun";
    match File::options().read(true).write(true).open(PATH) {
        Ok(_) => Check::new("TUN devices", &["lab run"], PATH),
        Err(error) => Check::new("TUN devices", &["lab run"], format!("{PATH}: {error}")).but(
            Status::Less,
            "the lab uses veth pairs instead; for the device: sudo modprobe tun, and mode 0666 as udev gives it",
        ),
    }
}

fn trace_events() -> Check {
    const PATH: &str = "/sys/kernel/tracing/events/tcp/tcp_send_reset/format";
    match read(PATH) {
        Some(format) if format.contains("reason") => {
            Check::new("reset reasons", &["lab run", "watch"], "tcp_send_reset tells why")
        }
        Some(_) => Check::new("reset reasons", &["lab run", "watch"], "tcp_send_reset does not tell why")
            .but(Status::Less, "Linux 6.10 and newer tell the reason"),
        None => Check::new("reset reasons", &["lab run"], format!("cannot read {PATH}"))
            .but(Status::Less, "the lab checks the kernel's own word only as root, with tracefs mounted"),
    }
}

fn program(name: &'static str, needed_by: &'static [&'static str], advice: &'static str) -> Check {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([Path::new("/usr/sbin").to_owned(), "/sbin".into()]);
    match folders.map(|folder| folder.join(name)).find(|program| program.is_file()) {
        Some(program) => Check::new(name, needed_by, program.display().to_string()),
        None => Check::new(name, needed_by, "not found in PATH").but(Status::Less, advice),
    }
}
