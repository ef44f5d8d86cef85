//! `watch`, `check` and `sql`: other programs of ours, each in a child with bounded time and output. What is not
//! installed is not offered.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rmcp::model::{JsonObject, Tool};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use whyrst_explain::Report;

use crate::answer::{Answer, Told, read, tool};
use crate::paths::Paths;
use crate::text::{self, Depth, LONGEST, UNTRUSTED};

/// Bytes of a child's output that are read.
const OUTPUT: usize = 4 << 20;
/// Bytes of its complaints that are passed on.
const COMPLAINTS: usize = 4 << 10;
const LONGEST_WATCH: u64 = 300;
/// How long a child may take beyond what it was asked for.
const GRACE: Duration = Duration::from_secs(20);
const QUERY: Duration = Duration::from_mins(2);
/// Rows of a query that are told.
const ROWS: usize = 500;

/// Where they are.
#[derive(Debug)]
pub(super) struct Programs {
    whyrst: Option<PathBuf>,
    sql: Option<PathBuf>,
}

impl Programs {
    /// Beside this program, or on the PATH.
    pub(super) fn found() -> Self {
        Self { whyrst: found("whyrst"), sql: found("whyrst-sql") }
    }

    pub(super) fn offered(&self, paths: &Paths) -> Vec<Tool> {
        let mut tools = Vec::new();
        if self.whyrst.is_some() {
            tools.push(watch_offered());
            let about = "What on this host will cause resets: sysctls, listen queues, firewall rules, conntrack, \
                         counters, each with the cause that it leads to.";
            tools.push(tool("check", about.to_owned(), &json!({}), &[]));
        }
        // A query may name files itself.
        if self.sql.is_some() && !paths.are_limited() {
            tools.push(sql_offered(paths));
        }
        tools
    }

    pub(super) async fn call(&self, name: &str, arguments: JsonObject, paths: &Paths) -> Answer {
        let missing = |program: &str| format!("{name} needs the program {program}, beside this one or on the PATH");
        match name {
            "watch" => watch(read(arguments)?, self.whyrst.as_ref().ok_or_else(|| missing("whyrst"))?).await,
            "check" => {
                let Nothing {} = read(arguments)?;
                check(self.whyrst.as_ref().ok_or_else(|| missing("whyrst"))?).await
            }
            _ if paths.are_limited() => Err("sql is not offered with --root: a query may name files itself".to_owned()),
            _ => sql(read(arguments)?, self.sql.as_ref().ok_or_else(|| missing("whyrst-sql"))?, paths).await,
        }
    }
}

fn found(program: &str) -> Option<PathBuf> {
    let own = std::env::current_exe().ok().map(|own| own.with_file_name(program));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join(program)).collect::<Vec<_>>();
    own.into_iter().chain(on_path).find(|program| program.is_file())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WatchAsked {
    seconds: u64,
    #[serde(default)]
    port: Option<u16>,
    #[serde(default)]
    comm: Option<String>,
    #[serde(default)]
    pid: Option<u32>,
}

fn watch_offered() -> Tool {
    let about = format!(
        "Every reset that this host sends or receives in the next seconds (1 to {LONGEST_WATCH}), asked of the kernel, \
         with process and socket. Needs root or CAP_BPF and CAP_PERFMON; says so where they are missing."
    );
    let port = "only connections with this port at either end";
    let properties = json!({
        "seconds": {"type": "integer", "minimum": 1, "maximum": LONGEST_WATCH},
        "port": {"type": "integer", "minimum": 1, "maximum": 65535, "description": port},
        "comm": {"type": "string", "description": "only sockets of programs of this name"},
        "pid": {"type": "integer", "minimum": 1, "description": "only sockets of this process"},
    });
    tool("watch", about, &properties, &["seconds"])
}

