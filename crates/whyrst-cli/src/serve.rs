//! `whyrst serve`: the local page. Captures are read by a child of this program, so that the worst of
//! them costs a process and not the page.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use jiff::tz::TimeZone;
use nix::unistd::gethostname;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use whyrst_core::incident::Incidents;
use whyrst_core::language::Language;
use whyrst_core::report::{Context, Explanation, incident, json};
use whyrst_privileges::{Duty, restrict};
use whyrst_probe::{Live, LiveEvent, SocketReset};
use whyrst_serve::{Analyst, Limits, Links, Options, Served, SourceId, SourceKind, Store};

use crate::Completion;
use crate::args::{Format, Serve};
use crate::crash::SERVING;
use crate::interrupt::Interrupt;
use crate::live_reporter::say_missing;
use crate::output;

/// How long a signal may go unnoticed.
const PATIENCE: Duration = Duration::from_millis(100);
/// How often incidents of the live host are looked for.
const INCIDENTS_EVERY: Duration = Duration::from_secs(2);

pub(crate) fn run(arguments: &Serve) -> Result<Completion> {
    let interrupt = Interrupt::heed_to_the_end().context("cannot heed signals")?;
    let language = output::language_of(arguments.lang, Format::Text);
    let store = Arc::new(Store::new(Limits::default()));
    // The probe first: its failure ends the command before anybody opens the page.
    let live = arguments.live.then(Live::start).transpose()?;
    let rights = if live.is_some() { Rights::Few } else { Rights::AsStarted };
    let watcher = live.map(|live| Watcher::start(live, &store, language));
    let runtime = runtime(rights).context("cannot start the server's threads")?;
    let options = Options {
        listen: arguments.listen,
        upload: arguments.upload_limit,
        language,
        reproducible: whyrst_lab::reproducible,
        lab_run: whyrst_lab::runs::run,
    };
    let served = runtime.block_on(Served::bind(options, analyst(arguments, language)?, Arc::clone(&store)))?;
    let links = served.links();
    announce(&links.now())?;
    if !arguments.quiet {
        output::remark("open this URL in a browser: it opens the page once, the next one follows; Ctrl-C ends");
    }
    // What a person has named is read with the right to read, by this thread's children; then it has none either.
    rights.reduce(whyrst_privileges::keep_reading);
    let watcher = runtime.block_on(async {
        served.read(&arguments.files);
        watcher.map(|(watcher, told)| {
            tokio::spawn(keep(told, Arc::clone(&store)));
            watcher
        })
    });
    rights.reduce(|| restrict(Duty::Serve));
    let result = runtime.block_on(async {
        tokio::select! {
            failed = served.run() => failed,
            () = tell_next(&links) => Ok(()),
            () = until(&interrupt) => Ok(()),
        }
    });
    if let Some(watcher) = watcher {
        watcher.stop();
    }
    // Children and dropped captures go with it.
    runtime.shutdown_timeout(Duration::from_secs(1));
    result?;
    Ok(Completion::Clean)
}

/// What the server's threads may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Rights {
    /// What whoever started it may do.
    AsStarted,
    /// What serving takes: it was started with the rights to ask the kernel.
    Few,
}

impl Rights {
    fn reduce(self, give_back: impl FnOnce() -> Result<(), String>) {
        if self == Self::Few
            && let Err(error) = give_back()
        {
            output::remark(&error);
        }
    }
}

/// Its threads begin with few rights; those that they start later have inherited that.
fn runtime(rights: Rights) -> std::io::Result<Runtime> {
    let before = whyrst_privileges::filters();
    let begin = move || {
        if whyrst_privileges::filters() <= before {
            rights.reduce(|| restrict(Duty::Serve));
        }
    };
    tokio::runtime::Builder::new_multi_thread().enable_all().thread_name(SERVING).on_thread_start(begin).build()
}

