#![allow(
    clippy::all,
    clippy::pedantic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a generator that stands alone, kept as the captures with known truth were made with it"
)]
//! rstgen - deterministic generator of TCP captures with known reset causes.
//!
//!   rustc --edition 2024 -O main.rs -o rstgen          (no crates needed)
//!   ./rstgen --out mixed.pcap --truth mixed.csv [--key value ...]      (see USAGE)
//!
//! A fixed number of connections is alive at any moment. Each one is written out as a list of packets ("script")
//! when it starts; a heap ordered by time interleaves them, so timestamps never go back. A finished connection is
//! replaced at once. Generation stops when the file has reached --bytes, in mid-flight, as a real capture does.
//!
//! Every packet has right lengths, IPv4/TCP checksums, sequence numbers and TCP options. Resets are modelled on
//! Linux: an *active* reset (close with unread data, SO_LINGER 0) carries RST|ACK, timestamps and a live window; a
//! *passive* one (no socket, dead socket) is bare: no options, window 0, and seq taken from the offender's ACK.
//!
//! --truth writes one CSV row per reset connection, at its first RST:
//!   frame,time_us,cause,sender,client,client_port,server,server_port

use std::collections::{BinaryHeap, HashSet, VecDeque};
use std::fs::File;
use std::io::{self, BufWriter, Write};

const USAGE: &str = "\
rstgen --out FILE [--key value ...]
  --out FILE          capture to write
  --truth FILE        CSV of reset connections (default: none)
  --format pcap       pcap (microseconds, little endian) or pcapng (nanosecond if_tsresol, EPB only)
  --bytes N           stop when the file reaches N bytes; suffix K, M, G = powers of 1024 (default 1G)
  --frames N          or after N frames, if that comes first (default 0: no limit)
  --snaplen N         captured bytes per packet (default 262144)
  --concurrent N      connections alive at once (default 5000)
  --v6-share F        share of IPv6 connections (default 0.25)
  --rst-share F       share of connections that end in RST (default 0.10)
  --reuse-share F     share of connections that reuse the 4-tuple of a finished one (default 0.005)
  --loss F            share of data segments that are sent twice (retransmission, default 0.005)
  --exchanges F       mean request/response exchanges per connection, at least 1 (default 1.0)
  --req-median N      median request bytes (log-normal, default 420)
  --resp-median N     median response bytes (log-normal, default 7500)
  --sigma F           sigma of both log-normals (default 0.8)
  --rtt-ms F          mean round trip (exponential + 0.2 ms, default 40)
  --think-ms F        mean time from request to response (exponential, default 1000); between exchanges 4 times that
  --clients N         client addresses (default 20000)
  --servers N         server addresses (default 200)
  --seed N            default 1";

// ------------------------------------------------------------------------------------------------ random numbers
struct Rng(u64);
impl Rng {
    fn next(&mut self) -> u64 {
        // SplitMix64
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    fn below(&mut self, n: u64) -> u64 {
        ((self.next() as u128 * n as u128) >> 64) as u64
    }
    fn unit(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }
    fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }
    fn exp(&mut self, mean: f64) -> f64 {
        -mean * self.unit().ln()
    }
    fn lognormal(&mut self, median: f64, sigma: f64) -> f64 {
        let n = (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos();
        median * (sigma * n).exp()
    }
}

// ------------------------------------------------------------------------------------------------ reset causes
#[derive(Clone, Copy, PartialEq)]
enum Cause {
    None,
    Refused,
    CloseUnread,
    DataAfterFin,
    Linger,
    HalfOpenAbort,
    Injected,
    IdleGone,
    AcceptOverflow,
}
use Cause::*;
/// Weights among the connections that end in RST.
const CAUSES: [(Cause, u64, &str); 8] = [
    (Refused, 25, "refused"),               // SYN -> RST|ACK, seq 0
    (CloseUnread, 20, "close_unread"),      // server closes with unread bytes: active RST|ACK
    (DataAfterFin, 15, "data_after_fin"),   // server FIN, client data -> bare RST
    (Linger, 15, "linger"),                 // SO_LINGER 0 on either side, nothing unread: active RST|ACK
    (HalfOpenAbort, 8, "half_open_abort"),  // SYN, SYN|ACK, bare RST of the client (a scan)
    (AcceptOverflow, 7, "accept_overflow"), // SYN, SYN|ACK, ACK -> bare RST of the server
    (Injected, 5, "injected"),              // forged RST with another TTL; the real server goes on sending
    (IdleGone, 5, "idle_gone"),             // 5-20 s of silence, client data -> bare RST
];
fn cause_name(c: Cause) -> &'static str {
    CAUSES.iter().find(|x| x.0 == c).map_or("none", |x| x.2)
}

