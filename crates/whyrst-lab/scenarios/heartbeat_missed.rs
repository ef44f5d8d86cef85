//! How the lab plays `heartbeat-missed`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario, steps};

const HEADER: &[u8] = b"AMQP\0\0\x09\x01";
const START: &[u8] = b"\x01\0\0\0\0\0\x06\0\x0a\0\x0a\0\x09\xce";
const HEARTBEAT: &[u8] = b"\x08\0\0\0\0\0\0\xce";

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "heartbeat-missed",
        "A broker sends its heartbeats, the client's only thread is busy and sends none: the broker aborts, as RabbitMQ \
     does, with `SO_LINGER` 0.",
        &steps![
            opened(),
            CLIENT.does(Action::Say(HEADER)),
            SERVER.does(Action::Read { most: 4096 }).gives(8),
            SERVER.does(Action::Say(START)),
            CLIENT.does(Action::Read { most: 4096 }),
            SERVER.does(Action::Pause(100)),
            SERVER.does(Action::Say(HEARTBEAT)),
            SERVER.does(Action::Pause(100)),
            SERVER.does(Action::Say(HEARTBEAT)),
            SERVER.does(Action::Pause(100)),
            SERVER.does(Action::Say(HEARTBEAT)),
            SERVER.does(Action::Pause(100)),
            SERVER.does(Action::LingerZero),
            SERVER.does(Action::Close),
            CLIENT.does(Action::Pause(500)),
            CLIENT.does(Action::Say(HEADER)).fails("ECONNRESET"),
        ],
        Expect::both(&["heartbeat-missed"], &[(Host::Server, RstReason::TcpState)]),
    ),
    Scenario::new(
        "heartbeat-missed-rhythm",
        "A broker sends a heartbeat of eight bytes every 700 ms; its client is busy and sends none, until the broker aborts.",
        &steps![
            opened(),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            SERVER.does(Action::Pause(700)),
            SERVER.does(Action::Write { bytes: 8 }).gives(8),
            SERVER.does(Action::Pause(700)),
            SERVER.does(Action::Write { bytes: 8 }).gives(8),
            SERVER.does(Action::Pause(700)),
            SERVER.does(Action::Write { bytes: 8 }).gives(8),
            SERVER.does(Action::Pause(700)),
            SERVER.does(Action::LingerZero),
            SERVER.does(Action::Close),
            CLIENT.does(Action::Read { most: 4096 }).gives(24),
            CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
        ],
        Expect::both(&["heartbeat-missed"], &[(Host::Server, RstReason::TcpState)]),
    ),
]);
