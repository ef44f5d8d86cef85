//! A scenario as programs that a person would write: `whyrst lab code ID --program c`.
//!
//! The lab tells its actors step after step. A program that stands alone has nobody to tell it, so `plan` finds,
//! from the steps alone, where a call waits for the other end by itself and where the program has to sleep until
//! the other end is done. What comes of that, a `plan::Part` for each process, is written in four languages by the
//! modules of their names. So a new scenario has its programs without a line here; what sockets alone cannot do,
//! `refusal` says.

use std::fmt;

use whyrst_core::language::Language;

use crate::scenario::{Family, Scenario};

pub(crate) use self::page::call_words;

mod c;
mod go;
mod options;
mod page;
mod plan;
mod python;
mod refusal;
mod remarks;
mod rust;
mod script;
pub mod trial;

/// What the programs are written in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Program {
    /// C with the sockets of POSIX.
    C,
    /// Python 3 and its module `socket`.
    Python,
    /// Rust and its standard library.
    Rust,
    /// Go and its package `syscall`.
    Go,
}

impl Program {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::C, Self::Python, Self::Rust, Self::Go];

    /// As on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::C => "c",
            Self::Python => "python",
            Self::Rust => "rust",
            Self::Go => "go",
        }
    }

    /// What its files end in.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::C => "c",
            Self::Python => "py",
            Self::Rust => "rs",
            Self::Go => "go",
        }
    }

    /// What Markdown calls it.
    pub const fn fence(self) -> &'static str {
        self.name()
    }

    /// The compiler or interpreter that it needs.
    pub const fn tool(self) -> &'static str {
        match self {
            Self::C => "cc",
            Self::Python => "python3",
            Self::Rust => "rustc",
            Self::Go => "go",
        }
    }
}

/// A file to be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct File {
    /// `client.c`, `run.sh`.
    pub name: String,
    /// What is in it.
    pub text: String,
}

impl File {
    /// Whether it is a program in that language.
    pub fn is_program(&self, program: Program) -> bool {
        self.name.rsplit_once('.').is_some_and(|(_, extension)| extension == program.extension())
    }
}

/// Why there are no programs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoPrograms {
    english: String,
    chinese: String,
}

impl NoPrograms {
    fn new(english: impl Into<String>, chinese: impl Into<String>) -> Self {
        Self { english: english.into(), chinese: chinese.into() }
    }

    /// The reason, as it reads on after "sockets alone cannot make it: ".
    pub fn reason(&self, language: Language) -> &str {
        match language {
            Language::English => &self.english,
            Language::Chinese => &self.chinese,
        }
    }
}

impl fmt::Display for NoPrograms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english)
    }
}

/// The programs of a scenario, the client's first, then `run.sh` and `expected.txt`.
///
/// # Errors
///
/// Where sockets alone cannot make the scenario, or that language cannot.
pub fn files(scenario: &'static Scenario, program: Program, language: Language) -> Result<Vec<File>, NoPrograms> {
    let plan = plan::Plan::of(scenario, program, language)?;
    let mut files: Vec<File> = plan.parts.iter().map(|part| write(&plan, part, program, language)).collect();
    files.sort_by_key(|file| !file.name.starts_with("client."));
    files.push(File { name: "run.sh".into(), text: script::text(&plan, program, language) });
    files.push(File { name: "expected.txt".into(), text: page::text(scenario, language) });
    Ok(files)
}

/// Whether there are programs in any language, and why not.
///
/// # Errors
///
/// As [`files`].
pub fn possible(scenario: &'static Scenario) -> Result<(), NoPrograms> {
    refusal::of(scenario).map_or(Ok(()), Err)
}

fn write(plan: &plan::Plan, part: &plan::Part, program: Program, language: Language) -> File {
    let text = match program {
        Program::C => c::text(plan, part, language),
        Program::Python => python::text(plan, part, language),
        Program::Rust => rust::text(plan, part, language),
        Program::Go => go::text(plan, part, language),
    };
    File { name: format!("{}.{}", part.name, program.extension()), text }
}

/// The address that both programs use.
const fn loopback(family: Family) -> &'static str {
    match family {
        Family::V4 => "127.0.0.1",
        Family::V6 => "::1",
    }
}
