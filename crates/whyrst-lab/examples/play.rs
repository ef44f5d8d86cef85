//! Plays scenarios by id (all of them without one) and prints what happened.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use std::process::ExitCode;

use whyrst_core::language::Language;
use whyrst_lab::scenario::Scenario;

fn main() -> ExitCode {
    let ids: Vec<String> = std::env::args().skip(1).collect();
    let chosen: Vec<&'static Scenario> =
        whyrst_lab::scenarios().filter(|scenario| ids.is_empty() || ids.iter().any(|id| id == scenario.id)).collect();
    let failed = chosen.iter().filter(|scenario| !played_well(scenario)).count();
    println!("{} scenarios, {failed} failed", chosen.len());
    ExitCode::from(u8::from(failed > 0))
}

fn played_well(scenario: &'static Scenario) -> bool {
    match whyrst_lab::play_fairly(scenario) {
        Ok((played, judged)) => {
            let page = whyrst_lab::Page::new(80, Language::English);
            println!("{}", whyrst_lab::render(&played, &judged, page));
            let outcome = if judged.passed() { "passed" } else { "FAILED" };
            println!("{outcome} {} in {}, {} foreign resets\n", scenario.id, played.duration(), played.foreign_resets);
            if let Some(directory) = std::env::var_os("KEEP") {
                played
                    .keep(&std::path::Path::new(&directory).join(scenario.id))
                    .expect("KEEP names a writable directory");
            }
            judged.passed()
        }
        Err(error) => {
            eprintln!("error: {error}");
            false
        }
    }
}
