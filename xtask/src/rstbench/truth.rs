//! What is true of a play: of each capture, which connections have a RST, and who made it, in which phase, of which
//! family, by which mechanism. It follows from the scenario, from what the kernels said in that very play, and from the
//! captures of both ends laid side by side; no verdict of ours is asked.

use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use whyrst_capture::{Capture, Step, recording};
use whyrst_core::cause::{Cause, KernelSign};
use whyrst_core::causes;
use whyrst_core::kernel::KernelReset;
use whyrst_core::observation::Seen;
use whyrst_core::segment::{Endpoint, Flags, Segment};
use whyrst_core::seq::Seq;
use whyrst_core::time::{Span, Timestamp};
use whyrst_lab::scenario::{Host, Scenario, Verdicts};

/// The maker of a RST that neither of the two hosts sent: a device on the path, or another host that has the address.
const NEITHER: &str = "neither";

/// An event and its packet are recorded within microseconds of each other; a busy machine may put a pause between
/// them.
const SAME_MOMENT: Span = Span::from_millis(20);

/// How far beyond the SYN-ACK's own number an ACK of it may lie: one octet for the SYN, and data that has come since.
const MOST_ACKED: std::ops::RangeInclusive<i32> = 1..=1 << 24;

/// The resets that each view shows, as the format of cases has them; an error says why this play tells no truth.
pub(super) fn resets(scenario: &Scenario, folder: &Path) -> Result<Value> {
    let [client, server] = [Host::Client, Host::Server].map(|host| End::read(host, folder));
    let (client, server) = (client?, server?);
    let events = events(folder)?;
    let of_client = client.truths(scenario, &server, &events)?;
    let of_server = server.truths(scenario, &client, &events)?;
    let both = joined(&of_client, &of_server);
    let list = |truths: &[Truth]| truths.iter().map(Truth::json).collect::<Vec<_>>();
    Ok(json!({ "client": list(&of_client), "server": list(&of_server), "both": list(&both) }))
}

fn events(folder: &Path) -> Result<Vec<KernelReset>> {
    let path = folder.join("events.jsonl");
    let read = recording::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(read.recording.resets)
}

/// A segment as far as the truth needs it.
#[derive(Clone, Copy, Debug)]
struct Packet {
    time: Timestamp,
    src: Endpoint,
    dst: Endpoint,
    seq: Seq,
    ack: Seq,
    flags: Flags,
}

impl Packet {
    fn is_rst(&self) -> bool {
        self.flags.has(Flags::RST)
    }

    fn ends(&self) -> [Endpoint; 2] {
        let mut ends = [self.src, self.dst];
        ends.sort_unstable();
        ends
    }
}

/// The capture of one end.
#[derive(Debug)]
struct End {
    host: Host,
    packets: Vec<Packet>,
}

impl End {
    fn read(host: Host, folder: &Path) -> Result<Self> {
        let path = folder.join(host.name()).with_extension("pcapng");
        let mut capture = Capture::open(&path, 0).with_context(|| format!("cannot open {}", path.display()))?;
        let mut packets = Vec::new();
        loop {
            match capture.next().with_context(|| format!("cannot read {}", path.display()))? {
                Step::Observation(seen) => {
                    if let Seen::Segment(segment) = seen.what {
                        let Segment { src, dst, seq, ack, flags, .. } = segment;
                        packets.push(Packet { time: seen.time, src, dst, seq, ack, flags });
                    }
                }
                Step::PassedOver(..) | Step::Idle => {}
                Step::End => return Ok(Self { host, packets }),
            }
        }
    }

    /// Its connections that have a RST, in the order of the first.
    fn truths(&self, scenario: &Scenario, far: &Self, events: &[KernelReset]) -> Result<Vec<Truth>> {
        let mut first: Vec<&Packet> = Vec::new();
        for rst in self.packets.iter().filter(|packet| packet.is_rst()) {
            if !first.iter().any(|earlier| earlier.ends() == rst.ends()) {
                first.push(rst);
            }
        }
        let causes = self.causes(scenario, first.len())?;
        let mut truths = first
            .into_iter()
            .zip(causes)
            .map(|(rst, cause)| self.truth(rst, cause, far, events))
            .collect::<Result<Vec<_>>>()?;
        // Another host that has taken the server's address over is, to whoever sees its RST, that end and is it not.
        if scenario.hosts().any(|host| host == Host::Standby) {
            truths.iter_mut().for_each(Truth::accept_either_maker);
        }
        Ok(truths)
    }

