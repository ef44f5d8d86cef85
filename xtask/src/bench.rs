//! How fast is `explain`? Against `cat` of the same file, in the same run, so that the figure means
//! something on any machine; and against tcpdump where it is installed.
//!
//! The captures are generated (`src/bin/rstgen.rs`): same seed, same octets, with a truth file.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell::{self, cargo, installed, root, target};

const ROUNDS: usize = 5;
const RST_FILTER: &str = "tcp[13]&4!=0 or (ip6 and ip6[6]=6 and ip6[53]&4!=0)";

/// One capture to be read.
struct Load {
    name: &'static str,
    options: &'static [&'static str],
}

const LOADS: &[Load] = &[
    Load { name: "mixed", options: &["--seed", "1"] },
    Load {
        name: "headers",
        options: &[
            "--seed",
            "2",
            "--snaplen",
            "96",
            "--req-median",
            "300",
            "--resp-median",
            "1000",
            "--think-ms",
            "250",
        ],
    },
];

/// Generates captures of `mib` MiB and times the programs on each.
pub fn run(mib: u64) -> Result<()> {
    shell::run(cargo().args(["build", "--quiet", "--release", "--package", "whyrst", "--package", "xtask", "--bins"]))?;
    let folder = root().join("bench");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for load in LOADS {
        let capture = generate(load, &folder, mib)?;
        check_truth(&capture)?;
        compare(load, &capture)?;
    }
    Ok(())
}

fn generate(load: &Load, folder: &Path, mib: u64) -> Result<PathBuf> {
    let capture = folder.join(format!("{}-{mib}m.pcap", load.name));
    let truth = capture.with_extension("csv");
    if !capture.exists() || !truth.exists() {
        let mut generator = Command::new(target().join("release/rstgen"));
        generator.arg("--out").arg(&capture).arg("--truth").arg(&truth).arg("--bytes").arg(format!("{mib}M"));
        shell::run(generator.args(load.options).stderr(Stdio::null()).stdout(Stdio::null()))?;
    }
    Ok(capture)
}

/// Every reset connection of the truth file must be found, and no other.
fn check_truth(capture: &Path) -> Result<()> {
    let truth = fs::read_to_string(capture.with_extension("csv"))?;
    let wanted = truth.lines().skip(1).count() as u64;
    let output = Command::new(target().join("release/whyrst"))
        .args(["explain", "--summary", "--format", "json"])
        .arg(capture)
        .output()?;
    let summary: Value = serde_json::from_slice(&output.stdout).context("cannot read the summary")?;
    let found = summary["reset_connections"].as_u64().unwrap_or_default();
    if found != wanted {
        bail!("{}: {found} reset connections found, {wanted} are in the truth file", capture.display());
    }
    println!("{}: {found} reset connections, as the truth file says", capture.display());
    Ok(())
}

fn compare(load: &Load, capture: &Path) -> Result<()> {
    let whyrst = target().join("release/whyrst");
    let mut programs: Vec<(&str, Vec<String>)> = vec![
        ("cat", vec!["cat".into()]),
        ("whyrst explain --summary", vec![whyrst.display().to_string(), "explain".into(), "--summary".into()]),
        (
            "whyrst explain --format json",
            vec![whyrst.display().to_string(), "explain".into(), "--format".into(), "json".into()],
        ),
    ];
    if installed("tcpdump") {
        programs.push(("tcpdump, RST filter", vec!["tcpdump".into(), "-n".into(), RST_FILTER.into(), "-r".into()]));
    }
    let mut times = vec![Vec::new(); programs.len()];
    // Interleaved, so that a slow spell of the machine falls on all of them.
    for _ in 0..ROUNDS {
        for ((_, words), times) in programs.iter().zip(&mut times) {
            times.push(time(words, capture)?);
        }
    }
    let medians: Vec<Duration> = times.iter_mut().map(|times| median(times)).collect();
    println!(
        "\n| {} ({} MiB) | median s | x cat |\n| --- | --- | --- |",
        load.name,
        fs::metadata(capture)?.len() >> 20
    );
    for ((name, _), took) in programs.iter().zip(&medians) {
        println!("| {name} | {:.3} | {:.1} |", took.as_secs_f64(), took.as_secs_f64() / medians[0].as_secs_f64());
    }
    println!();
    Ok(())
}

fn time(words: &[String], capture: &Path) -> Result<Duration> {
    let (program, arguments) = words.split_first().context("an empty command")?;
    let began = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .arg(capture)
        .stdout(File::create("/dev/null")?)
        .stderr(Stdio::null())
        .status()
        .with_context(|| format!("cannot run {program}"))?;
    if status.code().is_none_or(|code| code > 1) {
        bail!("{words:?} ended with {status}");
    }
    Ok(began.elapsed())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
