//! Every test there is, in the order in which they find faults fastest.
//!
//! A test that cannot run here fails, unless its reason stands in [`MAY_BE_LEFT_OUT`].

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};

use crate::shell::{self, Scratch, cargo, is_root};
use crate::{
    accuracy, bpf, browser, dist, docs, fleet, fmt, fuzz, i18n, kernels, mcp, programs, publish, python, rstbench,
    schema, setup, spark, sql, supply, telemetry, web, workflows,
};

/// What may be left out, and why that is right.
const MAY_BE_LEFT_OUT: &[(&str, &str)] = &[
    (
        "lab as root, and how good its verdicts are",
        "needs root, for the kernel's own reasons (tracefs); an ordinary user's run still checks packets and errno",
    ),
    (
        "programs as users have them",
        "fifteen servers from Debian and minutes of waiting for their timeouts: `cargo xtask programs` runs it",
    ),
    (
        "other kernels in QEMU",
        "downloads a hundred megabytes and boots without acceleration: `cargo xtask kernels` runs it",
    ),
    (
        "whyrst-sql, with its query engine",
        "three hundred crates of its own, whose build takes longer than all other tests: `cargo xtask sql` runs it",
    ),
    (
        "the Python package as a wheel",
        "installs seven hundred megabytes of libraries that take its tables: `cargo xtask python` runs it",
    ),
    (
        "whyrst as WebAssembly compiles",
        "needs Rust's target wasm32-unknown-unknown, which rustup gets from static.rust-lang.org where that can be reached",
    ),
    (
        "the page in one file and the npm package",
        "an optimised build of minutes, since WebAssembly is tried as it is given away: `cargo xtask browser` runs it",
    ),
    ("contrib/spark on a real cluster", "downloads half a gigabyte and takes minutes: `cargo xtask spark` runs it"),
    (
        "a fleet of ten thousand into a real engine",
        "a release build, then minutes of both processors: `cargo xtask fleet` runs it",
    ),
    ("the probe in the running kernel", "needs root (CAP_BPF, CAP_PERFMON) and a kernel with BTF and BPF tracing"),
    ("metrics and logs in real receivers", "needs what the probe needs"),
];

/// The user id of `nobody`.
const NOBODY: &str = "65534";

