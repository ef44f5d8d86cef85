//! `cargo xtask symptoms`: the commonest messages as the programs on this machine print them, each given to
//! `whyrst why`.
//!
//! A pattern is only as good as the line that it was made for: this plays the cause and reads what comes out. Each play
//! is two scripts in a network namespace of its own, which ends with all that runs in it.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::shell::{self, Scratch};

/// One message, played.
struct Play {
    /// The symptom that has to be found first.
    symptom: &'static str,
    /// What has to be installed.
    needs: &'static [&'static str],
    /// What answers on port 8080.
    server: Server,
    /// What prints the message, on standard output or standard error.
    client: &'static str,
}

/// What a server does with its first connection.
enum Server {
    /// There is none.
    Nobody,
    /// A body of Python: `c` is the accepted socket.
    Python(&'static str),
    /// nginx on port 8080, whose upstream on port 8081 runs this body of Python, if any.
    Nginx(Option<&'static str>),
}

/// Reads a part and closes: the kernel resets.
const UNREAD: &str = "c.recv(1); c.close()";
/// Reads all and closes: an end of file.
const CLOSES: &str = "c.recv(65536); c.close()";
/// Never answers.
const SILENT: &str = "time.sleep(20)";
/// Aborts after a while: what is written then meets a connection that is over.
const ABORTS: &str =
    "c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1,0,0,0,0,0,0,0])); time.sleep(0.3); c.close()";

const WRITES: &str = "import socket, time
s = socket.create_connection(('127.0.0.1', 8080))
for _ in range(9): s.send(b'x' * 9); time.sleep(0.2)";

const NODE: &str = "node -e \"require('http').get('http://127.0.0.1:8080/', r => r.resume())\"";

const PLAYS: &[Play] = &[
    play("curl-7", &["curl"], Server::Nobody, "curl -sS http://127.0.0.1:8080/"),
    play("curl-28-transfer", &["curl"], Server::Python(SILENT), "curl -sS -m 1 http://127.0.0.1:8080/"),
    play("curl-35", &["curl"], Server::Python(UNREAD), "curl -sSk https://127.0.0.1:8080/"),
    play("curl-52", &["curl"], Server::Python(CLOSES), "curl -sS http://127.0.0.1:8080/"),
    play("curl-56", &["curl"], Server::Python(UNREAD), "curl -sS http://127.0.0.1:8080/"),
    play("python-connection-reset", &["python3"], Server::Python(UNREAD), PYTHON),
    play("python-remote-disconnected", &["python3"], Server::Python(CLOSES), PYTHON),
    play("python-refused", &["python3"], Server::Nobody, PYTHON_CONNECTS),
    play("python-connection-reset", &["python3"], Server::Python(ABORTS), "python3 -c \"$WRITES\""),
    play("node-econnrefused", &["node"], Server::Nobody, NODE),
    play("node-econnreset", &["node"], Server::Python(UNREAD), NODE),
    play("node-socket-hang-up", &["node"], Server::Python(CLOSES), NODE),
    play("nginx-104", &["nginx"], Server::Nginx(Some(UNREAD)), THROUGH),
    play("nginx-premature-close", &["nginx"], Server::Nginx(Some(CLOSES)), THROUGH),
    play("nginx-111", &["nginx"], Server::Nginx(None), THROUGH),
    play("nginx-110", &["nginx"], Server::Nginx(Some(SILENT)), THROUGH),
    play("nginx-502", &["nginx"], Server::Nginx(None), "curl -s http://127.0.0.1:8080/ >page; grep 502 page"),
    play("nginx-499", &["nginx"], Server::Nginx(Some(SILENT)), LEAVES),
];

const PYTHON: &str = "python3 -c \"import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/')\"";
const PYTHON_CONNECTS: &str = "python3 -c \"import socket; socket.create_connection(('127.0.0.1', 8080))\"";
const THROUGH: &str = "curl -s http://127.0.0.1:8080/ >page; cat error.log";
const LEAVES: &str = "curl -s -m 1 http://127.0.0.1:8080/ >page; sleep 0.3; cat access.log";

const CONFIGURATION: &str = "daemon off; pid nginx.pid; error_log error.log; events {}
http {
    access_log access.log;
    proxy_temp_path p; client_body_temp_path b; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    server { listen 127.0.0.1:8080; location / { proxy_pass http://127.0.0.1:8081; proxy_read_timeout 2s; } }
}";

const fn play(symptom: &'static str, needs: &'static [&'static str], server: Server, client: &'static str) -> Play {
    Play { symptom, needs, server, client }
}

/// Plays those of these names, all when none is given.
pub fn play_all(names: &[&str]) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| !PLAYS.iter().any(|play| play.symptom == **name)) {
        let known: Vec<&str> = PLAYS.iter().map(|play| play.symptom).collect();
        bail!("there is no play {unknown}: {}", known.join(", "));
    }
    shell::whyrst()?;
    let wanted: Vec<&Play> = PLAYS.iter().filter(|play| names.is_empty() || names.contains(&play.symptom)).collect();
    let missing = |play: &&&Play| play.needs.iter().find(|program| !shell::installed(program)).copied();
    let missing: Vec<&str> = wanted.iter().filter_map(|play| missing(&play)).collect();
    ensure!(missing.is_empty(), "not installed: {}", missing.join(", "));
    let mut failed = Vec::new();
    for play in &wanted {
        let printed = printed(play).with_context(|| format!("cannot play {}", play.symptom))?;
        let found = found(&printed)?;
        println!("== {}: {}\n{}", play.symptom, found.join(", "), printed.trim_end());
        if !found.iter().any(|id| id == play.symptom) {
            failed.push(format!("{}: found {found:?}", play.symptom));
        }
    }
    ensure!(failed.is_empty(), "not known by their messages:\n  {}", failed.join("\n  "));
    println!("symptoms: {} messages are known as they are printed here", wanted.len());
    Ok(())
}

/// What the client prints.
fn printed(play: &Play) -> Result<String> {
    let folder = Scratch::new("symptoms")?;
    let python = |port: u16, body: &str| {
        format!(
            "import socket, time\ns = socket.create_server(('127.0.0.1', {port}))\nopen('ready{port}', 'w')\n\
             while True:\n c, _ = s.accept(); time.sleep(0.2); {body}\n"
        )
    };
    let mut script = "ip link set lo up\n".to_owned();
    let mut start = |port: u16, body: &str| -> Result<()> {
        std::fs::write(folder.path().join(format!("server{port}.py")), python(port, body))?;
        let begin = format!("python3 server{port}.py 2>/dev/null &\nuntil [ -e ready{port} ]; do sleep 0.05; done\n");
        script.push_str(&begin);
        Ok(())
    };
    match play.server {
        Server::Nobody => {}
        Server::Python(body) => start(8080, body)?,
        Server::Nginx(upstream) => {
            upstream.map_or(Ok(()), |body| start(8081, body))?;
            std::fs::write(folder.path().join("nginx.conf"), CONFIGURATION)?;
            script +=
                "nginx -p . -c nginx.conf 2>/dev/null &\nuntil [ -s nginx.pid ]; do sleep 0.05; done; sleep 0.2\n";
        }
    }
    script += play.client;
    // The process namespace ends with the shell, and every process in it.
    let output = Command::new("timeout")
        .args(["30", "unshare", "--net", "--pid", "--fork", "--kill-child", "sh", "-c"])
        .arg(format!("exec 2>&1\n{script}"))
        .env("WRITES", WRITES)
        .env("LC_ALL", "C")
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .context("cannot run unshare")?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The symptoms that `whyrst why` finds in `printed`.
fn found(printed: &str) -> Result<Vec<String>> {
    let why = Command::new(shell::built_whyrst()).args(["why", "--format", "json", printed]).output();
    let why = why.context("cannot run whyrst")?;
    let ids = String::from_utf8_lossy(&why.stdout).lines().map(id).collect::<Result<Vec<_>>>()?;
    Ok(ids.into_iter().flatten().collect())
}

fn id(line: &str) -> Result<Option<String>> {
    let object: serde_json::Value = serde_json::from_str(line).context("whyrst wrote no JSON")?;
    Ok(object["symptom"]["id"].as_str().map(str::to_owned))
}
