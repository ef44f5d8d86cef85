//! The program as its users have it: real captures, real recordings, a real S3 server.
//!
//! `cargo xtask sql` says where the programs are that these tests need beside it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod ends;
mod habits;
mod s3;
mod same;
mod slt;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The project's folder: tests name fixtures as a user there would.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn sql() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_whyrst-sql"));
    command.current_dir(root());
    command
}

/// A program that is not built here.
fn program(variable: &str) -> Command {
    let path = std::env::var_os(variable);
    let mut command = Command::new(path.unwrap_or_else(|| panic!("{variable} is not set: run `cargo xtask sql`")));
    command.current_dir(root());
    command
}

fn whyrst() -> Command {
    program("WHYRST")
}

/// What it wrote, when it did its work.
fn text(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn said(output: &Output) -> String {
    format!("{}\n{}", output.status, String::from_utf8_lossy(&output.stderr))
}

/// Lines in an order of their own.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

/// Folders of fixtures, in order.
fn fixtures() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("fixtures")).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    found.sort();
    found
}
