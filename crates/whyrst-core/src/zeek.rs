//! Zeek's two shorthands for a connection, which analysts join on: the history letters and
//! `conn_state`.

use core::fmt;

use crate::connection::Connection;
use crate::half::Marks;
use crate::history::{Notes, Record};
use crate::segment::Flags;

const CAPACITY: usize = 14;

/// Which kinds of segments came, in the order of their first appearance: upper case from the
/// client, lower case from the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Letters {
    letters: [u8; CAPACITY],
    len: u8,
}

/// Who sent it, for the case of the letter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Originator {
    /// The client.
    Client,
    /// The server.
    Server,
}

impl Letters {
    /// Adds the letters of a segment that have not appeared yet in its direction.
    pub fn add(&mut self, record: &Record, by: Originator) {
        // As most are.
        if record.is_pure_ack() {
            return self.add_letter(b'A', by);
        }
        for (letter, _) in letters_of(record).into_iter().filter(|(_, present)| *present) {
            self.add_letter(letter, by);
        }
    }

    fn add_letter(&mut self, letter: u8, by: Originator) {
        let letter = if by == Originator::Client { letter } else { letter.to_ascii_lowercase() };
        let len = usize::from(self.len);
        if len < CAPACITY && !self.letters[..len].contains(&letter) {
            self.letters[len] = letter;
            self.len += 1;
        }
    }

    /// The letters as text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.letters[..usize::from(self.len)]).unwrap_or_default()
    }
}

impl fmt::Display for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

fn letters_of(record: &Record) -> [(u8, bool); 9] {
    let flags = record.flags;
    let (syn, fin, rst, ack) =
        (flags.has(Flags::SYN), flags.has(Flags::FIN), flags.has(Flags::RST), flags.has(Flags::ACK));
    let odd = syn && (fin || rst);
    [
        (b'I', rst && (syn || fin)),
        (b'Q', syn && fin),
        (b'S', syn && !ack && !odd),
        (b'H', syn && ack && !odd),
        (b'A', record.is_pure_ack()),
        (b'D', record.len > 0 && !record.notes.has(Notes::RETRANSMISSION) && !rst),
        (b'T', record.len > 0 && record.notes.has(Notes::RETRANSMISSION)),
        (b'F', fin && !rst && !syn),
        (b'R', rst && !syn),
    ]
}

/// Zeek's `conn_state`. `S0` also stands for what Zeek would still call so when no answer was seen.
pub fn conn_state(connection: &Connection) -> &'static str {
    let client = connection.half(connection.client).marks;
    let server = connection.half(connection.server()).marks;
    let inactive = |marks: Marks| !marks.has(Marks::SYN) && !marks.has(Marks::SPOKE);
    let no_payload = connection.halves.iter().all(|half| half.bytes == 0);
    let opening = client.has(Marks::SYN) && !connection.handshake_complete();
    match (client.has(Marks::RST), server.has(Marks::RST)) {
        // A RST after both ends have closed changes nothing.
        _ if connection.closed_in_order() => "SF",
        (_, true) if opening || (client.has(Marks::RST) && no_payload) => "REJ",
        (_, true) if inactive(client) => "RSTRH",
        (_, true) => "RSTR",
        (true, false) if inactive(server) && client.has(Marks::SYN) => "RSTOS0",
        (true, false) if inactive(server) => "OTH",
        (true, false) => "RSTO",
        (false, false) => without_reset(connection, client, server),
    }
}

fn without_reset(connection: &Connection, client: Marks, server: Marks) -> &'static str {
    match (client.has(Marks::FIN), server.has(Marks::FIN)) {
        (true, true) => "SF",
        (true, false) if !server.has(Marks::SPOKE) => "SH",
        (true, false) => "S2",
        (false, true) if !client.has(Marks::SPOKE) => "SHR",
        (false, true) => "S3",
        (false, false) if client.has(Marks::SYN) && !server.has(Marks::SPOKE) => "S0",
        (false, false) if connection.handshake_complete() => "S1",
        (false, false) => "OTH",
    }
}

#[cfg(test)]
mod tests {
    use super::conn_state;
    use crate::testing::conversation;

    fn told(text: &str) -> (std::string::String, &'static str) {
        let ending = conversation(text).ending();
        (std::string::ToString::to_string(&ending.finally.letters), conn_state(&ending.finally))
    }

    const OPEN: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1";

    fn opened(rest: &str) -> (std::string::String, &'static str) {
        told(&std::format!("{OPEN}\n{rest}"))
    }

    #[test]
    fn refusals_and_unanswered_syns_have_their_codes() {
        assert_eq!(told("0 C > S S 0:0(0)\n0.1 C < S RA 0:0(0) ack 1"), ("Sr".into(), "REJ"));
        assert_eq!(told("0 C > S S 0:0(0)\n1 C > S S 0:0(0)"), ("S".into(), "S0"));
        assert_eq!(told("0 C > S S 0:0(0)\n0.1 C > S R 1:1(0)"), ("SR".into(), "RSTOS0"));
    }

    #[test]
    fn resets_of_either_side_have_their_codes() {
        let data = "0.1 C > S PA 1:101(100) ack 1\n0.2 C < S A 1:1(0) ack 101";
        assert_eq!(opened(&std::format!("{data}\n0.3 C < S RA 1:1(0) ack 101")), ("ShADar".into(), "RSTR"));
        assert_eq!(opened(&std::format!("{data}\n0.3 C > S RA 101:101(0) ack 1")), ("ShADaR".into(), "RSTO"));
        assert_eq!(told("0 C > S A 1:1(0) ack 1\n0.1 C > S R 1:1(0)").1, "OTH");
    }

    #[test]
    fn a_reset_after_both_fins_leaves_the_connection_closed_in_order() {
        let closed = "
            0.1 C > S FA 1:1(0) ack 1
            0.2 C < S FA 1:1(0) ack 2
            0.3 C > S A 2:2(0) ack 2
            0.4 C < S R 2:2(0)";
        assert_eq!(opened(closed), ("ShAFfr".into(), "SF"));
        let half = "0.1 C > S FA 1:1(0) ack 1\n0.2 C < S A 1:1(0) ack 2\n0.3 C < S RA 1:1(0) ack 2";
        assert_eq!(opened(half), ("ShAFar".into(), "RSTR"));
    }
}
