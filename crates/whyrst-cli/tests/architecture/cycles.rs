//! No import cycles: the files of these crates form layers, so that each can be read knowing only what is below it. So
//! do their modules: a module is a file beside `lib.rs` with all that is in its folder.
//!
//! The graph has a node for each file and an edge from file A to file B when code in A names an item that B *defines*:
//! in a `use`, an expression, a type, a pattern, a macro's tokens or an attribute. A cycle is a strongly connected
//! component of more than one file.
//!
//! - A name is followed through imports and re-exports to the file that defines it: `use super::Segment`, where the
//!   parent only re-exports it, is an edge to the file of `Segment` and none to the parent.
//! - `mod child;` is no edge. `pub use child::Item` in the parent is one, from parent to child, and closes a cycle only
//!   if the child names something that the parent's file itself defines.
//! - Naming a module is no edge, naming an item in it is.
//! - What only tests compile (`#[cfg(test)]`, `#[test]`) does not count.
//! - Calling a method or reading a field is no edge, since neither names its type; naming that type is.

mod graph;
mod resolve;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::Path;

use self::resolve::{Found, Resolver};
use self::source::{CATALOGUE, Sources};
use super::root;

/// The crates whose files form layers.
const CRATES: &[&str] =
    &["whyrst-model", "whyrst-core", "whyrst-capture", "whyrst-explain", "whyrst-page", "whyrst-probe"];

/// What one file takes of another.
type Edges = BTreeMap<(String, String), BTreeSet<String>>;
type Cycle = BTreeSet<String>;

#[test]
fn files_and_modules_form_layers() {
    let mut complaints = String::new();
    for name in CRATES {
        let files = edges(&sources(&root().join("crates").join(name)));
        let modules = between_modules(&files);
        complaints.extend([&files, &modules].map(|edges| complaint(name, edges)));
    }
    assert!(complaints.is_empty(), "\n{complaints}");
    // Not with `println`: this line is to be seen when the test has passed.
    writeln!(std::io::stdout(), "import cycles: none").expect("standard output can be written");
}

/// What is wrong with the graph of a crate: nothing when it is empty.
fn complaint(name: &str, edges: &Edges) -> String {
    let cycles = graph::cycles(&edges.keys().cloned().collect());
    let each = cycles.iter().map(|cycle| format!("{name}: import cycle {cycle:?}\n{}", inside(cycle, edges)));
    each.collect::<Vec<_>>().concat()
}

/// The edges between modules: those between their files.
fn between_modules(files: &Edges) -> Edges {
    let mut modules = Edges::new();
    for ((from, to), names) in files {
        let ends = (module_of(from), module_of(to));
        if ends.0 != ends.1 {
            modules.entry(ends).or_default().extend(names.iter().cloned());
        }
    }
    modules
}

/// `tracker` of `tracker.rs` and `tracker/limits.rs`.
fn module_of(file: &str) -> String {
    let first = if file.starts_with(CATALOGUE) { CATALOGUE } else { file.split('/').next().unwrap_or(file) };
    first.trim_end_matches(".rs").to_owned()
}

/// The edges that make a cycle, each with what is imported.
fn inside(cycle: &Cycle, edges: &Edges) -> String {
    let inside = edges.iter().filter(|((from, to), _)| cycle.contains(from) && cycle.contains(to));
    let lines = inside.map(|((from, to), names)| {
        format!("    {from} -> {to}: {}\n", names.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
    });
    lines.collect()
}

fn sources(package: &Path) -> Sources {
    let src = package.join("src");
    let mut sources = files_below(&src, "");
    let rules = src.join(CATALOGUE);
    if rules.is_dir() {
        sources.extend(files_below(&rules, &format!("{CATALOGUE}/")));
    }
    sources
}

/// All Rust files below `folder`, each named by its path there with `prefix` before it.
fn files_below(folder: &Path, prefix: &str) -> Sources {
    let mut sources = Sources::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder of sources can be read") {
            let path = entry.expect("a folder's entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(folder).expect("it is below").display();
                sources
                    .insert(format!("{prefix}{name}"), fs::read_to_string(&path).expect("a source file can be read"));
            }
        }
    }
    sources
}

fn edges(sources: &Sources) -> Edges {
    let modules = source::modules(sources);
    let resolver = Resolver(&modules);
    let mut edges = Edges::new();
    for (id, module) in modules.iter().enumerate() {
        let imported = module.imports.iter().map(|import| &import.path);
        for path in imported.chain(&module.references) {
            for found in resolver.resolve(id, path) {
                let Found::Item(definer, name) = found else { continue };
                let to = &modules[definer].file;
                if *to != module.file {
                    edges.entry((module.file.clone(), to.clone())).or_default().insert(name);
                }
            }
        }
    }
    edges
}

