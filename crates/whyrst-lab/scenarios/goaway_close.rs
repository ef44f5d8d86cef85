//! How the lab plays `goaway-close`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario, steps};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
const GOAWAY: &[u8] = b"\0\0\x0f\x07\0\0\0\0\0\0\0\0\0\0\0\0\0max_age";
const PING: &[u8] = b"\0\0\x08\x06\0\0\0\0\0whyrst!!";

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "goaway-close",
    "An HTTP/2 server in clear text ends a connection by its age: GOAWAY and close. The client's ping comes later.",
    &steps![
        opened(),
        CLIENT.does(Action::Say(PREFACE)),
        SERVER.does(Action::Read { most: 4096 }),
        SERVER.does(Action::Say(SETTINGS)),
        CLIENT.does(Action::Read { most: 4096 }),
        SERVER.does(Action::Pause(60)),
        SERVER.does(Action::Say(GOAWAY)),
        SERVER.does(Action::Close),
        CLIENT.does(Action::Pause(80)),
        CLIENT.does(Action::Say(PING)),
        CLIENT.does(Action::Pause(40)),
        CLIENT.does(Action::Say(PING)).fails("EPIPE"),
    ],
    Expect::both(&["goaway-close"], &[(Host::Server, RstReason::TcpTimewaitSocket)]),
)]);