/// Each URL opens the page once. Who started it on a terminal gets the next one there; a program has asked for what it
/// needs, and need not read on.
async fn tell_next(links: &Links) {
    loop {
        let url = links.next().await;
        if std::io::stdout().is_terminal() {
            // A terminal that is gone ends the program in another way.
            announce(&url).unwrap_or_default();
        }
    }
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

/// What the watching thread has to say. It may write no file, so another one keeps it.
enum Said {
    Reset(String),
    Incidents(Vec<String>),
    Failed(String),
}

/// What may wait to be kept; beyond that the watching thread waits, and the kernel counts what it could not report.
const WAITING: usize = 4_096;

/// Keeps what comes from the watching thread.
async fn keep((source, mut said): (SourceId, Receiver<Said>), store: Arc<Store>) {
    while let Some(said) = said.recv().await {
        match said {
            Said::Reset(line) => {
                if let Err(error) = store.take(source, [line.as_str()]) {
                    store.remark(source, &format!("a reset cannot be kept: {error}"));
                }
            }
            Said::Incidents(lines) => store.set_incidents(source, lines),
            Said::Failed(cause) => store.fail(source, &cause),
        }
    }
}

/// Feeds the page with what the probe reports.
struct Watcher {
    stopped: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Watcher {
    fn start(live: Live, store: &Store, language: Language) -> (Self, (SourceId, Receiver<Said>)) {
        let missing: Vec<String> = live
            .missing()
            .iter()
            .map(|missing| format!("this kernel does not give {}: {}", missing.what, missing.costs))
            .collect();
        say_missing(live.missing());
        let (says, said) = channel(WAITING);
        let host = Host::new(language, says);
        let source = store.begin(&format!("{}{}", host.name, language.pick(", live", "，实时")), SourceKind::Live);
        for missing in &missing {
            store.remark(source, missing);
        }
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        let thread = std::thread::spawn(move || {
            if let Err(error) = restrict(Duty::Watch) {
                output::remark(&error);
            }
            watch(live, host, &stop);
        });
        (Self { stopped, thread }, (source, said))
    }

    fn stop(self) {
        self.stopped.store(true, Ordering::Relaxed);
        if self.thread.join().is_err() {
            output::remark("the live part had ended by itself");
        }
    }
}

fn watch(mut live: Live, mut host: Host, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        match live.next(PATIENCE) {
            Ok(Some(item)) => host.report(&item),
            Ok(None) => {}
            Err(error) => return host.say(Said::Failed(error.to_string())),
        }
        host.look_for_incidents();
    }
}

/// What the page of this host shows.
struct Host {
    says: Sender<Said>,
    name: String,
    language: Language,
    incidents: Incidents,
    looked: Instant,
    /// Something came since incidents were looked for.
    fresh: bool,
}

impl Host {
    fn new(language: Language, says: Sender<Said>) -> Self {
        let name = gethostname().map_or_else(|_| "localhost".into(), |name| name.to_string_lossy().into_owned());
        Self { says, name, language, incidents: Incidents::default(), looked: Instant::now(), fresh: false }
    }

    /// Nobody keeps it any more when the server ends.
    fn say(&self, said: Said) {
        self.says.blocking_send(said).unwrap_or_default();
    }

    fn report(&mut self, item: &LiveEvent) {
        let (reset, count): (&SocketReset, u64) = match item {
            LiveEvent::Reset(reset) => (reset, 1),
            LiveEvent::Folded(more) => (&more.like, more.count),
        };
        let outcome = reset.outcome();
        let context = self.context(reset.event.account.netns);
        let report = Explanation::new(&outcome, &context);
        self.incidents.add(&outcome, &report.judgement);
        self.fresh = true;
        self.say(Said::Reset(json::page_line(&report, count)));
    }

    fn context(&self, netns: u32) -> Context {
        Context { files: vec![format!("{}:{netns}", self.name)], zone: TimeZone::UTC, language: self.language }
    }

    fn look_for_incidents(&mut self) {
        if !self.fresh || self.looked.elapsed() < INCIDENTS_EVERY {
            return;
        }
        let context = self.context(0);
        self.say(Said::Incidents(self.incidents.found().iter().map(|one| incident::line(one, &context)).collect()));
        self.fresh = false;
        self.looked = Instant::now();
    }
}
