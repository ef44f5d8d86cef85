//! What must stay true of the workspace's structure: which crate may know which, that the core is pure, and
//! that the files of a crate form layers (`cycles`).

mod cycles;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Each crate and the crates of ours that it may depend on.
const ALLOWED: &[(&str, &[&str])] = &[
    ("whyrst-core", &[]),
    ("whyrst-capture", &["whyrst-core"]),
    ("whyrst-lab", &["whyrst-capture", "whyrst-core", "whyrst-probe"]),
    ("whyrst-probe", &["whyrst-core"]),
    ("whyrst-serve", &["whyrst-core"]),
    ("whyrst-store", &["whyrst-core"]),
    ("whyrst-telemetry", &["whyrst-core", "whyrst-store"]),
    (
        "whyrst",
        &[
            "whyrst-capture",
            "whyrst-core",
            "whyrst-lab",
            "whyrst-probe",
            "whyrst-serve",
            "whyrst-store",
            "whyrst-telemetry",
        ],
    ),
    ("demo", &[]),
    ("fleet", &["whyrst-capture", "whyrst-core", "whyrst-telemetry"]),
    ("flowread", &[]),
    ("rstgen", &[]),
    ("xtask", &["whyrst-core"]),
];

/// All that the core may depend on; none of them does IO without its `std` feature.
const PURE: &[&str] = &["foldhash", "hashbrown", "jiff", "serde", "serde_json", "smallvec", "unicode-width"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the crate lies two levels below the root")
}

fn dependencies() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo metadata runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let all = package["dependencies"].as_array().expect("dependencies").iter();
            let normal = all.filter(|dependency| dependency["kind"].is_null());
            (text(&package["name"]), normal.map(|dependency| text(&dependency["name"])).collect())
        })
        .collect()
}

#[test]
fn arrows_between_crates_go_one_way() {
    let found = dependencies();
    assert_eq!(found.len(), ALLOWED.len(), "a crate is missing from the list: {:?}", found.keys());
    for (name, allowed) in ALLOWED {
        let ours = found[*name].iter().filter(|dependency| found.contains_key(*dependency));
        for dependency in ours {
            assert!(allowed.contains(&dependency.as_str()), "{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn the_core_depends_on_nothing_that_does_io() {
    for dependency in &dependencies()["whyrst-core"] {
        assert!(PURE.contains(&dependency.as_str()), "{dependency} is not on the list of pure dependencies");
    }
}

/// A query engine is a hundred megabytes: it has a binary of its own.
#[test]
fn the_default_binary_links_no_query_engine() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", "whyrst", "--edges", "normal", "--prefix", "none", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo tree runs");
    let tree = String::from_utf8_lossy(&output.stdout);
    assert!(tree.contains("whyrst-store"), "{tree}");
    for engine in ["datafusion", "sqlparser", "object_store"] {
        assert!(!tree.lines().any(|line| line.starts_with(engine)), "{engine}");
    }
}

#[test]
fn the_core_is_no_std() {
    let lib = std::fs::read_to_string(root().join("crates/whyrst-core/src/lib.rs")).expect("the core has a lib.rs");
    assert!(lib.contains("#![no_std]"));
    let std_lines: Vec<&str> = lib.lines().filter(|line| line.contains("extern crate std")).collect();
    let mut before = lib.lines().zip(lib.lines().skip(1));
    assert!(
        before.all(|(above, line)| !line.contains("extern crate std") || above.trim() == "#[cfg(test)]"),
        "std outside tests: {std_lines:?}"
    );
}
