//! `crates/whyrst-browser`, a workspace of its own: the page in one file and the npm package, built and tried: the page
//! in a real Chromium from `file://` without a network, the package in Node.js, both over all fixtures.
//!
//! Of `cargo xtask test` only the compiling is a step: WebAssembly is tried as it is given away, and its optimised
//! build takes minutes.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use whyrst_core::report::catalogue::Reproducible;
use whyrst_lab::runs;

use crate::apart::Apart;
use crate::shell::{self, root, target};
use crate::web;

const PACKAGE: Apart = Apart("whyrst-browser");
/// Its program must be of the version that `crates/whyrst-browser/Cargo.toml` links.
const WASM_BINDGEN: &str = "0.2.129";
const TARGET: &str = "wasm32-unknown-unknown";

/// Whether it would compile: what a change elsewhere breaks first, in a minute.
pub fn check() -> Result<()> {
    add_target()?;
    shell::run(PACKAGE.cargo().args(["fmt", "--check"]))?;
    let words = ["clippy", "--quiet", "--locked", "--target", TARGET, "--", "-D", "warnings"];
    shell::run(PACKAGE.cargo().args(words))
}

/// Builds both and tries them.
pub fn run() -> Result<()> {
    check()?;
    let (page, package) = build()?;
    let whyrst = shell::whyrst()?;
    let tests = [(PACKAGE.folder().join("npm/test.mjs"), package), (web::folder().join("e2e/edition.mjs"), page)];
    tests.into_iter().try_for_each(|(test, tried)| {
        shell::run(Command::new("node").arg(test).arg(tried).arg(&whyrst).arg(root().join("fixtures")))
    })
}

/// What is given to others, into `target/dist`.
pub fn release() -> Result<()> {
    let (page, package) = build()?;
    for built in [page, package] {
        println!("wrote {} ({} bytes)", built.display(), fs::metadata(&built)?.len());
    }
    Ok(())
}

/// The page, and the package as `npm pack` packs it.
fn build() -> Result<(PathBuf, PathBuf)> {
    web::install()?;
    let folder = target().join("browser");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let wasm = folder.join("wasm");
    webassembly(&wasm)?;
    let lab = folder.join("lab.jsonl");
    fs::write(&lab, played()?).with_context(|| format!("cannot write {}", lab.display()))?;
    let dist = target().join("dist");
    fs::create_dir_all(&dist).with_context(|| format!("cannot make {}", dist.display()))?;
    let page = page(&folder, &wasm, &lab, &dist)?;
    Ok((page, package(&folder, &wasm, &dist)?))
}

/// The WebAssembly and its JavaScript.
fn webassembly(into: &Path) -> Result<()> {
    add_target()?;
    shell::run(PACKAGE.cargo().args(["build", "--quiet", "--release", "--locked", "--target", TARGET]))?;
    let program = shell::published_as("wasm-bindgen-cli", "wasm-bindgen", WASM_BINDGEN, &["--no-default-features"])?;
    let built = PACKAGE.folder().join("target").join(TARGET).join("release/whyrst.wasm");
    shell::run(Command::new(program).args(["--target", "web", "--out-dir"]).arg(into).arg(built))
}

/// Adds the target, where it is not there yet. Without a network rustup would try for long.
pub fn add_target() -> Result<()> {
    shell::run(Command::new("timeout").args(["120", "rustup", "--quiet", "target", "add", TARGET]))
}

/// What the lab says of each cause and recorded of it, as the page reads it.
fn played() -> Result<String> {
    let mut lines = String::new();
    for cause in whyrst_core::causes::ALL {
        let reproducible = whyrst_lab::reproducible(cause);
        let has_programs = reproducible == Reproducible::AsPrograms;
        let not_played = match reproducible {
            Reproducible::No(why) => Some(why),
            Reproducible::Yes | Reproducible::AsPrograms | Reproducible::Unknown => None,
        };
        let scenario = runs::leading(cause.id);
        let run = scenario.and_then(|scenario| Some((scenario, runs::files(scenario)?)));
        let run = run.map(|(scenario, (capture, events))| {
            json!({
                "scenario": scenario.id,
                "story": scenario.story,
                "capture": STANDARD.encode(capture),
                "events": events.map(String::from_utf8_lossy),
            })
        });
        writeln!(
            lines,
            "{}",
            json!({ "cause": cause.id, "not_played": not_played, "has_programs": has_programs, "run": run })
        )?;
    }
    Ok(lines)
}

fn page(folder: &Path, wasm: &Path, lab: &Path, dist: &Path) -> Result<PathBuf> {
    let (built, into) = (folder.join("page"), dist.join("whyrst.html"));
    let tool = |name: &str| {
        let mut tool = Command::new(web::folder().join("node_modules/.bin").join(name));
        tool.current_dir(web::folder()).env("WHYRST_WASM", wasm.join("whyrst.js"));
        tool
    };
    shell::run(tool("tsc").arg("--noEmit"))?;
    for mode in ["worker", "edition"] {
        let words = ["build", "--config", "vite.edition.js", "--logLevel", "warn", "--mode", mode, "--outDir"];
        shell::run(tool("vite").args(words).arg(&built))?;
    }
    let mut together = Command::new("node");
    together.current_dir(web::folder()).arg("edition.mjs").arg(built).arg(wasm.join("whyrst_bg.wasm")).arg(lab);
    shell::run(together.arg(&into))?;
    Ok(into)
}

fn package(folder: &Path, wasm: &Path, dist: &Path) -> Result<PathBuf> {
    let package = folder.join("package");
    fs::create_dir_all(&package).with_context(|| format!("cannot make {}", package.display()))?;
    let sources = PACKAGE.folder().join("npm");
    let copy = |from: PathBuf, name: &str| {
        fs::copy(&from, package.join(name)).map(drop).with_context(|| format!("cannot copy {}", from.display()))
    };
    for name in ["package.json", "README.md", "index.js", "index.d.ts", "load.node.js", "load.web.js"] {
        copy(sources.join(name), name)?;
    }
    for name in ["whyrst.js", "whyrst_bg.wasm"] {
        copy(wasm.join(name), name)?;
    }
    copy(web::folder().join("src/records.ts"), "records.d.ts")?;
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        copy(root().join(licence), licence)?;
    }
    let mut npm = Command::new("npm");
    npm.current_dir(&package).args(["pack", "--silent", "--pack-destination"]).arg(dist);
    shell::run(npm.stdout(std::process::Stdio::null()))?;
    Ok(dist.join(concat!("whyrst-", env!("CARGO_PKG_VERSION"), ".tgz")))
}
