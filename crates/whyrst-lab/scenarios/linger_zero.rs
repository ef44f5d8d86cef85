//! How the lab plays `linger-zero`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{
    Action, But, CLIENT, Expect, First, Host, Packet, PacketKind, Reproduction, SERVER, Scenario, SocketOption,
    Treatment, Wire, WireRule, steps,
};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "linger-zero",
        "The client sets SO_LINGER {1, 0} and closes; it had received nothing that it could have left unread.",
        &steps![
            opened(),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            CLIENT.does(Action::Pause(30)),
            CLIENT.does(Action::LingerZero),
            CLIENT.does(Action::Close),
            SERVER.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
        ],
        ABORTED,
    ),
    Scenario::new(
        "linger-zero-after-response",
        "The same after a response that was read to its end: the packets look like close() with unread data.",
        &steps![
            opened(),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            SERVER.does(Action::Write { bytes: 1000 }).gives(1000),
            CLIENT.does(Action::Read { most: 4096 }).gives(1000),
            CLIENT.does(Action::Pause(30)),
            CLIENT.does(Action::LingerZero),
            CLIENT.does(Action::Close),
            SERVER.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
        ],
        ABORTED,
    )
    .but(&[But::packets(
        &[First::of(Family::Aborted, "close-unread")],
        "the packets are those of close-unread, which has the smaller prior",
    )]),
    Scenario::new(
        "linger-timeout",
        "SO_LINGER {1, 1} and data that is never acknowledged: close() waits for a second and nothing is reset.",
        &steps![
            opened(),
            CLIENT.does(Action::Set(SocketOption::Linger(1))),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::Close).taking_ms(900, 2_000),
        ],
        Expect::QUIET,
    )
    .on(Wire::PLAIN.with(&[
        WireRule::on(Packet::every(PacketKind::Data, Host::Client), Treatment::Drop),
        WireRule::on(Packet::every(PacketKind::Fin, Host::Client), Treatment::Drop),
    ])),
]);

const ABORTED: Expect = Expect::both(&["linger-zero"], &[(Host::Client, RstReason::TcpState)]);
