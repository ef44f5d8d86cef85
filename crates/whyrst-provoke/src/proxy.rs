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
use crate::files;
use crate::port::{self, GATHER};
use crate::relay::{self, Ended};
use crate::strike::{self, Struck};
use crate::tally::Tally;
use crate::trouble::{After, Drawn, Trouble};

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
    /// Connections and ports that were closed, so that who speaks next is reset.
    pub closed: u64,
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
    closed: AtomicU64,
    failed: AtomicU64,
    sink: Sink,
}

/// A trouble since when.
#[derive(Clone, Debug)]
struct Entry {
    drawn: Drawn,
    since: Instant,
    /// A port is closed once.
    done: bool,
}

impl Entry {
    fn new(trouble: Trouble) -> Self {
        Self { drawn: Drawn::new(trouble), since: Instant::now(), done: false }
    }

    fn name(&self) -> &str {
        &self.drawn.trouble.name
    }
}

impl Proxy {
    /// Begins to listen and to carry.
    ///
    /// # Errors
    ///
    /// Where the address cannot be had, the upstream has no address or leads back here, or so many connections need
    /// more descriptors than this process may have.
    pub fn run(self, troubles: Vec<Trouble>, sink: Sink) -> Result<Running, ProvokeError> {
        let upstream = resolve(&self.upstream)?;
        files::enough_for(self.most)?;
        let listener = port::listen(self.listen)?;
        let listen = listener.local_addr().unwrap_or(self.listen);
        if upstream.iter().any(|to| port::leads_to(*to, listen)) {
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
            closed: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            sink,
        });
        let mut running = Running { shared: Arc::clone(&shared), accepting: None };
        for trouble in troubles {
            running.add(trouble)?;
        }
        let accepting = std::thread::Builder::new().name("accept".into());
        let accepting =
            accepting.spawn(move || Accepting::new(shared, listener).run()).map_err(ProvokeError::Thread)?;
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
            closed: self.shared.closed.load(Ordering::Relaxed),
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
        if troubles.iter().any(|entry| entry.name() == trouble.name) {
            return Err(ProvokeError::Taken(trouble.name));
        }
        if troubles.len() >= TROUBLES {
            return Err(ProvokeError::TooMany(TROUBLES));
        }
        troubles.push(Entry::new(trouble));
        Ok(())
    }

    /// Who has drawn what there was before meets neither.
    pub(crate) fn replace(&self, trouble: Trouble) -> Result<(), ProvokeError> {
        let trouble = trouble.checked()?;
        if let Some(entry) = lock(&self.troubles).iter_mut().find(|entry| entry.name() == trouble.name) {
            entry.drawn.call_off();
            *entry = Entry::new(trouble);
        }
        Ok(())
    }

    /// Whether there was one of that name.
    pub(crate) fn remove(&self, name: &str) -> bool {
        let mut troubles = lock(&self.troubles);
        let Some(at) = troubles.iter().position(|entry| entry.name() == name) else { return false };
        troubles.remove(at).drawn.call_off();
        true
    }

    pub(crate) fn troubles(&self) -> Vec<Trouble> {
        lock(&self.troubles).iter().map(|entry| entry.drawn.trouble.clone()).collect()
    }

    /// Everything passes, also on connections that were to meet something.
    pub(crate) fn clear(&self) {
        lock(&self.troubles).drain(..).for_each(|entry| entry.drawn.call_off());
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
    fn draw(&self, number: u64) -> Option<Drawn> {
        let troubles = lock(&self.troubles);
        let mut of_connections = troubles.iter().filter(|entry| entry.drawn.trouble.cause.moment() != Moment::Port);
        let drawn = |at: usize| random(self.proxy.seed ^ number.rotate_left(20) ^ (at as u64).rotate_left(52));
        let holds = |at, entry: &Entry| entry.drawn.trouble.share.holds(drawn(at));
        let of = |(at, entry): (usize, &Entry)| holds(at, entry).then(|| entry.drawn.clone());
        of_connections.by_ref().enumerate().find_map(of)
    }

    /// A trouble of the port that is due; it is due once.
    fn due(&self) -> Option<Drawn> {
        let mut troubles = lock(&self.troubles);
        let is_due = |entry: &&mut Entry| {
            let trouble = &entry.drawn.trouble;
            let time = if let After::Time(time) = trouble.after { time } else { Duration::ZERO };
            trouble.cause.moment() == Moment::Port && !entry.done && entry.since.elapsed() >= time
        };
        let entry = troubles.iter_mut().find(is_due)?;
        entry.done = true;
        Some(entry.drawn.clone())
    }

    fn say(&self, what: ProvokedWhat, cause: Option<Cause>, of: Option<&Connection>, unread: Option<u64>, text: &str) {
        match what {
            ProvokedWhat::Provoked => self.provoked.fetch_add(1, Ordering::Relaxed),
            ProvokedWhat::Closed => self.closed.fetch_add(1, Ordering::Relaxed),
            ProvokedWhat::Failed => self.failed.fetch_add(1, Ordering::Relaxed),
            ProvokedWhat::UpstreamUnreachable
            | ProvokedWhat::Full
            | ProvokedWhat::CannotAccept
            | ProvokedWhat::CannotListen => 0,
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

/// The thread that accepts until the end; a listener that is gone for a while comes back.
struct Accepting {
    shared: Arc<Shared>,
    listener: Option<TcpListener>,
    /// Until when the port stays closed, and what says so.
    closed: Option<(Instant, Drawn)>,
    /// What keeps connections waiting was said.
    said: Option<ProvokedWhat>,
}

impl Accepting {
    const fn new(shared: Arc<Shared>, listener: TcpListener) -> Self {
        Self { shared, listener: Some(listener), closed: None, said: None }
    }

    fn run(mut self) {
        while !self.shared.stop.load(Ordering::Relaxed) {
            if !self.shared.is_enabled() || self.is_closed() {
                self.listener = None;
                std::thread::sleep(AGAIN);
            } else if let Some(listener) = self.listener.take().or_else(|| self.listen_again()) {
                self.listener = match self.shared.due() {
                    Some(drawn) if drawn.trouble.cause == Cause::ClosedPort => {
                        self.close(drawn);
                        None
                    }
                    Some(drawn) => close_pending(&self.shared, &drawn, listener),
                    None => {
                        self.accept(&listener);
                        Some(listener)
                    }
                };
            }
        }
    }

    fn is_closed(&self) -> bool {
        self.closed.as_ref().is_some_and(|(until, drawn)| Instant::now() < *until && drawn.trouble().is_some())
    }

    /// Nobody listens for a while.
    fn close(&mut self, drawn: Drawn) {
        let lasting = drawn.trouble.lasting;
        self.closed = Some((Instant::now() + lasting, drawn));
        let words = format!("nobody listens for {:.1} s", lasting.as_secs_f64());
        self.shared.say(ProvokedWhat::Closed, Some(Cause::ClosedPort), None, None, &words);
    }

    /// Another program may have taken the port meanwhile.
    fn listen_again(&mut self) -> Option<TcpListener> {
        match port::listen(self.shared.listen) {
            Ok(listener) => {
                self.said = None;
                Some(listener)
            }
            Err(error) => {
                self.say_once(ProvokedWhat::CannotListen, &format!("{error}; it is tried again and again"));
                std::thread::sleep(AGAIN);
                None
            }
        }
    }

    /// The next one, if it comes soon and there is place for it.
    fn accept(&mut self, listener: &TcpListener) {
        if !port::somebody_waits(listener, AGAIN) {
            return;
        }
        let Some(place) = Place::take(&self.shared) else {
            let words = format!("{} connections are open: the next waits", self.shared.proxy.most);
            self.say_once(ProvokedWhat::Full, &words);
            return Place::wait(&self.shared);
        };
        match listener.accept() {
            Ok((client, from)) => {
                self.said = None;
                begin(place, client, from);
            }
            // It broke off while it waited.
            Err(error) if [io::ErrorKind::WouldBlock, io::ErrorKind::ConnectionAborted].contains(&error.kind()) => {}
            Err(error) => {
                self.say_once(ProvokedWhat::CannotAccept, &format!("cannot accept a connection, which waits: {error}"));
                std::thread::sleep(AGAIN);
            }
        }
    }

    fn say_once(&mut self, what: ProvokedWhat, words: &str) {
        if self.said != Some(what) {
            self.said = Some(what);
            self.shared.say(what, None, None, None, words);
        }
    }
}

/// Lets connections gather in the queue, and closes their listener; keeps it where that is called off.
fn close_pending(shared: &Shared, drawn: &Drawn, listener: TcpListener) -> Option<TcpListener> {
    let is_wanted = || drawn.trouble().is_some() && shared.is_enabled() && !shared.stop.load(Ordering::Relaxed);
    while !port::somebody_waits(&listener, AGAIN) {
        if !is_wanted() {
            return Some(listener);
        }
    }
    std::thread::sleep(GATHER);
    drop(listener);
    let words = "closed the listener with connections in its queue";
    shared.say(ProvokedWhat::Provoked, Some(drawn.trouble.cause), None, None, words);
    None
}

fn begin(place: Place, client: TcpStream, from: SocketAddr) {
    let shared = Arc::clone(&place.0);
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
    /// `None` where all are taken.
    fn take(shared: &Arc<Shared>) -> Option<Self> {
        let mut open = lock(&shared.open);
        if *open >= shared.proxy.most {
            return None;
        }
        *open += 1;
        Some(Self(Arc::clone(shared)))
    }

    /// Until one may be free.
    fn wait(shared: &Shared) {
        let open = lock(&shared.open);
        if *open >= shared.proxy.most {
            drop(shared.left.wait_timeout(open, AGAIN));
        }
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
            return strike::end_in_order(&client, &shared.stop);
        }
    };
    // What a proxy holds back would be its own doing.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let drawn = shared.draw(connection.number);
    let ended = relay::carry(client, &server, drawn.as_ref(), &mut connection.tally, &shared.stop);
    if let (Ended::Struck(client), Some(drawn)) = (ended, drawn) {
        let cause = drawn.trouble.cause;
        match strike::strike(cause, client, &shared.stop) {
            Ok(Struck { unread, words }) => {
                let only_closed = cause.waits_for_the_client();
                let what = if only_closed { ProvokedWhat::Closed } else { ProvokedWhat::Provoked };
                shared.say(what, Some(cause), Some(&connection), unread, &words);
            }
            Err(error) => {
                let words = format!("could not: {error}");
                shared.say(ProvokedWhat::Failed, Some(cause), Some(&connection), None, &words);
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
