//! How to make a cause happen: the vocabulary of the files in `scenarios/`.
//!
//! A scenario is a story. Named processes (the [`Actor`]s) live on two hosts, `client` and
//! `server`; a [`Wire`] joins the hosts; [`Step`]s happen in order, each with what it must return;
//! and [`Expect`] says what the two captures and the kernel must show afterwards. Whoever needs a
//! router in the middle, or a second server, gives one a part in the story. It says nothing
//! about how namespaces, sockets or wires are made:
//!
//! ```
//! use whyrst_lab::scenario::{Action::*, CLIENT, Host, SERVER, Step};
//!
//! static STEPS: &[Step] = &[
//!     SERVER.does(Listen { port: 8888 }),
//!     CLIENT.does(Connect { to: Host::Server, port: 8888 }),
//!     SERVER.does(Accept),
//!     SERVER.does(Close),
//!     CLIENT.does(Read { most: 4096 }).gives(0),
//! ];
//! # assert_eq!(STEPS.len(), 5);
//! ```
//!
//! Two things are worth knowing. Steps of one actor that stand directly after each other run
//! without a pause between them, as lines of one program do. And a service that is restarted is a
//! second actor: a new process has nothing of the old one but its name.

use whyrst_core::time::Span;

pub use self::by_hand::{HandMade, SocketOption};
pub use self::expect::{But, Expect, First, Verdicts, View};
pub(crate) use self::opening::{OPENED, steps};
pub use self::packets::{Injected, Packet, PacketKind, Treatment, WireRule};

mod by_hand;
mod expect;
mod opening;
mod packets;

/// How a cause is shown to be real.
#[derive(Debug)]
pub enum Reproduction {
    /// The lab plays these; the first one carries the id of its cause.
    Lab(&'static [Scenario]),
    /// It cannot be played here, for the reason given.
    NotReproducible(&'static str),
}

impl Reproduction {
    /// What the lab plays.
    pub const fn scenarios(&self) -> &'static [Scenario] {
        match self {
            Self::Lab(scenarios) => scenarios,
            Self::NotReproducible(_) => &[],
        }
    }
}

/// One experiment.
#[derive(Debug)]
pub struct Scenario {
    /// `whyrst lab run` takes this id; kebab-case, unique over all causes.
    pub id: &'static str,
    /// What happens, as one sentence of a story.
    pub story: &'static str,
    /// What the article that started this project says of the case, if it tells it.
    pub article: Option<ArticleClaim>,
    /// Which IP version the actors use.
    pub family: Family,
    /// How the hosts are joined.
    pub wire: Wire,
    /// What happens, in order.
    pub steps: &'static [Step],
    /// What must be seen.
    pub expect: Expect,
}

impl Scenario {
    /// Over IPv4 on a plain wire.
    pub const fn new(id: &'static str, story: &'static str, steps: &'static [Step], expect: Expect) -> Self {
        Self { id, story, article: None, family: Family::V4, wire: Wire::PLAIN, steps, expect }
    }

    /// On another wire.
    #[must_use]
    pub const fn on(self, wire: Wire) -> Self {
        Self { wire, ..self }
    }

    /// Over IPv6.
    #[must_use]
    pub const fn over_ipv6(self) -> Self {
        Self { family: Family::V6, ..self }
    }

    /// With these first answers in place of those that the truth has of itself.
    #[must_use]
    pub const fn but(self, but: &'static [But]) -> Self {
        Self { expect: self.expect.but(but), ..self }
    }

    /// With what the article says of it.
    #[must_use]
    pub const fn told(self, says: &'static str, finding: Finding, measured: &'static str) -> Self {
        Self { article: Some(ArticleClaim { says, finding, measured }), ..self }
    }

    /// The longest a scenario may take before it counts as hung.
    pub const LIMIT: Span = Span::from_secs(10);

    /// Everybody who appears, in the order of first appearance.
    pub fn cast(&self) -> impl Iterator<Item = Actor> + '_ {
        let named = |step: &Step| [Some(step.actor), step.action.child()];
        let everyone = move |steps: &'static [Step]| steps.iter().flat_map(named).flatten();
        everyone(self.steps)
            .enumerate()
            .filter(move |(i, actor)| everyone(self.steps).take(*i).all(|earlier| earlier.name != actor.name))
            .map(|(_, actor)| actor)
    }

    /// The hosts of the stage: client and server always, others when they have a part.
    pub fn hosts(&self) -> impl Iterator<Item = Host> + '_ {
        let plays = |host: &Host| matches!(host, Host::Client | Host::Server) || self.cast().any(|a| a.host == *host);
        [Host::Client, Host::Server, Host::Router, Host::Standby].into_iter().filter(plays)
    }
}

