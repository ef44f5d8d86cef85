//! Fresh variants of the lab's scenarios, so that nobody can tune a tool to the files: the same story with other sizes,
//! pauses, delays, ports, IP version, MTU and TCP options, and now and then a packet that is lost, late or doubled.
//!
//! A variant is a scenario like any other and is played with real sockets on the running kernel. Nothing here knows
//! whether the story still comes out: the play is held against what the scenario demands of calls and kernel, and
//! dropped where it is another story.

use fastrand::Rng;
use whyrst_lab::scenario::{
    Action, CLIENT, ExpectedReturn, Family, Host, Packet, PacketKind, SERVER, Scenario, SocketOption, Step, Treatment,
    Wire, WireRule,
};

/// A variant, and what is other than in the scenario.
#[derive(Debug)]
pub(super) struct Variant {
    pub(super) scenario: &'static Scenario,
    pub(super) changes: Vec<String>,
}

/// The most octets in one write that stay one segment with every MTU that is chosen here, over IPv6 with timestamps.
const ONE_SEGMENT: u32 = 1_280 - 40 - 32;

/// Pauses are drawn out until the story takes so long; the lab gives a story ten seconds.
const LONGEST_PAUSES_MS: u32 = 7_000;

/// Ports of the service, far from the ports that the lab's clients take (40000 and above).
const SERVICE_PORTS: std::ops::Range<u16> = 2_000..38_000;

/// Ports of the first client, far from those that the lab's other clients take.
const CLIENT_PORTS: std::ops::Range<u16> = 42_000..60_000;

/// The variant of `scenario` that belongs to `seed`: always the same one.
pub(super) fn vary(scenario: &'static Scenario, seed: u64) -> Variant {
    let mut rng = Rng::with_seed(seed ^ fingerprint(scenario.id));
    let traits = Traits::of(scenario);
    let mut draft =
        Draft { steps: scenario.steps.to_vec(), wire: scenario.wire, family: scenario.family, changes: Vec::new() };
    draft.sizes(&mut rng, &traits);
    draft.pauses(&mut rng);
    draft.delays(&mut rng);
    draft.ip_version(&mut rng, &traits);
    draft.mishap(&mut rng, &traits);
    draft.ports(&mut rng, &traits);
    draft.options(&mut rng, &traits);
    draft.mtu(&mut rng, &traits);
    draft.finish(scenario)
}

