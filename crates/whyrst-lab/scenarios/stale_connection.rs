//! How the lab plays `stale-connection`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario, steps};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n";

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "stale-connection",
    "The server closes a connection that was idle for 1.27 s; 400 ms later the client's pool sends its next request on it.",
    &steps![
        opened(),
        CLIENT.does(Action::Say(REQUEST)),
        SERVER.does(Action::Read { most: 4096 }),
        SERVER.does(Action::Say(ANSWER)),
        CLIENT.does(Action::Read { most: 4096 }),
        SERVER.does(Action::Pause(1270)),
        SERVER.does(Action::Close),
        CLIENT.does(Action::Pause(400)),
        CLIENT.does(Action::Say(REQUEST)),
        CLIENT.does(Action::Read { most: 4096 }).gives(0),
        CLIENT.does(Action::Pause(30)),
        CLIENT.does(Action::Write { bytes: 100 }).fails("EPIPE"),
    ],
    Expect::both(&["stale-connection"], &[(Host::Server, RstReason::TcpTimewaitSocket)]),
)]);
