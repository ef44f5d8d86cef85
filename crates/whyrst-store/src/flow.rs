//! A connection's number: what a host at one end, a host at the other, a capture and a database all
//! compute alike, so that what each says of a connection can be joined without knowing the others.
//!
//! It is fixed and public: the first 8 octets of SHA-256 (FIPS 180-4) of the text
//!
//! ```text
//! tcp LESSER GREATER
//! ```
//!
//! where the two ends are written `ADDRESS:PORT`, IPv6 as `[ADDRESS]:PORT` in the form of RFC 5952, an IPv4 address
//! mapped into IPv6 as IPv4, and the lesser is the one that comes first when the two are compared octet by octet as text.
//! It is written as 16 hexadecimal digits. In SQL (ClickHouse):
//!
//! ```sql
//! lower(hex(substring(SHA256(concat('tcp ', least(a, b), ' ', greatest(a, b))), 1, 8)))
//! ```
//!
//! | ends | number |
//! | --- | --- |
//! | `10.0.0.1:40000`, `10.0.0.2:443` | `f9201ec18537273b` |
//! | `10.0.0.10:9`, `10.0.0.9:10` | `d405d63b3ad9fc26` |
//! | `[2001:db8::1]:40000`, `[2001:db8::2]:443` | `2cb8ebd997963e49` |
//!
//! Ports are used again: a number means a connection only together with a time.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use sha2::{Digest as _, Sha256};

/// The number of a connection, from either end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FlowId(u64);

impl FlowId {
    /// Of the connection between two ends, in either order.
    pub fn of(one: (IpAddr, u16), other: (IpAddr, u16)) -> Self {
        let text = |(ip, port): (IpAddr, u16)| SocketAddr::new(ip.to_canonical(), port).to_string();
        let (one, other) = (text(one), text(other));
        let (lesser, greater) = if one <= other { (one, other) } else { (other, one) };
        let digest = Sha256::digest(format!("tcp {lesser} {greater}"));
        let first = digest.first_chunk().copied().unwrap_or_default();
        Self(u64::from_be_bytes(first))
    }

    /// As a number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for FlowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(one: &str, other: &str) -> String {
        let end = |text: &str| text.parse::<SocketAddr>().map(|end| (end.ip(), end.port())).unwrap();
        FlowId::of(end(one), end(other)).to_string()
    }

    /// Computed by Python's hashlib, and by ClickHouse in `contrib/clickhouse`'s test.
    #[test]
    fn the_number_is_that_of_the_table() {
        for (one, other, number) in [
            ("10.0.0.1:40000", "10.0.0.2:443", "f9201ec18537273b"),
            ("10.0.0.10:9", "10.0.0.9:10", "d405d63b3ad9fc26"),
            ("[2001:db8::1]:40000", "[2001:db8::2]:443", "2cb8ebd997963e49"),
        ] {
            assert_eq!(of(one, other), number);
            assert_eq!(of(other, one), number);
        }
        assert_eq!(of("[::ffff:10.0.0.1]:40000", "10.0.0.2:443"), of("10.0.0.1:40000", "10.0.0.2:443"));
    }
}
