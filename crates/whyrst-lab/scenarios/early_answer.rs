//! How the lab plays `early-answer`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario, steps};

const HEAD: &[u8] = b"POST /upload HTTP/1.1\r\nHost: lab\r\nContent-Length: 500000\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "early-answer",
    "The server reads the head of an upload, answers 413 and closes with the beginning of the body unread.",
    &steps![
        opened(),
        CLIENT.does(Action::Say(HEAD)),
        CLIENT.does(Action::Write { bytes: 2000 }).gives(2000),
        SERVER.does(Action::AwaitUnread { bytes: 2000 }),
        SERVER.does(Action::Read { most: 60 }).gives(60),
        SERVER.does(Action::Say(ANSWER)),
        SERVER.does(Action::Close),
        CLIENT.does(Action::Pause(40)),
        CLIENT.does(Action::Read { most: 4096 }),
        CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::both(&["early-answer"], &[(Host::Server, RstReason::TcpAbortOnClose), (Host::Server, RstReason::TcpFlags)]),
)]);
