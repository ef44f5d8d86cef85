//! The terminal user interface in a real terminal: tmux, 80 by 24.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A tmux server of our own, gone with the test.
struct Tmux {
    folder: TempDir,
}

impl Tmux {
    /// Runs `command` by a shell that stays.
    fn new(command: &str) -> Self {
        let tmux = Self { folder: TempDir::new().expect("a temporary folder") };
        let shell = "PS1='ready> ' NO_COLOR= WHYRST_CONFIG= TERM=screen-256color exec sh";
        tmux.says(&["-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", shell]);
        tmux.waits_for("ready>");
        tmux.says(&["set-option", "-s", "set-clipboard", "on"]);
        tmux.keys(&[command, "Enter"]);
        tmux
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let socket = self.folder.path().join("tmux");
        let output = Command::new("tmux").arg("-S").arg(socket).args(arguments).output();
        output.expect("tmux is needed (cargo xtask setup)")
    }

    fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "tmux {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn keys(&self, keys: &[&str]) {
        let mut arguments = vec!["send-keys"];
        arguments.extend(keys);
        self.says(&arguments);
    }

    fn screen(&self) -> String {
        self.says(&["capture-pane", "-p"])
    }

    fn waits_for(&self, words: &str) -> String {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let screen = self.screen();
            if screen.contains(words) {
                return screen;
            }
            assert!(Instant::now() < end, "\"{words}\" does not come:\n{screen}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.run(&["kill-server"]);
    }
}

fn explain(fixtures: &[&str]) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let files: Vec<String> =
        fixtures.iter().map(|name| folder.join(name).join("client.pcapng").display().to_string()).collect();
    format!("{} explain --tui {}", env!("CARGO_BIN_EXE_whyrst"), files.join(" "))
}

#[test]
fn a_person_looks_around_copies_a_filter_and_leaves_the_terminal_as_it_was() {
    let tmux = Tmux::new(&explain(&["closed-port", "close-unread"]));
    let screen = tmux.waits_for("2 resets");
    assert!(screen.contains("closed-port") && screen.contains("close-unread"), "{screen}");
    tmux.waits_for("POSSIBLE  nothing listens on the server's address and port");
    tmux.keys(&["Tab"]);
    tmux.waits_for("RST-ACK seq 0 ack 1");
    tmux.keys(&["/", "unread"]);
    tmux.waits_for("1 of 2 resets");
    tmux.keys(&["Enter", "y"]);
    tmux.waits_for("Wireshark: ip.addr==10.77.0.1");
    let end = Instant::now() + Duration::from_secs(5);
    while !tmux.says(&["list-buffers"]).contains("ip.addr==10.77.0.1") {
        assert!(Instant::now() < end, "the filter does not reach the terminal's clipboard");
        std::thread::sleep(Duration::from_millis(50));
    }
    tmux.keys(&["?"]);
    tmux.waits_for("copy tcpdump's filter");
    tmux.keys(&["q", "q"]);
    let screen = tmux.waits_for("ready>");
    assert!(!screen.contains("resets  by time"), "the screen of before is back:\n{screen}");
    // The shell may write its prompt after what is typed.
    tmux.keys(&["echo mode:$(stty -a | grep -o -- '-*icanon')", "Enter"]);
    let screen = tmux.waits_for("mode:icanon");
    assert!(!screen.contains("mode:-icanon"), "{screen}");
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let tmux = Tmux::new(&explain(&["closed-port"]));
    tmux.waits_for("1 reset ");
    let pane = tmux.says(&["display-message", "-p", "#{pane_pid}"]);
    let children = Command::new("pgrep").args(["-P", pane.trim()]).output().expect("pgrep runs");
    let child = String::from_utf8_lossy(&children.stdout).trim().to_owned();
    assert!(Command::new("kill").args(["-TERM", &child]).status().expect("kill runs").success());
    tmux.waits_for("ready>");
    // The shell may write its prompt after what is typed.
    tmux.keys(&["echo mode:$(stty -a | grep -o -- '-*icanon')", "Enter"]);
    let screen = tmux.waits_for("mode:icanon");
    assert!(!screen.contains("mode:-icanon"), "{screen}");
}
