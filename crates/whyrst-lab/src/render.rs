//! A played scenario as a page of plain text, 100 columns at most: the story, the ladder of both
//! ends with the calls of the actors, what the kernel said, and the article's claim beside what
//! was measured.

use std::fmt::Write;

use self::measures::fill_in;
use crate::scenario::{ArticleClaim, Finding};
use crate::{Judged, Played, Wiring};

mod ladder;
pub(crate) mod measures;
mod notation;

/// No line is longer.
const WIDTH: usize = 100;

/// The page. It ends with a newline and holds no control characters but newlines.
pub fn render(played: &Played, judged: &Judged) -> String {
    let mut page = String::new();
    paragraph(&mut page, played.scenario.id, "", played.scenario.story);
    page.push('\n');
    page.push_str(&ladder::ladder(played));
    page.push('\n');
    paragraph(&mut page, "  kernel   ", "           ", &kernel(played));
    paragraph(&mut page, "  verdict  ", "           ", &verdict(judged));
    if let Wiring::Veth { because } = &played.wiring {
        paragraph(&mut page, "  wire     ", "           ", &format!("veth pairs instead of TUN devices: {because}"));
    }
    if let Some(claim) = &played.scenario.article {
        article(&mut page, played, claim);
    }
    for disturbance in &played.earlier_attempts {
        let note = format!("played again: the machine was too busy the time before ({disturbance})");
        paragraph(&mut page, "  note     ", "           ", &note);
    }
    for disagreement in &judged.disagreements {
        paragraph(&mut page, "  FAILED   ", "           ", disagreement);
    }
    if let (Some(disturbance), false) = (&played.disturbance, judged.passed()) {
        let note = format!("this machine is too busy for a fair test: {disturbance}");
        paragraph(&mut page, "  note     ", "           ", &note);
    }
    page
}

fn article(page: &mut String, played: &Played, claim: &ArticleClaim) {
    let finding = match claim.finding {
        Finding::Holds => "this holds",
        Finding::HoldsCorrected => "this holds, with a correction",
        Finding::DoesNotHold => "on Linux this does not hold",
    };
    paragraph(page, "  article  ", "           ", &format!("says: {}", claim.says));
    paragraph(page, "  here     ", "           ", &format!("{finding}: {}", fill_in(played, claim.measured)));
}

/// Each reset that a kernel reported, with the call that led to it.
fn kernel(played: &Played) -> String {
    let recording = match &played.kernel {
        Ok(recording) => recording,
        Err(reason) => return reason.clone(),
    };
    let mut text = String::new();
    for reset in &recording.resets {
        let state = if reset.state == "UNKNOWN" { "no socket".into() } else { reset.state.replace("TCP_", "") };
        let _ = write!(text, "{} sent a RST: {} ({state}); ", reset.local, reset.reason_name);
    }
    if recording.resets.is_empty() {
        text.push_str("it was asked, and no kernel sent a RST of its own; ");
    }
    if recording.lost > 0 {
        let _ = write!(text, "{} events were lost, so silence means nothing; ", recording.lost);
    }
    text.trim_end_matches("; ").into()
}

/// What each capture leads to, said once when both lead to the same.
fn verdict(judged: &Judged) -> String {
    let [client, server] = judged.ends.each_ref().map(crate::EndJudged::summary);
    if client == server {
        format!("from either end: {client}")
    } else {
        format!("from the client's capture: {client}; from the server's: {server}")
    }
}

/// Wraps `text` behind `first`, and behind `rest` from the second line on.
fn paragraph(page: &mut String, first: &str, rest: &str, text: &str) {
    let mut line = first.to_owned();
    let mut empty = first.trim().is_empty() || first.ends_with(' ');
    if !empty {
        line.push_str("  ");
        empty = true;
    }
    let rest = if rest.is_empty() { " ".repeat(line.chars().count()) } else { rest.to_owned() };
    for word in text.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            page.push_str(line.trim_end());
            page.push('\n');
            line.clone_from(&rest);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    page.push_str(line.trim_end());
    page.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_never_exceeds_the_width_and_loses_no_word() {
        let text = "word ".repeat(60);
        let mut page = String::new();
        paragraph(&mut page, "  says     ", "           ", &text);
        assert!(page.lines().all(|line| line.len() <= WIDTH));
        assert!(page.lines().skip(1).all(|line| line.starts_with("           word")));
        assert_eq!(page.matches("word").count(), 60);
    }
}