async fn watch(asked: WatchAsked, whyrst: &PathBuf) -> Answer {
    if !(1..=LONGEST_WATCH).contains(&asked.seconds) {
        return Err(format!("seconds is a number from 1 to {LONGEST_WATCH}"));
    }
    let mut command = Command::new(whyrst);
    command.args(["watch", "--format", "json", "--quiet", "--duration"]).arg(asked.seconds.to_string());
    let of = [
        asked.port.map(|port| format!("--port={port}")),
        asked.comm.map(|comm| format!("--comm={comm}")),
        asked.pid.map(|pid| format!("--pid={pid}")),
    ];
    command.args(of.into_iter().flatten());
    let output = run(command, Duration::from_secs(asked.seconds) + GRACE).await?;
    if output.status.code() == Some(2) {
        return Err(format!("watch could not: {}", output.complaints));
    }
    let (mut body, mut told, mut all) = (String::new(), 0, 0);
    for line in output.text.lines() {
        let Ok(report) = serde_json::from_str::<Report<'_>>(line) else { continue };
        all += report.count.max(1);
        let text = text::report(&report, told + 1, Depth::Short);
        if body.len() + text.len() <= LONGEST {
            told += 1;
            body += &text;
        }
    }
    let mut text = format!("{UNTRUSTED}{all} resets in {} seconds; {told} reports.\n", asked.seconds);
    text += &output.remarks();
    text += "\n";
    text += &body;
    Ok(Told { text, numbers: Some(json!({"resets": all, "told": told})) })
}

