//! `whyrst watch`: every reset of this host, as it happens.

mod flows;
mod pcap;
mod screen;
mod second;

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufWriter;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use whyrst_capture::recording;
use whyrst_core::outcome::Outcome;
use whyrst_core::recording::{Recording, Told};
use whyrst_core::socket::Told as Word;
use whyrst_core::time::Timestamp;
use whyrst_output::{Place, Places, WrittenFile};
use whyrst_probe::{KernelFilter, Live, LiveEvent, Packets, give_back_privileges, lock_down, network_namespaces, now};
use whyrst_telemetry::Plan;

use crate::args::{Format, Watch};
use crate::filter::Filter;
use crate::interrupt::Interrupt;
use crate::live_reporter::{LiveReporter, say_missing, say_warnings};
use crate::output::{self, Output};
use crate::sinks::{self, Quiet};
use crate::watch::pcap::Pcap;
use crate::watch::second::{Found, SecondSource};
use crate::{Completion, explain};

/// How long a signal may go unnoticed.
const PATIENCE: Duration = Duration::from_millis(100);
/// What belongs to resets that happened before the signal may still come.
const LAST_WORDS: Duration = Duration::from_millis(20);

pub(crate) fn run(arguments: &Watch) -> Result<Completion> {
    if arguments.tui {
        return screen::run(arguments);
    }
    let plan = arguments.sinks.plan()?;
    let mut places = Places::default();
    let output = Output::stream(&arguments.common, &mut places)?;
    keep(arguments, output, places, plan)
}

/// Watches until a signal ends it; resets go to `output` and to whom `plan` names.
pub(crate) fn keep(arguments: &Watch, output: Output, places: Places, plan: Option<Plan>) -> Result<Completion> {
    let interrupt = Interrupt::heed_to_the_end().context("cannot heed signals")?;
    let mut watching = Watching::begin(arguments, output, places, plan)?;
    let mut timing = Timing::new(arguments);
    while !timing.is_over() && !interrupt.came() {
        watching.listen(timing.left())?;
        if timing.summary_is_due() {
            watching.sum_up()?;
        }
    }
    std::thread::sleep(LAST_WORDS);
    watching.end(arguments)?;
    Ok(Completion::Clean)
}

/// Everything that is there while resets are reported.
struct Watching {
    live: Live,
    second: Option<SecondSource>,
    filter: Filter,
    reporter: LiveReporter,
    output: Output,
    recorder: Option<Recorder>,
    pcap: Option<Pcap>,
}

impl Watching {
    fn begin(arguments: &Watch, output: Output, mut places: Places, plan: Option<Plan>) -> Result<Self> {
        let common = &arguments.common;
        let filter = Filter::of(arguments)?;
        let zone = explain::zone(&arguments.tz)?;
        for remark in filter.remarks() {
            output::remark(remark);
        }
        let mut live = Live::start_with(&kernel_filter(arguments, &filter))?;
        live.prefer(filter.interest());
        let recorder = arguments.record.as_deref().map(|path| Recorder::open(&places.place(path)?)).transpose()?;
        say_missing(live.missing());
        let second = if arguments.packets || arguments.pcap.is_some() { second_source(&mut live) } else { None };
        let pcap = arguments.pcap.as_deref().map(|path| Pcap::create(&places.place(path)?)).transpose()?;
        let language = output::language(common, arguments.format);
        let mut reporter = LiveReporter::new(&live, arguments.format, common, zone, language);
        let given_back = give_back_privileges();
        // Its threads go on sending and keeping; this one does not.
        if let Some(plan) = plan {
            reporter.pass_on(sinks::start(&plan, Quiet::of(common))?, output::language(common, Format::Json));
        }
        if let Err(error) = given_back.and_then(|()| lock_down()) {
            output::remark(&error);
        }
        let mut watching = Self { live, second, filter, reporter, output, recorder, pcap };
        let heading = watching.reporter.heading(now());
        watching.write(heading)?;
        if !common.quiet {
            output::remark(&watching.ready());
        }
        Ok(watching)
    }

    /// From now on the next reset is seen.
    fn ready(&self) -> String {
        let count = match self.filter.namespaces() {
            [] => network_namespaces().len(),
            wanted => wanted.len(),
        };
        let plural = if count == 1 { "" } else { "s" };
        format!("ready, watching {count} network namespace{plural}; Ctrl-C ends")
    }

