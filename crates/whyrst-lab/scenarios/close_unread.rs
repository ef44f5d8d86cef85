//! How the lab plays `close-unread`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{
    Action, Actor, CLIENT, Expect, Finding, Host, Packet, PacketKind, Reproduction, SERVER, Scenario, Step, Treatment,
    Wire, WireRule, steps,
};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "close-unread",
        "A server forks for each connection; the child reads 4096 of 5000 bytes and closes.",
        &reads_only(4096, 5000),
        UNREAD,
    )
    .told(
        "the child reads 4096 of the 5000 bytes and closes; the 4 bytes left unread make the kernel send RST",
        Finding::HoldsCorrected,
        "read() {worker.read} leaves 904 bytes unread, not 4; close() {worker.close}, and what arrived at the client \
         was `{client R}`; the kernel's reason: {kernel}; the client's next read() {client.read}. One byte is enough \
         (`whyrst lab run close-unread-1`)",
    ),
    Scenario::new("close-unread-1", "The same, and a single byte is left unread.", &reads_only(4096, 4097), UNREAD),
    Scenario::new(
        "close-all-read",
        "The same, and everything is read: close() says FIN and nothing is reset.",
        &steps![
            opened(),
            CLIENT.does(Action::Write { bytes: 5000 }).gives(5000),
            SERVER.does(Action::AwaitUnread { bytes: 5000 }).gives(5000),
            SERVER.does(Action::Read { most: 5000 }).gives(5000),
            SERVER.does(Action::Close),
            CLIENT.does(Action::Read { most: 4096 }).gives(0),
            CLIENT.does(Action::Close),
        ],
        Expect::QUIET,
    ),
    Scenario::new(
        "close-unread-fin-only",
        "Everything but the client's FIN was read when the server closes: a FIN alone is nothing unread.",
        &steps![
            opened(),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            CLIENT.does(Action::ShutdownWrite),
            SERVER.does(Action::Pause(60)),
            SERVER.does(Action::Close),
            CLIENT.does(Action::Read { most: 4096 }).gives(0),
        ],
        Expect::QUIET,
    ),
    Scenario::new(
        "close-ooo-only",
        "The first segment was lost and only the second arrived: what waits behind a hole was never readable, and FIN \
         is sent.",
        &steps![
            opened(),
            CLIENT.does(Action::Write { bytes: 1_448 }).gives(1_448),
            CLIENT.does(Action::Write { bytes: 1_448 }).gives(1_448),
            SERVER.does(Action::Pause(40)),
            SERVER.does(Action::Close),
            CLIENT.does(Action::Read { most: 4096 }).gives(0),
        ],
        Expect::QUIET,
    )
    .on(SECOND_ONLY),
]);

/// Of the client's data only the second segment gets through.
const SECOND_ONLY: Wire = Wire::PLAIN.with(&[
    WireRule::on(Packet { from: Host::Client, kind: PacketKind::Data, nth: 2 }, Treatment::DelayMs(0)),
    WireRule::on(Packet::every(PacketKind::Data, Host::Client), Treatment::Drop),
]);

const WORKER: Actor = Actor::on_server("worker");
const UNREAD: Expect = Expect::both(&["close-unread"], &[(Host::Server, RstReason::TcpAbortOnClose)]);

const fn reads_only(some: u32, of: u32) -> [Step; 9] {
    steps![
        opened(),
        SERVER.does(Action::Fork { child: WORKER }),
        CLIENT.does(Action::Write { bytes: of }).gives(of as i64),
        WORKER.does(Action::AwaitUnread { bytes: of }).gives(of as i64),
        WORKER.does(Action::Read { most: some }).gives(some as i64),
        WORKER.does(Action::Close),
        CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ]
}
