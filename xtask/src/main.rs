//! What the project does to itself, one command each. `cargo xtask` lists them.

mod accuracy;
mod apart;
mod arm64;
mod article;
mod bench;
mod bpf;
mod browser;
mod columns;
mod demo;
mod dist;
mod docs;
mod fixtures;
mod fleet;
mod fmt;
mod fuzz;
mod i18n;
mod kernels;
mod lab;
mod logs;
mod mcp;
mod pages;
mod programs;
mod provoke;
mod publish;
mod python;
mod rstbench;
mod schema;
mod setup;
mod shell;
mod siege;
mod spark;
mod sql;
mod stacks;
mod stubs;
mod supply;
mod symptoms;
mod telemetry;
mod test;
mod trouble;
mod web;
mod workflows;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
cargo xtask test               every test: unit, fixtures, command line, the lab as root and as an ordinary user
cargo xtask setup              installs what the tests need, or says what is missing
cargo xtask fmt                fails where a Rust file is not formatted, or holds what rustfmt gives up on
cargo xtask fixtures [ID...]   plays the lab and records its captures under fixtures/
cargo xtask docs [--check]     writes the book's generated pages, or fails when one is stale or a link is dead
cargo xtask i18n [--check]     lists what the catalogue says in English only, or fails when there is something
cargo xtask schema [--check]   writes the JSON Schema of each record and the columns of tables, or fails when one is stale
cargo xtask book               makes HTML of docs/ (builds mdbook when it is not installed)
cargo xtask lab [--repeat N] [--load N] [ID...]  plays the lab N times beside N busy loops; fails when an answer differs; writes docs/lab.md
cargo xtask accuracy           plays the lab and writes docs/accuracy.md; fails when a sure verdict is wrong
cargo xtask article [RUNS]     the article's own client.c and server.c on loopback, as root; fails where one run leads otherwise
cargo xtask fuzz [SECONDS] [TARGET...]  fuzzes each target so long (30 s); needs g++
cargo xtask bpf [--check]      compiles the probe for the kernel, or fails when the object is not that of its source
cargo xtask deny               licences and sources of all that is linked, and advisories where their database can be reached
cargo xtask licences FILE      writes the texts of the licences of all that is linked
cargo xtask publish-check [--verify]  packs every crate as for crates.io and sends nothing; or also compiles each as downloaded
cargo xtask oldest-compiler    compiles the workspace with the oldest compiler that it promises; rustup brings that
cargo xtask workflows          GitHub's workflows, the action and issue forms against their schemas, zizmor and shellcheck
cargo xtask spark [--bytes SIZE]  contrib/spark on a real cluster on loopback; needs Java, downloads Spark once; with 10G, writes docs/scale.md
cargo xtask sql [--write|--release]  builds and tests whyrst-sql, a workspace of its own; or writes docs/sql.md; or into target/dist
cargo xtask mcp [--release]    builds whyrst-mcp, a workspace of its own, and asks it with the official Python client
cargo xtask python [--release]  builds the Python package as a wheel and tries it in an environment of its own
cargo xtask browser [--release]  builds the page in one file and the npm package, and tries them in Chromium and Node.js
cargo xtask fleet [--agents N] [--minutes N]  10000 simulated hosts for 10 minutes into a real ClickHouse engine; writes docs/scale.md
cargo xtask telemetry          metrics and logs in Prometheus, a collector, the journal, syslog and ClickHouse; as root
cargo xtask web [--check]      builds the page, or fails when the one that is checked in is not that of its sources
cargo xtask e2e                the page in a real Chromium
cargo xtask kernels [SUITE...] boots Debian's 6.1, 6.12 and newest kernel in QEMU and asks the probe there
cargo xtask programs [NAME...] nginx, HAProxy, Redis, PostgreSQL, Node.js and curl under `watch`, as root; writes docs/programs.md
cargo xtask provoke            ten resets happen to curl, Python, Go, Node.js and Java, as root; writes docs/clients.md
cargo xtask rst-bench [--seed N] [--plays N] [--again] [--out DIR] [ID...]  plays fresh variants and asks whyrst and others about them, as root; writes docs/rst-bench.md, or only the cases to DIR
cargo xtask rst-bench --check | --write  the scorer's tests, and whether contrib/rst-bench is fresh; or writes it
cargo xtask symptoms [NAME...] plays the commonest messages (curl, Python, Node.js, nginx) and fails where `whyrst why` does not know one
cargo xtask logs               nginx, HAProxy and sshd lose connections, as root; records crates/whyrst-cli/tests/logs
cargo xtask stacks [NAME...]   lwIP, smoltcp, passt and slirp4netns end connections, as root; records crates/whyrst-capture/tests/stacks
cargo xtask bench-live [PART]  measures `watch` beside other programs (cost, flood, delay, memory), as root; writes docs/live.md
cargo xtask siege [SECONDS] [KIND...]  floods, starves and crowds `watch` and `run`, as root; fails where a bound does not hold; writes docs/live.md
cargo xtask demo               draws the README's pictures from what the lab records now
cargo xtask man                writes the manual's pages and the shells' completions to target/dist
cargo xtask dist [--here|--pack|--install]  static programs for x86-64 and arm64, deb, rpm, container image and SBOM into target/dist, all tried; or only this machine's program and deb; or packs what was built before; or a fresh Debian installs the deb, as root
cargo xtask arm64              builds for arm64 and compares what it says of all fixtures, under QEMU, with x86-64
cargo xtask bench [MIB]        measures `explain` beside other programs, 1024 MiB if not said; writes docs/performance.md";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["test"] => test::run(),
        ["setup"] => setup::run(),
        ["fmt"] => fmt::check(),
        ["fixtures", ids @ ..] => fixtures::record(ids),
        ["logs"] => logs::record(),
        ["article", runs @ ..] => article::play(runs),
        ["docs"] => docs::write(),
        ["docs", "--check"] => docs::check(),
        ["schema"] => schema::write(),
        ["schema", "--check"] => schema::check(),
        ["bpf"] => bpf::write(),
        ["bpf", "--check"] => bpf::check(),
        ["deny"] => supply::deny(),
        ["licences", path] => supply::licences(Path::new(path)),
        ["publish-check"] => publish::check(),
        ["publish-check", "--verify"] => publish::verify(),
        ["oldest-compiler"] => publish::oldest_compiler(),
        ["workflows"] => workflows::check(),
        ["telemetry"] => telemetry::run(),
        ["web"] => web::write(),
        ["web", "--check"] => web::check(),
        ["e2e"] => web::end_to_end(),
        ["lab", words @ ..] => lab::run(words),
        ["accuracy"] => accuracy::play(),
        ["fuzz"] => fuzz::fuzz(30, &[]),
        ["fuzz", seconds, targets @ ..] => fuzz::fuzz(seconds.parse()?, targets),
        ["fleet", words @ ..] => fleet::run(words),
        ["spark", words @ ..] => spark::run(words),
        ["python"] => python::run(),
        ["python", "--release"] => python::release(),
        ["browser"] => browser::run(),
        ["browser", "--release"] => browser::release(),
        ["mcp"] => mcp::run(),
        ["mcp", "--release"] => mcp::release(),
        ["sql"] => sql::run(),
        ["sql", "--write"] => sql::write(),
        ["sql", "--release"] => sql::release(),
        ["i18n"] => {
            i18n::list();
            Ok(())
        }
        ["i18n", "--check"] => i18n::check(),
        ["book"] => docs::book(),
        ["bench-live"] => bench::watch::run(bench::watch::PARTS),
        ["bench-live", parts @ ..] => bench::watch::run(parts),
        ["flood", port, seconds] => bench::watch::flood(port.parse()?, seconds.parse()?),
        ["siege", words @ ..] => siege::run(words),
        ["siege-flood", seconds, workers] => siege::flood(seconds.parse()?, workers.parse()?),
        ["siege-worker", seconds] => {
            siege::work(seconds.parse()?);
            Ok(())
        }
        ["siege-spin", seconds] => {
            siege::spin(seconds.parse()?);
            Ok(())
        }
        ["hold", sockets, holder] => bench::watch::hold(sockets.parse()?, holder.parse()?),
        ["demo"] => demo::run(),
        ["man"] => dist::man(),
        ["arm64"] => arm64::compare(),
        ["dist"] => i18n::check().and_then(|()| dist::run()),
        ["dist", "--pack"] => dist::pack(),
        ["dist", "--here"] => dist::briefly(),
        ["dist", "--install"] => dist::try_in_debian(),
        ["bench"] => bench::run(1_024),
        ["measure-live", tcpdump @ ..] => bench::live::measure(tcpdump),
        ["measure", words @ ..] => bench::measure::measure(words),
        ["kernels", suites @ ..] => kernels::boot(suites),
        ["programs", names @ ..] => programs::play(names),
        ["provoke"] => provoke::play(),
        ["rst-bench", "--check"] => rstbench::check(),
        ["rst-bench", "--write"] => rstbench::write(),
        ["rst-bench", words @ ..] => rstbench::run(words),
        ["symptoms", names @ ..] => symptoms::play_all(names),
        ["stacks", names @ ..] => stacks::play(names),
        ["trouble"] => trouble::play_all(),
        ["trouble", name] => trouble::play(name),
        ["bench", size] => bench::run(size.parse()?),
        _ => bail!("usage:\n{USAGE}"),
    }
}