// ------------------------------------------------------------------------------------------------ scripts
const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const PSH: u8 = 8;
const ACK: u8 = 16;
const C: usize = 0; // client -> server
const S: usize = 1; // server -> client

#[derive(Clone, Copy)]
struct Step {
    gap_us: u32,
    seq: u32,
    ack: u32,
    len: u16,
    win: u16,
    flags: u8,
    dir: u8,
    ttl: u8,
    bare: bool,
}

struct Conn {
    v6: bool,
    client: u32,
    server: u32,
    cport: u16,
    sport: u16,
    ip_id: [u16; 2],
    ts_base: [u32; 2],
    ts_recent: [u32; 2],
    cause: Cause,
    counted: bool,
    pos: usize,
    steps: Vec<Step>,
}

struct Script<'a> {
    rng: &'a mut Rng,
    cfg: &'a Cfg,
    steps: &'a mut Vec<Step>,
    nxt: [u32; 2],
    ttl: [u8; 2],
    mss: usize,
    rtt_us: f64,
}
impl Script<'_> {
    /// The reply of a side takes its distance to the capture point (which is near the server).
    fn lag(&mut self, dir: usize) -> u32 {
        (if dir == C { self.rtt_us } else { 60.0 } * (0.9 + 0.2 * self.rng.unit())) as u32 + 5
    }
    fn push(&mut self, dir: usize, flags: u8, len: usize, gap_us: u32) {
        let ack = if flags & ACK != 0 { self.nxt[1 - dir] } else { 0 };
        let win = if flags & SYN != 0 { 64240 } else { 501 };
        self.steps.push(Step {
            gap_us,
            seq: self.nxt[dir],
            ack,
            len: len as u16,
            win,
            flags,
            dir: dir as u8,
            ttl: self.ttl[dir],
            bare: false,
        });
        self.nxt[dir] = self.nxt[dir].wrapping_add(len as u32 + (flags & SYN != 0) as u32 + (flags & FIN != 0) as u32);
    }
    /// A reset by a host that has no (live) socket: no options, window 0.
    fn bare_rst(&mut self, dir: usize, seq: u32, gap_us: u32) {
        let ttl = self.ttl[dir];
        self.steps.push(Step { gap_us, seq, ack: 0, len: 0, win: 0, flags: RST, dir: dir as u8, ttl, bare: true });
    }
    fn handshake(&mut self) {
        let (s, c) = (self.lag(S), self.lag(C));
        self.push(C, SYN, 0, 0);
        self.push(S, SYN | ACK, 0, s);
        self.push(C, ACK, 0, c);
    }
    /// `bytes` of payload in MSS segments, an ACK for every second one and the last, now and then a retransmission.
    fn send(&mut self, dir: usize, bytes: usize, first_gap: u32) {
        let (mut left, mut gap, mut unacked) = (bytes.max(1), first_gap, 0);
        while left > 0 {
            let n = left.min(self.mss);
            left -= n;
            self.push(dir, if left == 0 { PSH | ACK } else { ACK }, n, gap);
            if self.rng.chance(self.cfg.loss) {
                let mut again = *self.steps.last().unwrap();
                again.gap_us = 200_000 + self.rtt_us as u32;
                self.steps.push(again);
            }
            unacked += 1;
            gap = 2 + self.rng.below(20) as u32;
            if unacked == 2 || left == 0 {
                let lag = if left == 0 { self.lag(1 - dir) } else { 30 };
                self.push(1 - dir, ACK, 0, lag);
                unacked = 0;
            }
        }
    }
    fn sizes(&mut self) -> (usize, usize) {
        let (req, resp) =
            (self.rng.lognormal(self.cfg.req, self.cfg.sigma), self.rng.lognormal(self.cfg.resp, self.cfg.sigma));
        (req.min(60e3) as usize, resp.min(4e6) as usize)
    }
    fn exchange(&mut self) {
        let (req, resp) = self.sizes();
        let think = self.rng.exp(self.cfg.think_us) as u32 + 50;
        self.send(C, req, 100);
        self.send(S, resp, think);
    }
    fn exchanges(&mut self) {
        self.exchange();
        while self.rng.unit() > 1.0 / self.cfg.exchanges {
            let idle = self.rng.exp(4.0 * self.cfg.think_us) as u32;
            self.exchange();
            let at = self.steps.len() - 1;
            self.steps[at].gap_us += idle;
        }
    }
    fn close(&mut self) {
        let first = if self.rng.chance(0.5) { C } else { S };
        let (a, b, c) = (self.lag(first), self.lag(1 - first), self.lag(first));
        self.push(first, FIN | ACK, 0, a);
        if self.rng.chance(0.3) {
            self.push(1 - first, ACK, 0, b);
        }
        self.push(1 - first, FIN | ACK, 0, b);
        self.push(first, ACK, 0, c);
    }
    fn build(&mut self, cause: Cause) {
        let (s, c) = (self.lag(S), self.lag(C));
        match cause {
            None => {
                self.handshake();
                self.exchanges();
                self.close();
            }
            Refused => {
                self.push(C, SYN, 0, 0);
                let (ack, ttl) = (self.nxt[C], self.ttl[S]);
                self.steps.push(Step {
                    gap_us: s,
                    seq: 0,
                    ack,
                    len: 0,
                    win: 0,
                    flags: RST | ACK,
                    dir: S as u8,
                    ttl,
                    bare: true,
                });
            }
            HalfOpenAbort => {
                self.push(C, SYN, 0, 0);
                self.push(S, SYN | ACK, 0, s);
                self.bare_rst(C, self.nxt[C], c);
            }
            AcceptOverflow => {
                self.handshake();
                self.bare_rst(S, self.nxt[S], s);
            }
            CloseUnread => {
                self.handshake();
                if self.rng.chance(0.5) {
                    self.exchange();
                }
                let (req, resp) = self.sizes();
                self.send(C, req, 100);
                if self.rng.chance(0.5) {
                    self.send(S, resp.min(3000), 900);
                }
                self.send(C, req, 200); // arrives, is acknowledged, never read
                let gap = self.rng.exp(3000.0) as u32 + 20;
                self.push(S, RST | ACK, 0, gap);
            }
            DataAfterFin => {
                self.handshake();
                self.exchange();
                self.push(S, FIN | ACK, 0, 500);
                self.push(C, ACK, 0, c);
                self.push(C, PSH | ACK, 180, 2000);
                self.bare_rst(S, self.nxt[S], s);
            }
            Linger => {
                self.handshake();
                self.exchanges();
                let by = if self.rng.chance(0.5) { C } else { S };
                self.push(by, RST | ACK, 0, 700);
            }
            Injected => {
                self.handshake();
                let (req, resp) = self.sizes();
                self.send(C, req, 100);
                self.send(S, resp, 3000);
                let (real, forged_ttl) = (self.ttl[S], self.ttl[S].wrapping_add(20 + self.rng.below(60) as u8));
                let copies = 1 + self.rng.below(3);
                for i in 0..copies {
                    // on-path boxes often send several, at guessed later sequence numbers
                    self.ttl[S] = forged_ttl;
                    self.bare_rst(S, self.nxt[S].wrapping_add(i as u32 * 1460), 20);
                    self.ttl[S] = real;
                }
                self.push(S, PSH | ACK, 1200, 800); // the real server knows nothing of it
                self.bare_rst(C, self.nxt[C], c);
            }
            IdleGone => {
                self.handshake();
                self.exchange();
                let idle = 5_000_000 + self.rng.below(15_000_000) as u32;
                self.push(C, PSH | ACK, 300, idle);
                self.bare_rst(S, self.nxt[S], s);
            }
        }
    }
}

