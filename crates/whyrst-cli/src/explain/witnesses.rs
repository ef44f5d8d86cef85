//! Whoever speaks beside the packets: the kernel of a host (`--events`) and logs (`--log-file`). What they say is joined
//! with each outcome before it is judged; what of their files could not be read is said.

use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Context as _, Result};
use jiff::tz::TimeZone;
use whyrst_capture::logs::{Events, Foreign, Logs, OtherTimes, SentRst, events, packet_owners};
use whyrst_capture::{Capture, Pulled};
use whyrst_core::outcome::Outcome;
use whyrst_core::recording::Recording;
use whyrst_core::time::Timestamp;

use super::read_recording;
use crate::args::Explain;
use crate::output;

/// Records at the beginning of a capture that may be no frames.
const MOST_BEFORE_A_FRAME: usize = 64;

/// The witnesses and the parties of one run.
#[derive(Default)]
pub(crate) struct Witnesses {
    recording: Option<Recording>,
    foreign: Option<ForeignWord>,
    logs: Option<Logs>,
    /// What the lines of `logs` are.
    lines: Lines,
}

/// What somebody says line by line.
#[derive(Clone, Copy, Default)]
enum Lines {
    #[default]
    Logs,
    /// Of a kernel, or of whoever captured.
    Events,
}

/// What another system's kernel says that it sent; its lines may name no year, which the packets then say.
struct ForeignWord {
    sent: Vec<SentRst>,
    zone: TimeZone,
    recording: OnceLock<Recording>,
}

impl Witnesses {
    /// Those that the command line names; times without a zone are those of `zone`.
    pub(crate) fn of(arguments: &Explain, zone: &TimeZone) -> Result<Self> {
        let points = arguments.vantage.iter().map(|value| {
            Path::new(value.split_once('=').filter(|(name, _)| !name.contains('/')).map_or(&**value, |(_, path)| path))
        });
        let captures: Vec<&Path> = arguments.files.iter().map(std::path::PathBuf::as_path).chain(points).collect();
        let is_asked = !arguments.log_file.is_empty() || arguments.events.is_some();
        let begin = captures.iter().filter(|_| is_asked).find_map(|path| begin_of(path));
        let mut logs = Logs::new(zone.clone()).within(arguments.memory_for_claims(), begin);
        for path in &arguments.log_file {
            logs.open(path)?;
        }
        for path in captures {
            if let Some(owners) = packet_owners(path)? {
                logs.add_foreign(owners);
            }
        }
        let lines = if arguments.log_file.is_empty() { Lines::Events } else { Lines::Logs };
        let mut all = Self { lines, ..Self::default() };
        if let Some(path) = &arguments.events {
            let name = path.display();
            match events(path, zone).with_context(|| format!("cannot read the events in {name}"))? {
                Events::Foreign(foreign) => {
                    let sent = logs.add_foreign(foreign);
                    all.foreign = Some(ForeignWord { sent, zone: zone.clone(), recording: OnceLock::new() });
                }
                Events::Recording(input) => all.recording = Some(read_recording(input, &name.to_string())?),
            }
        }
        say_what_was_not_read(&logs, arguments);
        all.logs = (!logs.tallies().is_empty()).then_some(logs);
        Ok(all)
    }

    /// The logs alone: a recording that is explained by itself has its events already.
    pub(crate) fn logs_of(arguments: &Explain, zone: &TimeZone) -> Result<Self> {
        if arguments.log_file.is_empty() {
            return Ok(Self::default());
        }
        let mut logs = Logs::new(zone.clone()).within(arguments.memory_for_claims(), None);
        for path in &arguments.log_file {
            logs.open(path)?;
        }
        say_what_was_not_read(&logs, arguments);
        Ok(Self { logs: Some(logs), ..Self::default() })
    }

    /// What a kernel says of an outcome.
    pub(crate) fn hear_kernel(&self, outcome: &mut Outcome) {
        let foreign = self
            .foreign
            .as_ref()
            .map(|word| word.recording.get_or_init(|| Foreign::recording(&word.sent, outcome.time(), &word.zone)));
        if let Some(recording) = self.recording.as_ref().or(foreign) {
            recording.note_word(outcome);
            recording.account_for(outcome);
        }
    }

    /// Joins everything with an outcome.
    pub(crate) fn hear(&self, outcome: &mut Outcome) {
        self.hear_kernel(outcome);
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
        let lines: u64 = logs.tallies().iter().map(|tally| tally.lines.max(tally.claims)).sum();
        let word = match (self.lines, lines) {
            (Lines::Logs, 1) => "log line",
            (Lines::Logs, _) => "log lines",
            (Lines::Events, 1) => "event",
            (Lines::Events, _) => "events",
        };
        let mut notes = vec![match (logs.tied(), logs.at_other_times()) {
            (0, Some(other)) => at_other_times(other),
            (tied, _) => format!("{tied} of {lines} {word} matched a reset in this capture"),
        }];
        if claims == 0 {
            notes[0].push_str(": none of them says how a connection ended");
        }
        if logs.beyond() > 0 {
            notes.push(format!(
                "{} claims were not kept: at most {} fit into memory (--memory), and those nearest to the capture \
                 were",
                logs.beyond(),
                logs.most()
            ));
        }
        notes
    }
}

/// When a capture begins that can be opened twice.
fn begin_of(path: &Path) -> Option<Timestamp> {
    let mut capture = path.is_file().then(|| Capture::open(path, 0).ok())??;
    (0..MOST_BEFORE_A_FRAME).find_map(|_| match capture.next_record() {
        Ok(Pulled::Record(record)) => Some(record.time),
        _ => None,
    })
}

fn at_other_times(OtherTimes { lines, away }: OtherTimes) -> String {
    let (word, names) = if lines == 1 { ("line", "names") } else { ("lines", "name") };
    let found =
        format!("no log line matches a reset in time; {lines} {word} {names} an address and port that was reset, ");
    match away.map(|away| away.nanos().abs() / 60_000_000_000) {
        Some(minutes) if minutes % 60 == 0 => {
            format!("{found}but {} h away: give --tz of the log's host", minutes / 60)
        }
        Some(minutes) => {
            format!("{found}but {} h {:02} min away: give --tz of the log's host", minutes / 60, minutes % 60)
        }
        None => format!("{found}but at another time"),
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
