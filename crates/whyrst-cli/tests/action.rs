//! The GitHub Action does what docs/github-action.md says: its script is run as a runner runs it, on captures of the lab.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// What GitHub shows of the summary of a step.
const SHOWN: usize = 1 << 20;

/// A job on a runner: its workspace, and the files that a step writes into.
struct Job {
    folder: TempDir,
}

impl Job {
    fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        for name in ["workspace", "temp", "releases"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn capture(&self, fixture: &str, name: &str) {
        let to = self.path("workspace").join(name);
        fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        fs::copy(root().join("fixtures").join(fixture).join("client.pcapng"), to).expect("a capture");
    }

    fn nonsense(&self, name: &str) {
        fs::write(self.path("workspace").join(name), "nonsense").expect("a file");
    }

    fn explain(&self, captures: &str, inputs: &[(&str, &str)]) -> Step {
        let output = Command::new("bash")
            .arg(root().join("contrib/github-action/explain.sh"))
            .current_dir(self.path("workspace"))
            .env("GITHUB_STEP_SUMMARY", self.path("summary"))
            .env("GITHUB_OUTPUT", self.path("output"))
            .env("RUNNER_TEMP", self.path("temp"))
            .env("WHYRST_RELEASES", format!("file://{}", self.path("releases").display()))
            .env("WHYRST_CONFIG", "")
            .env("INPUT_CAPTURES", captures)
            .env("INPUT_WHYRST", env!("CARGO_BIN_EXE_whyrst"))
            .env("INPUT_VERSION", env!("CARGO_PKG_VERSION"))
            .env("INPUT_LANG", "en")
            .envs(inputs.iter().copied())
            .output()
            .expect("bash runs");
        let read = |name: &str| fs::read_to_string(self.path(name)).unwrap_or_default();
        let step = Step { log: text(&output), summary: read("summary"), outputs: read("output"), output };
        for line in step.log.lines().filter(|line| line.starts_with("::")) {
            let known = ["::warning title=whyrst::", "::error title=whyrst::"];
            assert!(known.iter().any(|command| line.starts_with(command)), "a command of somebody else: {line}");
        }
        assert!(!step.log.contains("##["), "a command of somebody else: {}", step.log);
        step
    }

    fn passes(&self, captures: &str, inputs: &[(&str, &str)]) -> Step {
        let step = self.explain(captures, inputs);
        assert!(step.output.status.success(), "{}", step.log);
        step
    }
}

/// What came of it.
struct Step {
    output: Output,
    log: String,
    summary: String,
    outputs: String,
}

impl Step {
    fn value(&self, name: &str) -> &str {
        let line = self.outputs.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_else(|| panic!("no output {name}: {}", self.outputs))
    }