// ------------------------------------------------------------------------------------------------ packets
const SPORTS: [u16; 8] = [443, 443, 443, 80, 80, 8080, 5432, 6379];

struct Payloads {
    text: Vec<u8>,
    noise: Vec<u8>,
}
impl Payloads {
    fn new(rng: &mut Rng) -> Self {
        let line =
            b"lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore\r\n";
        let text = line.iter().cycle().take(4096).copied().collect();
        Payloads { text, noise: (0..4096).map(|_| rng.next() as u8).collect() }
    }
    /// `len` bytes at p: HTTP-like text on 80/8080, a TLS application record on 443, noise elsewhere.
    fn fill(&self, p: &mut [u8], sport: u16, dir: usize, seq: u32) {
        let off = (seq as usize) & 1023;
        let src = if sport == 80 || sport == 8080 { &self.text } else { &self.noise };
        p.copy_from_slice(&src[off..off + p.len()]);
        let head: &[u8] = match sport {
            443 => &[0x17, 3, 3, (p.len().saturating_sub(5) >> 8) as u8, p.len().saturating_sub(5) as u8],
            80 | 8080 if dir == C => b"GET /item?id=1 HTTP/1.1\r\nHost: a.example\r\n\r\n",
            _ => &[],
        };
        if p.len() >= head.len() {
            p[..head.len()].copy_from_slice(head);
        }
    }
}

