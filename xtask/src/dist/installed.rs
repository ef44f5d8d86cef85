//! `cargo xtask dist --install`: a fresh Debian (debootstrap) installs the package, upgrades it and removes it again,
//! as root. In between the program explains a capture, looks the machine over and watches; afterwards nothing of it
//! is left.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{CAPTURE, Machine};
use crate::shell::{self, installed, is_root, root, target};

const SUITE: &str = "bookworm";
/// Runs in the new Debian, with a mount table of its own; what fails ends it.
const STEPS: &str = r#"
set -eu
mount -t proc proc "$1/proc"
mount --rbind /sys "$1/sys"
chroot "$1" sh -euc '
    files() { find / -xdev -not -path "/var/lib/dpkg/*" -not -path "/var/log/*" | sort; }
    files >/var/log/before
    dpkg --install /whyrst.deb
    whyrst explain /capture.pcapng | grep "whyrst causes closed-port"
    whyrst doctor || test $? -eq 1
    timeout --signal INT 3 whyrst watch || test $? -eq 124
    mkdir -p /etc/whyrst
    echo "lang = \"zh\"" >/etc/whyrst/config.toml
    dpkg --install /whyrst.deb
    test -s /etc/whyrst/config.toml
    rm -r /etc/whyrst
    dpkg --purge whyrst
    files >/var/log/after
    diff /var/log/before /var/log/after
'
"#;

/// With the package that `dist` made.
pub fn try_in_debian() -> Result<()> {
    if !is_root() || !installed("debootstrap") {
        bail!("a fresh Debian needs root and debootstrap (Debian: debootstrap)");
    }
    let debian = debian()?;
    copy(&Machine::X86_64.file(".deb"), &debian.join("whyrst.deb"))?;
    copy(&root().join(CAPTURE), &debian.join("capture.pcapng"))?;
    shell::run(Command::new("unshare").args(["--mount", "sh", "-c", STEPS, "sh"]).arg(&debian))?;
    println!("Debian {SUITE} installed the package, ran it, upgraded it and removed it; nothing was left");
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}

/// Made once; the steps leave it as it was.
fn debian() -> Result<std::path::PathBuf> {
    let folder = target().join("debian").join(SUITE);
    if !folder.join("usr/bin/dpkg").exists() || folder.join("debootstrap").exists() {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        shell::run(Command::new("debootstrap").args(["--variant=minbase", SUITE]).arg(&folder))?;
    }
    Ok(folder)
}
