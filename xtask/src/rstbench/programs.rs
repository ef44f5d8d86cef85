//! The programs that answer, each with the views that it can have. What they say is put into the yardstick's words by
//! `contrib/rst-bench/baselines.py`, which others can use as well.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::folder;
use crate::shell::{self, installed};

/// Programs of Debian and what brings them. Suricata is in bookworm-backports and in trixie.
const NEEDED: &[(&str, &str)] = &[
    ("tshark", "tshark"),
    ("tcptrace", "tcptrace"),
    ("ndpiReader", "libndpi-bin"),
    ("suricata", "suricata (bookworm-backports, or trixie)"),
];

/// The package of `PyPI` that answers agents.
const MCPCAP: &str = "mcpcap==0.10.0";

/// What a program gets to see.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct View {
    /// For a table.
    pub(super) name: &'static str,
    /// Which list of truths it is held against.
    pub(super) truth: &'static str,
    /// As `baselines.py` calls it.
    word: &'static str,
}

const CLIENT: View = View { name: "client", truth: "client", word: "client" };
const SERVER: View = View { name: "server", truth: "server", word: "server" };
const ENDS: &[View] = &[CLIENT, SERVER];
const ALL: &[View] = &[
    CLIENT,
    SERVER,
    View { name: "both ends", truth: "both", word: "both" },
    View { name: "client + kernel", truth: "client", word: "client+kernel" },
    View { name: "server + kernel", truth: "server", word: "server+kernel" },
    View { name: "both + kernel", truth: "both", word: "both+kernel" },
    View { name: "live", truth: "both", word: "live" },
];

/// One that answers.
#[derive(Debug)]
pub(super) struct Program {
    /// As `baselines.py` calls it.
    pub(super) name: &'static str,
    /// With its version.
    pub(super) title: String,
    pub(super) views: &'static [View],
    /// The program to run, where it is none that is installed.
    binary: Option<String>,
    python: String,
}

/// Every program; an error names all that is missing, since a table without a row would be another table.
pub(super) fn all(whyrst: &Path) -> Result<Vec<Program>> {
    let missing: Vec<&str> = NEEDED.iter().filter(|(name, _)| !installed(name)).map(|(_, package)| *package).collect();
    if !missing.is_empty() {
        bail!("missing: apt-get install --no-install-recommends {}", missing.join(", "));
    }
    let mcpcap = shell::python("rst-bench-python", &[MCPCAP])?;
    let other = |name, title, views| Program { name, title, views, binary: None, python: "python3".into() };
    let version = env!("CARGO_PKG_VERSION");
    Ok(vec![
        other("tshark", format!("tshark {}", version_of("tshark", &["--version"], 2)?), ENDS),
        other("tcptrace", "tcptrace 6.6.7".into(), ENDS),
        other("ndpi", format!("nDPI {}", ndpi_version()?), ENDS),
        other("suricata", format!("Suricata {}", version_of("suricata", &["-V"], 4)?), ENDS),
        Program { python: mcpcap.display().to_string(), ..other("mcpcap", MCPCAP.replace("==", " "), ENDS) },
        Program { binary: Some(whyrst.display().to_string()), ..other("whyrst", format!("whyrst {version}"), ALL) },
    ])
}

impl Program {
    /// Writes its answers to all cases.
    pub(super) fn answer(&self, view: &View, cases: &Path, answers: &Path) -> Result<()> {
        let mut command = Command::new(&self.python);
        command.arg(folder().join("baselines.py")).args([self.name, "--view", view.word]);
        command.args(self.binary.iter().flat_map(|binary| ["--program", binary]));
        shell::run(command.arg("--out").arg(answers).arg(cases))
    }
}

/// That word of what a program says of itself first.
fn version_of(program: &str, arguments: &[&str], word: usize) -> Result<String> {
    let output = Command::new(program).args(arguments).output().with_context(|| format!("cannot run {program}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let words: Vec<&str> = text.split_whitespace().collect();
    words.get(word).map(|word| (*word).to_owned()).with_context(|| format!("{program} says no version: {text}"))
}

/// `ndpiReader` says it only in its help.
fn ndpi_version() -> Result<String> {
    let output = Command::new("ndpiReader").arg("-h").output().context("cannot run ndpiReader")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let after = text.split("nDPI").nth(1).unwrap_or_default();
    Ok(after
        .split_whitespace()
        .find(|word| word.contains('.'))
        .unwrap_or("?")
        .trim_matches(['(', ')', ',', '['])
        .into())
}
