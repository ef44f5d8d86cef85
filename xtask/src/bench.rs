//! How fast is `explain`, how much memory does it need, and is it right? Against other programs that
//! read the same captures, in the same run and in turns, so that the ratios mean something on any
//! machine; and against a bare walk with a flow table (`tools/flowread`).
//!
//! The captures are generated (`tools/rstgen`): same seed, same bytes, with a truth file that
//! says which connection was reset at which frame and why. What is printed is also written to
//! `docs/performance.md`, between its two marks.

pub mod live;
pub mod measure;
mod truth;
pub mod watch;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use self::measure::{Cost, medians};
use crate::pages;
use crate::shell::{self, cargo, installed, root, target};

const ROUNDS: usize = 3;
/// Compressing takes longer than all the rest: no capture larger than this is.
const PACKED_MIB: u64 = 256;
/// Programs that need a minute and gigabytes for a gibibyte are run once, on captures of this size.
const SMALL_MIB: u64 = 64;
/// The end of the curve of growth, where the disk has so much room.
const LARGE_MIB: u64 = 10_240;
const ROOM_FOR_LARGE_GIB: u64 = 20;
const RST_FILTER: &str = "tcp[13]&4!=0 or (ip6 and ip6[6]=6 and ip6[53]&4!=0)";
const PAGE: &str = "docs/performance.md";
/// What stands around the generated part of the page.
const MARKS: [&str; 2] = ["<!-- begin of what cargo xtask bench writes -->", "<!-- end of it -->"];

/// One capture to be read.
struct Load {
    name: &'static str,
    options: &'static [&'static str],
}

const HEADERS: &[&str] =
    &["--seed", "2", "--snaplen", "96", "--req-median", "300", "--resp-median", "1000", "--think-ms", "250"];
const LOADS: &[Load] = &[Load { name: "mixed", options: &["--seed", "1"] }, Load { name: "headers", options: HEADERS }];

/// Generates captures of `mib` MiB, times the programs on each, and writes the page.
pub fn run(mib: u64) -> Result<()> {
    shell::run(cargo().args([
        "build",
        "--quiet",
        "--release",
        "--package",
        "whyrst-cli",
        "--package",
        "rstgen",
        "--package",
        "flowread",
    ]))?;
    let folder = std::env::var_os("WHYRST_BENCH").map_or_else(|| root().join("bench"), PathBuf::from);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut page = machine();
    for load in LOADS {
        let capture = generate(load, &folder, mib, "pcap")?;
        report(&mut page, &agreement(&capture, &folder)?);
        report(&mut page, &table(&title(load, &capture, "pcap")?, &fast_programs(&capture, &folder), ROUNDS)?);
    }
    let headers = &LOADS[1];
    let pcapng = generate(headers, &folder, mib, "pcapng")?;
    report(&mut page, &table(&title(headers, &pcapng, "pcapng")?, &fast_programs(&pcapng, &folder), ROUNDS)?);
    report(&mut page, &compressed(&folder, PACKED_MIB.min(mib))?);
    for load in LOADS {
        let small = generate(load, &folder, SMALL_MIB.min(mib), "pcap")?;
        report(
            &mut page,
            &table(&title(load, &small, "pcap, with the slow programs")?, &all_programs(&small, &folder), 1)?,
        );
    }
    report(&mut page, &growth(&folder, mib)?);
    report(&mut page, &live::table()?);
    pages::put(PAGE, MARKS, &page)
}

/// Printed at once, since the whole takes minutes, and kept for the page.
pub fn report(page: &mut String, part: &str) {
    println!("{part}");
    page.push_str(part);
    page.push('\n');
}

fn generate(load: &Load, folder: &Path, mib: u64, format: &str) -> Result<PathBuf> {
    let capture = folder.join(format!("{}-{mib}m.{format}", load.name));
    let truth = truth_of(&capture);
    if !capture.exists() || !truth.exists() {
        let mut generator = Command::new(target().join("release/rstgen"));
        generator.arg("--out").arg(&capture).arg("--truth").arg(&truth).args(["--format", format]);
        generator.arg("--bytes").arg(format!("{mib}M"));
        shell::run(generator.args(load.options).stderr(Stdio::null()).stdout(Stdio::null()))?;
    }
    Ok(capture)
}

