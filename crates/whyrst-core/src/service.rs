//! What is remembered of each service (an address and port that answers SYNs) beyond a single
//! connection: that it accepted, that it refused, that it came back.
//!
//! This is how a refused connect can be told as "the service had been there until 12:00:03".

use alloc::vec::Vec;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::observation::Frame;
use crate::segment::Endpoint;
use crate::time::Timestamp;

/// A frame and when it was seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// When.
    pub time: Timestamp,
    /// In which frame.
    pub frame: Frame,
}

/// One service, as one moment sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Service {
    /// The last SYN-ACK it sent.
    pub accepted: Option<Moment>,
    /// The first SYN-ACK after it had refused.
    pub recovered: Option<Moment>,
    /// The last SYN it refused.
    pub refused: Option<Moment>,
    /// SYNs refused since it last accepted.
    pub refusals: u32,
}

/// All services seen, up to a bound.
#[derive(Debug)]
pub struct Services {
    known: HashMap<Endpoint, Service, FixedState>,
    limit: usize,
    /// The SYN-ACKs that came last, by a fingerprint of flow and sequence number: one that is sent
    /// again, or captured twice, is no new answer.
    recent: Vec<u64>,
}

/// SYN-ACKs remembered, so that a repeated one is known.
const RECENT: usize = 4_096;

impl Services {
    /// Remembers at most `limit` services; `seed` keys the hash, since addresses are chosen by strangers.
    pub fn new(limit: usize, seed: u64) -> Self {
        Self { known: HashMap::with_hasher(FixedState::with_seed(seed)), limit, recent: alloc::vec![0; RECENT] }
    }

    /// `server` sent the SYN-ACK with this fingerprint, be it of a connection that is followed or not.
    pub fn answered(&mut self, server: Endpoint, fingerprint: u64, at: Moment) {
        #[expect(clippy::cast_possible_truncation, reason = "only the low bits name the place")]
        let place = &mut self.recent[fingerprint as usize % RECENT];
        if *place != fingerprint {
            *place = fingerprint;
            self.accepted(server, at);
        }
    }

    /// `server` answered a SYN with SYN-ACK.
    pub fn accepted(&mut self, server: Endpoint, at: Moment) {
        if let Some(service) = self.entry(server) {
            if service.refusals > 0 {
                service.recovered = Some(at);
            }
            service.accepted = Some(at);
            service.refusals = 0;
        }
    }

    /// `server` answered a SYN with RST.
    pub fn refused(&mut self, server: Endpoint, at: Moment) {
        if let Some(service) = self.entry(server) {
            service.refused = Some(at);
            service.refusals = service.refusals.saturating_add(1);
        }
    }

    /// What is known of `server` now.
    pub fn of(&self, server: Endpoint) -> Service {
        self.known.get(&server).copied().unwrap_or_default()
    }

    /// Services beyond the bound are not remembered: a scan of a whole network must not cost memory.
    fn entry(&mut self, server: Endpoint) -> Option<&mut Service> {
        if self.known.len() >= self.limit && !self.known.contains_key(&server) {
            return None;
        }
        Some(self.known.entry(server).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Moment {
        Moment { time: Timestamp::from_nanos(seconds * 1_000_000_000), frame: Frame::new(0, seconds.unsigned_abs()) }
    }

    #[test]
    fn a_service_that_stops_and_returns_is_remembered() {
        let server = Endpoint::new("10.0.0.2".parse().unwrap(), 80);
        let mut services = Services::new(10, 0);
        services.accepted(server, at(1));
        services.refused(server, at(2));
        services.refused(server, at(3));
        assert_eq!(services.of(server).refusals, 2);
        assert_eq!(services.of(server).recovered, None);
        services.accepted(server, at(4));
        services.accepted(server, at(5));
        let now = services.of(server);
        assert_eq!(
            (now.recovered, now.refused, now.accepted, now.refusals),
            (Some(at(4)), Some(at(3)), Some(at(5)), 0)
        );
    }

    #[test]
    fn a_syn_ack_that_comes_again_is_no_new_answer() {
        let server = Endpoint::new("10.0.0.2".parse().unwrap(), 80);
        let mut services = Services::new(10, 0);
        services.answered(server, 77, at(1));
        services.refused(server, at(2));
        services.answered(server, 77, at(3));
        assert_eq!((services.of(server).accepted, services.of(server).recovered), (Some(at(1)), None));
        services.answered(server, 78, at(4));
        assert_eq!((services.of(server).accepted, services.of(server).recovered), (Some(at(4)), Some(at(4))));
    }

    #[test]
    fn the_number_of_services_is_bounded() {
        let mut services = Services::new(1, 0);
        services.accepted(Endpoint::new("10.0.0.1".parse().unwrap(), 80), at(1));
        services.accepted(Endpoint::new("10.0.0.2".parse().unwrap(), 80), at(1));
        assert_eq!(services.known.len(), 1);
    }
}
