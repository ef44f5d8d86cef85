//! `whyrst lab code`: the programs of a scenario, to read, to run and to take away.

use anyhow::Result;
use whyrst_core::language::Language;
use whyrst_lab::code::{self, File, NoPrograms, Program, trial};
use whyrst_lab::scenario::Scenario;
use whyrst_output::Places;

use crate::Completion;
use crate::args::{Format, LabCode, ProgramLanguage};
use crate::output::{self, Output};

pub(crate) fn run(arguments: &LabCode) -> Result<Completion> {
    let language = output::language(&arguments.common, Format::Text);
    let scenario = whyrst_lab::scenario(&arguments.id).ok_or_else(|| super::unknown(&arguments.id))?;
    let files = match code::files(scenario, program(arguments.program), language) {
        Ok(files) => files,
        Err(why) => {
            output::complain(&refusal(scenario, &why, language));
            return Ok(Completion::Unexplained);
        }
    };
    let Some(folder) = &arguments.out else { return show(arguments, &files) };
    trial::write(&files, folder)?;
    if !arguments.common.quiet {
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        let mut output = Output::open(&arguments.common, &mut Places::default())?;
        let (folder, names) = (folder.display(), names.join(language.pick(", ", "、")));
        output.write(&match language {
            Language::English => format!("{folder}: {names}\nrun them: {folder}/run.sh\n"),
            Language::Chinese => format!("{folder}：{names}\n运行：{folder}/run.sh\n"),
        })?;
        output.finish()?;
    }
    Ok(Completion::Clean)
}

fn refusal(scenario: &Scenario, why: &NoPrograms, language: Language) -> anyhow::Error {
    let (id, reason) = (scenario.id, why.reason(language));
    match language {
        Language::English => anyhow::anyhow!("there are no programs of {id}: {reason}; `whyrst lab run {id}` plays it"),
        Language::Chinese => anyhow::anyhow!("{id} 没有程序：{reason}；可以用 `whyrst lab run {id}` 重现"),
    }
}

const fn program(language: ProgramLanguage) -> Program {
    match language {
        ProgramLanguage::C => Program::C,
        ProgramLanguage::Python => Program::Python,
        ProgramLanguage::Rust => Program::Rust,
        ProgramLanguage::Go => Program::Go,
    }
}

/// One after the other, each below its name, as `head` shows several files.
fn show(arguments: &LabCode, files: &[File]) -> Result<Completion> {
    let mut output = Output::open(&arguments.common, &mut Places::default())?;
    for (at, file) in files.iter().enumerate() {
        let before = if at == 0 { "" } else { "\n" };
        output.write(&format!("{before}==> {} <==\n{}", file.name, file.text))?;
    }
    output.finish()?;
    Ok(Completion::Clean)
}
