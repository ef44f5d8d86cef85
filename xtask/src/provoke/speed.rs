//! How many requests a second pass a proxy that has nothing to do to them, on one processor: 64 connections ask and
//! wait, over and over (`provoke/load.py` would be slower than the proxy, so this command does it itself).

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Running;

const CONNECTIONS: usize = 64;
const SECONDS: u64 = 5;
const REQUEST: &[u8; 40] = b"GET / HTTP/1.1\r\nHost: whyrst-speed.\r\n\r\n\n";
const ANSWER: &[u8; 41] = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n";

/// What was measured.
pub(crate) struct Speed {
    pub(crate) through: f64,
    pub(crate) direct: f64,
    /// The proxy's memory at the end, in KiB.
    pub(crate) resident: u64,
}

/// With the proxy held to the first processor; load and upstream run where the kernel puts them.
pub(crate) fn measure(whyrst: &Path) -> Result<Speed> {
    let upstream = TcpListener::bind("127.0.0.1:0")?;
    let to = upstream.local_addr()?.to_string();
    std::thread::spawn(move || answer_all(&upstream));
    let direct = load(&to)?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port().to_string();
    let mut proxy = Command::new("taskset");
    proxy.args(["-c", "0"]).arg(whyrst).args(["provoke", "--listen", &port, "--to", &to, "-q"]);
    proxy.args(["--cause", "close-unread", "--after", "1000000000-requests"]);
    let proxy = Running::begin(proxy.stdin(Stdio::null()))?;
    let through = load(&format!("127.0.0.1:{port}"))?;
    let status = std::fs::read_to_string(format!("/proc/{}/status", proxy.0.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let resident = line.trim().trim_end_matches(" kB").parse()?;
    println!("provoke: {through:.0} requests a second through one processor, {direct:.0} without, {resident} KiB");
    Ok(Speed { through, direct, resident })
}

fn answer_all(listener: &TcpListener) {
    for mut stream in listener.incoming().flatten() {
        std::thread::spawn(move || {
            let _ = stream.set_nodelay(true);
            let mut request = [0; REQUEST.len()];
            while stream.read_exact(&mut request).is_ok() && stream.write_all(ANSWER).is_ok() {}
        });
    }
}

fn load(to: &str) -> Result<f64> {
    let until = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(to).is_err() {
        if Instant::now() > until {
            bail!("nobody listens on {to}");
        }
        sleep(Duration::from_millis(20));
    }
    let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let askers: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (stop, count, to) = (Arc::clone(&stop), Arc::clone(&count), to.to_owned());
            std::thread::spawn(move || -> std::io::Result<()> {
                let mut stream = TcpStream::connect(to)?;
                stream.set_nodelay(true)?;
                let mut answer = [0; ANSWER.len()];
                while !stop.load(Ordering::Relaxed) {
                    stream.write_all(REQUEST)?;
                    stream.read_exact(&mut answer)?;
                    count.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            })
        })
        .collect();
    sleep(Duration::from_secs(1));
    let (before, began) = (count.load(Ordering::Relaxed), Instant::now());
    sleep(Duration::from_secs(SECONDS));
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = (count.load(Ordering::Relaxed) - before) as f64 / began.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    for asker in askers {
        asker.join().map_err(|_| anyhow::anyhow!("a thread panicked"))??;
    }
    Ok(rate)
}
