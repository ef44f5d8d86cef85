//! How the lab plays `tls-ticket-unread`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario, steps};

/// The first octets of the records of a TLS 1.3 handshake. Nothing is encrypted here: the point is
/// what stays unread, and that is the same.
const CLIENT_HELLO: &[u8] = b"\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03 a ClientHello, as far as its record";
const SERVER_HELLO: &[u8] = b"\x16\x03\x03\x00\x2f\x02\x00\x00\x2b\x03\x03 a ServerHello, as far as its record";
const FINISHED: &[u8] = b"\x17\x03\x03\x00\x30 Finished and the message, as a client sends them";
const TICKET: &[u8] = b"\x17\x03\x03\x00\x30 a session ticket, as a server sends it unasked..";

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "tls-ticket-unread",
    "The client reads the handshake, writes its message and closes; the server's ticket has arrived unread. \
     The records are in TLS's form; their contents are not encrypted.",
    &steps![
        opened(),
        CLIENT.does(Action::Say(CLIENT_HELLO)),
        SERVER.does(Action::Read { most: 4096 }),
        SERVER.does(Action::Say(SERVER_HELLO)),
        CLIENT.does(Action::Read { most: 4096 }),
        CLIENT.does(Action::Say(FINISHED)),
        SERVER.does(Action::Read { most: 4096 }),
        SERVER.does(Action::Say(TICKET)),
        CLIENT.does(Action::AwaitUnread { bytes: 40 }),
        CLIENT.does(Action::Close),
        SERVER.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::both(&["tls-ticket-unread"], &[(Host::Client, RstReason::TcpAbortOnClose)]),
)]);
