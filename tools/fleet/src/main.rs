//! A fleet on one machine: thousands of hosts that report what the kernel of the lab reported, through the agent's own windows,
//! sample, buffer and requests, into one real ClickHouse engine. `cargo xtask fleet` runs it.
//!
//! The hosts' clock is not the world's: a simulated second is over when every host is done with it. So the run takes
//! as long as this machine needs, and how long that is, is the measure. Weather makes it hard: `streams.rs` has the
//! incident, the partition and the flapping receiver. At the end every reset must be in the engine; where a buffer was
//! made too small on purpose, exactly those that its host counted as given up must be missing. Anything else fails.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "figures to be read"
)]

mod engine;
mod front;
mod hosts;
mod streams;
mod verdict;

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use engine::Engine;
use front::Front;
use hosts::Fleet;
use streams::{Plan, Templates};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [hosts, minutes, python, fixtures] = arguments.as_slice() else {
        bail!("usage: fleet HOSTS MINUTES PYTHON FIXTURES");
    };
    let plan = Plan::new(hosts.parse().context("HOSTS")?, minutes.parse().context("MINUTES")?)?;
    let templates = Templates::read(&PathBuf::from(fixtures))?;
    let engine = Engine::start(&PathBuf::from(python))?;
    let engine_process = engine.id();
    let front = Front::start(engine)?;
    let scratch = tempfile::tempdir().context("cannot make a folder for the buffers")?;
    let mut fleet = Fleet::new(&plan, &templates, &front, scratch.path())?;

    let (began, engine_before, own_before) = (Instant::now(), cpu_time(engine_process)?, cpu_time(std::process::id())?);
    for second in 0..plan.seconds() {
        front.set(plan.weather(second));
        fleet.pass_second(second);
        progress(&plan, second, &fleet);
    }
    // As long as it takes until nothing waits: pauses after failures grow to half a minute.
    front.set(front::Weather::default());
    let rest = fleet.come_to_rest(plan.seconds())?;
    let wall = began.elapsed();
    let spent = verdict::Spent {
        wall,
        engine: cpu_time(engine_process)?.saturating_sub(engine_before),
        hosts: cpu_time(std::process::id())?.saturating_sub(own_before),
        rest,
    };
    let (reported, front) = (fleet.finish(), front.finish()?);
    verdict::pass(&plan, &reported, &spent, front)
}

/// On a terminal alone.
fn progress(plan: &Plan, second: u32, fleet: &Fleet) {
    if !std::io::stderr().is_terminal() || !second.is_multiple_of(10) {
        return;
    }
    let reported = fleet.reported();
    let _ = write!(std::io::stderr(), "\r{second} of {} simulated seconds, {reported} resets told ", plan.seconds());
}

/// What a process has used of the processor, in both modes (proc(5)).
fn cpu_time(process: u32) -> Result<Duration> {
    let path = format!("/proc/{process}/stat");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let fields = text.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    // utime and stime are fields 14 and 15; the name, which may hold anything, is the second.
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    // USER_HZ is 100 on every architecture that Linux shows to programs.
    Ok(Duration::from_millis(ticks * 10))
}
