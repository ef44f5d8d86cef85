//! What a person at a terminal expects of any program: completions, a manual, defaults, suggestions.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn whyrst(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_whyrst"));
    command.args(arguments).env("XDG_CONFIG_HOME", folder).env_remove("WHYRST_CONFIG");
    command.envs(environment.iter().copied()).output().expect("whyrst runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn fixture() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/closed-port/client.pcapng").display().to_string()
}

fn config(text: &str) -> TempDir {
    let home = TempDir::new().expect("a temporary folder");
    fs::create_dir(home.path().join("whyrst")).expect("a folder");
    fs::write(home.path().join("whyrst/config.toml"), text).expect("a file");
    home
}

#[test]
fn the_command_line_wins_over_the_environment_and_that_over_the_file() {
    let home = config("[explain]\nformat = \"markdown\"\n");
    let first = |arguments: &[&str], environment: &[(&str, &str)]| {
        stdout(&whyrst(home.path(), arguments, environment)).chars().next()
    };
    let file = fixture();
    assert_eq!(first(&["explain", &file], &[]), Some('#'));
    assert_eq!(first(&["explain", &file], &[("WHYRST_FORMAT", "json")]), Some('{'));
    assert_eq!(first(&["explain", "--format", "text", &file], &[("WHYRST_FORMAT", "json")]), Some('1'));
    assert_eq!(first(&["explain", &file], &[("WHYRST_CONFIG", "")]), Some('1'));
}

#[test]
fn a_wrong_default_is_told_with_its_place() {
    let file = fixture();
    for (text, words) in [
        ("format = \"jsno\"", ["config.toml", "jsno"]),
        ("colour = \"never\"", ["config.toml", "did you mean color?"]),
        ("tz = ", ["config.toml", "line 1"]),
    ] {
        let output = whyrst(config(text).path(), &["explain", &file], &[]);
        assert_eq!(output.status.code(), Some(2));
        let said = stderr(&output);
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
    }
    let output = whyrst(Path::new("/nowhere"), &["explain", &file], &[("WHYRST_COLOR", "purple")]);
    assert!(stderr(&output).contains("WHYRST_COLOR"), "{}", stderr(&output));
    let output = whyrst(Path::new("/nowhere"), &["explain", &file], &[("WHYRST_CONFIG", "/no/such/file")]);
    assert!(stderr(&output).contains("/no/such/file"), "{}", stderr(&output));
}

#[test]
fn what_is_mistyped_is_suggested() {
    for (arguments, near) in [
        (vec!["explian", "x"], "explain"),
        (vec!["explain", "--sumary", "x"], "--summary"),
        (vec!["causes", "closedport"], "closed-port"),
        (vec!["explain", "--cause", "linger-zer0", "x"], "linger-zero"),
        (vec!["lab", "run", "close-unraed"], "close-unread"),
        (vec!["watch", "--cause", "linger-zer0"], "linger-zero"),
    ] {
        let output = whyrst(Path::new("/nowhere"), &arguments, &[]);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(near), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn completions_know_commands_options_and_causes() {
    for shell in ["bash", "zsh", "fish"] {
        let output = whyrst(Path::new("/nowhere"), &["completions", shell], &[]);
        let script = stdout(&output);
        for word in ["explain", "annotate", "min-confidence", "linger-zero"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let script = stdout(&whyrst(Path::new("/nowhere"), &["completions", "bash"], &[]));
    assert!(script.contains("connect-abandoned-110"), "scenarios of the lab");
    let folder = TempDir::new().expect("a temporary folder");
    fs::write(folder.path().join("whyrst"), script).expect("a file");
    let ask = "source ./whyrst; COMP_WORDS=(whyrst explain --cause linger-z); COMP_CWORD=3; \
               _whyrst whyrst linger-z --cause; echo \"${COMPREPLY[@]}\"";
    let bash = Command::new("bash").args(["-c", ask]).current_dir(folder.path()).output().expect("bash runs");
    assert!(stdout(&bash).trim() == "linger-zero", "{}{}", stdout(&bash), stderr(&bash));
}

#[test]
fn the_manual_has_a_page_for_each_command_and_its_statuses() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().display().to_string();
    let output = whyrst(Path::new("/nowhere"), &["man", &path], &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let page = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap_or_else(|_| panic!("{name}"));
    let main = page("whyrst.1");
    for word in ["Exit status", "WHYRST_CONFIG", "NO_COLOR"] {
        assert!(main.contains(word), "{word}");
    }
    assert!(page("whyrst-explain.1").contains("annotate"));
    page("whyrst-watch.1");
    page("whyrst-lab-run.1");
}

#[test]
fn every_command_s_help_teaches_by_example() {
    for command in
        ["explain", "watch", "run", "check", "doctor", "completions", "extcap", "wireshark", "lab", "causes", "why"]
    {
        let help = stdout(&whyrst(Path::new("/nowhere"), &[command, "--help"], &[]));
        assert!(help.contains("Examples:"), "{command}");
    }
    let help = stdout(&whyrst(Path::new("/nowhere"), &["--help"], &[]));
    assert!(help.contains("Exit status:") && help.contains("WHYRST_CONFIG"), "{help}");
}

#[test]
fn the_doctor_says_of_each_thing_whether_it_is_there() {
    let output = whyrst(Path::new("/nowhere"), &["doctor", "--format", "json"], &[]);
    let checks: Vec<Value> =
        stdout(&output).lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect();
    let names: Vec<&str> = checks.iter().filter_map(|check| check["check"].as_str()).collect();
    for name in ["kernel", "capabilities", "the probe", "packet capture", "user namespaces", "TUN devices", "tshark"] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
    let missing = checks.iter().any(|check| check["status"] == "missing");
    assert_eq!(output.status.code(), Some(i32::from(missing)));
    for check in &checks {
        assert_eq!(check["schema"], "whyrst.doctor/1");
        assert_eq!(check["status"] == "ok", check["advice"].is_null(), "{check}");
    }
    let tshark = checks.iter().find(|check| check["check"] == "tshark").expect("it is looked for");
    assert_eq!(tshark["status"], "ok", "{tshark}");
}
