//! How the lab plays `exit-unread`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "exit-unread",
        "The server has read 4096 of 5000 bytes when it is killed; who connects next is refused.",
        &steps![
            opened(),
            CLIENT.does(Action::Write { bytes: 5000 }).gives(5000),
            SERVER.does(Action::AwaitUnread { bytes: 5000 }).gives(5000),
            SERVER.does(Action::Read { most: 4096 }).gives(4096),
            SERVER.does(Action::IsKilled).dies_of("SIGKILL"),
            CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
            CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }).fails("ECONNREFUSED"),
        ],
        Expect::both(
            &["exit-unread", "closed-port"],
            &[(Host::Server, RstReason::TcpAbortOnClose), (Host::Server, RstReason::NoSocket)],
        ),
    ),
    Scenario::new(
        "exit-no-unread",
        "The same with everything read: the kernel says FIN for the killed server, as close() would.",
        &steps![
            opened(),
            CLIENT.does(Action::Write { bytes: 5000 }).gives(5000),
            SERVER.does(Action::AwaitUnread { bytes: 5000 }).gives(5000),
            SERVER.does(Action::Read { most: 8192 }).gives(5000),
            SERVER.does(Action::IsKilled).dies_of("SIGKILL"),
            CLIENT.does(Action::Read { most: 4096 }).gives(0),
        ],
        Expect::QUIET,
    ),
    Scenario::new(
        "link-down",
        "The network goes down before the server closes with data unread: the RST cannot leave, and the client hears \
         nothing.",
        &steps![
            opened(),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::AwaitUnread { bytes: 100 }).gives(100),
            CLIENT.does(Action::Pause(60)),
            SERVER.does(Action::LinkDown),
            SERVER.does(Action::Close),
            CLIENT.does(Action::ReadTimeout(100)),
            CLIENT.does(Action::Read { most: 4096 }).fails("EAGAIN"),
        ],
        Expect::QUIET,
    ),
]);