async fn check(whyrst: &PathBuf) -> Answer {
    let mut command = Command::new(whyrst);
    command.args(["check", "--format", "json"]);
    let output = run(command, GRACE).await?;
    if output.status.code() == Some(2) {
        return Err(format!("check could not: {}", output.complaints));
    }
    let (mut text, mut findings) = (UNTRUSTED.to_owned(), 0);
    for line in output.text.lines() {
        let Ok(finding) = serde_json::from_str::<Value>(line) else { continue };
        let member = |name: &str| finding.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        findings += 1;
        let (cause, tense, weight) = (member("cause"), member("tense"), member("weight"));
        text += &format!(
            "- {cause} [{weight}, {tense}]: {}: {} [read from this host now]\n",
            text::quoted(&member("subject")),
            text::quoted(&member("evidence"))
        );
        text += &format!("  to do: {} [whyrst://causes/{cause}]\n", text::quoted(&member("advice")));
    }
    if findings == 0 {
        text += "nothing was found\n";
    }
    text += &output.remarks();
    Ok(Told { text, numbers: Some(json!({"findings": findings})) })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SqlAsked {
    query: String,
    files: Vec<String>,
}

fn sql_offered(paths: &Paths) -> Tool {
    let about = format!(
        "A query in SQL over captures, recordings and Parquet of whyrst; tables resets, failed_connects, incidents, \
         connections, packets (`describe resets` tells the columns). Reads only; {}.",
        paths.described()
    );
    let query = "one SELECT, WITH or DESCRIBE, or @NAME of a shipped query such as @top-causes";
    let properties = json!({
        "query": {"type": "string", "description": query},
        "files": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    });
    tool("sql", about, &properties, &["query", "files"])
}

async fn sql(asked: SqlAsked, program: &PathBuf, paths: &Paths) -> Answer {
    reads_only(&asked.query)?;
    let files = asked.files.iter().map(|file| paths.allowed(file)).collect::<Result<Vec<_>, _>>()?;
    let mut command = Command::new(program);
    command.args(["--format", "csv", "--"]).arg(&asked.query).args(files);
    let output = run(command, QUERY).await?;
    if output.status.code() == Some(2) && output.text.is_empty() {
        return Err(format!("the query failed: {}", output.complaints));
    }
    let (mut body, mut rows, mut all) = (String::new(), 0_usize, 0_usize);
    for line in output.text.lines() {
        all += 1;
        if rows <= ROWS && body.len() + line.len() < LONGEST {
            rows += 1;
            body += &(text::quoted(line) + "\n");
        }
    }
    let mut text = UNTRUSTED.to_owned() + &body;
    if all > rows {
        text += &format!("{} rows more are left out: ask for less, or with LIMIT and OFFSET.\n", all - rows);
    }
    text += &output.remarks();
    Ok(Told { text, numbers: Some(json!({"rows": all.saturating_sub(1), "told": rows.saturating_sub(1)})) })
}

/// An agent reads what strangers wrote into packets: whatever that talks it into, a query writes and makes nothing.
fn reads_only(query: &str) -> Result<(), String> {
    const WRITES: [&str; 13] = [
        "alter", "call", "copy", "create", "delete", "drop", "execute", "insert", "into", "prepare", "set", "truncate",
        "update",
    ];
    let query = query.trim().trim_end_matches(';').trim_end();
    let shipped = query.strip_prefix('@').is_some_and(|name| {
        !name.is_empty() && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
    });
    if shipped {
        return Ok(());
    }
    let mut words = query.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    let first = words.clone().find(|word| !word.is_empty()).unwrap_or_default().to_ascii_lowercase();
    if !["select", "with", "describe"].contains(&first.as_str()) || query.contains(';') {
        return Err("the query must be one SELECT, WITH or DESCRIBE, or @NAME of a shipped query".to_owned());
    }
    match words.find(|word| WRITES.contains(&word.to_ascii_lowercase().as_str())) {
        Some(word) => Err(format!("the query has the word {word}, with which one writes: this tool only reads")),
        None => Ok(()),
    }
}

/// What a child said.
struct Output {
    status: ExitStatus,
    text: String,
    complaints: String,
    /// It said more than is read.
    cut: bool,
}

impl Output {
    /// What it complained of beside its answer.
    fn remarks(&self) -> String {
        let mut text = String::new();
        if self.cut {
            text += &format!("it said more than {OUTPUT} bytes: the rest is left out\n");
        }
        for line in self.complaints.lines() {
            text += &format!("note: {}\n", text::quoted(line));
        }
        text
    }
}

/// Runs a child for so long. It ends with whoever waits for it.
async fn run(mut command: Command, most: Duration) -> Result<Output, String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command.env("LC_ALL", "C").env("NO_COLOR", "1");
    let name = OsString::from(command.as_std().get_program());
    let mut child = command.spawn().map_err(|cause| format!("cannot run {}: {cause}", name.display()))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let both = async { tokio::join!(first_of(stdout, OUTPUT), first_of(stderr, COMPLAINTS), child.wait()) };
    let (text, complaints, status) =
        tokio::time::timeout(most, both).await.map_err(|_| format!("it took longer than {} s", most.as_secs()))?;
    let status = status.map_err(|cause| format!("cannot wait for {}: {cause}", name.display()))?;
    Ok(Output { status, cut: text.1, text: text.0, complaints: complaints.0 })
}

/// The first `most` bytes as text, and whether there was more. The rest is read and dropped, so that nobody waits.
async fn first_of(input: Option<impl AsyncRead + Unpin>, most: usize) -> (String, bool) {
    let (mut all, mut piece, mut cut) = (Vec::new(), vec![0; 8192], false);
    if let Some(mut input) = input {
        while let Ok(count @ 1..) = input.read(&mut piece).await {
            let room = most - all.len();
            cut |= count > room;
            all.extend_from_slice(&piece[..count.min(room)]);
        }
    }
    (String::from_utf8_lossy(&all).into_owned(), cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_only_reads() {
        for query in
            ["select count(*) from resets", " WITH x AS (SELECT 1) SELECT * FROM x;", "describe resets", "@top-causes"]
        {
            assert_eq!(reads_only(query), Ok(()), "{query}");
        }
        for query in [
            "copy (select 1) to '/tmp/x.csv'",
            "create external table x stored as csv location '/etc/passwd'",
            "select 1; drop table resets",
            "with x as (select 1) insert into y select * from x",
            "select * into y from resets",
            "@../x",
            "",
            "explain select 1",
        ] {
            assert!(reads_only(query).is_err(), "{query}");
        }
    }
}
