//! What the tests need beyond Rust, gcc and Python: installed when we are root, named when we are not.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::{self, installed, is_root};
use crate::{bpf, mcp, telemetry, web};

/// A program and the Debian package that brings it, with what it is for.
const NEEDED: &[(&str, &str, &str)] = &[
    ("nft", "nftables", "the lab's firewall scenarios"),
    ("iptables", "iptables", "the lab's firewall scenarios"),
    ("ip", "iproute2", "the lab's MPTCP scenarios and the namespaces of live tests"),
    ("sysctl", "procps", "live tests of `whyrst check`"),
    ("setpriv", "util-linux", "the lab as an ordinary user"),
    ("g++", "g++", "the fuzz targets"),
    ("chromium", "chromium", "the page in a real browser"),
    ("tshark", "tshark", "what Wireshark shows of annotated captures and live verdicts"),
    ("tcpdump", "tcpdump", "filters beside libpcap's"),
    ("prometheus", "prometheus", "metrics in a real Prometheus"),
    ("rsyslogd", "rsyslog", "resets in a real syslog"),
    ("/lib/systemd/systemd-journald", "systemd", "resets in a real journal"),
    ("go", "golang-go", "the lab's programs in Go"),
    ("tmux", "tmux", "the terminal user interface in a terminal"),
];

const TUN: &str = "/dev/net/tun";
/// What udev gives the device on every distribution that runs it.
const TUN_MODE: u32 = 0o666;

/// Quick when everything is there already.
pub fn run() -> Result<()> {
    packages()?;
    bpf::install()?;
    web::install()?;
    telemetry::install()?;
    mcp::install()?;
    tun()?;
    println!("setup: everything that the tests need is there");
    Ok(())
}

fn packages() -> Result<()> {
    let missing: Vec<_> = NEEDED.iter().filter(|(program, _, _)| !installed(program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|(_, package, _)| *package).collect();
    if !is_root() || !installed("apt-get") {
        let needs: Vec<String> =
            missing.iter().map(|(program, _, purpose)| format!("{program} for {purpose}")).collect();
        bail!("missing: {}; install with: sudo apt-get install {}", needs.join(", "), names.join(" "));
    }
    install(&names)
}

fn apt() -> Command {
    let mut apt = Command::new("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq");
    apt
}

/// A machine that has never installed anything has no package lists either.
fn install(names: &[&str]) -> Result<()> {
    println!("installing {}", names.join(" "));
    shell::run(apt().arg("update"))?;
    shell::run(apt().args(["install", "-y", "--no-install-recommends"]).args(names))
}

fn tun() -> Result<()> {
    let Ok(metadata) = fs::metadata(TUN) else {
        bail!("there is no {TUN}, which the lab's wire needs: load it with `modprobe tun`");
    };
    if metadata.permissions().mode() & 0o777 == TUN_MODE {
        return Ok(());
    }
    if !is_root() {
        bail!("{TUN} may not be opened by ordinary users; udev's default is: sudo chmod 0666 {TUN}");
    }
    println!("giving {TUN} the mode that udev gives it, 0666: the lab also runs as an ordinary user");
    fs::set_permissions(TUN, fs::Permissions::from_mode(TUN_MODE))?;
    Ok(())
}
