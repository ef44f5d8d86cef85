//! Which files a client may have read: those that the user may read who runs the server, or with `--root` those of
//! them in one folder. Pipes and devices are no captures here: who waits for one waits for ever.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders in folders beyond this depth are not looked into, as the library does not.
const DEEPEST: usize = 32;

/// Where files may be.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    root: Option<PathBuf>,
}

impl Paths {
    /// In `root` or, without one, anywhere.
    pub(crate) fn within(root: Option<&Path>) -> Result<Self, String> {
        let whole = |root: &Path| {
            let whole =
                root.canonicalize().map_err(|cause| format!("cannot use {} as root: {cause}", root.display()))?;
            if whole.is_dir() { Ok(whole) } else { Err(format!("{} is no folder", root.display())) }
        };
        Ok(Self { root: root.map(whole).transpose()? })
    }

    /// Whether paths are limited.
    pub(crate) const fn are_limited(&self) -> bool {
        self.root.is_some()
    }

    /// In words, for a client.
    pub(crate) fn described(&self) -> String {
        match &self.root {
            Some(root) => format!("paths are relative to {} and must stay in it", root.display()),
            None => "paths are those of the host that the server runs on, best absolute".to_owned(),
        }
    }

    /// The file or folder that a client means.
    pub(crate) fn allowed(&self, path: &str) -> Result<PathBuf, String> {
        let named = match &self.root {
            Some(root) => root.join(path),
            None => PathBuf::from(path),
        };
        let whole = named.canonicalize().map_err(|cause| format!("cannot read {path}: {cause}"))?;
        if let Some(root) = &self.root
            && !whole.starts_with(root)
        {
            return Err(format!("{path} is outside of {}, to which --root limits reading", root.display()));
        }
        let kind = fs::metadata(&whole).map_err(|cause| format!("cannot read {path}: {cause}"))?.file_type();
        if !kind.is_file() && !kind.is_dir() {
            return Err(format!("cannot read {path}: it is neither a file nor a folder"));
        }
        if kind.is_dir() {
            self.stays_inside(&whole, 0)?;
        }
        Ok(whole)
    }

    /// No link in `folder` leads outside of the root.
    fn stays_inside(&self, folder: &Path, depth: usize) -> Result<(), String> {
        let Some(root) = self.root.as_deref().filter(|_| depth <= DEEPEST) else { return Ok(()) };
        // What cannot be listed cannot be read either, and that is said then.
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            let leads_outside = || entry.path().canonicalize().is_ok_and(|whole| !whole.starts_with(root));
            if kind.is_symlink() && leads_outside() {
                return Err(format!("{} is a link that leads outside of --root", entry.path().display()));
            }
            if kind.is_dir() {
                self.stays_inside(&entry.path(), depth + 1)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_root_holds_against_dots_links_and_absolute_paths() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().join("captures");
        fs::create_dir_all(root.join("inner")).expect("it is writable");
        fs::write(root.join("a.pcap"), "x").expect("it is writable");
        fs::write(folder.path().join("secret"), "x").expect("it is writable");
        let paths = Paths::within(Some(&root)).expect("it is a folder");
        assert!(paths.allowed("a.pcap").is_ok());
        assert!(paths.allowed(".").is_ok());
        for outside in ["../secret", "/etc/passwd", "inner/../../secret"] {
            assert!(paths.allowed(outside).expect_err(outside).contains("--root"), "{outside}");
        }
        symlink(folder.path().join("secret"), root.join("inner/link")).expect("links can be made");
        assert!(paths.allowed("inner/link").expect_err("a link").contains("outside"));
        assert!(paths.allowed("inner").expect_err("a folder with it").contains("outside"));
        assert!(paths.allowed("a\0b").is_err());
    }

    #[test]
    fn devices_and_what_is_not_there_are_said() {
        let paths = Paths::within(None).expect("no root");
        assert!(paths.allowed("/dev/zero").expect_err("endless").contains("neither a file nor a folder"));
        assert!(paths.allowed("/there/is/none").expect_err("missing").contains("No such file"));
        assert!(Paths::within(Some(Path::new("/there/is/none"))).is_err());
    }
}
