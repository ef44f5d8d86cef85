//! The kinds of machine that programs are given away for, and how a static program for each is built and run here.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::folder;
use crate::shell::{self, cargo, installed, root, target};

/// Zig brings a C compiler and the C library of every machine; cargo-zigbuild has cargo use it.
const ZIG: [&str; 2] = ["cargo-zigbuild==0.24.1", "ziglang==0.15.2"];
const QEMU: &str = "qemu-aarch64-static";

/// A kind of machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Machine {
    X86_64,
    Arm64,
}

/// For trying it, or for giving it away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Profile {
    Dev,
    Release,
}

impl Profile {
    fn option(self) -> &'static str {
        match self {
            Self::Dev => "--profile=dev",
            Self::Release => "--profile=release",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

impl Machine {
    pub const ALL: [Self; 2] = [Self::X86_64, Self::Arm64];

    /// As `uname -m` and RPM have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "aarch64",
        }
    }

    /// As Debian and images for containers have it.
    pub fn debian(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// As the compiler has it. With glibc where its own compiler is at hand, with musl where that comes from elsewhere.
    pub fn triple(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-unknown-linux-gnu",
            Self::Arm64 => "aarch64-unknown-linux-musl",
        }
    }

    /// A file of `target/dist` for this machine, with what its name ends in.
    pub fn file(self, ending: &str) -> PathBuf {
        folder().join(format!("whyrst-{}-linux{ending}", self.name()))
    }

    /// The program, when it was built.
    pub fn program(self) -> PathBuf {
        self.file("")
    }

    /// Builds the program, which needs nothing of the machine that it runs on but Linux.
    pub fn build(self, profile: Profile) -> Result<PathBuf> {
        println!("building for {}, static", self.triple());
        let mut build = self.compiler()?;
        // The same bytes wherever the sources lie.
        let registry = std::env::var("CARGO_HOME").or_else(|_| std::env::var("HOME").map(|home| home + "/.cargo"))?;
        let here = root();
        let flags = format!(
            "-C target-feature=+crt-static --remap-path-prefix={}=/whyrst --remap-path-prefix={registry}=/cargo",
            here.display()
        );
        build.env("RUSTFLAGS", flags).args([
            "--quiet",
            profile.option(),
            "--package",
            "whyrst-cli",
            "--features",
            "tls",
        ]);
        // `--target` keeps the flags away from build scripts.
        shell::run(build.args(["--target", self.triple()]))?;
        let made = target().join(self.triple()).join(profile.folder()).join("whyrst");
        is_static(&made)?;
        Ok(made)
    }

    /// What runs a program for this machine here.
    pub fn command(self, program: &Path) -> Result<Command> {
        if self.name() == std::env::consts::ARCH {
            return Ok(Command::new(program));
        }
        if self == Self::X86_64 || !installed(QEMU) {
            bail!("a program for {} cannot run here: install qemu-user-static (Debian)", self.name());
        }
        let mut qemu = Command::new(QEMU);
        qemu.arg(program);
        Ok(qemu)
    }

    /// What builds for this machine: cargo, up to its options.
    fn compiler(self) -> Result<Command> {
        let mut build = cargo();
        match self {
            Self::X86_64 => {
                if std::env::consts::ARCH != self.name() {
                    bail!("programs to give away are built on x86-64, this machine is {}", std::env::consts::ARCH);
                }
                build.arg("build");
            }
            Self::Arm64 => {
                shell::run(Command::new("rustup").args(["target", "add", self.triple()]))?;
                let python = shell::python("zig", &ZIG)?;
                let beside = python.parent().context("python lies in a folder")?;
                let path = std::env::var("PATH").unwrap_or_default();
                build.env("PATH", format!("{}:{path}", beside.display())).arg("zigbuild");
            }
        }
        Ok(build)
    }
}

/// An ELF file without an interpreter loads no libraries.
fn is_static(program: &Path) -> Result<()> {
    let output = Command::new("readelf").args(["--program-headers", "--wide"]).arg(program).output();
    let output = output.context("cannot run readelf (Debian: binutils)")?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !said.contains("LOAD") || said.contains("INTERP") {
        bail!("{} is not static: {said}", program.display());
    }
    Ok(())
}
