//! Just enough netlink to ask the kernel for one thing and hear whether it did it.

use std::os::fd::{AsRawFd, RawFd};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket};

const HEADER: usize = 16;

/// Asks for an acknowledgment, an `NLMSG_ERROR` whose number is 0.
const ASK: u16 = 0x0001 | 0x0004; // NLM_F_REQUEST | NLM_F_ACK
const NLMSG_ERROR: u16 = 2;

/// A message to the kernel, in the making. Attributes are aligned to four bytes.
#[derive(Clone, Debug)]
pub(crate) struct Request(Vec<u8>);

impl Request {
    /// Of this type, with these flags beside the usual ones, beginning with the family's own header.
    pub(crate) fn new(kind: u16, flags: u16, family_header: &[u8]) -> Self {
        let mut bytes = vec![0; HEADER];
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes[6..8].copy_from_slice(&(flags | ASK).to_ne_bytes());
        bytes.extend(family_header);
        Self(bytes)
    }

    /// Adds an attribute.
    #[must_use]
    pub(crate) fn with(mut self, kind: u16, value: &[u8]) -> Self {
        self.0.extend(attribute(kind, value));
        self
    }

    /// Sends it, and waits for the kernel's yes or no.
    pub(crate) fn send(mut self, protocol: SockProtocol) -> nix::Result<()> {
        let len = u32::try_from(self.0.len()).map_err(|_| Errno::EMSGSIZE)?;
        self.0[0..4].copy_from_slice(&len.to_ne_bytes());
        let line = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, protocol)?;
        send(line.as_raw_fd(), &self.0, MsgFlags::empty())?;
        answer(line.as_raw_fd())
    }
}

/// Type, length and value.
pub(crate) fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(value.len() + 4).expect("invariant: attributes of the lab are short");
    let mut bytes = [len.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// The kernel answers one request with one message.
fn answer(line: RawFd) -> nix::Result<()> {
    let mut buffer = [0; 8192];
    let len = recv(line, &mut buffer, MsgFlags::empty())?;
    verdict(&buffer[..len])
}

fn verdict(message: &[u8]) -> nix::Result<()> {
    let kind = message.get(4..6).and_then(|bytes| bytes.try_into().ok()).map(u16::from_ne_bytes);
    let number = message.get(HEADER..HEADER + 4).and_then(|bytes| bytes.try_into().ok()).map(i32::from_ne_bytes);
    match (kind, number) {
        (Some(NLMSG_ERROR), Some(0)) => Ok(()),
        (Some(NLMSG_ERROR), Some(number)) => Err(Errno::from_raw(number.wrapping_neg())),
        _ => Err(Errno::EBADMSG),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_padded_and_their_length_is_not() {
        assert_eq!(attribute(3, b"wire0"), [9, 0, 3, 0, b'w', b'i', b'r', b'e', b'0', 0, 0, 0].map(u8::to_le));
        assert_eq!(attribute(1, &[]).len(), 4);
    }

    #[test]
    fn the_kernels_no_is_an_errno_and_anything_odd_a_bad_message() {
        let mut message = [0; 36];
        message[4..6].copy_from_slice(&NLMSG_ERROR.to_ne_bytes());
        assert_eq!(verdict(&message), Ok(()));
        message[16..20].copy_from_slice(&(-libc::EPERM).to_ne_bytes());
        assert_eq!(verdict(&message), Err(Errno::EPERM));
        assert_eq!(verdict(&message[..17]), Err(Errno::EBADMSG));
        assert_eq!(verdict(&[]), Err(Errno::EBADMSG));
    }
}
