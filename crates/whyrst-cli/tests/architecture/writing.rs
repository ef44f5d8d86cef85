//! Files are opened for writing, and lines are said on standard error, in `whyrst-output` alone: there stand the rules
//! that keep a command from writing over what it reads and root from writing where others want it to.

use std::fs;
use std::path::{Path, PathBuf};

use super::root;

/// What opens a file for writing, or panics when nobody listens.
const OUTSIDE: [&str; 9] = [
    "File::create",
    "fs::write",
    "OpenOptions",
    "File::options",
    "fs::rename",
    "NamedTempFile",
    ".persist(",
    "eprintln!",
    "eprint!",
];

/// Who does so under no name that a caller gave, and where.
const MAY: &[(&str, &str)] = &[
    ("crates/whyrst-output", "here it belongs"),
    ("crates/whyrst-capture/src/system/unix.rs", "opens for reading, and does not wait for who writes a FIFO"),
    ("crates/whyrst-core/build", "what is compiled"),
    ("crates/whyrst-lab/build.rs", "what is compiled"),
    ("crates/whyrst-lab/src/code/trial.rs", "the folder of a test's play"),
    ("crates/whyrst-lab/src/trace.rs", "the kernel's tracefs"),
    ("crates/whyrst-lab/src/netns.rs", "the kernel's sysctls and maps of users"),
    ("crates/whyrst-lab/src/machine.rs", "the kernel's sysctls"),
    ("crates/whyrst-lab/src/actor/calls.rs", "the kernel's sysctls"),
    ("crates/whyrst-lab/src/tun.rs", "a device"),
    ("crates/whyrst-cli/src/doctor.rs", "a device"),
    ("crates/whyrst-cli/src/run.rs", "control groups of its own"),
    ("crates/whyrst-serve/src/upload.rs", "a folder of its own"),
    ("crates/whyrst-sql/src/inputs.rs", "a folder of its own"),
    ("crates/whyrst-telemetry/src/outbox.rs", "a folder that is the agent's own"),
];

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
}

/// Whether `line` holds `word`, and not as the end of another: `ParquetFile::create` takes a place.
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| !line[..at].ends_with(|before: char| before.is_alphanumeric()))
}

#[test]
fn files_are_written_in_one_place() {
    let mut all = Vec::new();
    for krate in fs::read_dir(root().join("crates")).expect("crates").flatten() {
        sources(&krate.path().join("src"), &mut all);
    }
    assert!(all.len() > 300, "{} sources", all.len());
    let mut wrong = Vec::new();
    for path in all {
        let name = path.strip_prefix(root()).expect("below the root").display().to_string();
        let text = fs::read_to_string(&path).expect("a source");
        // Tests may, and so may what documents.
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let code: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let found = OUTSIDE.iter().filter(|word| code.iter().any(|line| names(line, word)));
        if !MAY.iter().any(|(may, _)| name.starts_with(may)) {
            wrong.extend(found.map(|word| format!("{name}: {word}")));
        }
    }
    assert!(wrong.is_empty(), "use whyrst-output instead: {wrong:#?}");
}
