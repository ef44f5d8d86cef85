//! How the lab plays `tls-alert`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario, steps};

const CLIENT_HELLO: &[u8] = b"\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x01 a ClientHello of an old version, in form";
const ALERT: &[u8] = b"\x15\x03\x01\x00\x02\x02\x46";

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "tls-alert",
    "The server reads the head of a ClientHello, answers with the alert protocol_version and closes; the rest is \
     unread. The octets are TLS's; no cryptography takes place.",
    &steps![
        opened(),
        CLIENT.does(Action::Say(CLIENT_HELLO)),
        SERVER.does(Action::AwaitUnread { bytes: 40 }),
        SERVER.does(Action::Read { most: 11 }).gives(11),
        SERVER.does(Action::Say(ALERT)).gives(7),
        SERVER.does(Action::Close),
        CLIENT.does(Action::Pause(40)),
        CLIENT.does(Action::Read { most: 4096 }).gives(7),
        CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::both(&["tls-alert"], &[(Host::Server, RstReason::TcpAbortOnClose), (Host::Server, RstReason::TcpFlags)]),
)]);
