//! `whyrst serve`: the local page. Captures are read by a child of this program, so that the worst of
//! them costs a process and not the page.

use std::ffi::OsString;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use jiff::tz::TimeZone;
use nix::unistd::gethostname;
use tokio::runtime::Runtime;
use whyrst_core::incident::Incidents;
use whyrst_core::language::Language;
use whyrst_core::report::{Context, Explanation, incident, json};
use whyrst_probe::{Live, LiveEvent, SocketReset, give_back_privileges};
use whyrst_serve::{Analyst, Limits, Options, Served, SourceId, SourceKind, Store};

use crate::Completion;
use crate::args::{Format, Serve};
use crate::interrupt::Interrupt;
use crate::live_reporter::say_missing;
use crate::output;

/// How long a signal may go unnoticed.
const PATIENCE: Duration = Duration::from_millis(100);
/// How often incidents of the live host are looked for.
const INCIDENTS_EVERY: Duration = Duration::from_secs(2);

pub(crate) fn run(arguments: &Serve) -> Result<Completion> {
    let interrupt = Interrupt::heed().context("cannot heed signals")?;
    // The probe first: its failure ends the command before anybody opens the page.
    let live = arguments.live.then(Live::start).transpose()?;
    if let Some(live) = &live {
        say_missing(live.missing());
        if let Err(error) = give_back_privileges() {
            output::remark(&error);
        }
    }
    let language = output::language_of(arguments.lang, Format::Text);
    let store = Arc::new(Store::new(Limits::default()));
    let runtime = Runtime::new().context("cannot start the server's threads")?;
    let options = Options {
        listen: arguments.listen,
        upload: arguments.upload_limit,
        language,
        reproducible: whyrst_lab::reproducible,
    };
    let served = runtime.block_on(Served::bind(options, analyst(arguments, language)?, Arc::clone(&store)))?;
    announce(&served.url())?;
    if !arguments.quiet {
        output::remark("open this URL in a browser; Ctrl-C ends");
    }
    let watcher = live.map(|live| Watcher::start(live, store, language));
    let result = runtime.block_on(async {
        served.read(&arguments.files);
        tokio::select! {
            failed = served.run() => failed,
            () = until(&interrupt) => Ok(()),
        }
    });
    if let Some(watcher) = watcher {
        watcher.stop();
    }
    // Children and dropped captures go with it.
    runtime.shutdown_timeout(Duration::from_secs(2));
    result?;
    Ok(Completion::Clean)
}

fn analyst(arguments: &Serve, language: Language) -> Result<Analyst> {
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let memory = format!("--memory={}", arguments.memory);
    let language = format!("--lang={}", language.code());
    let words = ["explain", "--format=json", "--page", "--all", &memory, &language];
    Ok(Analyst { program, arguments: words.into_iter().map(OsString::from).collect() })
}

/// The first line of standard output.
fn announce(url: &str) -> Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{url}").and_then(|()| output.flush()).context("cannot write to standard output")
}

async fn until(interrupt: &Interrupt) {
    while !interrupt.came() {
        tokio::time::sleep(PATIENCE).await;
    }
}

/// Feeds the page with what the probe reports.
struct Watcher {
    stopped: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Watcher {
    fn start(live: Live, store: Arc<Store>, language: Language) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        let thread = std::thread::spawn(move || watch(live, &store, language, &stop));
        Self { stopped, thread }
    }

    fn stop(self) {
        self.stopped.store(true, Ordering::Relaxed);
        if self.thread.join().is_err() {
            output::remark("the live part had ended by itself");
        }
    }
}

fn watch(mut live: Live, store: &Store, language: Language, stop: &AtomicBool) {
    let mut host = Host::new(store, language);
    for missing in live.missing() {
        store.remark(host.source, &format!("this kernel does not give {}: {}", missing.what, missing.costs));
    }
    while !stop.load(Ordering::Relaxed) {
        match live.next(PATIENCE) {
            Ok(Some(item)) => host.report(&item, store),
            Ok(None) => {}
            Err(error) => return store.fail(host.source, &error.to_string()),
        }
        host.look_for_incidents(store);
    }
}

/// What the page of this host shows.
struct Host {
    source: SourceId,
    name: String,
    language: Language,
    incidents: Incidents,
    looked: Instant,
    /// Something came since incidents were looked for.
    fresh: bool,
}

impl Host {
    fn new(store: &Store, language: Language) -> Self {
        let name = gethostname().map_or_else(|_| "localhost".into(), |name| name.to_string_lossy().into_owned());
        let source = store.begin(&format!("{name}{}", language.pick(", live", "，实时")), SourceKind::Live);
        Self { source, name, language, incidents: Incidents::default(), looked: Instant::now(), fresh: false }
    }

    fn report(&mut self, item: &LiveEvent, store: &Store) {
        let (reset, count): (&SocketReset, u64) = match item {
            LiveEvent::Reset(reset) => (reset, 1),
            LiveEvent::Folded(more) => (&more.like, more.count),
        };
        let outcome = reset.outcome();
        let context = self.context(reset.event.account.netns);
        let report = Explanation::new(&outcome, &context);
        self.incidents.add(&outcome, &report.judgement);
        self.fresh = true;
        if let Err(error) = store.take(self.source, [json::page_line(&report, count).as_str()]) {
            store.remark(self.source, &format!("a reset cannot be kept: {error}"));
        }
    }

    fn context(&self, netns: u32) -> Context {
        Context { files: vec![format!("{}:{netns}", self.name)], zone: TimeZone::UTC, language: self.language }
    }

    fn look_for_incidents(&mut self, store: &Store) {
        if !self.fresh || self.looked.elapsed() < INCIDENTS_EVERY {
            return;
        }
        let context = self.context(0);
        store.set_incidents(
            self.source,
            self.incidents.found().iter().map(|one| incident::line(one, &context)).collect(),
        );
        self.fresh = false;
        self.looked = Instant::now();
    }
}
