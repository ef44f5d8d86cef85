//! The proxy: one thread accepts, one thread carries each connection, and whoever has a [`Running`] may change what is
//! to happen.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use whyrst_model::provoke::{ProvokedReport, ProvokedSchema, ProvokedWhat};
use whyrst_model::segment::Endpoint;
use whyrst_model::time::Timestamp;

use crate::cause::{Cause, Moment};
use crate::error::ProvokeError;
use crate::port::{self, GATHER};
use crate::relay::{self, Ended};
use crate::strike::{self, Struck};
use crate::tally::Tally;
use crate::trouble::{After, Trouble};

/// More than anybody needs at a time.
const TROUBLES: usize = 64;

/// How often the accepting thread looks at what else there is to do.
const AGAIN: Duration = Duration::from_millis(50);

/// An upstream that does not answer.
const CONNECT: Duration = Duration::from_secs(5);

/// A relay needs little more than its buffers, and these are on the heap.
const STACK: usize = 192 << 10;

/// Who hears what is done.
pub type Sink = Arc<dyn Fn(&ProvokedReport<'_>) + Send + Sync>;

/// A proxy that has not begun.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// Its name in records and in the control API.
    pub name: String,
    /// Where it listens.
    pub listen: SocketAddr,
    /// Whom it connects to: host and port.
    pub upstream: String,
    /// Connections at a time, at most.
    pub most: usize,
    /// Where the drawing of shares begins: the same number, the same draws.
    pub seed: u64,
}

/// What was counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Connections that were accepted.
    pub connections: u64,
    /// Connections that are open.
    pub open: u64,
    /// Resets that were made to happen.
    pub provoked: u64,
    /// Those that could not be made to happen.
    pub failed: u64,
}

/// A proxy that runs. It ends when this is dropped.
pub struct Running {
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

pub(crate) struct Shared {
    proxy: Proxy,
    /// With the port that was free.
    listen: SocketAddr,
    troubles: Mutex<Vec<Entry>>,
    enabled: AtomicBool,
    stop: AtomicBool,
    open: Mutex<usize>,
    left: Condvar,
    accepted: AtomicU64,
    provoked: AtomicU64,
    failed: AtomicU64,
    sink: Sink,
}

/// A trouble since when.
#[derive(Clone, Debug)]
struct Entry {
    trouble: Trouble,
    since: Instant,
    /// A port is closed once.
    done: bool,
}

impl Proxy {
    /// Begins to listen and to carry.
    ///
    /// # Errors
    ///
    /// Where the address cannot be had, or the upstream has no address.
    pub fn run(self, troubles: Vec<Trouble>, sink: Sink) -> Result<Running, ProvokeError> {
        let upstream = resolve(&self.upstream)?;
        let listener = port::listen(self.listen)?;
        let listen = listener.local_addr().unwrap_or(self.listen);
        if upstream.contains(&listen) {
            return Err(ProvokeError::Itself(listen));
        }
        let shared = Arc::new(Shared {
            proxy: self,
            listen,
            troubles: Mutex::default(),
            enabled: AtomicBool::new(true),
            stop: AtomicBool::new(false),
            open: Mutex::new(0),
            left: Condvar::new(),
            accepted: AtomicU64::new(0),
            provoked: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            sink,
        });
        let mut running = Running { shared: Arc::clone(&shared), accepting: None };
        for trouble in troubles {
            running.add(trouble)?;
        }
        let accepting = std::thread::Builder::new().name("accept".into());
        let accepting = accepting.spawn(move || accept(&shared, listener)).map_err(ProvokeError::Thread)?;
        running.accepting = Some(accepting);
        Ok(running)
    }
}

fn resolve(upstream: &str) -> Result<Vec<SocketAddr>, ProvokeError> {
    let failed = |cause| ProvokeError::Upstream { upstream: upstream.to_owned(), cause };
    let found: Vec<SocketAddr> = upstream.to_socket_addrs().map_err(failed)?.collect();
    if found.is_empty() { Err(failed(io::Error::other("it has no address"))) } else { Ok(found) }
}

impl Running {
    /// Where it listens.
    pub fn listen(&self) -> SocketAddr {
        self.shared.listen
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        Counts {
            connections: self.shared.accepted.load(Ordering::Relaxed),
            open: *lock(&self.shared.open) as u64,
            provoked: self.shared.provoked.load(Ordering::Relaxed),
            failed: self.shared.failed.load(Ordering::Relaxed),
        }
    }

    /// Adds one, for connections that are accepted from now on.
    ///
    /// # Errors
    ///
    /// Where it makes no sense, its name is taken, or there are too many.
    pub fn add(&self, trouble: Trouble) -> Result<(), ProvokeError> {
        self.shared.add(trouble)
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join(); // a panic in the thread was already printed
        }
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("listen", &self.shared.listen).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that is held can be left half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    pub(crate) const fn listen(&self) -> SocketAddr {
        self.listen
    }

