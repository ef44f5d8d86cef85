//! `watch` and `agent` against the real programs that they report resets to: Prometheus, an OpenTelemetry
//! collector, systemd's journal, rsyslog, ClickHouse. Those that Debian does not have come from `PyPI`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::shell::{self, root, target};

/// rotel is an OpenTelemetry collector, chdb-core-lite a ClickHouse engine: programs inside of a Python package.
const PACKAGES: [&str; 4] =
    ["rotel==0.0.1a15", "opentelemetry-proto==1.45.2", "chdb-core-lite==26.5.0", "kubernetes-validate==1.37.0"];

/// The environment with all of [`PACKAGES`].
pub fn python() -> PathBuf {
    target().join("telemetry/venv/bin/python")
}

/// Quick when everything is there already.
pub fn install() -> Result<()> {
    shell::python("telemetry", &PACKAGES).map(drop)
}

/// Rules without the kernel, then all of it; as root.
pub fn run() -> Result<()> {
    let rules = root().join("contrib/prometheus");
    shell::run(Command::new("promtool").args(["test", "rules", "whyrst.test.yml"]).current_dir(&rules))?;
    shell::run(Command::new("promtool").args(["check", "config", "prometheus.yml"]).current_dir(&rules))?;
    install()?;
    let whyrst = shell::whyrst()?;
    shell::run(
        Command::new(python())
            .args(["-W", "ignore::ResourceWarning", "-m", "unittest", "discover"])
            .current_dir(root().join("contrib/tests"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("WHYRST", whyrst),
    )
}
