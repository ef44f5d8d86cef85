//! Where the item that a path names is defined, through imports, re-exports and glob imports.
//!
//! This follows the rules of the language but for visibility, which the compiler has checked, and name spaces: a
//! module and a function of one name are both found, and the module is meant where the path goes on.

use super::source::{Binding, Id, Module, Segments};

const ROOT: Id = 0;

/// What a path can name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Found {
    Module(Id),
    /// An item by its name, in the module that defines it.
    Item(Id, String),
}

/// Looks names up in the modules of one crate.
#[derive(Debug)]
pub(super) struct Resolver<'a>(pub(super) &'a [Module]);

/// Names that are being looked up, so that imports in a circle come to an end.
type Pending = Vec<(Id, String)>;

impl Resolver<'_> {
    /// What `path` names in the module `at`; nothing where it is of another crate, a primitive or a local name.
    pub(super) fn resolve(&self, at: Id, path: &Segments) -> Vec<Found> {
        self.follow(at, path, &mut Pending::new())
    }

    fn follow(&self, at: Id, path: &Segments, pending: &mut Pending) -> Vec<Found> {
        let Some((first, rest)) = path.split_first() else { return Vec::new() };
        let start = match first.as_str() {
            "crate" => vec![Found::Module(ROOT)],
            "self" => vec![Found::Module(at)],
            "super" => self.parent(at),
            name => self.lookup(at, name, pending),
        };
        rest.iter().fold(start, |found, name| self.step(&found, name, pending))
    }

    /// One segment on. What follows an item is a variant or an associated item of it.
    fn step(&self, found: &[Found], name: &str, pending: &mut Pending) -> Vec<Found> {
        let modules: Vec<Id> = found.iter().filter_map(Found::module).collect();
        if modules.is_empty() {
            return found.to_vec();
        }
        let next = |id: Id| if name == "super" { self.parent(id) } else { self.lookup(id, name, pending) };
        modules.into_iter().flat_map(next).collect()
    }

    fn parent(&self, of: Id) -> Vec<Found> {
        self.0[of].parent.map(Found::Module).into_iter().collect()
    }

    fn lookup(&self, at: Id, name: &str, pending: &mut Pending) -> Vec<Found> {
        let asked = (at, name.to_owned());
        if pending.contains(&asked) {
            return Vec::new();
        }
        pending.push(asked);
        let mut found = self.by_name(at, name, pending);
        if found.is_empty() {
            found = self.by_glob(at, name, pending);
        }
        pending.pop();
        found
    }

    fn by_name(&self, at: Id, name: &str, pending: &mut Pending) -> Vec<Found> {
        let module = &self.0[at];
        let item = module.items.get(name).map(|name| Found::Item(at, name.clone()));
        let child = module.children.get(name).map(|child| Found::Module(*child));
        let mut found: Vec<Found> = item.into_iter().chain(child).collect();
        for import in module.imports.iter().filter(|import| import.binds == Binding::Name(name.to_owned())) {
            found.extend(self.follow(at, &import.path, pending));
        }
        found
    }

    fn by_glob(&self, at: Id, name: &str, pending: &mut Pending) -> Vec<Found> {
        let mut found = Vec::new();
        for import in self.0[at].imports.iter().filter(|import| import.binds == Binding::Everything) {
            let modules: Vec<Id> = self.follow(at, &import.path, pending).iter().filter_map(Found::module).collect();
            found.extend(modules.into_iter().flat_map(|module| self.lookup(module, name, pending)));
        }
        found
    }
}

impl Found {
    fn module(&self) -> Option<Id> {
        match self {
            Self::Module(id) => Some(*id),
            Self::Item(..) => None,
        }
    }
}
