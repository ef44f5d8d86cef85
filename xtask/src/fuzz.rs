//! Fuzzing with the ordinary compiler.
//!
//! `cargo fuzz` asks for a nightly compiler because of its sanitizers. Nothing here is unsafe, so no
//! sanitizer is needed, and what guides libFuzzer (coverage counters, compared values) is a pass of
//! LLVM that the stable compiler has as well.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use crate::shell::{cargo, root, run, target};

/// The targets, and the largest input of each.
const TARGETS: &[(&str, u32)] = &[
    ("container", 16_384),
    ("link", 1_600),
    ("options", 40),
    ("archive", 8_192),
    ("tracker", 2_048),
    ("end_to_end", 4_096),
    ("record", 640),
    ("words", 1_024),
    ("printed", 4_096),
];

/// No input may need more memory, or more time. An xz stream may ask for 128 MiB (docs/formats.md).
const MOST_MIB: u32 = 1_024;
const MOST_SECONDS: u32 = 20;

/// What libFuzzer needs to see which code an input reaches (as cargo-fuzz sets it).
const FLAGS: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions=yes",
    "-Coverflow-checks=yes",
];

/// Long enough to feed each target what is in its corpus, and some more. Whoever looks for new faults takes minutes:
/// `cargo xtask fuzz 1200`, whose last result stands in docs/reliability.md.
const BRIEFLY: u64 = 5;

/// All targets, two at a time.
pub fn briefly() -> Result<()> {
    fuzz(BRIEFLY, &[])
}

/// Runs `names` (all when empty) for `seconds` each. What breaks one is kept and named.
pub fn fuzz(seconds: u64, names: &[&str]) -> Result<()> {
    let unknown = names.iter().find(|name| TARGETS.iter().all(|(target, _)| target != *name));
    if let Some(name) = unknown {
        bail!("there is no fuzz target \"{name}\"; there are {}", listed());
    }
    build()?;
    let wanted: Vec<_> = TARGETS.iter().filter(|(name, _)| names.is_empty() || names.contains(name)).collect();
    let limit = Duration::from_secs(seconds);
    for pair in wanted.chunks(2) {
        let started: Vec<_> = pair.iter().map(|(name, most)| start(name, *most, limit)).collect::<Result<_>>()?;
        // All are read at once: who says more than a pipe holds would stand still until it is read.
        let reading: Vec<_> =
            started.into_iter().map(|child| std::thread::spawn(|| child.wait_with_output())).collect();
        for (reader, (name, _)) in reading.into_iter().zip(pair) {
            let output = reader.join().map_err(|_| anyhow!("reading what {name} says failed"))?;
            let output = output.with_context(|| format!("cannot wait for {name}"))?;
            report(name, output.status.success(), &String::from_utf8_lossy(&output.stderr))?;
        }
    }
    Ok(())
}

fn listed() -> String {
    TARGETS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

fn build() -> Result<()> {
    let mut build = cargo();
    build.current_dir(root().join("fuzz")).env("CARGO_TARGET_DIR", folder()).env("RUSTFLAGS", FLAGS.join(" "));
    // With --target the flags do not reach build scripts and macros.
    run(build.args(["build", "--quiet", "--release", "--target", &host()?]))
}

fn folder() -> PathBuf {
    target().join("fuzz")
}

fn host() -> Result<String> {
    let said = Command::new("rustc").arg("-vV").output().context("cannot run rustc")?;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc -vV names no host")
}

/// New inputs go to a folder of their own; those in the repository are only read.
fn start(name: &str, most: u32, limit: Duration) -> Result<std::process::Child> {
    let work = folder().join("corpus").join(name);
    let broken = folder().join("broken").join(name);
    for folder in [&work, &broken] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let mut command = Command::new(folder().join(host()?).join("release").join(name));
    command
        .arg(work)
        .arg(root().join("fuzz/corpus").join(name))
        .arg(format!("-max_total_time={}", limit.as_secs()))
        .arg(format!("-max_len={most}"))
        .arg(format!("-timeout={MOST_SECONDS}"))
        .arg(format!("-rss_limit_mb={MOST_MIB}"))
        .arg(format!("-artifact_prefix={}/", broken.display()))
        .arg("-print_final_stats=1")
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command.spawn().with_context(|| format!("cannot run the fuzz target {name}"))
}

fn report(name: &str, passed: bool, said: &str) -> Result<()> {
    if !passed {
        let end: Vec<&str> = said.lines().rev().take(40).collect();
        bail!("{name} broke:\n{}", end.into_iter().rev().collect::<Vec<_>>().join("\n"));
    }
    let stat = |key: &str| said.lines().find_map(|line| line.strip_prefix(key)).map_or("?", str::trim);
    let coverage = said
        .lines()
        .rev()
        .find_map(|line| line.split_once(" cov: "))
        .map_or("?", |(_, rest)| rest.split_ascii_whitespace().next().unwrap_or("?"));
    println!(
        "   {name}: {} executions, {coverage} edges covered, {} MiB at most",
        stat("stat::number_of_executed_units:"),
        stat("stat::peak_rss_mb:")
    );
    Ok(())
}
