//! Packages of a program: for Debian by cargo-deb, of what the manifest of `whyrst-cli` lists, and for RPM by
//! rpmbuild, of what `contrib/rpm/whyrst.spec` lists. Both have the manual, the completions, the units and all
//! licences.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{Machine, Made, VERSION, answers, folder};
use crate::shell::{self, Scratch, installed, root};

const CARGO_DEB: &str = "3.8.0";
/// What somebody who installs a package has, beside the program.
const FILES: [&str; 7] = [
    "usr/share/man/man1/whyrst.1.gz",
    "usr/share/man/man1/whyrst-explain.1.gz",
    "usr/share/bash-completion/completions/whyrst",
    "usr/share/doc/whyrst/README.md",
    "usr/share/doc/whyrst/README.zh.md",
    "usr/share/doc/whyrst/third-party-licences.md",
    "usr/share/doc/whyrst/examples/whyrst-watch.service",
];

/// Both packages of the program for `machine`.
pub fn make(machine: Machine) -> Result<()> {
    make_deb(machine)?;
    make_rpm(machine)
}

/// The package for Debian, unpacked and tried.
pub fn make_deb(machine: Machine) -> Result<()> {
    let made = Made::of_commit()?;
    // Where the lists look for it.
    let here = folder().join("whyrst");
    fs::copy(machine.program(), &here).with_context(|| format!("cannot write {}", here.display()))?;
    changes(&made)?;
    copyright()?;
    let deb = debian(machine, &made)?;
    unpacked(machine, &deb, |deb, into| shell::run(Command::new("dpkg-deb").arg("--extract").arg(deb).arg(into)))?;
    clean(&deb)
}

/// The same for RPM, of what [`make_deb`] laid out.
fn make_rpm(machine: Machine) -> Result<()> {
    let made = Made::of_commit()?;
    if !installed("rpmbuild") {
        println!("no RPM was made: there is no rpmbuild here (Debian: rpm)");
        return Ok(());
    }
    let rpm = rpm(machine, &made)?;
    unpacked(machine, &rpm, |rpm, into| {
        let unpack = r#"rpm2cpio "$1" | cpio --quiet --extract --make-directories --directory "$2""#;
        shell::run(Command::new("sh").args(["-c", unpack, "sh"]).arg(rpm).arg(into))
    })
}

/// Debian's own changelog, which a package must have: it points at the one for users.
fn changes(made: &Made) -> Result<()> {
    let date = Command::new("date")
        .args(["--utc", "--rfc-email", "--date"])
        .arg(format!("@{}", made.seconds))
        .env("LC_ALL", "C")
        .output()
        .context("cannot run date")?;
    let (date, maintainer) = (String::from_utf8_lossy(&date.stdout).trim().to_owned(), maintainer()?);
    let text = format!(
        "whyrst ({VERSION}-1) unstable; urgency=medium\n\n  * What is new stands in changelog.gz beside this file.\n\n \
         -- {maintainer}  {date}\n"
    );
    let path = folder().join("changelog.Debian");
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Its licences, in the form that Debian gives them.
fn copyright() -> Result<()> {
    let mit = fs::read_to_string(root().join("LICENSE-MIT")).context("cannot read LICENSE-MIT")?;
    let mit = mit.trim().lines().map(|line| if line.is_empty() { " .\n".to_owned() } else { format!(" {line}\n") });
    let text = format!(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: whyrst\n\
         Source: https://github.com/whyrst/whyrst\n\
         Comment: The licences of what is linked stand in third-party-licences.md beside this file.\n\n\
         Files: *\nCopyright: 2026 The whyrst authors\nLicense: Expat or Apache-2.0\n\n\
         License: Expat\n{}\nLicense: Apache-2.0\n \
         On Debian systems its text is in /usr/share/common-licenses/Apache-2.0.\n",
        mit.collect::<String>()
    );
    let path = folder().join("copyright");
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Who answers for a package, as the manifest of the program says.
fn maintainer() -> Result<String> {
    let manifest = root().join("crates/whyrst-cli/Cargo.toml");
    let text = fs::read_to_string(&manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
    let line = text.lines().find_map(|line| line.strip_prefix("maintainer = \"")?.strip_suffix('"'));
    line.map(str::to_owned).with_context(|| format!("{} names no maintainer", manifest.display()))
}

fn debian(machine: Machine, made: &Made) -> Result<PathBuf> {
    let program = shell::published("cargo-deb", CARGO_DEB, &[])?;
    // The manifest names its files from the workspace's own folder.
    let expected = root().join("target/dist");
    if folder() != expected && !expected.exists() {
        bail!("the package is made of {}: do not set CARGO_TARGET_DIR", expected.display());
    }
    let mut deb = Command::new(program);
    deb.current_dir(root()).env("SOURCE_DATE_EPOCH", made.seconds.to_string());
    deb.args(["--quiet", "--no-build", "--no-strip", "--package", "whyrst-cli", "--target", machine.triple()]);
    let package = machine.file(".deb");
    shell::run(deb.arg("--output").arg(&package))?;
    Ok(package)
}

fn rpm(machine: Machine, made: &Made) -> Result<PathBuf> {
    let scratch = Scratch::new("rpm")?;
    let mut build = Command::new("rpmbuild");
    build.env("SOURCE_DATE_EPOCH", made.seconds.to_string());
    build.args(["-bb", "--quiet", "--target", machine.name()]);
    let (top, dist, sources) = (scratch.path().display(), folder(), root());
    for (name, value) in [
        ("_topdir", top.to_string()),
        ("dist_folder", dist.display().to_string()),
        ("sources", sources.display().to_string()),
        ("program_version", VERSION.to_owned()),
    ] {
        build.arg("--define").arg(format!("{name} {value}"));
    }
    shell::run(build.arg(root().join("contrib/rpm/whyrst.spec")))?;
    let made = scratch.path().join(format!("RPMS/{0}/whyrst-{VERSION}-1.{0}.rpm", machine.name()));
    let package = machine.file(".rpm");
    fs::copy(&made, &package).with_context(|| format!("cannot copy {}", made.display()))?;
    Ok(package)
}

/// What somebody who installs the package has: the program, its manual and its completions.
fn unpacked(machine: Machine, package: &Path, unpack: impl Fn(&Path, &Path) -> Result<()>) -> Result<()> {
    let scratch = Scratch::new("package")?;
    unpack(package, scratch.path())?;
    for file in FILES {
        if !scratch.path().join(file).is_file() {
            bail!("{} has no /{file}", package.display());
        }
    }
    answers(machine, &scratch.path().join("usr/bin/whyrst"))?;
    println!("wrote {}, and tried what it unpacks", package.display());
    Ok(())
}

/// Debian's own judge of packages has nothing to say.
fn clean(package: &Path) -> Result<()> {
    if !installed("lintian") {
        println!("lintian was NOT asked about {}: it is not installed", package.display());
        return Ok(());
    }
    let mut lintian = Command::new("lintian");
    // Rules of Debian's own archive, where a package closes a bug and is not static (as a program that can lie anywhere
    // it looks like a library that needs nothing); and cargo-deb writes that it depends on nothing.
    let left_out = "initial-upload-closes-no-bugs,statically-linked-binary,shared-library-lacks-prerequisites,\
                    embedded-library,empty-field";
    lintian.args(["--allow-root", "--fail-on", "error,warning", "--suppress-tags", left_out]);
    shell::run(lintian.arg(package)).with_context(|| format!("lintian finds fault with {}", package.display()))
}