    pub(crate) fn add(&self, trouble: Trouble) -> Result<(), ProvokeError> {
        let trouble = trouble.checked()?;
        let mut troubles = lock(&self.troubles);
        if troubles.iter().any(|entry| entry.trouble.name == trouble.name) {
            return Err(ProvokeError::Taken(trouble.name));
        }
        if troubles.len() >= TROUBLES {
            return Err(ProvokeError::TooMany(TROUBLES));
        }
        troubles.push(Entry { trouble, since: Instant::now(), done: false });
        Ok(())
    }

    pub(crate) fn replace(&self, trouble: Trouble) -> Result<(), ProvokeError> {
        let trouble = trouble.checked()?;
        let fresh = Entry { since: Instant::now(), done: false, trouble };
        if let Some(entry) = lock(&self.troubles).iter_mut().find(|entry| entry.trouble.name == fresh.trouble.name) {
            *entry = fresh;
        }
        Ok(())
    }

    /// Whether there was one of that name.
    pub(crate) fn remove(&self, name: &str) -> bool {
        let mut troubles = lock(&self.troubles);
        let before = troubles.len();
        troubles.retain(|entry| entry.trouble.name != name);
        troubles.len() < before
    }

    pub(crate) fn troubles(&self) -> Vec<Trouble> {
        lock(&self.troubles).iter().map(|entry| entry.trouble.clone()).collect()
    }

    pub(crate) fn clear(&self) {
        lock(&self.troubles).clear();
        self.enabled.store(true, Ordering::Relaxed);
    }

    /// A proxy that is not enabled does not listen.
    pub(crate) fn enable(&self, enabled: bool) {
        self.enabled.store(enabled, Ordering::Relaxed);
    }

    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled.load(Ordering::Relaxed)
    }

    /// The first trouble whose share holds this connection's draw.
    fn draw(&self, number: u64) -> Option<Trouble> {
        let troubles = lock(&self.troubles);
        let mut of_connections = troubles.iter().filter(|entry| entry.trouble.cause.moment() != Moment::Port);
        let drawn = |at: usize| random(self.proxy.seed ^ number.rotate_left(20) ^ (at as u64).rotate_left(52));
        let of = |(at, entry): (usize, &Entry)| entry.trouble.share.holds(drawn(at)).then(|| entry.trouble.clone());
        of_connections.by_ref().enumerate().find_map(of)
    }

    /// A trouble of the port that is due; it is due once.
    fn due(&self) -> Option<(Cause, Duration)> {
        let mut troubles = lock(&self.troubles);
        let is_due = |entry: &&mut Entry| {
            let time = if let After::Time(time) = entry.trouble.after { time } else { Duration::ZERO };
            entry.trouble.cause.moment() == Moment::Port && !entry.done && entry.since.elapsed() >= time
        };
        let entry = troubles.iter_mut().find(is_due)?;
        entry.done = true;
        Some((entry.trouble.cause, entry.trouble.lasting))
    }

    fn say(&self, what: ProvokedWhat, cause: Option<Cause>, of: Option<&Connection>, unread: Option<u64>, text: &str) {
        match what {
            ProvokedWhat::Provoked => self.provoked.fetch_add(1, Ordering::Relaxed),
            ProvokedWhat::Failed => self.failed.fetch_add(1, Ordering::Relaxed),
            ProvokedWhat::UpstreamUnreachable | ProvokedWhat::Full => 0,
        };
        let tally = of.map(|it| it.tally);
        (self.sink)(&ProvokedReport {
            schema: ProvokedSchema::V1,
            time: now(),
            what,
            proxy: self.proxy.name.as_str().into(),
            cause: cause.map(|cause| cause.id().into()),
            connection: of.map(|it| it.number),
            client: of.map(|it| endpoint(it.client)),
            listen: endpoint(self.listen),
            upstream: self.proxy.upstream.as_str().into(),
            requests: tally.map_or(0, |tally| tally.requests),
            client_bytes: tally.map_or(0, |tally| tally.client_bytes),
            server_bytes: tally.map_or(0, |tally| tally.server_bytes),
            age_ms: tally.map_or(0.0, |tally| tally.began.elapsed().as_secs_f64() * 1_000.0),
            unread_bytes: unread,
            text: text.into(),
        });
    }
}

