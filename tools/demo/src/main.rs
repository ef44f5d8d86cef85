//! Draws the pictures of the README from what the lab records now: a report, the terminal user interface and the page.
//! `cargo xtask demo` builds what this needs and runs it.

#![expect(clippy::print_stdout, reason = "a command that says what it wrote")]

mod picture;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// What the pictures show; each is a scenario of the lab.
const PLAYED: [&str; 4] = ["close-unread", "closed-port", "linger-zero", "connect-abandoned"];
const COLUMNS: usize = 80;
const ROWS: usize = 24;

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [whyrst, web, images] = arguments.as_slice() else {
        bail!("usage: demo WHYRST WEB IMAGES: the program, the sources of the page, the folder of the pictures");
    };
    let scratch = tempfile::tempdir().context("cannot make a folder for the captures")?;
    record(whyrst, scratch.path())?;
    fs::create_dir_all(images).with_context(|| format!("cannot make {}", images.display()))?;
    let report = explained(whyrst, scratch.path())?;
    write(&images.join("explain.svg"), &picture::svg("whyrst explain", &report, COLUMNS))?;
    let screen = screen(whyrst, scratch.path())?;
    write(&images.join("tui.svg"), &picture::svg("whyrst explain --tui", &screen, COLUMNS))?;
    page(whyrst, web, scratch.path(), &images.join("page.png"))
}

/// Plays the scenarios; the captures of their clients lie in `folder` then, named as they are.
fn record(whyrst: &Path, folder: &Path) -> Result<()> {
    run(Command::new(whyrst).args(["lab", "run", "--quiet", "--keep"]).arg(folder).args(PLAYED))?;
    for name in PLAYED {
        let kept = folder.join(name).join("client.pcapng");
        fs::copy(&kept, folder.join(capture(name))).with_context(|| format!("cannot copy {}", kept.display()))?;
    }
    Ok(())
}

fn capture(scenario: &str) -> String {
    format!("{scenario}.pcapng")
}

/// The page in Chromium, with the most harmful reset chosen.
fn page(whyrst: &Path, web: &Path, folder: &Path, picture: &Path) -> Result<()> {
    let mut node = Command::new("node");
    node.arg(web.join("e2e/picture.mjs")).arg(whyrst).arg(picture).current_dir(folder);
    run(node.args(PLAYED.map(capture)))?;
    println!("wrote {}", picture.display());
    Ok(())
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot run {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

fn write(path: &Path, content: &str) -> Result<()> {
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))?;
    println!("wrote {}", path.display());
    Ok(())
}

/// A report as a terminal shows it, below its command line.
fn explained(whyrst: &Path, folder: &Path) -> Result<String> {
    let output = Command::new(whyrst)
        .args(["explain", "--color", "always", "close-unread.pcapng"])
        .current_dir(folder)
        .output()
        .context("cannot run whyrst")?;
    let text = String::from_utf8(output.stdout).context("the report is no UTF-8")?;
    Ok(format!("\u{1b}[2m$\u{1b}[0m whyrst explain close-unread.pcapng\n{text}"))
}

/// A tmux server of our own, which ends with the value.
struct Tmux(PathBuf);

impl Tmux {
    fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new("tmux").arg("-S").arg(&self.0).args(arguments).output();
        let output = output.context("cannot run tmux: cargo xtask setup installs it")?;
        if !output.status.success() {
            bail!("tmux {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        // An error means that the server has ended already.
        let _ = self.run(&["kill-server"]);
    }
}

/// The user interface with the packets of the second reset.
fn screen(whyrst: &Path, folder: &Path) -> Result<String> {
    let tmux = Tmux(folder.join("tmux"));
    let files = PLAYED.map(capture).join(" ");
    let command = format!("cd {} && {} explain --color always --tui {files}", folder.display(), whyrst.display());
    let (columns, rows) = (COLUMNS.to_string(), ROWS.to_string());
    tmux.run(&["-f", "/dev/null", "new-session", "-d", "-x", &columns, "-y", &rows, &command])?;
    // All of them; "done" alone is also the end of "abandoned".
    wait_for(&tmux, &format!("{} resets", PLAYED.len()))?;
    wait_for(&tmux, "by time  done")?;
    tmux.run(&["send-keys", "Tab"])?;
    wait_for(&tmux, "--->")?;
    tmux.run(&["capture-pane", "-e", "-p"])
}

fn wait_for(tmux: &Tmux, words: &str) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(30);
    while Instant::now() < end {
        if tmux.run(&["capture-pane", "-p"])?.contains(words) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    bail!("the screen never shows \"{words}\"")
}
