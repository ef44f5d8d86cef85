//! Verdicts held against what the generator knows: each labelled reset found at its frame, its cause
//! the verdict or among the alternatives named, and nothing else reported.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// How often the verdict was the cause itself, and how often an alternative, by the generator's label.
pub type Agreement = BTreeMap<String, (u64, u64)>;

/// The catalogue's names for what the generator makes. Where the packets cannot tell two of them
/// apart, each is right.
fn names(label: &str) -> Result<&'static [&'static str]> {
    Ok(match label {
        "refused" => &["closed-port"],
        "close_unread" => &["close-unread"],
        "data_after_fin" => &["data-after-close"],
        "linger" => &["linger-zero"],
        "half_open_abort" => &["connect-abandoned"],
        "accept_overflow" => &["accept-overflow-abort"],
        "injected" => &["injected-rst"],
        // The server has forgotten the connection and answers as one that never had it.
        "idle_gone" => &["half-open-listener", "half-open-no-listener"],
        other => bail!("the truth file has a label that is not known here: {other}"),
    })
}

/// Compares the objects in `reports` with the labels in `truth`.
pub fn compare(truth: &Path, reports: &Path) -> Result<Agreement> {
    let labels = labels(truth)?;
    let (mut agreement, mut found) = (Agreement::new(), 0);
    for line in BufReader::new(File::open(reports)?).lines() {
        let object: Value = serde_json::from_str(&line?)?;
        if object["schema"] != "whyrst.reset/1" {
            continue;
        }
        let frame = object["resets"][0]["frame"].as_u64().context("a reset without a frame")?;
        let Some(label) = labels.get(&frame) else { bail!("a reset at frame {frame} is not in the truth file") };
        found += 1;
        let (verdict, alternative) = agreement.entry(label.clone()).or_default();
        let names = names(label)?;
        let is_one = |cause: &Value| cause.as_str().is_some_and(|cause| names.contains(&cause));
        let others = object["alternatives"].as_array();
        if is_one(&object["verdict"]["cause"]) {
            *verdict += 1;
        } else if others.is_some_and(|others| others.iter().any(|other| is_one(&other["cause"]))) {
            *alternative += 1;
        } else {
            bail!("frame {frame}: {label} is reported as {} and not named beside it", object["verdict"]["cause"]);
        }
    }
    if found != labels.len() {
        bail!("{found} resets reported, {} are in {}", labels.len(), truth.display());
    }
    Ok(agreement)
}

/// Labels by the frame of the first RST.
fn labels(truth: &Path) -> Result<HashMap<u64, String>> {
    let text = fs::read_to_string(truth)?;
    let row = |line: &str| {
        let mut fields = line.split(',');
        let frame = fields.next()?.parse().ok()?;
        Some((frame, fields.nth(1)?.to_owned()))
    };
    text.lines().skip(1).map(|line| row(line).with_context(|| format!("cannot read {line}"))).collect()
}
