//! The queries that are shipped: one file each, whose first line says what it answers.

use anyhow::{Result, anyhow};

macro_rules! queries {
    ($($name:literal),* $(,)?) => {
        const ALL: &[(&str, &str)] = &[$(($name, include_str!(concat!("../queries/", $name, ".sql")))),*];
    };
}

queries![
    "top-causes",
    "issues",
    "by-cause",
    "by-confidence",
    "unexplained",
    "timeline",
    "services",
    "clients",
    "faults",
    "lost-bytes",
    "by-process",
    "look-alikes",
    "failed",
    "incidents",
    "half-open",
    "handshakes",
    "top-talkers",
    "pair-ends",
];

/// The query of this name.
pub(crate) fn named(name: &str) -> Result<&'static str> {
    let found = ALL.iter().find(|(known, _)| *known == name);
    found.map(|(_, text)| *text).ok_or_else(|| anyhow!("there is no query @{name}: `whyrst sql --list` shows them"))
}

/// Names and what they answer.
pub(crate) fn list() -> String {
    let line = |(name, text): &(&str, &str)| {
        let about = text.lines().next().unwrap_or_default().trim_start_matches("-- ");
        format!("@{name:<14} {about}\n")
    };
    ALL.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_query_says_what_it_answers() {
        for (name, text) in ALL {
            assert!(text.starts_with("-- "), "{name}");
        }
        assert!(named("top-causes").is_ok() && named("nothing").is_err());
    }

    #[test]
    fn spark_pairs_ends_by_the_same_query() {
        let there = include_str!("../../../contrib/spark/whyrst_spark/pair_ends.sql");
        assert_eq!(named("pair-ends").unwrap(), there);
    }
}