    /// Waits at most so long and reports what comes.
    fn listen(&mut self, patience: Duration) -> Result<()> {
        let fds = self.second.iter().flat_map(|second| second.packets().fds());
        let item = self.live.next_beside(patience, fds)?;
        say_warnings(&mut self.live);
        if let Some(second) = &mut self.second {
            second.read(&mut self.live);
        }
        for remark in self.reporter.update_totals(&self.live) {
            output::remark(&remark);
        }
        if let Some(item) = item {
            self.take(item)?;
        }
        let Some(second) = &mut self.second else { return Ok(()) };
        let found = second.found(&self.live, now());
        self.report_found(found)
    }

    fn take(&mut self, item: LiveEvent) -> Result<()> {
        if let Some(recorder) = &mut self.recorder {
            recorder.take(&item)?;
        }
        match item {
            LiveEvent::Reset(reset) => {
                let reset = match &mut self.second {
                    Some(second) => second.hold(reset),
                    None => Some(reset),
                };
                match reset {
                    Some(reset) => self.report(&mut reset.outcome(), reset.event.account.netns, None),
                    None => Ok(()),
                }
            }
            LiveEvent::Folded(_) => {
                let Self { reporter, filter, .. } = self;
                let text = reporter.item(&item, |report| filter.shows(report));
                self.write(text)
            }
        }
    }

    fn report_found(&mut self, found: Vec<Found>) -> Result<()> {
        for Found { mut outcome, netns, more, left } in found {
            match more {
                None => self.report(&mut outcome, netns, left)?,
                Some(more) => {
                    let Self { reporter, filter, .. } = self;
                    let text = reporter.more(&outcome, netns, more, |report| filter.shows(report));
                    self.write(text)?;
                }
            }
        }
        Ok(())
    }

    /// Reports one; it may have left the namespace `left` without this host's TCP.
    fn report(&mut self, outcome: &mut Outcome, netns: u32, left: Option<u32>) -> Result<()> {
        let rules = match (&self.second, left) {
            (Some(second), Some(left)) => second.rules(left, outcome),
            _ => Vec::new(),
        };
        let Self { reporter, filter, .. } = self;
        let text = reporter.one(outcome, netns, &rules, |report| filter.shows(report));
        if text.is_some()
            && let (Some(pcap), Some(second)) = (&mut self.pcap, &mut self.second)
        {
            pcap.write(&second.unwritten(netns, outcome), &self.reporter.comment(outcome))?;
        }
        self.write(text)
    }

    fn write(&mut self, text: Option<String>) -> Result<()> {
        match text {
            Some(text) => self.output.write(&text).and_then(|()| self.output.flush()),
            None => Ok(()),
        }
    }

    fn sum_up(&mut self) -> Result<()> {
        let summary = self.reporter.summary(&self.live);
        self.write(Some(summary))
    }

    fn end(mut self, arguments: &Watch) -> Result<()> {
        for item in self.live.drain() {
            self.take(item)?;
        }
        if let Some(second) = &mut self.second {
            let found = second.finish(&mut self.live);
            self.report_found(found)?;
        }
        for remark in self.reporter.finish(&self.live) {
            output::remark(&remark);
        }
        if let Some(recorder) = self.recorder.take() {
            recorder.finish(self.live.lost() + self.live.only_counted())?;
        }
        if let Some(bare) = self.pcap.take().map(Pcap::finish).transpose()?.filter(|bare| *bare > 0) {
            output::remark(&format!("no packet was captured for {bare} of the reported resets"));
        }
        for remark in self.second.iter().flat_map(SecondSource::remarks) {
            output::remark(&remark);
        }
        if !arguments.common.quiet {
            self.sum_up()?;
        }
        self.output.finish()
    }
}

/// What the kernel side may pass over: a recording has all, so that its silence means something.
pub(super) fn kernel_filter(arguments: &Watch, filter: &Filter) -> KernelFilter {
    if arguments.record.is_some() { KernelFilter::default() } else { filter.in_kernel() }
}

