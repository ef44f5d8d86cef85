//! `@pair-ends` on what the lab recorded at both ends gives the verdicts of `explain --vantage`.

use std::path::Path;

use serde_json::Value;

use crate::{fixtures, sql, text, whyrst};

/// Behind a NAT both ends call the connection by other names: addresses alone do not tell that they are one.
const REWRITTEN: [&str; 2] = ["conntrack-invalid-dnat", "nat-port-collision"];

type Verdict = [String; 4];

fn verdict(line: &Value, pointers: [&str; 4]) -> Verdict {
    pointers.map(|pointer| line.pointer(pointer).unwrap_or_else(|| panic!("{pointer} in {line}")).to_string())
}

fn by_vantage(folder: &Path) -> Vec<Verdict> {
    let point = |end: &str| format!("{end}={}", folder.join(end).with_extension("pcapng").display());
    let output = whyrst()
        .args(["explain", "--all", "--format", "json", "--vantage", &point("client"), &point("server")])
        .output()
        .unwrap();
    assert!(output.status.code().is_some_and(|code| code < 2), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let told = lines.filter(|line| {
        let schema = line["schema"].as_str().unwrap_or_default();
        ["whyrst.reset/1", "whyrst.failed-connect/1"].contains(&schema)
    });
    told.map(|line| verdict(&line, ["/client/port", "/verdict/cause", "/verdict/confidence", "/origin"])).collect()
}

fn by_query(folder: &Path) -> Vec<Verdict> {
    let inputs = ["client.pcapng", "server.pcapng"].map(|name| folder.join(name));
    let rows = text(sql().args(["--format", "json", "@pair-ends"]).args(inputs));
    let lines = rows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| verdict(&line, ["/client_port", "/cause", "/confidence", "/origin"])).collect()
}

#[test]
fn the_verdicts_are_those_of_vantage() {
    let mut compared = 0;
    let mut wrong = Vec::new();
    for folder in fixtures() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let both = ["client.pcapng", "server.pcapng"].iter().all(|end| folder.join(end).exists());
        if !both || REWRITTEN.contains(&name.as_str()) {
            continue;
        }
        let (mut mine, mut theirs) = (by_query(&folder), by_vantage(&folder));
        mine.sort();
        theirs.sort();
        compared += mine.len();
        if mine != theirs {
            wrong.push(format!("{name}\n  by SQL:     {mine:?}\n  --vantage:  {theirs:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {compared}\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 100, "{compared}");
}
