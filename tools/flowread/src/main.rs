//! The yardstick of `cargo xtask bench`: the least that a program does which knows every connection of
//! a capture. It reads a pcap file through one buffer, takes each TCP header, and keeps the last
//! sequence number, hop count and flags of each direction in one table. It judges nothing, checks
//! little and forgets nothing.

#![expect(clippy::print_stdout, reason = "a command whose output is its result")]

use std::fs::File;
use std::io::{self, Read};

const BUFFER: usize = 512 * 1024;
const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;
const ETHERNET: usize = 14;

#[derive(Clone, Copy, Default)]
struct Flow {
    key: [u64; 5],
    seq: [u32; 2],
    segments: [u32; 2],
    flags: [u8; 2],
    ttl: [u8; 2],
}

struct Table {
    flows: Vec<Flow>,
    used: usize,
}

fn main() -> io::Result<()> {
    let path = std::env::args().nth(1).ok_or_else(|| io::Error::other("usage: flowread FILE.pcap"))?;
    let mut file = File::open(path)?;
    let mut table = Table { flows: vec![Flow::default(); 1 << 16], used: 0 };
    let (mut buffer, mut start, mut end) = (vec![0; BUFFER], 0, 0);
    let (mut frames, mut resets, mut skipped) = (0u64, 0u64, FILE_HEADER);
    loop {
        buffer.copy_within(start..end, 0);
        end -= start;
        start = 0;
        let read = file.read(&mut buffer[end..])?;
        if read == 0 {
            break;
        }
        end += read;
        start += std::mem::take(&mut skipped);
        while let Some(record) = record(&buffer[start..end]) {
            resets += u64::from(take(&record[RECORD_HEADER..], &mut table));
            frames += 1;
            start += record.len();
        }
    }
    println!("{frames} frames, {} flows, {resets} RSTs", table.used);
    Ok(())
}

/// The record at the front, when it is whole.
fn record(bytes: &[u8]) -> Option<&[u8]> {
    let captured = u32::from_le_bytes(*bytes.get(8..)?.first_chunk()?);
    bytes.get(..RECORD_HEADER + captured as usize)
}

/// Takes in one frame; whether it is a RST.
fn take(frame: &[u8], table: &mut Table) -> bool {
    let Some(kind) = frame.get(ETHERNET - 2..ETHERNET) else { return false };
    let (ends, ttl, tcp) = match (kind, &frame[ETHERNET..]) {
        ([8, 0], ip) if ip.len() >= 20 && ip[9] == 6 => {
            let word = |at: usize| u64::from(u32::from_be_bytes([ip[at], ip[at + 1], ip[at + 2], ip[at + 3]]));
            ([0, word(12), 0, word(16)], ip[8], &ip[usize::from(ip[0] & 15) * 4..])
        }
        ([0x86, 0xdd], ip) if ip.len() >= 40 && ip[6] == 6 => {
            let word = |at: usize| ip[at..].first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
            ([word(8), word(16), word(24), word(32)], ip[7], &ip[40..])
        }
        _ => return false,
    };
    if tcp.len() < 20 {
        return false;
    }
    let (from, to) = (u16::from_be_bytes([tcp[0], tcp[1]]), u16::from_be_bytes([tcp[2], tcp[3]]));
    let turned = (ends[0], ends[1], from) > (ends[2], ends[3], to);
    let ports = |a: u16, b: u16| u64::from(a) << 16 | u64::from(b) | 1 << 40;
    let key = if turned {
        [ends[2], ends[3], ends[0], ends[1], ports(to, from)]
    } else {
        [ends[0], ends[1], ends[2], ends[3], ports(from, to)]
    };
    let flow = table.flow(key);
    let side = usize::from(turned);
    flow.seq[side] = u32::from_be_bytes([tcp[4], tcp[5], tcp[6], tcp[7]]);
    flow.segments[side] += 1;
    flow.flags[side] |= tcp[13];
    flow.ttl[side] = ttl;
    tcp[13] & 4 != 0
}

impl Table {
    fn flow(&mut self, key: [u64; 5]) -> &mut Flow {
        if self.used * 2 > self.flows.len() {
            let larger = vec![Flow::default(); self.flows.len() * 2];
            for flow in std::mem::replace(&mut self.flows, larger) {
                if flow.key[4] != 0 {
                    let at = self.place(flow.key);
                    self.flows[at] = flow;
                }
            }
        }
        let at = self.place(key);
        if self.flows[at].key[4] == 0 {
            self.flows[at].key = key;
            self.used += 1;
        }
        &mut self.flows[at]
    }

    fn place(&self, key: [u64; 5]) -> usize {
        let hash = key.iter().fold(0u64, |hash, word| (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95));
        let mask = self.flows.len() - 1;
        let mut at = (hash >> 20) as usize & mask;
        while self.flows[at].key != key && self.flows[at].key[4] != 0 {
            at = (at + 1) & mask;
        }
        at
    }
}
