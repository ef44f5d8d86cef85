//! How the lab plays `session-taken-over`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario, steps};

const CONNECT: &[u8] = b"\x10\x10\0\x04MQTT\x05\x02\0\x3c\0\0\x03lab";
const CONNACK: &[u8] = b"\x20\x03\0\0\0";
const TAKEN_OVER: &[u8] = b"\xe0\x02\x8e\0";
const PING: &[u8] = b"\xc0\0";

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "session-taken-over",
    "An MQTT 5 broker ends a session because another client has the same identifier, says so, and closes. The client \
     pings later.",
    &steps![
        opened(),
        CLIENT.does(Action::Say(CONNECT)),
        SERVER.does(Action::Read { most: 4096 }),
        SERVER.does(Action::Say(CONNACK)),
        CLIENT.does(Action::Read { most: 4096 }),
        SERVER.does(Action::Pause(60)),
        SERVER.does(Action::Say(TAKEN_OVER)),
        SERVER.does(Action::Close),
        CLIENT.does(Action::Pause(80)),
        CLIENT.does(Action::Say(PING)),
        CLIENT.does(Action::Pause(40)),
        CLIENT.does(Action::Say(PING)).fails("EPIPE"),
    ],
    Expect::both(&["session-taken-over"], &[(Host::Server, RstReason::TcpTimewaitSocket)]),
)]);
