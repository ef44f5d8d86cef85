//! Whoever speaks beside the packets: the kernel of a host (`--events`) and logs (`--log-file`). What they say is joined
//! with each outcome before it is judged; what of their files could not be read is said.

use std::path::Path;

use anyhow::Result;
use jiff::tz::TimeZone;
use whyrst_capture::logs::{Foreign, Logs, looks_foreign, packet_owners};
use whyrst_core::outcome::Outcome;
use whyrst_core::recording::Recording;

use super::read_events;
use crate::args::Explain;
use crate::output;

/// The witnesses and the parties of one run.
#[derive(Default)]
pub(crate) struct Witnesses {
    recording: Option<Recording>,
    logs: Option<Logs>,
}

impl Witnesses {
    /// Those that the command line names; times without a zone are those of `zone`.
    pub(crate) fn of(arguments: &Explain, zone: &TimeZone) -> Result<Self> {
        let mut all = Self::logs_of(arguments, zone)?;
        let points = arguments.vantage.iter().map(|value| {
            Path::new(value.split_once('=').filter(|(name, _)| !name.contains('/')).map_or(&**value, |(_, path)| path))
        });
        for path in arguments.files.iter().map(std::path::PathBuf::as_path).chain(points) {
            if let Some(owners) = packet_owners(path)? {
                all.logs.get_or_insert_with(|| Logs::new(zone.clone())).add_foreign(owners);
            }
        }
        let Some(path) = &arguments.events else { return Ok(all) };
        if looks_foreign(path) {
            let foreign = Foreign::open(path, zone)?;
            let logs = all.logs.get_or_insert_with(|| Logs::new(zone.clone()));
            let resets = logs.add_foreign(foreign);
            all.recording = Some(Foreign::recording(resets));
            say_what_was_not_read(logs, arguments);
        } else {
            all.recording = Some(read_events(path)?);
        }
        Ok(all)
    }

    /// The logs alone: a recording that is explained by itself has its events already.
    pub(crate) fn logs_of(arguments: &Explain, zone: &TimeZone) -> Result<Self> {
        if arguments.log_file.is_empty() {
            return Ok(Self::default());
        }
        let mut logs = Logs::new(zone.clone());
        for path in &arguments.log_file {
            logs.open(path)?;
        }
        if arguments.events.as_deref().is_none_or(|path: &Path| !looks_foreign(path)) {
            say_what_was_not_read(&logs, arguments);
        }
        Ok(Self { recording: None, logs: Some(logs) })
    }

    /// What the kernel says of an outcome.
    pub(crate) const fn recording(&self) -> Option<&Recording> {
        self.recording.as_ref()
    }

    /// Joins everything with an outcome.
    pub(crate) fn hear(&self, outcome: &mut Outcome) {
        if let Some(recording) = &self.recording {
            recording.note_word(outcome);
            recording.account_for(outcome);
        }
        self.hear_logs(outcome);
    }

    /// Joins what logs claim with an outcome.
    pub(crate) fn hear_logs(&self, outcome: &mut Outcome) {
        if let Some(logs) = &self.logs {
            logs.tie(outcome);
        }
    }

    /// What a reader has to know of the logs at the end.
    pub(crate) fn notes(&self) -> Vec<String> {
        let Some(logs) = &self.logs else { return Vec::new() };
        let claims: u64 = logs.tallies().iter().map(|tally| tally.claims).sum();
        if logs.tallies().is_empty() {
            return Vec::new();
        }
        let mut notes = vec![format!(
            "{claims} {} of the logs and events say how a connection ended; of what they claim, {} about connections that \
             are reported here",
            if claims == 1 { "line" } else { "lines" },
            match logs.tied() {
                0 => String::from("nothing is"),
                1 => String::from("1 claim is"),
                tied => format!("{tied} claims are"),
            }
        )];
        if logs.at_other_times() > 0 && logs.tied() == 0 {
            notes.push(format!(
                "{} lines name both ends of a connection that was reset, but another time: is --tz that of the logs?",
                logs.at_other_times()
            ));
        }
        if logs.beyond() > 0 {
            notes.push(format!(
                "{} claims were not kept: at most {} are (give the logs of the time of the captures)",
                logs.beyond(),
                Logs::MOST
            ));
        }
        notes
    }
}

/// Lines of a form that is not known: how many, and the first.
fn say_what_was_not_read(logs: &Logs, arguments: &Explain) {
    if arguments.common.quiet {
        return;
    }
    for tally in logs.tallies().iter().filter(|tally| tally.unread > 0) {
        let Some((line, text)) = &tally.first_unread else { continue };
        output::remark(&format!(
            "{} of {} lines of {} have a form that is not known; the first is line {line}: {text}",
            tally.unread, tally.lines, tally.name
        ));
    }
}
