//! Every Rust file of the repository is formatted: also one that `cargo fmt` does not reach because no `mod` names it,
//! and also an expression that rustfmt gives up on.
//!
//! rustfmt leaves a whole expression as it stands, and says nothing, when a line in it cannot be made short enough (a
//! string that is too long). `rustfmt --check` then finds nothing to change. So this check takes the indentation away
//! first: what rustfmt does not put back was not formatted by it.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use proc_macro2::{TokenStream, TokenTree};

use crate::shell::root;

const EDITION: &str = "2024";

/// Macros whose arguments are expressions that rustfmt formats as those of a call.
const FORMATTED: [&str; 2] = ["steps", "vec"];

/// Names the first line of each file that rustfmt would write in another way, or not at all.
pub fn check() -> Result<()> {
    let files = files()?;
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let found: Result<Vec<Vec<String>>> = std::thread::scope(|scope| {
        let parts = files.chunks(files.len().div_ceil(threads).max(1));
        let checks: Vec<_> = parts.map(|part| scope.spawn(|| unformatted(part))).collect();
        checks.into_iter().map(|check| check.join().map_err(|_| anyhow!("a check panicked"))?).collect()
    });
    let found = found?.concat();
    if !found.is_empty() {
        bail!(
            "not formatted, or too long for rustfmt to format (break the string with a \\ at the end of a line):\n{}",
            found.join("\n")
        );
    }
    println!("{} Rust files are formatted", files.len());
    Ok(())
}

fn unformatted(files: &[String]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(root().join(file)).with_context(|| format!("cannot read {file}"))?;
        let bare = unindented(&text).with_context(|| format!("cannot take {file} apart"))?;
        let formatted = format(&bare).with_context(|| format!("cannot format {file}"))?;
        found.extend(first_difference(&text, &formatted).map(|line| format!("  {file}:{line}")));
    }
    Ok(found)
}

/// All that git knows or would add.
fn files() -> Result<Vec<String>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "*.rs"]).current_dir(root());
    let output = git.output().context("cannot run git")?;
    if !output.status.success() {
        bail!("{git:?} ended with {}", output.status);
    }
    let names = String::from_utf8(output.stdout).context("a file's name is no UTF-8")?;
    // What is deleted and not yet committed is listed as well.
    Ok(names.lines().filter(|name| root().join(name).is_file()).map(str::to_owned).collect())
}

/// The text without the indentation that rustfmt always puts back, which is all but that within strings and macros.
fn unindented(text: &str) -> Result<String> {
    let tokens: TokenStream = text.parse().map_err(|error| anyhow!("{error}"))?;
    let mut kept = BTreeSet::new();
    keep(tokens, &mut kept);
    let lines = text.lines().enumerate();
    let lines = lines.map(|(at, line)| if kept.contains(&(at + 1)) { line } else { line.trim_start() });
    Ok(lines.flat_map(|line| [line, "\n"]).collect())
}

/// Collects the lines, counted from one, that begin inside of a string or of a macro's body, or after such a string.
fn keep(tokens: TokenStream, kept: &mut BTreeSet<usize>) {
    let (mut before_macro, mut formatted) = (false, false);
    for token in tokens {
        let span = token.span();
        let inner = span.start().line + 1..=span.end().line;
        match token {
            // A call on a string of several lines stands where the string ends.
            TokenTree::Literal(_) if !inner.is_empty() => kept.extend(span.start().line + 1..=span.end().line + 1),
            TokenTree::Group(_) if before_macro => kept.extend(inner),
            TokenTree::Group(group) => keep(group.stream(), kept),
            TokenTree::Punct(punct) if punct.as_char() == '!' => {
                before_macro = !formatted;
                continue;
            }
            // `macro_rules! name { ... }`
            TokenTree::Ident(_) if before_macro => continue,
            TokenTree::Ident(name) => {
                formatted = FORMATTED.iter().any(|known| name == *known);
                continue;
            }
            _ => {}
        }
        formatted = false;
        before_macro = false;
    }
}

fn format(text: &str) -> Result<String> {
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--edition", EDITION, "--config-path"]).arg(root());
    let mut child = rustfmt.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot run rustfmt")?;
    // rustfmt writes nothing before it has read all.
    child.stdin.take().context("rustfmt has no input")?.write_all(text.as_bytes()).context("rustfmt does not read")?;
    let output = child.wait_with_output().context("rustfmt did not end")?;
    if !output.status.success() {
        bail!("rustfmt ended with {}", output.status);
    }
    String::from_utf8(output.stdout).context("rustfmt wrote no UTF-8")
}

/// The first line, counted from one, in which they differ.
fn first_difference(text: &str, other: &str) -> Option<usize> {
    if text == other {
        return None;
    }
    let same = text.lines().zip(other.lines()).take_while(|(one, other)| one == other).count();
    Some(same + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(text: &str) -> Option<usize> {
        first_difference(text, &format(&unindented(text).unwrap()).unwrap())
    }

    #[test]
    fn what_rustfmt_wrote_passes() {
        let text = "fn f() {\n    let text = \"a\n  b \\\n         c\";\n    g!(text;\n  1);\n}\n";
        assert_eq!(complaint(text), None);
    }

    #[test]
    fn an_expression_that_rustfmt_gives_up_on_is_found() {
        let push = |text: &str| {
            format!("fn f() {{\n    a.push(S {{\n        b: \"{text}\",\n        c: d(1),\n    }});\n}}\n")
        };
        assert_eq!(complaint(&push(&"x".repeat(130))), Some(3));
        assert_eq!(complaint(&push(&"x".repeat(90))), None);
    }

    #[test]
    fn the_arguments_of_a_macro_that_rustfmt_knows_are_looked_at() {
        assert_eq!(complaint("fn f() {\n    vec![\n      1, // one\n        2,\n    ];\n}\n"), Some(3));
        assert_eq!(complaint("fn f() {\n    other![\n      1;\n        2\n    ];\n}\n"), None);
    }

    #[test]
    fn wrong_indentation_is_found() {
        assert_eq!(complaint("fn f() {\n  g();\n}\n"), Some(2));
    }
}
