//! How the lab plays `client-abort`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "client-abort",
    "The client asks, reads 4096 bytes of a long answer and closes; the rest is on its way.",
    &steps![
        opened(),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        SERVER.does(Action::Write { bytes: 46_336 }).gives(46_336),
        CLIENT.does(Action::AwaitUnread { bytes: 6000 }).gives_between(6000, 46_336),
        CLIENT.does(Action::Read { most: 4096 }).gives(4096),
        CLIENT.does(Action::Close),
        SERVER.does(Action::Pause(60)),
        SERVER.does(Action::Write { bytes: 1000 }).fails("ECONNRESET"),
    ],
    Expect::both(&["client-abort"], &[(Host::Client, RstReason::TcpAbortOnClose), (Host::Client, RstReason::NoSocket)]),
)]);