/// IP version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// 10.77.0.1 and 10.77.0.2.
    V4,
    /// `fd77::1` and `fd77::2`.
    V6,
}

/// A place on the network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Host {
    /// 10.77.0.1, `fd77::1`.
    Client,
    /// 10.77.0.2, `fd77::2`.
    Server,
    /// 10.77.0.9, `fd77::9`: an address that nobody has. Packets to it reach the host at the other
    /// end of the wire, which ignores them.
    Silent,
    /// 10.77.0.3 towards the server, 10.77.0.4 towards the client (`fd77::3`, `fd77::4`): stands in
    /// the middle and forwards.
    Router,
    /// Has the server's address too. Packets for it arrive here once it has taken the address over.
    Standby,
}

impl Host {
    /// The host at the far end of the wire.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server | Self::Silent | Self::Router | Self::Standby => Self::Client,
        }
    }

    /// `client`, `server`, `silent`, `router` or `standby`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Silent => "silent",
            Self::Router => "router",
            Self::Standby => "standby",
        }
    }
}

/// The usual process on the client's host.
pub const CLIENT: Actor = Actor::on_client("client");

/// The usual process on the server's host.
pub const SERVER: Actor = Actor::on_server("server");

/// Whoever sets up the router.
pub const ROUTER: Actor = Actor { name: "router", host: Host::Router };

/// The process on the host that takes the server's address over.
pub const STANDBY: Actor = Actor { name: "standby", host: Host::Standby };

/// A process with a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Actor {
    /// Unique in its scenario; the process carries it too.
    pub name: &'static str,
    /// Where it runs.
    pub host: Host,
}

impl Actor {
    /// A process on the client's host.
    pub const fn on_client(name: &'static str) -> Self {
        Self { name, host: Host::Client }
    }

    /// A process on the server's host.
    pub const fn on_server(name: &'static str) -> Self {
        Self { name, host: Host::Server }
    }

    /// A step of this actor that must succeed.
    pub const fn does(self, action: Action) -> Step {
        Step { actor: self, action, outcome: ExpectedReturn::Succeeds, pace: Pace::Waits, took: None }
    }
}

/// One thing that one actor does, and what must come of it.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Who.
    pub actor: Actor,
    /// What.
    pub action: Action,
    /// With what result.
    pub outcome: ExpectedReturn,
    /// Whether the story waits for it.
    pub pace: Pace,
    /// How long the deciding call must take: at least and at most.
    pub took: Option<(Span, Span)>,
}

impl Step {
    /// The call returns exactly this number.
    #[must_use]
    pub const fn gives(self, value: i64) -> Self {
        Self { outcome: ExpectedReturn::Gives(value), ..self }
    }

    /// The call returns a number in this range, ends included.
    #[must_use]
    pub const fn gives_between(self, least: i64, most: i64) -> Self {
        Self { outcome: ExpectedReturn::GivesBetween(least, most), ..self }
    }

    /// The call returns -1 with this errno.
    #[must_use]
    pub const fn fails(self, errno: &'static str) -> Self {
        Self { outcome: ExpectedReturn::Fails(errno), ..self }
    }

    /// The process ends by this signal.
    #[must_use]
    pub const fn dies_of(self, signal: &'static str) -> Self {
        Self { outcome: ExpectedReturn::DiesOf(signal), ..self }
    }

    /// The deciding call takes at least `least` and at most `most` milliseconds.
    #[must_use]
    pub const fn taking_ms(self, least: i64, most: i64) -> Self {
        Self { took: Some((Span::from_millis(least), Span::from_millis(most))), ..self }
    }

    /// The story goes on while this is still happening; the actor's next step waits for it.
    #[must_use]
    pub const fn meanwhile(self) -> Self {
        Self { pace: Pace::Meanwhile, ..self }
    }
}

/// What must come of a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExpectedReturn {
    /// The deciding call does not fail.
    Succeeds,
    /// It returns this number.
    Gives(i64),
    /// It returns a number in this range, ends included.
    GivesBetween(i64, i64),
    /// It returns -1 with the errno of this name.
    Fails(&'static str),
    /// The process ends by the signal of this name before the call returns.
    DiesOf(&'static str),
}

/// Whether the story waits for a step to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pace {
    /// The next step of another actor begins when this one has ended.
    Waits,
    /// The next step of another actor begins at once.
    Meanwhile,
}

