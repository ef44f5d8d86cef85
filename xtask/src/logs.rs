//! `cargo xtask logs`: nginx, `HAProxy` and sshd lose connections, and what they log of it is recorded beside the packets,
//! for `crates/whyrst-cli/tests/logs.rs`.

use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::{installed, is_root, root, run};

const PROGRAMS: [&str; 6] = ["nginx", "haproxy", "sshd", "ssh-keygen", "python3", "tcpdump"];

/// Records all of them anew.
pub fn record() -> Result<()> {
    if !is_root() {
        bail!("a network namespace needs root");
    }
    let missing: Vec<&str> = PROGRAMS.into_iter().filter(|program| !installed(program)).collect();
    if !missing.is_empty() {
        bail!(
            "missing: {}; with Debian: apt-get install --no-install-recommends nginx-light haproxy openssh-server \
             openssh-client python3 tcpdump",
            missing.join(", ")
        );
    }
    let folder = root().join("crates/whyrst-cli/tests/logs");
    run(Command::new("unshare").arg("--net").arg(folder.join("record.sh")).arg(&folder))
}