fn sum16(p: &[u8]) -> u64 {
    let mut it = p.chunks_exact(2);
    let mut s: u64 = it.by_ref().map(|b| u16::from_be_bytes([b[0], b[1]]) as u64).sum();
    if let [last] = it.remainder() {
        s += (*last as u64) << 8;
    }
    s
}
fn fold(mut s: u64) -> [u8; 2] {
    while s > 0xffff {
        s = (s & 0xffff) + (s >> 16);
    }
    (!(s as u16)).to_be_bytes()
}

fn addr4(is_server: bool, i: u32) -> [u8; 4] {
    if is_server {
        [192, 0, 2 + (i / 250) as u8, (i % 250 + 1) as u8]
    } else {
        [10, (i >> 16) as u8, (i >> 8) as u8, i as u8]
    }
}
fn addr6(is_server: bool, i: u32) -> [u8; 16] {
    let mut a = [0u8; 16];
    a[..6].copy_from_slice(&[0x20, 1, 0xd, 0xb8, 0, 1 + is_server as u8]);
    a[12..].copy_from_slice(&(i + 1).to_be_bytes());
    a
}

/// Builds the frame in `f`, returns its length on the wire.
fn frame(f: &mut [u8; 2048], k: &mut Conn, s: &Step, now_us: u64, pay: &Payloads) -> usize {
    let dir = s.dir as usize;
    let opts = if s.bare {
        0
    } else if s.flags & SYN != 0 {
        20
    } else {
        12
    };
    let (th, len) = (20 + opts, s.len as usize);
    f[..12].copy_from_slice(if dir == C {
        &[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1]
    } else {
        &[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]
    });
    let (l4, pseudo) = if k.v6 {
        f[12..14].copy_from_slice(&[0x86, 0xdd]);
        f[14..18].copy_from_slice(&[0x60, 0, 0, 0]);
        f[18..20].copy_from_slice(&((th + len) as u16).to_be_bytes());
        f[20] = 6;
        f[21] = s.ttl;
        let (c, v) = (addr6(false, k.client), addr6(true, k.server));
        f[22..38].copy_from_slice(if dir == C { &c } else { &v });
        f[38..54].copy_from_slice(if dir == C { &v } else { &c });
        (54, sum16(&f[22..54]))
    } else {
        f[12..14].copy_from_slice(&[8, 0]);
        f[14..16].copy_from_slice(&[0x45, 0]);
        f[16..18].copy_from_slice(&((20 + th + len) as u16).to_be_bytes());
        let id = if s.bare {
            0
        } else {
            k.ip_id[dir] = k.ip_id[dir].wrapping_add(1);
            k.ip_id[dir]
        };
        f[18..20].copy_from_slice(&id.to_be_bytes());
        f[20..26].copy_from_slice(&[0x40, 0, s.ttl, 6, 0, 0]);
        let (c, v) = (addr4(false, k.client), addr4(true, k.server));
        f[26..30].copy_from_slice(if dir == C { &c } else { &v });
        f[30..34].copy_from_slice(if dir == C { &v } else { &c });
        let ck = fold(sum16(&f[14..34]));
        f[24..26].copy_from_slice(&ck);
        (34, sum16(&f[26..34]))
    };
    let (sp, dp) = if dir == C { (k.cport, k.sport) } else { (k.sport, k.cport) };
    let t = &mut f[l4..l4 + th + len];
    t[..2].copy_from_slice(&sp.to_be_bytes());
    t[2..4].copy_from_slice(&dp.to_be_bytes());
    t[4..8].copy_from_slice(&s.seq.to_be_bytes());
    t[8..12].copy_from_slice(&s.ack.to_be_bytes());
    t[12..14].copy_from_slice(&[(th as u8 / 4) << 4, s.flags]);
    t[14..16].copy_from_slice(&s.win.to_be_bytes());
    t[16..20].fill(0);
    if opts > 0 {
        let val = k.ts_base[dir].wrapping_add((now_us / 1000) as u32);
        let at = if opts == 20 {
            t[20..26].copy_from_slice(&[2, 4, 5, if k.v6 { 0xa0 } else { 0xb4 }, 4, 2]);
            26
        } else {
            t[20..22].copy_from_slice(&[1, 1]);
            22
        };
        t[at..at + 2].copy_from_slice(&[8, 10]);
        t[at + 2..at + 6].copy_from_slice(&val.to_be_bytes());
        t[at + 6..at + 10].copy_from_slice(&k.ts_recent[1 - dir].to_be_bytes());
        if opts == 20 {
            t[36..40].copy_from_slice(&[1, 3, 3, 7]);
        }
        k.ts_recent[dir] = val;
    }
    pay.fill(&mut t[th..], k.sport, dir, s.seq);
    let ck = fold(pseudo + 6 + (th + len) as u64 + sum16(t));
    t[16..18].copy_from_slice(&ck);
    l4 + th + len
}