/// What an actor can do. An actor has at most one listener and one connection at a time.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// `socket`, `bind`, `listen`.
    Listen {
        /// TCP port.
        port: u16,
    },
    /// The same with room for few connections that wait to be accepted.
    ListenWithBacklog {
        /// TCP port.
        port: u16,
        /// What `listen` is given; Linux takes one more.
        backlog: u16,
    },
    /// `accept` a connection.
    Accept,
    /// A real `fork`: the child takes the connection, the parent closes its copy of it.
    Fork {
        /// Under this name the child plays on.
        child: Actor,
    },
    /// `connect` and wait for as long as it takes.
    Connect {
        /// Whose address.
        to: Host,
        /// TCP port.
        port: u16,
    },
    /// `connect` with a limit on the time it may take.
    ConnectWithin {
        /// Whose address.
        to: Host,
        /// TCP port.
        port: u16,
        /// The way the program limits it. With [`Limit::NonBlocking`] the deciding call is `poll`.
        limit: Limit,
        /// The limit in milliseconds.
        ms: u32,
    },
    /// `connect` again and again until somebody accepts; the result is how often it was refused.
    ConnectUntilAccepted {
        /// Whose address.
        to: Host,
        /// TCP port.
        port: u16,
        /// Pause after a refusal, in milliseconds.
        every_ms: u32,
    },
    /// `write` this many bytes.
    Write {
        /// How many.
        bytes: u32,
    },
    /// `write` exactly these octets.
    Say(&'static [u8]),
    /// Takes up the other of two connections: what it had laid aside before, or none yet. So a proxy
    /// holds one to its client and one to its upstream.
    OtherConnection,
    /// The next sockets are made with `IPPROTO_MPTCP`.
    UseMptcp,
    /// Runs `ip` of iproute2 with these words on the actor's host.
    Ip(&'static str),
    /// Wait until this many bytes are in the receive queue, without reading them.
    AwaitUnread {
        /// How many.
        bytes: u32,
    },
    /// One `read`.
    Read {
        /// Size of the buffer.
        most: u32,
    },
    /// `shutdown(SHUT_WR)`: says FIN, goes on reading.
    ShutdownWrite,
    /// `shutdown(SHUT_RDWR)`: says FIN and wants no more data, but keeps the socket.
    ShutdownBoth,
    /// `shutdown(SHUT_RD)`: wants no more data, and says nothing.
    ShutdownRead,
    /// Sets an option of the connection, or without one of the next socket.
    Set(SocketOption),
    /// The next connection has this source port.
    UsePort(u16),
    /// The next connection begins with this sequence number (`TCP_REPAIR`, `TCP_QUEUE_SEQ`).
    UseSequence(u32),
    /// `SO_LINGER {1, 0}`.
    LingerZero,
    /// `SO_KEEPALIVE` with its three times.
    Keepalive {
        /// Seconds of silence before the first probe.
        idle_s: u32,
        /// Seconds between probes.
        every_s: u32,
        /// Unanswered probes that are too many.
        probes: u32,
    },
    /// `SO_RCVTIMEO` in milliseconds.
    ReadTimeout(u32),
    /// `connect(AF_UNSPEC)`: dissolves the connection and keeps the socket.
    Dissolve,
    /// An administrator destroys the connection, as `ss -K` does (`SOCK_DESTROY`).
    IsDestroyed,
    /// `close` the connection.
    Close,
    /// `close` the listener.
    CloseListener,
    /// Sets the DSCP of the next connection.
    UseDscp(u8),
    /// From now on SIGPIPE ends this process, as it does by default. Actors ignore it otherwise.
    HeedSigpipe,
    /// The connection vanishes without a packet, as in a power cut (`TCP_REPAIR`, then `close`).
    Vanish,
    /// A SYN without options from a raw socket, as port scanners send it.
    RawSyn {
        /// TCP port.
        port: u16,
    },
    /// A SYN from a raw socket that wants to join a Multipath TCP connection by a token that nobody has.
    RawJoin {
        /// TCP port.
        port: u16,
    },
    /// An ACK of nothing from a raw socket.
    RawAck {
        /// TCP port.
        port: u16,
    },
    /// A segment with FIN, PSH and URG and no ACK from a raw socket, as an "Xmas" scan sends it.
    RawXmas {
        /// TCP port.
        port: u16,
    },
    /// From now on the actor hears what is sent to [`Host::Silent`] or to its own host, and can answer for it.
    StandIn,
    /// A segment made by hand, once [`Action::StandIn`] has been done.
    Segment(HandMade),
    /// The actor's host gets this sysctl, without waiting for anything.
    Sysctl {
        /// `net.ipv4.tcp_fin_timeout`
        name: &'static str,
        /// As written to its file.
        value: &'static str,
    },
    /// The whole machine gets this sysctl, because namespaces have none of their own, until the play
    /// is over. Only root may.
    MachineSysctl {
        /// `net.ipv4.tcp_max_orphans`
        name: &'static str,
        /// As written to its file.
        value: &'static str,
    },
    /// The network device of the actor's host goes down.
    LinkDown,
    /// The actor's host gets an nftables rule for input to this port.
    Firewall {
        /// TCP port.
        port: u16,
        /// What the rule answers.
        reject: Reject,
    },
    /// The actor's host gets these nftables rules, as `nft -f` reads them.
    Nft(&'static str),
    /// The actor's host gets a rule by this command line, `iptables ...` or `ip6tables ...`.
    Iptables(&'static str),
    /// The actor's host forgets every connection that its firewall or NAT tracks (`conntrack -F`).
    ForgetConnections,
    /// As [`Action::Listen`], but on the loopback address only.
    ListenOnLoopback {
        /// TCP port.
        port: u16,
    },
    /// From now on packets for the server's address go to this actor's host, as after a failover.
    TakesAddress,
    /// The actor's host loses its own address.
    LosesAddress,
    /// A SYN-ACK that nobody asked for, from a raw socket, to the client's first port.
    RawSynAck {
        /// Source port.
        port: u16,
    },
    /// The process is killed with SIGKILL from outside.
    IsKilled,
    /// Does nothing for this many milliseconds.
    Pause(u32),
}

impl Action {
    /// The actor that this step brings into being.
    pub const fn child(&self) -> Option<Actor> {
        match self {
            Self::Fork { child } => Some(*child),
            _ => None,
        }
    }
}

/// How a firewall rejects a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reject {
    /// With a TCP reset.
    TcpReset,
    /// With ICMP port unreachable.
    PortUnreachable,
}

impl Reject {
    /// As nftables writes it.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::TcpReset => "reject with tcp reset",
            Self::PortUnreachable => "reject with icmpx type port-unreachable",
        }
    }
}