fn truth_of(capture: &Path) -> PathBuf {
    PathBuf::from(format!("{}.csv", capture.display()))
}

fn whyrst() -> String {
    target().join("release/whyrst").display().to_string()
}

/// Verdicts against labels, as a table.
fn agreement(capture: &Path, folder: &Path) -> Result<String> {
    let reports = folder.join("reports.jsonl");
    let mut explain = Command::new(whyrst());
    shell::run(explain.args(["explain", "--format", "json", "-o"]).arg(&reports).arg(capture))?;
    let agreement = truth::compare(&truth_of(capture), &reports)?;
    fs::remove_file(reports)?;
    let mut out = format!(
        "### Truth: {}\n\nEvery labelled reset is told at its frame, and nothing else.\n\n\
         | label | resets | the verdict | a named alternative |\n| --- | --- | --- | --- |\n",
        name(capture)
    );
    for (label, (verdict, alternative)) in &agreement {
        writeln!(out, "| {label} | {} | {verdict} | {alternative} |", verdict + alternative)?;
    }
    Ok(out)
}

/// A program by the name that it has in a table.
type Program = (String, Vec<String>);

fn program(name: &str, words: &[&str]) -> Program {
    (name.into(), words.iter().map(ToString::to_string).collect())
}

fn explains(capture: &str, folder: &Path) -> [Program; 2] {
    let out = folder.join("out.jsonl").display().to_string();
    [
        program("whyrst explain --summary", &[&whyrst(), "explain", "--summary", capture]),
        program(
            "whyrst explain --format json -o FILE",
            &[&whyrst(), "explain", "--format", "json", "-o", &out, capture],
        ),
    ]
}

fn fast_programs(capture: &Path, folder: &Path) -> Vec<Program> {
    let path = capture.display().to_string();
    let mut programs = vec![program("cat", &["cat", &path])];
    if capture.extension().is_some_and(|extension| extension == "pcap") {
        let flowread = target().join("release/flowread").display().to_string();
        programs.push(program("flow read (bare walk with a flow table)", &[&flowread, &path]));
    }
    if installed("tcpdump") {
        programs.push(program("tcpdump, RST filter, printing", &["tcpdump", "-n", "-r", &path, RST_FILTER]));
    }
    programs.extend(explains(&path, folder));
    programs
        .push(program("whyrst explain --summary --jobs 1", &[&whyrst(), "explain", "--summary", "--jobs", "1", &path]));
    programs.push(program("whyrst explain --summary --once", &[&whyrst(), "explain", "--summary", "--once", &path]));
    programs.push(program(
        "whyrst explain --summary --memory 128MiB",
        &[&whyrst(), "explain", "--summary", "--memory", "128MiB", &path],
    ));
    programs
}

fn all_programs(capture: &Path, folder: &Path) -> Vec<Program> {
    let path = capture.display().to_string();
    let mut programs = fast_programs(capture, folder);
    if installed("tcptrace") {
        programs.push(program("tcptrace -n", &["tcptrace", "-n", &path]));
    }
    if installed("tshark") {
        programs
            .push(program("tshark -Y tcp.flags.reset==1", &["tshark", "-n", "-r", &path, "-Y", "tcp.flags.reset==1"]));
    }
    programs
}

fn table(title: &str, programs: &[Program], rounds: usize) -> Result<String> {
    let commands: Vec<_> = programs.iter().map(|(_, words)| words.clone()).collect();
    let costs = medians(&commands, rounds)?;
    let base = programs.iter().position(|(name, _)| name.starts_with("tcpdump")).unwrap_or(0);
    let mut out = format!(
        "### {title}\n\nMedians of {rounds}, in turns. \"x\" is the time of {} over that of the row: above 1 the row is faster.\n\n\
         | program | wall s | x | CPU s | x | peak MiB |\n| --- | --- | --- | --- | --- | --- |\n",
        programs[base].0
    );
    let Cost { wall, cpu, .. } = costs[base];
    for ((name, _), cost) in programs.iter().zip(&costs) {
        writeln!(
            out,
            "| {name} | {:.3} | {:.2} | {:.3} | {:.2} | {} |",
            cost.wall,
            wall / cost.wall,
            cost.cpu,
            cpu / cost.cpu,
            cost.peak / 1024
        )?;
    }
    Ok(out)
}

