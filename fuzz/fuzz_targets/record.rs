//! Any octets as a record of the probe's ring buffer: it is taken apart or refused, and one that is
//! cut is never taken for whole.

#![no_main]

use libfuzzer_sys::fuzz_target;
use whyrst_probe::is_event;

/// `sizeof(struct event)` of `bpf/event.h`, of which only the call stack may be missing.
const LEAST: usize = 336;

fuzz_target!(|octets: &[u8]| {
    let taken = is_event(octets);
    assert!(!taken || octets.len() >= LEAST, "{} octets", octets.len());
});
