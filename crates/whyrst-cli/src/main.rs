//! `whyrst`: why was this TCP connection reset?
//!
//! This crate is wiring only: arguments in, exit status out. Exit status: 0 done and every reset
//! explained, 1 done but some reset unexplained or some scenario failed, 2 could not do it.

mod agent;
mod annotate;
mod args;
mod causes;
mod check;
mod config;
mod crash;
mod doctor;
mod elsewhere;
mod explain;
mod extcap;
mod filter;
mod fold;
mod interrupt;
mod lab;
mod live_reporter;
mod manual;
mod memory;
mod output;
mod pipe;
mod progress;
mod provoke;
mod run;
mod serve;
mod sinks;
mod tui;
mod vantage;
mod watch;
mod why;
mod window;
mod wireshark;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use crate::args::{Arguments, Command};

/// How a command ended, apart from errors.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Completion {
    /// Everything was explained, every scenario passed.
    Clean,
    /// Something stays unexplained, or a scenario failed.
    Unexplained,
    /// Some input could not be read; the rest was explained.
    Incomplete,
}

/// The command line. Wireshark knows no commands of ours: what it asks an extcap program goes there.
fn words() -> Vec<OsString> {
    let mut words: Vec<OsString> = std::env::args_os().collect();
    let first = words.get(1).map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
    if first.starts_with("--extcap") || first == "--capture" {
        words.insert(1, "extcap".into());
    }
    words
}

fn main() -> ExitCode {
    crash::contain();
    let arguments = match config::applied(Arguments::command()) {
        Ok(command) => {
            Arguments::from_arg_matches(&command.get_matches_from(words())).unwrap_or_else(|error| error.exit())
        }
        Err(error) => {
            output::complain(&error);
            return ExitCode::from(2);
        }
    };
    let result = match arguments.command {
        Command::Watch(watch) => watch::run(&watch),
        Command::Agent(agent) => agent::run(&agent),
        Command::Run(run) => match run::run(&run) {
            Ok(status) => return status,
            Err(error) => Err(error),
        },
        Command::Check(check) => check::run(&check),
        Command::Explain(explain) => explain::run(&explain),
        Command::Serve(serve) => serve::run(&serve),
        Command::Sql(sql) => elsewhere::SQL.run(&sql),
        Command::Mcp(mcp) => elsewhere::MCP.run(&mcp),
        Command::Lab(lab) => lab::run(&lab),
        Command::Provoke(provoke) => provoke::run(&provoke),
        Command::Why(why) => why::run(&why),
        Command::Causes(causes) => causes::run(&causes),
        Command::Pipe(pipe) => pipe::run(&pipe),
        Command::Doctor(doctor) => doctor::run(&doctor),
        Command::Extcap(extcap) => extcap::run(&extcap),
        Command::Wireshark(wireshark) => wireshark::run(&wireshark),
        Command::Completions(completions) => manual::completions(&completions),
        Command::Man(man) => manual::man(&man),
    };
    match result {
        Ok(Completion::Clean) => ExitCode::SUCCESS,
        Ok(Completion::Unexplained) => ExitCode::from(1),
        Ok(Completion::Incomplete) => ExitCode::from(2),
        Err(error) if output::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error);
            ExitCode::from(2)
        }
    }
}