/// A crate of files with their contents, as its edges.
fn edges_of(files: &[(&str, &str)]) -> Vec<String> {
    let sources = files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
    let edges = edges(&sources);
    let line = |((from, to), names): (&(String, String), &BTreeSet<String>)| {
        format!("{from} -> {to}: {}", names.iter().map(String::as_str).collect::<Vec<_>>().join(" "))
    };
    edges.iter().map(line).collect()
}

#[test]
fn a_re_export_leads_to_the_file_of_the_definition() {
    let files = [
        ("lib.rs", "mod a; mod b; pub use a::child::Item as Renamed;"),
        ("a.rs", "pub mod child; pub use self::child::*; struct Own;"),
        ("a/child.rs", "pub struct Item; pub enum Sort { One }"),
        ("b.rs", "use crate::{Renamed, a::Sort::{self, *}}; fn f(_: Renamed) {}"),
    ];
    assert_eq!(edges_of(&files), ["b.rs -> a/child.rs: Item Sort", "lib.rs -> a/child.rs: Item"]);
}

#[test]
fn a_parent_and_its_child_are_a_cycle_when_each_names_what_the_other_defines() {
    let files = [
        ("lib.rs", "mod a;"),
        ("a.rs", "mod child; pub use child::Item; pub struct Own;"),
        ("a/child.rs", "pub struct Item(super::Own);"),
    ];
    assert_eq!(edges_of(&files), ["a.rs -> a/child.rs: Item", "a/child.rs -> a.rs: Own"]);
}

#[test]
fn modules_can_form_a_cycle_where_their_files_form_none() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "mod child; use crate::b::B; struct A;"),
        ("a/child.rs", "pub struct Child;"),
        ("b.rs", "mod deep; pub struct B;"),
        ("b/deep.rs", "use crate::a::child::Child;"),
    ];
    let sources = files.map(|(file, text)| (file.to_owned(), text.to_owned())).into();
    let edges = edges(&sources);
    assert_eq!(complaint("x", &edges), "");
    assert!(complaint("x", &between_modules(&edges)).contains("{\"a\", \"b\"}"));
}

#[test]
fn rules_of_the_catalogue_are_modules_of_the_file_that_includes_them() {
    let files = [
        ("lib.rs", "mod causes; mod verdict;"),
        ("causes.rs", "include!(concat!(env!(\"OUT_DIR\"), \"/catalogue.rs\"));"),
        ("verdict.rs", "pub fn judge() { crate::causes::closed_port::RULE; }"),
        ("../catalogue/closed-port/rule.rs", "const RULE: u8 = crate::verdict::judge();"),
    ];
    let expected = [
        "../catalogue/closed-port/rule.rs -> verdict.rs: judge",
        "causes.rs -> ../catalogue/closed-port/rule.rs: RULE",
        "verdict.rs -> ../catalogue/closed-port/rule.rs: RULE",
    ];
    assert_eq!(edges_of(&files), expected);
}

#[test]
fn paths_count_wherever_they_stand() {
    let definitions = "pub struct A; pub fn b() {} pub const C: u8 = 0; pub trait D {} pub mod text { pub fn e() {} }";
    let names = |user: &str| {
        let files =
            [("lib.rs", "mod defined; mod user; use serde::A;"), ("defined.rs", definitions), ("user.rs", user)];
        edges_of(&files).join("; ").replace("user.rs -> defined.rs: ", "")
    };
    assert_eq!(names("fn f() { crate::defined::b(); }"), "b");
    assert_eq!(names("fn f(x: Vec<super::defined::A>) {}"), "A");
    assert_eq!(names("use crate::defined as d; impl<T: d::D> X for T { const Y: u8 = d::C; }"), "C D");
    assert_eq!(names("fn f() { println!(\"{}\", crate::defined::text::e()); }"), "e");
    assert_eq!(names("#[serde(with = \"crate::defined::text::e\")] struct S;"), "e");
    assert_eq!(names("fn f() { use crate::defined; defined::b() }"), "b");
    assert_eq!(names("mod inner { use super::super::defined::A; }"), "A");
    assert_eq!(names("use crate::defined; use serde::A; fn f(x: A) { x.b(); y!(x.b) }"), "");
}

#[test]
fn what_only_tests_compile_does_not_count() {
    let user = "#[cfg(test)] mod tests { use crate::a::A; } #[cfg(all(test, unix))] use crate::a::A; \
                struct S; impl S { #[cfg(test)] fn f(_: crate::a::A) {} } #[cfg(test)] mod only;";
    let files = [("lib.rs", "mod a; mod b;"), ("a.rs", "pub struct A;"), ("b.rs", user)];
    assert_eq!(edges_of(&files), Vec::<String>::new());
    let user = "#[cfg(any(test, unix))] use crate::a::A;";
    let files = [("lib.rs", "mod a; mod b;"), ("a.rs", "pub struct A;"), ("b.rs", user)];
    assert_eq!(edges_of(&files), ["b.rs -> a.rs: A"]);
}
