//! One segment in tcpdump's notation, with relative numbers, shortened to fit between two clocks.

use std::collections::HashMap;
use std::fmt::Write;

use whyrst_core::segment::{Endpoint, Flags};

use crate::packet::Tcp;

/// Initial sequence numbers, by direction. Without a SYN the numbers stay as they are.
#[derive(Debug, Default)]
pub(super) struct Origins(HashMap<(Endpoint, Endpoint), u32>);

impl Origins {
    /// Learns from a SYN or SYN-ACK.
    pub(super) fn learn(&mut self, tcp: &Tcp<'_>) {
        if tcp.flags.has(Flags::SYN) {
            self.0.insert((tcp.src, tcp.dst), tcp.seq);
        }
    }

    /// `Flags [P.], seq 1:101, ack 1, win 502, [TS], length 100`.
    pub(super) fn describe(&self, tcp: &Tcp<'_>) -> String {
        let seq = self.relative(tcp.src, tcp.dst, tcp.seq);
        let mut text = format!("Flags [{}]", letters(tcp.flags));
        let len = tcp.payload.len();
        let numbered = Flags::SYN.bits() | Flags::FIN.bits() | Flags::RST.bits();
        if len > 0 {
            let end = u64::from(seq) + len as u64;
            let _ = write!(text, ", seq {seq}:{end}");
        } else if tcp.flags.bits() & numbered != 0 {
            let _ = write!(text, ", seq {seq}");
        }
        if tcp.flags.has(Flags::ACK) {
            let _ = write!(text, ", ack {}", self.relative(tcp.dst, tcp.src, tcp.ack));
        }
        let _ = write!(text, ", win {}", tcp.window);
        let options = options(tcp.options);
        if !options.is_empty() {
            let _ = write!(text, ", [{}]", options.join(","));
        }
        let _ = write!(text, ", length {len}");
        text
    }

    fn relative(&self, from: Endpoint, to: Endpoint, number: u32) -> u32 {
        self.0.get(&(from, to)).map_or(number, |origin| number.wrapping_sub(*origin))
    }
}

/// The same in at most `width` columns: what says least goes first.
pub(super) fn shortened(text: &str, width: usize) -> String {
    let fits = |text: &str| text.chars().count() <= width;
    let without = |text: &str, begin: &str, end: &str| -> String {
        let Some((before, rest)) = text.split_once(begin) else { return text.into() };
        let after = rest.find(end).map_or("", |at| &rest[at + end.len()..]);
        if after.is_empty() { before.into() } else { format!("{before}, {after}") }
    };
    let mut text = text.to_owned();
    for (begin, end) in [(", length 0", "\n"), (", [", "], "), (", win ", ", "), (", length ", "\n")] {
        if fits(&text) {
            return text;
        }
        text = without(&text, begin, end);
    }
    text.chars().take(width).collect()
}

/// tcpdump's letters; the dot is ACK.
fn letters(flags: Flags) -> String {
    const LETTERS: [(Flags, char); 8] = [
        (Flags::FIN, 'F'),
        (Flags::SYN, 'S'),
        (Flags::RST, 'R'),
        (Flags::PSH, 'P'),
        (Flags::ACK, '.'),
        (Flags::URG, 'U'),
        (Flags::CWR, 'W'),
        (Flags::ECE, 'E'),
    ];
    let set: String = LETTERS.iter().filter(|(flag, _)| flags.has(*flag)).map(|(_, letter)| letter).collect();
    if set.is_empty() { "none".into() } else { set }
}

/// The options that say something, without padding and without the values of timestamps.
fn options(mut bytes: &[u8]) -> Vec<String> {
    let mut named = Vec::new();
    while let [kind, rest @ ..] = bytes {
        match kind {
            0 => break,
            1 => bytes = rest,
            _ => {
                let len = usize::from(rest.first().copied().unwrap_or(0));
                let Some((option, after)) = (len >= 2).then(|| bytes.split_at_checked(len)).flatten() else { break };
                named.push(option_name(*kind, &option[2..]));
                bytes = after;
            }
        }
    }
    named
}

fn option_name(kind: u8, value: &[u8]) -> String {
    match (kind, value) {
        (2, [high, low]) => format!("mss {}", u16::from_be_bytes([*high, *low])),
        (3, [shift]) => format!("wscale {shift}"),
        (4, _) => "sackOK".into(),
        (5, _) => "sack".into(),
        (8, _) => "TS".into(),
        _ => format!("option {kind}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment<'a>(flags: Flags, seq: u32, ack: u32, options: &'a [u8], payload: &'a [u8]) -> Tcp<'a> {
        let end = |octet| Endpoint::new([10, 77, 0, octet].into(), 1);
        Tcp { src: end(1), dst: end(2), seq, ack, flags, window: 502, options, payload }
    }

    #[test]
    fn numbers_are_relative_once_the_syn_was_seen() {
        let mut origins = Origins::default();
        let data = segment(Flags::PSH.with(Flags::ACK), 11, 77, &[], &[0; 5]);
        assert_eq!(origins.describe(&data), "Flags [P.], seq 11:16, ack 77, win 502, length 5");
        origins.learn(&segment(Flags::SYN, 10, 0, &[], &[]));
        assert_eq!(origins.describe(&data), "Flags [P.], seq 1:6, ack 77, win 502, length 5");
    }

    #[test]
    fn options_are_named_and_padding_is_not() {
        let all = [2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7];
        let syn = segment(Flags::SYN, 0, 0, &all, &[]);
        let text = Origins::default().describe(&syn);
        assert_eq!(text, "Flags [S], seq 0, win 502, [mss 1460,sackOK,TS,wscale 7], length 0");
    }

    #[test]
    fn what_says_least_goes_first() {
        let syn = "Flags [S], seq 0, win 502, [mss 1460,sackOK], length 0";
        assert_eq!(shortened(syn, 60), syn);
        assert_eq!(shortened(syn, 50), "Flags [S], seq 0, win 502, [mss 1460,sackOK]");
        let data = "Flags [P.], seq 1:6, ack 77, win 502, [TS], length 5";
        assert_eq!(shortened(data, 50), "Flags [P.], seq 1:6, ack 77, win 502, length 5");
        assert_eq!(shortened(data, 40), "Flags [P.], seq 1:6, ack 77, length 5");
        assert_eq!(shortened(data, 30), "Flags [P.], seq 1:6, ack 77");
        assert_eq!(shortened(data, 9), "Flags [P.");
    }

    #[test]
    fn malformed_options_end_the_list() {
        for bytes in [&[8, 0, 1][..], &[8, 1], &[8, 10, 0], &[2], &[0, 2, 4]] {
            assert_eq!(options(bytes), Vec::<String>::new());
        }
    }
}
