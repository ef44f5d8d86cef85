//! The record is defined once: what reads or writes it is made of the types in `whyrst-model`, not of a second list.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::root;

/// Fields that are deep in the record, and that nothing asks for by name.
const RARE: &[&str] = &[
    "surely_lost_server_bytes",
    "tampering_signature",
    "retransmitted_ms_ago",
    "place_known_by",
    "clock_uncertainty_ns",
];

/// The types, and what fills them.
const DEFINITION: &[&str] = &["crates/whyrst-model/src/", "crates/whyrst-core/src/report/"];

/// What `cargo xtask` makes of the types.
const GENERATED: &[&str] =
    &["crates/whyrst-store/columns/resets.txt", "crates/whyrst-serve/web/src/records.ts", "docs/schema/reset.json"];

const FOLDERS: &[&str] = &["crates", "tools", "contrib", "xtask", "docs/schema"];
/// Built, or of others.
const PASSED_OVER: &[&str] = &["target", "node_modules", "dist", "tests"];

#[test]
fn the_record_is_defined_once() {
    let mut files = Vec::new();
    for folder in FOLDERS {
        list(&root().join(folder), &mut files);
    }
    let mut namers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for path in files {
        // What is not text names nothing.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let name = path.strip_prefix(root()).expect("it is below the root").display().to_string();
        for field in RARE.iter().filter(|field| text.contains(**field)) {
            namers.entry(field).or_default().push(name.clone());
        }
    }
    let known = |file: &&String| DEFINITION.iter().chain(GENERATED).any(|known| file.starts_with(known));
    for field in RARE {
        let files = &namers[field];
        let others: Vec<&String> = files.iter().filter(|file| !known(file)).collect();
        assert!(others.is_empty(), "{field} is named a second time, in {others:?}");
        for generated in GENERATED {
            assert!(files.iter().any(|file| file == generated), "{generated} lacks {field}: run `cargo xtask schema`");
        }
    }
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default();
        if PASSED_OVER.iter().any(|other| name == *other) {
            continue;
        }
        if path.is_dir() { list(&path, files) } else { files.push(path) }
    }
}
