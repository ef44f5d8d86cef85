//! The Python package in `python/`: the wheel, built by maturin, installed into an environment of its own and tested
//! over all fixtures; its types checked by mypy; the notebook of the documentation executed.
//!
//! Not a step of `cargo xtask test`: the libraries that take its tables are seven hundred megabytes.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::shell::{self, root, target};

/// What builds wheels, and what the package hands its tables to.
const PACKAGES: [&str; 8] = [
    "maturin==1.16.0",
    "pyarrow==26.0.1",
    "pandas==3.1.1",
    "polars==2.1.0",
    "mypy==2.4.1",
    "nbclient==0.11.0",
    "ipykernel==7.4.0",
    "nbformat==5.11.1",
];

/// Builds the wheel and tries it.
pub fn run() -> Result<()> {
    let whyrst = shell::whyrst()?;
    let python = shell::python("python", &PACKAGES)?;
    let wheel = wheel(&["--profile", "dev"], "wheels")?;
    let pip = |arguments: &[&str]| {
        shell::run(Command::new(&python).args(["-m", "pip", "--disable-pip-version-check", "--quiet"]).args(arguments))
    };
    let wheel = wheel.display().to_string();
    pip(&["install", "--no-deps", "--force-reinstall", &wheel])?;
    let tests = package().join("tests");
    // From elsewhere: the sources must not stand in for what is installed.
    let mut test = Command::new(&python);
    test.current_dir(target()).arg(tests.join("test_whyrst.py")).arg(whyrst).arg(root().join("fixtures"));
    shell::run(&mut test)?;
    let mut types = Command::new(&python);
    types.current_dir(target()).args(["-m", "mypy", "--strict", "--no-error-summary"]).arg(tests.join("typed.py"));
    shell::run(&mut types)?;
    let mut notebook = Command::new(&python);
    shell::run(notebook.current_dir(root()).arg(tests.join("notebook.py")).arg("docs/whyrst.ipynb"))
}

/// The wheel as it is given to others, into `target/dist`.
pub fn release() -> Result<()> {
    shell::python("python", &PACKAGES)?;
    let wheel = wheel(&["--release"], "dist")?;
    println!("wrote {}", wheel.display());
    Ok(())
}

fn package() -> PathBuf {
    root().join("python")
}

/// Builds a wheel into a folder of the target.
fn wheel(options: &[&str], folder: &str) -> Result<PathBuf> {
    let folder = target().join(folder);
    for stale in wheels(&folder) {
        fs::remove_file(&stale).with_context(|| format!("cannot remove {}", stale.display()))?;
    }
    let maturin = target().join("python/venv/bin/maturin");
    let mut build = Command::new(maturin);
    build.current_dir(package()).env("CARGO_TARGET_DIR", package().join("target"));
    shell::run(build.args(["build", "--quiet", "--locked"]).args(options).arg("--out").arg(&folder))?;
    wheels(&folder).pop().with_context(|| format!("maturin left no wheel in {}", folder.display()))
}

fn wheels(folder: &std::path::Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "whl")).collect()
}
