//! The server: where it listens, what it reads, and who may ask it.

use std::fs::File;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use thiserror::Error;
use tokio::io::BufReader;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use whyrst_core::cause::Cause;
use whyrst_core::language::Language;
use whyrst_core::report::beside::LabRun;
use whyrst_core::report::catalogue::Reproducible;
use whyrst_model::recording::CoverageSchema;
use whyrst_page::{SourceId, SourceKind};

use crate::analyst::{Analyst, BUFFER, Reader, take_lines};
use crate::api;
use crate::guard::{Access, Token};
use crate::input::{Again, Input};
use crate::lines::Lines;
use crate::store::Store;

/// Dropped captures that arrive, wait or are explained; and those that are explained at once.
const ARRIVING: usize = 8;
const EXPLAINED: usize = 2;
/// Pages that are told of changes at once: half of the connections.
const LISTENERS: usize = whyrst_http::CONNECTIONS / 2;

/// How the server is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Octets of a dropped capture, at most.
    pub upload: u64,
    /// What the page and its messages are written in; reports come as they are.
    pub language: Language,
    /// What the lab says of a cause, for the cause's page.
    pub reproducible: fn(&Cause) -> Reproducible,
    /// What the lab recorded of a cause, to stand beside a reset.
    pub lab_run: fn(&str, Language) -> Option<LabRun>,
}

/// Why it cannot serve.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The address cannot be had.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// Which one.
        address: SocketAddr,
        /// What the kernel says.
        cause: std::io::Error,
    },
    /// There are no random numbers for a token.
    #[error("cannot make a token: {0}")]
    Token(getrandom::Error),
    /// The listening socket failed.
    #[error("cannot go on listening: {0}")]
    Accept(std::io::Error),
}

/// What all requests use.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) store: Arc<Store>,
    pub(crate) analyst: Analyst,
    pub(crate) options: Options,
    pub(crate) address: SocketAddr,
    pub(crate) access: Access,
    pub(crate) arriving: Arc<Semaphore>,
    pub(crate) explained: Semaphore,
    pub(crate) listeners: Arc<Semaphore>,
}

impl Deref for Shared {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Shared {
    /// Begins to read `input` for a source, which can be read again from now on.
    pub(crate) fn start(&self, source: SourceId, input: Input) -> std::io::Result<Reader> {
        let again = Again::of(&input)?;
        let reader = self.analyst.start(input)?;
        self.store.keep_input(source, again);
        Ok(reader)
    }
}

/// A server that listens.
#[derive(Debug)]
pub struct Served {
    listener: TcpListener,
    shared: Shared,
}

impl Served {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the address is taken or not this host's.
    pub async fn bind(options: Options, analyst: Analyst, store: Arc<Store>) -> Result<Self, ServeError> {
        let wanted = options.listen;
        let refused = |cause| ServeError::Listen { address: wanted, cause };
        let listener = TcpListener::bind(wanted).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let shared = Shared(Arc::new(Inner {
            store,
            analyst,
            options,
            address,
            access: Access::random().map_err(ServeError::Token)?,
            arriving: Arc::new(Semaphore::new(ARRIVING)),
            explained: Semaphore::new(EXPLAINED),
            listeners: Arc::new(Semaphore::new(LISTENERS)),
        }));
        Ok(Self { listener, shared })
    }

    /// The addresses that open the page.
    pub fn links(&self) -> Links {
        Links(self.shared.clone())
    }

    /// Reads files: those with JSON lines one by one, captures together as one that was rotated. They are opened by
    /// the thread that asks for it, and captures are read with its rights; within the runtime.
    pub fn read(&self, files: &[PathBuf]) {
        let mut captures = Vec::new();
        for file in files {
            match Content::of(file) {
                Content::Reports => {
                    let (shared, path, file) = (self.shared.clone(), file.clone(), File::open(file));
                    tokio::spawn(async move { read_recording(&shared, &path, file).await });
                }
                Content::Events => self.explain(vec![file.clone()], SourceKind::Recording),
                Content::Capture => captures.push(file.clone()),
            }
        }
        if !captures.is_empty() {
            self.explain(captures, SourceKind::Capture);
        }
    }

