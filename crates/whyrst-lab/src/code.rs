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

pub use self::page::story;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios::{scenario, scenarios};

    /// Every file of every scenario in every programming language.
    fn every_file(language: Language, check: impl Fn(&str, Program, &File)) {
        for scenario in scenarios() {
            for program in Program::ALL {
                for file in files(scenario, program, language).into_iter().flatten() {
                    check(&format!("{} {} {}", scenario.id, program.name(), file.name), program, &file);
                }
            }
        }
    }

    /// `{sender}`, as texts of the catalogue have it before they are filled.
    fn has_placeholder(line: &str) -> bool {
        line.split('{').skip(1).filter_map(|rest| rest.split_once('}')).any(|(word, _)| {
            !word.is_empty() && word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')
        })
    }

    fn is_chinese(line: &str) -> bool {
        line.chars().any(|letter| matches!(letter, '\u{3000}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}'))
    }

    #[test]
    fn nothing_is_left_to_be_filled_in() {
        for language in Language::ALL {
            every_file(language, |name, program, file| {
                // Python and Rust format with braces themselves, which stand in quotes.
                let is_code =
                    |line: &&str| file.is_program(program) && line.contains('"') && !line.starts_with("\"\"\"");
                for line in file.text.lines().filter(|line| !is_code(line)) {
                    assert!(!has_placeholder(line), "{name}: {line}");
                }
            });
        }
    }

    #[test]
    fn comments_are_in_the_language_asked_for() {
        every_file(Language::Chinese, |name, _, file| {
            for line in file.text.lines().map(str::trim_start) {
                let is_comment = ["/* ", "// ", "# ", "/// ", "//! `", "\"\"\""].iter().any(|it| line.starts_with(it));
                assert!(!is_comment || line == "\"\"\"" || is_chinese(line), "{name}: {line}");
            }
            if file.name == "expected.txt" {
                let first = file.text.lines().next().unwrap_or_default();
                assert!(!first.contains(' ') || is_chinese(first), "{name}: {first}");
            }
        });
    }

    #[test]
    fn what_follows_the_comment_is_the_line_that_matters() {
        let ends = ["*/", "//", "#"];
        let is_comment =
            |line: &str| ends.iter().any(|it| line.starts_with(it)) || line.starts_with("/*") || line.ends_with("*/");
        every_file(Language::English, |name, _, file| {
            let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
            for (at, _) in lines.iter().enumerate().filter(|(_, line)| line.contains("THE LINE THAT MATTERS")) {
                let inside = lines[at..].iter().position(|line| line.ends_with("*/")).unwrap_or_default();
                let next = lines[at + inside..].iter().find(|line| !is_comment(line)).copied().unwrap_or_default();
                let prepares = ["memset", "for", "while", "loop", "import"].iter().any(|it| next.starts_with(it));
                assert!(!prepares && !next.contains("= socket"), "{name}: {next}");
            }
        });
    }

    #[test]
    fn lines_of_c_fit_a_hundred_columns() {
        every_file(Language::English, |name, _, file| {
            let long = |line: &&str| line.chars().count() > 100 && !line.contains("write(connection, \"");
            let long = file.text.lines().filter(|_| file.is_program(Program::C)).find(long);
            assert_eq!(long, None, "{name}");
        });
    }

    #[test]
    fn no_call_is_said_to_return_what_it_did_not() {
        every_file(Language::English, |name, _, file| {
            assert!(!file.text.contains("\", Ok(0))"), "{name}");
        });
    }

    #[test]
    fn what_a_device_does_is_not_put_down_to_loss() {
        for id in ["policy-reset", "injected-rst", "idle-timeout-reset"] {
            let why = possible(scenario(id).expect("it is played")).expect_err("no program makes it");
            assert!(why.to_string().contains("device on the path"), "{id}: {why}");
        }
    }

    #[test]
    fn what_somebody_else_wrote_is_not_written_over() {
        let folder = std::env::temp_dir().join(format!("whyrst-code-{}", std::process::id()));
        let files = files(scenario("closed-port").expect("it is played"), Program::C, Language::English);
        let files = files.expect("it has programs");
        trial::write(&files, &folder).expect("the folder is new");
        trial::write(&files, &folder).expect("it is the same");
        let elsewhere = folder.join("elsewhere");
        std::fs::remove_file(folder.join("client.c")).expect("it was written");
        std::os::unix::fs::symlink(&elsewhere, folder.join("client.c")).expect("the name is free");
        let linked = trial::write(&files, &folder).expect_err("a link has the name").to_string();
        assert!(linked.contains("client.c") && !elsewhere.exists(), "{linked}");
        std::fs::remove_file(folder.join("client.c")).expect("the link is there");
        std::fs::write(folder.join("run.sh"), "mine").expect("it may be written");
        let other = trial::write(&files, &folder).expect_err("run.sh is another").to_string();
        assert!(other.contains("run.sh") && !folder.join("client.c").exists(), "{other}");
        assert_eq!(std::fs::read_to_string(folder.join("run.sh")).ok().as_deref(), Some("mine"));
        std::fs::remove_dir_all(&folder).expect("it is ours");
    }
}
