//! Other programs, run with their failures named.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The workspace's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Where cargo puts its binaries.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Runs to the end; anything but success is an error that names the command.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}");
    let status = command.status().with_context(|| format!("cannot run {shown}"))?;
    if !status.success() {
        bail!("{shown} ended with {status}");
    }
    Ok(())
}

/// A cargo command in the workspace.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // What cargo says of this program in its environment: build scripts (ring's) that watch it would run again, and all that
    // is built on them would be built again, each time that cargo is called from here and from a shell in turns.
    for (name, _) in std::env::vars_os() {
        let of_xtask = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_"];
        if of_xtask.iter().any(|begins| name.to_string_lossy().starts_with(begins)) {
            command.env_remove(name);
        }
    }
    command
}

/// Builds the program; quick when it is built.
pub fn whyrst() -> Result<PathBuf> {
    run(cargo().args(["build", "--quiet", "--package", "whyrst-cli"]))?;
    Ok(built_whyrst())
}

/// Where [`whyrst`] puts it.
pub fn built_whyrst() -> PathBuf {
    target().join("debug/whyrst")
}

/// A program that is published as a crate: the installed one, or one that is built here once. Unoptimised, since
/// building it takes longer than anything that it does here.
pub fn published(name: &str, version: &str, options: &[&str]) -> Result<PathBuf> {
    published_as(name, name, version, options)
}

/// The same of a crate whose program is called otherwise.
pub fn published_as(name: &str, program: &str, version: &str, options: &[&str]) -> Result<PathBuf> {
    if installed(program) {
        return Ok(program.into());
    }
    let tools = target().join("tools");
    let program = tools.join("bin").join(program);
    if !program.is_file() {
        println!("building {name} {version}");
        let mut install = cargo();
        install.env("CARGO_PROFILE_DEV_DEBUG", "false").args(["install", "--quiet", "--locked", "--debug"]);
        run(install.args(["--version", version]).args(options).arg("--root").arg(tools).arg(name))?;
    }
    Ok(program)
}

/// The Python of an environment called `name` that has these packages of `PyPI`; quick when it is there already.
pub fn python(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let folder = target().join(name);
    let (venv, installed) = (folder.join("venv"), folder.join("installed"));
    let python = venv.join("bin/python");
    if fs::read_to_string(&installed).is_ok_and(|text| text == packages.join(" ")) {
        return Ok(python);
    }
    println!("installing {}", packages.join(" "));
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(packages))?;
    fs::write(&installed, packages.join(" ")).with_context(|| format!("cannot write {}", installed.display()))?;
    Ok(python)
}

/// Whether a program is installed.
pub fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .any(|folder| folder.join(program).is_file())
}

/// Whether we are root.
pub fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// A folder that every user may read and that goes away with the value.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// In the folder for temporary files.
    pub fn new(purpose: &str) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("whyrst-{purpose}-{}", std::process::id()));
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing depends on it being gone.
        let _ = fs::remove_dir_all(&self.0);
    }
}
