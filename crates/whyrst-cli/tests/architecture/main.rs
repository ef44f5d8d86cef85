//! What must stay true of the workspace's structure: which crate may know which, that the core is pure, and
//! that the files of a crate form layers (`cycles`), and that sources cite only what is there (`citations`).

mod citations;
mod cycles;
mod definition;
mod writing;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Each crate and the crates of ours that it may depend on.
const ALLOWED: &[(&str, &[&str])] = &[
    ("whyrst-model", &[]),
    ("whyrst-core", &["whyrst-model"]),
    ("whyrst-capture", &["whyrst-core", "whyrst-model"]),
    ("whyrst-explain", &["whyrst-capture", "whyrst-core", "whyrst-model"]),
    ("whyrst-http", &[]),
    (
        "whyrst-lab",
        &["whyrst-capture", "whyrst-core", "whyrst-explain", "whyrst-model", "whyrst-output", "whyrst-probe"],
    ),
    ("whyrst-output", &[]),
    ("whyrst-privileges", &[]),
    ("whyrst-probe", &["whyrst-core", "whyrst-model", "whyrst-privileges"]),
    ("whyrst-page", &["whyrst-core", "whyrst-model"]),
    ("whyrst-provoke", &["whyrst-http", "whyrst-model"]),
    ("whyrst-serve", &["whyrst-core", "whyrst-http", "whyrst-model", "whyrst-page"]),
    ("whyrst-store", &["whyrst-core", "whyrst-model", "whyrst-output"]),
    ("whyrst-telemetry", &["whyrst-core", "whyrst-http", "whyrst-model", "whyrst-privileges", "whyrst-store"]),
    ("whyrst", &["whyrst-explain", "whyrst-model"]),
    (
        "whyrst-cli",
        &[
            "whyrst-capture",
            "whyrst-core",
            "whyrst-explain",
            "whyrst-lab",
            "whyrst-model",
            "whyrst-output",
            "whyrst-privileges",
            "whyrst-probe",
            "whyrst-provoke",
            "whyrst-serve",
            "whyrst-store",
            "whyrst-telemetry",
        ],
    ),
    ("demo", &[]),
    ("fleet", &["whyrst-capture", "whyrst-core", "whyrst-model", "whyrst-telemetry"]),
    ("flowread", &[]),
    ("rstgen", &[]),
    ("xtask", &["whyrst-capture", "whyrst-core", "whyrst-lab"]),
];

/// The pure crates and all that each may depend on; none of it does IO without its `std` feature, and `schemars` is
/// there for `cargo xtask schema` alone.
const PURE: &[(&str, &[&str])] = &[
    ("whyrst-model", &["bounded-static", "jiff", "schemars", "serde"]),
    ("whyrst-core", &["foldhash", "hashbrown", "jiff", "serde_json", "smallvec", "unicode-width", "whyrst-model"]),
];

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
fn the_pure_crates_depend_on_nothing_that_does_io() {
    let found = dependencies();
    for (name, pure) in PURE {
        for dependency in &found[*name] {
            assert!(
                pure.contains(&dependency.as_str()),
                "{name}: {dependency} is not on the list of pure dependencies"
            );
        }
    }
}

/// A query engine is a hundred megabytes: it has a binary of its own.
#[test]
fn the_default_binary_links_no_query_engine() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", "whyrst-cli", "--edges", "normal", "--prefix", "none", "--offline"])
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
fn the_pure_crates_are_no_std() {
    for (name, _) in PURE {
        let lib = root().join("crates").join(name).join("src/lib.rs");
        let lib = std::fs::read_to_string(lib).expect("each crate has a lib.rs");
        assert!(lib.contains("#![no_std]"), "{name}");
        let std_lines: Vec<&str> = lib.lines().filter(|line| line.contains("extern crate std")).collect();
        let mut before = lib.lines().zip(lib.lines().skip(1));
        assert!(
            before.all(|(above, line)| !line.contains("extern crate std") || above.trim() == "#[cfg(test)]"),
            "{name}: std outside tests: {std_lines:?}"
        );
    }
}