/// Packets where that is permitted; where not, that is said.
fn second_source(live: &mut Live) -> Option<SecondSource> {
    match Packets::open() {
        Ok(packets) => {
            for remark in not_entered(&packets) {
                output::remark(&remark);
            }
            live.keep_sent_ends();
            if !live.sees_all_resets() {
                output::remark("cannot attribute firewall resets: kernel event stream incomplete");
            }
            Some(SecondSource::new(packets))
        }
        Err(errno) => {
            output::remark(&format!(
                "packets are not seen ({}): it needs CAP_NET_RAW; resets by firewalls are not reported, and those that \
                 others sent are not compared with their other packets",
                errno.desc()
            ));
            None
        }
    }
}

/// One line for each reason, however many namespaces there are.
fn not_entered(packets: &Packets) -> Vec<String> {
    let mut reasons: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (netns, why) in packets.not_entered() {
        reasons.entry(why).or_default().push(*netns);
    }
    let not_seen = reasons.into_iter().map(|(why, of)| match of.as_slice() {
        [netns] => format!("packets of network namespace {netns} are not seen: {why}"),
        [first, ..] => format!("packets of {} network namespaces ({first}, ...) are not seen: {why}", of.len()),
        [] => String::new(),
    });
    let unread = packets.rules_unread();
    let rules =
        (unread > 0).then(|| format!("the firewall rules of {unread} network namespaces were not read: too many"));
    not_seen.chain(rules).collect()
}

/// When to stop and when to sum up.
struct Timing {
    end: Option<Instant>,
    every: Option<Duration>,
    summed: Instant,
}

impl Timing {
    fn new(arguments: &Watch) -> Self {
        let began = Instant::now();
        Self {
            end: arguments.duration.and_then(|seconds| end(began, seconds)),
            every: arguments.summary_every.map(|seconds| Duration::from_secs(seconds.max(1))),
            summed: began,
        }
    }

    fn is_over(&self) -> bool {
        self.end.is_some_and(|end| Instant::now() >= end)
    }

    fn summary_is_due(&mut self) -> bool {
        let due = self.every.is_some_and(|every| self.summed.elapsed() >= every);
        if due {
            self.summed = Instant::now();
        }
        due
    }

    /// How long may be waited now.
    fn left(&self) -> Duration {
        self.end.map_or(PATIENCE, |end| end.saturating_duration_since(Instant::now()).min(PATIENCE))
    }
}

/// `None` where that is later than this machine's clock can tell: it does not end by itself then.
fn end(began: Instant, seconds: u64) -> Option<Instant> {
    began.checked_add(Duration::from_secs(seconds))
}

/// Writes the events into a recording, as it comes; what the recording covers is known at its end.
struct Recorder {
    file: BufWriter<WrittenFile>,
    name: String,
    from: Timestamp,
    addresses: BTreeSet<IpAddr>,
    /// Resets of which only the number is known.
    counted: u64,
}

impl Recorder {
    fn open(place: &Place) -> Result<Self> {
        let name = place.path().display().to_string();
        let file = BufWriter::new(place.growing()?);
        Ok(Self { file, name, from: now(), addresses: BTreeSet::new(), counted: 0 })
    }

    fn take(&mut self, item: &LiveEvent) -> Result<()> {
        let told = match item {
            LiveEvent::Reset(reset) => Told { reset: (**reset).clone(), more: 0 },
            LiveEvent::Folded(more) => Told { reset: more.like.clone(), more: more.count },
        };
        if matches!(told.reset.event.told, Word::Sent(_)) {
            self.addresses.insert(told.reset.event.local.ip);
        }
        self.counted += told.more;
        recording::write_reset(&mut self.file, &told).with_context(|| format!("cannot write {}", self.name))
    }

    /// Where some were only counted, silence means nothing.
    fn finish(mut self, lost: u64) -> Result<()> {
        let covered = Recording {
            addresses: self.addresses.into_iter().collect(),
            from: self.from,
            to: now(),
            lost: lost + self.counted,
            ..Recording::default()
        };
        recording::write(&mut self.file, &covered).with_context(|| format!("cannot write {}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_beyond_all_clocks_never_ends() {
        let began = Instant::now();
        assert_eq!(end(began, u64::MAX), None);
        assert_eq!(end(began, 2).map(|end| end - began), Some(Duration::from_secs(2)));
    }
}
