//! What is generated of the command line: completions for shells and pages for man.

use std::fs;
use std::io::Write;

use anyhow::{Context as _, Result};
use clap::builder::PossibleValuesParser;
use clap::{Command, CommandFactory};
use whyrst_core::causes;

use crate::Completion;
use crate::args::{Arguments, Completions, Man};
use crate::lab;

/// Writes the completions for one shell to standard output.
pub(crate) fn completions(arguments: &Completions) -> Result<Completion> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut with_ids(Arguments::command()), "whyrst", &mut script);
    std::io::stdout().write_all(&script).context("cannot write to standard output")?;
    Ok(Completion::Clean)
}

/// Writes a page for each command into a folder.
pub(crate) fn man(arguments: &Man) -> Result<Completion> {
    let folder = &arguments.folder;
    let what = || format!("cannot write the manual into {}", folder.display());
    fs::create_dir_all(folder).with_context(what)?;
    clap_mangen::generate_to(Arguments::command(), folder).with_context(what)?;
    Ok(Completion::Clean)
}

/// With the ids of causes and scenarios, which the parser itself does not list: its mistakes are reported
/// with suggestions of our own.
fn with_ids(command: Command) -> Command {
    let causes = || PossibleValuesParser::new(causes::ALL.iter().map(|cause| cause.id).chain(["unexplained"]));
    let scenarios = || PossibleValuesParser::new(lab::entries().map(|(_, scenario)| scenario.id));
    let play = |lab: Command| lab.mut_subcommand("run", |run| run.mut_arg("ids", |arg| arg.value_parser(scenarios())));
    command
        .mut_subcommand("explain", |explain| explain.mut_arg("cause", |arg| arg.value_parser(causes())))
        .mut_subcommand("watch", |watch| watch.mut_arg("cause", |arg| arg.value_parser(causes())))
        .mut_subcommand("causes", |page| page.mut_arg("id", |arg| arg.value_parser(causes())))
        .mut_subcommand("lab", play)
}
