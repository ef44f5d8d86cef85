//! The stacks and what each is asked to do: data.

/// A TCP stack that is not Linux's, at [`ADDRESS`] for the peer.
pub(super) struct Stack {
    pub(super) name: &'static str,
    /// The Debian package whose version is stated, or where else the version stands.
    pub(super) version: Version,
    /// A shell command that starts it and stays.
    pub(super) serve: &'static str,
    /// The same for the play in which its side connects.
    pub(super) connect: &'static str,
    /// What runs in the host's namespace beside it, where it only passes on what real sockets do.
    pub(super) behind: Option<Behind>,
}

pub(super) enum Version {
    Packages(&'static [&'static str]),
    CargoLock(&'static str),
}

pub(super) struct Behind {
    pub(super) serve: &'static str,
    pub(super) connect: &'static str,
}

/// Where the peer finds the stack.
pub(super) const ADDRESS: &str = "10.77.0.2";

/// What both namespaces have. The host has the peer's address, as pasta copies it, on an interface that leads nowhere: pasta
/// wants one with a default route.
pub(super) const NETWORK: &str = "
ip -n $PEER link set lo up
ip -n $HOST link set lo up
ip -n $PEER tuntap add tap0 mode tap
ip netns exec $PEER sysctl -qw net.ipv6.conf.tap0.disable_ipv6=1
ip -n $PEER addr add 10.77.0.1/24 dev tap0
ip -n $PEER link set tap0 up
ip -n $PEER route add default via 10.77.0.2
ip -n $HOST tuntap add up0 mode tap
ip -n $HOST addr add 10.77.0.1/24 dev up0
ip -n $HOST link set up0 up
ip -n $HOST route add default via 10.77.0.2
";

pub(super) const STACKS: &[Stack] = &[
    Stack {
        name: "lwip",
        version: Version::Packages(&["liblwip0"]),
        serve: "exec ip netns exec $PEER env PRECONFIGURED_TAPIF=tap0 ./lwip serve",
        connect: "exec ip netns exec $PEER env PRECONFIGURED_TAPIF=tap0 ./lwip connect",
        behind: None,
    },
    Stack {
        name: "smoltcp",
        version: Version::CargoLock("smoltcp"),
        serve: "exec ip netns exec $PEER ./smoltcp serve",
        connect: "exec ip netns exec $PEER ./smoltcp connect",
        behind: None,
    },
    Stack {
        name: "passt",
        version: Version::Packages(&["passt"]),
        serve: "exec ip netns exec $HOST pasta --foreground --runas 0 --netns-only --ipv4-only --address 10.77.0.1 \
                --netmask 255.255.255.0 --gateway 10.77.0.2 --ns-ifname tap0 -t none -T none -u none -U none \
                --netns /run/netns/$PEER",
        connect: "exec ip netns exec $HOST pasta --foreground --runas 0 --netns-only --ipv4-only --address 10.77.0.1 \
                  --netmask 255.255.255.0 --gateway 10.77.0.2 --ns-ifname tap0 -t 7010 -T none -u none -U none \
                  --netns /run/netns/$PEER",
        behind: Some(Behind { serve: "host.py serve", connect: "host.py connect 10.77.0.1 7010" }),
    },
    Stack {
        name: "slirp",
        version: Version::Packages(&["slirp4netns", "libslirp0"]),
        serve: "exec ip netns exec $HOST slirp4netns --netns-type=path --cidr=10.77.0.0/24 /run/netns/$PEER tap0",
        connect: "exec ip netns exec $HOST slirp4netns --netns-type=path --cidr=10.77.0.0/24 --api-socket api \
                  /run/netns/$PEER tap0",
        behind: Some(Behind { serve: "host.py serve", connect: "host.py connect 127.0.0.1 7010 ./api" }),
    },
];

/// What happens to a connection; `peer.py` knows each by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Play {
    /// Nobody listens.
    Refused,
    /// The stack's side has read everything and aborts.
    Abort,
    /// The stack's side closes and has not read everything.
    Unread,
    /// The stack's side has closed; the peer sends on.
    AfterClose,
    /// The stack is killed and started again; the peer sends on.
    Restart,
    /// The stack's side connects, reads and aborts.
    ClientAbort,
}

impl Play {
    pub(super) const ALL: [Self; 6] =
        [Self::Refused, Self::Abort, Self::Unread, Self::AfterClose, Self::Restart, Self::ClientAbort];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Abort => "abort",
            Self::Unread => "unread",
            Self::AfterClose => "after-close",
            Self::Restart => "restart",
            Self::ClientAbort => "client-abort",
        }
    }
}
