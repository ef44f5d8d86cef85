//! What standards, papers and vendors have published on resets, each as a conversation that shows it
//! (`published.txt`), with the verdict that it must get.
//!
//! The lab is Linux; these are the others. A line `is cause confidence` stands for each reset of the
//! conversation, in their order; a third word is its severity where that is not the cause's own.

use crate::testing::conversation;
use crate::verdict::judge;
use std::format;
use std::string::String;
use std::vec::Vec;

const CASES: &str = include_str!("published.txt");

#[test]
fn each_published_case_gets_its_verdict() {
    let wrong: Vec<String> = CASES.split("## ").skip(1).filter_map(differs).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is said instead, if anything is.
fn differs(case: &str) -> Option<String> {
    let (title, rest) = case.split_once('\n').expect("a title");
    let (from, rest) = rest.split_once('\n').expect("a source");
    assert!(from.starts_with("from "), "{title}: where was it published?");
    let wanted: Vec<&str> = rest.lines().filter_map(|line| line.strip_prefix("is ")).collect();
    let packets: Vec<&str> = rest.lines().filter(|line| !line.starts_with("is ")).collect();
    let got: Vec<String> = conversation(&packets.join("\n"))
        .endings()
        .iter()
        .map(|ending| {
            let judgement = judge(ending);
            let found = judgement.cause.expect("a cause");
            let severity = if judgement.severity == found.severity { "" } else { judgement.severity.name() };
            format!("{} {} {severity}", found.id, judgement.confidence.name()).trim_end().into()
        })
        .collect();
    (got != wanted).then(|| format!("{title}: {got:?} where {wanted:?} is wanted"))
}
