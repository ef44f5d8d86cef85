//! Sources cite only what a reader of the repository can open: documents that are there, and headings that are in them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::root;

/// Where sources are, below the root.
const FOLDERS: &[&str] = &["crates", "xtask", "fuzz", "contrib", "tools"];
/// What was built, downloaded or recorded.
const SKIPPED: &[&str] = &["target", "node_modules", "dist", "corpus", "artifacts"];
/// Languages of sources. Links of Markdown pages are checked by `cargo xtask docs --check`.
const SOURCES: &[&str] = &["rs", "c", "h", "ts", "tsx", "py", "sh", "sql", "toml", "yml", "yaml"];

#[test]
fn sources_cite_only_documents_of_this_repository() {
    let documents = Documents::of(root());
    let mut count = 0;
    let mut missing = Vec::new();
    for source in sources() {
        let text = fs::read_to_string(&source).unwrap_or_else(|error| panic!("{}: {error}", source.display()));
        for (number, line) in text.lines().enumerate() {
            for citation in citations(line) {
                count += 1;
                if let Err(why) = documents.holds(&citation) {
                    let file = source.strip_prefix(root()).unwrap_or(&source).display();
                    missing.push(format!("{file}:{}: {why}", number + 1));
                }
            }
        }
    }
    assert!(count > 20, "only {count} citations were found: are they still looked for in the right way?");
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// A document that a line names.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Citation {
    /// A page of `docs/` by its path, and one of its headings by its anchor.
    Page { path: String, anchor: Option<String> },
    /// A document by a name in capitals, as the README's: with its suffix, or with "section" behind it.
    Named(String),
}

/// The documents of the repository.
struct Documents {
    root: PathBuf,
    names: BTreeSet<String>,
}

impl Documents {
    fn of(root: &Path) -> Self {
        let mut files = Vec::new();
        files_below(root, &mut files);
        let names = files.iter().filter_map(|file| Some(file.file_name()?.to_str()?.to_owned()));
        Self { root: root.to_owned(), names: names.filter(|name| is_page(name)).collect() }
    }

    fn holds(&self, citation: &Citation) -> Result<(), String> {
        match citation {
            Citation::Named(name) if self.names.contains(&format!("{name}.md")) => Ok(()),
            Citation::Named(name) => Err(format!("there is no {name}.md")),
            Citation::Page { path, anchor } => {
                let text = fs::read_to_string(self.root.join(path)).map_err(|error| format!("{path}: {error}"))?;
                match anchor {
                    Some(anchor) if !headings(&text).any(|heading| slug(heading) == *anchor) => {
                        Err(format!("{path} has no heading for #{anchor}"))
                    }
                    _ => Ok(()),
                }
            }
        }
    }
}

fn headings(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim())
}

/// As GitHub and mdBook make anchors.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|one| one.is_alphanumeric() || matches!(one, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|one| if one == ' ' { '-' } else { one }).collect()
}

fn citations(line: &str) -> Vec<Citation> {
    let pages = line.match_indices("docs/").filter_map(|(at, _)| page(line, at));
    let words = line.split(|one: char| !(one.is_ascii_alphanumeric() || one == '.' || one == '_'));
    let words: Vec<&str> = words.map(|word| word.trim_end_matches('.')).collect();
    let named = words.iter().enumerate().filter_map(|(at, word)| named(word, words.get(at + 1).copied()));
    pages.chain(named).collect()
}

/// `docs/live.md` or `docs/live.md#packets`; not the path of another site, nor one with a place for a name in it.
fn page(line: &str, at: usize) -> Option<Citation> {
    let before = line[..at].chars().next_back();
    if before.is_some_and(|one| one.is_ascii_alphanumeric() || matches!(one, '/' | '-' | '_' | '.')) {
        return None;
    }
    let is_path = |one: char| one.is_ascii_alphanumeric() || matches!(one, '/' | '-' | '_' | '.');
    let rest = &line[at..];
    let path = &rest[..rest.find(|one| !is_path(one)).unwrap_or(rest.len())];
    let path = path.trim_end_matches('.');
    if !is_page(path) {
        return None;
    }
    let anchor = rest[path.len()..].strip_prefix('#').map(|anchor| {
        let end = anchor.find(|one: char| !(one.is_ascii_alphanumeric() || matches!(one, '-' | '_')));
        anchor[..end.unwrap_or(anchor.len())].to_owned()
    });
    Some(Citation::Page { path: path.to_owned(), anchor })
}

fn is_page(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "md")
}

/// `README.md`, `CONTRIBUTING section 2`.
fn named(word: &str, next: Option<&str>) -> Option<Citation> {
    let (name, suffix) = match word.strip_suffix(".md") {
        Some(name) => (name, true),
        None => (word, false),
    };
    let capitals = name.len() > 3 && name.chars().all(|one| one.is_ascii_uppercase());
    let cited = suffix || matches!(next, Some("section" | "sections"));
    (capitals && cited).then(|| Citation::Named(name.to_owned()))
}

fn sources() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        files_below(&root().join(folder), &mut files);
    }
    let is_source =
        |file: &PathBuf| file.extension().is_some_and(|extension| SOURCES.iter().any(|source| extension == *source));
    files.retain(is_source);
    files
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.map(|entry| entry.expect("the folder can be listed")) {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let path = entry.path();
        let hidden = name.starts_with('.') || SKIPPED.contains(&name.as_ref());
        match entry.file_type().expect("it has a type") {
            kind if kind.is_dir() && !hidden => files_below(&path, files),
            kind if kind.is_file() => files.push(path),
            _ => {}
        }
    }
}

mod tests {
    use super::*;

    fn wrong(line: &str) -> Vec<String> {
        let documents = Documents::of(root());
        citations(line).iter().filter_map(|citation| documents.holds(citation).err()).collect()
    }

    #[test]
    fn what_is_there_is_found() {
        let line =
            concat!("see docs/internals/resets.md#three-makers, docs/live.md. README", ".md, ARCHITECTURE section 2");
        assert_eq!(citations(line).len(), 4);
        assert_eq!(wrong(line), Vec::<String>::new());
    }

    #[test]
    fn what_is_not_there_is_named() {
        let missing = |name: &str| [format!("there is no {name}.md")];
        assert_eq!(wrong(concat!("(CATALOGUE", " section 1)")), missing("CATALOGUE"));
        assert_eq!(wrong(concat!("as in EBPF", ".md.")), missing("EBPF"));
        assert_eq!(wrong(concat!("docs/", "nothing.md")).len(), 1);
        assert_eq!(wrong(concat!("docs/live", ".md#nothing")), ["docs/live.md has no heading for #nothing"]);
    }

    #[test]
    fn other_sites_and_patterns_are_no_citations() {
        let lines = ["https://kubernetes.io/docs/a.md", "docs/causes/<id>.md", "RFC 9293 section 3.5", "CAP_PERFMON"];
        for line in lines {
            assert_eq!(citations(line), [], "{line}");
        }
    }
}
