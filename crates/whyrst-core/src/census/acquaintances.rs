//! Which flows are siblings of a connection that was reset: the first ones of its service ([`crate::siblings`]).
//!
//! That a service resets is known only when it does, so the first flows of every service are remembered, and at the
//! end those of the services that had a reset are named.

use alloc::vec::Vec;

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};

use crate::sighting::{FIRST, FLOWS};

/// Services that are remembered: as many as the book of siblings has room for.
const SERVICES: usize = 4_096;
/// Ends of RSTs that are no known service, and may come to be one.
const STRANGERS: usize = 65_536;

/// The first flows of each service, and the services that were reset, by their names.
#[derive(Debug, Default)]
pub(super) struct Acquaintances {
    first: HashMap<u64, Vec<u64>, FixedState>,
    flows: usize,
    reset: HashSet<u64, FixedState>,
}

impl Acquaintances {
    /// `service` accepted `flow`.
    pub(super) fn accepted(&mut self, service: u64, flow: u64) {
        if self.flows >= FLOWS || (self.first.len() >= SERVICES && !self.first.contains_key(&service)) {
            return;
        }
        let flows = self.first.entry(service).or_default();
        if flows.len() < FIRST && !flows.contains(&flow) {
            flows.push(flow);
            self.flows += 1;
        }
    }

    /// A RST was seen between these two, one of which is a service.
    pub(super) fn reset(&mut self, ends: [u64; 2]) {
        // What is known to accept has its place.
        for end in ends {
            if self.reset.len() < STRANGERS || self.first.contains_key(&end) {
                self.reset.insert(end);
            }
        }
    }

    /// The siblings of what was reset.
    pub(super) fn finish(self) -> Vec<u64> {
        let Self { mut first, reset, .. } = self;
        reset.iter().filter_map(|service| first.remove(service)).flatten().collect()
    }
}
