//! The probe's BPF object: compiled by one pinned clang, checked in beside its source, so that
//! nobody needs a BPF compiler to build whyrst. The same clang gives the same bytes in any folder.
//!
//! Where a machine has another clang or none, the pinned one is unpacked from Debian's packages into the target folder:
//! nothing is installed, and no machine leaves the comparison out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, ensure};

use crate::shell::{self, installed, root, target};

#[path = "../../crates/whyrst-probe/bpf/compile.rs"]
mod compile;

use compile::Compiler;

/// Both from Debian 12; another version gives other bytes.
const CLANG: &str = "clang-16";
const STRIP: &str = "llvm-strip-16";
/// What the first says of itself.
const VERSION: &str = "Debian clang version 16.0.6 (15~deb12u1)";
/// Their packages, and the headers that the source includes.
const PACKAGES: &[&str] = &["clang-16", "llvm-16", "libbpf-dev"];
/// Where they come from, with the key that Debian's own packages bring.
const DEBIAN: &str = "http://deb.debian.org/debian";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Compiles the object and puts it beside its source.
pub fn write() -> Result<()> {
    let object = folder().join("probe.o");
    compile(&pinned()?, &object)?;
    println!("wrote {}", object.display());
    Ok(())
}

/// Compiles the object and compares it with the one that is checked in.
pub fn check() -> Result<()> {
    let compiler = pinned()?;
    let fresh = std::env::temp_dir().join(format!("whyrst-probe-{}.o", std::process::id()));
    compile(&compiler, &fresh)?;
    let made = fs::read(&fresh)?;
    fs::remove_file(&fresh)?;
    let stored = fs::read(folder().join("probe.o"))?;
    ensure!(
        made == stored,
        "crates/whyrst-probe/bpf/probe.o is not what {VERSION} makes of its source: run `cargo xtask bpf`"
    );
    println!("the probe's object is what {VERSION} makes of its source");
    Ok(())
}

/// That there is a compiler to check with, which takes a while once where it has to be fetched.
pub fn install() -> Result<()> {
    pinned().map(drop)
}

/// Has `cargo` build the probe with the feature `build-bpf`, by the pinned compiler.
pub fn built_here(cargo: &mut Command) -> Result<&mut Command> {
    let compiler = pinned()?;
    cargo.env("CLANG", &compiler.clang).env("LLVM_STRIP", &compiler.strip);
    if let Some(root) = &compiler.unpacked {
        cargo.env("CLANG_ROOT", root);
    }
    Ok(cargo.args(["--features", "whyrst-probe/build-bpf"]))
}

fn folder() -> PathBuf {
    root().join("crates/whyrst-probe/bpf")
}

fn compile(compiler: &Compiler, object: &Path) -> Result<()> {
    compiler.compile(&folder(), object).map_err(|why| anyhow!(why))
}

/// The pinned compiler: the machine's, or one that is unpacked for this alone.
fn pinned() -> Result<Compiler> {
    let machines = Compiler { clang: CLANG.into(), strip: STRIP.into(), unpacked: None };
    let has_headers = Path::new("/usr/include/bpf/bpf_helpers.h").exists();
    if [CLANG, STRIP].into_iter().all(installed) && has_headers && says(Command::new(CLANG))? == VERSION {
        return Ok(machines);
    }
    let root = target().join(CLANG);
    let bin = root.join("usr/bin");
    let unpacked = Compiler { clang: bin.join(CLANG), strip: bin.join(STRIP), unpacked: Some(root.clone()) };
    if !unpacked.clang.exists() {
        unpack(&root)?;
    }
    Ok(unpacked)
}

fn says(mut clang: Command) -> Result<String> {
    let output = clang.arg("--version").output().context("cannot run clang")?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
}

/// Fetches the packages and those that they need by apt, with lists and a state of its own, and unpacks them.
fn unpack(root: &Path) -> Result<()> {
    ensure!(
        installed("apt-get") && installed("dpkg-deb"),
        "{VERSION} is needed: install {} of Debian 12, or apt, which fetches them",
        PACKAGES.join(", ")
    );
    ensure!(
        Path::new(KEYRING).exists(),
        "{KEYRING} is needed to trust {DEBIAN}: apt-get install debian-archive-keyring"
    );
    println!("fetching {} of Debian 12 into {}", PACKAGES.join(", "), root.display());
    let half = root.with_extension("part");
    let state = root.with_extension("apt");
    for folder in [&half, &state] {
        let _ = fs::remove_dir_all(folder); // of a run that was interrupted
    }
    for folder in ["lists/partial", "archives/partial"] {
        fs::create_dir_all(state.join(folder))?;
    }
    fs::create_dir_all(&half)?;
    fs::write(state.join("sources.list"), format!("deb [signed-by={KEYRING}] {DEBIAN} bookworm main\n"))?;
    fs::write(state.join("status"), "")?;
    shell::run(apt(&state).arg("update"))?;
    shell::run(apt(&state).args(["install", "-y", "--no-install-recommends", "--download-only"]).args(PACKAGES))?;
    for package in fs::read_dir(state.join("archives"))? {
        let package = package?.path();
        let name = package.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // The machine's own C library is the one that its loader belongs to.
        let is_package = package.extension().is_some_and(|extension| extension == "deb");
        if is_package && !name.starts_with("libc6_") {
            shell::run(Command::new("dpkg-deb").arg("-x").arg(&package).arg(&half))?;
        }
    }
    fs::remove_dir_all(&state)?;
    fs::rename(&half, root).with_context(|| format!("cannot rename {}", half.display()))
}

/// apt that knows of no package of this machine and changes none.
fn apt(state: &Path) -> Command {
    let mut apt = Command::new("apt-get");
    let own = |key: &str, value: &str| format!("{key}={}", state.join(value).display());
    apt.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq");
    for option in [
        own("Dir::State::lists", "lists"),
        own("Dir::State::status", "status"),
        own("Dir::Cache", ""),
        own("Dir::Cache::archives", "archives"),
        own("Dir::Etc::sourcelist", "sources.list"),
        "Dir::Etc::sourceparts=-".to_owned(),
        "APT::Sandbox::User=".to_owned(),
        "Debug::NoLocking=1".to_owned(),
    ] {
        apt.arg("-o").arg(option);
    }
    apt
}