/// Of a name: scenarios that are played with one seed do not change alike.
fn fingerprint(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// What a story is about, and therefore must keep.
#[expect(clippy::struct_excessive_bools, reason = "each stands for itself: any of them may be so")]
struct Traits {
    /// Segments are made by hand, with numbers and ports of their own.
    by_hand: bool,
    /// Exact octets are said, or the sizes of buffers.
    exact_sizes: bool,
    /// Rules of a firewall or words for `ip`, which name addresses and ports.
    rules: bool,
    /// A source port of the story.
    own_port: bool,
    largest_write: u32,
}

impl Traits {
    fn of(scenario: &Scenario) -> Self {
        let any = |wanted: fn(&Action) -> bool| scenario.steps.iter().any(|step| wanted(&step.action));
        let writes = scenario.steps.iter().map(|step| match step.action {
            Action::Write { bytes } => bytes,
            _ => 0,
        });
        Self {
            by_hand: any(|action| {
                matches!(
                    action,
                    Action::Segment(_)
                        | Action::StandIn
                        | Action::UseSequence(_)
                        | Action::RawSyn { .. }
                        | Action::RawJoin { .. }
                        | Action::RawAck { .. }
                        | Action::RawXmas { .. }
                        | Action::RawSynAck { .. }
                        | Action::UseMptcp
                )
            }),
            exact_sizes: any(|action| {
                matches!(
                    action,
                    Action::Say(_) | Action::Set(SocketOption::SendBuffer(_) | SocketOption::ReceiveBuffer(_))
                )
            }),
            rules: any(|action| matches!(action, Action::Nft(_) | Action::Iptables(_) | Action::Ip(_))),
            own_port: any(|action| matches!(action, Action::UsePort(_))),
            largest_write: writes.max().unwrap_or(0),
        }
    }
}

struct Draft {
    steps: Vec<Step>,
    wire: Wire,
    family: Family,
    changes: Vec<String>,
}

impl Draft {
    /// All sizes by one whole number, so that what was more, less, equal or a sum stays so.
    fn sizes(&mut self, rng: &mut Rng, traits: &Traits) {
        let largest = traits.largest_write;
        let room = if largest <= ONE_SEGMENT { ONE_SEGMENT / largest.max(1) } else { 3 };
        let times = rng.u32(1..=room.clamp(1, 12));
        let counted = largest > ONE_SEGMENT && !self.wire.rules.is_empty();
        if times == 1 || largest == 0 || traits.exact_sizes || traits.by_hand || counted {
            return;
        }
        for step in &mut self.steps {
            let sized = match &mut step.action {
                Action::Write { bytes } | Action::AwaitUnread { bytes } => bytes,
                Action::Read { most } => most,
                _ => continue,
            };
            *sized *= times;
            step.outcome = match step.outcome {
                ExpectedReturn::Gives(value) => ExpectedReturn::Gives(value * i64::from(times)),
                ExpectedReturn::GivesBetween(least, most) => {
                    ExpectedReturn::GivesBetween(least * i64::from(times), most * i64::from(times))
                }
                other => other,
            };
        }
        self.changes.push(format!("{times} times the octets"));
    }

    fn pauses(&mut self, rng: &mut Rng) {
        let percent = rng.u32(100..=140);
        let all: u32 = self.steps.iter().map(|step| pause(&step.action)).sum();
        if all == 0 || all * percent / 100 > LONGEST_PAUSES_MS {
            return;
        }
        for step in &mut self.steps {
            if let Action::Pause(ms) = &mut step.action {
                *ms = *ms * percent / 100;
            }
        }
        self.changes.push(format!("pauses of {percent} %"));
    }

    /// A plain wire gets a delay of its own each way; one whose delays are part of the story keeps their proportion.
    fn delays(&mut self, rng: &mut Rng) {
        let own: [u32; 2] = [rng.u32(5_000..=20_000), rng.u32(5_000..=20_000)];
        let percent = rng.u32(100..=130);
        let Wire { to_server_us, to_client_us, .. } = self.wire;
        let is_plain = (to_server_us, to_client_us) == (Wire::PLAIN.to_server_us, Wire::PLAIN.to_client_us);
        let timed = self.steps.iter().any(|step| step.took.is_some());
        let [there, back] =
            if is_plain && !timed { own } else { [to_server_us, to_client_us].map(|us| us / 100 * percent) };
        (self.wire.to_server_us, self.wire.to_client_us) = (there, back);
        self.changes.push(format!("{there} us to the server and {back} us back"));
    }

    fn ip_version(&mut self, rng: &mut Rng, traits: &Traits) {
        if !rng.bool() || traits.rules || traits.by_hand {
            return;
        }
        let (family, name) = match self.family {
            Family::V4 => (Family::V6, "IPv6"),
            Family::V6 => (Family::V4, "IPv4"),
        };
        self.family = family;
        self.changes.push(name.into());
    }

    /// One packet is lost, late or doubled, where the wire does nothing of its own.
    fn mishap(&mut self, rng: &mut Rng, traits: &Traits) {
        const WHAT: [(PacketKind, &str); 4] = [
            (PacketKind::Syn, "SYN"),
            (PacketKind::SynAck, "SYN-ACK"),
            (PacketKind::Data, "data"),
            (PacketKind::Ack, "ACK"),
        ];
        let happens = rng.u32(0..100) < 60;
        let (kind, name) = WHAT[rng.usize(0..WHAT.len())];
        let from = if rng.bool() { Host::Client } else { Host::Server };
        let ms = rng.u32(1..=30);
        let treatment = match rng.u32(0..3) {
            0 => Treatment::Drop,
            1 => Treatment::DelayMs(ms),
            _ => Treatment::DuplicateAfterMs(ms.min(4)),
        };
        // Of a SYN there is one sender.
        let from = match kind {
            PacketKind::Syn => Host::Client,
            PacketKind::SynAck => Host::Server,
            _ => from,
        };
        if !happens || traits.by_hand || !self.wire.rules.is_empty() {
            return;
        }
        let rule = WireRule::on(Packet::first(kind, from), treatment);
        self.wire.rules = Box::leak(Box::new([rule]));
        let how = match treatment {
            Treatment::Drop => "is lost".to_owned(),
            Treatment::DelayMs(ms) => format!("takes {ms} ms more"),
            _ => "comes twice".to_owned(),
        };
        self.changes.push(format!("the {}'s first {name} {how}", from.name()));
    }

    /// Another port of the service, and of the first client.
    fn ports(&mut self, rng: &mut Rng, traits: &Traits) {
        let (service, client) = (rng.u16(SERVICE_PORTS), rng.u16(CLIENT_PORTS));
        // A story with a source port of its own needs both ports as they are, as a simultaneous open does.
        if traits.by_hand || traits.rules || traits.own_port {
            return;
        }
        if let Some(lowest) = self.steps.iter_mut().filter_map(|step| port_of(&mut step.action)).map(|port| *port).min()
        {
            self.steps
                .iter_mut()
                .filter_map(|step| port_of(&mut step.action))
                .for_each(|port| *port = service + (*port - lowest));
            self.changes.push(format!("port {service}"));
        }
        let connects = self.steps.iter().any(|step| step.actor == CLIENT);
        if connects {
            self.steps.insert(0, CLIENT.does(Action::UsePort(client)));
            self.changes.push(format!("client port {client}"));
        }
    }

    /// TCP options that either host does without.
    fn options(&mut self, rng: &mut Rng, traits: &Traits) {
        const OPTIONS: [(&str, &str); 3] = [
            ("net.ipv4.tcp_timestamps", "no timestamps"),
            ("net.ipv4.tcp_sack", "no SACK"),
            ("net.ipv4.tcp_window_scaling", "no window scaling"),
        ];
        for (name, words) in OPTIONS {
            let chosen = rng.u32(0..100) < 25;
            let actor = if rng.bool() { CLIENT } else { SERVER };
            if chosen && !traits.by_hand {
                self.steps.insert(0, actor.does(Action::Sysctl { name, value: "0" }));
                self.changes.push(words.into());
            }
        }
    }

    /// Of both hosts' devices.
    fn mtu(&mut self, rng: &mut Rng, traits: &Traits) {
        let (happens, mtu) = (rng.u32(0..100) < 35, rng.u32(1_280..1_500));
        if !happens || traits.by_hand || traits.rules {
            return;
        }
        let words: &'static str = Box::leak(format!("link set dev wire0 mtu {mtu}").into_boxed_str());
        self.steps.splice(0..0, [CLIENT, SERVER].map(|actor| actor.does(Action::Ip(words))));
        self.changes.push(format!("MTU {mtu}"));
    }

    /// A scenario lives as long as the program: plays borrow it everywhere.
    fn finish(self, from: &'static Scenario) -> Variant {
        let Self { steps, wire, family, changes } = self;
        let scenario = Scenario {
            id: from.id,
            story: from.story,
            article: None,
            family,
            wire,
            steps: Box::leak(steps.into_boxed_slice()),
            expect: from.expect,
        };
        Variant { scenario: Box::leak(Box::new(scenario)), changes }
    }
}

const fn pause(action: &Action) -> u32 {
    match action {
        Action::Pause(ms) => *ms,
        _ => 0,
    }
}

/// The port of the service in this action.
const fn port_of(action: &mut Action) -> Option<&mut u16> {
    match action {
        Action::Listen { port }
        | Action::ListenWithBacklog { port, .. }
        | Action::ListenOnLoopback { port }
        | Action::Connect { port, .. }
        | Action::ConnectWithin { port, .. }
        | Action::ConnectUntilAccepted { port, .. }
        | Action::Firewall { port, .. } => Some(port),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(id: &str, seed: u64) -> Variant {
        vary(whyrst_lab::scenario(id).expect("a scenario"), seed)
    }

    #[test]
    fn a_seed_always_makes_the_same_variant_and_another_seed_another() {
        let words = |seed| format!("{:?}", of("close-unread", seed));
        assert_eq!(words(7), words(7));
        assert_ne!(words(7), words(8));
    }

    #[test]
    fn sizes_keep_what_was_left_unread() {
        for seed in 0..50 {
            let steps = of("close-unread-1", seed).scenario.steps;
            let size = |wanted: fn(&Action) -> Option<u32>| steps.iter().find_map(|step| wanted(&step.action));
            let written = size(|action| if let Action::Write { bytes } = action { Some(*bytes) } else { None });
            let read = size(|action| if let Action::Read { most } = action { Some(*most) } else { None });
            assert!(written > read, "{steps:?}");
        }
    }

    #[test]
    fn a_story_made_by_hand_keeps_its_numbers() {
        for seed in 0..50 {
            let variant = of("syn-recv-bad-ack", seed);
            let original = whyrst_lab::scenario("syn-recv-bad-ack").expect("a scenario");
            assert_eq!(variant.scenario.family, original.family);
            assert_eq!(variant.scenario.steps.len(), original.steps.len());
        }
    }

    #[test]
    fn a_variant_expects_what_its_scenario_expects() {
        for scenario in whyrst_lab::scenarios() {
            let variant = vary(scenario, 1);
            let expected = format!("{:?}", scenario.expect);
            assert_eq!(format!("{:?}", variant.scenario.expect), expected);
            assert!(!variant.changes.is_empty());
        }
    }
}
