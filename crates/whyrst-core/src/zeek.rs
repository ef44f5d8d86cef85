//! Zeek's `conn_state`, which analysts join on. The history letters beside it are in
//! [`letters`](crate::letters), where a connection keeps them.

use crate::connection::Connection;
use crate::half::Marks;

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
        let outcome = conversation(text).outcome();
        (std::string::ToString::to_string(&outcome.finally().letters), conn_state(outcome.finally()))
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
