//! ClickHouse's HTTP interface in front of the engine, with weather: it may answer 503, and a road to it may be cut.
//!
//! The engine in a process has no queue for small inserts (`async_insert`), so that stands here: whatever waits
//! while it is busy goes in together, and every sender is answered when it is in (`wait_for_async_insert`).

use std::collections::HashMap;
use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll};
use std::thread::JoinHandle;

use anyhow::{Context as _, Result, anyhow};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::serve::Listener;
use flate2::read::GzDecoder;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use whyrst_telemetry::Place;

use crate::engine::Engine;

/// What `async_insert_max_data_size` is where nobody says anything else.
const TOGETHER: usize = 10 << 20;

/// Roads to the engine. All lead to the same front.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// Always open.
    Steady,
    /// Cut during the partition: connections break, and new ones as well.
    Cut,
    /// Answered with 503 while the receiver flaps.
    Flapping,
}

/// What is wrong at the moment.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Weather {
    pub(crate) partition: bool,
    pub(crate) away: bool,
}

/// What came, as totals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Came {
    pub(crate) requests: u64,
    pub(crate) refused: u64,
    /// Bytes as they were sent, and unpacked.
    pub(crate) packed: u64,
    pub(crate) bytes: u64,
    pub(crate) rows: u64,
    /// Inserts that the engine saw.
    pub(crate) inserts: u64,
}

struct Insert {
    table: String,
    rows: Vec<u8>,
    done: oneshot::Sender<Result<(), String>>,
}

#[derive(Default)]
struct Shared {
    partition: AtomicBool,
    away: AtomicBool,
    requests: AtomicU64,
    refused: AtomicU64,
    packed: AtomicU64,
    bytes: AtomicU64,
    rows: AtomicU64,
    inserts: AtomicU64,
}

#[derive(Clone)]
struct Answering {
    way: Way,
    shared: Arc<Shared>,
    queue: Sender<Insert>,
}

pub(crate) struct Front {
    shared: Arc<Shared>,
    places: HashMap<&'static str, Place>,
    engine: JoinHandle<Engine>,
    runtime: tokio::runtime::Runtime,
}

impl Front {
    pub(crate) fn start(engine: Engine) -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let (queue, waiting) = channel();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_io().enable_time().build()?;
        let mut places = HashMap::new();
        for way in [Way::Steady, Way::Cut, Way::Flapping] {
            let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).context("cannot listen on loopback")?;
            places.insert(way.name(), Place::new(&format!("http://{}", listener.local_addr()?))?);
            let answering = Answering { way, shared: Arc::clone(&shared), queue: queue.clone() };
            let router = Router::new().route("/", post(take)).with_state(answering);
            let router = router.layer(axum::extract::DefaultBodyLimit::max(64 << 20));
            let road = Road { listener, shared: (way == Way::Cut).then(|| Arc::clone(&shared)) };
            runtime.spawn(async move { axum::serve(road, router).await });
        }
        let counts = Arc::clone(&shared);
        let engine = std::thread::spawn(move || feed(engine, &waiting, &counts));
        Ok(Self { shared, places, engine, runtime })
    }

    pub(crate) fn place(&self, way: Way) -> Place {
        self.places[way.name()].clone()
    }

    pub(crate) fn set(&self, weather: Weather) {
        self.shared.partition.store(weather.partition, Relaxed);
        self.shared.away.store(weather.away, Relaxed);
    }

    /// Closes, and gives the engine back.
    pub(crate) fn finish(self) -> Result<(Engine, Came)> {
        // With the listeners the last senders of the queue go, and the engine's thread ends.
        self.runtime.shutdown_timeout(std::time::Duration::from_secs(5));
        let engine = self.engine.join().map_err(|_| anyhow!("the engine's thread panicked"))?;
        let Shared { requests, refused, packed, bytes, rows, inserts, .. } = &*self.shared;
        let [requests, refused, packed, bytes, rows, inserts] =
            [requests, refused, packed, bytes, rows, inserts].map(|count| count.load(Relaxed));
        Ok((engine, Came { requests, refused, packed, bytes, rows, inserts }))
    }
}

