//! Which segments are looked at: the part of a filter that packets alone decide, as tcpdump has it.
//!
//! The language is that of `whyrst_core::filter`. It looks at what whyrst reads: the segment inside tunnels, and for an
//! ICMP error also the segment that it quotes, so that `port 443` keeps the errors about port 443.

use std::str::FromStr;

use whyrst_core::filter::{Direction, EndTest, Expression, Protocol, Test, Value, of_packets};
use whyrst_core::observation::{IcmpError, Seen};
use whyrst_core::segment::Endpoint;

pub use whyrst_core::filter::FilterError;

/// An expression that is true of some segments.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Filter {
    expression: Expression,
}

impl Filter {
    /// Of an expression that packets decide; `None` where they do not.
    pub fn of(expression: &Expression) -> Option<Self> {
        is_of_packets(expression).then(|| Self { expression: expression.clone() })
    }

    /// Whether it is about connections alone, as `host` and `port` are: then it can choose among those, and what passes
    /// beside them may be read as well.
    pub fn is_of_connections(&self) -> bool {
        is_of_connections(&self.expression)
    }

    /// Whether a connection between these ends is one of those; never by a word that is about single packets.
    pub fn fits(&self, ends: [Endpoint; 2]) -> bool {
        fits(&self.expression, ends)
    }

    /// Whether `seen`, in a frame of `length` bytes on the wire, is one of those.
    pub fn matches(&self, seen: &Seen<'_>, length: u32) -> bool {
        holds(&self.expression, seen, length)
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        of_packets(text).map(|expression| Self { expression })
    }
}

fn is_of_packets(expression: &Expression) -> bool {
    match expression {
        Expression::Test(Test::Term(_, Value::End(_)) | Test::Protocol(_) | Test::Directed(..) | Test::Length(_)) => {
            true
        }
        Expression::Test(_) => false,
        Expression::Not(one) => is_of_packets(one),
        Expression::All(all) | Expression::Any(all) => all.iter().all(is_of_packets),
    }
}

fn is_of_connections(expression: &Expression) -> bool {
    match expression {
        Expression::Test(test) => !is_of_single_packets(test),
        Expression::Not(one) => is_of_connections(one),
        Expression::All(all) | Expression::Any(all) => all.iter().all(is_of_connections),
    }
}

const fn is_of_single_packets(test: &Test) -> bool {
    matches!(
        test,
        Test::Length(_)
            | Test::Directed(Direction::Source | Direction::Destination, _)
            | Test::Protocol(Protocol::Icmp4 | Protocol::Icmp6)
    )
}

fn fits(expression: &Expression, ends: [Endpoint; 2]) -> bool {
    match expression {
        Expression::Test(Test::Term(_, Value::End(wanted))) => ends.iter().any(|end| has(wanted, *end)),
        Expression::Test(Test::Directed(Direction::Both, wanted)) => ends.iter().all(|end| has(wanted, *end)),
        Expression::Test(Test::Protocol(Protocol::Ip4)) => ends.iter().all(|end| end.ip.is_ipv4()),
        Expression::Test(Test::Protocol(Protocol::Ip6)) => ends.iter().all(|end| end.ip.is_ipv6()),
        Expression::Test(Test::Protocol(Protocol::Tcp)) => true,
        Expression::Test(_) => false,
        Expression::Not(one) => !fits(one, ends),
        Expression::All(all) => all.iter().all(|one| fits(one, ends)),
        Expression::Any(any) => any.iter().any(|one| fits(one, ends)),
    }
}

fn holds(expression: &Expression, seen: &Seen<'_>, length: u32) -> bool {
    match expression {
        Expression::Test(test) => is(test, seen, length),
        Expression::Not(one) => !holds(one, seen, length),
        Expression::All(all) => all.iter().all(|one| holds(one, seen, length)),
        Expression::Any(any) => any.iter().any(|one| holds(one, seen, length)),
    }
}

