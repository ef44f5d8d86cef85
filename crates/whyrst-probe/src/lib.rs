//! Asks the running kernel: every TCP reset that this host sends or receives, the moment it
//! happens, with the kernel's reason, the socket's own numbers and the process that owns it.
//!
//! The path of one reset: a program in `bpf/` hands a record to `probe`; `enrich` gives its numbers
//! names and its process a command line; `pairing` joins the two ends and drops duplicates; `conntrack`
//! says what NAT makes of their addresses; [`Live`] hands out the rest. `whyrst_core::live` then makes an
//! ending of it, which the same causes judge as any capture's.
//!
//! `bpf/probe.o` is compiled from `bpf/probe.bpf.c` by `cargo xtask bpf` and checked in, so that
//! nobody needs a BPF compiler to build whyrst.

mod aggregate;
mod btf;
mod cgroup;
mod conntrack;
mod counters;
mod enrich;
mod error;
mod event;
mod folding;
mod host;
mod interest;
mod kernel_filter;
mod layout;
mod live;
mod namespaces;
mod numbers;
mod order;
mod owner;
mod packets;
mod pairing;
mod probe;
mod procfs;
mod reason;
mod sock_diag;
mod symbols;
mod warning;

pub use cgroup::mount_point as cgroup_mount_point;
pub use counters::{OutRsts, SelfCheck};
pub use error::ProbeError;
pub use folding::FoldedResets;
pub use host::{Earlier, Hook, HostFacts, RejectRule, Socket, State};
pub use interest::{EndsOfInterest, Interest};
pub use kernel_filter::KernelFilter;
pub use live::{Live, LiveEvent, now};
pub use namespaces::{NAMED as NAMED_NAMESPACES, inodes as network_namespaces};
pub use packets::{Coverage, Direction, Firewall, Packet, Packets};
pub use probe::Missing;
pub use reason::of_stack as reason_of_stack;
pub use sock_diag::SocketList;
pub use symbols::may_translate;
pub use warning::Warning;
pub use whyrst_core::socket::SocketReset;
pub use whyrst_privileges::{give_back_privileges, lock_down};

/// Whether `record` is an event as the kernel's side writes it: for fuzzing.
pub fn is_event(record: &[u8]) -> bool {
    event::Event::parse(record).is_some()
}