impl Way {
    const fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Cut => "cut",
            Self::Flapping => "flapping",
        }
    }
}

async fn take(State(front): State<Answering>, RawQuery(query): RawQuery, body: Bytes) -> (StatusCode, String) {
    let Answering { way, shared, queue } = front;
    shared.requests.fetch_add(1, Relaxed);
    if way == Way::Flapping && shared.away.load(Relaxed) {
        shared.refused.fetch_add(1, Relaxed);
        return (StatusCode::SERVICE_UNAVAILABLE, "away".to_owned());
    }
    let wrong = |what: &str| (StatusCode::BAD_REQUEST, what.to_owned());
    // `query=INSERT%20INTO%20whyrst.resets%20FORMAT%20JSONEachRow&...`
    let query = query.unwrap_or_default();
    let table = query.split_once("INTO%20whyrst.").and_then(|(_, rest)| rest.split_once("%20FORMAT%20JSONEachRow&"));
    let Some((table, _)) = table else { return wrong("no insert of rows") };
    let mut rows = Vec::new();
    if GzDecoder::new(&*body).read_to_end(&mut rows).is_err() {
        return wrong("not gzip");
    }
    shared.packed.fetch_add(body.len() as u64, Relaxed);
    shared.bytes.fetch_add(rows.len() as u64, Relaxed);
    shared.rows.fetch_add(rows.split(|byte| *byte == b'\n').count() as u64 - 1, Relaxed);
    let (done, answer) = oneshot::channel();
    if queue.send(Insert { table: table.to_owned(), rows, done }).is_err() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the engine has ended".to_owned());
    }
    match answer.await {
        Ok(Ok(())) => (StatusCode::OK, String::new()),
        Ok(Err(words)) => (StatusCode::BAD_REQUEST, words),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the engine has ended".to_owned()),
    }
}

/// Inserts what waits, table by table, until nobody can send any more.
fn feed(mut engine: Engine, waiting: &Receiver<Insert>, counts: &Shared) -> Engine {
    while let Ok(first) = waiting.recv() {
        let mut tables: HashMap<String, (Vec<u8>, Vec<oneshot::Sender<_>>)> = HashMap::new();
        let mut next = Some(first);
        let mut bytes = 0;
        while let Some(Insert { table, rows, done }) = next {
            bytes += rows.len();
            let (together, senders) = tables.entry(table).or_default();
            together.extend(rows);
            senders.push(done);
            next = (bytes < TOGETHER).then(|| waiting.try_recv().ok()).flatten();
        }
        for (table, (rows, senders)) in tables {
            counts.inserts.fetch_add(1, Relaxed);
            let done = engine.insert(&table, &rows).map_err(|error| format!("{error:#}"));
            if let Err(words) = &done {
                eprintln!("fleet: {words}");
            }
            for sender in senders {
                // Who has gone away meanwhile asks again.
                let _ = sender.send(done.clone());
            }
        }
    }
    engine
}

/// A listener whose connections break while there is a partition.
struct Road {
    listener: TcpListener,
    /// `None`: nothing ever happens to it.
    shared: Option<Arc<Shared>>,
}

impl Listener for Road {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, from) = Listener::accept(&mut self.listener).await;
        (Connection { stream, shared: self.shared.clone() }, from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

struct Connection {
    stream: TcpStream,
    shared: Option<Arc<Shared>>,
}

impl Connection {
    fn broken(&self) -> Option<io::Error> {
        let cut = self.shared.as_ref().is_some_and(|shared| shared.partition.load(Relaxed));
        cut.then(|| io::ErrorKind::ConnectionReset.into())
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        match self.broken() {
            // What came through is lost with the connection.
            Some(broken) if read.is_ready() => {
                into.set_filled(before);
                Poll::Ready(Err(broken))
            }
            _ => read,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
