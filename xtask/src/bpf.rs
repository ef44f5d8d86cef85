//! The probe's BPF object: compiled by one pinned clang, checked in beside its source, so that
//! nobody needs a BPF compiler to build whyrst. The same clang gives the same bytes in any folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell::{self, installed, root};

/// Both from Debian 12 (clang-16 16.0.6); another version gives other bytes.
pub const CLANG: &str = "clang-16";
/// Takes the DWARF out and leaves the BTF.
pub const STRIP: &str = "llvm-strip-16";

/// Compiles the object and puts it beside its source.
pub fn write() -> Result<()> {
    let object = folder().join("probe.o");
    compile(&object)?;
    println!("wrote {}", object.display());
    Ok(())
}

/// Compiles the object and compares it with the one that is checked in.
pub fn check() -> Result<()> {
    let fresh = std::env::temp_dir().join(format!("whyrst-probe-{}.o", std::process::id()));
    compile(&fresh)?;
    let same = fs::read(&fresh)? == fs::read(folder().join("probe.o"))?;
    fs::remove_file(&fresh)?;
    if !same {
        bail!("crates/whyrst-probe/bpf/probe.o is not what {CLANG} makes of its source: run `cargo xtask bpf`");
    }
    println!("the probe's object is what {CLANG} makes of its source");
    Ok(())
}

/// Whether the pinned compiler is here.
pub fn can_compile() -> bool {
    [CLANG, STRIP].into_iter().all(installed)
}

fn folder() -> PathBuf {
    root().join("crates/whyrst-probe/bpf")
}

fn compile(object: &Path) -> Result<()> {
    if !can_compile() {
        bail!("{CLANG} and {STRIP} are needed: apt-get install clang-16 llvm-16 libbpf-dev");
    }
    let folder = folder();
    let here = format!("-ffile-prefix-map={}=.", folder.display());
    let headers = format!("-I/usr/include/{}-linux-gnu", std::env::consts::ARCH);
    shell::run(
        Command::new(CLANG)
            .current_dir(&folder)
            .args(["-O2", "-g", "-Wall", "-Werror", "-fdebug-compilation-dir=.", &here, "-fno-ident"])
            .args(["-target", "bpf", "-mcpu=v3", &headers, "-c", "probe.bpf.c", "-o"])
            .arg(object),
    )?;
    shell::run(Command::new(STRIP).arg("-g").arg(object)).context("cannot take the debugging information out")
}
