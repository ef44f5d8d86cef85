//! What is given to others, in `target/dist`: static programs for two kinds of machine, packages of them for Debian
//! and for RPM, an image for containers, the list of what is in them, the manual and the completions. Each is tried
//! when it is made.

mod image;
mod installed;
mod machine;
mod packages;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell::{self, root, target};
use crate::supply;

pub use self::installed::try_in_debian;
pub use self::machine::{Machine, Profile};

const SHELLS: [(&str, &str); 3] = [("bash", "whyrst"), ("zsh", "_whyrst"), ("fish", "whyrst.fish")];
/// What a program is asked when it is tried.
const CAPTURE: &str = "fixtures/closed-port/client.pcapng";

/// The manual and the completions into `target/dist`.
pub fn man() -> Result<()> {
    pages(&shell::whyrst()?)
}

/// Everything into `target/dist`.
pub fn run() -> Result<()> {
    fs::create_dir_all(folder()).with_context(|| format!("cannot make {}", folder().display()))?;
    for machine in Machine::ALL {
        program(machine)?;
    }
    pack()
}

/// The program for this machine and its Debian package: what CI has minutes for.
pub fn briefly() -> Result<()> {
    fs::create_dir_all(folder()).with_context(|| format!("cannot make {}", folder().display()))?;
    let here = Machine::ALL.into_iter().find(|machine| machine.name() == std::env::consts::ARCH);
    let machine = here.with_context(|| format!("nothing is made for {}", std::env::consts::ARCH))?;
    program(machine)?;
    answers(machine, &machine.program())?;
    pages(&machine.program())?;
    supply::licences(&folder().join("third-party-licences.md"))?;
    packages::make_deb(machine)
}

fn program(machine: Machine) -> Result<()> {
    let (made, program) = (machine.build(Profile::Release)?, machine.program());
    fs::copy(&made, &program).with_context(|| format!("cannot copy {}", made.display()))?;
    Ok(())
}

/// All but the programs, which were built before.
pub fn pack() -> Result<()> {
    for machine in Machine::ALL {
        answers(machine, &machine.program())?;
    }
    pages(&Machine::X86_64.program())?;
    supply::licences(&folder().join("third-party-licences.md"))?;
    supply::materials(&folder().join("whyrst.cdx.json"), Made::of_commit()?.seconds)?;
    for machine in Machine::ALL {
        packages::make(machine)?;
    }
    image::make()
}

/// Where everything lies.
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

/// A program for `machine` explains a capture.
fn answers(machine: Machine, program: &Path) -> Result<()> {
    let capture = root().join(CAPTURE);
    let output = machine.command(program)?.arg("explain").arg(&capture).output();
    let output = output.with_context(|| format!("cannot run {}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() || !text.contains("whyrst causes closed-port") {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{} says of {}: {text}{said}", program.display(), capture.display());
    }
    println!("{} explains a capture", program.display());
    Ok(())
}

/// The version of the program.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// When what is given away was made: the time of the commit, so that the same sources make the same files.
#[derive(Clone, Debug)]
struct Made {
    /// Seconds since 1970.
    seconds: u64,
    /// As RFC 3339 has it.
    written: String,
    /// The commit.
    revision: String,
}

impl Made {
    fn of_commit() -> Result<Self> {
        let mut git = Command::new("git");
        git.args(["log", "-1", "--date=format-local:%Y-%m-%dT%H:%M:%SZ", "--format=%ct %cd %H"]).env("TZ", "UTC");
        let output = git.current_dir(root()).output().context("cannot run git")?;
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let mut words = said.split(' ').map(str::to_owned);
        let mut word = || words.next().context("git does not say what was committed when");
        Ok(Self { seconds: word()?.parse()?, written: word()?, revision: word()? })
    }
}