/// A number that looks drawn: `SplitMix64`, of Steele, Lea and Flood, "Fast splittable pseudorandom number generators".
const fn random(seed: u64) -> u64 {
    let mut state = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

const fn endpoint(address: SocketAddr) -> Endpoint {
    Endpoint::new(address.ip(), address.port())
}

/// One that is carried.
struct Connection {
    number: u64,
    client: SocketAddr,
    tally: Tally,
}

/// Accepts until the end; a listener that is gone for a while comes back.
fn accept(shared: &Arc<Shared>, listener: TcpListener) {
    let mut listener = Some(listener);
    let mut closed_until: Option<Instant> = None;
    while !shared.stop.load(Ordering::Relaxed) {
        if !shared.is_enabled() || closed_until.is_some_and(|until| Instant::now() < until) {
            listener = None;
            std::thread::sleep(AGAIN);
            continue;
        }
        closed_until = None;
        let Some(open) = listener.take().or_else(|| port::listen(shared.listen).ok()) else {
            std::thread::sleep(AGAIN);
            continue;
        };
        match shared.due() {
            Some((Cause::ClosedPort, lasting)) => {
                closed_until = Some(Instant::now() + lasting);
                let words = format!("nobody listens for {:.1} s", lasting.as_secs_f64());
                shared.say(ProvokedWhat::Provoked, Some(Cause::ClosedPort), None, None, &words);
            }
            Some((cause, _)) => close_pending(shared, cause, open),
            None => {
                if port::somebody_waits(&open, AGAIN) {
                    take(shared, &open);
                }
                listener = Some(open);
            }
        }
    }
}

/// Lets connections gather in the queue, and closes their listener.
fn close_pending(shared: &Shared, cause: Cause, listener: TcpListener) {
    while !port::somebody_waits(&listener, AGAIN) {
        if shared.stop.load(Ordering::Relaxed) {
            return;
        }
    }
    std::thread::sleep(GATHER);
    drop(listener);
    shared.say(ProvokedWhat::Provoked, Some(cause), None, None, "closed the listener with connections in its queue");
}

fn take(shared: &Arc<Shared>, listener: &TcpListener) {
    let Some(place) = Place::take(shared) else { return };
    let Ok((client, from)) = listener.accept() else { return };
    let number = shared.accepted.fetch_add(1, Ordering::Relaxed) + 1;
    let connection = Connection { number, client: from, tally: Tally::new(Instant::now()) };
    let thread = std::thread::Builder::new().name("relay".into()).stack_size(STACK);
    let begun = thread.spawn(move || {
        let shared = Arc::clone(&place.0);
        serve(&shared, client, connection);
        drop(place);
    });
    if let Err(error) = begun {
        shared.say(ProvokedWhat::Full, None, None, None, &format!("cannot start a thread: {error}"));
    }
}

/// One of the connections that may be open.
struct Place(Arc<Shared>);

impl Place {
    /// Waits a while where all are taken, and says so.
    fn take(shared: &Arc<Shared>) -> Option<Self> {
        let mut open = lock(&shared.open);
        if *open >= shared.proxy.most {
            let words = format!("{} connections are open: the next waits", shared.proxy.most);
            drop(open);
            shared.say(ProvokedWhat::Full, None, None, None, &words);
            open = lock(&shared.open);
            while *open >= shared.proxy.most {
                if shared.stop.load(Ordering::Relaxed) {
                    return None;
                }
                open = shared.left.wait_timeout(open, AGAIN).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        *open += 1;
        Some(Self(Arc::clone(shared)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *lock(&self.0.open) -= 1;
        self.0.left.notify_one();
    }
}

fn serve(shared: &Shared, client: TcpStream, mut connection: Connection) {
    let server = match reach(&shared.proxy.upstream) {
        Ok(server) => server,
        Err(error) => {
            let words = format!("cannot reach the upstream {}: {error}", shared.proxy.upstream);
            shared.say(ProvokedWhat::UpstreamUnreachable, None, Some(&connection), None, &words);
            return strike::end_in_order(&client);
        }
    };
    // What a proxy holds back would be its own doing.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let trouble = shared.draw(connection.number);
    let ended = relay::carry(client, &server, trouble.as_ref(), &mut connection.tally, &shared.stop);
    if let (Ok(Ended::Struck(client)), Some(trouble)) = (ended, trouble) {
        match strike::strike(trouble.cause, client) {
            Ok(Struck { unread, words }) => {
                shared.say(ProvokedWhat::Provoked, Some(trouble.cause), Some(&connection), unread, &words);
            }
            Err(error) => {
                let words = format!("could not: {error}");
                shared.say(ProvokedWhat::Failed, Some(trouble.cause), Some(&connection), None, &words);
            }
        }
    }
}

fn reach(upstream: &str) -> io::Result<TcpStream> {
    let mut last = io::Error::other("it has no address");
    for address in upstream.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}
