//! Says of each capture that is named why its connections were reset:
//! `cargo run -p whyrst --example explain -- trace.pcapng`. Status 2 when something could not be read.

use std::process::ExitCode;

use whyrst::{Options, ReadError, Report};

fn main() -> ExitCode {
    let unread: usize = std::env::args_os().skip(1).map(|path| explain(path.as_ref())).sum();
    if unread == 0 { ExitCode::SUCCESS } else { ExitCode::from(2) }
}

/// How much of the capture could not be read.
#[expect(clippy::print_stdout, reason = "printing is what it is for")]
fn explain(path: &std::path::Path) -> usize {
    let mut reports = match Options::default().memory(256 << 20).explain(path) {
        Ok(reports) => reports,
        Err(error) => return say(&error),
    };
    let mut unread = 0;
    for report in &mut reports {
        match report {
            Ok(report) => print(&report),
            Err(error) => unread += say(&error),
        }
    }
    let summary = reports.summary();
    println!("{} of {} connections were reset", summary.reset_connections, summary.connections);
    for (reason, frames) in &summary.passed_over {
        println!("passed over: {frames} frames ({reason})");
    }
    for note in &summary.notes {
        println!("note: {note}");
    }
    unread
}

#[expect(clippy::print_stdout, reason = "printing is what it is for")]
fn print(report: &Report<'_>) {
    println!("{} > {}: {}", report.client, report.server, report.headline);
    println!("  {} ({})", report.verdict.cause, report.verdict.confidence);
    for decide in &report.decide {
        println!("  decides, on the {}'s host: {}", decide.on, decide.command);
    }
    for advice in &report.advice {
        println!("  to do: {advice}");
    }
}

#[expect(clippy::print_stderr, reason = "printing is what it is for")]
fn say(error: &ReadError) -> usize {
    eprintln!("{error}");
    1
}
