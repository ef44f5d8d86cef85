//! What happens in the fleet, second by second: which reset is an event at which two hosts, and the weather.
//!
//! Nothing is stored: the events of a host in a second follow from the numbers of both, so that the other end finds the
//! same. The resets themselves are those that the lab's kernel told of (`fixtures/*/live.jsonl`), judged as `agent` judges
//! them; only addresses, ports and times are the fleet's.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail};
use jiff::tz::TimeZone;
use whyrst_capture::recording;
use whyrst_core::language::Language;
use whyrst_core::report::{Context, Explanation};
use whyrst_core::segment::Endpoint;
use whyrst_core::socket::SocketReset;
use whyrst_core::socket::Told;
use whyrst_core::time::Timestamp;
use whyrst_model::report::Ends;
use whyrst_telemetry::Record;

use crate::front::{Way, Weather};

/// One connection in so many seconds and host is reset, on an ordinary day.
const ORDINARY: u64 = 50;
/// Resets a second of each client while the incident lasts.
pub(crate) const INCIDENT: u64 = 100;
/// One in so many seconds, on a host that is cut off.
const LONE: u64 = 5;
const HTTPS: u16 = 443;
const PAYMENTS: u16 = 8443;

/// A reset as its sender tells of it, and as its receiver does.
#[derive(Clone)]
pub(crate) struct Template {
    pub(crate) sent: Record,
    pub(crate) received: Option<Record>,
    sender_is_client: bool,
}

/// All that the lab has recorded.
pub(crate) struct Templates(pub Vec<Template>);

impl Templates {
    pub(crate) fn read(fixtures: &Path) -> Result<Self> {
        let folders = std::fs::read_dir(fixtures).with_context(|| format!("cannot read {}", fixtures.display()))?;
        let mut files: Vec<_> = folders.flatten().map(|folder| folder.path().join("live.jsonl")).collect();
        files.retain(|file| file.is_file());
        files.sort();
        let mut all = Vec::new();
        for file in files {
            let told = recording::open(&file)?.recording.told;
            all.extend(told.iter().filter_map(|told| Template::of(&told.reset)));
        }
        if all.len() < 50 {
            bail!("{} has only {} resets that a sender told of", fixtures.display(), all.len());
        }
        Ok(Self(all))
    }
}

impl Template {
    /// Both ends of the lab are on one host; here each tells for itself.
    fn of(reset: &SocketReset) -> Option<Self> {
        let alone = |event: &_| SocketReset { event: Clone::clone(event), peer: None, unsent: false };
        matches!(reset.event.told, Told::Sent(_)).then(|| {
            let sent = record(&alone(&reset.event));
            let sender_is_client = sent.report.client == reset.event.local;
            Self { sent, received: reset.peer.as_ref().map(|peer| record(&alone(peer))), sender_is_client }
        })
    }
}

fn record(reset: &SocketReset) -> Record {
    let context = Context { files: vec!["fleet".to_owned()], zone: TimeZone::UTC, language: Language::English };
    let outcome = reset.outcome();
    let mut record = Record::of(&Explanation::new(&outcome, &context), reset.event.account.netns, 1);
    // Nobody translates in this fleet.
    record.report.on_wire = Some(Ends { client: record.report.client, server: record.report.server });
    record
}

/// How large the fleet is, and when what happens.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) hosts: u32,
    pub(crate) minutes: u32,
    /// When it begins, on the wall.
    pub(crate) from: SystemTime,
}

/// One reset between two hosts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    template: u64,
    client: u32,
    server: u32,
    client_port: u16,
    service: u16,
    /// Within its second.
    nanos: u32,
}

impl Plan {
    pub(crate) fn new(hosts: u32, minutes: u32) -> Result<Self> {
        if !(100..=1_000_000).contains(&hosts) || !(2..=60).contains(&minutes) {
            bail!("100 to 1,000,000 hosts for 2 to 60 minutes");
        }
        // It ends now, so that what is kept for a month is kept, and the last hour is the last hour.
        let from = SystemTime::now() - Duration::from_secs(u64::from(minutes) * 60 + 180);
        Ok(Self { hosts, minutes, from })
    }

    pub(crate) const fn seconds(&self) -> u32 {
        self.minutes * 60
    }

    /// Whether `second` is within these hundredths of the time.
    const fn within(&self, second: u32, from: u32, to: u32) -> bool {
        let hundredths = second * 100 / self.seconds();
        from <= hundredths && hundredths < to
    }

    pub(crate) const fn has_incident(&self, second: u32) -> bool {
        self.within(second, 15, 25)
    }

    const fn has_partition(&self, second: u32) -> bool {
        self.within(second, 35, 60)
    }

    /// What is wrong: a partition, then a receiver that is there for 10 s of 30.
    pub(crate) const fn weather(&self, second: u32) -> Weather {
        Weather { partition: self.has_partition(second), away: self.within(second, 70, 90) && second % 30 < 20 }
    }

