//! What is given to others: a static binary, a Debian package, the manual and the completions.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell::{self, Scratch, cargo, installed, root, target};
use crate::supply;

const CARGO_DEB: &str = "3.8.0";
const SHELLS: [(&str, &str); 3] = [("bash", "whyrst"), ("zsh", "_whyrst"), ("fish", "whyrst.fish")];

/// The manual and the completions into `target/dist`.
pub fn man() -> Result<()> {
    pages(&shell::whyrst()?)
}

/// Everything into `target/dist`.
pub fn run() -> Result<()> {
    let program = static_binary()?;
    pages(&program)?;
    supply::licences(&folder().join("third-party-licences.md"))?;
    let package = package()?;
    try_out(&package)?;
    println!("wrote {}\nwrote {}", program.display(), package.display());
    Ok(())
}

fn folder() -> PathBuf {
    target().join("dist")
}

fn pages(whyrst: &Path) -> Result<()> {
    let (man, completions) = (folder().join("man"), folder().join("completions"));
    fs::create_dir_all(&completions).with_context(|| format!("cannot make {}", completions.display()))?;
    shell::run(Command::new(whyrst).arg("man").arg(&man))?;
    for (shell, name) in SHELLS {
        let output = Command::new(whyrst).args(["completions", shell]).output().context("cannot run whyrst")?;
        if !output.status.success() {
            bail!("whyrst completions {shell} ended with {}", output.status);
        }
        fs::write(completions.join(name), output.stdout).with_context(|| format!("cannot write {name}"))?;
    }
    println!("wrote {} and {}", man.display(), completions.display());
    Ok(())
}

/// Needs nothing of the machine that it runs on but Linux. `--target` keeps the flag away from build scripts.
fn static_binary() -> Result<PathBuf> {
    let host = host()?;
    println!("building for {host}, static");
    let mut build = cargo();
    build.env("RUSTFLAGS", "-C target-feature=+crt-static").args(["build", "--quiet", "--release"]);
    shell::run(build.args(["--package", "whyrst-cli", "--features", "tls", "--target", &host]))?;
    let made = target().join(&host).join("release/whyrst");
    let program = folder().join("whyrst");
    fs::create_dir_all(folder()).with_context(|| format!("cannot make {}", folder().display()))?;
    fs::copy(&made, &program).with_context(|| format!("cannot copy {}", made.display()))?;
    let needs = Command::new("ldd").arg(&program).output().context("cannot run ldd")?;
    let said = String::from_utf8_lossy(&needs.stdout).into_owned() + &String::from_utf8_lossy(&needs.stderr);
    if !said.contains("statically linked") && !said.contains("not a dynamic executable") {
        bail!("{} is not static: {said}", program.display());
    }
    Ok(program)
}

fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("cannot run rustc")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not say for what machine it builds")
}

/// Of what lies in `target/dist`; the manifest of the binary's crate says where it goes.
fn package() -> Result<PathBuf> {
    let program = shell::published("cargo-deb", CARGO_DEB, &[])?;
    // The manifest names its files from the workspace's own folder.
    let expected = root().join("target/dist");
    if folder() != expected && !expected.exists() {
        bail!("the package is made of {}: do not set CARGO_TARGET_DIR", expected.display());
    }
    let mut deb = Command::new(program);
    deb.current_dir(root()).args(["--quiet", "--no-build", "--no-strip", "--package", "whyrst-cli", "--output"]);
    let package = folder().join("whyrst.deb");
    shell::run(deb.arg(&package))?;
    Ok(package)
}

/// What somebody who installs the package has: the program, its manual and its completions.
fn try_out(package: &Path) -> Result<()> {
    if !installed("dpkg-deb") {
        println!("the package was not unpacked to be tried: there is no dpkg-deb here");
        return Ok(());
    }
    let scratch = Scratch::new("package")?;
    shell::run(Command::new("dpkg-deb").arg("--extract").arg(package).arg(scratch.path()))?;
    for file in [
        "usr/share/man/man1/whyrst.1.gz",
        "usr/share/man/man1/whyrst-explain.1.gz",
        "usr/share/bash-completion/completions/whyrst",
        "usr/share/zsh/vendor-completions/_whyrst",
        "usr/share/fish/vendor_completions.d/whyrst.fish",
        "usr/share/doc/whyrst/LICENSE-MIT",
    ] {
        if !scratch.path().join(file).is_file() {
            bail!("{} has no /{file}", package.display());
        }
    }
    let capture = root().join("fixtures/closed-port/client.pcapng");
    let output = Command::new(scratch.path().join("usr/bin/whyrst")).arg("explain").arg(&capture).output();
    let output = output.context("cannot run the program of the package")?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() || !text.contains("whyrst causes closed-port") {
        bail!("the program of the package says of {}: {text}", capture.display());
    }
    println!("the package was unpacked: its program explains a capture");
    Ok(())
}
