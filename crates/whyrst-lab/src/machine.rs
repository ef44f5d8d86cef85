//! Sysctls that are the whole machine's, because network namespaces have none of their own
//! (`tcp_max_orphans`, `tcp_mem`): borrowed for one play and given back however it ends, unless the
//! process is killed with SIGKILL.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;

use crate::error::{LabError, Tried, errno_of};
use crate::netns::sysctl_path;
use crate::scenario::{Action, Scenario};

/// What a play may change, with what it was before. Dropping it sets everything back.
#[derive(Debug, Default)]
pub(crate) struct Machine {
    borrowed: Vec<Borrowed>,
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
    /// Opens what the scenario will set. To be called before any namespace is entered.
    pub(crate) fn borrow(scenario: &'static Scenario) -> Result<Self, LabError> {
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
        let borrowed = self.borrowed.iter_mut().find(|borrowed| borrowed.name == name);
        let borrowed = borrowed.expect("invariant: everything that a step sets was opened");
        borrowed.changed = true;
        borrowed.file.write_at(value.as_bytes(), 0).tried(|| format!("set the sysctl {name} to {value}")).map(drop)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        for borrowed in self.borrowed.iter().filter(|borrowed| borrowed.changed) {
            let _ = borrowed.file.write_at(&borrowed.before, 0); // nothing else could be tried
        }
    }
}
