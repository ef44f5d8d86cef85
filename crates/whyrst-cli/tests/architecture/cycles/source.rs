//! A crate as its modules: where each stands, what it defines, what it imports and which paths it names.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, ItemMod, ItemUse, Macro, Meta, Token, UseTree};

/// The files of a crate, by their paths as seen from `src/`.
pub(super) type Sources = BTreeMap<String, String>;

/// Where core has a folder for each cause. Its build script makes a module of each `rule.rs`, and `causes.rs` includes
/// what it wrote.
pub(super) const CATALOGUE: &str = "../catalogue";

/// A place in the list of modules; the root is the first.
pub(super) type Id = usize;

/// A path's segments, without generic arguments.
pub(super) type Segments = Vec<String>;

/// A file or an inline `mod name { ... }`.
#[derive(Debug, Default)]
pub(super) struct Module {
    pub(super) file: String,
    pub(super) parent: Option<Id>,
    pub(super) children: BTreeMap<String, Id>,
    pub(super) items: BTreeSet<String>,
    pub(super) imports: Vec<Import>,
    /// Paths in expressions, types, patterns, macros and attributes.
    pub(super) references: BTreeSet<Segments>,
}

/// One leaf of a `use` tree.
#[derive(Debug)]
pub(super) struct Import {
    pub(super) path: Segments,
    pub(super) binds: Binding,
}

/// What an import adds to its scope.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Binding {
    Name(String),
    Everything,
}

/// All modules that a build without tests compiles.
pub(super) fn modules(sources: &Sources) -> Vec<Module> {
    let mut reader = Reader { sources, modules: Vec::new() };
    reader.file("lib.rs", "", None);
    reader.modules
}

struct Reader<'a> {
    sources: &'a Sources,
    modules: Vec<Module>,
}

impl Reader<'_> {
    /// `folder` is where the files of its children are.
    fn file(&mut self, file: &str, folder: &str, parent: Option<Id>) -> Option<Id> {
        let parsed =
            syn::parse_file(&self.sources[file]).unwrap_or_else(|error| panic!("cannot parse {file}: {error}"));
        (!only_for_tests(&parsed.attrs)).then(|| self.module(&parsed.items, file, folder, parent))
    }

    fn module(&mut self, items: &[Item], file: &str, folder: &str, parent: Option<Id>) -> Id {
        let id = self.modules.len();
        self.modules.push(Module { file: file.to_owned(), parent, ..Module::default() });
        let mut collector = Collector::default();
        for item in items.iter().filter(|item| !only_for_tests(attributes(item))) {
            if let Item::Mod(module) = item {
                if let Some(child) = self.child(module, file, folder, id) {
                    self.modules[id].children.insert(module.ident.to_string(), child);
                }
            } else if is_include(item) {
                self.rules(id, &mut collector);
            } else {
                self.modules[id].items.extend(defined(item));
                collector.visit_item(item);
            }
        }
        self.modules[id].imports = collector.imports;
        self.modules[id].references = collector.references;
        id
    }

    /// The modules that the build script makes: `catalogue/close-unread/rule.rs` is `close_unread`.
    fn rules(&mut self, parent: Id, collector: &mut Collector) {
        let sources = self.sources;
        for file in sources.keys().filter(|file| file.starts_with(CATALOGUE)) {
            let folder = file.rsplit('/').nth(1).expect("a rule is in the folder of its cause");
            let name = folder.replace('-', "_");
            if let Some(child) = self.file(file, "", Some(parent)) {
                collector.reference(vec![name.clone(), "RULE".to_owned()]);
                self.modules[parent].children.insert(name, child);
            }
        }
    }

    fn child(&mut self, module: &ItemMod, file: &str, folder: &str, parent: Id) -> Option<Id> {
        let below = format!("{folder}{}/", module.ident);
        if let Some((_, items)) = &module.content {
            return Some(self.module(items, file, &below, Some(parent)));
        }
        let beside = format!("{folder}{}.rs", module.ident);
        let inside = format!("{below}mod.rs");
        let found = [beside, inside].into_iter().find(|file| self.sources.contains_key(file));
        self.file(&found.unwrap_or_else(|| panic!("{file}: no file of mod {}", module.ident)), &below, Some(parent))
    }
}

fn is_include(item: &Item) -> bool {
    matches!(item, Item::Macro(item) if item.mac.path.is_ident("include"))
}