/// What a decompressor alone takes, and what `explain` takes for the same file.
fn compressed(folder: &Path, mib: u64) -> Result<String> {
    let plain = generate(&LOADS[1], folder, mib, "pcap")?;
    let mut programs = Vec::new();
    for (tool, ending, level) in [("gzip", "gz", "-1"), ("zstd", "zst", "-1"), ("lz4", "lz4", "-1"), ("xz", "xz", "-0")]
    {
        if !installed(tool) {
            continue;
        }
        let packed = PathBuf::from(format!("{}.{ending}", plain.display()));
        if !packed.exists() {
            let out = fs::File::create(&packed)?;
            shell::run(Command::new(tool).args([level, "-c"]).arg(&plain).stdout(out).stderr(Stdio::null()))?;
        }
        let path = packed.display().to_string();
        programs.push(program(&format!("{tool} -dc"), &[tool, "-dc", &path]));
        programs.push(program(
            &format!("whyrst explain --summary of {ending}"),
            &[&whyrst(), "explain", "--summary", &path],
        ));
    }
    if programs.is_empty() {
        return Ok(String::new());
    }
    table(&format!("headers, {mib} MiB, compressed"), &programs, 3)
}

/// Time and memory by the size of the capture.
fn growth(folder: &Path, mib: u64) -> Result<String> {
    let mut out = "### Growth: headers, `explain --summary`\n\n\
                   | MiB | wall s | CPU s | CPU ms a MiB | peak MiB |\n| --- | --- | --- | --- | --- |\n"
        .to_owned();
    let small = [10, 32, 100, 320, 1_024].into_iter().filter(|size| *size <= mib);
    let large = (mib >= 1_024 && free_gib(folder) >= ROOM_FOR_LARGE_GIB).then_some(LARGE_MIB);
    for size in small.chain(large) {
        let capture = generate(&LOADS[1], folder, size, "pcap")?;
        let command = explains(&capture.display().to_string(), folder)[0].1.clone();
        let cost = medians(&[command], if size == LARGE_MIB { 1 } else { 3 })?[0];
        #[expect(clippy::cast_precision_loss, reason = "a size in MiB")]
        let each = cost.cpu * 1e3 / size as f64;
        writeln!(out, "| {size} | {:.3} | {:.3} | {each:.2} | {} |", cost.wall, cost.cpu, cost.peak / 1024)?;
        if size == LARGE_MIB {
            fs::remove_file(truth_of(&capture))?;
            fs::remove_file(&capture)?;
        }
    }
    Ok(out)
}

/// Room on the disk of `folder`.
fn free_gib(folder: &Path) -> u64 {
    let output = Command::new("df").args(["--output=avail", "-BG"]).arg(folder).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().last().and_then(|line| line.trim().trim_end_matches('G').parse().ok()).unwrap_or(0)
}

fn title(load: &Load, capture: &Path, what: &str) -> Result<String> {
    Ok(format!("{}, {} MiB, {what}", load.name, fs::metadata(capture)?.len() >> 20))
}

fn name(capture: &Path) -> String {
    capture.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Where and with what this was measured.
pub fn machine() -> String {
    let first = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok()?;
        let text = [output.stdout, output.stderr].concat();
        Some(String::from_utf8_lossy(&text).lines().next()?.trim().to_owned())
    };
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1)).unwrap_or("unknown");
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load: Vec<&str> = load.split(' ').take(3).collect();
    let mut out = format!(
        "{cores} cores {model}, Linux {}, load average at the start {}. Captures in the page cache.\n\n",
        kernel.trim(),
        load.join(" ")
    );
    let versions = [
        first(&whyrst(), &["--version"]),
        first("rustc", &["--version"]),
        first("tcpdump", &["--version"]),
        first("tshark", &["--version"]),
        first("tcptrace", &["-version"]),
    ];
    out += &versions.into_iter().flatten().collect::<Vec<_>>().join("; ");
    out.push('\n');
    out
}