/// A test by its name.
type Step = (&'static str, fn() -> Result<()>);

/// How a step ended.
enum Outcome {
    Passed,
    Failed,
    LeftOut,
}

/// Runs all of them; the last line counts.
pub fn run() -> Result<()> {
    // The steps of one line run at the same time. The lab mostly waits, for timers that kernels have, so beside it
    // stands what computes, which gives way to it; not the lab once more, whose hosts have the same addresses.
    let lines: &[&[Step]] = &[
        &[("setup", setup::run)],
        &[("every Rust file is formatted", fmt::check)],
        &[("unit, property, fixture and command line tests", cargo_tests)],
        &[("what the catalogue says in English only", english_only)],
        &[("documentation is fresh", docs::check)],
        &[("schemas are fresh", schema::check)],
        &[("the yardstick's scorer, truth and vocabulary", rstbench::check)],
        &[("the probe's object is that of its source", bpf::check)],
        &[("licences, sources and advisories of what is linked", supply::deny)],
        &[("crates as crates.io wants them", publish::check), ("what GitHub reads", workflows::check)],
        &[("the probe in the running kernel", probe_as_root)],
        &[("programs as users have them", programs_as_users_have_them)],
        &[("other kernels in QEMU", other_kernels)],
        &[("whyrst-sql, with its query engine", sql::run)],
        &[("metrics and logs in real receivers", telemetry::run)],
        &[("the server for agents, asked by the official client", mcp::run)],
        &[("the Python package as a wheel", python::run)],
        &[("whyrst as WebAssembly compiles", browser::check)],
        &[("the page in one file and the npm package", browser::run)],
        &[("contrib/spark on a real cluster", || spark::run(&[]))],
        &[("a fleet of ten thousand into a real engine", whole_fleet)],
        &[("the page is that of its sources", web::check)],
        &[("the page in a real browser", web::end_to_end)],
        &[
            ("lab as root, and how good its verdicts are", accuracy::check),
            ("a static binary and a Debian package", dist::briefly),
        ],
        &[
            ("lab as an ordinary user", lab_as_user),
            ("fuzz targets, their corpora and a few seconds each", fuzz::briefly),
            ("the book can be built", docs::book),
        ],
    ];
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for steps in lines {
        for outcome in together(steps)? {
            match outcome {
                Outcome::Passed => passed += 1,
                Outcome::Failed => failed += 1,
                Outcome::LeftOut => skipped += 1,
            }
        }
    }
    println!("\n{passed} passed, {failed} failed, {skipped} skipped");
    if failed > 0 {
        bail!("{failed} of the test steps failed");
    }
    Ok(())
}

fn together(steps: &[Step]) -> Result<Vec<Outcome>> {
    std::thread::scope(|scope| {
        let (first, beside) = steps.split_first().context("a line of no steps")?;
        let beside = beside.iter().map(|step| scope.spawn(|| give_way().and_then(|()| pass(step))));
        let running: Vec<_> = std::iter::once(scope.spawn(|| pass(first))).chain(beside).collect();
        running.into_iter().map(|step| step.join().map_err(|_| anyhow!("a test step panicked"))?).collect()
    })
}

/// Lowers the priority of this thread and of all that it starts: timing matters to the lab, not to a compiler.
fn give_way() -> Result<()> {
    let thread = fs::read_link("/proc/thread-self").context("cannot read the link /proc/thread-self")?;
    let id = thread.file_name().context("/proc/thread-self names no thread")?;
    shell::run(Command::new("renice").args(["-n", "19", "-p"]).arg(id).stdout(Stdio::null()))
}

fn pass((name, step): &Step) -> Result<Outcome> {
    println!("== {name}");
    if !can_run(name) {
        let reason = MAY_BE_LEFT_OUT.iter().find(|(left_out, _)| left_out == name).map(|(_, reason)| *reason);
        println!("   left out: {}", reason.context("a left-out test must stand on the list")?);
        return Ok(Outcome::LeftOut);
    }
    let began = Instant::now();
    let result = step();
    let seconds = began.elapsed().as_secs();
    Ok(match result {
        Ok(()) => {
            println!("   {name}: passed in {seconds} s");
            Outcome::Passed
        }
        Err(error) => {
            println!("   {name}: FAILED in {seconds} s: {error:#}");
            Outcome::Failed
        }
    })
}

/// Lists, and fails nothing: whoever writes a cause need not know Chinese.
#[expect(clippy::unnecessary_wraps, reason = "a step can fail")]
fn english_only() -> Result<()> {
    i18n::list();
    Ok(())
}

/// Whether this machine can run a step that may be left out.
fn can_run(step: &str) -> bool {
    match step {
        "lab as root, and how good its verdicts are" => is_root(),
        // Only by its own command.
        "contrib/spark on a real cluster"
        | "the Python package as a wheel"
        | "the page in one file and the npm package"
        | "programs as users have them"
        | "other kernels in QEMU"
        | "a fleet of ten thousand into a real engine"
        | "whyrst-sql, with its query engine" => false,
        "whyrst as WebAssembly compiles" => browser::add_target().is_ok(),
        "the probe in the running kernel" | "metrics and logs in real receivers" => {
            is_root() && Path::new("/sys/kernel/btf/vmlinux").exists()
        }
        _ => true,
    }
}

fn programs_as_users_have_them() -> Result<()> {
    programs::play(&[])
}

fn whole_fleet() -> Result<()> {
    fleet::run(&[])
}

fn other_kernels() -> Result<()> {
    kernels::boot(&[])
}

/// Its tests are ignored by a plain `cargo test`, which must pass for everybody.
fn probe_as_root() -> Result<()> {
    // Of the workspace: for the package alone other features would be chosen, and all that it depends on built again.
    // And as who builds it with another clang has it: compiled here.
    let mut cargo_test = cargo();
    bpf::built_here(cargo_test.args(["test", "--quiet", "--workspace", "--test", "kernel"]))?;
    shell::run(cargo_test.args(["--", "--ignored"]))?;
    // One after the other: `run` makes cgroups, and every probe gets the events of the whole host.
    shell::run(cargo().args([
        "test",
        "--quiet",
        "--package",
        "whyrst-cli",
        "--test",
        "live",
        "--test",
        "extcap",
        "--test",
        "serve",
        "--",
        "--ignored",
        "--test-threads=1",
    ]))
}

fn cargo_tests() -> Result<()> {
    // The same cases on every machine, so that a failure here is a failure everywhere; a plain
    // `cargo test` goes on looking for new ones.
    let seeded = ("PROPTEST_RNG_SEED", "20260131");
    shell::run(cargo().env(seeded.0, seeded.1).args(["test", "--quiet", "--workspace", "--all-targets"]))?;
    shell::run(cargo().args(["test", "--quiet", "--workspace", "--doc"]))
}

/// In a folder that the ordinary user may read: a checkout under root's home may not be.
fn lab_as_user() -> Result<()> {
    let whyrst = shell::whyrst()?;
    if !is_root() {
        return shell::run(Command::new(whyrst).args(["lab", "run", "--all", "--quiet"]));
    }
    let folder = Scratch::new("test")?;
    let copy = folder.path().join("whyrst");
    fs::copy(whyrst, &copy).with_context(|| format!("cannot copy to {}", copy.display()))?;
    shell::run(
        Command::new("setpriv")
            .args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"])
            .arg(&copy)
            .args(["lab", "run", "--all", "--quiet"])
            .current_dir(folder.path()),
    )
}
