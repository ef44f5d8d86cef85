//! The name of the service that a client asked for, where it stands in clear text: the server name of
//! a TLS `ClientHello` (RFC 6066 section 3) or the host of an HTTP/1 request (RFC 9112 section 3.2).
//!
//! Many services share an address, and devices on the path decide by name, so the name is what an
//! engineer knows the connection by. Only the first segment of the client is read: a name that begins
//! in a later one, or that the snap length cut, is not known. Names are hostile input: what is longer
//! or has other octets than a host name may have is taken for none.

use alloc::boxed::Box;
use alloc::string::String;

pub use whyrst_model::vocabulary::AskedIn;

/// The longest name that the DNS can hold, and a port behind it.
const LONGEST: usize = 253 + 6;
/// Extensions of a `ClientHello` looked at; browsers send fewer than thirty.
const EXTENSIONS: usize = 64;

/// A name that a client asked for, in lower case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Asked {
    /// Letters, digits, `-`, `_`, `.`, and for HTTP a port or an IPv6 address in brackets.
    pub name: Box<str>,
    /// Where it stood.
    pub stood_in: AskedIn,
}

/// The name in the first payload of a client, when it is there whole.
pub fn asked(payload: &[u8]) -> Option<Asked> {
    let found = match payload.first()? {
        0x16 => server_name(payload).map(|name| (name, AskedIn::TlsServerName)),
        b'A'..=b'Z' => http_host(payload).map(|name| (name, AskedIn::HttpHost)),
        _ => None,
    };
    let (name, stood_in) = found?;
    let plain = |octet: &u8| octet.is_ascii_alphanumeric() || b"-_.:[]".contains(octet);
    let fits = !name.is_empty() && name.len() <= LONGEST && name.iter().all(plain);
    let name: String = name.iter().map(|octet| char::from(octet.to_ascii_lowercase())).collect();
    fits.then(|| Asked { name: name.into_boxed_str(), stood_in })
}

/// RFC 8446 sections 4.1.2 and 5.1, RFC 6066 section 3.
fn server_name(payload: &[u8]) -> Option<&[u8]> {
    let mut record = Octets(payload);
    record.take(5)?; // type, version, length: the record may go on in the next segment
    let (kind, _length) = (record.take(1)?[0], record.take(3)?);
    if kind != 1 {
        return None;
    }
    record.take(2 + 32)?; // legacy version, random
    record.take_counted_by_one()?; // session
    record.take_counted_by_two()?; // cipher suites
    record.take_counted_by_one()?; // compression methods
    record.take(2)?; // length of all extensions, of which some may be cut off
    for _ in 0..EXTENSIONS {
        let kind = record.number()?;
        let body = record.take_counted_by_two()?;
        if kind == 0 {
            let mut list = Octets(body);
            list.take(2)?;
            let host = list.take(1)?[0] == 0;
            return list.take_counted_by_two().filter(|_| host);
        }
    }
    None
}

/// The value of the first `Host` field.
fn http_host(payload: &[u8]) -> Option<&[u8]> {
    let mut lines = payload.split(|octet| *octet == b'\n');
    let request = lines.next()?;
    if !request.trim_ascii_end().windows(8).any(|part| part.starts_with(b" HTTP/1.")) {
        return None;
    }
    lines.take_while(|line| !line.trim_ascii().is_empty()).find_map(|line| {
        let (name, value) = line.split_at_checked(5)?;
        // Without its line end the value may be cut.
        (name.eq_ignore_ascii_case(b"host:") && value.ends_with(b"\r")).then(|| value.trim_ascii())
    })
}

/// Octets taken from the front, as many as there are.
struct Octets<'a>(&'a [u8]);

impl<'a> Octets<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u16> {
        self.take(2).map(|octets| u16::from_be_bytes([octets[0], octets[1]]))
    }

    fn take_counted_by_one(&mut self) -> Option<&'a [u8]> {
        let count = self.take(1)?[0];
        self.take(count.into())
    }

    fn take_counted_by_two(&mut self) -> Option<&'a [u8]> {
        let count = self.number()?;
        self.take(count.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// A `ClientHello` with one other extension before the server name.
    fn hello(name: &[u8]) -> Vec<u8> {
        let counted = |body: &[u8]| [&u16::try_from(body.len()).unwrap().to_be_bytes()[..], body].concat();
        let list = counted(&[&[0][..], &counted(name)].concat());
        let extensions = [&[0xff, 0x01][..], &counted(&[0]), &[0, 0], &counted(&list)].concat();
        let body = [&[3, 3][..], &[7; 32], &[0], &counted(&[0x13, 1]), &[1, 0], &counted(&extensions)].concat();
        let handshake = [&[1, 0][..], &u16::try_from(body.len()).unwrap().to_be_bytes(), &body].concat();
        [&[0x16, 3, 1][..], &counted(&handshake)].concat()
    }

    fn name_of(payload: &[u8]) -> Option<(String, AskedIn)> {
        asked(payload).map(|asked| (asked.name.into(), asked.stood_in))
    }

    #[test]
    fn the_server_name_of_a_client_hello_is_read() {
        assert_eq!(name_of(&hello(b"API.example.com")), Some(("api.example.com".into(), AskedIn::TlsServerName)));
    }

    #[test]
    fn a_hello_cut_anywhere_gives_the_whole_name_or_none() {
        let whole = hello(b"example.com");
        for end in 0..whole.len() {
            assert_eq!(name_of(&whole[..end]), None, "cut at {end}");
        }
    }

    #[test]
    fn the_host_of_a_request_is_read_and_a_cut_one_is_not() {
        let request = b"GET / HTTP/1.1\r\nUser-Agent: x\r\nhost:  shop.example:8080\r\n\r\n";
        assert_eq!(name_of(request), Some(("shop.example:8080".into(), AskedIn::HttpHost)));
        assert_eq!(name_of(&request[..50]), None);
        assert_eq!(name_of(b"SSH-2.0-x\r\nHost: a\r\n"), None);
        assert_eq!(name_of(b"GET / HTTP/1.1\r\n\r\nHost: body\r\n"), None);
    }

    #[test]
    fn what_no_host_can_be_called_is_no_name() {
        assert_eq!(name_of(&hello(b"a\x1b[31mb")), None);
        assert_eq!(name_of(&hello(&[b'a'; 300])), None);
        assert_eq!(name_of(&hello(b"")), None);
    }
}