// ------------------------------------------------------------------------------------------------ capture files
struct Writer {
    w: BufWriter<File>,
    ng: bool,
    snaplen: usize,
    bytes: u64,
    frames: u64,
    wire: u64,
}
impl Writer {
    fn new(path: &str, ng: bool, snaplen: usize) -> io::Result<Self> {
        let mut w = BufWriter::with_capacity(1 << 20, File::create(path)?);
        let mut h = Vec::new();
        let mut u32s = |v: &[u32]| v.iter().for_each(|x| h.extend_from_slice(&x.to_le_bytes()));
        if ng {
            u32s(&[0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0xffff_ffff, 0xffff_ffff, 28]); // SHB 1.0
            u32s(&[1, 32, 1, snaplen as u32, 9 | 1 << 16, 9, 0, 32]); // IDB: Ethernet, if_tsresol 10^-9, opt_endofopt
        } else {
            u32s(&[0xA1B2C3D4, 2 | 4 << 16, 0, 0, snaplen as u32, 1]);
        }
        w.write_all(&h)?;
        Ok(Writer { w, ng, snaplen, bytes: h.len() as u64, frames: 0, wire: 0 })
    }
    fn packet(&mut self, t_us: u64, f: &[u8]) -> io::Result<()> {
        let cap = f.len().min(self.snaplen);
        let mut h = [0u8; 28];
        let mut put = |i: usize, v: u32| h[i * 4..i * 4 + 4].copy_from_slice(&v.to_le_bytes());
        self.bytes += if self.ng {
            let (pad, ns) = (cap.wrapping_neg() & 3, t_us * 1000);
            let total = (32 + cap + pad) as u32;
            [6, total, 0, (ns >> 32) as u32, ns as u32, cap as u32, f.len() as u32]
                .into_iter()
                .enumerate()
                .for_each(|(i, v)| put(i, v));
            self.w.write_all(&h)?;
            self.w.write_all(&f[..cap])?;
            self.w.write_all(&[0u8; 3][..pad])?;
            self.w.write_all(&total.to_le_bytes())?;
            total as u64
        } else {
            [(t_us / 1_000_000) as u32, (t_us % 1_000_000) as u32, cap as u32, f.len() as u32]
                .into_iter()
                .enumerate()
                .for_each(|(i, v)| put(i, v));
            self.w.write_all(&h[..16])?;
            self.w.write_all(&f[..cap])?;
            16 + cap as u64
        };
        self.frames += 1;
        self.wire += f.len() as u64;
        Ok(())
    }
}

