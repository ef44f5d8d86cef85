//! How long a command takes, how much of the processors, and how much memory.

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};

/// One run of a command.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Seconds by the clock.
    pub wall: f64,
    /// Seconds of all processors, user and system.
    pub cpu: f64,
    /// Largest resident memory of its largest process, in KiB.
    pub peak: u64,
}

/// Runs `words` with output to nowhere, in a process of its own that has no other children: what the
/// system counts for its children is then this command's.
pub fn cost(words: &[String]) -> Result<Cost> {
    let output = Command::new(std::env::current_exe()?).arg("measure").args(words).output()?;
    if !output.status.success() {
        bail!("{words:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let text = String::from_utf8(output.stdout)?;
    let mut numbers = text.split_whitespace().map(str::parse::<f64>);
    let mut next = || numbers.next().context("a number is missing")?.context("no number");
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size that was printed whole")]
    Ok(Cost { wall: next()?, cpu: next()?, peak: next()? as u64 })
}

/// The other side of [`cost`].
pub fn measure(words: &[&str]) -> Result<()> {
    let (program, arguments) = words.split_first().context("an empty command")?;
    let began = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .stdout(File::create("/dev/null")?)
        .stderr(Stdio::null())
        .status()
        .with_context(|| format!("cannot run {program}"))?;
    let wall = began.elapsed().as_secs_f64();
    // 1: some reset is unexplained.
    if status.code().is_none_or(|code| code > 1) {
        bail!("ended with {status}");
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    #[expect(clippy::cast_precision_loss, reason = "seconds of one command, to be printed")]
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    println!("{wall} {} {}", seconds(usage.user_time()) + seconds(usage.system_time()), usage.max_rss());
    Ok(())
}

/// Runs all commands in turns, so that a slow spell of the machine falls on all of them, and gives
/// the medians of each.
pub fn medians(commands: &[Vec<String>], rounds: usize) -> Result<Vec<Cost>> {
    let mut costs = vec![Vec::new(); commands.len()];
    for _ in 0..rounds {
        for (words, costs) in commands.iter().zip(&mut costs) {
            costs.push(cost(words)?);
        }
    }
    Ok(costs.iter().map(|costs| median(costs)).collect())
}

fn median(costs: &[Cost]) -> Cost {
    let middle = |of: fn(&Cost) -> f64| {
        let mut all: Vec<f64> = costs.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    Cost {
        wall: middle(|cost| cost.wall),
        cpu: middle(|cost| cost.cpu),
        peak: costs.iter().map(|cost| cost.peak).max().unwrap_or_default(),
    }
}