    /// The names of the HTML reports.
    fn reports(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.value("reports")).expect("a folder of reports");
        entries.map(|entry| entry.expect("a file").file_name().into_string().expect("a name in ASCII")).collect()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn the_summary_has_the_verdict_of_each_capture_and_a_browser_the_report() {
    let job = Job::new();
    job.capture("closed-port", "captures/a.pcapng");
    job.capture("close-unread", "captures/deeper/b.pcapng");
    let step = job.passes("captures/**/*.pcapng\ncaptures/a.pcapng", &[]);
    for words in
        ["### captures\\/a\\.pcapng", "(`closed-port`)", "### captures\\/deeper\\/b\\.pcapng", "(`close-unread`)"]
    {
        assert!(step.summary.contains(words), "no {words} in {}", step.summary);
    }
    assert_eq!((step.value("captures"), step.value("unreadable")), ("2", "0"));
    assert_eq!(step.reports(), ["1-a.pcapng.html", "2-b.pcapng.html"].map(str::to_owned).into());
    let html = fs::read_to_string(Path::new(step.value("reports")).join("1-a.pcapng.html")).expect("a report");
    assert!(html.contains("closed-port"), "the report has its reset in it");
    assert!(!step.log.contains("::"), "nothing to warn of: {}", step.log);
}

#[test]
fn a_capture_that_cannot_be_read_is_named_and_hides_no_other() {
    let job = Job::new();
    job.nonsense("a.pcap");
    job.capture("closed-port", "b.pcap");
    let step = job.passes("*.pcap", &[]);
    assert!(step.summary.contains("### a\\.pcap\n\nNot explained: cannot read"), "{}", step.summary);
    assert!(step.summary.contains("(`closed-port`)"), "{}", step.summary);
    assert!(step.log.contains("::warning title=whyrst::not explained: ./a.pcap: cannot read"), "{}", step.log);
    assert_eq!((step.value("captures"), step.value("unreadable")), ("2", "1"));
    assert_eq!(step.reports(), ["2-b.pcap.html".to_owned()].into());
}

#[test]
fn no_capture_is_said_and_is_no_failure() {
    let step = Job::new().passes("none/*.pcap\nmissing.pcap\n", &[("INPUT_WHYRST", "/no/such/program")]);
    assert!(step.summary.contains("No capture was found."), "{}", step.summary);
    assert!(step.summary.contains("Fits no file: none\\/\\*\\.pcap missing\\.pcap"), "{}", step.summary);
    assert_eq!((step.value("captures"), step.value("reports")), ("0", ""));
}

#[test]
fn a_pattern_that_fits_nothing_is_said_beside_what_was_found() {
    let job = Job::new();
    job.capture("closed-port", "a.pcap");
    let step = job.passes("a.pcap\nb.pcap", &[]);
    assert!(step.summary.contains("Fits no file: b\\.pcap"), "{}", step.summary);
}

#[test]
fn names_are_names_whatever_is_in_them() {
    let job = Job::new();
    let names = [
        "-o hidden.pcap",
        "a\n::error::b ##[error]c.pcap",
        "two words.pcap",
        "<b> `code` [link](x) $(touch made) ;touch made.pcap",
        "[1].pcap",
        ".hidden.pcap",
        "%0A.pcap",
        "-",
    ];
    for name in names {
        job.capture("closed-port", name);
    }
    let step = job.passes("*.pcap\n[1].pcap\n-", &[]);
    assert_eq!(step.value("captures"), names.len().to_string(), "{}", step.summary);
    assert_eq!(step.summary.matches("(`closed-port`)").count(), names.len(), "{}", step.summary);
    assert!(step.summary.contains("### a\\?\\:\\:error\\:\\:b \\#\\#\\[error\\]c\\.pcap\n"), "{}", step.summary);
    let left: BTreeSet<String> = fs::read_dir(job.path("workspace"))
        .expect("the workspace")
        .map(|entry| entry.expect("a file").file_name().into_string().expect("UTF-8"))
        .collect();
    assert_eq!(left, names.map(str::to_owned).into(), "nothing was written over and nothing was run");
    for report in step.reports() {
        assert!(report.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"._-".contains(&octet)), "{report}");
    }
    for name in names {
        job.nonsense(name);
    }
    let step = job.passes("*.pcap", &[]);
    assert!(step.log.contains("%0A::error::b # #[error]c.pcap"), "{}", step.log);
}

#[test]
fn the_summary_stays_below_what_is_shown() {
    let report = {
        let job = Job::new();
        job.capture("close-unread", "a.pcap");
        job.passes("a.pcap", &[]).summary.len()
    };
    // What is there already leaves room for all but a few octets of the capture, then for nothing.
    for (free, words) in
        [(report - 100, "too long for this summary"), (100, "1 captures have no place in this summary")]
    {
        let job = Job::new();
        job.capture("close-unread", "a.pcap");
        fs::write(job.path("summary"), "x".repeat(SHOWN - 4096 - free)).expect("a summary");
        let step = job.passes("a.pcap", &[]);
        assert!(step.summary.contains(words), "{}", step.summary.trim_start_matches('x'));
        assert!(step.summary.len() <= SHOWN, "{} octets", step.summary.len());
        assert_eq!(step.reports().len(), 1, "the report is there all the same");
    }
}

#[test]
fn captures_beyond_the_bound_are_counted() {
    let job = Job::new();
    for number in 0..103 {
        job.nonsense(&format!("{number:03}.pcap"));
    }
    let step = job.passes("*.pcap", &[]);
    assert!(step.summary.contains("103 captures were found, and the first 100 explained."), "{}", step.summary);
    assert_eq!(step.value("unreadable"), "100");
}

#[test]
fn a_folder_that_is_named_is_one_rotated_set() {
    let job = Job::new();
    job.capture("closed-port", "ring/1.pcapng");
    job.capture("close-unread", "ring/2.pcapng");
    let step = job.passes("ring", &[]);
    assert_eq!(step.value("captures"), "1");
    assert!(step.summary.contains("(`closed-port`)") && step.summary.contains("(`close-unread`)"), "{}", step.summary);
}

#[test]
fn reports_speak_the_language_that_is_asked_for() {
    let job = Job::new();
    job.capture("closed-port", "a.pcap");
    let step = job.passes("a.pcap", &[("INPUT_LANG", "zh")]);
    assert!(step.summary.contains("## 连接为什么被重置") && step.summary.contains("`closed-port`"), "{}", step.summary);
    let refused = job.explain("a.pcap", &[("INPUT_LANG", "fr")]);
    assert_eq!(refused.output.status.code(), Some(1));
    assert!(refused.log.contains("::error title=whyrst::the input lang is en or zh, not 'fr'"), "{}", refused.log);
}

#[test]
fn a_release_is_downloaded_and_held_against_its_checksum() {
    let job = Job::new();
    job.capture("closed-port", "a.pcap");
    let release = job.path("releases").join(concat!("v", env!("CARGO_PKG_VERSION")));
    fs::create_dir(&release).expect("a folder");
    let missing = job.explain("a.pcap", &[("INPUT_WHYRST", "")]);
    assert_eq!(missing.output.status.code(), Some(1));
    assert!(missing.log.contains("::error title=whyrst::cannot download file:"), "{}", missing.log);

    let name = format!("whyrst-{}-linux", std::env::consts::ARCH);
    fs::copy(env!("CARGO_BIN_EXE_whyrst"), release.join(&name)).expect("a release");
    let sums = Command::new("sha256sum").arg(&name).current_dir(&release).output().expect("sha256sum runs");
    fs::write(release.join("SHA256SUMS"), &sums.stdout).expect("a file");
    let step = job.passes("a.pcap", &[("INPUT_WHYRST", "")]);
    assert!(step.summary.contains("(`closed-port`)"), "{}", step.summary);

    fs::write(release.join("SHA256SUMS"), format!("{:064}  {name}\n", 0)).expect("a file");
    let changed = job.explain("a.pcap", &[("INPUT_WHYRST", "")]);
    assert_eq!(changed.output.status.code(), Some(1));
    assert!(changed.log.contains("is not what its SHA256SUMS says"), "{}", changed.log);
    let odd = job.explain("a.pcap", &[("INPUT_WHYRST", ""), ("INPUT_VERSION", "../..")]);
    assert_eq!(odd.output.status.code(), Some(1));
}

/// The action of a release downloads that release, and hands the script every input that this reads.
#[test]
fn the_action_is_that_of_its_script_and_version() {
    let action = fs::read_to_string(root().join("action.yml")).expect("action.yml");
    let script = fs::read_to_string(root().join("contrib/github-action/explain.sh")).expect("the script");
    assert!(action.contains(&format!("    default: {}\n", env!("CARGO_PKG_VERSION"))), "another version: {action}");
    let names = |text: &str| -> BTreeSet<String> {
        let parts = text.split("INPUT_").skip(1);
        parts.map(|part| part.chars().take_while(char::is_ascii_uppercase).collect()).collect()
    };
    assert_eq!(names(&action), names(&script));
}

/// A capture may grow or go away between two readings; the real program then fails at the second.
#[test]
fn a_later_reading_that_fails_is_said_and_no_other_capture_stands_in_for_it() {
    let job = Job::new();
    job.capture("closed-port", "a.pcapng");
    job.capture("close-unread", "b.pcapng");
    let program = job.path("whyrst-once");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *--summary*b.pcapng) \"{real}\" \"$@\"; status=$?; rm b.pcapng; exit $status ;; esac\n\
         exec \"{real}\" \"$@\"\n",
        real = env!("CARGO_BIN_EXE_whyrst")
    );
    fs::write(&program, script).expect("a program");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it may run");
    let step = job.passes("a.pcapng\nb.pcapng", &[("INPUT_WHYRST", program.to_str().expect("a name in UTF-8"))]);
    let (_, of_b) = step.summary.split_once("### b\\.pcapng").expect("b has a heading");
    assert!(of_b.contains("Not explained:") && !of_b.contains("(`closed-port`)"), "{of_b}");
    assert_eq!((step.value("captures"), step.value("unreadable")), ("2", "1"));
}
