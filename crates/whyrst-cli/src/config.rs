//! Defaults of options from files and the environment: what stands on the command line wins, then
//! `WHYRST_<OPTION>`, then the user's file, then the system's, then what is built in.
//!
//! The values become clap's own defaults, so they are checked as options are and `--help` shows them.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::{Arg, ArgAction, Command};
use toml::{Table, Value};

use crate::causes::nearest;

/// Options that a person sets once. The others belong to one run.
const OPTIONS: &[&str] = &[
    "all",
    "color",
    "fold",
    "format",
    "jobs",
    "lang",
    "memory",
    "min-confidence",
    "no-ladder",
    "quiet",
    "tz",
    "verbose",
];

/// Another file instead of the usual ones; empty for none.
const VARIABLE: &str = "WHYRST_CONFIG";
const SYSTEM: &str = "/etc/whyrst/config.toml";

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied)
}

/// `command` with the defaults of this user on this host.
pub(crate) fn applied(mut command: Command) -> Result<Command> {
    for path in files() {
        let name = path.display();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            // Where nobody named a file, one in another user's home (`setpriv`, `sudo -u`) is none of ours.
            Err(error) if is_absent(&error) && std::env::var_os(VARIABLE).is_none() => continue,
            Err(error) => return Err(error).with_context(|| format!("cannot read the configuration {name}")),
        };
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            // The library's text names line and column and shows them.
            anyhow!("cannot read the configuration {name}: {}", error.to_string().trim_end().replace('\n', "; "))
        })?;
        command = with_defaults(command, &table, &Table::new()).with_context(|| format!("in {name}"))?;
    }
    with_environment(command)
}

fn files() -> Vec<PathBuf> {
    if let Some(file) = std::env::var_os(VARIABLE) {
        return if file.is_empty() { Vec::new() } else { vec![file.into()] };
    }
    let set = |name| std::env::var_os(name).filter(|value: &OsString| Path::new(value).is_absolute());
    let home = set("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| Some(Path::new(&set("HOME")?).join(".config")));
    [SYSTEM.into()].into_iter().chain(home.map(|home| home.join("whyrst/config.toml"))).collect()
}

/// Keys of `own` are options of this command and of all below it; its tables are commands.
fn with_defaults(mut command: Command, own: &Table, inherited: &Table) -> Result<Command> {
    let mut values = inherited.clone();
    for (key, value) in own {
        match value {
            Value::Table(_) if command.find_subcommand(key).is_some() => {}
            Value::Table(_) => {
                bail!("there is no command \"{key}\"{}", hint(key, command.get_subcommands().map(Command::get_name)))
            }
            _ if OPTIONS.contains(&key.as_str()) => {
                values.insert(key.clone(), value.clone());
            }
            _ => bail!("\"{key}\" cannot be set here{}", hint(key, OPTIONS.iter().copied())),
        }
    }
    for (key, value) in &values {
        command = with_default(command, key, &words(key, value)?)?;
    }
    let names: Vec<String> = command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
    for name in names {
        let table = own.get(&name).and_then(Value::as_table).cloned().unwrap_or_default();
        let below = command.find_subcommand(&name).cloned().context("invariant: it was listed")?;
        let below = with_defaults(below, &table, &values)?;
        command = command.mut_subcommand(&name, |_| below);
    }
    Ok(command)
}

fn hint<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(key, known).map_or_else(String::new, |near| format!("; did you mean {near}?"))
}

fn words(key: &str, value: &Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Boolean(on) => Ok(on.to_string()),
        _ => bail!("\"{key}\" must be a text, a number, true or false"),
    }
}

/// Where the command has no such option nothing changes.
fn with_default(command: Command, key: &str, value: &str) -> Result<Command> {
    let Some(arg) = command.get_arguments().find(|arg| arg.get_long() == Some(key)).cloned() else {
        return Ok(command);
    };
    check(&arg, key, value)?;
    let id = arg.get_id().to_string();
    // Clap keeps what it is given as long as the program runs, which reads its options once.
    let value: &'static str = value.to_owned().leak();
    Ok(command.mut_arg(id, |arg| arg.default_value(value)))
}

/// Tries the option alone, so that the fault is reported with the place it comes from.
fn check(arg: &Arg, key: &str, value: &str) -> Result<()> {
    if matches!(arg.get_action(), ArgAction::SetTrue) {
        return match value {
            "true" | "false" => Ok(()),
            _ => bail!("\"{key}\" must be true or false"),
        };
    }
    let alone = Command::new("whyrst").arg(arg.clone().required(false));
    let tried = alone.try_get_matches_from(["whyrst".to_owned(), format!("--{key}={value}")]);
    tried.map(|_| ()).map_err(|error| {
        let said = error.to_string();
        let line = said.lines().next().unwrap_or_default();
        anyhow!("{}", line.trim_start_matches("error: "))
    })
}

/// `WHYRST_TZ`, `WHYRST_MIN_CONFIDENCE`: for every command that has the option.
fn with_environment(mut command: Command) -> Result<Command> {
    let mut table = Table::new();
    for option in OPTIONS {
        let name = format!("WHYRST_{}", option.to_uppercase().replace('-', "_"));
        let Some(value) = std::env::var_os(&name).filter(|value| !value.is_empty()) else { continue };
        let value = value.into_string().map_err(|_| anyhow!("{name} is no text"))?;
        table.insert((*option).to_owned(), Value::String(value));
        command = with_defaults(command, &table, &Table::new()).with_context(|| format!("in {name}"))?;
        table.clear();
    }
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Arguments, Command as Sub, Format, ReportFormat};
    use clap::{CommandFactory, FromArgMatches};

    fn parsed(config: &str, line: &[&str]) -> Arguments {
        let table: Table = config.parse().unwrap();
        let command = with_defaults(Arguments::command(), &table, &Table::new()).unwrap();
        Arguments::from_arg_matches(&command.try_get_matches_from(line).unwrap()).unwrap()
    }

    fn wrong(config: &str) -> String {
        let table: Table = config.parse().unwrap();
        format!("{:#}", with_defaults(Arguments::command(), &table, &Table::new()).unwrap_err())
    }

    #[test]
    fn a_command_s_own_table_wins_over_the_top_and_the_command_line_over_both() {
        let config = "tz = \"local\"\nformat = \"json\"\n[explain]\nformat = \"markdown\"\nno-ladder = true\n";
        let Sub::Explain(explain) = parsed(config, &["whyrst", "explain", "a"]).command else { panic!() };
        assert_eq!((explain.tz.as_str(), explain.format, explain.no_ladder), ("local", ReportFormat::Markdown, true));
        let Sub::Watch(watch) = parsed(config, &["whyrst", "watch", "--tz", "UTC"]).command else { panic!() };
        assert_eq!((watch.tz.as_str(), watch.format), ("UTC", Format::Json));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        assert!(wrong("colour = \"never\"").contains("did you mean color?"), "{}", wrong("colour = \"never\""));
        assert!(wrong("[explian]\ntz = \"UTC\"").contains("did you mean explain?"));
        assert!(wrong("color = \"purple\"").contains("'purple'"));
        assert!(wrong("no-ladder = \"maybe\"").contains("true or false"));
        assert!(wrong("tz = [1]").contains("text"));
        assert!(wrong("output = \"x\"").contains("cannot be set"));
    }

    #[test]
    fn every_option_that_can_be_set_is_one_of_some_command() {
        let command = Arguments::command();
        for option in OPTIONS {
            let has = |command: &Command| command.get_arguments().any(|arg| arg.get_long() == Some(option));
            assert!(command.get_subcommands().any(has), "{option}");
        }
    }
}
