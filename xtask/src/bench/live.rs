//! How long after a RST its verdict is there, when `explain` reads what tcpdump captures: in a network
//! namespace of its own, with real connects to a port that nobody listens on.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::whyrst;
use crate::shell::{self, installed, is_root};

const CONNECTS: usize = 40;
/// Longer than a verdict takes, so that each stands for itself.
const BETWEEN: Duration = Duration::from_millis(300);

/// Both ways to ask tcpdump for packets at once, as a table.
pub fn table() -> Result<String> {
    if !is_root() || !installed("tcpdump") || !installed("unshare") {
        return Ok("First verdicts on a live pipe were not measured: that needs root and tcpdump.\n".into());
    }
    let mut out = format!(
        "### A live pipe: from the RST to its verdict\n\n`tcpdump -w - | whyrst explain --format json -` in a \
         namespace, {CONNECTS} refused connects {} ms apart. From the moment that connect() returned to the line.\n\n\
         | tcpdump | median ms | longest ms |\n| --- | --- | --- |\n",
        BETWEEN.as_millis()
    );
    for options in ["-U --immediate-mode", "-U"] {
        let inside = Command::new("unshare")
            .args(["--net", "--"])
            .arg(std::env::current_exe()?)
            .arg("measure-live")
            .args(options.split(' '))
            .output()
            .context("cannot run unshare")?;
        if !inside.status.success() {
            bail!("the live pipe: {}", String::from_utf8_lossy(&inside.stderr).trim());
        }
        writeln!(out, "| {options} | {} |", String::from_utf8(inside.stdout)?.trim())?;
    }
    Ok(out)
}

/// The other side of [`table`], in the namespace: prints the median and the longest.
pub fn measure(tcpdump: &[&str]) -> Result<()> {
    shell::run(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    let pipe = Pipe::start(tcpdump)?;
    let mut delays = Vec::new();
    let mut lines = BufReader::new(pipe.verdicts).lines();
    for _ in 0..CONNECTS {
        std::thread::sleep(BETWEEN);
        let closed = SocketAddr::from(([127, 0, 0, 1], 9));
        if TcpStream::connect(closed).is_ok() {
            bail!("somebody listens on {closed}");
        }
        let reset = Instant::now();
        let line = lines.next().context("whyrst ended")??;
        if !line.contains("\"whyrst.reset/1\"") {
            bail!("no verdict: {line}");
        }
        delays.push(reset.elapsed());
    }
    for mut child in [pipe.tcpdump, pipe.whyrst] {
        child.kill()?;
        child.wait()?;
    }
    delays.sort();
    let millis = |delay: Duration| delay.as_secs_f64() * 1e3;
    println!("{:.0} | {:.0}", millis(delays[CONNECTS / 2]), millis(delays[CONNECTS - 1]));
    Ok(())
}

struct Pipe {
    tcpdump: Child,
    whyrst: Child,
    verdicts: ChildStdout,
}

impl Pipe {
    /// Comes back when tcpdump listens.
    fn start(options: &[&str]) -> Result<Self> {
        let mut tcpdump = Command::new("tcpdump")
            .args(["-n", "-i", "lo", "-w", "-"])
            .args(options)
            .arg("tcp")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot run tcpdump")?;
        let packets = tcpdump.stdout.take().context("tcpdump has no output")?;
        let mut whyrst = Command::new(whyrst())
            .args(["explain", "--format", "json", "-"])
            .stdin(packets)
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot run whyrst")?;
        let verdicts = whyrst.stdout.take().context("whyrst has no output")?;
        let mut says = BufReader::new(tcpdump.stderr.take().context("tcpdump says nothing")?);
        let mut line = String::new();
        while !line.contains("listening on") {
            line.clear();
            if says.read_line(&mut line)? == 0 {
                bail!("tcpdump ended");
            }
        }
        // Nobody reads what else it says, which must not stop it.
        std::thread::spawn(move || std::io::copy(&mut says, &mut std::io::sink()));
        Ok(Self { tcpdump, whyrst, verdicts })
    }
}
