//! `contrib/spark` on a real Spark cluster: a master and two workers on loopback.
//!
//! Not a step of `cargo xtask test`: half a gigabyte is downloaded the first time, and it needs Java.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::pages;
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

/// The size whose figures stand in the page.
const OF_THE_PAGE: &str = "10G";
const PAGE: &str = "docs/scale.md";
const MARKS: [&str; 2] = ["<!-- begin of what cargo xtask spark --bytes writes -->", "<!-- end of what it writes -->"];

/// Runs the tests, or with `--bytes SIZE` a capture of that size, whose figures are printed.
pub fn run(words: &[&str]) -> Result<()> {
    let (python, folder) = install()?;
    match words {
        [] => test(&python, &folder),
        ["--bytes", size] => measure(&python, &folder, size),
        _ => bail!("usage: cargo xtask spark [--bytes SIZE]"),
    }
}

/// Whole packets through the release build: what that costs.
fn measure(python: &Path, folder: &Path, size: &str) -> Result<()> {
    shell::run(cargo().args(["build", "--quiet", "--release", "--package", "whyrst-cli"]))?;
    let capture = folder.join("scale.pcap");
    let mut generator = cargo();
    generator.args(["run", "--quiet", "--release", "--package", "rstgen", "--", "--bytes", size, "--out"]);
    shell::run(generator.arg(&capture))?;
    let mut script = Command::new(python);
    script.arg("at_scale.py").stderr(Stdio::inherit());
    let output =
        with_inputs(&mut script, &target().join("release/whyrst"), &capture).output().context("cannot run Python")?;
    if !output.status.success() {
        bail!("{script:?} ended with {}", output.status);
    }
    let said = String::from_utf8(output.stdout).context("figures are UTF-8")?;
    print!("{said}");
    if size == OF_THE_PAGE { pages::put(PAGE, MARKS, &said) } else { Ok(()) }
}

/// A script beside the tests, with what it needs to know.
fn with_inputs<'a>(script: &'a mut Command, program: &Path, capture: &Path) -> &'a mut Command {
    let package = root().join("contrib/spark");
    script.current_dir(package.join("tests")).env("PYTHONPATH", package).env("WHYRST", program).env("CAPTURE", capture)
}

fn test(python: &Path, folder: &Path) -> Result<()> {
    let whyrst = shell::whyrst()?;
    let capture = folder.join("capture.pcap");
    if !capture.exists() {
        let mut generator = cargo();
        generator.args(["run", "--quiet", "--package", "rstgen", "--", "--out"]).arg(&capture);
        shell::run(generator.args(CAPTURE.iter().flat_map(|(option, value)| [option, value])))?;
    }
    let package = root().join("contrib/spark");
    shell::run(Command::new(python).args(["-m", "mypy", "--strict", "whyrst_spark"]).current_dir(&package))?;
    let mut tests = Command::new(python);
    tests.args(["-m", "unittest", "discover", "--verbose"]);
    shell::run(with_inputs(&mut tests, &whyrst, &capture))
}

/// Spark and what it needs; quick when it is there already.
fn install() -> Result<(PathBuf, PathBuf)> {
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
    Ok((python, folder))
}
