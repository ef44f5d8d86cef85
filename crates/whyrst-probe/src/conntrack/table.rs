//! The table of connections of one network namespace, asked for one entry (`ctnetlink_get_conntrack` in
//! `net/netfilter/nf_conntrack_netlink.c`).

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};

use netlink_packet_core::{NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_netfilter::conntrack::{ConntrackAttribute, ConntrackMessage, IPTuple, ProtoTuple, Protocol, Tuple};
use netlink_packet_netfilter::{NetfilterHeader, NetfilterMessage, NetfilterMessageInner, NetfilterProtoFamily};
use nix::libc;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike as _};

use super::entry::{ANSWER, Ends, Entry};

/// The kernel answers within microseconds; who waits longer goes on without.
const PATIENCE_US: i64 = 50_000;

/// The table of one network namespace.
#[derive(Debug)]
pub(super) struct Table {
    netlink: OwnedFd,
}

impl Table {
    /// That of this thread's namespace.
    pub(super) fn open() -> io::Result<Self> {
        let netlink =
            socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkNetFilter)?;
        let patience = TimeVal::microseconds(PATIENCE_US);
        setsockopt(&netlink, sockopt::ReceiveTimeout, &patience)?;
        Ok(Self { netlink })
    }

    /// The entry that `ends` belong to, from either side.
    pub(super) fn ask(&self, protocol: Protocol, (source, destination): Ends) -> io::Result<Option<Entry>> {
        let tuple = vec![
            Tuple::Ip(vec![IPTuple::SourceAddress(source.ip), IPTuple::DestinationAddress(destination.ip)]),
            Tuple::Proto(vec![
                ProtoTuple::Protocol(protocol),
                ProtoTuple::SourcePort(source.port),
                ProtoTuple::DestinationPort(destination.port),
            ]),
        ];
        let family = if source.ip.is_ipv4() { NetfilterProtoFamily::IPv4 } else { NetfilterProtoFamily::IPv6 };
        let question = NetfilterMessage::new(
            NetfilterHeader::new(family, 0, 0),
            ConntrackMessage::Get(vec![ConntrackAttribute::CtaTupleOrig(tuple)]),
        );
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST;
        let mut message = NetlinkMessage::new(header, NetlinkPayload::from(question));
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        sendto(self.netlink.as_raw_fd(), &bytes, &NetlinkAddr::new(0, 0), MsgFlags::empty())?;
        let mut answer = [0; ANSWER];
        let len = recv(self.netlink.as_raw_fd(), &mut answer, MsgFlags::empty())?;
        read(&answer[..len])
    }
}

fn read(bytes: &[u8]) -> io::Result<Option<Entry>> {
    let damaged =
        |error: netlink_packet_core::DecodeError| io::Error::new(io::ErrorKind::InvalidData, error.to_string());
    let message = NetlinkMessage::<NetfilterMessage>::deserialize(bytes).map_err(damaged)?;
    match message.payload {
        NetlinkPayload::InnerMessage(NetfilterMessage {
            inner: NetfilterMessageInner::Conntrack(ConntrackMessage::New(attributes)),
            ..
        }) => Ok(Entry::of(&attributes)),
        NetlinkPayload::Error(error) if error.raw_code() == -libc::ENOENT => Ok(None),
        NetlinkPayload::Error(error) => Err(error.to_io()),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}