    /// A fifth of the hosts is cut off in the partition, three tenths have the receiver that flaps.
    pub(crate) const fn way(host: u32) -> Way {
        match host % 10 {
            0 | 1 => Way::Cut,
            2..=4 => Way::Flapping,
            _ => Way::Steady,
        }
    }

    /// Those that buffer in a folder; the others do in memory.
    pub(crate) const fn has_folder(host: u32) -> bool {
        matches!(host % 10, 0 | 2)
    }

    /// Those of the hosts that are cut off whose buffer is far too small.
    pub(crate) const fn is_tight(host: u32) -> bool {
        host % 100 == 50
    }

    /// One in a hundred serves payments; a tenth of all hosts are their clients.
    const fn payments(&self) -> u32 {
        self.hosts / 100
    }

    pub(crate) const fn is_client_of_payments(host: u32) -> bool {
        host % 10 == 7
    }

    /// The events of `host` in `second`.
    pub(crate) fn events_of(&self, host: u32, second: u32, events: &mut Vec<Event>) {
        events.clear();
        let before = if host == 0 { self.hosts - 1 } else { host - 1 };
        events.extend(self.ordinary(host, second));
        events.extend(self.ordinary(before, second));
        if self.has_incident(second) {
            if Self::is_client_of_payments(host) {
                events.extend(self.incident(host, second));
            }
            // Servers are hosts 0, 100, 200, ...: client number k asks server number k modulo their number.
            if host.is_multiple_of(100) && host / 100 < self.payments() {
                let clients = (host / 100..self.hosts.div_ceil(10)).step_by(self.payments() as usize);
                let clients = clients.map(|number| number * 10 + 7).filter(|client| *client < self.hosts);
                events.extend(clients.flat_map(|client| self.incident(client, second)));
            }
        }
    }

    /// An event that only `host` has: of connections whose other end cannot be reached.
    pub(crate) fn event_at_one_end(&self, host: u32, second: u32) -> Option<Event> {
        let mut random = Random::of(host, second, 3);
        let cut = self.has_partition(second) && Self::way(host) == Way::Cut;
        (cut && random.below(LONE) == 0).then(|| {
            let client = (host + self.hosts / 2) % self.hosts;
            event(&mut random, client, host, HTTPS)
        })
    }

    fn ordinary(&self, client: u32, second: u32) -> Option<Event> {
        let mut random = Random::of(client, second, 1);
        let server = (client + 1) % self.hosts;
        (random.below(ORDINARY) == 0).then(|| event(&mut random, client, server, HTTPS))
    }

    fn incident(&self, client: u32, second: u32) -> impl Iterator<Item = Event> + use<> {
        let server = (client / 10 % self.payments()) * 100;
        let mut random = Random::of(client, second, 2);
        (0..INCIDENT).map(move |_| event(&mut random, client, server, PAYMENTS))
    }

    /// An address for each.
    pub(crate) fn address(host: u32) -> IpAddr {
        Ipv4Addr::from(0x0a00_0000 + host + 1).into()
    }

    pub(crate) fn nanos(&self, second: u32) -> i64 {
        let since = self.from.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX).saturating_add(i64::from(second) * 1_000_000_000)
    }
}

impl Event {
    /// The record of `host`, written into one of `templates`; `None` where it has no event.
    pub(crate) fn record_at<'a>(&self, host: u32, begin: i64, templates: &'a mut [Template]) -> Option<&'a Record> {
        let index = usize::try_from(self.template % templates.len() as u64).unwrap_or_default();
        let template = &mut templates[index];
        let sender = if template.sender_is_client { self.client } else { self.server };
        let record = if sender == host { &mut template.sent } else { template.received.as_mut()? };
        let report = &mut record.report;
        report.time = Timestamp::from_nanos(begin + i64::from(self.nanos));
        report.client = Endpoint::new(Plan::address(self.client), self.client_port);
        report.server = Endpoint::new(Plan::address(self.server), self.service);
        report.on_wire = Some(Ends { client: report.client, server: report.server });
        record.peer = if host == self.client { report.server } else { report.client };
        Some(record)
    }
}

fn event(random: &mut Random, client: u32, server: u32, service: u16) -> Event {
    // 32768 to 60999: what Linux gives to clients.
    let client_port = 32_768 + u16::try_from(random.below(28_232)).unwrap_or_default();
    let nanos = u32::try_from(random.below(1_000_000_000)).unwrap_or_default();
    Event { template: random.next(), client, server, client_port, service, nanos }
}

/// `SplitMix64` (Steele, Lea, Flood 2014), begun from what is to have numbers of its own.
struct Random(u64);

impl Random {
    fn of(host: u32, second: u32, what: u64) -> Self {
        let mut random = Self((u64::from(host) << 32) | (u64::from(second) << 2) | what);
        random.next();
        random
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    const fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
