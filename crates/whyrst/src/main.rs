//! `whyrst`: why was this TCP connection reset?
//!
//! This crate is wiring only: arguments in, exit status out. Exit status: 0 done and every reset
//! explained, 1 done but some reset unexplained or some scenario failed, 2 could not do it.

mod args;
mod causes;
mod check;
mod explain;
mod filter;
mod fold;
mod interrupt;
mod lab;
mod output;
mod progress;
mod run;
mod serve;
mod telling;
mod vantage;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Arguments, Command};

/// How a command ended, apart from errors.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Outcome {
    /// Everything was explained, every scenario passed.
    Clean,
    /// Something stays unexplained, or a scenario failed.
    Unexplained,
    /// Some input could not be read; the rest was explained.
    Incomplete,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.command {
        Command::Watch(watch) => watch::run(&watch),
        Command::Run(run) => match run::run(&run) {
            Ok(status) => return status,
            Err(error) => Err(error),
        },
        Command::Check(check) => check::run(&check),
        Command::Explain(explain) => explain::run(&explain),
        Command::Serve(serve) => serve::run(&serve),
        Command::Lab(lab) => lab::run(&lab),
        Command::Causes(causes) => causes::run(&causes),
    };
    match result {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::Unexplained) => ExitCode::from(1),
        Ok(Outcome::Incomplete) => ExitCode::from(2),
        Err(error) if output::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error);
            ExitCode::from(2)
        }
    }
}
