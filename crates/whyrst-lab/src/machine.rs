//! Sysctls that are the whole machine's, because network namespaces have none of their own
//! (`tcp_max_orphans`, `tcp_mem`): borrowed for one play and given back however it ends. Where the process was killed
//! before it could, the next play gives them back: each loan is noted in a file until then.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::error::{LabError, Tried, errno_of};
use crate::netns::sysctl_path;
use crate::scenario::{Action, Scenario};

/// Where loans are noted. Memory: what was borrowed ends with the machine.
const LOANS: &str = "/run/whyrst-lab";

/// What a play may change, with what it was before. Dropping it sets everything back.
#[derive(Debug, Default)]
pub(crate) struct Machine {
    borrowed: Vec<Borrowed>,
    note: Option<Note>,
}

#[derive(Debug)]
struct Borrowed {
    name: &'static str,
    /// Stays bound to the namespace in which it was opened.
    file: File,
    before: Vec<u8>,
    changed: bool,
}

impl Machine {
    /// Opens what the scenario will set, and gives back what a killed lab could not. To be called before any namespace is
    /// entered.
    pub(crate) fn borrow(scenario: &'static Scenario) -> Result<Self, LabError> {
        give_back_for_the_dead(Path::new(LOANS), |name, value| {
            let _ = fs::write(sysctl_path(name), value); // as when it is dropped: nothing else could be tried
        });
        let mut machine = Self::default();
        for step in scenario.steps {
            if let Action::MachineSysctl { name, .. } = step.action {
                machine.open(scenario, name)?;
            }
        }
        Ok(machine)
    }

    fn open(&mut self, scenario: &'static Scenario, name: &'static str) -> Result<(), LabError> {
        if self.borrowed.iter().any(|borrowed| borrowed.name == name) {
            return Ok(());
        }
        let file = OpenOptions::new().read(true).write(true).open(sysctl_path(name));
        let cause = |error| LabError::NotOurMachine { scenario: scenario.id, name, cause: errno_of(&error) };
        let file = file.map_err(cause)?;
        let mut before = vec![0; 128];
        let len = file.read_at(&mut before, 0).tried(|| format!("read the sysctl {name}"))?;
        before.truncate(len);
        self.borrowed.push(Borrowed { name, file, before, changed: false });
        Ok(())
    }

    /// Sets one of them.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), LabError> {
        if self.note.is_none() {
            let loans = self.borrowed.iter().map(|borrowed| (borrowed.name, borrowed.before.as_slice()));
            self.note = Some(Note::write(Path::new(LOANS), loans)?);
        }
        let borrowed = self.borrowed.iter_mut().find(|borrowed| borrowed.name == name);
        let borrowed = borrowed.expect("invariant: everything that a step sets was opened");
        borrowed.changed = true;
        let file = &borrowed.file;
        file.write_at(value.as_bytes(), 0).tried(|| format!("set the sysctl {name} to {value}")).map(drop)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        for borrowed in self.borrowed.iter().filter(|borrowed| borrowed.changed) {
            let _ = borrowed.file.write_at(&borrowed.before, 0); // nothing else could be tried
        }
    }
}

/// What this process has borrowed: a file named after it, a line for each sysctl. Dropping it removes the file, after
/// everything was set back.
#[derive(Debug)]
struct Note(PathBuf);

impl Note {
    fn write<'a>(folder: &Path, loans: impl Iterator<Item = (&'a str, &'a [u8])>) -> Result<Self, LabError> {
        let mut text = String::new();
        for (name, before) in loans {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name}={}", String::from_utf8_lossy(before).trim_end());
        }
        let path = folder.join(own_name());
        fs::create_dir_all(folder).tried(|| format!("make {}", folder.display()))?;
        fs::write(&path, text).tried(|| format!("write {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0); // the next play finds that its values are what they are
    }
}

/// A process by its number and by when it started: the number alone is used again.
fn own_name() -> String {
    let pid = std::process::id();
    format!("{pid}-{}", started(pid).unwrap_or_default())
}

/// Field 22 of `/proc/PID/stat`; the second, the name, may hold anything.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?.parse().ok()
}

/// Gives back what processes that are gone have borrowed.
fn give_back_for_the_dead(folder: &Path, give_back: impl Fn(&str, &str)) {
    for note in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = note.file_name();
        let Some((pid, born)) = name.to_str().and_then(|name| name.split_once('-')) else { continue };
        let (Ok(pid), Ok(born)) = (pid.parse(), born.parse::<u64>()) else { continue };
        if started(pid) == Some(born) {
            continue;
        }
        for (name, value) in
            fs::read_to_string(note.path()).unwrap_or_default().lines().filter_map(|line| line.split_once('='))
        {
            give_back(name, value);
        }
        let _ = fs::remove_file(note.path()); // if it stays, the same is given back once more
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn what_a_killed_lab_borrowed_is_given_back_and_what_a_living_one_has_is_not() {
        let folder = std::env::temp_dir().join(format!("whyrst-lab-loans-{}", std::process::id()));
        let given = RefCell::new(Vec::new());
        let sweep =
            || give_back_for_the_dead(&folder, |name, value| given.borrow_mut().push(format!("{name}={value}")));
        let note = Note::write(&folder, [("net.ipv4.tcp_mem", b"1\t2\t3\n".as_slice())].into_iter()).unwrap();
        sweep();
        assert!(given.borrow().is_empty() && note.0.exists(), "its owner lives");
        // The same number, but another process.
        fs::rename(&note.0, folder.join(format!("{}-1", std::process::id()))).unwrap();
        sweep();
        assert_eq!(*given.borrow(), ["net.ipv4.tcp_mem=1\t2\t3"]);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::remove_dir(&folder).unwrap();
    }
}