fn is(test: &Test, seen: &Seen<'_>, length: u32) -> bool {
    match test {
        Test::Protocol(protocol) => is_protocol(*protocol, seen),
        Test::Length(range) => range.contains(&length),
        Test::Term(_, Value::End(wanted)) => pairs(wanted, seen).any(|pair| pair.iter().any(|end| has(wanted, *end))),
        Test::Directed(direction, wanted) => pairs(wanted, seen).any(|[source, destination]| match direction {
            Direction::Source => has(wanted, source),
            Direction::Destination => has(wanted, destination),
            Direction::Both => has(wanted, source) && has(wanted, destination),
        }),
        // Not one of packets: `of` takes no such test.
        Test::Term(..) | Test::Text(_) => false,
    }
}

fn has(wanted: &EndTest, end: Endpoint) -> bool {
    wanted.has(end.ip, end.port)
}

/// The segment's ends, or those of the segment that an ICMP error quotes; where no port is asked for, for such an error
/// also who sent it to whom.
fn pairs(wanted: &EndTest, seen: &Seen<'_>) -> impl Iterator<Item = [Endpoint; 2]> {
    let [source, destination] = conversation(seen);
    let around = match seen {
        Seen::Icmp(IcmpError { from, .. }) if wanted.ports.is_none() => Some([Endpoint { ip: *from, port: 0 }, source]),
        _ => None,
    };
    [[source, destination]].into_iter().chain(around)
}

const fn conversation(seen: &Seen<'_>) -> [Endpoint; 2] {
    match seen {
        Seen::Segment(segment) => [segment.src, segment.dst],
        Seen::Icmp(error) => [error.src, error.dst],
    }
}

