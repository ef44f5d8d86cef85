//! Which segments are looked at: expressions in the language of pcap-filter(7), as tcpdump takes them.
//!
//! Its words for hosts, networks, ports, protocols and lengths, with its precedence: `and` and `or` bind
//! alike, from left to right, and a value without words takes those of the value before. What is not
//! known here is refused with its place, never guessed: host and service names, `ether`, `vlan` and
//! bytes (`tcp[13]`). It looks at what whyrst reads: the segment inside tunnels, and for an ICMP
//! error also the segment that it quotes, so that `port 443` keeps the errors about port 443.

mod condition;
mod error;
mod parse;

use std::str::FromStr;

use whyrst_core::observation::Seen;

pub use error::FilterError;

use condition::Instruction;

/// An expression that is true of some segments.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Filter {
    /// In postfix notation; never more than [`MAX_DEPTH`](condition::MAX_DEPTH) results wait on the stack.
    steps: Vec<Instruction>,
}

impl Filter {
    /// Whether `seen`, in a frame of `length` bytes on the wire, is one of those.
    pub fn matches(&self, seen: &Seen<'_>, length: u32) -> bool {
        let mut stack = 0u128;
        for step in &self.steps {
            match step {
                Instruction::Test(test) => stack = (stack << 1) | u128::from(test.holds(seen, length)),
                Instruction::Not => stack ^= 1,
                Instruction::And => stack = (stack >> 1) & (stack | !1),
                Instruction::Or => stack = (stack >> 1) | (stack & 1),
            }
        }
        stack & 1 == 1
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(expression: &str) -> Result<Self, FilterError> {
        parse::parse(expression).map(|steps| Self { steps })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use whyrst_core::observation::{IcmpError, IcmpKind};
    use whyrst_core::segment::Endpoint;

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
    fn what_is_not_known_is_refused_at_its_place() {
        for (expression, at, words) in [
            ("", 0, "empty"),
            ("host", 4, "expected an address"),
            ("tcp and host foo", 13, "\"foo\" is no IP address"),
            ("port http", 5, "\"http\" is no port number"),
            ("port 65536", 5, "no port number"),
            ("vlan 5 and tcp", 0, "\"vlan\" is not known"),
            ("tcp[13] & 4 != 0", 0, "bytes"),
            ("host 10.0.0.0/8", 5, "net"),
            ("net 10.0.0.1/8", 4, "bits"),
            ("(port 1", 7, "\")\""),
            ("port 1)", 6, "\")\""),
            ("port 1 port 2", 7, "\"and\" or \"or\""),
            ("port 1 and", 10, "end"),
            ("80", 0, "port 80"),
            ("src tcp", 4, "direction"),
            ("portrange 9-3", 10, "range"),
            ("tcp host", 8, "address"),
            ("less many", 5, "number"),
        ] {
            let error = expression.parse::<Filter>().expect_err(expression);
            assert_eq!(error.at, at, "{expression}: {error}");
            assert!(error.why.contains(words), "{expression}: {error}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |count: usize| "(".repeat(count) + "tcp" + &")".repeat(count);
        assert!(deep(90).parse::<Filter>().is_ok());
        assert!(deep(100_000).parse::<Filter>().is_err());
        let right = (0..90).fold("tcp".to_owned(), |inner, _| format!("tcp and ({inner})"));
        assert!(right.parse::<Filter>().unwrap().matches(&about("10.0.0.1:1", "10.0.0.2:2"), 0));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_filter_or_an_error(text in "[a-z0-9 ()!&|./:-]{0,60}") {
            if let Err(error) = text.parse::<Filter>() {
                proptest::prop_assert!(error.at <= text.chars().count());
            }
        }
    }
}
