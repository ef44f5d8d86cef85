//! `cargo xtask demo`: the README's pictures of the terminal and the page, from what the lab records now.

mod picture;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::shell::{self, Scratch, cargo, root, target};
use crate::web;

/// What the pictures show; each is a scenario of the lab.
const PLAYED: [&str; 4] = ["close-unread", "closed-port", "linger-zero", "connect-abandoned"];
const COLUMNS: usize = 80;
const ROWS: usize = 24;

/// Plays, explains, and draws all three.
pub fn run() -> Result<()> {
    shell::run(cargo().args(["build", "--quiet", "--package", "whyrst"]))?;
    let scratch = Scratch::new("demo")?;
    let whyrst = target().join("debug/whyrst");
    shell::run(Command::new(&whyrst).args(["lab", "run", "--quiet", "--keep"]).arg(scratch.path()).args(PLAYED))?;
    for name in PLAYED {
        let kept = scratch.path().join(name).join("client.pcapng");
        let copy = scratch.path().join(format!("{name}.pcapng"));
        fs::copy(&kept, &copy).with_context(|| format!("cannot copy {}", kept.display()))?;
    }
    let folder = root().join("docs/images");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let told = explained(&whyrst, scratch.path())?;
    write(&folder.join("explain.svg"), &picture::svg("whyrst explain", &told, COLUMNS))?;
    let screen = screen(&whyrst, scratch.path())?;
    write(&folder.join("tui.svg"), &picture::svg("whyrst explain --tui", &screen, COLUMNS))?;
    page(&whyrst, scratch.path(), &folder.join("page.png"))
}

/// The page in Chromium, with the most harmful reset chosen.
fn page(whyrst: &Path, folder: &Path, picture: &Path) -> Result<()> {
    web::install()?;
    let mut node = Command::new("node");
    node.arg(web::folder().join("e2e/picture.mjs")).arg(whyrst).arg(picture).current_dir(folder);
    shell::run(node.args(PLAYED.map(|name| format!("{name}.pcapng"))))?;
    println!("wrote {}", picture.display());
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

/// A tmux of our own, gone with the value.
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
        // It is gone when the server is gone.
        let _ = self.run(&["kill-server"]);
    }
}

/// The user interface with the packets of the second reset.
fn screen(whyrst: &Path, folder: &Path) -> Result<String> {
    let tmux = Tmux(folder.join("tmux"));
    let files: Vec<String> = PLAYED.iter().map(|name| format!("{name}.pcapng")).collect();
    let command =
        format!("cd {} && {} explain --color always --tui {}", folder.display(), whyrst.display(), files.join(" "));
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
