//! How the lab plays `address-moved`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{
    Action, But, CLIENT, Expect, First, Host, Reproduction, SERVER, STANDBY, Scenario, Verdicts, steps,
};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "address-moved",
        "A standby host with another operating system (TTL 128) takes the server's address over; it has no such \
         connection.",
        &steps![
            STANDBY.does(Action::Sysctl { name: "net.ipv4.ip_default_ttl", value: "128" }),
            opened(),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            STANDBY.does(Action::Pause(20)),
            STANDBY.does(Action::TakesAddress),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
            SERVER.does(Action::ReadTimeout(50)),
            SERVER.does(Action::Read { most: 4096 }).fails("EAGAIN"),
        ],
        told_by(&[(Host::Standby, RstReason::NoSocket)]),
    )
    .but(&[But::NOTHING_BEFORE]),
    Scenario::new(
        "address-moved-listener",
        "The same with a standby of the same kind that runs the service: from outside it looks like a restart.",
        &steps![
            STANDBY.does(Action::Listen { port: 8888 }),
            opened(),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            STANDBY.does(Action::Pause(20)),
            STANDBY.does(Action::TakesAddress),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
        ],
        told_by(&[(Host::Standby, RstReason::TcpFlags)]),
    )
    .but(&[
        But::packets(
            &[First::of(Family::UnknownConnection, "half-open-no-listener")],
            "a standby of the same kind looks like the server after a restart, and nobody who listens has \
             the smaller prior",
        )
        .at(Host::Client),
        But::kernel(
            &[First::of(Family::UnknownConnection, "half-open-listener")],
            "a standby of the same kind looks like the server after a restart",
        )
        .at(Host::Client),
        But::NOTHING_BEFORE,
    ]),
    Scenario::new(
        "address-removed",
        "The server's address is taken away and nobody else has it: silence, and no reset.",
        &steps![
            opened(),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            SERVER.does(Action::LosesAddress),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::ReadTimeout(300)),
            CLIENT.does(Action::Read { most: 4096 }).fails("EAGAIN"),
        ],
        Expect::QUIET,
    ),
]);

/// The old host sees nothing of it.
const fn told_by(kernel: &'static [(Host, RstReason)]) -> Expect {
    Expect::ends(Verdicts::Resets(&["address-moved"]), Verdicts::NoReset, kernel)
}