/// The name that an item has in its module.
fn defined(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// Collects imports and paths, also those inside of functions.
#[derive(Default)]
struct Collector {
    imports: Vec<Import>,
    references: BTreeSet<Segments>,
}

impl Collector {
    fn tree(&mut self, prefix: &Segments, tree: &UseTree) {
        let with = |name: &dyn ToString| prefix.iter().cloned().chain([name.to_string()]).collect::<Segments>();
        match tree {
            UseTree::Path(part) => self.tree(&with(&part.ident), &part.tree),
            UseTree::Group(group) => group.items.iter().for_each(|part| self.tree(prefix, part)),
            UseTree::Glob(_) => self.imports.push(Import { path: prefix.clone(), binds: Binding::Everything }),
            UseTree::Name(leaf) if leaf.ident == "self" => self.import(prefix.clone(), prefix.last().cloned()),
            UseTree::Name(leaf) => self.import(with(&leaf.ident), Some(leaf.ident.to_string())),
            UseTree::Rename(leaf) if leaf.ident == "self" => self.import(prefix.clone(), Some(leaf.rename.to_string())),
            UseTree::Rename(leaf) => self.import(with(&leaf.ident), Some(leaf.rename.to_string())),
        }
    }

    fn import(&mut self, path: Segments, name: Option<String>) {
        self.imports.push(Import { path, binds: Binding::Name(name.unwrap_or_default()) });
    }

    /// Macros are not expanded: every path that can be seen in their tokens counts.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path = Segments::new();
        // Between two segments of a path stand two colons; after a dot stands a field or a method.
        let (mut colons, mut after_dot) = (0, false);
        for token in tokens {
            match token {
                TokenTree::Ident(name) if !after_dot => {
                    if colons != 2 {
                        self.reference(std::mem::take(&mut path));
                    } else if path.is_empty() {
                        // `::name` is another crate, `<T>::name` an associated item: both resolve to nothing.
                        path.push(String::new());
                    }
                    path.push(name.to_string());
                    (colons, after_dot) = (0, false);
                    continue;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && colons < 2 => {
                    colons += 1;
                    continue;
                }
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Punct(punct) if punct.as_char() == '.' => {
                    self.reference(std::mem::take(&mut path));
                    (colons, after_dot) = (0, true);
                    continue;
                }
                _ => {}
            }
            self.reference(std::mem::take(&mut path));
            (colons, after_dot) = (0, false);
        }
        self.reference(path);
    }

    fn reference(&mut self, path: Segments) {
        if !path.is_empty() {
            self.references.insert(path);
        }
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item(&mut self, item: &'ast Item) {
        if !only_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes = match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Macro(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            _ => return visit::visit_impl_item(self, item),
        };
        if !only_for_tests(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        // `use ::name` is another crate.
        if item.leading_colon.is_none() {
            self.tree(&Segments::new(), &item.tree);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            self.reference(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invocation: &'ast Macro) {
        self.tokens(invocation.tokens.clone());
        visit::visit_macro(self, invocation);
    }

    /// `#[serde(with = "crate::time::text")]` names a path in a string.
    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
            for text in strings(list.tokens.clone()) {
                self.reference(syn::parse_str::<syn::Path>(&text).map_or_else(
                    |_| Segments::new(),
                    |path| path.segments.iter().map(|segment| segment.ident.to_string()).collect(),
                ));
            }
        }
    }
}

fn strings(tokens: TokenStream) -> Vec<String> {
    let literals = tokens.into_iter().filter_map(|token| match token {
        TokenTree::Literal(literal) => Some(literal.to_string()),
        _ => None,
    });
    literals.filter_map(|literal| Some(syn::parse_str::<syn::LitStr>(&literal).ok()?.value())).collect()
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether `#[test]` or a `#[cfg(...)]` that only tests fulfil stands before it.
fn only_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            list.parse_args().is_ok_and(|condition| needs_test(&condition))
        }
        meta => meta.path().is_ident("test"),
    })
}

fn needs_test(condition: &Meta) -> bool {
    let parts = |list: &syn::MetaList| {
        let parts = list.parse_args_with(syn::punctuated::Punctuated::<Meta, Token![,]>::parse_terminated);
        parts.map(|parts| parts.into_iter().collect::<Vec<_>>()).unwrap_or_default()
    };
    match condition {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("all") => parts(list).iter().any(needs_test),
        Meta::List(list) if list.path.is_ident("any") => parts(list).iter().all(needs_test),
        _ => false,
    }
}
