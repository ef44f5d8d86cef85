//! The ClickHouse engine (chdb) in a process of its own, with whyrst's tables: `contrib/tests/fleet_engine.py`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contrib/tests/fleet_engine.py");

pub(crate) struct Engine {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Engine {
    pub(crate) fn start(python: &Path) -> Result<Self> {
        let mut command = Command::new(python);
        command.arg(SCRIPT).env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot run {}", python.display()))?;
        let to = child.stdin.take().context("its input was asked for")?;
        let from = BufReader::new(child.stdout.take().context("its output was asked for")?);
        let mut engine = Self { child, to, from };
        // It answers when its tables are there.
        engine.ask("SELECT 1 AS one")?;
        Ok(engine)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Rows as `JSONEachRow` into one of whyrst's tables.
    pub(crate) fn insert(&mut self, table: &str, rows: &[u8]) -> Result<()> {
        self.say(&format!("insert {table}"), rows).map(drop)
    }

    /// The rows of an answer.
    pub(crate) fn ask(&mut self, query: &str) -> Result<Vec<Value>> {
        let answer = self.say("ask -", query.as_bytes())?;
        let lines = answer.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).context("the engine answers in JSON")).collect()
    }

    fn say(&mut self, what: &str, body: &[u8]) -> Result<Vec<u8>> {
        let gone = "the engine has ended";
        writeln!(self.to, "{what} {}", body.len()).and_then(|()| self.to.write_all(body)).context(gone)?;
        self.to.flush().context(gone)?;
        let mut head = String::new();
        self.from.read_line(&mut head).context(gone)?;
        let (state, size) = head.trim_end().split_once(' ').context(gone)?;
        let mut answer = vec![0; size.parse().context("a number of octets")?];
        self.from.read_exact(&mut answer).context(gone)?;
        if state != "ok" {
            bail!("the engine says: {}", String::from_utf8_lossy(&answer));
        }
        Ok(answer)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // It keeps nothing that anybody needs.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