    fn explain(&self, files: Vec<PathBuf>, kind: SourceKind) {
        let shared = self.shared.clone();
        let source = shared.store.begin(&names(&files, shared.options.language), kind);
        match shared.start(source, Input::Named(files)) {
            Ok(reader) => drop(tokio::spawn(async move { reader.follow(&shared.store, source).await })),
            Err(error) => shared.store.fail(source, &error.to_string()),
        }
    }

    /// Answers for ever.
    ///
    /// # Errors
    /// When the listening socket fails.
    pub async fn run(self) -> Result<(), ServeError> {
        whyrst_http::serve(self.listener, api::router(self.shared)).await.map_err(ServeError::Accept)
    }
}

/// Addresses that open the page, one after the other: each can be used once.
#[derive(Clone, Debug)]
pub struct Links(Shared);

impl Links {
    /// The one that can be used now.
    pub fn now(&self) -> String {
        self.url(self.0.access.link())
    }

    /// Waits until that was used; the one after it.
    pub async fn next(&self) -> String {
        self.url(self.0.access.next_link().await)
    }

    fn url(&self, link: Option<Token>) -> String {
        let address = self.0.address;
        // A browser cannot go to "all addresses".
        let ip = match address.ip() {
            ip if !ip.is_unspecified() => ip,
            std::net::IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            std::net::IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        };
        let page = format!("http://{}/", SocketAddr::new(ip, address.port()));
        // What stands behind # never leaves the browser.
        link.map_or_else(|| page.clone(), |link| format!("{page}#link={link}"))
    }
}

async fn read_recording(shared: &Shared, path: &Path, file: std::io::Result<File>) {
    let store = &shared.store;
    let source = store.begin(&path.display().to_string(), SourceKind::Recording);
    let read = async {
        let file = tokio::fs::File::from_std(file?);
        take_lines(Lines::of(BufReader::with_capacity(BUFFER, file)), store, source).await
    };
    match read.await {
        Ok(strange) => {
            if strange > 0 {
                store.remark(source, &strange_lines(strange, shared.options.language));
            }
            store.finish(source);
        }
        Err(error) => store.fail(source, &format!("cannot read {}: {error}", path.display())),
    }
}

fn strange_lines(number: u64, language: Language) -> String {
    match language {
        Language::English => format!("{number} lines are nothing that a page shows, and were passed over"),
        Language::Chinese => format!("跳过 {number} 行：不是页面能显示的内容"),
    }
}

/// What a named file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Content {
    /// Lines of the JSON contract, as `explain` and `watch` print them.
    Reports,
    /// Events of a kernel, as `watch --record` keeps them: they are judged as a capture is.
    Events,
    /// Packets, or what is no file that can be looked into before it is read.
    Capture,
}

impl Content {
    /// No capture begins with a brace; which recording it is stands in its first line.
    fn of(file: &Path) -> Self {
        use std::io::Read;
        const LONGEST_HEAD: u64 = 64 << 10;
        let is_file = std::fs::metadata(file).is_ok_and(|data| data.is_file());
        let mut first = Vec::new();
        let read = File::open(file).and_then(|file| file.take(LONGEST_HEAD).read_to_end(&mut first));
        if !is_file || read.is_err() || !first.starts_with(b"{") {
            return Self::Capture;
        }
        let line = first.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let head = serde_json::from_slice::<Head>(line);
        if head.is_ok_and(|head| head.schema == CoverageSchema::V1) { Self::Events } else { Self::Reports }
    }
}

/// The beginning of a recording of events.
#[derive(Deserialize)]
struct Head {
    schema: CoverageSchema,
}

fn names(files: &[PathBuf], language: Language) -> String {
    match files {
        [one] if one.as_os_str() == "-" => language.pick("standard input", "标准输入").to_owned(),
        [one] => one.display().to_string(),
        [first, rest @ ..] => {
            let (first, others) = (first.display(), rest.len());
            match language {
                Language::English => format!("{first} and {others} more"),
                Language::Chinese => format!("{first} 等 {} 个", others + 1),
            }
        }
        [] => String::new(),
    }
}