fn is_protocol(protocol: Protocol, seen: &Seen<'_>) -> bool {
    let six = conversation(seen)[0].ip.is_ipv6();
    let icmp = matches!(seen, Seen::Icmp(_));
    match protocol {
        Protocol::Ip4 => !six,
        Protocol::Ip6 => six,
        // An error about a segment goes with the segment.
        Protocol::Tcp => true,
        Protocol::Icmp4 => icmp && !six,
        Protocol::Icmp6 => icmp && six,
        Protocol::Other => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use whyrst_core::observation::IcmpKind;

    fn end(text: &str) -> Endpoint {
        let address: std::net::SocketAddr = text.parse().unwrap();
        Endpoint { ip: address.ip(), port: address.port() }
    }

    /// What an ICMP error says is the simplest thing that has addresses and ports.
    fn about(src: &str, dst: &str) -> Seen<'static> {
        let error = IcmpError {
            from: "192.0.2.1".parse().unwrap(),
            kind: IcmpKind::HostUnreachable,
            src: end(src),
            dst: end(dst),
            seq: None,
        };
        Seen::Icmp(error)
    }

    fn holds(expression: &str) -> bool {
        let seen = about("10.0.0.1:40000", "10.1.2.3:443");
        expression.parse::<Filter>().unwrap_or_else(|error| panic!("{error}")).matches(&seen, 60)
    }

    #[test]
    fn a_filter_of_connections_fits_their_ends() {
        let ends = [end("10.0.0.1:40000"), end("10.1.2.3:443")];
        let filter = |text: &str| text.parse::<Filter>().unwrap_or_else(|error| panic!("{error}"));
        for yes in ["host 10.0.0.1", "port 443 and tcp", "src and dst net 10.0.0.0/8", "ip and not port 80"] {
            assert!(filter(yes).is_of_connections() && filter(yes).fits(ends), "{yes}");
        }
        for no in ["host 10.0.0.2", "port 80", "src and dst net 10.0.0.0/16", "ip6", "udp"] {
            assert!(filter(no).is_of_connections() && !filter(no).fits(ends), "{no}");
        }
        for of_packets in ["src port 443", "less 60", "port 443 and icmp", "dst host 10.0.0.1 or port 80"] {
            assert!(!filter(of_packets).is_of_connections(), "{of_packets}");
        }
    }

    #[test]
    fn hosts_nets_ports_and_directions() {
        for yes in [
            "host 10.0.0.1",
            "10.0.0.1",
            "src 10.0.0.1 and dst host 10.1.2.3",
            "host 192.0.2.1",
            "net 10",
            "net 10.1",
            "net 10.1.0.0/16",
            "net 10.1.0.0 mask 255.255.0.0",
            "dst net 10.1/16",
            "src and dst net 10.0.0.0/8",
            "port 443",
            "tcp dst port 443",
            "portrange 440-450",
            "src or dst port 40000",
            "ip and tcp and icmp",
            "less 60 and greater 60",
            "ip host 10.1.2.3",
        ] {
            assert!(holds(yes), "{yes}");
        }
        for no in [
            "host 10.0.0.2",
            "src host 10.1.2.3",
            "dst port 40000",
            "net 10.2.0.0/16",
            "src and dst net 10.1.0.0/16",
            "ip6",
            "udp port 443",
            "not icmp",
            "greater 61",
            "src and dst port 443",
            "ip6 host 10.1.2.3",
        ] {
            assert!(!holds(no), "{no}");
        }
    }

    #[test]
    fn and_and_or_bind_alike_and_values_take_the_words_before() {
        assert!(holds("port 80 or 443"));
        assert!(holds("tcp port (80 or 443)"));
        assert!(!holds("host 10.0.0.1 and not 10.1.2.3"));
        assert!(holds("!host 10.9.9.9 && (port 1 || port 443)"));
        // (yes or no) and no: `and` does not bind closer.
        assert!(!holds("port 443 or port 1 and port 2"));
        assert!(holds("port 443 or (port 1 and port 2)"));
        assert!(holds("not not not port 1"));
    }

    #[test]
    fn addresses_of_version_6() {
        let seen = about("[2001:db8::1]:40000", "[2001:db8::2]:443");
        let holds = |text: &str| text.parse::<Filter>().unwrap().matches(&seen, 80);
        assert!(holds("host 2001:db8::1 and ip6 and icmp6"));
        assert!(holds("net 2001:db8::/32") && !holds("net 2001:db9::/32") && !holds("net 10.0.0.0/8"));
    }

    #[test]
    fn keys_of_connections_are_read_of_packets_too() {
        assert!(holds("port:443 host:10.0.0.0/8") && holds("10.1.2.3:443") && !holds("10.1.2.3:40000"));
        assert!(holds("port 1 port 443") && !holds("host 10.0.0.1 and port 1"));
    }

    #[test]
    fn what_only_reports_say_is_refused() {
        let error = "port 443 and cause:closed-port".parse::<Filter>().unwrap_err();
        assert!(error.to_string().contains("known of reports only"), "{error}");
        assert_eq!((error.at, error.width), (13, 5));
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |count: usize| "(".repeat(count) + "tcp" + &")".repeat(count);
        assert!(deep(90).parse::<Filter>().is_ok());
        assert!(deep(30_000).parse::<Filter>().is_err());
        let right = (0..90).fold("tcp".to_owned(), |inner, _| format!("tcp and ({inner})"));
        assert!(right.parse::<Filter>().unwrap().matches(&about("10.0.0.1:1", "10.0.0.2:2"), 0));
        let long = (0..400).fold("tcp".to_owned(), |so_far, _| so_far + " or udp and tcp");
        assert!(long.parse::<Filter>().unwrap().matches(&about("10.0.0.1:1", "10.0.0.2:2"), 0));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_filter_or_an_error(text in "[a-z0-9 ()!&|./:\"*-]{0,60}") {
            if let Err(error) = text.parse::<Filter>() {
                proptest::prop_assert!(error.at <= text.chars().count());
            }
        }
    }
}