/// How a program limits the time that `connect` takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// `SO_SNDTIMEO`.
    SendTimeout,
    /// `SO_RCVTIMEO`.
    ReceiveTimeout,
    /// `O_NONBLOCK`, then `poll`.
    NonBlocking,
}

/// How the hosts are joined.
#[derive(Clone, Copy, Debug)]
pub struct Wire {
    /// Delay from client to server, in microseconds.
    pub to_server_us: u32,
    /// Delay from server to client, in microseconds.
    pub to_client_us: u32,
    /// What else happens to some packets. The first rule that matches a packet decides.
    pub rules: &'static [WireRule],
    /// What it is made of.
    pub link: Link,
}

/// What a wire is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Link {
    /// Whatever the machine has: raw IP where it can.
    Any,
    /// Ethernet, for what needs a link layer to answer through (nftables' netdev family).
    Ethernet,
}

impl Wire {
    /// Five milliseconds each way and no surprises. A shorter round trip would let a busy machine
    /// look like a lossy network: Linux sends its tail loss probe after two round trips.
    pub const PLAIN: Self = Self::delays_us(5_000, 5_000);

    /// These delays and no surprises.
    pub const fn delays_us(to_server_us: u32, to_client_us: u32) -> Self {
        Self { to_server_us, to_client_us, rules: &[], link: Link::Any }
    }

    /// The same over Ethernet.
    #[must_use]
    pub const fn over_ethernet(self) -> Self {
        Self { link: Link::Ethernet, ..self }
    }

    /// The same with these rules.
    #[must_use]
    pub const fn with(self, rules: &'static [WireRule]) -> Self {
        Self { rules, ..self }
    }
}

/// What the article says of a case, and what to lay beside it.
#[derive(Clone, Copy, Debug)]
pub struct ArticleClaim {
    /// The claim, in our words.
    pub says: &'static str,
    /// Whether it holds.
    pub finding: Finding,
    /// What was measured here. Words in braces stand for this run's own numbers:
    ///
    /// | in braces | is replaced by |
    /// |---|---|
    /// | `client.connect` | result and duration of that actor's first call of that name |
    /// | `client.write#2` | the same for its second one; `#-1` is the last |
    /// | `client S>SA` | the time between the first SYN and the first SYN-ACK in that host's capture |
    /// | `client R` | the first RST in that host's capture, in tcpdump's notation |
    /// | `kernel` | the kernel's reasons, in order |
    pub measured: &'static str,
}

/// What became of a claim.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Finding {
    /// It holds.
    Holds,
    /// The core of it holds; a part is put differently here.
    HoldsCorrected,
    /// It does not hold on Linux.
    DoesNotHold,
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHILD: Actor = Actor::on_server("worker");

    #[test]
    fn the_cast_is_named_once_and_includes_forked_children() {
        static STEPS: &[Step] = &[
            SERVER.does(Action::Accept),
            SERVER.does(Action::Fork { child: CHILD }),
            CHILD.does(Action::Close),
            SERVER.does(Action::CloseListener),
        ];
        let story = Scenario::new("x", "", STEPS, Expect::QUIET);
        assert_eq!(story.cast().map(|actor| actor.name).collect::<Vec<_>>(), ["server", "worker"]);
    }
}
