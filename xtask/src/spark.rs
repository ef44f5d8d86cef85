//! `contrib/spark` on a real Spark cluster: a master and two workers on loopback.
//!
//! Not a step of `cargo xtask test`: half a gigabyte is downloaded the first time, and it needs Java.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell::{self, cargo, installed, root, target};

/// What the tests need of Python, beside what comes with it.
const PACKAGES: [&str; 4] = ["pyspark==4.*", "pyarrow", "pandas<3", "mypy"];
/// Few connections at once, each of many exchanges: so that each reaches over many of the files that
/// the capture is cut into.
const CAPTURE: [(&str, &str); 7] = [
    ("--bytes", "24M"),
    ("--snaplen", "130"),
    ("--concurrent", "300"),
    ("--exchanges", "12"),
    ("--rst-share", "0.3"),
    ("--clients", "50"),
    ("--servers", "8"),
];

/// Builds what is missing and runs the tests.
pub fn run() -> Result<()> {
    if !installed("java") {
        bail!("Spark needs Java 17 or newer: sudo apt-get install openjdk-17-jre-headless");
    }
    let folder = target().join("spark");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let python = folder.join("venv/bin/python");
    if !python.exists() {
        shell::run(Command::new("python3").args(["-m", "venv"]).arg(folder.join("venv")))?;
        shell::run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(PACKAGES))?;
    }
    shell::run(cargo().args(["build", "--quiet", "--package", "whyrst"]))?;
    let capture = folder.join("capture.pcap");
    if !capture.exists() {
        let mut generator = cargo();
        generator.args(["run", "--quiet", "--package", "xtask", "--bin", "rstgen", "--", "--out"]).arg(&capture);
        shell::run(generator.args(CAPTURE.iter().flat_map(|(option, value)| [option, value])))?;
    }
    let package = root().join("contrib/spark");
    shell::run(Command::new(&python).args(["-m", "mypy", "--strict", "whyrst_spark"]).current_dir(&package))?;
    shell::run(
        Command::new(&python)
            .args(["-m", "unittest", "discover", "--verbose", "--start-directory", "tests"])
            .current_dir(&package)
            .env("PYTHONPATH", &package)
            .env("WHYRST", target().join("debug/whyrst"))
            .env("CAPTURE", &capture),
    )
}
