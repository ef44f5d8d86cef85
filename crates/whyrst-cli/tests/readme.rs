//! What the README shows first is what the program prints: a reader who repeats it must see the same.

use std::path::Path;
use std::process::Command;

/// What the README says that `command` prints, for each of its reports.
fn shown(readme: &str) -> Vec<(String, String)> {
    let blocks = readme.split("```console\n$ ").skip(1).filter_map(|block| block.split("\n```").next());
    let reports = blocks.filter(|block| block.starts_with("whyrst explain"));
    reports.filter_map(|block| block.split_once('\n')).map(|(command, text)| (command.into(), text.into())).collect()
}

/// What a shell prints in the folder of the sources.
fn printed(root: &Path, command: &str) -> String {
    let programs = Path::new(env!("CARGO_BIN_EXE_whyrst")).parent().expect("a program lies in a folder");
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").expect("there is a PATH"));
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(root).env("PATH", path).env_remove("COLUMNS").env_remove("WHYRST_CONFIG");
    String::from_utf8(shell.output().expect("a shell runs").stdout).expect("reports are UTF-8")
}

#[test]
fn the_readme_shows_what_the_program_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for name in ["README.md", "README.zh.md"] {
        let readme = std::fs::read_to_string(root.join(name)).expect("there is a README");
        let reports = shown(&readme);
        assert_eq!(reports.len(), 2, "{name}");
        for (command, text) in reports {
            assert_eq!(printed(&root, &command).trim_end(), text, "{name}: {command}");
        }
    }
}