// ------------------------------------------------------------------------------------------------ main
struct Cfg {
    loss: f64,
    exchanges: f64,
    req: f64,
    resp: f64,
    sigma: f64,
    think_us: f64,
}

fn size(s: &str) -> u64 {
    let (n, m) = match s.as_bytes().last() {
        Some(b'K') => (&s[..s.len() - 1], 1 << 10),
        Some(b'M') => (&s[..s.len() - 1], 1 << 20),
        Some(b'G') => (&s[..s.len() - 1], 1 << 30),
        _ => (s, 1),
    };
    (n.parse::<f64>().expect("a number") * m as f64) as u64
}

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let known: Vec<&str> = USAGE.split_whitespace().filter(|w| w.starts_with("--") && *w != "--key").collect();
    if args.is_empty() || args.len() % 2 != 0 || args.iter().step_by(2).any(|a| !known.contains(&a.as_str())) {
        eprintln!("{USAGE}");
        std::process::exit(2);
    }
    let arg = |k: &str, default: &str| args.chunks(2).find(|a| a[0] == k).map_or(default.to_string(), |a| a[1].clone());
    let num = |k: &str, default: &str| arg(k, default).parse::<f64>().expect(k);
    let cfg = Cfg {
        loss: num("--loss", "0.005"),
        exchanges: num("--exchanges", "1.0").max(1.0),
        req: num("--req-median", "420"),
        resp: num("--resp-median", "7500"),
        sigma: num("--sigma", "0.8"),
        think_us: num("--think-ms", "1000") * 1000.0,
    };
    let frames = match size(&arg("--frames", "0")) {
        0 => u64::MAX,
        n => n,
    };
    let (target, concurrent) = (size(&arg("--bytes", "1G")), num("--concurrent", "5000") as usize);
    let (v6, rst, reuse, rtt) =
        (num("--v6-share", "0.25"), num("--rst-share", "0.10"), num("--reuse-share", "0.005"), num("--rtt-ms", "40"));
    let (clients, servers) = (num("--clients", "20000") as u64, num("--servers", "200") as u64);
    let mut rng = Rng(num("--seed", "1") as u64);
    let mut out = Writer::new(
        &arg("--out", "out.pcap"),
        arg("--format", "pcap") == "pcapng",
        num("--snaplen", "262144") as usize,
    )?;
    let mut truth = match arg("--truth", "").as_str() {
        "" => Option::None,
        p => Some(BufWriter::new(File::create(p)?)),
    };
    if let Some(t) = &mut truth {
        writeln!(t, "frame,time_us,cause,sender,client,client_port,server,server_port")?;
    }
    let pay = Payloads::new(&mut rng);

    type Tuple = (bool, u32, u16, u32, u16);
    let mut live: HashSet<Tuple> = HashSet::new();
    let mut done: VecDeque<Tuple> = VecDeque::new();
    let (mut started, mut resets, mut by_cause) = (0u64, 0u64, [0u64; 8]);
    let mut start = |rng: &mut Rng, live: &mut HashSet<Tuple>, done: &mut VecDeque<Tuple>, mut steps: Vec<Step>| {
        started += 1;
        let t = loop {
            let t = if rng.chance(reuse) && done.len() == 1000 {
                done[rng.below(900) as usize]
            } else {
                (
                    rng.chance(v6),
                    rng.below(clients) as u32,
                    32768 + rng.below(28232) as u16,
                    rng.below(servers) as u32,
                    SPORTS[rng.below(8) as usize],
                )
            };
            if live.insert(t) {
                break t;
            }
        };
        let cause = if rng.chance(rst) {
            let mut w = rng.below(CAUSES.iter().map(|c| c.1).sum());
            CAUSES
                .iter()
                .find(|c| {
                    let hit = w < c.1;
                    w = w.wrapping_sub(c.1);
                    hit
                })
                .unwrap()
                .0
        } else {
            None
        };
        let ttl = [64 - rng.below(20) as u8, if rng.chance(0.8) { 64 } else { 128 } - rng.below(12) as u8];
        let (isn, ids, ts) = (rng.next(), rng.next(), rng.next());
        steps.clear();
        let rtt_us = 200.0 + rng.exp(rtt * 1000.0);
        Script {
            rng,
            cfg: &cfg,
            steps: &mut steps,
            nxt: [isn as u32, (isn >> 32) as u32],
            ttl,
            mss: if t.0 { 1428 } else { 1448 },
            rtt_us,
        }
        .build(cause);
        Conn {
            v6: t.0,
            client: t.1,
            cport: t.2,
            server: t.3,
            sport: t.4,
            ip_id: [ids as u16, (ids >> 16) as u16],
            ts_base: [ts as u32, (ts >> 32) as u32],
            ts_recent: [0; 2],
            cause,
            counted: false,
            pos: 0,
            steps,
        }
    };

    let t0 = 1_700_000_000_000_000u64;
    let mut heap = BinaryHeap::with_capacity(concurrent);
    let mut conns: Vec<Conn> = Vec::with_capacity(concurrent);
    for i in 0..concurrent {
        // spread the first ones over a second
        conns.push(start(&mut rng, &mut live, &mut done, Vec::new()));
        heap.push(std::cmp::Reverse((t0 + rng.below(1_000_000), i)));
    }
    let (mut buf, mut now) = ([0u8; 2048], t0);
    while out.bytes < target && out.frames < frames {
        let std::cmp::Reverse((t, i)) = heap.pop().unwrap();
        now = t;
        let k = &mut conns[i];
        let s = k.steps[k.pos];
        let n = frame(&mut buf, k, &s, now, &pay);
        out.packet(now, &buf[..n])?;
        if s.flags & RST != 0 && !k.counted {
            k.counted = true;
            resets += 1;
            by_cause[CAUSES.iter().position(|c| c.0 == k.cause).unwrap()] += 1;
            if let Some(w) = &mut truth {
                write!(
                    w,
                    "{},{},{},{},",
                    out.frames,
                    now,
                    cause_name(k.cause),
                    match (k.cause, s.dir) {
                        (Injected, _) => "third_party",
                        (_, 0) => "client",
                        _ => "server",
                    }
                )?;
                if k.v6 {
                    writeln!(
                        w,
                        "{},{},{},{}",
                        std::net::Ipv6Addr::from(addr6(false, k.client)),
                        k.cport,
                        std::net::Ipv6Addr::from(addr6(true, k.server)),
                        k.sport
                    )?;
                } else {
                    writeln!(
                        w,
                        "{},{},{},{}",
                        std::net::Ipv4Addr::from(addr4(false, k.client)),
                        k.cport,
                        std::net::Ipv4Addr::from(addr4(true, k.server)),
                        k.sport
                    )?;
                }
            }
        }
        k.pos += 1;
        let next = if k.pos < k.steps.len() {
            now + k.steps[k.pos].gap_us as u64
        } else {
            let tuple = (k.v6, k.client, k.cport, k.server, k.sport);
            live.remove(&tuple);
            done.push_back(tuple);
            if done.len() > 1000 {
                done.pop_front();
            }
            let steps = std::mem::take(&mut k.steps);
            *k = start(&mut rng, &mut live, &mut done, steps);
            now + 1 + rng.below(2000)
        };
        heap.push(std::cmp::Reverse((next, i)));
    }
    out.w.flush()?;
    if let Some(t) = &mut truth {
        t.flush()?;
    }
    let per: Vec<String> = CAUSES.iter().zip(by_cause).map(|(c, n)| format!("{}={}", c.2, n)).collect();
    println!(
        "frames={} bytes={} mean_wire_len={:.1} connections_started={} reset_connections={} span_s={:.3} {}",
        out.frames,
        out.bytes,
        out.wire as f64 / out.frames as f64,
        started,
        resets,
        (now - t0) as f64 / 1e6,
        per.join(" ")
    );
    Ok(())
}