    /// The cause of each of so many resets. One cause stands for any number of connections in a row.
    fn causes(&self, scenario: &Scenario, resets: usize) -> Result<Vec<&'static Cause>> {
        let Verdicts::Resets(ids) = scenario.expect.verdicts(self.host) else {
            // What is no reset of a connection for a scenario (a RST that nobody accepts) is no case for a yardstick.
            if resets > 0 {
                bail!("the {}'s capture has a RST, and the scenario says of none what made it", self.host.name());
            }
            return Ok(Vec::new());
        };
        let find = |id: &&'static str| causes::find(id).with_context(|| format!("there is no cause {id}"));
        match ids {
            _ if resets == 0 => bail!("no RST in the {}'s capture", self.host.name()),
            [one] => Ok(vec![find(one)?; resets]),
            many if many.len() == resets => many.iter().map(find).collect(),
            many => bail!("{resets} connections with a RST at the {}, and {} causes", self.host.name(), many.len()),
        }
    }

    fn truth(&self, rst: &Packet, cause: &'static Cause, far: &Self, events: &[KernelReset]) -> Result<Truth> {
        let makers = self.makers(rst, far);
        let own_word = makers.iter().any(|maker| maker != NEITHER);
        let event = events.iter().find(|event| own_word && goes_with(event, rst));
        let mechanisms = mechanisms(cause, event)?;
        let mut families: Vec<&'static str> =
            mechanisms.iter().flat_map(|how| how.shows()).map(|family| family.name()).collect();
        families.sort_unstable();
        families.dedup();
        Ok(Truth {
            time: rst.time,
            behind_nat: self.behind_nat(rst, far),
            ends: vec![rst.ends()],
            makers,
            claimed: rst.src.to_string(),
            phases: self.phases(rst),
            families,
            mechanisms: mechanisms.iter().map(|how| how.id).collect(),
            kernel: event.map(|event| event.reason_name.clone()),
        })
    }

    /// Who sent the RST, and whoever else is accepted as right. One in the name of this host stands in its own
    /// capture, and one that stands in both captures has come all the way. What the wire or a device between them
    /// made, in the name of a host or in its own, stands in one.
    fn makers(&self, rst: &Packet, far: &Self) -> Vec<String> {
        let is_at = |host: Host| addresses(host).contains(&rst.src.ip);
        let mut there = far.packets.iter().filter(|other| other.is_rst() && other.seq == rst.seq);
        let named = rst.src.to_string();
        if is_at(self.host) {
            vec![named]
        } else if is_at(far.host) {
            // What the far end sends afterwards, as an answer to its own, can have the same number.
            let left_it = there.any(|other| other.time <= rst.time);
            vec![if left_it { named } else { NEITHER.into() }]
        } else if there.next().is_some() {
            vec![named]
        } else {
            // The address of a device between them, as of a NAT: it is the end that this host knows.
            vec![NEITHER.into(), named]
        }
    }

    /// Whether this capture shows the three segments of the handshake before the RST. Of a new SYN on the ports of an
    /// open connection either is right.
    fn phases(&self, rst: &Packet) -> Vec<&'static str> {
        let before = || self.packets.iter().filter(|it| it.ends() == rst.ends() && it.time <= rst.time && !it.is_rst());
        let is_syn = |it: &&Packet| it.flags.has(Flags::SYN) && !it.flags.has(Flags::ACK);
        let opened = before().find_map(|answer| {
            let is_answer = answer.flags.has(Flags::SYN) && answer.flags.has(Flags::ACK);
            let completes = |it: &&Packet| {
                let acknowledges = it.flags.has(Flags::ACK) && !it.flags.has(Flags::SYN);
                it.src == answer.dst
                    && it.time >= answer.time
                    && acknowledges
                    && MOST_ACKED.contains(&it.ack.diff(answer.seq))
            };
            before().find(|it| is_answer && completes(it))
        });
        match opened {
            None => vec!["opening"],
            Some(opened) if before().any(|it| is_syn(&it) && it.time > opened.time) => vec!["open", "opening"],
            Some(_) => vec!["open"],
        }
    }

    /// The number of the connection's SYN, where the far end knows the connection by another name only: a NAT between
    /// them gives it other addresses or ports, and leaves it the numbers.
    fn behind_nat(&self, rst: &Packet, far: &Self) -> Option<Seq> {
        if far.packets.iter().any(|packet| packet.ends() == rst.ends()) {
            return None;
        }
        let first = self.packets.iter().find(|packet| packet.ends() == rst.ends());
        first.filter(|packet| packet.flags.has(Flags::SYN)).map(|packet| packet.seq)
    }
}

