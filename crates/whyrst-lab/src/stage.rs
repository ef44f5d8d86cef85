//! The stage: the hosts, the wire between them, the capture at both ends and the kernel's trace.
//! Whatever was set up is taken down when its owner is dropped, in whichever way the play ends.

use std::path::PathBuf;

use whyrst_probe::{KernelFilter, Live};

use crate::actor::process::{Process, fork_cast};
use crate::error::LabError;
use crate::machine::Machine;
use crate::netns::{self, Netns};
use crate::played::Wiring;
use crate::plug;
use crate::scenario::{Action, Host, Scenario};
use crate::sys;
use crate::tap::{Tap, Taps};
use crate::trace::Trace;
use crate::wire::Wire;

/// Everything that a play needs, in the order in which it is taken down: first the recordings,
/// then the actors, so that their end is not recorded; then the wire and the namespaces.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) trace: Result<Trace, String>,
    /// The probe, where this kernel lets us.
    pub(crate) probe: Result<Live, String>,
    /// Inodes of the hosts' namespaces.
    pub(crate) inodes: Vec<u32>,
    pub(crate) taps: Taps,
    pub(crate) cast: Vec<Process>,
    pub(crate) wire: Wire,
    pub(crate) wiring: Wiring,
    pub(crate) machine: Machine,
    _home: Home,
    _haste: Haste,
}

impl Stage {
    /// Builds it. Actors are forked while this process has one thread; then the threads start.
    pub(crate) fn build(scenario: &'static Scenario) -> Result<Self, LabError> {
        netns::ensure_single_thread()?;
        require_programs(scenario)?;
        let machine = Machine::borrow(scenario)?;
        let haste = Haste(sys::hurry());
        let home = Home(Netns::current()?);
        let hosts: Vec<(Host, Netns)> =
            scenario.hosts().map(|host| Netns::fresh().map(|netns| (host, netns))).collect::<Result<_, _>>()?;
        let cast = fork_cast(scenario, &hosts)?;
        let (plugs, wiring) = plug::plug_in(&hosts, scenario.wire.link)?;
        let inodes: Vec<u32> = hosts.iter().map(|(_, netns)| netns.inode()).collect();
        let taps = listen(&hosts)?;
        let trace = Trace::start();
        let probe = Live::start_with(&only_of(&inodes)).map_err(|error| error.to_string());
        let taps = Taps::start(taps)?;
        let wire = Wire::start(plugs, scenario.wire)?;
        Ok(Self { trace, probe, inodes, taps, cast, wire, wiring, machine, _home: home, _haste: haste })
    }
}

/// The probe hears these hosts alone: a stranger's flood must not overflow its ring.
fn only_of(inodes: &[u32]) -> KernelFilter {
    let all_known = inodes.iter().all(|inode| *inode != 0);
    let hosts = inodes.iter().copied().filter(|_| all_known);
    KernelFilter::default().with_namespaces(hosts)
}

/// The namespace that the process came from. Root returns there; who had to enter a user namespace
/// cannot, and needs not: each play makes its own.
#[derive(Debug)]
struct Home(Netns);

impl Drop for Home {
    fn drop(&mut self) {
        let _ = self.0.enter();
    }
}

/// A story is told in milliseconds: other programs of a busy machine must wait, where root says so.
#[derive(Debug)]
struct Haste(i32);

impl Drop for Haste {
    fn drop(&mut self) {
        sys::calm_down(self.0);
    }
}

/// The capture of every device. It listens before anybody is told to send.
fn listen(hosts: &plug::Hosts) -> Result<Vec<Tap>, LabError> {
    let mut taps = Vec::new();
    for (host, netns) in hosts {
        for place in plug::places_of(*host) {
            netns.enter()?;
            taps.push(Tap::open(*host, plug::index(plug::device_of(*place))?)?);
        }
    }
    Ok(taps)
}

fn require_programs(scenario: &'static Scenario) -> Result<(), LabError> {
    for step in scenario.steps {
        let Some((program, install)) = program_of(&step.action) else { continue };
        if find_program(program).is_none() {
            return Err(LabError::ProgramMissing { scenario: scenario.id, program, install });
        }
    }
    Ok(())
}

/// The program that an action runs, and how to get it.
fn program_of(action: &Action) -> Option<(&'static str, &'static str)> {
    match action {
        Action::Firewall { .. } | Action::Nft(_) => {
            Some(("nft", "install the package nftables (Debian: `apt install nftables`)"))
        }
        Action::Iptables(words) => {
            Some((words.split(' ').next()?, "install the package iptables (Debian: `apt install iptables`)"))
        }
        Action::Ip(_) => Some(("ip", "install the package iproute2 (Debian: `apt install iproute2`)")),
        _ => None,
    }
}

/// Also where ordinary users do not look.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let mut places = std::env::split_paths(&path).chain(usual);
    places.find_map(|place| Some(place.join(name)).filter(|program| program.is_file()))
}
