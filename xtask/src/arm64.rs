//! `cargo xtask arm64`: the program for arm64, run by QEMU's user emulation, reads all fixtures and says of each, to
//! the byte, what the program for x86-64 says. The kernel side is not emulated: `watch` and the lab are not tried
//! there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::dist::{Machine, Profile};
use crate::shell::{self, root, target};

/// The ways in which each fixture is read.
const WAYS: [&[&str]; 2] = [&["--format", "json", "--all"], &["-v", "--all", "--lang", "zh"]];
/// What every program says there: QEMU knows no filters of system calls.
const NOT_EMULATED: &str =
    "whyrst: cannot restrict system calls: Error calling `seccomp`: Function not implemented (os error 38)\n";
const ENDINGS: [&str; 3] = ["pcap", "pcapng", "jsonl"];

/// Builds both programs and compares them.
pub fn compare() -> Result<()> {
    let (here, there) = (shell::whyrst()?, Machine::Arm64.build(Profile::Dev)?);
    let (here, there) = (here.as_path(), there.as_path());
    let fixtures = fixtures()?;
    let begun = Instant::now();
    let shares = fixtures.chunks(fixtures.len().div_ceil(thread::available_parallelism()?.get()));
    let told = thread::scope(|scope| {
        let share = |share| scope.spawn(move || compare_share(here, there, share));
        let running: Vec<_> = shares.map(share).collect();
        let ended = running.into_iter().map(|thread| thread.join().expect("comparing does not panic"));
        ended.collect::<Result<Vec<usize>>>()
    })?;
    println!(
        "arm64: {} files read in {} ways, {} bytes of reports, all as on x86-64 ({:.0} s)",
        fixtures.len(),
        WAYS.len(),
        told.iter().sum::<usize>(),
        begun.elapsed().as_secs_f64()
    );
    annotated(here, there)
}

/// All captures and recordings of the lab, and what other programs' stacks and logs left.
fn fixtures() -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in ["fixtures", "crates/whyrst-capture/tests/stacks", "crates/whyrst-cli/tests/logs"] {
        walk(&root().join(folder), &mut found)?;
    }
    found.retain(|path| path.extension().is_some_and(|ending| ENDINGS.iter().any(|one| ending == *one)));
    found.sort();
    if found.len() < 300 {
        bail!("only {} fixtures were found", found.len());
    }
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() { walk(&path, found)? } else { found.push(path) }
    }
    Ok(())
}

/// How many bytes both said of these.
fn compare_share(here: &Path, there: &Path, fixtures: &[PathBuf]) -> Result<usize> {
    let mut told = 0;
    for fixture in fixtures {
        for way in WAYS {
            told += said_alike(Command::new(here), Machine::Arm64.command(there)?, way, fixture)?;
        }
    }
    Ok(told)
}

fn said_alike(here: Command, there: Command, way: &[&str], fixture: &Path) -> Result<usize> {
    let [here, there] = [here, there].map(|mut program| {
        program
            .arg("explain")
            .args(way)
            .arg(fixture)
            .current_dir(root())
            .envs([("LC_ALL", "C"), ("TZ", "UTC")])
            .output()
    });
    let (here, there) = (here?, there.context("cannot run QEMU")?);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (complaints, others) = (text(&here.stderr), text(&there.stderr).replacen(NOT_EMULATED, "", 1));
    if (here.status.code(), &here.stdout, &complaints) != (there.status.code(), &there.stdout, &others) {
        bail!(
            "explain {way:?} {}: {}, {} bytes, {complaints:?} on x86-64; {}, {} bytes, {others:?} on arm64",
            fixture.display(),
            here.status,
            here.stdout.len(),
            there.status,
            there.stdout.len()
        );
    }
    Ok(here.stdout.len() + here.stderr.len())
}

/// Files that are written are the same as well: a capture with comments, a page, rows.
fn annotated(here: &Path, there: &Path) -> Result<()> {
    let fixture = root().join("fixtures/close-unread/client.pcapng");
    let folder = target().join("arm64");
    fs::create_dir_all(&folder)?;
    for (option, name) in [("--annotate", "told.pcapng"), ("--parquet", "rows")] {
        let each = [("x86-64", Command::new(here)), ("arm64", Machine::Arm64.command(there)?)];
        for (machine, mut program) in each {
            let written = folder.join(machine).join(name);
            let _ = fs::remove_dir_all(folder.join(machine));
            fs::create_dir_all(folder.join(machine))?;
            let output = program.arg("explain").arg(option).arg(&written).arg(&fixture).output()?;
            if output.status.code() == Some(2) {
                bail!("{machine}: {option}: {}", String::from_utf8_lossy(&output.stderr));
            }
        }
        shell::run(Command::new("diff").arg("--recursive").args(["x86-64", "arm64"]).current_dir(&folder))?;
    }
    println!("arm64: annotated captures and rows are the same to the byte");
    Ok(())
}