/// The lab's addresses of a host.
fn addresses(host: Host) -> [IpAddr; 2] {
    let last = if host == Host::Client { 1 } else { 2 };
    [[10, 77, 0, last].into(), [0xfd77, 0, 0, 0, 0, 0, 0, u16::from(last)].into()]
}

fn goes_with(event: &KernelReset, rst: &Packet) -> bool {
    let same_ends = match event.remote {
        Some(remote) => event.local == rst.src && remote == rst.dst,
        None => event.local.port == rst.src.port,
    };
    // At the far end it is seen later by the wire's delay, which differs: there the connection alone decides.
    same_ends && rst.time.since(event.time) >= Span::from_nanos(-SAME_MOMENT.nanos())
}

/// The mechanisms that are true: that of the scenario, or those that its reason explains and the kernel's word
/// allows.
fn mechanisms(cause: &'static Cause, event: Option<&KernelReset>) -> Result<Vec<&'static Cause>> {
    let all: Vec<&'static Cause> = if cause.is_reason() {
        cause.explains().iter().filter_map(|id| causes::find(id)).collect()
    } else {
        vec![cause]
    };
    let Some(event) = event else { return Ok(all) };
    let allowed = |how: &&&'static Cause| how.kernel().iter().any(|sign| sign.matches(event));
    let by_kernel: Vec<&'static Cause> = all.iter().filter(allowed).copied().collect();
    match (by_kernel.is_empty(), cause.is_reason()) {
        (false, _) => Ok(by_kernel),
        // A mechanism of which the sender's kernel knows nothing, as of a capture that missed something.
        (true, false) if cause.kernel().iter().all(KernelSign::is_silence) => Ok(all),
        (true, _) => bail!("the kernel's {} is no word of {}", event.reason_name, cause.id),
    }
}

/// The resets of both captures; what both show is one, also under two names.
fn joined(client: &[Truth], server: &[Truth]) -> Vec<Truth> {
    let mut all = client.to_vec();
    for truth in server {
        match all.iter_mut().find(|other| other.is_same(truth)) {
            Some(other) => other.take_in(truth),
            None => all.push(truth.clone()),
        }
    }
    all
}

/// One reset, as one capture shows it. Each list holds what is accepted as right.
#[derive(Clone, Debug)]
struct Truth {
    time: Timestamp,
    behind_nat: Option<Seq>,
    ends: Vec<[Endpoint; 2]>,
    makers: Vec<String>,
    /// In whose name the RST came.
    claimed: String,
    phases: Vec<&'static str>,
    families: Vec<&'static str>,
    mechanisms: Vec<&'static str>,
    kernel: Option<String>,
}

impl Truth {
    fn is_same(&self, other: &Self) -> bool {
        self.ends == other.ends || (self.behind_nat.is_some() && self.behind_nat == other.behind_nat)
    }

    fn accept_either_maker(&mut self) {
        if self.makers == [NEITHER] {
            self.makers.push(self.claimed.clone());
        }
    }

    /// The same reset from the other end. Of several RSTs the earliest is the one that is asked for.
    fn take_in(&mut self, other: &Self) {
        let earlier_there = other.time < self.time;
        let add = |list: &mut Vec<&'static str>, more: &[&'static str]| {
            list.extend(more);
            list.sort_unstable();
            list.dedup();
        };
        add(&mut self.families, &other.families);
        add(&mut self.mechanisms, &other.mechanisms);
        add(&mut self.phases, &other.phases);
        if earlier_there {
            self.makers.clone_from(&other.makers);
            self.kernel.clone_from(&other.kernel);
        }
        if self.ends != other.ends {
            self.ends.extend(&other.ends);
            self.makers.extend(other.makers.iter().cloned());
            self.makers.dedup();
        }
    }

    fn json(&self) -> Value {
        let ends: Vec<[String; 2]> = self.ends.iter().map(|ends| ends.map(|end| end.to_string())).collect();
        json!({
            "ends": ends, "maker": self.makers, "phase": self.phases, "family": self.families,
            "mechanism": self.mechanisms, "kernel": self.kernel,
        })
    }
}
